"""Headers of WAV files, true ones and others."""

from __future__ import annotations

import io
import struct
import wave
from typing import List, Optional

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._audio_format import MAX_SAMPLE_RATE
from telnyx_stt_sync._errors import AudioError
from telnyx_stt_sync._wav import (
    HEADER_LIMIT,
    WavHeader,
    conversion,
    read_header,
)

GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(kind: bytes, body: bytes, size: Optional[int] = None) -> bytes:
    padding = b"\0" * (len(body) % 2)
    return kind + struct.pack("<I", len(body) if size is None else size) + body + padding


def fmt(
    tag: int = 1,
    channels: int = 1,
    rate: int = 16000,
    bits: int = 16,
    block: Optional[int] = None,
    extra: bytes = b"",
) -> bytes:
    if block is None:
        block = channels * ((bits + 7) // 8)
    layout = struct.pack("<HHIIHH", tag, channels, rate, rate * block % 2**32, block, bits)
    return chunk(b"fmt ", layout + extra)


def extensible(tag: int, bits: int, tail: bytes = GUID_TAIL) -> bytes:
    guid = struct.pack("<H", tag) + tail
    return fmt(0xFFFE, bits=bits, extra=struct.pack("<HHI", 22, bits, 4) + guid)


def riff(*chunks: bytes, name: bytes = b"RIFF", size: Optional[int] = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return name + struct.pack("<I", len(body) if size is None else size) + body


def parse(file: bytes) -> WavHeader:
    return read_header(io.BytesIO(file).read)


SAMPLES = chunk(b"data", bytes(8))


def test_what_the_wave_module_writes() -> None:
    """A plain file gives its encoding, rate, channels and where its samples are."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((2, 3, 44100, 0, "NONE", ""))
        writer.writeframes(bytes(60))
    header = parse(file.getvalue())
    assert header == WavHeader("s24", 2, 44100, data_start=44, data_size=60)
    assert header.frame_bytes == 6


def test_reads_up_to_the_first_sample() -> None:
    """The samples are what is left to read."""
    file = io.BytesIO(riff(fmt(), chunk(b"data", b"\1\2\3\4")))
    read_header(file.read)
    assert file.read() == b"\1\2\3\4"


@pytest.mark.parametrize(
    ("tag", "bits", "encoding"),
    [
        (1, 8, "u8"),
        (1, 16, "s16"),
        (1, 24, "s24"),
        (1, 32, "s32"),
        (3, 32, "f32"),
        (3, 64, "f64"),
        (6, 8, "alaw"),
        (7, 8, "mulaw"),
        # Bits that do not fill their bytes stand in the upper ones.
        (1, 12, "s16"),
        (1, 20, "s24"),
    ],
)
def test_encodings(tag: int, bits: int, encoding: str) -> None:
    """Every encoding that can be sent is known, in a plain and in an extensible header."""
    assert parse(riff(fmt(tag, bits=bits), SAMPLES)).encoding == encoding
    assert parse(riff(extensible(tag, bits), SAMPLES)).encoding == encoding


@pytest.mark.parametrize("name", [b"RF64", b"BW64"])
def test_long_forms(name: bytes) -> None:
    """The forms for more than 4 GiB tell the true size in a ds64 chunk."""
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 0, 5 * 2**32, 0, 0))
    file = riff(ds64, fmt(), chunk(b"data", b"", size=0xFFFFFFFF), name=name)
    assert parse(file).data_size == 5 * 2**32


@pytest.mark.parametrize("size", [0, 2**63])
def test_useless_long_size(size: int) -> None:
    """A ds64 chunk that was never filled in means: to the end."""
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 0, size, 0, 0))
    assert parse(riff(ds64, fmt(), chunk(b"data", b"", size=0xFFFFFFFF))).data_size is None


def test_chunks_in_front_are_skipped() -> None:
    """Metadata before the samples is passed over, padded to even lengths."""
    others = [chunk(kind, b"x" * 77) for kind in (b"LIST", b"fact", b"bext", b"JUNK", b"iXML")]
    before, after = others[:3], [*others[3:], chunk(b"id3 ", bytes(200_001))]
    file = riff(*before, fmt(extra=b"\0\0"), *after, SAMPLES)
    header = parse(file)
    assert header.data_start == len(file) - 8
    assert header.data_size == 8


@pytest.mark.parametrize("following", [fmt(1), chunk(b"LIST", b"INFO") + fmt(1)])
def test_forgotten_padding(following: bytes) -> None:
    """A chunk of odd length without its byte of padding does not hide what follows it."""
    odd = b"odd \3\0\0\0abc"
    padded, forgotten = (
        riff(odd + pad + following, chunk(b"data", SAMPLES)) for pad in (b"\0", b"")
    )
    for file in (padded, forgotten):
        header = read_header(io.BytesIO(file).read)
        assert file[header.data_start :] == SAMPLES
        assert header.data_size == len(SAMPLES)


@pytest.mark.parametrize("pad", [b"\0", b"d", b"\xff"])
def test_padding_that_is_not_zero(pad: bytes) -> None:
    """Whatever the byte of padding is, it is passed over."""
    file = riff(fmt(1), b"odd \3\0\0\0abc" + pad, chunk(b"data", SAMPLES))
    header = read_header(io.BytesIO(file).read)
    assert file[header.data_start :] == SAMPLES


def test_chunks_behind_are_not_samples() -> None:
    """A truthful size ends the samples, whatever follows."""
    file = riff(fmt(), SAMPLES, chunk(b"LIST", b"x" * 40))
    assert parse(file).data_size == 8


@pytest.mark.parametrize("size", [0, 0xFFFFFFFF, 0xFFFFFFDB, 0x7FFFFFFF, 0x7FFFF000, 0x80000000])
def test_sizes_of_endless_files(size: int) -> None:
    """What programs write that do not know the size means: to the end of the file."""
    for whole in (0, 36, 0xFFFFFFFF, 0x7FFFFFFF):
        file = riff(fmt(), chunk(b"data", bytes(8), size=size), size=whole)
        assert parse(file).data_size is None


def test_no_samples_before_other_chunks() -> None:
    """A size of 0 is the truth when the file counts further chunks behind it."""
    file = riff(fmt(), chunk(b"data", b""), chunk(b"LIST", b"x" * 40))
    assert parse(file).data_size == 0


def test_size_beyond_the_end() -> None:
    """A size larger than the file is passed on: reading ends at the end."""
    assert parse(riff(fmt(), chunk(b"data", bytes(8), size=1000))).data_size == 1000


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"RIFF",
        b"RIFF\0\0\0\0AVI ",
        b"this is text, not WAV",
        riff(),
        riff(fmt()),
        riff(fmt())[:-3],
        riff(fmt(), b"data"),
        riff(chunk(b"LIST", b"abc", size=10_000)),
    ],
)
def test_cut_short(file: bytes) -> None:
    """A file that ends within its header is an AudioError that helps."""
    with pytest.raises(AudioError, match=r"not a usable WAV file.*ffmpeg"):
        parse(file)


@pytest.mark.parametrize("early", [b"", chunk(b"fmt ", b"\1\0\1\0")])
def test_samples_without_a_description(early: bytes) -> None:
    """Samples that no complete fmt chunk describes are an AudioError."""
    with pytest.raises(AudioError, match="no complete 'fmt ' chunk"):
        parse(riff(early, SAMPLES, fmt()))


def test_header_without_end() -> None:
    """The search for samples ends at a limit, and what is passed over is not held."""
    file = io.BytesIO(riff(chunk(b"JUNK", b"", size=3 * 2**20), size=0) + bytes(3 * 2**20))
    file.seek(0, io.SEEK_END)
    file.write(chunk(b"JUNK", b"", size=2**32 - 1) + bytes(2**20))
    file.seek(0)
    asked: List[int] = []

    def read(size: int) -> bytes:
        asked.append(size)
        return file.read(size)

    with pytest.raises(AudioError, match=r"in its first 4,194,304 bytes"):
        read_header(read)
    assert max(asked) <= 65536
    assert sum(asked) < HEADER_LIMIT


def test_many_small_chunks() -> None:
    """A header of nothing but empty chunks ends at the limit too."""
    file = riff() + chunk(b"JUNK", b"") * (HEADER_LIMIT // 8 + 2)
    with pytest.raises(AudioError, match="no 'data' chunk"):
        parse(file)


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (fmt(channels=0), "channels=0; 1 to 255 are possible"),
        (fmt(channels=256), "channels=256"),
        (fmt(rate=0), "sample_rate=0; 1 to 1000000 Hz"),
        (fmt(rate=MAX_SAMPLE_RATE + 1), "sample_rate=1000001"),
        (fmt(channels=2, block=2), "block_align=2; 2 channels of 16 bits take 4"),
        (fmt(block=0), "block_align=0"),
    ],
)
def test_impossible_values(description: bytes, message: str) -> None:
    """A header that can't be true is an AudioError with the value and the rule."""
    with pytest.raises(AudioError, match=message):
        parse(riff(description, SAMPLES))


@pytest.mark.parametrize(
    ("description", "codec"),
    [
        (fmt(2, bits=4), "Microsoft ADPCM:"),
        (fmt(0x11, bits=4), "IMA ADPCM:"),
        (fmt(0x31, bits=0), "GSM 6.10:"),
        (fmt(0x55, bits=0), "MP3:"),
        (fmt(1, bits=64), "PCM of 64 bits"),
        (fmt(3, bits=16), "float PCM of 16 bits"),
        (fmt(7, bits=16), "mu-law of 16 bits"),
        (fmt(0x1234), "unknown format tag 0x1234"),
        (extensible(1, 16, tail=bytes(14)), "unknown format tag 0xFFFE"),
        (fmt(0xFFFE), "unknown format tag 0xFFFE"),
    ],
)
def test_other_codecs(description: bytes, codec: str) -> None:
    """A codec that can't be sent is named, with the command that converts it."""
    with pytest.raises(AudioError, match=codec) as caught:
        read_header(io.BytesIO(riff(description, SAMPLES)).read, "my call.wav")
    assert "ffmpeg -i 'my call.wav' " in str(caught.value)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        (None, ("INPUT", "OUTPUT.wav")),
        ("<stdin>", ("INPUT", "OUTPUT.wav")),
        ("-call.m4a", ("./-call.m4a", "./-call.wav")),
        ("call.m4a", ("call.m4a", "call.wav")),
        ("noname", ("noname", "noname.wav")),
        ("it's.M4A", ("'it'\"'\"'s.M4A'", "'it'\"'\"'s.wav'")),
        ("call.WAV", ("call.WAV", "call-converted.wav")),
    ],
)
def test_conversion(name: Optional[str], files: List[str]) -> None:
    """The ffmpeg line names the file, quoted for a shell, and never writes over it."""
    expected = f"ffmpeg -i {files[0]} -ac 1 -ar 16000 -c:a pcm_s16le {files[1]}"
    assert conversion(name) == expected


@pytest.mark.parametrize("file", [b"RIFF\0\0\0\0WAVE", riff(SAMPLES), riff(fmt(0x31), SAMPLES)])
def test_conversion_comes_last(file: bytes) -> None:
    """The line to copy ends the message, so that no full stop becomes part of it."""
    with pytest.raises(AudioError) as caught:
        read_header(io.BytesIO(file).read, "call.mp4")
    assert str(caught.value).endswith(conversion("call.mp4"))


WHOLE = riff(
    chunk(b"ds64", bytes(28)), chunk(b"LIST", b"abc"), extensible(1, 16), chunk(b"data", bytes(40))
)


@settings(deadline=None)
@given(st.integers(min_value=0, max_value=len(WHOLE)), st.binary(max_size=30), st.binary())
@example(len(WHOLE), b"", b"")
def test_any_header(at: int, wrong: bytes, rest: bytes) -> None:
    """Bytes changed or cut anywhere give a header that makes sense, or an AudioError."""
    for file in (WHOLE[:at] + wrong + WHOLE[at + len(wrong) :], WHOLE[:at] + wrong + rest):
        try:
            header = parse(file)
        except AudioError:
            continue
        assert header.frame_bytes > 0
        assert header.sample_rate > 0
        assert 0 < header.data_start <= len(file)
        assert header.data_size is None or header.data_size >= 0


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_chunks(noise: bytes) -> None:
    """What follows RIFF and WAVE may be anything at all."""
    try:
        parse(riff(fmt(), noise, SAMPLES))
    except AudioError as error:
        assert "ffmpeg" in str(error)
