"""MPEG audio frames and what they tell of the whole file."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Optional, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._mp3 import Mp3, is_adts, read_frames, tag_bytes

CLIPS = os.environ.get("TELNYX_STT_TEST_AUDIO")

# Headers of layer III frames, and what a frame of them takes.
MPEG1_128K = (b"\xff\xfb\x90\x44", 417)  # 44100 Hz stereo
MPEG1_64K = (b"\xff\xfb\x50\x44", 208)
MPEG2_64K_MONO = (b"\xff\xf3\x88\xc4", 288)  # 16000 Hz
MPEG25_8K = (b"\xff\xe3\x18\xc4", 72)  # 8000 Hz


def frame(kind: Tuple[bytes, int], body: bytes = b"", offset: int = 4) -> bytes:
    header, size = kind
    return (header + bytes(offset - 4) + body).ljust(size, b"\0")


def xing(frames: Optional[int], size: Optional[int], mark: bytes = b"Xing") -> bytes:
    flags = (frames is not None) + 2 * (size is not None)
    counts = [count for count in (frames, size) if count is not None]
    return mark + struct.pack(f">I{len(counts)}I", flags, *counts) + b"\1" * 100


def vbri(frames: int, size: int) -> bytes:
    return b"VBRI" + struct.pack(">HHHII", 1, 0, 75, size, frames)


@pytest.mark.parametrize(
    ("kind", "rate", "pace"),
    [
        (MPEG1_128K, 44100, 16000),
        (MPEG1_64K, 44100, 8000),
        (MPEG2_64K_MONO, 16000, 8000),
        (MPEG25_8K, 8000, 1000),
    ],
)
def test_constant_bit_rate(kind: Tuple[bytes, int], rate: int, pace: float) -> None:
    """Frames of one bit rate tell it; the length is not in them."""
    assert read_frames(frame(kind) * 5) == Mp3(rate, pace, None)


def test_padding_is_counted() -> None:
    """A padded frame is one byte longer."""
    padded = (b"\xff\xfb\x92\x44", 418)
    assert read_frames(frame(padded) + frame(MPEG1_128K) * 2) == Mp3(44100, 16000.0)


def test_one_frame_alone() -> None:
    """A frame that is all there is to see counts, cut or not."""
    assert read_frames(frame(MPEG1_128K)) == Mp3(44100, 16000.0)
    assert read_frames(frame(MPEG1_128K)[:40]) == Mp3(44100, 16000.0)


def test_varying_bit_rate() -> None:
    """Where the bit rate varies and nothing tells the mean, that of the first frames has to do."""
    told = read_frames(frame(MPEG1_128K) * 2 + frame(MPEG1_64K) * 6)
    assert told == Mp3(44100, 10_000.0, None, exact=False)


@pytest.mark.parametrize(
    ("kind", "offset"), [(MPEG1_128K, 36), (MPEG1_128K, 21), (MPEG2_64K_MONO, 13)]
)
@pytest.mark.parametrize("mark", [b"Xing", b"Info"])
def test_xing_header(kind: Tuple[bytes, int], offset: int, mark: bytes) -> None:
    """A Xing or Info header, wherever the layout puts it, tells length and mean."""
    told = read_frames(frame(kind, xing(1000, 300_000, mark), offset) + frame(kind))
    samples, rate = (1152, 44100) if kind is MPEG1_128K else (576, 16000)
    seconds = 1000 * samples / rate
    assert told == Mp3(rate, 300_000 / seconds, seconds)


def test_xing_header_without_bytes() -> None:
    """A header that counts only the frames tells the length alone."""
    told = read_frames(frame(MPEG1_128K, xing(1000, None), 36))
    assert told == Mp3(44100, None, 1000 * 1152 / 44100)


@pytest.mark.parametrize(
    "counts", [(None, 300_000), (None, None), (0, 0), (2**32 - 1, 5), (1, 9e8)]
)
def test_useless_xing_header(counts: Tuple[Optional[int], Optional[float]]) -> None:
    """A header that tells nothing, or what can't be, leaves rate and length open."""
    frames, size = counts
    header = xing(frames, None if size is None else int(size))
    assert read_frames(frame(MPEG1_128K, header, 36)) == Mp3(44100, None, None)


def test_vbri_header() -> None:
    """A VBRI header tells length and mean."""
    told = read_frames(frame(MPEG1_128K, vbri(1000, 300_000), 36))
    seconds = 1000 * 1152 / 44100
    assert told == Mp3(44100, 300_000 / seconds, seconds)


def test_headers_that_are_cut() -> None:
    """A header of which only the beginning is seen tells nothing."""
    for header in (vbri(1000, 300_000), xing(1000, 300_000)):
        whole = frame(MPEG1_128K, header, 36)
        assert read_frames(whole[:46]) == Mp3(44100, 16000.0)


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff",
        b"\xff\xfb\x90",
        b"\xff\xfd\x90\x44",  # layer II
        b"\xff\xff\x90\x44",  # layer I
        b"\xff\xf9\x90\x44",  # no layer: AAC
        b"\xff\xeb\x90\x44",  # a version that does not exist
        b"\xff\xfb\x9c\x44",  # a sample rate that does not exist
        b"\xff\xfb\x00\x44",  # free bit rate: the length of the frame is not known
        b"\xff\xfb\xf0\x44",  # a bit rate that does not exist
        b"\x00" + frame(MPEG1_128K) * 3,
        frame(MPEG1_128K) + bytes(500),  # no second frame where it should be
        frame(MPEG1_128K) + frame(MPEG2_64K_MONO) * 2,
    ],
)
def test_not_mp3(head: bytes) -> None:
    """What does not begin with frames that fit each other is not MP3."""
    assert read_frames(head) is None


def test_anywhere() -> None:
    """Where MP3 is expected, frames are found behind padding and false starts."""
    head = bytes(100) + b"\xff\xfb\x90\x44" + bytes(50) + b"\xff" + frame(MPEG1_128K) * 3
    assert read_frames(head) is None
    assert read_frames(head, anywhere=True) == Mp3(44100, 16000.0)
    assert read_frames(bytes(100) + frame(MPEG1_128K), anywhere=True) is None
    assert read_frames(b"\xff" * 4096, anywhere=True) is None


def test_tag() -> None:
    """An ID3 tag tells its length in seven bits a byte, without its header and footer."""
    assert tag_bytes(b"ID3\x04\x00\x00\x00\x00\x02\x01") == 10 + 257
    assert tag_bytes(b"ID3\x04\x00\x10\x00\x00\x02\x01") == 20 + 257
    assert tag_bytes(b"ID3\x03\x00\x00\x7f\x7f\x7f\x7f....") == 10 + 2**28 - 1


@pytest.mark.parametrize(
    "head", [b"", b"ID3", b"ID3\3\0\0\0\0\0", b"ID3\3\0\0\0\0\x80\0", b"ID4\3\0\0\0\0\2\1"]
)
def test_no_tag(head: bytes) -> None:
    """What is not a whole tag header has the length 0."""
    assert tag_bytes(head) == 0


def adts(size: int) -> bytes:
    header = bytes([0xFF, 0xF1, 0x50, 0x80 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5, 0xFC])
    return header.ljust(size, b"\0")


def test_adts() -> None:
    """AAC frames are told from MP3 by their layer, and from chance by the next frame."""
    assert is_adts(adts(200) + adts(300))
    assert is_adts(adts(200)[:50])
    assert not is_adts(adts(200) + bytes(300))
    assert not is_adts(adts(200)[:6])
    assert not is_adts(adts(5))
    assert not is_adts(frame(MPEG1_128K) * 2)
    assert not is_adts(b"\xff\xf1\x7c" + adts(200)[3:])  # a sample rate that does not exist


@pytest.mark.skipif(CLIPS is None, reason="TELNYX_STT_TEST_AUDIO is not set")
def test_real_file() -> None:
    """A real file of varying bit rate tells its length."""
    file = (Path(CLIPS or "") / "jfk.mp3").read_bytes()
    told = read_frames(file[tag_bytes(file) :][:4096])
    assert told is not None
    assert told.sample_rate == 16000
    assert told.seconds == pytest.approx(11.09, abs=0.01)
    assert told.bytes_per_second == pytest.approx(len(file) / 11.09, rel=0.01)


@settings(deadline=None)
@given(st.binary(max_size=600), st.booleans())
def test_any_bytes(noise: bytes, anywhere: bool) -> None:
    """Whatever follows a frame header, the answer is a possible one."""
    for head in (noise, MPEG1_64K[0] + noise, MPEG25_8K[0] + bytes(32) + b"VBRI" + noise):
        told = read_frames(head, anywhere=anywhere)
        if told is not None:
            assert told.bytes_per_second is None or 900 <= told.bytes_per_second <= 45_000
            assert told.seconds is None or told.seconds > 0
        assert isinstance(is_adts(head), bool)
        assert tag_bytes(head) >= 0
