"""WebM, and Matroska, from which it comes: how long a file plays.

Layouts: RFC 8794 (EBML: elements of an identity, a size and a body) and RFC 9559 (Matroska).
"""

from __future__ import annotations

import struct
from typing import Iterator, Optional, Tuple

# Elements that hold the ones that are looked for; all others are passed over as a whole.
_SEGMENT, _INFO = b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66"
_CLUSTER, _BLOCK_GROUP = b"\x1f\x43\xb6\x75", b"\xa0"
_OPENED = frozenset({_SEGMENT, _INFO, _CLUSTER, _BLOCK_GROUP})

_TICK, _DURATION = b"\x2a\xd7\xb1", b"\x44\x89"
_TIMESTAMP = b"\xe7"
_BLOCKS = frozenset({b"\xa3", b"\xa1"})

# Nanoseconds of a tick where the file does not say.
_USUAL_TICK = 1_000_000


def webm_seconds(head: bytes, tail: bytes = b"") -> Optional[float]:
    """The length by the header, else by the last block; ``None`` where neither tells.

    Browsers that record leave the header open. ``tail`` is the end of the file, as much as holds
    the last cluster, which is a few seconds of audio.
    """
    tick, ticks = _header(head)
    ticks = ticks or _last_block(tail)
    return ticks * tick / 1e9 if ticks and ticks > 0 else None


def _header(head: bytes) -> Tuple[int, Optional[float]]:
    """Nanoseconds of a tick, and how many the file lasts."""
    tick, ticks = _USUAL_TICK, None
    for identity, body in _elements(head):
        if identity == _TICK:
            tick = int.from_bytes(body[:8], "big")
        elif identity == _DURATION and len(body) in (4, 8):
            (ticks,) = struct.unpack(">f" if len(body) == 4 else ">d", body)
        elif identity == _CLUSTER:
            break
    return tick, ticks


def _last_block(tail: bytes) -> Optional[int]:
    """When the last block begins, in ticks."""
    cluster = tail.rfind(_CLUSTER)
    start: Optional[int] = None  # None: the cluster has not said when it begins
    latest: Optional[int] = None
    for identity, body in _elements(tail[cluster:] if cluster >= 0 else b""):
        if identity == _TIMESTAMP:
            start = int.from_bytes(body[:8], "big")
        elif identity in _BLOCKS and start is not None and body:
            # Behind the number of the track, in 16 bits, the ticks since the cluster began.
            at = _width(body[0])
            after = int.from_bytes(body[at : at + 2], "big", signed=True)
            latest = max(latest or 0, start + after)
    return latest


def _elements(data: bytes) -> Iterator[Tuple[bytes, bytes]]:
    """Identity and body of each element, as far as the data goes; no body of those it opens."""
    at = 0
    while at < len(data):
        identity = data[at : at + _width(data[at])]
        at += len(identity)
        if at >= len(data):
            return
        width = _width(data[at])
        size = int.from_bytes(data[at : at + width], "big") & (1 << 7 * width) - 1
        at += width
        if identity in _OPENED:
            yield identity, b""  # its size may be unknown, and does not matter
            continue
        yield identity, data[at : at + size]
        at += size


def _width(first: int) -> int:
    """How many bytes a number takes, by its first: as many as that has leading zeros, and one."""
    return 9 - first.bit_length()
