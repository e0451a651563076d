"""The newest audio of a stream, by position."""

from __future__ import annotations

from typing import List

from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._tape import Tape


def test_what_is_kept() -> None:
    """Audio can be read from any place on, as much as is wanted, or as there is."""
    tape = Tape(10, 1)
    tape.append(b"abc")
    tape.append(b"defg")
    assert (tape.start, tape.end) == (0, 7)
    assert tape.read(0, 100) == b"abcdefg"
    assert tape.read(2, 3) == b"cde"
    assert tape.read(7, 3) == b""


def test_what_is_dropped() -> None:
    """Beyond its capacity the oldest goes; positions stay what they were."""
    tape = Tape(4, 1)
    tape.append(b"abc")
    tape.append(b"de")
    assert (tape.start, tape.end) == (1, 5)
    assert tape.read(1, 100) == b"bcde"
    tape.append(b"0123456789")
    assert (tape.start, tape.end) == (11, 15)
    assert tape.read(12, 100) == b"789"


def test_no_room_at_all() -> None:
    """A tape of no capacity keeps nothing but the count."""
    tape = Tape(0, 1)
    tape.append(b"abc")
    assert (tape.start, tape.end, tape.read(3, 100)) == (3, 3, b"")


def test_repr() -> None:
    """``repr`` shows from where to where it reaches."""
    tape = Tape(2, 1)
    tape.append(b"abc")
    assert repr(tape) == "<Tape 1..3>"


def test_the_end_of_a_cut_sample() -> None:
    """Audio that ends in the middle of a sample does not make the rest begin in one."""
    tape = Tape(4, 2)
    tape.append(b"abcdef")
    tape.append(b"g")
    assert (tape.start, tape.end) == (4, 7)
    assert tape.read(4, 100) == b"efg"
    nothing = Tape(0, 2)
    nothing.append(b"abc")
    assert (nothing.start, nothing.end) == (3, 3)


@settings(deadline=None)
@given(
    unit=st.sampled_from([1, 2, 4]),
    samples=st.integers(0, 6),
    pieces=st.lists(st.integers(0, 4), max_size=12),
    rest=st.integers(0, 3),
)
def test_any_pieces(unit: int, samples: int, pieces: List[int], rest: int) -> None:
    """It holds the last samples of all that was put, as many as it may."""
    capacity = samples * unit
    tape, everything = Tape(capacity, unit), b""
    for size in [*(size * unit for size in pieces), rest % unit]:
        piece = bytes(range(len(everything), len(everything) + size))
        tape.append(piece)
        everything += piece
        kept = tape.end - tape.start
        assert tape.end == len(everything)
        assert kept <= capacity
        assert tape.start == tape.end or tape.start % unit == 0
        assert kept > min(capacity, len(everything)) - unit
        assert tape.read(tape.start, 1000) == everything[tape.start :]
