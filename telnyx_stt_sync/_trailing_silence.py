"""The silence behind the audio that makes some engines let go of the last words."""

from __future__ import annotations

import io

from ._audio_format import SILENT_SAMPLE, AudioFormat
from ._errors import AudioError
from ._wav import read_header

# As much of a WAV stream is kept to read its header from; most take 44 bytes.
_HEAD_BYTES = 4096

# Two seconds of eight channels at 192 kHz are less. A header that asks for more is no audio's.
_MOST_BYTES = 8 * 1024 * 1024


class TrailingSilence:
    """``seconds`` of silence in the format of a stream. Owner: who has the turn."""

    def __init__(self, audio_format: AudioFormat, seconds: float) -> None:
        self._format = audio_format
        self._seconds = seconds
        self._head = b""  # the first bytes of a WAV stream; of any other none
        self.listens = audio_format.input_format == "wav"  # whether it wants to

    def listen(self, audio: bytes) -> None:
        """Audio was sent."""
        self._head += audio[: _HEAD_BYTES - len(self._head)]
        self.listens = len(self._head) < _HEAD_BYTES

    def audio(self) -> bytes:
        """What to send; nothing for audio in which nobody knows how to be silent."""
        if self._format.input_format == "wav":
            return self._behind_wav()
        sample = SILENT_SAMPLE.get(self._format.input_format)
        if sample is None or self._format.sample_rate is None:
            return b""
        return sample * int(self._seconds * self._format.sample_rate)

    def _behind_wav(self) -> bytes:
        try:
            header = read_header(io.BytesIO(self._head).read)
        except AudioError:
            return b""
        size = header.frame_bytes * int(self._seconds * header.sample_rate)
        return bytes(size) if header.encoding == "s16" and size <= _MOST_BYTES else b""
