"""Whose turn it is to use a connection."""

from __future__ import annotations

import threading
import time
from typing import Callable, Set

# A user thread that was interrupted while it had the turn may not have given it back. Seconds after
# which the I/O thread takes it all the same, to end the stream: that thread is known to have left,
# or it ought to have.
LOST_TURN, LONGEST_TURN = 0.5, 5.0


class Turn:
    """Whoever has it may touch session and transport, nobody else.

    Two threads that use one TLS connection at a time corrupt it. The I/O thread has the turn
    whenever it does not sleep in ``select``. Meanwhile a user thread may borrow it for as long as
    one frame needs: to wake another thread for every 20 ms of audio costs more than to send them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # whoever holds it has the turn
        # The threads in borrow(). Each enters before it holds the lock and leaves behind that, so
        # that a signal handler never takes itself for somebody else.
        self._inside: Set[int] = set()
        # The I/O thread comes next. Set by anyone, taken back by that thread alone.
        self.is_wanted = False

    @property
    def is_borrowed_by_me(self) -> bool:
        """Whether this thread is in ``borrow()``: a signal handler may find itself there."""
        return threading.get_ident() in self._inside

    def take(self, may_break: Callable[[], bool]) -> None:
        """For the I/O thread, when it has slept. ``may_break``: whether the stream is to end."""
        self.is_wanted = True
        give_up_at = time.monotonic() + LONGEST_TURN
        while not self._lock.acquire(timeout=LOST_TURN):
            if may_break() and (not self._inside or time.monotonic() > give_up_at):
                break  # who has it was interrupted, and this is why the stream is to end
        self.is_wanted = False

    def give(self) -> None:
        """For the I/O thread, right before it sleeps."""
        self._lock.release()

    def borrow(self, work: Callable[[], bool]) -> bool:
        """Do some work, if the turn is free and not wanted. Never waits.

        ``False`` when the I/O thread is needed: now because the turn is not free, or from now on
        because the work says so. In that case nobody borrows it any more before that thread.
        """
        me = threading.get_ident()
        if self.is_wanted or me in self._inside:
            return False
        self._inside.add(me)
        try:
            return self._borrow(work)
        finally:
            self._inside.discard(me)

    def _borrow(self, work: Callable[[], bool]) -> bool:
        if not self._lock.acquire(False):
            return False
        try:
            if work():
                return True
            self.is_wanted = True
            return False
        finally:
            self._lock.release()
