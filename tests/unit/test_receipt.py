"""The proof that the peer has read all: which pongs count, and when one is owed."""

from __future__ import annotations

from telnyx_stt_sync._receipt import FIRST, LAST, Receipt


def receipt() -> Receipt:
    """So much audio was sent that a proof is worth a ping."""
    made = Receipt()
    made.want()
    return made


def test_a_peer_that_answers() -> None:
    """From the end of the audio until its pong a proof is owed."""
    made = receipt()
    assert made.payload == FIRST
    made.pong(FIRST)
    assert not made.is_owed
    assert made.end()
    assert made.payload == LAST
    assert made.is_owed
    made.pong(FIRST)  # the answer to an older ping
    assert made.is_owed
    made.pong(LAST)
    assert not made.is_owed


def test_a_peer_that_never_answered() -> None:
    """It is believed, and asked all the same; its first answer binds it."""
    made = receipt()
    assert made.end()
    assert not made.is_owed
    made.pong(FIRST)
    assert made.is_owed
    made.pong(LAST)
    assert not made.is_owed


def test_pongs_that_answer_nothing() -> None:
    """Pongs that nobody asked for, or without what was in the ping, bind nobody."""
    made = receipt()
    made.pong(b"")
    made.pong(b"hello")
    assert made.end()
    made.pong(b"")
    assert not made.is_owed


def test_little_audio() -> None:
    """A stream that our own buffer could hold needs no proof."""
    made = Receipt()
    made.pong(FIRST)
    assert not made.end()
    assert made.payload == b""
    assert not made.is_owed
