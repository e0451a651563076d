"""MPEG audio frames: whether bytes are MP3, how fast they go by, and the tag in front.

Layouts: ISO 11172-3 and 13818-3 (frames), the ID3v2 standard, and for the two headers of
variable bit rate what LAME (Xing, Info) and Fraunhofer's encoder (VBRI) write.
"""

from __future__ import annotations

import struct
from typing import Dict, Iterator, NamedTuple, Optional, Tuple

# Layer III, kbit/s by index; index 0 is "free" and 15 is forbidden.
_BIT_RATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_BIT_RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)

# Version bits → Hz by index: MPEG-1, MPEG-2 and the unofficial MPEG-2.5.
_SAMPLE_RATES: Dict[int, Tuple[int, int, int]] = {
    3: (44100, 48000, 32000),
    2: (22050, 24000, 16000),
    0: (11025, 12000, 8000),
}

# What a whole file can come to, in bytes per second: 8 to 320 kbit/s with some room for the
# tags that writers count in. Anything else is a header that lies.
_POSSIBLE_PACE = (900.0, 45_000.0)


class Mp3(NamedTuple):
    """What the first frames say.

    ``bytes_per_second`` is ``None`` when a header tells of a length but not of
    the mean. It is not ``exact`` when it varies and no header tells the mean: then
    it is that of the first frames. ``seconds`` is ``None`` when no header tells the length.
    """

    sample_rate: int
    bytes_per_second: Optional[float]
    seconds: Optional[float] = None
    exact: bool = True


class _Frame(NamedTuple):
    start: int
    version: int
    bit_rate: int  # bit/s
    sample_rate: int
    samples: int  # per channel
    size: int


def tag_bytes(head: bytes) -> int:
    """The length of the ID3v2 tag that ``head`` begins with, 0 without one."""
    sizes = head[6:10]
    if head[:3] != b"ID3" or len(sizes) < 4 or max(sizes) > 127:
        return 0
    size = 0
    for septet in sizes:  # 7 bits each, so that no byte looks like the start of a frame
        size = size << 7 | septet
    footer = 10 if head[5] & 0x10 else 0
    return 10 + size + footer


def read_frames(head: bytes, *, anywhere: bool = False) -> Optional[Mp3]:
    """What the MP3 frames at the start of ``head`` say, or further on if ``anywhere``.

    ``None`` when there are none.
    """
    first = _first_frame(head, anywhere)
    if first is None:
        return None
    told = _told_by_header(head, first)
    if told is not None:
        return told
    # Each frame is as long as any other.
    rates = [frame.bit_rate / 8 for frame in _frames_from(head, first)]
    return Mp3(first.sample_rate, sum(rates) / len(rates), exact=len(set(rates)) == 1)


def is_adts(head: bytes) -> bool:
    """Whether AAC in ADTS frames begins here; its sync is MP3's but for the layer."""
    if not _is_adts_header(head):
        return False
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    following = head[size : size + 7]
    return size > 7 and (len(following) < 7 or _is_adts_header(following))


def _is_adts_header(head: bytes) -> bool:
    return (
        len(head) >= 7 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and head[2] >> 2 & 0x0F < 13
    )


def _frame_at(head: bytes, start: int) -> Optional[_Frame]:
    """The frame whose header stands at ``start``, ``None`` if that is not a header."""
    header = head[start : start + 4]
    # Eleven bits of sync, two of version, and 01 for layer III.
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return None
    version, rate_index, speed_index = header[1] >> 3 & 3, header[2] >> 2 & 3, header[2] >> 4
    if version not in _SAMPLE_RATES or rate_index == 3 or speed_index in (0, 15):
        return None
    sample_rate = _SAMPLE_RATES[version][rate_index]
    bit_rate = 1000 * (_BIT_RATES_1 if version == 3 else _BIT_RATES_2)[speed_index]
    samples = 1152 if version == 3 else 576
    padding = header[2] >> 1 & 1
    size = samples // 8 * bit_rate // sample_rate + padding
    return _Frame(start, version, bit_rate, sample_rate, samples, size)


def _frames_from(head: bytes, first: _Frame) -> Iterator[_Frame]:
    """The frames that follow each other in ``head``, of the first one's version and rate."""
    frame: Optional[_Frame] = first
    while frame is not None and (frame.version, frame.sample_rate) == (
        first.version,
        first.sample_rate,
    ):
        yield frame
        frame = _frame_at(head, frame.start + frame.size)


def _first_frame(head: bytes, anywhere: bool) -> Optional[_Frame]:
    """The first frame that is followed by another one, or by the end of what is known."""
    start = 0
    while start >= 0:
        frame = _frame_at(head, start)
        if frame is not None:
            end_seen = frame.start + frame.size + 4 > len(head)
            # Elsewhere than at the start two bytes of sync are too easily found by chance.
            if (end_seen and start == 0) or len(list(_frames_from(head, frame))) > 1:
                return frame
        start = head.find(b"\xff", start + 1) if anywhere else -1
    return None


def _told_by_header(head: bytes, first: _Frame) -> Optional[Mp3]:
    """What the first frame says of the whole file, if it holds such a header."""
    counts = _xing_counts(head, first) or _vbri_counts(head, first)
    if counts is None:
        return None
    frames, size = counts
    seconds = frames * first.samples / first.sample_rate
    pace = size / seconds if seconds else 0.0
    if _POSSIBLE_PACE[0] <= pace <= _POSSIBLE_PACE[1]:
        return Mp3(first.sample_rate, pace, seconds)
    # Only the frames were counted, or nothing at all.
    return Mp3(first.sample_rate, None, seconds if not size and seconds else None)


def _xing_counts(head: bytes, first: _Frame) -> Optional[Tuple[int, int]]:
    """Frames and bytes by a Xing or Info header, which stands behind the side information."""
    for offset in (13, 21, 36):  # MPEG-2 mono; MPEG-2 stereo or MPEG-1 mono; MPEG-1 stereo
        at = first.start + offset
        if head[at : at + 4] in (b"Xing", b"Info") and len(head) >= at + 16:
            flags, one, two = struct.unpack_from(">III", head, at + 4)
            # Each number is there only if its flag is.
            frames = one if flags & 1 else 0
            size = (two if flags & 1 else one) if flags & 2 else 0
            return frames, size
    return None


def _vbri_counts(head: bytes, first: _Frame) -> Optional[Tuple[int, int]]:
    """Frames and bytes by a VBRI header, always 32 bytes behind the frame's header."""
    at = first.start + 36
    if head[at : at + 4] != b"VBRI" or len(head) < at + 18:
        return None
    size, frames = struct.unpack_from(">II", head, at + 10)
    return frames, size
