"""One thread at a time, and the I/O thread first."""

from __future__ import annotations

import threading
from typing import List

import pytest

from telnyx_stt_sync import _turn
from telnyx_stt_sync._turn import Turn


@pytest.fixture
def turn() -> Turn:
    """A turn that nobody has."""
    return Turn()


def never() -> bool:
    """The stream is not to end."""
    return False


def well(audio: bytes) -> bool:
    """Work that is done."""
    return True


def fail(audio: bytes) -> bool:
    """Work that nobody may do."""
    pytest.fail("who has not the turn works")


@pytest.mark.parametrize("answer", [True, False])
def test_borrowed_while_it_is_free(answer: bool, turn: Turn) -> None:
    """The work is done by who borrows it, who knows of that meanwhile only; its answer counts."""
    seen: List[object] = []

    def work(audio: bytes) -> bool:
        seen.extend([audio, threading.get_ident() in turn.inside])
        return answer

    assert turn.borrow(work, b"audio") is answer
    assert seen == [b"audio", True] and threading.get_ident() not in turn.inside


def test_not_borrowed_from_the_io_thread(turn: Turn) -> None:
    """Nobody else works while the I/O thread has it."""
    turn.take(never)
    assert not turn.borrow(fail, b"")
    turn.give()
    assert turn.borrow(well, b"")


def test_not_borrowed_twice(turn: Turn) -> None:
    """A signal handler that comes in the middle does not work as well."""

    def work(audio: bytes) -> bool:
        return not turn.borrow(fail, audio) and threading.get_ident() in turn.inside

    assert turn.borrow(work, b"")


def test_work_that_needs_the_io_thread(turn: Turn) -> None:
    """After it nobody borrows the turn before the I/O thread has had it."""

    def work(audio: bytes) -> bool:
        turn.is_wanted = True
        return True

    assert turn.borrow(work, b"")
    assert not turn.borrow(fail, b"")
    turn.take(never)
    turn.give()
    assert turn.borrow(well, b"")


def test_work_that_raises(turn: Turn) -> None:
    """The turn is given back."""

    def work(audio: bytes) -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        turn.borrow(work, b"")
    assert threading.get_ident() not in turn.inside and turn.borrow(well, b"")


class SlowLock:
    """A lock that who waits for it gets only when it may."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.is_waited_for, self.may_go = threading.Event(), threading.Event()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Like that of a lock."""
        if blocking:
            self.is_waited_for.set()
            assert self.may_go.wait(20)
        return self._lock.acquire(blocking, timeout)

    def release(self) -> None:
        """Like that of a lock."""
        self._lock.release()


def test_the_io_thread_waits_and_is_next(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wants the turn while another has it; nobody else comes in between, however fast."""
    lock = SlowLock()
    monkeypatch.setattr(turn, "_lock", lock)
    io_thread = threading.Thread(target=turn.take, args=(never,))

    def work(audio: bytes) -> bool:
        io_thread.start()
        return lock.is_waited_for.wait(20)

    assert turn.borrow(work, b"")
    assert not turn.borrow(fail, b"")
    lock.may_go.set()
    io_thread.join()
    assert not turn.is_wanted and not turn.borrow(fail, b"")


def test_a_slow_borrower_is_not_robbed(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is still at work keeps the turn, even if the stream is to end: only who has left."""
    monkeypatch.setattr(_turn, "LOST_TURN", 0.01)
    asked, events = threading.Event(), []

    def may_break() -> bool:
        asked.set()
        return True

    def io_thread() -> None:
        turn.take(may_break)
        events.append("taken")

    def work(audio: bytes) -> bool:
        waits.start()
        assert asked.wait(20)
        waits.join(0.1)
        events.append("done")
        return True

    waits = threading.Thread(target=io_thread)
    assert turn.borrow(work, b"")
    waits.join()
    assert events == ["done", "taken"]


def test_a_borrower_that_never_comes_back(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for for ever."""
    monkeypatch.setattr(_turn, "LOST_TURN", 0.01)
    monkeypatch.setattr(_turn, "LONGEST_TURN", 0.05)

    def work(audio: bytes) -> bool:
        turn.take(lambda: True)
        return True

    assert turn.borrow(work, b"")


def test_a_turn_that_was_lost(turn: Turn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The I/O thread takes it all the same when the stream is to end."""
    monkeypatch.setattr(_turn, "LOST_TURN", 0.01)
    turn.take(never)
    answers = iter([False, False, True])
    turn.take(lambda: next(answers))
    assert next(answers, None) is None
