"""The client's side of the fault tests: words that can be counted, and an impatient policy."""

from __future__ import annotations

import io
import math
import random
from typing import Any, List, Tuple

import pytest

from telnyx_stt_sync import RetryPolicy, TelnyxSTTError, Transcriber, Transcription
from telnyx_stt_sync.emulator import Emulator, word_audio

RATE = 16_000
BYTES_PER_SECOND = 2 * RATE
SOON = RetryPolicy(max_attempts=3, initial=0.02, maximum=0.05, jitter=0.0)

# 300 words of a vocabulary of 200, 30 s of audio: enough to be recognised anywhere.
WORDS = [f"w{random.Random(7 * number).randrange(200)}" for number in range(300)]
TEXT = " ".join(WORDS)
AUDIO = word_audio(WORDS, seconds_per_word=0.09, pause_every=9, pause_seconds=0.3)

both_transports = pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])


class Calls:
    """What ``on_connect``, ``on_reconnect`` and ``on_error`` were called with."""

    def __init__(self) -> None:
        self.connects: List[int] = []
        self.reconnects: List[Tuple[TelnyxSTTError, int, float]] = []
        self.errors: List[TelnyxSTTError] = []

    def on_reconnect(self, error: TelnyxSTTError, attempt: int, delay: float) -> None:
        """For ``Transcriber(on_reconnect=…)``."""
        self.reconnects.append((error, attempt, delay))


def transcriber(emulator: Emulator, calls: Calls, **options: Any) -> Transcriber:
    """A ``Transcriber`` for the emulator that tries again soon."""
    given = {
        "url": emulator.url,
        "input_format": "linear16",
        "sample_rate": RATE,
        "ssl_context": emulator.ssl_context,
        "connect_spacing": 0.0,
        "reconnect": SOON,
        "replay_seconds": 600.0,
        "on_connect": calls.connects.append,
        "on_reconnect": calls.on_reconnect,
        "on_error": calls.errors.append,
    }
    return Transcriber("any-key", **{**given, **options})


def file(stt: Transcriber, audio: bytes = AUDIO) -> Transcription:
    """As a file, as fast as the emulator reads."""
    return stt.transcribe_file(io.BytesIO(audio), speed=math.inf)


def paced_file(stt: Transcriber, audio: bytes = AUDIO) -> Transcription:
    """As a file, at 120 × real time."""
    return stt.transcribe_file(io.BytesIO(audio), speed=120.0)


def live(stt: Transcriber, audio: bytes = AUDIO) -> Transcription:
    """As live audio, in chunks of 20 ms, as fast as the buffer takes it; callbacks included."""
    with stt:
        for start in range(0, len(audio), 640):
            stt.send(audio[start : start + 640])
        return stt.finish()


class Pipe(io.RawIOBase):
    """A file object that can't go back."""

    def __init__(self, audio: bytes) -> None:
        self._audio = io.BytesIO(audio)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._audio.read(size)


def pipe(stt: Transcriber, audio: bytes = AUDIO) -> Transcription:
    """As a file object that can't go back."""
    return stt.transcribe_file(Pipe(audio), speed=math.inf)


HOW = {"file": file, "paced file": paced_file, "live": live, "pipe": pipe}
every_way = pytest.mark.parametrize("how", HOW.values(), ids=HOW)
