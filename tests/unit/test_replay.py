"""What is sent again, from where, and how it is counted. Times are made up."""

from __future__ import annotations

from typing import List

import pytest

from telnyx_stt_sync._messages import TranscriptMessage
from telnyx_stt_sync._replay import Replay
from telnyx_stt_sync._splice import Decision, Lost, Told


def message(text: str, *, is_final: bool = True) -> TranscriptMessage:
    """A transcript without times."""
    return TranscriptMessage(
        text=text,
        is_final=is_final,
        confidence=None,
        speech_final=False,
        utterance_end=False,
        words=(),
        start=None,
        end=None,
        raw={},
    )


def texts(decisions: List[Decision]) -> List[str]:
    """What is told, and nothing else was decided."""
    told = [decision for decision in decisions if isinstance(decision, Told)]
    assert len(told) == len(decisions)
    return [decision.message.text for decision in told]


def opened(capacity: int = 1000, *, can_cut: bool = True) -> Replay:
    """A live stream, open since 100."""
    replay = Replay(capacity, can_cut=can_cut)
    replay.opened(100.0)
    return replay


def all_pieces(replay: Replay, limit: int = 300) -> bytes:
    """What it wants to send again; it is sent at 110."""
    pieces: List[bytes] = []
    while True:
        piece = replay.next_piece(limit)
        if not piece:
            return b"".join(pieces)
        assert len(piece) <= limit
        pieces.append(piece)
        replay.sent(piece, 110.0)


def test_at_first() -> None:
    """A stream begins at its start, with nothing to send again."""
    replay = opened()
    assert (replay.start, replay.position, replay.furthest, replay.replayed) == (0, 0, 0, 0)
    assert replay.next_piece(100) == b""
    assert repr(replay) == "<Replay position=0 <Splice finals=0 held=0>>"


def test_new_audio() -> None:
    """Audio that is sent for the first time is not to be sent again on the same connection."""
    replay = opened()
    replay.sent(b"abc", 101.0)
    assert (replay.position, replay.furthest, replay.replayed) == (3, 3, 0)
    assert replay.next_piece(100) == b""


def test_live_audio_is_sent_again() -> None:
    """After a loss what was not answered is sent again, once, and only then what is new."""
    replay = opened()
    replay.sent(b"a" * 400 + b"b" * 400, 101.0)
    assert replay.restart() == 0
    assert replay.next_start == 0
    replay.opened(105.0)
    assert (replay.start, replay.position, replay.furthest) == (0, 0, 800)
    assert all_pieces(replay) == b"a" * 400 + b"b" * 400
    assert (replay.position, replay.furthest, replay.replayed) == (800, 800, 800)
    replay.sent(b"c" * 100, 111.0)
    assert (replay.position, replay.furthest, replay.replayed) == (900, 900, 800)
    assert replay.next_piece(100) == b""


def test_a_replay_that_is_cut_short() -> None:
    """A loss in the middle of a replay counts what went out, and the tape is not put twice."""
    replay = opened()
    replay.sent(b"x" * 400 + b"y" * 400, 101.0)
    replay.restart()
    replay.opened(105.0)
    replay.sent(replay.next_piece(300), 106.0)
    assert replay.restart() == 0
    replay.opened(108.0)
    assert all_pieces(replay) == b"x" * 400 + b"y" * 400
    assert replay.replayed == 1100


def test_a_source_that_goes_back() -> None:
    """Where the source goes back by itself nothing is kept, and what it sends again is counted."""
    replay = Replay(None, can_cut=True)
    replay.opened(100.0)
    replay.sent(bytes(500), 101.0)
    assert replay.restart() == 0
    replay.opened(105.0)
    assert replay.next_piece(100) == b""
    replay.sent(bytes(300), 106.0)
    assert (replay.replayed, replay.furthest) == (300, 500)
    replay.sent(bytes(300), 106.0)
    assert (replay.replayed, replay.furthest) == (500, 600)


def test_from_where_it_goes_on() -> None:
    """What finals have answered is not sent again, but for a stretch that shows the overlap."""
    replay = opened(100_000)
    for number in range(60):
        replay.sent(bytes(100), 101.0 + number)
        replay.heard(message(f"word{number}"), 101.5 + number)
    start = replay.restart()
    assert isinstance(start, int)
    assert 0 < start < 6000
    replay.opened(200.0)
    assert replay.start == replay.position == start
    assert len(all_pieces(replay)) == 6000 - start


def test_a_store_that_is_too_short() -> None:
    """Audio that is no longer kept can't be made up for: that is told, and nothing moves."""
    replay = opened(200)
    replay.sent(bytes(500), 101.0)
    lost = replay.restart()
    assert isinstance(lost, Lost)
    assert (lost.start, lost.end) == (0, 300)
    assert "replay_seconds" in lost.why
    assert replay.next_start == 0


def test_a_container() -> None:
    """A format that can't be cut starts over, or not at all."""
    for capacity, start in ((1000, 0), (200, None)):
        replay = opened(capacity, can_cut=False)
        replay.sent(bytes(500), 101.0)
        answer = replay.restart()
        assert answer == start if start is not None else isinstance(answer, Lost)


def test_known_words_are_not_told_again() -> None:
    """Words that come again are held back and dropped; what is new is told."""
    replay = opened()
    replay.sent(bytes(500), 101.0)
    first = "one two three four five six seven eight nine"
    assert texts(replay.heard(message(first), 102.0)) == [first]
    assert replay.restart() == 0
    replay.opened(105.0)
    replay.sent(replay.next_piece(1000), 105.5)
    assert replay.heard(message("one two three four five six seven eight"), 106.0) == []
    assert texts(replay.heard(message("nine ten"), 106.0)) == ["ten"]
    assert replay.ended() == []


def test_nothing_is_left_to_tell() -> None:
    """At the end of a stream that was never lost, all has been told."""
    replay = opened()
    replay.sent(bytes(500), 101.0)
    assert texts(replay.heard(message("one"), 102.0)) == ["one"]
    assert replay.ended() == []


@pytest.mark.parametrize("text", ["one two three", "one two three four"])
def test_what_was_held_back_is_told_at_the_end(text: str) -> None:
    """When the service has said all, what was held back is settled."""
    replay = opened()
    replay.sent(bytes(500), 101.0)
    replay.heard(message("one two three"), 102.0)
    replay.restart()
    replay.opened(105.0)
    replay.sent(replay.next_piece(1000), 105.5)
    told = texts(replay.heard(message(text), 106.0)) + texts(replay.ended())
    assert told == ([] if text == "one two three" else ["four"])


def test_the_last_of_what_is_sent_again() -> None:
    """With it comes the time by which the answer is due, and whoever sleeps is told, once."""
    replay = opened()
    assert not replay.sent(b"a" * 800, 101.0)
    replay.heard(message("one two"), 102.0)
    replay.restart()
    replay.opened(103.0)
    assert not replay.sent(replay.next_piece(400), 104.0)
    replay.heard(message("one"), 105.0)
    assert replay.deadline is None
    assert replay.sent(replay.next_piece(400), 106.0)
    assert replay.deadline == 116.0
    assert not replay.sent(b"new", 107.0)
