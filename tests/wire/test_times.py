"""Estimated times against the truth: words at known places, sent at the pace of speech."""

from __future__ import annotations

import math
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Dict, List, Tuple

import pytest

from telnyx_stt_sync import Transcriber, Transcription
from telnyx_stt_sync.emulator import Emulator, word_audio
from tests.wire.client import BYTES_PER_SECOND, recording, transcriber

# Utterances of five words of 0.3 s, each followed by a pause.
UTTERANCES, WORDS, SECONDS_PER_WORD = 4, 5, 0.3
PAUSE = 0.8
# What may be wrong by, in seconds.
TOLERANCE = 1.0

SAID = [f"word{number}" for number in range(UTTERANCES * WORDS)]
AUDIO = word_audio(SAID, seconds_per_word=SECONDS_PER_WORD, pause_every=WORDS, pause_seconds=PAUSE)
TRUTH: List[Tuple[float, float]] = [
    (start, start + WORDS * SECONDS_PER_WORD)
    for start in (number * (WORDS * SECONDS_PER_WORD + PAUSE) for number in range(UTTERANCES))
]


def file(stt: Transcriber) -> Transcription:
    """As a file at the pace of speech."""
    return stt.transcribe_file(recording(AUDIO), speed=1)


def live(stt: Transcriber) -> Transcription:
    """As a microphone gives it: 0.1 s at a time, when it is over."""
    clock = threading.Event()
    piece = BYTES_PER_SECOND // 10
    with stt:
        for start in range(0, len(AUDIO), piece):
            clock.wait(0.1)
            stt.send(AUDIO[start : start + piece])
    assert stt.result is not None
    return stt.result


# Name → how the audio goes out, the emulator's faults, options.
CASES: Dict[str, Tuple[Callable[[Transcriber], Transcription], List[str], Dict[str, Any]]] = {
    "finals alone": (file, [], {}),
    "finals that lag": (file, ["slow_finals=0.4"], {}),
    "interims": (file, [], {"interim_results": True}),
    "interims, and finals that lag": (file, ["slow_finals=2"], {"interim_results": True}),
    "a microphone": (live, [], {"interim_results": True}),
    "a lost connection": (file, ["reset_after=80000@1"], {"reconnect": True}),
}


def run(name: str) -> Transcription:
    """One case."""
    how, faults, options = CASES[name]
    with Emulator(faults=faults) as emulator:
        return how(transcriber(emulator.url, **options))


@pytest.fixture(scope="module")
def results() -> Dict[str, Transcription]:
    """All cases side by side: each takes as long as its audio."""
    with ThreadPoolExecutor(len(CASES)) as pool:
        return dict(zip(CASES, pool.map(run, CASES)))


@pytest.mark.parametrize("name", CASES)
def test_times_are_true_within_a_second(name: str, results: Dict[str, Transcription]) -> None:
    """At the pace of speech, each final starts and ends within a second of where its words lie."""
    result = results[name]
    assert result.text.split() == SAID
    segments = result.segments
    assert [segment.text.split() for segment in segments] == [
        SAID[start : start + WORDS] for start in range(0, len(SAID), WORDS)
    ]
    assert {segment.timing for segment in segments} == {"estimated"}
    found = [(segment.start, segment.end) for segment in segments]
    assert found == [pytest.approx(truth, abs=TOLERANCE) for truth in TRUTH]


@pytest.mark.parametrize("name", CASES)
def test_captions_at_the_pace_of_speech(
    name: str, results: Dict[str, Transcription], caplog: pytest.LogCaptureFixture
) -> None:
    """Captions of audio that was sent as it is spoken, file or live, warn of nothing."""
    assert results[name].to_srt().count("-->") == UTTERANCES
    assert not caplog.records


def test_captions_of_a_fast_upload(caplog: pytest.LogCaptureFixture) -> None:
    """Captions of a file that was sent at full speed log that their times are not worth much."""
    with Emulator() as emulator:
        result = transcriber(emulator.url).transcribe_file(recording(AUDIO), speed=math.inf)
    assert not caplog.records
    assert result.to_vtt().count("-->") == UTTERANCES
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("telnyx_stt_sync", "WARNING")
    assert "speed=1" in record.getMessage()
