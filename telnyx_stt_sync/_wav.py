"""The header of a WAV file: where the samples begin, what they are, and how many.

Read forward only, so a pipe will do. Sizes in the header are believed only as far as
they make sense: programs that write to a pipe can't fill them in.
"""

from __future__ import annotations

import os
import struct
from typing import Callable, Dict, NamedTuple, Optional, Tuple

from ._audio_format import MAX_SAMPLE_RATE
from ._errors import AudioError
from ._pcm import MAX_CHANNELS, SAMPLE_BYTES

# First four bytes of a WAV file; the last two are its forms for more than 4 GiB.
RIFF_NAMES = (b"RIFF", b"RF64", b"BW64")

# Bytes searched for the samples. Pictures and broadcast metadata in front of them are
# tens of kilobytes, at most a few megabytes; beyond that, it is not a header.
HEADER_LIMIT = 4 * 1024 * 1024

# What may follow a chunk at once, although its length is odd.
_CHUNKS = (b"fmt ", b"data", b"LIST", b"fact", b"ds64")

# As much of a chunk as is looked at: the longest that matters is a 40 byte "fmt ".
_CHUNK_HEAD = 40
_SKIP_STEP = 64 * 1024

# (format tag, bytes of a sample) → encoding of _pcm.
_ENCODINGS: Dict[Tuple[int, int], str] = {
    (1, 1): "u8",
    (1, 2): "s16",
    (1, 3): "s24",
    (1, 4): "s32",
    (3, 4): "f32",
    (3, 8): "f64",
    (6, 1): "alaw",
    (7, 1): "mulaw",
}
_EXTENSIBLE = 0xFFFE
# The format tag of an extensible header stands in front of these, in its sub-format GUID.
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")

# Format tags of Microsoft's mmreg.h that telephony and dictation have used.
_CODECS: Dict[int, str] = {
    0x0001: "PCM",
    0x0002: "Microsoft ADPCM",
    0x0003: "float PCM",
    0x0006: "A-law",
    0x0007: "mu-law",
    0x0010: "OKI ADPCM",
    0x0011: "IMA ADPCM",
    0x0014: "G.723 ADPCM",
    0x0017: "Dialogic OKI ADPCM",
    0x0022: "DSP Group TrueSpeech",
    0x0031: "GSM 6.10",
    0x0040: "G.721 ADPCM",
    0x0042: "G.723.1",
    0x0045: "G.726 ADPCM",
    0x0050: "MPEG layer 1 or 2",
    0x0055: "MP3",
    0x0064: "G.726 ADPCM",
    0x0065: "G.722 ADPCM",
    0x00FF: "AAC",
    0x0161: "Windows Media Audio",
    0x2000: "AC-3",
}


class WavHeader(NamedTuple):
    """What a WAV file holds.

    ``encoding`` is a key of ``_pcm.SAMPLE_BYTES``. ``data_start`` is where the
    samples begin, ``data_size`` how many bytes they take: ``None`` when the
    header does not know, then they go on to the end of the file.
    """

    encoding: str
    channels: int
    sample_rate: int
    data_start: int
    data_size: Optional[int]

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return SAMPLE_BYTES[self.encoding] * self.channels


def read_header(read: Callable[[int], bytes], name: Optional[str] = None) -> WavHeader:
    """Read up to the first sample. ``read(n)`` gives n bytes, fewer only at the end.

    ``name`` is the file's, for messages. Raises ``AudioError`` when no samples
    are found, or when they are of a kind that can't be converted.
    """
    riff = read(12)
    if len(riff) < 12 or riff[:4] not in RIFF_NAMES or riff[8:] != b"WAVE":
        raise _broken(name, f"begins with {riff!r}, not with RIFF, a size and WAVE")
    position, is_odd = 12, False
    fmt = ds64 = b""
    while position <= HEADER_LIMIT:
        chunk = read(8)
        position += 8
        if is_odd and chunk[:4] not in _CHUNKS:
            # Behind a chunk of odd length is a byte of padding, which some writers forget.
            chunk = chunk[1:] + read(1)
            position += 1
        if len(chunk) < 8:
            raise _broken(name, "ends before its 'data' chunk")
        kind, size = struct.unpack("<4sI", chunk)
        if kind == b"data":
            data_size = _data_size(size, riff[4:8], ds64, position)
            return _described(fmt, position, data_size, name)
        body = read(min(size, _CHUNK_HEAD))
        if kind == b"fmt ":
            fmt = body
        elif kind == b"ds64":
            ds64 = body
        is_odd = size % 2 == 1
        position += size
        if position <= HEADER_LIMIT:
            _skip(read, size - len(body))
    raise _broken(name, f"has no 'data' chunk in its first {HEADER_LIMIT:,} bytes")


def subject(name: Optional[str]) -> str:
    """What a message calls a file."""
    return "the audio" if name is None else repr(name)


def conversion(name: Optional[str]) -> str:
    """The command line that turns a file into one that every engine takes."""
    if name is None or name.startswith("<"):  # "<stdin>" and the like are no files
        return "ffmpeg -i INPUT -ac 1 -ar 16000 -c:a pcm_s16le OUTPUT.wav"
    if name.startswith("-"):
        name = f"./{name}"  # else ffmpeg would take it for an option
    stem, extension = os.path.splitext(name)
    import shlex  # late: only errors need it

    # ffmpeg can't write the file that it reads, and a WAV can hold what is no good here.
    output = f"{stem}-converted.wav" if extension.lower() == ".wav" else f"{stem}.wav"
    return f"ffmpeg -i {shlex.quote(name)} -ac 1 -ar 16000 -c:a pcm_s16le {shlex.quote(output)}"


def _broken(name: Optional[str], fault: str) -> AudioError:
    return AudioError(
        f"{subject(name)} {fault}: not a usable WAV file. (Samples without a header need "
        f"input_format= and sample_rate=.) Make it again, or try: {conversion(name)}"
    )


def _skip(read: Callable[[int], bytes], size: int) -> None:
    """Read over ``size`` bytes, or to the end, without holding them all."""
    while size > 0:
        piece = read(min(size, _SKIP_STEP))
        if not piece:
            return
        size -= len(piece)


def _data_size(size: int, riff_size: bytes, ds64: bytes, data_start: int) -> Optional[int]:
    """Bytes of samples; ``None`` for the values that stand for "not known"."""
    if size == 0xFFFFFFFF and len(ds64) >= 16:
        (long_size,) = struct.unpack_from("<Q", ds64, 8)
        return long_size if 0 < long_size < 2**63 else None
    # Writers to a pipe leave 0, or the largest number of 32 or of 31 bits, less the header
    # or rounded to whole pages, 2 GiB for example. A true size in these ranges loses nothing:
    # what may follow the samples of such a file is a moment of noise.
    if size >= 0xFFFF0000 or 0x7FFF0000 <= size <= 0x80000000:
        return None
    if size == 0:
        # No samples at all, if the RIFF chunk counts something that follows them.
        (whole,) = struct.unpack("<I", riff_size)
        return 0 if data_start - 8 < whole < 0x7FFF0000 else None
    return size


def _described(
    fmt: bytes, data_start: int, data_size: Optional[int], name: Optional[str]
) -> WavHeader:
    if len(fmt) < 16:
        raise _broken(name, "has no complete 'fmt ' chunk in front of its samples")
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", fmt)
    tag = _format_tag(tag, fmt)
    width = (bits + 7) // 8
    encoding = _ENCODINGS.get((tag, width))
    if encoding is None:
        raise AudioError(
            f"{subject(name)} holds {_codec(tag, bits)}: of WAV files, PCM of 8, 16, 24 or 32 "
            f"bits, float of 32 or 64, mu-law and A-law can be sent. Convert it: {conversion(name)}"
        )
    if not 1 <= channels <= MAX_CHANNELS:
        raise _broken(name, f"says channels={channels}; 1 to {MAX_CHANNELS} are possible")
    if not 1 <= rate <= MAX_SAMPLE_RATE:
        raise _broken(name, f"says sample_rate={rate}; 1 to {MAX_SAMPLE_RATE} Hz are possible")
    if block != width * channels:
        raise _broken(
            name,
            f"says block_align={block}; {channels} channels of {bits} bits take "
            f"{width * channels} bytes",
        )
    return WavHeader(encoding, channels, rate, data_start, data_size)


def _format_tag(tag: int, fmt: bytes) -> int:
    """The tag that says what the samples are: an extensible header has it further behind."""
    if tag != _EXTENSIBLE or fmt[26:40] != _GUID_TAIL:
        return tag
    return int.from_bytes(fmt[24:26], "little")


def _codec(tag: int, bits: int) -> str:
    codec = _CODECS.get(tag, f"audio of the unknown format tag 0x{tag:04X}")
    return f"{codec} of {bits} bits" if tag in (1, 3, 6, 7) else codec
