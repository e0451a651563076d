"""What a stream has to tell of itself: with replays, drops and losses. Times are made up."""

from __future__ import annotations

from typing import Any, Optional

import pytest

from telnyx_stt_sync._actions import Finished, Heard, TranscriptHeard
from telnyx_stt_sync._errors import ConnectionLostError
from telnyx_stt_sync._events import EndedBy, Stats, Transcript, Word
from telnyx_stt_sync._messages import TranscriptMessage
from telnyx_stt_sync._record import Record
from telnyx_stt_sync._replay import Replay
from telnyx_stt_sync._splice import Lost, Told


def message(text: str, *, is_final: bool = True, **facts: Any) -> TranscriptMessage:
    """A transcript, without times unless they are given."""
    return TranscriptMessage(
        text=text,
        is_final=is_final,
        confidence=None,
        speech_final=False,
        utterance_end=False,
        words=facts.get("words", ()),
        start=facts.get("start"),
        end=facts.get("end"),
        raw={},
    )


class Stream:
    """A record and its replay, of audio with 100 bytes a second; opened at 100."""

    def __init__(self) -> None:
        self.replay = Replay(1000, can_cut=True)
        self.replay.opened(100.0)
        self.record = Record(self.replay, 100.0, 100.0)

    def send(self, size: int) -> None:
        """Audio goes out, at 101."""
        self.replay.sent(bytes(size), 101.0)

    def tell(self, text: str, now: float = 102.0, **facts: Any) -> Transcript:
        """A transcript came, and it is told."""
        return heard(self.record.tell(Told(message(text, **facts)), now)[0])


def heard(event: Heard) -> Transcript:
    """What ``on_transcript`` gets."""
    assert isinstance(event, TranscriptHeard)
    return event.transcript


# -- what was heard ---------------------------------------------------------------------------


def test_what_was_held_back() -> None:
    """A transcript that is told later than it came is judged by when it came."""
    stream = Stream()
    stream.send(900)
    (event,) = stream.record.tell(Told(message("a"), position=250), 102.0)
    assert (heard(event).start, heard(event).end) == (0.0, 2.5)


def test_estimated_times() -> None:
    """Without times of the service, a transcript ends where the audio stood when it came."""
    stream = Stream()
    stream.send(250)
    told = stream.tell("a")
    assert (told.start, told.end, told.timing) == (0.0, 2.5, "estimated")
    stream.send(100)
    told = stream.tell("b")
    assert (told.start, told.end) == (2.5, 3.5)


def test_server_times_count_from_the_start_of_the_stream() -> None:
    """The service's times, of words too, are moved by where its connection began."""
    stream = Stream()
    stream.send(500)
    stream.replay.next_start = 200
    stream.replay.opened(110.0)
    words = (Word("a", 0.5, 0.9, 0.8), Word("b"))
    told = stream.tell("a b", start=0.5, end=1.5, words=words)
    assert (told.start, told.end, told.timing) == (2.5, 3.5, "server")
    assert told.words == (Word("a", 2.5, 2.9, 0.8), Word("b"))


def test_times_behind_a_drop() -> None:
    """Seconds are those of the audio that was given, so a drop before moves them on."""
    stream = Stream()
    stream.record.drop(300)
    stream.send(100)
    assert stream.tell("a").end == 4.0
    assert stream.tell("b", start=0.0, end=1.0).start == 3.0


def test_server_times_behind_a_drop() -> None:
    """The service does not know of audio that was dropped on the way to it: that is added."""
    stream = Stream()
    stream.send(200)
    stream.record.drop(300)
    stream.send(200)
    stream.record.drop(100)
    told = [stream.tell("a", start=start, end=start + 0.5) for start in (1.0, 2.5, 4.25)]
    assert [(part.start, part.end) for part in told] == [(1.0, 1.5), (5.5, 6.0), (8.25, 8.75)]


def test_server_times_behind_a_drop_on_a_later_connection() -> None:
    """That holds for each connection from where it began."""
    stream = Stream()
    stream.record.drop(100)
    stream.send(500)
    stream.record.drop(300)
    stream.replay.next_start = 200
    stream.replay.opened(110.0)
    told = [stream.tell("a", start=start, end=start + 0.5) for start in (1.0, 3.5)]
    assert [part.start for part in told] == [4.0, 9.5]


@pytest.mark.parametrize("replayed", [True, False])
def test_doubtful_words(replayed: bool) -> None:
    """A transcript with words that may have been told before says so."""
    (event,) = Stream().record.tell(Told(message("a"), replayed), 102.0)
    assert heard(event).replayed is replayed


def test_the_first_text() -> None:
    """An empty frame is no text; the first with text is, final or not."""
    stream = Stream()
    stream.record.chronicle.opened(100.0)
    assert stream.record.tell(Told(message("")), 101.0) == []
    assert stream.record.stats().first_transcript_seconds is None
    stream.tell("a", 103.0, is_final=False)
    stream.tell("a", 104.0)
    assert stream.record.stats().first_transcript_seconds == 3.0


# -- what was not -----------------------------------------------------------------------------


def test_a_drop() -> None:
    """Dropped audio is a gap behind what was sent, an error that says how much, and counted."""
    stream = Stream()
    stream.send(250)
    error = stream.record.drop(150)
    assert error.seconds == 1.5
    assert "1.50 s" in str(error)
    assert "2.50 s" in str(error)
    assert "buffer_seconds" in str(error)
    stats = stream.record.stats()
    assert (stats.dropped_bytes, stats.dropped_seconds) == (150, 1.5)
    assert stream.record.transcription(Finished("quiet")).gaps == ((2.5, 4.0),)


def test_a_drop_during_a_replay() -> None:
    """What was dropped lay behind the furthest that was ever sent, not behind the replay."""
    stream = Stream()
    stream.send(500)
    stream.replay.opened(110.0)
    stream.record.drop(100)
    assert stream.record.transcription(Finished("quiet")).gaps == ((5.0, 6.0),)


def test_a_loss() -> None:
    """What may be lost is a gap from where to where it was in the audio that was given."""
    stream = Stream()
    stream.record.drop(100)
    stream.record.lose(Lost("too old", 200, 350))
    assert stream.record.transcription(Finished("error")).gaps == ((0.0, 1.0), (3.0, 4.5))


# -- counters ---------------------------------------------------------------------------------


def test_stats() -> None:
    """Audio that was sent again is counted as that, and once as sent."""
    stream = Stream()
    stream.record.chronicle.opened(100.0)
    stream.send(500)
    stream.tell("a", is_final=False)
    stream.tell("a b")
    stream.replay.next_start = 200
    stream.replay.opened(110.0)
    stream.record.chronicle.opened(110.0)
    stream.send(150)
    stats = stream.record.stats()
    assert (stats.sent_bytes, stats.sent_seconds) == (500, 5.0)
    assert (stats.replayed_bytes, stats.replayed_seconds) == (150, 1.5)
    assert (stats.interims, stats.finals, stats.reconnects) == (1, 1, 1)


@pytest.mark.parametrize(
    ("ended_by", "error", "complete"),
    [
        ("server_close", None, True),
        ("quiet", None, True),
        ("closed", None, False),
        ("timeout", None, False),
        ("error", ConnectionLostError("gone"), False),
        ("server_close", ConnectionLostError("gone"), False),
    ],
)
def test_the_transcription(
    ended_by: EndedBy, error: Optional[ConnectionLostError], complete: bool
) -> None:
    """It is complete when the service had said all, and nothing had gone wrong."""
    stream = Stream()
    stream.send(250)
    stream.tell("a")
    stream.tell("b", is_final=False)
    stream.record.log.keep_unknown(b"?")
    result = stream.record.transcription(Finished(ended_by, error))
    assert [(part.text, part.is_final) for part in result.segments] == [("a", True), ("b", False)]
    assert (result.complete, result.ended_by) == (complete, ended_by)
    assert (result.audio_seconds, result.gaps, result.unknown_frames) == (2.5, (), (b"?",))
    assert result.stats == stream.record.stats()


def test_a_new_record() -> None:
    """At first there is nothing to tell; ``repr`` shows how far it is."""
    record = Record(Replay(None, can_cut=True), 100.0, 100.0)
    assert record.stats() == Stats()
    assert "finals=0" in repr(record)
    assert "position=0" in repr(record)
