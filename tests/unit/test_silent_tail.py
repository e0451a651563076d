"""How long the audio of a stream has been silent at its end."""

from __future__ import annotations

import pytest

from telnyx_stt_sync._audio_format import SILENT_SAMPLE
from telnyx_stt_sync.emulator._silent_tail import SilentTail

LOUD = {
    "linear16": b"\x00\x40",
    "linear32": b"\x00\x00\x00\x3f",
    "mulaw": b"\x80",
    "alaw": b"\xaa",
}


@pytest.mark.parametrize("input_format", sorted(LOUD))
def test_silence_behind_sound(input_format: str) -> None:
    """Silence counts from the last sound on, in seconds, however the audio is cut."""
    tail = SilentTail(input_format, 8000)
    audio = LOUD[input_format] * 8000 + SILENT_SAMPLE[input_format] * 16000
    for start in range(0, len(audio), 77):
        tail.listen(audio[start : start + 77])
    assert tail.seconds == pytest.approx(2.0, abs=0.05)
    tail.listen(LOUD[input_format] * 1000)
    assert tail.seconds == pytest.approx(0.0, abs=0.05)


def test_wav_is_taken_for_pcm() -> None:
    """A WAV stream is listened to as 16-bit samples."""
    tail = SilentTail("wav", None)
    tail.listen(b"RIFF" * 100 + bytes(32000))
    assert tail.seconds == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("input_format", ["mp3", "ogg", "flac"])
def test_compressed_audio_is_never_silent(input_format: str) -> None:
    """What would have to be decoded first counts as sound."""
    tail = SilentTail(input_format, None)
    tail.listen(bytes(100_000))
    assert tail.seconds == 0.0
