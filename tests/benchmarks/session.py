"""A live session of hours in a moment: the library's own session on a clock that is only counted.

python -m tests.benchmarks.session MINUTES; prints its figures as JSON
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Dict, NamedTuple

from tests.benchmarks.crowd import resident
from tests.faults.virtual_stream import Client, Service, VirtualStream, speak

# As ``speak`` says them, about. The connection is cut every quarter of an hour.
WORDS_A_MINUTE = 140
CUT_EVERY = 15 * WORDS_A_MINUTE


def session(minutes: float) -> Dict[str, float]:
    """CPU seconds for an hour of it, the recogniser's included; MB that the process has grown by.

    Live audio at its own pace, a final every few words; and once more with silence in its place,
    in which an empty final comes every three seconds.
    """
    _run(_talk(1.0))  # warm
    silence = _run(_silence(minutes))
    talk = _run(_talk(minutes))
    return {
        "CPU for an hour": talk.cpu,
        "memory": talk.grown,
        "memory in silence": silence.grown,
    }


class _Cost(NamedTuple):
    cpu: float  # seconds for an hour
    grown: float  # MB


def _run(stream: VirtualStream) -> _Cost:
    before, started = resident(), time.process_time()
    result = stream.run()
    taken, grown = time.process_time() - started, resident() - before
    assert not result.lost and not result.repeated
    return _Cost(taken * 3600 / result.transcription.audio_seconds, grown / 1024)


def _talk(minutes: float) -> VirtualStream:
    chance = random.Random(1)
    words = [f"word{chance.randrange(2000)}" for _ in range(int(minutes * WORDS_A_MINUTE))]
    cuts = range(CUT_EVERY, len(words), CUT_EVERY)
    return VirtualStream(speak(words, chance), Client(1.0, live=True), Service(), cuts, chance)


def _silence(minutes: float) -> VirtualStream:
    chance = random.Random(1)
    speech = speak(["one", "two"], chance, pauses=[1], pause_seconds=60 * minutes)
    return VirtualStream(speech, Client(1.0, live=True), Service(empties=True), [], chance)


if __name__ == "__main__":
    print(json.dumps(session(float(sys.argv[1]))))
