"""Something that happens once, and that threads wait for."""

from __future__ import annotations

import contextlib
import threading


class Latch:
    """Like ``threading.Event``, but a signal handler may raise at any point of ``wait()``.

    An Event would be left locked by that, and whoever sets it would wait for ever.
    Any thread may call everything.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._gate = threading.Lock()  # held until it is set; guards nothing
        self._gate.acquire()

    def is_set(self) -> bool:
        """Whether it has happened."""
        return self._is_set

    def set(self) -> None:
        """It has happened. Never waits; idempotent."""
        self._is_set = True
        with contextlib.suppress(RuntimeError):  # it stands open already
            self._gate.release()

    def wait(self, timeout: float) -> bool:
        """Wait ``timeout`` seconds at most; whether it has happened.

        May take all of them when another thread's wait was interrupted, so give short ones.
        """
        if not self._is_set and self._gate.acquire(timeout=timeout):
            self.set()  # for the next one who waits
        return self._is_set
