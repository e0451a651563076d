"""What was heard: interims replace each other, finals stay, boundaries are told once."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._actions import Heard, TranscriptHeard, UtteranceEnded
from telnyx_stt_sync._events import Word
from telnyx_stt_sync._messages import TranscriptMessage
from telnyx_stt_sync._transcript_log import TranscriptLog


def message(text: str, kind: str = "final", **facts: Any) -> TranscriptMessage:
    """A message: an ``interim``, a ``final``, or a final that is a boundary of one of two kinds."""
    return TranscriptMessage(
        text=text,
        is_final=kind != "interim",
        confidence=facts.get("confidence"),
        speech_final=kind == "speech_final",
        utterance_end=kind == "utterance_end",
        words=facts.get("words", ()),
        start=facts.get("start"),
        end=facts.get("end"),
        raw=facts.get("raw", {}),
    )


def names(heard: List[Heard]) -> List[str]:
    """What was told, in short: ``interim a``, ``final a``, ``end``."""
    shown = []
    for event in heard:
        if isinstance(event, UtteranceEnded):
            shown.append("end")
        else:
            kind = "final" if event.transcript.is_final else "interim"
            shown.append(f"{kind} {event.transcript.text}")
    return shown


def texts(log: TranscriptLog) -> List[Tuple[str, bool]]:
    """The segments' texts, each with whether it is final."""
    return [(segment.text, segment.is_final) for segment in log.segments()]


def test_an_empty_log() -> None:
    """At first there is nothing."""
    log = TranscriptLog()
    assert (log.segments(), log.interims, log.finals) == ((), 0, 0)


# Messages as (text, kind) → what is told of each, and the segments and counters at the end.
Story = Tuple[List[Tuple[str, str]], List[List[str]], List[Tuple[str, bool]], Tuple[int, int]]
STORIES: List[Story] = [
    (
        [("a", "interim"), ("a b", "interim"), ("a b c", "final")],
        [["interim a"], ["interim a b"], ["final a b c"]],
        [("a b c", True)],
        (2, 1),
    ),
    (
        [("a", "final"), ("b", "final"), ("c", "interim")],
        [["final a"], ["final b"], ["interim c"]],
        [("a", True), ("b", True), ("c", False)],
        (1, 2),
    ),
    # One boundary, told twice: on the final, and in an empty frame behind it.
    (
        [("a", "speech_final"), ("", "utterance_end"), ("b", "speech_final")],
        [["final a", "end"], [], ["final b", "end"]],
        [("a", True), ("b", True)],
        (0, 2),
    ),
    (
        [("a", "final"), ("", "speech_final"), ("", "utterance_end"), ("", "final")],
        [["final a"], ["end"], [], []],
        [("a", True)],
        (0, 1),
    ),
    ([("a", "final"), ("", "final")], [["final a"], ["end"]], [("a", True)], (0, 1)),
    ([("a", "utterance_end")], [["final a", "end"]], [("a", True)], (0, 1)),
    # Nothing was said, so no utterance ended.
    ([("", "final"), ("", "speech_final"), ("", "utterance_end")], [[], [], []], [], (0, 0)),
    # Interims alone make an utterance as well.
    ([("a", "interim"), ("", "utterance_end")], [["interim a"], ["end"]], [("a", False)], (1, 0)),
    # An empty final takes an interim back, and so does an empty interim.
    ([("a", "interim"), ("", "final")], [["interim a"], ["end"]], [], (1, 0)),
    ([("a", "interim"), ("", "interim")], [["interim a"], []], [], (1, 0)),
    ([("", "interim")], [[]], [], (0, 0)),
    # The same text twice is said twice.
    ([("no", "final"), ("no", "final")], [["final no"], ["final no"]], [("no", True)] * 2, (0, 2)),
]


@pytest.mark.parametrize(
    ("story", "told", "segments", "counters"), STORIES, ids=range(len(STORIES))
)
def test_stories(
    story: List[Tuple[str, str]],
    told: List[List[str]],
    segments: List[Tuple[str, bool]],
    counters: Tuple[int, int],
) -> None:
    """Interims replace each other, finals stay in order, each boundary is told once."""
    log = TranscriptLog()
    assert [names(log.add(message(text, kind), 1.0)) for text, kind in story] == told
    assert texts(log) == segments
    assert (log.interims, log.finals) == counters


def test_everything_told_is_kept() -> None:
    """A transcript holds all that the frame said, the frame itself included."""
    words = (Word("a", 1.0, 2.0, 0.5),)
    raw = {"transcript": " a"}
    (heard,) = TranscriptLog().add(
        message("a", confidence=0.5, words=words, start=1.0, end=2.0, raw=raw), 9.0
    )
    assert isinstance(heard, TranscriptHeard)
    transcript = heard.transcript
    assert (transcript.confidence, transcript.words, transcript.raw) == (0.5, words, raw)
    assert (transcript.speech_final, transcript.replayed) == (False, False)
    assert (transcript.start, transcript.end, transcript.timing) == (1.0, 2.0, "server")


def test_the_segments_are_what_was_told() -> None:
    """The segment of a final is the very transcript that was told."""
    log = TranscriptLog()
    told = [event.transcript for text in "ab" for event in log.add(message(text), 1.0)]
    assert list(log.segments()) == told


def test_the_end_of_an_utterance_carries_its_frame() -> None:
    """The end of an utterance comes with the transcript of the frame that told it."""
    _, ended = TranscriptLog().add(message("a", "speech_final"), 1.0)
    assert isinstance(ended, UtteranceEnded)
    assert (ended.transcript.text, ended.transcript.speech_final) == ("a", True)


# (seconds of audio sent, kind, server's start, server's end) → (start, end, timing).
Times = Tuple[float, str, Optional[float], Optional[float]]
CLOCKS: List[Tuple[List[Times], List[Tuple[float, float, str]]]] = [
    # A stretch that nobody told begins where the last final ended, and ends with the audio.
    (
        [(2.0, "final", None, None), (3.5, "final", None, None)],
        [(0.0, 2.0, "estimated"), (2.0, 3.5, "estimated")],
    ),
    # Interims say more: when somebody began to speak, and when the last word was there.
    (
        [(3.0, "interim", None, None), (9.0, "final", None, None), (9.5, "final", None, None)],
        [(2.6, 3.0, "estimated"), (2.6, 3.0, "estimated"), (3.0, 9.5, "estimated")],
    ),
    # Where the service has told the times, interims do not change them, nor what follows.
    (
        [(3.0, "interim", None, None), (9.0, "final", 1.0, 2.5), (9.5, "final", None, None)],
        [(2.6, 3.0, "estimated"), (1.0, 2.5, "server"), (2.5, 9.5, "estimated")],
    ),
    # Finals behind the end of the audio have no time of their own left.
    (
        [(4.0, "final", None, None), (4.0, "final", None, None)],
        [(0.0, 4.0, "estimated"), (4.0, 4.0, "estimated")],
    ),
    # The service's own times win, and estimates go on from there.
    (
        [(9.0, "final", 1.0, 2.5), (9.5, "final", None, None)],
        [(1.0, 2.5, "server"), (2.5, 9.5, "estimated")],
    ),
    # Those of an interim are its own business.
    (
        [(3.0, "interim", 1.0, 2.5), (9.0, "final", None, None)],
        [(1.0, 2.5, "server"), (0.0, 9.0, "estimated")],
    ),
    # An estimate never ends before the final before it.
    (
        [(1.0, "final", 0.0, 5.0), (2.0, "final", None, None)],
        [(0.0, 5.0, "server"), (5.0, 5.0, "estimated")],
    ),
    # Times that go back are told as they are, but do not take estimates back.
    (
        [(9.0, "final", 0.0, 8.0), (9.0, "final", 1.0, 2.0), (9.0, "interim", None, None)],
        [(0.0, 8.0, "server"), (1.0, 2.0, "server"), (8.6, 9.0, "estimated")],
    ),
]


@pytest.mark.parametrize(("story", "expected"), CLOCKS, ids=range(len(CLOCKS)))
def test_times(story: List[Times], expected: List[Tuple[float, float, str]]) -> None:
    """Times are the service's where it gives them, else bounded by the audio that was sent."""
    log = TranscriptLog()
    found = []
    for seconds, kind, start, end in story:
        (heard,) = log.add(message("x", kind, start=start, end=end), seconds)
        transcript = heard.transcript
        found.append((transcript.start, transcript.end, transcript.timing))
    assert found == expected


def test_times_of_a_later_connection() -> None:
    """The service's times count from where its connection began; those of words as well."""
    words = (Word("a", 1.0, 2.0, 0.5), Word("b", None, 3.0), Word("c", 3.0))
    (heard,) = TranscriptLog().add(
        message("a b c", start=1.0, end=4.0, words=words), 99.0, offset=10.0
    )
    assert (heard.transcript.start, heard.transcript.end) == (11.0, 14.0)
    assert heard.transcript.words == (
        Word("a", 11.0, 12.0, 0.5),
        Word("b", None, 13.0),
        Word("c", 13.0),
    )


def test_estimates_on_a_later_connection() -> None:
    """Estimates are of the whole stream already."""
    (heard,) = TranscriptLog().add(message("a"), 12.0, offset=10.0)
    assert (heard.transcript.start, heard.transcript.end) == (0.0, 12.0)


@pytest.mark.parametrize("replayed", [True, False])
def test_words_that_may_have_been_told(replayed: bool) -> None:
    """What may have been told before says so, and so does its segment."""
    log = TranscriptLog()
    told = [event.transcript.replayed for event in log.add(message("a"), 1.0, replayed=replayed)]
    assert told == [segment.replayed for segment in log.segments()] == [replayed]


@pytest.mark.parametrize(
    ("kind", "start"), [("final", 2.0), ("speech_final", 2.0), ("utterance_end", 1.0)]
)
def test_where_the_next_words_begin(kind: str, start: float) -> None:
    """An empty final says how far the engine has come; the end of an utterance does not."""
    log = TranscriptLog()
    log.add(message("a"), 1.0)
    log.add(message("", kind), 2.0)
    (heard,) = log.add(message("b"), 3.0)
    assert heard.transcript.start == start


def test_unknown_frames() -> None:
    """Frames of no known shape are kept as they came, the first hundred of them."""
    log = TranscriptLog()
    assert log.unknown() == ()
    for number in range(200):
        log.keep_unknown({"n": number})
    assert log.unknown() == tuple({"n": number} for number in range(100))


def test_repr() -> None:
    """``repr`` shows the counters."""
    log = TranscriptLog()
    log.add(message("a", "interim"), 1.0)
    assert repr(log) == "<TranscriptLog finals=0 interims=1>"


MESSAGES = st.tuples(
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["interim", "final", "speech_final", "utterance_end"]),
)


@settings(deadline=None)
@given(st.lists(MESSAGES, max_size=12))
def test_no_final_is_lost(story: List[Tuple[str, str]]) -> None:
    """Every final with text is told and is a segment, in order; at most one interim follows."""
    log = TranscriptLog()
    told: List[Heard] = []
    for text, kind in story:
        told += log.add(message(text, kind), 1.0)
    finals = [text for text, kind in story if text and kind != "interim"]
    heard = [event.transcript for event in told if isinstance(event, TranscriptHeard)]
    assert [transcript.text for transcript in heard if transcript.is_final] == finals
    assert [text for text, is_final in texts(log) if is_final] == finals
    assert [is_final for _, is_final in texts(log)][len(finals) :] in ([], [False])
    assert log.finals == len(finals)
    assert sum(isinstance(event, UtteranceEnded) for event in told) <= len(heard)
