"""Brings a stream's events to its user: to the callbacks, or to whoever takes them."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from typing import Callable, List, Optional

from ._actions import Failed
from ._callbacks import NAMES, Callbacks
from ._event_queue import LONG_SLICE, Event, EventQueue

logger = logging.getLogger("telnyx_stt_sync")

# A callback that takes longer is named in the log, once for each stream: what comes after waits.
SLOW_CALLBACK = 1.0


class Delivery:
    """The events of one stream on their way, and the thread that calls the callbacks.

    ``weakly``: the callbacks are their owner's, who may go; nothing in here
    keeps them alive, until they are handed over. ``collects``: there is somebody who
    takes the events. ``on_end`` is called by the callback thread as its last act.

    Who has the turn tells and ends; ``take`` is for one user thread; the rest for any.
    """

    def __init__(
        self,
        name: str,
        callbacks: Callbacks,
        *,
        weakly: bool,
        collects: bool,
        on_end: Callable[[], None],
    ) -> None:
        # What gives the callbacks; a weak reference gives None when their owner has gone.
        self._callbacks: Callable[[], Optional[Callbacks]] = (
            weakref.ref(callbacks) if weakly else lambda: callbacks
        )
        self._collects = collects
        self._on_end = on_end
        self._events = EventQueue()
        self._slow: List[str] = []  # the callbacks that the log has named
        self.running: Optional[str] = None  # the callback that runs; None: none does
        self.thread: Optional[threading.Thread] = None  # None: nobody to call
        if callbacks:
            # A daemon, so that a program that forgets to close can end.
            self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread, if there is anybody to call."""
        if self.thread is not None:
            self.thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the thread runs; it ends when all has been delivered."""
        return self.thread is not None and self.thread.is_alive()

    def tell(self, event: Event) -> None:
        """Have an event delivered, from the next ``wake()`` or ``end()`` on. Never waits."""
        # Without anybody to take them, events would only pile up.
        if self.thread is not None or self._collects:
            self._events.put(event)
        if isinstance(event, Failed) and self.thread is None:
            self._present().report(event.error)

    def wake(self) -> None:
        """Begin to deliver."""
        self._events.wake()

    def take(self, wait: bool) -> Optional[Event]:
        """The next event; ``None`` at the end, or, without ``wait``, when there is none."""
        return self._events.take(wait)

    def discard(self) -> None:
        """Drop the transcripts that wait; errors and the end stay."""
        self._events.discard()

    def end(self) -> None:
        """No more events will come. Idempotent."""
        self._events.end()

    def let_go(self) -> None:
        """After an exception out of here."""
        self._events.let_go()

    @property
    def is_held(self) -> bool:
        """Whether this thread was interrupted in here, and others have to wait for it."""
        return self._events.is_held

    def hand_over(self, callbacks: Callbacks) -> None:
        """Their owner is going: keep the callbacks until the end."""
        self._callbacks = lambda: callbacks

    def _run(self) -> None:
        try:
            while True:
                event = self._events.take(look_every=LONG_SLICE)
                if event is None:
                    return
                self._deliver(event)
        finally:
            self._on_end()

    def _deliver(self, event: Event) -> None:
        started = time.monotonic()
        self.running = name = NAMES[type(event)]
        self._present().deliver(event)
        self.running = None
        took = time.monotonic() - started
        if took > SLOW_CALLBACK and name not in self._slow:
            self._slow.append(name)
            logger.warning("%s took %.1f s; what came meanwhile had to wait", name, took)

    def _present(self) -> Callbacks:
        callbacks = self._callbacks()
        return Callbacks() if callbacks is None else callbacks
