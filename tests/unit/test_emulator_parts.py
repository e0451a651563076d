"""The small parts of the emulator that need no socket."""

from __future__ import annotations

import math
import threading
from typing import Dict, List, Optional, Tuple

import pytest

from telnyx_stt_sync.emulator import Query, Session
from telnyx_stt_sync.emulator._backlog import Backlog
from telnyx_stt_sync.emulator._outbox import (
    Close,
    Outbox,
    Reset,
    Send,
    SendRaw,
    StopReading,
    Vanish,
    ends_connection,
)
from telnyx_stt_sync.emulator._pace import Pace
from telnyx_stt_sync.emulator._patience import Patience
from telnyx_stt_sync.emulator._service import SessionLog
from telnyx_stt_sync.emulator._upgrade import PATH, refusal
from telnyx_stt_sync.emulator._websocket import WebSocket

# Query


def test_query_has_first_values_and_all_values() -> None:
    """A query reads like a mapping of first values, and knows every value of a name."""
    query = Query.of_target("/path?keywords=a&keywords=b%3A2&empty=&model=nova-3")
    assert query == {"keywords": "a", "empty": "", "model": "nova-3"}
    assert query.get_all("keywords") == ["a", "b:2"]
    assert query.get_all("nothing") == []
    assert len(query) == 3
    assert "nova-3" in repr(query)


# Upgrade


@pytest.mark.parametrize(
    ("path", "headers", "key", "status"),
    [
        (PATH, {"authorization": "Bearer k"}, None, None),
        (PATH, {"authorization": "bearer  k "}, "k", None),
        (PATH, {"authorization": "Bearer k"}, "other", 401),
        (PATH, {"authorization": "Bearer "}, None, 401),
        (PATH, {"authorization": "Basic k"}, None, 401),
        (PATH, {}, None, 401),
        (PATH, {"authorization": "Bearer k", "origin": "http://x"}, None, 403),
        ("/", {"authorization": "Bearer k"}, None, 404),
        (PATH + "/", {"authorization": "Bearer k"}, None, 404),
    ],
)
def test_who_is_refused(
    path: str, headers: Dict[str, str], key: Optional[str], status: Optional[int]
) -> None:
    """Wrong path, an Origin, no key or a wrong one are refused; any key will do otherwise."""
    refused = refusal(path, headers, key)
    assert (None if refused is None else refused.status) == status


# Pace


def test_pace_of_an_infinitely_fast_recogniser() -> None:
    """At infinite speed everything is done when it comes."""
    pace = Pace(math.inf)
    pace.audio_received(10.0, 100.0)
    assert (pace.busy_until, pace.done_at(3.0)) == (100.0, 100.0)


def test_pace_works_audio_off() -> None:
    """Audio queues up behind audio; a break lets the queue run empty."""
    pace = Pace(2.0)
    pace.audio_received(4.0, 100.0)
    pace.audio_received(4.0, 101.0)
    assert pace.busy_until == 104.0
    assert pace.done_at(4.0) == 102.0
    pace.audio_received(2.0, 200.0)
    assert pace.busy_until == 201.0
    assert pace.done_at(99.0) == 201.0


# Outbox


def next_and_last(outbox: Outbox) -> Tuple[Optional[float], float]:
    return outbox.next_due, outbox.last_due


def test_outbox_keeps_the_order() -> None:
    """What is due early waits for what stands before it."""
    outbox = Outbox()
    outbox.put(Send("late"), 5.0)
    outbox.put(Send("early"), 3.0)
    outbox.put(Close(), 6.0)
    assert next_and_last(outbox) == (5.0, 6.0)
    assert outbox.take_due(4.9) == []
    assert outbox.take_due(5.0) == [Send("late"), Send("early")]
    assert next_and_last(outbox) == (6.0, 6.0)
    assert outbox.take_due(6.0) == [Close()]
    assert next_and_last(outbox) == (None, 6.0)


def test_what_ends_a_connection() -> None:
    """Nothing follows a close, a reset or a peer that vanished."""
    assert not any(ends_connection(each) for each in (Send(""), SendRaw(b""), StopReading()))
    assert all(ends_connection(each) for each in (Close(), Reset(), Vanish()))


# Patience


def test_patience_with_a_client_that_asks_for_nothing() -> None:
    """The request has ten seconds to come."""
    patience = Patience(100.0)
    assert patience.gives_up_at == 110.0
    assert not patience.is_over(109.9)
    assert patience.is_over(110.0)


def test_patience_while_the_session_is_open() -> None:
    """An open session has no limit."""
    patience = Patience(100.0)
    patience.requested()
    assert patience.gives_up_at is None
    assert not patience.is_over(1e9)


def test_patience_at_the_end() -> None:
    """A close frame has five seconds to be answered, the other direction one to end."""
    patience = Patience(100.0)
    patience.requested()
    patience.closing(200.0)
    patience.closing(203.0)
    assert patience.gives_up_at == 205.0
    assert patience.half_ended(203.0)
    assert not patience.half_ended(204.0)
    patience.closing(204.0)
    assert patience.gives_up_at == 204.0


# Backlog


def test_backlog_cuts_audio_and_keeps_the_order() -> None:
    """Audio comes out in pieces of the size asked for; text stays between its neighbours."""
    backlog = Backlog()
    assert backlog.take(10) is None
    backlog.put(b"abcde")
    backlog.put("text")
    backlog.put(b"")
    backlog.put(b"fg")
    assert (bool(backlog), backlog.audio_bytes) == (True, 7)
    assert [backlog.take(3) for _ in range(4)] == [b"abc", b"de", "text", b"fg"]
    assert (bool(backlog), backlog.audio_bytes) == (False, 0)


# What a fault does to a WebSocket


class FakeWire:
    """A wire whose client asks for a WebSocket and then reads only when told to."""

    def __init__(self) -> None:
        self.reads = self.writes = self.all_sent = True
        self.put_in: List[bytes] = []
        self.flushes = 0

    def receive(self) -> bytes:
        return (
            b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )

    def put(self, data: bytes) -> None:
        self.put_in.append(data)

    def flush(self) -> None:
        self.flushes += 1


def open_websocket() -> Tuple[WebSocket, FakeWire]:
    """A WebSocket whose handshake is done, and its wire."""
    wire = FakeWire()
    websocket = WebSocket(wire)  # type: ignore[arg-type]
    websocket.receive()
    websocket.accept()
    wire.put_in.clear()
    return websocket, wire


def test_raw_bytes_wait_for_who_does_not_read() -> None:
    """Raw bytes go out as they are; while the client has to catch up, they are left out."""
    websocket, wire = open_websocket()
    websocket.perform(SendRaw(b"one"))
    wire.all_sent = False
    websocket.perform(SendRaw(b"two"))
    wire.all_sent = True
    websocket.perform(SendRaw(b"three"))
    assert wire.put_in == [b"one", b"three"]


def test_websocket_that_vanished_sends_nothing() -> None:
    """What was to be sent goes out first; then nothing does, not even a close frame."""
    websocket, wire = open_websocket()
    websocket.send("last words")
    websocket.perform(Vanish())
    assert (len(wire.put_in), wire.flushes, wire.reads, wire.writes) == (1, 1, False, False)
    websocket.send("more")
    websocket.close(1001)
    assert len(wire.put_in) == 1
    assert (websocket.is_open, websocket.close_code) == (False, 1006)


def test_websocket_that_stops_reading_still_sends() -> None:
    """Only the reading ends."""
    websocket, wire = open_websocket()
    websocket.perform(StopReading())
    websocket.send("more")
    assert (len(wire.put_in), wire.reads, wire.writes) == (1, False, True)


# Session and its log


def make_session(record: bool = True) -> Session:
    return Session(1, PATH, Query("model=nova-3"), {}, record=record)


def test_session_records() -> None:
    """A session tells what came, what went out, and how it ended; only the first end counts."""
    session = make_session()
    session.answered(101)
    session.received(b"ab")
    session.received(b"c")
    session.received("{}")
    session.frame_sent("frame")
    session.frame_sent(b"binary")
    assert repr(session) == "<Session 1: HTTP 101, 3 bytes of audio, 2 frames sent, open>"
    session.ended(1000, "server")
    session.ended(1006, None)
    assert (session.audio, session.audio_bytes) == (b"abc", 3)
    assert (session.text_frames, session.frames) == (["{}"], ["frame", b"binary"])
    assert (session.close_code, session.closed_by, session.closed.is_set()) == (
        1000,
        "server",
        True,
    )
    assert repr(session).endswith("closed 1000>")


def test_session_without_a_record_only_counts() -> None:
    """With record=False no audio and no frame is kept."""
    session = make_session(record=False)
    session.received(b"abc")
    session.received("{}")
    session.frame_sent("frame")
    assert (session.audio, session.audio_bytes) == (b"", 3)
    assert (session.text_frames, session.frames) == ([], [])


def test_waiting_for_a_session() -> None:
    """wait_for returns as soon as its condition holds, and False when it never does."""
    session = make_session()
    feeder = threading.Timer(0.05, session.received, [b"abc"])
    feeder.start()
    assert session.wait_for(lambda it: it.audio_bytes == 3, timeout=10)
    feeder.join()
    assert not session.wait_for(lambda it: it.audio_bytes == 4, timeout=0.01)


def test_log_numbers_sessions_and_waits_for_answers() -> None:
    """Sessions are counted from 1; a request that was not answered is not waited out."""
    log = SessionLog()
    first = log.add(PATH, Query(""), {})
    second = log.add(PATH, Query(""), {})
    assert (first.index, second.index) == (1, 2)
    log.answered(first, 101)
    assert log.wait_for(1, 0.0) == [first, second]
    with pytest.raises(TimeoutError, match="1 of 2 sessions"):
        log.wait_for(2, 0.01)
    answer = threading.Timer(0.05, log.answered, [second, 401])
    answer.start()
    assert log.wait_for(2, 10.0) == [first, second]
    answer.join()
    assert second.status == 401
