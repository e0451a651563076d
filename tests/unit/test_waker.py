"""Waits on a socket that another thread can end. Real sockets, real threads."""

from __future__ import annotations

import selectors
import socket
import threading
import time
from typing import Iterator, List, Tuple

import pytest

from telnyx_stt_sync._waker import Waker

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
SHORT = 0.05  # a wait that is to pass without anything

Pair = Tuple[socket.socket, socket.socket]


@pytest.fixture
def waker() -> Iterator[Waker]:
    """A waker that is closed in the end."""
    made = Waker()
    yield made
    made.close()


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Two connected sockets."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield ours, theirs
    ours.close()
    theirs.close()


def took(waker: Waker, timeout: float) -> float:
    """How many seconds a wait takes that nothing but a wake-up can end."""
    before = time.monotonic()
    assert waker.wait(None, 0, timeout) == 0
    return time.monotonic() - before


def test_nothing_happens(waker: Waker) -> None:
    """A wait ends when its time is up, with nothing ready."""
    assert took(waker, SHORT) > SHORT / 2


def test_no_time_at_all(waker: Waker, limit: float) -> None:
    """A wait of no time only looks."""
    assert took(waker, 0.0) < limit
    assert took(waker, -1.0) < limit


def test_a_wake_up_in_advance(waker: Waker, limit: float) -> None:
    """A wake-up that comes before the wait ends it: none can be missed."""
    waker.wake()
    assert took(waker, limit) < limit


def test_a_wake_up_for_a_wait_without_end(waker: Waker, limit: float) -> None:
    """A wait without a time limit ends when another thread wakes."""
    waits = threading.Thread(target=lambda: waker.wait(None, 0, None), daemon=True)
    waits.start()
    waker.wake()
    waits.join(limit)
    assert not waits.is_alive()


def test_wake_ups_do_not_add_up(waker: Waker, limit: float) -> None:
    """Any number of wake-ups never blocks and ends one wait; the next one waits again."""
    for _ in range(100_000):
        waker.wake()
    assert took(waker, limit) < limit
    assert took(waker, SHORT) > SHORT / 2


def test_no_wake_up_is_lost(waker: Waker, limit: float) -> None:
    """Whatever other threads change before they wake is seen after the wait, every time."""
    rounds, threads = 500, 4
    turn = threading.Barrier(threads + 1)
    done: List[int] = []

    def work() -> None:
        for number in range(rounds):
            turn.wait(limit)
            done.append(number)
            waker.wake()

    workers = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for number in range(rounds):
        turn.wait(limit)
        while len(done) < threads * (number + 1):
            assert took(waker, limit) < limit
    for worker in workers:
        worker.join(limit)


@pytest.mark.parametrize(
    ("sends", "events", "expected"),
    [
        (True, READ, READ),
        (True, WRITE, WRITE),
        (True, READ | WRITE, READ | WRITE),
        (False, WRITE, WRITE),
        (False, READ | WRITE, WRITE),
        (False, READ, 0),
    ],
)
def test_what_is_ready(waker: Waker, pair: Pair, sends: bool, events: int, expected: int) -> None:
    """A wait tells which of the events that were asked for are ready."""
    ours, theirs = pair
    if sends:
        theirs.send(b"x")
    assert waker.wait(ours, events, SHORT) == expected


def test_a_wake_up_beside_a_socket(waker: Waker, pair: Pair, limit: float) -> None:
    """A wake-up ends the wait for a socket, and hides nothing that is ready there."""
    ours, theirs = pair
    waker.wake()
    assert waker.wait(ours, READ, limit) == 0
    waker.wake()
    theirs.send(b"x")
    assert waker.wait(ours, READ, limit) == READ
    assert waker.wait(ours, READ | WRITE, limit) == READ | WRITE


def test_the_end_of_a_peer(waker: Waker, pair: Pair, limit: float) -> None:
    """A peer that went away makes the socket readable."""
    ours, theirs = pair
    theirs.close()
    assert waker.wait(ours, READ, limit) == READ


def test_another_question(waker: Waker, pair: Pair, limit: float) -> None:
    """Every wait asks anew: for other events, for another socket, or for none."""
    ours, theirs = pair
    theirs.send(b"x")
    assert waker.wait(ours, READ, limit) == READ
    assert waker.wait(ours, WRITE, limit) == WRITE
    assert waker.wait(theirs, READ, SHORT) == 0
    assert waker.wait(None, 0, SHORT) == 0
    assert waker.wait(ours, READ, limit) == READ
    assert waker.wait(ours, READ, limit) == READ


def test_a_socket_that_is_closed(waker: Waker, limit: float) -> None:
    """After ``forget()`` a socket may be closed, and another one watched under its number."""
    for _ in range(3):
        ours, theirs = socket.socketpair()
        assert waker.wait(ours, READ | WRITE, limit) == WRITE
        waker.forget()
        waker.forget()
        ours.close()
        theirs.close()
    assert took(waker, SHORT) > SHORT / 2


@pytest.mark.parametrize("timeout", [1e7, 1e10, 1e300])
def test_a_very_long_wait(waker: Waker, timeout: float) -> None:
    """A time limit of months or ages, which means none, is no error."""
    waker.wake()
    assert waker.wait(None, 0, timeout) == 0


def test_wake_ups_after_the_end() -> None:
    """After ``close()``, which may come twice, ``wake()`` does nothing, to nobody's socket."""
    waker = Waker()
    waker.close()
    waker.close()
    # These take the numbers that the waker's own sockets had.
    others = [socket.socketpair() for _ in range(4)]
    waker.wake()
    ends = [end for other in others for end in other]
    for end in ends:
        end.setblocking(False)
        with pytest.raises(BlockingIOError):
            end.recv(1)
    for end in ends:
        end.close()


def test_closed_with_a_socket_in_it(pair: Pair, limit: float) -> None:
    """Closing with a socket still watched leaves the socket alone."""
    ours, theirs = pair
    waker = Waker()
    assert waker.wait(ours, WRITE, limit) == WRITE
    waker.close()
    assert theirs.send(b"x") == 1
    assert ours.recv(1) == b"x"


def test_woken_while_it_is_closed(limit: float) -> None:
    """Threads that wake while another one closes come to no harm."""
    failures: List[BaseException] = []

    def wake(waker: Waker) -> None:
        try:
            for _ in range(200):
                waker.wake()
        except BaseException as exc:
            failures.append(exc)

    for _ in range(20):
        waker = Waker()
        threads = [threading.Thread(target=wake, args=(waker,), daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        waker.close()
        for thread in threads:
            thread.join(limit)
    assert failures == []
