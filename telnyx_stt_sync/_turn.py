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
        # that a signal handler never takes itself for somebody else. For others to look at only.
        self.inside: Set[int] = set()
        # The I/O thread comes next. Set by who has the turn, taken back by that thread alone.
        self.is_wanted = False

    def take(self, may_break: Callable[[], bool]) -> None:
        """For the I/O thread, when it has slept. ``may_break``: whether the stream is to end."""
        if not self._lock.acquire(False):
            self.is_wanted = True
            give_up_at = time.monotonic() + LONGEST_TURN
            while not self._lock.acquire(timeout=LOST_TURN):
                if may_break() and (not self.inside or time.monotonic() > give_up_at):
                    break  # who has it was interrupted, and this is why the stream is to end
        self.is_wanted = False

    def give(self) -> None:
        """For the I/O thread, right before it sleeps."""
        self._lock.release()

    def let_go(self) -> None:
        """After an exception out of ``borrow()``: this thread is not in there any more."""
        self.inside.discard(threading.get_ident())

    def borrow(self, work: Callable[[bytes], bool], audio: bytes) -> bool:
        """Have some audio sent by ``work``, if the turn is free and not wanted. Never waits.

        Returns what that returns; ``False`` when the turn is not to be had. Work that needs the
        I/O thread behind it sets ``is_wanted``: then nobody borrows it before that thread.
        """
        me = threading.get_ident()
        if self.is_wanted or me in self.inside:
            return False
        self.inside.add(me)
        try:
            if not self._lock.acquire(False):
                return False
            try:
                return work(audio)
            finally:
                self._lock.release()
        finally:
            self.inside.discard(me)
