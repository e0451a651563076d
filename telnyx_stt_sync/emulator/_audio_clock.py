"""How many seconds of audio a number of received bytes are."""

from __future__ import annotations

import struct
from typing import Optional

from .._audio_format import ASSUMED_BYTES_PER_SECOND, SILENT_SAMPLE

# A WAV header that does not end within this many bytes is no WAV header.
_LONGEST_HEADER = 65536


class AudioClock:
    """Counts one stream's audio and takes off its WAV header. One thread at a time uses it.

    ``seconds`` is the audio taken so far. ``pcm_rate`` is the rate in Hz when
    the stream is 16-bit mono PCM, ``None`` when it is anything else or, for
    WAV, as long as the header has not arrived.
    """

    def __init__(self, input_format: str, sample_rate: Optional[int]) -> None:
        self._bytes = 0
        self._bytes_per_second = ASSUMED_BYTES_PER_SECOND
        self.pcm_rate: Optional[int] = None
        # What came of a WAV header that is not complete; None when no header is awaited.
        self._header: Optional[bytearray] = None
        if input_format in SILENT_SAMPLE:
            rate = sample_rate or 16000
            self._bytes_per_second = float(len(SILENT_SAMPLE[input_format]) * rate)
            self.pcm_rate = rate if input_format == "linear16" else None
        elif input_format == "wav":
            self._header = bytearray()

    @property
    def seconds(self) -> float:
        return self._bytes / self._bytes_per_second

    def take(self, audio: bytes) -> bytes:
        """Count the bytes and return those that are audio: all but a WAV header."""
        if self._header is not None:
            self._header += audio
            audio = self._after_header(self._header)
        self._bytes += len(audio)
        return audio

    def _after_header(self, header: bytearray) -> bytes:
        """What follows the header; nothing as long as it is incomplete."""
        start = _data_start(header)
        if start is None and len(header) < _LONGEST_HEADER:
            return b""
        self._header = None
        if start is None:
            return bytes(header)
        self._read_format(header)
        return bytes(header[start:])

    def _read_format(self, header: bytearray) -> None:
        at = header.find(b"fmt ")
        if at < 0 or len(header) < at + 24:
            return
        fields = struct.unpack_from("<HHIIHH", header, at + 8)
        channels, rate, bytes_per_second, bits = fields[1], fields[2], fields[3], fields[5]
        if bytes_per_second > 0:
            self._bytes_per_second = float(bytes_per_second)
        if channels == 1 and bits == 16 and rate > 0:
            self.pcm_rate = rate


def _data_start(header: bytearray) -> Optional[int]:
    """Where the samples of a RIFF file begin, ``None`` when that has not arrived."""
    at = 12
    while len(header) >= at + 8:
        if header[at : at + 4] == b"data":
            return at + 8
        size = int.from_bytes(header[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    return None
