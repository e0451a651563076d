"""What the fuzzing tests share: how long they search, and how bytes are spoilt.

``TELNYX_STT_FUZZ=fuzz-long`` searches for minutes in place of seconds.
"""

from __future__ import annotations

import os
from typing import Callable, List, Tuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("fuzz", max_examples=1000, deadline=None, suppress_health_check=_SLOW)
settings.register_profile(
    "fuzz-long", max_examples=50_000, deadline=None, suppress_health_check=_SLOW
)

fuzzed = settings.get_profile(os.environ.get("TELNYX_STT_FUZZ", "fuzz"))

Damage = Tuple[Callable[[bytes, int, bytes], bytes], int, bytes]


def cut(data: bytes, at: int, other: bytes) -> bytes:
    """End there."""
    return data[:at]


def behead(data: bytes, at: int, other: bytes) -> bytes:
    """Begin there."""
    return data[at:]


def flip(data: bytes, at: int, other: bytes) -> bytes:
    """One byte is another."""
    return data[:at] + other[:1] + data[at + 1 :]


def overwrite(data: bytes, at: int, other: bytes) -> bytes:
    """Some bytes are others."""
    return data[:at] + other + data[at + len(other) :]


def insert(data: bytes, at: int, other: bytes) -> bytes:
    """Some bytes come in between."""
    return data[:at] + other + data[at:]


def leave_out(data: bytes, at: int, other: bytes) -> bytes:
    """Some bytes are missing."""
    return data[:at] + data[at + len(other) :]


def double(data: bytes, at: int, other: bytes) -> bytes:
    """What stands before is said once more."""
    return data[:at] + data[max(0, at - 8 * len(other)) :]


KINDS = [cut, cut, flip, overwrite, overwrite, overwrite, insert, leave_out, behead, double]

# Sizes and signs that have misled readers of headers.
TREACHEROUS = [b"\0", b"\xff", b"\x7f", b"\x80", bytes(4), b"\xff" * 4, b"\xff\xff\xff\x7f"]


def spoilt(data: bytes, damages: List[Damage]) -> bytes:
    """The data, damaged in these ways one after the other."""
    for damage, at, other in damages:
        data = damage(data, at % (len(data) + 1), other)
    return data


# Most of what matters stands in front, in fields of two or four bytes.
PLACES = st.one_of(
    st.sampled_from(range(0, 48, 2)),
    st.sampled_from(range(64)),
    st.sampled_from(range(4000)),
)
PIECES = st.sampled_from([*TREACHEROUS, *TREACHEROUS]) | st.binary(min_size=1, max_size=8)
DAMAGES = st.lists(st.tuples(st.sampled_from(KINDS), PLACES, PIECES), max_size=3)
