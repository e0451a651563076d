"""How long it has been silent at the end of a stream's audio."""

from __future__ import annotations

from typing import Optional

from .._audio_format import RAW_FORMATS
from .._pcm import is_silent, to_linear16

# The raw formats under the names of _pcm; WAV is taken for 16-bit PCM, which it nearly always is.
_ENCODINGS = {"linear16": "s16", "linear32": "f32", "mulaw": "mulaw", "alaw": "alaw", "wav": "s16"}

# Silence is looked for in pieces of this many bytes: a few milliseconds.
_PIECE = 256


class SilentTail:
    """Listens to one stream. Compressed audio counts as never silent. One thread uses it."""

    def __init__(self, input_format: str, sample_rate: Optional[int]) -> None:
        self._encoding = _ENCODINGS.get(input_format)
        width = {"f32": 4, "s16": 2}.get(self._encoding or "", 1)
        known = sample_rate if input_format in RAW_FORMATS else None
        self._bytes_per_second = width * (known or 16000)
        self._bytes = 0
        # What came of a piece that is not complete.
        self._rest = b""

    @property
    def seconds(self) -> float:
        """How long the audio has been silent by now."""
        return self._bytes / self._bytes_per_second

    def listen(self, audio: bytes) -> None:
        """More audio came, cut anywhere."""
        if self._encoding is None:
            return
        audio = self._rest + audio
        whole = len(audio) - len(audio) % _PIECE
        self._rest = audio[whole:]
        for start in range(0, whole, _PIECE):
            piece = to_linear16(audio[start : start + _PIECE], self._encoding)
            self._bytes = self._bytes + _PIECE if is_silent(piece) else 0
