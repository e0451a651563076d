"""The audio that waits to be sent: bounded in bytes, and it can be ended."""

from __future__ import annotations

import threading
import time
from typing import Callable, List, Optional

from ._byte_queue import ByteQueue
from ._locks import is_held, let_go

# Waits of user threads come in slices, because on Windows nothing else lets Ctrl-C in.
WAIT_SLICE = 0.2


class QueueFull(Exception):
    """No room came in time."""


class QueueEnded(Exception):
    """The queue takes no more audio."""


class QueueRewound(Exception):
    """The consumer wants audio again that it has had: see ``next_rewind()``."""


class AudioQueue:
    """FIFO of audio bytes. Any thread puts; who has the turn takes.

    Ending is for the producers: after ``end()`` the queue only empties, unless the
    consumer rewinds it. ``close()`` is final. The consumer does not sleep in here but
    in ``select``; ``wake`` is called, with no lock held, whenever there may be work
    for it. With ``drops`` a full queue does not make producers wait: the oldest whole
    samples give way.
    """

    def __init__(
        self, max_bytes: int, unit: int, wake: Callable[[], None], *, drops: bool = False
    ) -> None:
        self._max_bytes = max_bytes
        self._unit = unit  # bytes of one sample: audio is never cut within one
        self._wake = wake
        self._drops = drops
        # Guards every attribute below. Taken by itself, not through the condition, whose methods
        # are Python: a signal handler that raises in one of them would leave it locked for ever.
        self._lock = threading.RLock()
        # Waited on by producers that need room, or that wait for the consumer to be content; None:
        # nobody ever did.
        self._changed: Optional[threading.Condition] = None
        self._audio = ByteQueue()  # what waits
        self._position = 0  # bytes put so far, less what was rewound
        self._accepted = 0  # the furthest that came
        self._taken = 0  # bytes that left it, those that gave way included
        self._marks: List[int] = []  # where the user wants a final, as `_taken` counts
        self._dropped = 0  # bytes that gave way since the last pop()
        self._rewind_to: Optional[int] = None  # None: the producer has no rewind to follow
        self._ended = False
        self._closed = False
        # Bytes that gave way right before what pop() gave last. For the consumer alone.
        self.gap = 0

    def __repr__(self) -> str:
        return f"<AudioQueue {self._audio.size}/{self._max_bytes} bytes, ended={self._ended}>"

    @property
    def accepted(self) -> int:
        """How many bytes were put, those that were put again counted once."""
        return self._accepted

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will come; something may be left."""
        with self._lock:
            return self._ended

    @property
    def is_drained(self) -> bool:
        """Whether nothing is left and nothing more will come."""
        with self._lock:
            return self._ended and not self._audio.size

    @property
    def has_work(self) -> bool:
        """Whether the consumer should look: audio or a mark is here, or no more will come."""
        with self._lock:
            if self._ended or self._audio.size >= self._unit:
                return True
            return bool(self._marks) and self._mark_is_due()

    def put(self, chunk: bytes, timeout: Optional[float] = None) -> None:
        """Add audio, waiting up to ``timeout`` seconds (``None``: for ever) for room.

        Raises ``QueueFull`` when no room came, ``QueueRewound`` when a rewind has to be
        followed first, and ``QueueEnded`` once the queue was ended, also when that
        happens during the wait.
        """
        size = len(chunk)
        if not size:
            return
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._lock:
            while not self._admits(size):
                left = WAIT_SLICE if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise QueueFull
                self._wait(min(left, WAIT_SLICE))
            if self._rewind_to is not None:
                raise QueueRewound
            if self._ended:
                raise QueueEnded
            sleeps = self._audio.size < self._unit
            self._audio.put(chunk)
            self._position += size
            self._accepted = max(self._accepted, self._position)
        # With a sample's worth in the queue before, the consumer had work already.
        if sleeps:
            self._wake()

    def bypass(self, size: int) -> bool:
        """Whether ``size`` bytes may be sent without going through here; then they are accepted.

        For who has the turn. ``False``: something is in front of them, or they are not whole
        samples, or no more is taken.
        """
        with self._lock:
            waits = self._audio.size or self._marks
            if waits or self._ended or self._rewind_to is not None or size % self._unit:
                return False
            self._position += size
            self._accepted = max(self._accepted, self._position)
        return True

    def mark(self) -> None:
        """Set a mark behind all that was put so far. Never waits; ``QueueEnded`` as ``put()``."""
        with self._lock:
            if self._ended:
                raise QueueEnded
            place = self._taken + self._audio.size
            if not self._marks or self._marks[-1] != place:
                self._marks.append(place)
        self._wake()

    def take_mark(self) -> bool:
        """Whether everything before the next mark was taken; each mark is told once."""
        with self._lock:
            is_due = self._mark_is_due()
            if is_due:
                del self._marks[0]
            return is_due

    def pop(self, limit: int) -> bytes:
        """Take up to ``limit`` bytes, at whole samples unless these are the last. Never waits.

        Takes nothing from behind a mark: ``take_mark()`` comes first.
        """
        with self._lock:
            self.gap, self._dropped = self._dropped, 0
            size = min(limit, self._audio.size)
            if self._marks:
                size = min(size, max(0, self._marks[0] - self._taken))
            if not (self._ended and size == self._audio.size):
                size -= size % self._unit
            audio = self._take(size)
            # Producers are woken when there is room for many chunks: one wake-up for each would
            # have the two threads take turns at every frame. In between they look by themselves.
            if size and self._audio.size <= self._max_bytes // 2:
                self._tell_change()
        return audio

    def end(self) -> None:
        """No more audio will be put, unless the consumer wants some again. Idempotent."""
        with self._lock:
            self._ended = self._ended or self._rewind_to is None
            self._tell_change()
        self._wake()

    def close(self) -> None:
        """Drop what waits, take no more, and free the producers that wait. Idempotent."""
        with self._lock:
            self._ended = self._closed = True
            self._rewind_to = None
            self._audio.clear()
            self._marks.clear()
            self._tell_change()
        self._wake()

    def rewind(self, position: int) -> None:
        """Drop what waits, and have the producer put everything from ``position`` on again."""
        with self._lock:
            if self._closed:
                return
            self._ended = False
            self._rewind_to = position
            self._audio.clear()
            self._tell_change()

    def next_rewind(self, timeout: float) -> Optional[int]:
        """Where the producer has to start again; ``None`` when that is not wanted.

        Waits up to ``timeout`` seconds for the consumer to want it. From now on
        audio from there on may be put.
        """
        deadline = time.monotonic() + timeout
        with self._lock:
            while self._rewind_to is None and not self._closed:
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._wait(min(left, WAIT_SLICE))
            position, self._rewind_to = self._rewind_to, None
            if position is not None:
                self._position = position
            return position

    def let_go(self) -> None:
        """After an exception out of here."""
        let_go(self._lock)

    @property
    def is_held(self) -> bool:
        """Whether this thread was interrupted in here, and others have to wait for it."""
        return is_held(self._lock)

    def _wait(self, seconds: float) -> None:
        """Wait until something has changed. Requires the lock."""
        if self._changed is None:
            self._changed = threading.Condition(self._lock)
        self._changed.wait(seconds)

    def _tell_change(self) -> None:
        """Wake those who wait. Requires the lock."""
        if self._changed is not None:
            self._changed.notify_all()

    def _admits(self, size: int) -> bool:
        """Whether ``put()`` need not wait; makes room if that is how. Requires the lock."""
        if self._ended or self._rewind_to is not None or self._has_room(size):
            return True
        if not self._drops:
            return False
        waiting = self._audio.size
        excess = waiting + size - self._max_bytes
        whole = min(-(-excess // self._unit), waiting // self._unit) * self._unit
        self._taken += whole
        self._audio.take(whole)
        self._dropped += whole
        return True

    def _take(self, size: int) -> bytes:
        """Take so many bytes from the head. Requires the lock."""
        self._taken += size
        return self._audio.take(size)

    def _mark_is_due(self) -> bool:
        """Whether nothing before the next mark can be taken any more. Requires the lock."""
        # Less than a sample can't be, and goes with what comes behind the mark.
        return bool(self._marks) and self._marks[0] - self._taken < self._unit

    def _has_room(self, size: int) -> bool:
        # A chunk larger than the bound is let into an empty queue: it could never fit. Less than a
        # sample is as good as empty, because it cannot be taken before more comes.
        waiting = self._audio.size
        return waiting < self._unit or waiting + size <= self._max_bytes
