"""Events that wait to be delivered: interims give way, everything else arrives."""

from __future__ import annotations

import threading
from typing import List, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._actions import Failed, TranscriptHeard, UtteranceEnded
from telnyx_stt_sync._errors import TelnyxSTTError
from telnyx_stt_sync._event_queue import MAX_WAITING, Closed, Event, EventQueue
from telnyx_stt_sync._events import Transcript, Transcription


def interim(text: str) -> Event:
    """An interim of that text."""
    return TranscriptHeard(Transcript(text, False))


def final(text: str) -> Event:
    """A final of that text."""
    return TranscriptHeard(Transcript(text, True))


UTTERANCE_END = UtteranceEnded(Transcript("", True))
FAILED = Failed(TelnyxSTTError("it went wrong"))
CLOSED = Closed(Transcription())


def filled(events: List[Event], limit: int = MAX_WAITING) -> EventQueue:
    """A queue into which these were put."""
    queue = EventQueue(limit)
    for event in events:
        queue.put(event)
    return queue


def rest(queue: EventQueue) -> List[Event]:
    """All that is in it, without waiting."""
    events: List[Event] = []
    while True:
        event = queue.take(wait=False)
        if event is None:
            return events
        events.append(event)


def test_first_in_first_out() -> None:
    """Events of all kinds come out in the order in which they went in."""
    events = [interim("a"), final("a"), UTTERANCE_END, FAILED, interim("b"), CLOSED]
    assert rest(filled(events)) == events


def test_nothing_there() -> None:
    """Without waiting, an empty queue gives nothing, and so does one that has ended."""
    queue = EventQueue()
    assert queue.take(wait=False) is None
    queue.end()
    assert queue.take(wait=False) is None


def test_the_end() -> None:
    """After the end comes what was left, then nothing, without waiting; ending again is fine."""
    queue = filled([final("a"), CLOSED])
    queue.end()
    queue.end()
    assert [queue.take() for _ in range(4)] == [final("a"), CLOSED, None, None]


@pytest.mark.parametrize("event", [final("a"), None], ids=["event", "end"])
def test_a_consumer_that_waits(event: Optional[Event], limit: float) -> None:
    """A consumer that waits gets an event, or learns of the end, as soon as it is woken."""
    queue = EventQueue()
    taken: List[Optional[Event]] = []
    consumer = threading.Thread(
        target=lambda: taken.append(queue.take(look_every=100 * limit)), daemon=True
    )
    consumer.start()
    if event is None:
        queue.end()
    else:
        queue.put(event)
        queue.wake()
    consumer.join(limit)
    assert not consumer.is_alive()
    assert taken == [event]


def test_a_consumer_that_waits_long(limit: float) -> None:
    """A consumer goes on waiting when its slice of time is over and nothing has come."""
    queue = EventQueue()
    taken: List[Optional[Event]] = []
    consumer = threading.Thread(target=lambda: taken.append(queue.take()), daemon=True)
    consumer.start()
    consumer.join(0.5)
    assert consumer.is_alive()
    queue.put(final("a"))
    queue.wake()
    consumer.join(limit)
    assert taken == [final("a")]


# What is put into a queue for three events → what is left.
A, B, C = final("A"), final("B"), final("C")
CROWDS = [
    ([interim(n) for n in "abcde"], [interim(n) for n in "cde"]),
    ([A, interim("a"), interim("b"), interim("c")], [A, interim("b"), interim("c")]),
    ([interim("a"), A, B, C], [A, B, C]),
    ([A, B, C, final("D"), FAILED, CLOSED], [A, B, C, final("D"), FAILED, CLOSED]),
    ([A, B, C, interim("a")], [A, B, C, interim("a")]),
    ([A, B, C, interim("a"), interim("b")], [A, B, C, interim("b")]),
    ([UTTERANCE_END, FAILED, interim("a"), CLOSED], [UTTERANCE_END, FAILED, CLOSED]),
    ([UTTERANCE_END] * 5, [UTTERANCE_END] * 5),
]


@pytest.mark.parametrize(("events", "left"), CROWDS, ids=range(len(CROWDS)))
def test_a_full_queue(events: List[Event], left: List[Event]) -> None:
    """In a full queue the oldest interim gives way; finals, errors and the end never do."""
    assert rest(filled(events, limit=3)) == left


def test_the_limit() -> None:
    """A thousand events may wait before interims give way."""
    assert MAX_WAITING == 1000
    queue = filled([interim(str(number)) for number in range(1001)])
    assert rest(queue) == [interim(str(number)) for number in range(1, 1001)]


def test_discard() -> None:
    """Discarding drops the transcripts that wait; errors and the end still come."""
    queue = filled([final("a"), interim("b"), UTTERANCE_END, FAILED, CLOSED])
    queue.discard()
    assert rest(queue) == [FAILED, CLOSED]
    queue.discard()
    queue.put(final("c"))
    assert rest(queue) == [final("c")]


EVENTS = st.lists(
    st.sampled_from([interim("a"), interim("b"), final("A"), UTTERANCE_END, FAILED, CLOSED])
)


@settings(deadline=None)
@given(st.integers(1, 5), EVENTS)
def test_only_interims_give_way(limit: int, events: List[Event]) -> None:
    """However full it was, everything but interims comes out, in order, and the newest event."""

    def lasting(among: List[Event]) -> List[Event]:
        return [event for event in among if event not in (interim("a"), interim("b"))]

    left = rest(filled(events, limit))
    assert lasting(left) == lasting(events)
    assert left[-1:] == events[-1:]
    assert len(left) <= max(limit, len(lasting(events)) + 1)


def test_many_threads(limit: float) -> None:
    """A consumer that waits gets every event of a producer in another thread, in order."""
    queue = EventQueue()
    events = [final(str(number)) for number in range(20_000)]

    def produce() -> None:
        for event in events:
            queue.put(event)
            queue.wake()
        queue.end()

    producer = threading.Thread(target=produce, daemon=True)
    producer.start()
    taken = list(iter(queue.take, None))
    producer.join(limit)
    assert taken == events
