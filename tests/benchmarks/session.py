"""A live session of hours in a moment: the library's own session on a clock that is only counted.

python -m tests.benchmarks.session MINUTES; prints its figures as JSON
"""

from __future__ import annotations

import json
import random
import sys
import time
from typing import Dict

from tests.benchmarks.crowd import resident
from tests.faults.virtual_stream import Client, Service, VirtualStream, speak

# As ``speak`` says them, about. The connection is cut every quarter of an hour.
WORDS_A_MINUTE = 140
CUT_EVERY = 15 * WORDS_A_MINUTE


def session(minutes: float) -> Dict[str, float]:
    """CPU seconds for an hour of it, the recogniser's included; MB that the process has grown by.

    Live audio at its own pace, a final every few words.
    """
    _stream(1.0).run()  # warm
    stream = _stream(minutes)
    before, started = resident(), time.process_time()
    result = stream.run()
    taken, grown = time.process_time() - started, resident() - before
    assert not result.lost and not result.repeated
    return {
        "CPU for an hour": taken * 3600 / result.transcription.audio_seconds,
        "memory": grown / 1024,
    }


def _stream(minutes: float) -> VirtualStream:
    chance = random.Random(1)
    words = [f"word{chance.randrange(2000)}" for _ in range(int(minutes * WORDS_A_MINUTE))]
    cuts = range(CUT_EVERY, len(words), CUT_EVERY)
    return VirtualStream(speak(words, chance), Client(1.0, live=True), Service(), cuts, chance)


if __name__ == "__main__":
    print(json.dumps(session(float(sys.argv[1]))))
