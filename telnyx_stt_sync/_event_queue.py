"""The events that wait to be delivered."""

from __future__ import annotations

import threading
from typing import List, NamedTuple, Optional, Union

from ._actions import Notice, TranscriptHeard, UtteranceEnded
from ._events import Transcription
from ._locks import is_held, let_go

# Seconds. A thread of our own, which nobody interrupts, looks by itself only in case a thread that
# was interrupted has taken the event's place at the gate.
WAIT_SLICE, LONG_SLICE = 0.2, 5.0

# A consumer that is this far behind gets only the newest interim of several.
MAX_WAITING = 1000


class Connected(NamedTuple):
    """Tell ``on_connect``: a connection is open, after so many reconnects."""

    reconnects: int


class Closed(NamedTuple):
    """Tell ``on_close``."""

    transcription: Transcription


Event = Union[Notice, Connected, Closed]


def _is_interim(event: Event) -> bool:
    return isinstance(event, TranscriptHeard) and not event.transcript.is_final


class EventQueue:
    """FIFO from the worker to whoever delivers.

    When it is full, interims give way to newer ones: each replaces the one
    before it anyway. Finals, errors and the end are never dropped; they may
    make it longer than ``limit``.
    """

    def __init__(self, limit: int = MAX_WAITING) -> None:
        self._limit = limit
        # Guards every attribute below but the gate. Re-entrant: a signal handler may end it.
        self._lock = threading.RLock()
        # Waited on by consumers: unlocked when there is something for them. Not a condition, whose
        # methods are Python: a signal handler that raises in one of them would leave it locked for
        # ever, and each wait takes many times as long.
        self._gate = threading.Lock()
        self._gate.acquire()
        self._events: List[Event] = []  # few, as a rule: a deque takes seven times the memory
        self._interims = 0  # of the events
        self._ended = False

    def put(self, event: Event) -> None:
        """Add an event. Never waits, and wakes nobody: that is for ``wake()``."""
        with self._lock:
            if len(self._events) >= self._limit and self._interims:
                self._drop_interim()
            self._events.append(event)
            self._interims += _is_interim(event)

    def wake(self) -> None:
        """Wake who waits for what was put."""
        with self._lock:
            self._open_gate()

    def take(self, wait: bool = True, look_every: float = WAIT_SLICE) -> Optional[Event]:
        """The next event; ``None`` at the end, or, without ``wait``, when there is none.

        Waits in slices, so that a main thread can be interrupted on Windows;
        the I/O thread ends the queue whatever happens.
        """
        while True:
            with self._lock:
                event = self._events.pop(0) if self._events else None
                if self._interims and event is not None:
                    self._interims -= _is_interim(event)
                if self._events or self._ended:
                    self._open_gate()  # for the next one who comes
                else:
                    self._gate.acquire(False)
                if event is not None or self._ended or not wait:
                    return event
            self._gate.acquire(timeout=look_every)

    def end(self) -> None:
        """No more events will come. Idempotent."""
        with self._lock:
            self._ended = True
            self._open_gate()

    def discard(self) -> None:
        """Drop the transcripts that wait; errors and the end stay."""
        with self._lock:
            dropped = (TranscriptHeard, UtteranceEnded)
            self._events[:] = [e for e in self._events if not isinstance(e, dropped)]
            self._interims = 0

    def let_go(self) -> None:
        """After an exception out of here."""
        let_go(self._lock)

    @property
    def is_held(self) -> bool:
        """Whether this thread was interrupted in here, and others have to wait for it."""
        return is_held(self._lock)

    def _open_gate(self) -> None:
        """Let a consumer look. Requires the lock."""
        if self._gate.locked():
            try:
                self._gate.release()
            except RuntimeError:  # a signal handler came in between
                pass

    def _drop_interim(self) -> None:
        for index, event in enumerate(self._events):
            if _is_interim(event):
                del self._events[index]
                self._interims -= 1
                return
