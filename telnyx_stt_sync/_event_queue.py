"""The events that wait to be delivered."""

from __future__ import annotations

import threading
from collections import deque
from typing import Deque, NamedTuple, Optional, Union

from ._actions import Notice, TranscriptHeard, UtteranceEnded
from ._events import Transcription

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
    """FIFO from the I/O thread to whoever delivers.

    When it is full, interims give way to newer ones: each replaces the one
    before it anyway. Finals, errors and the end are never dropped; they may
    make it longer than ``limit``.
    """

    def __init__(self, limit: int = MAX_WAITING) -> None:
        self._limit = limit
        # Guards every attribute below. Taken by itself, not through the condition, whose methods
        # are Python: a signal handler that raises in one of them would leave it locked for ever.
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)  # waited on by the consumer
        self._events: Deque[Event] = deque()
        self._interims = 0  # of the events
        self._ended = False

    def put(self, event: Event) -> None:
        """Add an event. Never waits."""
        with self._lock:
            if len(self._events) >= self._limit and self._interims:
                self._drop_interim()
            self._events.append(event)
            self._interims += _is_interim(event)
            self._changed.notify()

    def take(self, wait: bool = True) -> Optional[Event]:
        """The next event; ``None`` at the end, or, without ``wait``, when there is none.

        Waits in slices, so that a main thread can be interrupted on Windows;
        the I/O thread ends the queue whatever happens.
        """
        with self._lock:
            while wait and not self._events and not self._ended:
                self._changed.wait(_WAIT_SLICE)
            if not self._events:
                return None
            event = self._events.popleft()
            self._interims -= _is_interim(event)
            return event

    def end(self) -> None:
        """No more events will come. Idempotent."""
        with self._lock:
            self._ended = True
            self._changed.notify_all()

    def discard(self) -> None:
        """Drop the transcripts that wait; errors and the end stay."""
        with self._lock:
            dropped = (TranscriptHeard, UtteranceEnded)
            kept = [event for event in self._events if not isinstance(event, dropped)]
            self._events = deque(kept)
            self._interims = 0

    def _drop_interim(self) -> None:
        for index, event in enumerate(self._events):
            if _is_interim(event):
                del self._events[index]
                self._interims -= 1
                return


_WAIT_SLICE = 0.2
