"""Whose turn it is to use a connection."""

from __future__ import annotations

import threading
from typing import Callable, Optional

# A user thread that was interrupted while it had the turn may not have given it back. Seconds after
# which the I/O thread takes it all the same, to end the stream.
LOST_TURN = 0.5


class Turn:
    """Whoever has it may touch session and transport, nobody else.

    Two threads that use one TLS connection at a time corrupt it. The I/O thread has the turn
    whenever it does not sleep in ``select``. Meanwhile a user thread may borrow it for as long as
    one frame needs: to wake another thread for every 20 ms of audio costs more than to send them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # whoever holds it has the turn
        self._borrower: Optional[int] = None  # None: it is not borrowed
        self.is_wanted = False  # the I/O thread comes next

    @property
    def is_borrowed_by_me(self) -> bool:
        """Whether this thread has borrowed it: a signal handler may find itself there."""
        return self._borrower == threading.get_ident()

    def take(self, may_break: Callable[[], bool]) -> None:
        """For the I/O thread, when it has slept. ``may_break``: whether the stream is to end."""
        self.is_wanted = True
        while not self._lock.acquire(timeout=LOST_TURN):
            if may_break():
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
        if self.is_wanted or not self._lock.acquire(False):
            return False
        try:
            self._borrower = threading.get_ident()
            self.is_wanted = not work()
            return not self.is_wanted
        finally:
            self._borrower = None
            self._lock.release()
