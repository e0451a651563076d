"""After every kind of failure with reconnecting on: threads and descriptors are at the baseline."""

from __future__ import annotations

import gc
import io
from typing import Any, Callable, Dict, List, Optional, Type

import pytest

from telnyx_stt_sync import (
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    RequestRejectedError,
    RetryPolicy,
    ServerError,
    TelnyxSTTError,
    TranscriptionTimeout,
)
from tests.embedding.house import SECOND, descriptors, own_threads, wait_until
from tests.wire.client import SPEECH, How, both, transcriber
from tests.wire.peer import Link, Peer, Step
from tests.wire.steps import answer, close, read_audio, read_until_gone, reset, text

QUICK = RetryPolicy(max_attempts=2, initial=0.01, jitter=0.0)
LONG_WAIT = RetryPolicy(initial=60.0, maximum=60.0, max_elapsed=600.0)

UNAUTHORIZED = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
REJECTION = {"errors": [{"code": "40005", "title": "Invalid Parameter"}]}


def ignore(link: Link) -> None:
    """Read the request, and leave it without an answer."""
    link.read_head()
    read_until_gone(link)


class Second:
    """A peer that resets its first connection, and does something else with those that follow."""

    def __init__(self, *steps: Step, greeting: Any = None) -> None:
        self._steps = steps
        self._greeting = greeting
        self._connects = 0

    def peer(self) -> Peer:
        """It."""
        return Peer(self._talk, greeting=self._greet)

    def _greet(self, link: Link) -> None:
        self._connects += 1
        if self._connects > 1 and self._greeting is not None:
            self._greeting(link)
            return
        link.read_head()
        link.send(link.accept_head())

    def _talk(self, link: Link) -> None:
        if self._connects == 1:
            read_audio(len(SPEECH))(link)
            reset(link)
        for step in self._steps:
            step(link)


# What follows on the first connection, further options, and the error.
FAILURES: Dict[str, Any] = {
    "used-up retries": (lambda: Second(read_audio(1), reset), {}, ConnectionLostError),
    "used-up connects": (
        lambda: Second(greeting=answer(UNAVAILABLE)),
        {},
        ConnectionLostError,
    ),
    "401": (lambda: Second(greeting=answer(UNAUTHORIZED)), {}, AuthenticationError),
    "no answer": (
        lambda: Second(greeting=ignore),
        {"connect_timeout": 0.5},
        ConnectionLostError,
    ),
    "error frame": (
        lambda: Second(read_audio(1), text({"error": "no"}), close(1011)),
        {},
        ServerError,
    ),
    "errors frame": (
        lambda: Second(read_audio(1), text(REJECTION), close(1008)),
        {},
        RequestRejectedError,
    ),
    "mute": (lambda: Second(read_until_gone), {"drain_timeout": 0.1}, TranscriptionTimeout),
}


@both
@pytest.mark.parametrize("failure", list(FAILURES))
def test_failure_after_a_loss(failure: str, how: How) -> None:
    """Nothing is left when a stream fails that was reconnected, or was about to be."""
    make, options, error = FAILURES[failure]
    told: List[TelnyxSTTError] = []
    with make().peer() as peer:
        before = baseline()
        stt = transcriber(peer.url, reconnect=QUICK, on_error=told.append, **options)
        check(lambda: how(stt, SPEECH), error, before)
        assert [type(each) for each in told] == ([error] if how.__name__ == "live" else [])


@pytest.mark.parametrize("call", ["file", "finish"])
def test_timeout_in_the_backoff(call: str) -> None:
    """The same when the timeout of the call passes while the stream waits to connect again."""
    with Peer(read_audio(1), reset) as peer:
        before = baseline()
        stt = transcriber(peer.url, reconnect=LONG_WAIT)

        def run() -> None:
            if call == "file":
                stt.transcribe_file(io.BytesIO(SPEECH), timeout=0.3)
                return
            stt.start()
            stt.send(SPEECH)
            stt.finish(timeout=0.3)

        check(run, TranscriptionTimeout, before)


def test_server_that_stays_down() -> None:
    """The same when no connection was ever open, and the retries are used up."""
    with Peer(greeting=answer(UNAVAILABLE)) as peer:
        before = baseline()
        stt = transcriber(peer.url, reconnect=QUICK)
        check(stt.start, ConnectError, before)
        assert len(peer.links) == 3


def baseline() -> Optional[int]:
    """The descriptors that are open, without those that only wait to be collected."""
    gc.collect()
    return descriptors()


def check(call: Callable[[], Any], error: Type[TelnyxSTTError], before: Optional[int]) -> None:
    """The call raises that error, and what it had open is closed."""
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    assert own_threads() == []
    # The peer's threads need a moment to close their ends.
    wait_until(lambda: descriptors() == before, SECOND)
