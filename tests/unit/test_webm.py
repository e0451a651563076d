"""How long WebM files play."""

from __future__ import annotations

import shutil
import struct
import subprocess
from pathlib import Path
from typing import Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._webm import webm_seconds
from tests.unit.containers import element, webm

SEGMENT = b"\x18\x53\x80\x67\x01" + b"\xff" * 7  # of unknown size
TICK, DURATION = b"\x2a\xd7\xb1", b"\x44\x89"


def info(*facts: bytes) -> bytes:
    """A file up to what it says of itself, with something in front that is passed over."""
    return (
        element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", b"webm"))
        + SEGMENT
        + element(b"\x11\x4d\x9b\x74", DURATION + b"\x88" + bytes(100))
        + element(b"\x15\x49\xa9\x66", b"".join(facts))
    )


def number(value: float, code: str = ">d") -> bytes:
    return struct.pack(code, value)


def cluster(start: int, *blocks: bytes) -> bytes:
    """A cluster as browsers write it, of unknown size."""
    head = b"\x1f\x43\xb6\x75\x01" + b"\xff" * 7
    return head + element(b"\xe7", start.to_bytes(3, "big")) + b"".join(blocks)


def block(after: int, size: int = 300) -> bytes:
    return element(b"\xa3", b"\x81" + struct.pack(">hB", after, 0) + bytes(size))


@pytest.mark.parametrize(
    ("head", "seconds"),
    [
        (info(element(DURATION, number(11_000))), 11.0),
        (info(element(DURATION, number(11_000, ">f"))), 11.0),
        (info(element(TICK, b"\x0f\x42\x40"), element(DURATION, number(2500))), 2.5),
        (info(element(DURATION, number(2500)), element(TICK, b"\x01\xe8\x48")), 0.3125),
        (info(element(DURATION, number(0))), None),
        (info(element(DURATION, number(-5))), None),
        (info(element(DURATION, b"\1\2\3")), None),
        (info(element(TICK, b"\x0f\x42\x40")), None),
        (info(element(DURATION, number(11_000)))[:-3], None),
        (cluster(0, element(DURATION, number(11_000))), None),
        (webm(b"A_OPUS"), None),
        (b"", None),
    ],
)
def test_what_the_header_says(head: bytes, seconds: Optional[float]) -> None:
    """The duration of the header counts in its ticks, of a millisecond where it does not say."""
    assert webm_seconds(head) == seconds


@pytest.mark.parametrize(
    ("tail", "seconds"),
    [
        (cluster(0, block(0), block(20), block(980)), 0.98),
        (bytes(5000) + cluster(0, block(7)) + cluster(60_000, block(0), block(20)), 60.02),
        (cluster(60_000, block(5000), block(-40)), 65.0),
        (cluster(60_000, element(b"\xa0", element(b"\xa1", b"\x81\0\x14\0..."))), 60.02),
        (cluster(60_000, block(0), block(20)[:9]), 60.02),
        (cluster(60_000, element(b"\xa3", b"")), None),
        (cluster(60_000), None),
        (cluster(60_000, block(0)).replace(b"\xe7", b"\xe8"), None),
        (block(20), None),
    ],
)
def test_where_the_header_is_open(tail: bytes, seconds: Optional[float]) -> None:
    """Of a file whose header does not say, the last block does, in the header's ticks."""
    assert webm_seconds(info(), tail) == seconds
    twice = webm_seconds(info(element(TICK, b"\x1e\x84\x80")), tail)
    assert twice == (None if seconds is None else pytest.approx(2 * seconds))
    assert webm_seconds(info(element(DURATION, number(11_000))), tail) == 11.0


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="no ffmpeg")
@pytest.mark.parametrize("live", [False, True])
def test_files_of_ffmpeg(live: bool, tmp_path: Path) -> None:
    """It is right of what ffmpeg writes, to a file or, as browsers do, without going back."""
    path = tmp_path / "tone.webm"
    tone = ["-f", "lavfi", "-i", "sine=d=9", "-c:a", "libvorbis"]
    subprocess.run(
        ["ffmpeg", "-v", "error", *tone, *["-live", "1"] * live, str(path)],
        check=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    data = path.read_bytes()
    assert (webm_seconds(data[:4096]) is None) is live
    assert webm_seconds(data[:4096], data) == pytest.approx(9.0, abs=0.1)


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_any_bytes(head: bytes, tail: bytes) -> None:
    """Whatever stands in a file, the answer is a length or none."""
    for front, back in ((head, tail), (info(head), cluster(0, tail))):
        seconds = webm_seconds(front, back)
        assert seconds is None or seconds >= 0
