"""The newest audio of a stream, by position."""

from __future__ import annotations

from typing import List

from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._tape import Tape


def test_what_is_kept() -> None:
    """Audio can be read from any place on, as much as is wanted, or as there is."""
    tape = Tape(10)
    tape.append(b"abc")
    tape.append(b"defg")
    assert (tape.start, tape.end) == (0, 7)
    assert tape.read(0, 100) == b"abcdefg"
    assert tape.read(2, 3) == b"cde"
    assert tape.read(7, 3) == b""


def test_what_is_dropped() -> None:
    """Beyond its capacity the oldest goes; positions stay what they were."""
    tape = Tape(4)
    tape.append(b"abc")
    tape.append(b"de")
    assert (tape.start, tape.end) == (1, 5)
    assert tape.read(1, 100) == b"bcde"
    tape.append(b"0123456789")
    assert (tape.start, tape.end) == (11, 15)
    assert tape.read(12, 100) == b"789"


def test_no_room_at_all() -> None:
    """A tape of no capacity keeps nothing but the count."""
    tape = Tape(0)
    tape.append(b"abc")
    assert (tape.start, tape.end, tape.read(3, 100)) == (3, 3, b"")


def test_repr() -> None:
    """``repr`` shows from where to where it reaches."""
    tape = Tape(2)
    tape.append(b"abc")
    assert repr(tape) == "<Tape 1..3>"


@settings(deadline=None)
@given(capacity=st.integers(0, 20), pieces=st.lists(st.binary(max_size=12), max_size=12))
def test_any_pieces(capacity: int, pieces: List[bytes]) -> None:
    """It always holds the last bytes of all that was put, and not one more than it may."""
    tape, everything = Tape(capacity), b""
    for piece in pieces:
        tape.append(piece)
        everything += piece
        assert tape.end == len(everything)
        assert tape.end - tape.start == min(capacity, len(everything))
        assert tape.read(tape.start, 1000) == everything[tape.start :]
