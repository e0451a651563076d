"""Waiting for a socket, or for another thread's call, or for a moment."""

from __future__ import annotations

import selectors
from typing import Optional

from ._waker import Waker
from ._wire import Wire


class Poller:
    """Waits for one ``Wire``. The thread that owns the wire waits; any other may ``wake()`` it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._waker = Waker()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._waker, selectors.EVENT_READ)
        # Which events of the wire the selector looks for; 0 when it is not registered.
        self._watched = 0

    def wait(self, timeout: Optional[float], *, reads: bool) -> None:
        """Wait up to ``timeout`` seconds (``None``: for ever) for something to do.

        That is: input, if ``reads``; room for what the wire has to write; ``wake()``.
        """
        events = selectors.EVENT_READ if reads else 0
        if self._wire.wants_write:
            events |= selectors.EVENT_WRITE
        self._select(events, 0.0 if reads and self._wire.holds_input else timeout)

    def pause(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds for ``wake()``, whatever the wire does."""
        self._select(0, timeout)

    def wake(self) -> None:
        """End the wait now, or the next one at once. Does nothing after ``close()``."""
        self._waker.wake()

    def close(self) -> None:
        """Release what the constructor opened; not the wire. Idempotent."""
        self._selector.close()
        self._waker.close()

    def _select(self, events: int, timeout: Optional[float]) -> None:
        self._watch(events)
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._waker:
                self._waker.clear()

    def _watch(self, events: int) -> None:
        if events == self._watched:
            return
        if self._watched:
            self._selector.unregister(self._wire)
        if events:
            self._selector.register(self._wire, events)
        self._watched = events
