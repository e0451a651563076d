"""Whether there was anything to hear."""

from __future__ import annotations

import pytest

from telnyx_stt_sync._audio_format import INPUT_FORMATS, RAW_FORMATS, raw_format
from telnyx_stt_sync._silence import SilenceWatch

# By raw format: samples that are near zero, and one that is not.
SAMPLES = {
    "linear16": (b"\x10\x00\xf0\xff", b"\x11\x00"),
    "linear32": (b"\0\0\0\0\0\0\0\x80", b"\0\0\0\x3f"),
    "mulaw": (b"\xff\x7f", b"\x80"),
    "alaw": (b"\xd5\x55", b"\xaa"),
}


def watch(input_format: str) -> SilenceWatch:
    """One that has heard nothing yet."""
    return SilenceWatch(raw_format(input_format, 16000 if input_format in RAW_FORMATS else None))


@pytest.mark.parametrize("input_format", sorted(RAW_FORMATS))
def test_raw_audio(input_format: str) -> None:
    """Samples near zero are silence; the first other one settles it for good."""
    silence, sound = SAMPLES[input_format]
    made = watch(input_format)
    assert made.only_silence
    for audio, expected in ((silence * 100, True), (b"", True), (silence + sound, False)):
        made.listen(audio)
        assert made.only_silence is expected
    made.listen(silence)
    assert not made.only_silence


@pytest.mark.parametrize("input_format", sorted(set(INPUT_FORMATS) - RAW_FORMATS))
def test_other_audio(input_format: str) -> None:
    """Of audio that can't be looked at nobody can say that it was silent."""
    made = watch(input_format)
    assert not made.only_silence
    made.listen(bytes(100))
    assert not made.only_silence


def test_a_cut_sample() -> None:
    """Half a sample at the end of the audio is neither sound nor an error."""
    made = watch("linear16")
    made.listen(b"\0\0\x7f")
    assert made.only_silence
