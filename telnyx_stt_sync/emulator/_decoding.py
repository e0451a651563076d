"""Audio as a session brings it, turned into what the recogniser hears: 16 kHz mono PCM."""

from __future__ import annotations

import importlib
from typing import Any, Callable, Dict, Iterator, Optional

from .._audio_format import MAX_SAMPLE_RATE
from .._errors import AudioError
from .._pcm import SAMPLE_BYTES, to_linear16
from .._wav import read_header
from ._resampler import Resampler

# Of what comes out, in Hz: the rate of pocketsphinx's English model.
RATE = 16000

# read(n) gives 1 to n bytes, and none at the end of the audio; it may wait.
Read = Callable[[int], bytes]

# The wire's name → the encoding of _pcm, for formats without a header.
_RAW: Dict[str, str] = {
    "linear16": "s16",
    "linear32": "f32",
    "mulaw": "mulaw",
    "alaw": "alaw",
}
# The wire's name → the name in miniaudio's FileFormat.
_COMPRESSED: Dict[str, str] = {"mp3": "MP3", "flac": "FLAC", "ogg": "VORBIS"}

FORMATS = frozenset([*_RAW, "wav", *_COMPRESSED])

# Asked for at once; what is there comes, so live audio is not held back. About 1/8 s of
# 16 kHz PCM, which is also how often the recogniser gets to look at its inbox.
_PIECE_BYTES = 4096

# An MP3 frame has at most 1441 bytes, and the decoder must see its end: given 333 bytes at a
# time it was seen to skip audio. It asks for 64 kB, which would be eight seconds or more; as
# it is, it falls up to 16 kB behind.
_MP3_PIECE_BYTES = 2048

# What comes out of miniaudio at once, in samples.
_FRAMES_AT_ONCE = 1024


class UndecodableAudioError(Exception):
    """The audio is not what it was said to be; the message is for people."""


def decode(input_format: str, sample_rate: Optional[int], read: Read) -> Iterator[bytes]:
    """16-bit little-endian mono PCM at ``RATE``, as soon as it can be had.

    ``sample_rate`` is that of formats without a header, in Hz. Blocks in
    ``read``. The result does not depend on how ``read`` cuts the audio. Raises
    ``UndecodableAudioError``; what came before it is good.
    """
    if input_format in _RAW:
        if sample_rate is None or not 1 <= sample_rate <= MAX_SAMPLE_RATE:
            raise UndecodableAudioError(f"{input_format} audio needs its sample_rate, in Hz")
        yield from _decode_pcm(read, _RAW[input_format], 1, sample_rate)
    elif input_format == "wav":
        yield from _decode_wav(read)
    elif input_format in _COMPRESSED:
        yield from _decode_compressed(read, input_format)
    else:
        raise UndecodableAudioError(
            f"the emulator's recogniser cannot decode {input_format}; "
            f"it takes {', '.join(sorted(FORMATS))}"
        )


def _decode_pcm(read: Read, encoding: str, channels: int, rate: int) -> Iterator[bytes]:
    resampler = None if rate == RATE else Resampler(rate, RATE)
    frame_bytes = SAMPLE_BYTES[encoding] * channels
    rest = b""
    while True:
        piece = read(_PIECE_BYTES)
        if not piece:
            break
        rest += piece
        whole = len(rest) - len(rest) % frame_bytes
        pcm = to_linear16(rest[:whole], encoding, channels=channels)
        rest = rest[whole:]
        yield pcm if resampler is None else resampler.convert(pcm)
    if resampler is not None:
        yield resampler.finish()


def _decode_wav(read: Read) -> Iterator[bytes]:
    source = _Source(read)
    if source.is_empty:
        return
    try:
        header = read_header(source.read)
    except AudioError as exc:
        raise UndecodableAudioError(str(exc)) from exc
    samples = source.read_some if header.data_size is None else _Limited(source, header.data_size)
    yield from _decode_pcm(samples, header.encoding, header.channels, header.sample_rate)


def _decode_compressed(read: Read, input_format: str) -> Iterator[bytes]:
    miniaudio: Any = importlib.import_module("miniaudio")  # its types are incomplete
    source = _Source(read, longest=_MP3_PIECE_BYTES if input_format == "mp3" else None)
    if source.is_empty:
        return
    fault: Optional[Exception] = None
    try:
        stream = miniaudio.stream_any(
            source,
            miniaudio.FileFormat[_COMPRESSED[input_format]],
            nchannels=1,
            sample_rate=RATE,
            frames_to_read=_FRAMES_AT_ONCE,
        )
        source.forget()
        for samples in stream:
            yield samples.tobytes()
    except miniaudio.MiniaudioError as exc:
        fault = exc
    if source.error_in_readcallback is not None:
        # What read() raised went through C code, which may have taken it for the end.
        raise source.error_in_readcallback
    if fault is not None:
        raise UndecodableAudioError(f"the audio cannot be decoded as {input_format}") from fault


class _Limited:
    """Reads so many bytes of a source and no more."""

    def __init__(self, source: _Source, size: int) -> None:
        self._source = source
        self._left = size

    def __call__(self, size: int) -> bytes:
        piece = self._source.read_some(min(size, self._left))
        self._left -= len(piece)
        return piece


class _Source:
    """Whole pieces of a stream that comes in any, in the shape of miniaudio's sources.

    ``longest`` bounds a piece, in bytes. The decoder may go back as long as
    ``forget()`` has not been called: it tries its formats before it begins.
    """

    # Kept on the source by miniaudio: a handle for its C code, and what read() or seek() raised.
    ffi_handle: Any = None
    error_in_readcallback: Optional[Exception] = None

    def __init__(self, read: Read, *, longest: Optional[int] = None) -> None:
        self._read = read
        self._longest = longest
        # Read by the decoder; None once it can't go back any more.
        self._behind: Optional[bytearray] = bytearray()
        # Come, but not yet read by the decoder.
        self._ahead = bytearray(read(_PIECE_BYTES))
        self._ended = not self._ahead

    @property
    def is_empty(self) -> bool:
        """Whether the stream ended without a byte."""
        return self._ended and not self._ahead and not self._behind

    def read(self, size: int) -> bytes:
        """``size`` bytes, or ``longest``; fewer only at the end."""
        if self._longest is not None:
            size = min(size, self._longest)
        while len(self._ahead) < size and not self._ended:
            piece = self._read(size - len(self._ahead))
            self._ahead += piece
            self._ended = not piece
        return self._take(size)

    def read_some(self, size: int) -> bytes:
        """1 to ``size`` bytes, and none at the end: what has come."""
        if size > 0 and not self._ahead and not self._ended:
            self._ahead += self._read(size)
            self._ended = not self._ahead
        return self._take(size)

    def forget(self) -> None:
        """From now on the decoder only goes forward."""
        self._behind = None

    def seek(self, offset: int, origin: Any) -> bool:
        """Go to ``offset``; whether that was possible. The end of a stream is not to be found."""
        if origin.name == "CURRENT" and offset >= 0:
            while offset > 0 and not self._ended:
                offset -= len(self.read(min(offset, _PIECE_BYTES)))
            return offset == 0
        if origin.name != "START" or self._behind is None:
            return False
        known = self._behind + self._ahead
        self._behind, self._ahead = known[:offset], known[offset:]
        return offset <= len(known)

    def close(self) -> None:
        """Nothing to release."""

    def _take(self, size: int) -> bytes:
        taken = bytes(self._ahead[:size])
        del self._ahead[:size]
        if self._behind is not None:
            self._behind += taken
        return taken
