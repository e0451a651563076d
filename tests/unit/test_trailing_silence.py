"""The silence behind the audio of a stream."""

from __future__ import annotations

import pytest

from telnyx_stt_sync._audio_format import INPUT_FORMATS, RAW_FORMATS, SILENT_SAMPLE, raw_format
from telnyx_stt_sync._trailing_silence import TrailingSilence
from tests.unit.containers import REFUSED, WAVS, chunk, extensible, fmt, riff


def behind(input_format: str, audio: bytes, seconds: float = 1.0, step: int = 7) -> bytes:
    """What comes behind audio that is sent in steps."""
    rate = 8000 if input_format in RAW_FORMATS else None
    silence = TrailingSilence(raw_format(input_format, rate), seconds)
    for start in range(0, len(audio), step):
        silence.listen(audio[start : start + step])
    return silence.audio()


@pytest.mark.parametrize("input_format", sorted(RAW_FORMATS))
def test_raw_audio(input_format: str) -> None:
    """Behind raw audio come silent samples at its rate."""
    assert behind(input_format, b"", 2.0) == SILENT_SAMPLE[input_format] * 16_000


@pytest.mark.parametrize(
    ("header", "size"),
    [
        (fmt(1, rate=8000), 16_000),
        (fmt(1, rate=44_100, channels=2), 176_400),
        (extensible(1, 2, 16), 64_000),
        (chunk(b"LIST", bytes(4001)) + fmt(1, rate=16_000), 32_000),
    ],
)
@pytest.mark.parametrize("step", [1, 10_000])
@pytest.mark.parametrize("told", [None, 0xFFFFFFFF])
def test_wav(header: bytes, size: int, step: int, told: int) -> None:
    """Behind WAV come zeros at the rate and the width that its first bytes state."""
    audio = riff(header, chunk(b"data", b"\1\2" * 5000, size=told))
    assert behind("wav", audio, step=step) == bytes(size)


@pytest.mark.parametrize(
    "audio",
    [
        b"",
        riff(fmt(1))[:30],
        riff(chunk(b"LIST", bytes(5000)), fmt(1), chunk(b"data", bytes(100))),
        WAVS["wav of 8 bits"],
        WAVS["wav of floats"],
        WAVS["wav of mu-law"],
        REFUSED["wav of GSM"],
        riff(fmt(1, rate=1_000_000, channels=255), chunk(b"data", bytes(510))),
        bytes(10_000),
    ],
)
def test_wav_of_which_too_little_is_known(audio: bytes) -> None:
    """Behind what is no WAV of 16 bits by its first bytes comes nothing."""
    assert behind("wav", audio) == b""


@pytest.mark.parametrize("input_format", sorted(set(INPUT_FORMATS) - RAW_FORMATS - {"wav"}))
def test_compressed_audio(input_format: str) -> None:
    """Behind compressed audio comes nothing, whatever is in it."""
    assert behind(input_format, WAVS["wav"]) == b""


@pytest.mark.parametrize("input_format", ["linear16", "wav"])
def test_engines_without_need(input_format: str) -> None:
    """Nothing comes for engines that need none."""
    assert behind(input_format, WAVS["wav"], 0.0) == b""
