"""The audio that waits to be sent: bounded in bytes, and it can be ended."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Callable, Deque, Optional

# Waits of user threads come in slices, because on Windows nothing else lets Ctrl-C in.
WAIT_SLICE = 0.2


class QueueFull(Exception):
    """No room came in time."""


class QueueEnded(Exception):
    """The queue takes no more audio."""


class AudioQueue:
    """FIFO of audio bytes. Any thread puts; the I/O thread takes.

    Ending is one-way: after ``end()`` the queue only empties. The consumer
    does not sleep in here but in ``select``; ``wake`` is called, with no lock
    held, whenever there may be work for it.
    """

    def __init__(self, max_bytes: int, unit: int, wake: Callable[[], None]) -> None:
        self._max_bytes = max_bytes
        self._unit = unit  # bytes of one sample: audio is never cut within one
        self._wake = wake
        # Guards every attribute below; waited on by producers that need room.
        self._changed = threading.Condition()
        self._chunks: Deque[memoryview] = deque()
        self._size = 0
        self._accepted = 0
        self._ended = False

    def __repr__(self) -> str:
        return f"<AudioQueue {self._size}/{self._max_bytes} bytes, ended={self._ended}>"

    @property
    def accepted(self) -> int:
        """How many bytes were ever put."""
        return self._accepted

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will come; something may be left."""
        with self._changed:
            return self._ended

    @property
    def is_drained(self) -> bool:
        """Whether nothing is left and nothing more will come."""
        with self._changed:
            return self._ended and not self._chunks

    @property
    def has_work(self) -> bool:
        """Whether the consumer should look: audio is here, or no more will come."""
        with self._changed:
            return self._ended or self._size >= self._unit

    def put(self, chunk: bytes, timeout: Optional[float] = None) -> None:
        """Add audio, waiting up to ``timeout`` seconds (``None``: for ever) for room.

        Raises ``QueueFull`` when no room came and ``QueueEnded`` once the queue
        was ended, also when that happens during the wait.
        """
        if not chunk:
            return
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not (self._ended or self._has_room(len(chunk))):
                left = WAIT_SLICE if deadline is None else deadline - time.monotonic()
                if left <= 0:
                    raise QueueFull
                self._changed.wait(min(left, WAIT_SLICE))
            if self._ended:
                raise QueueEnded
            sleeps = self._size < self._unit
            self._chunks.append(memoryview(chunk))
            self._size += len(chunk)
            self._accepted += len(chunk)
        # With a sample's worth in the queue before, the consumer had work already.
        if sleeps:
            self._wake()

    def pop(self, limit: int) -> bytes:
        """Take up to ``limit`` bytes, at whole samples unless these are the last. Never waits."""
        with self._changed:
            size = min(limit, self._size)
            if not (self._ended and size == self._size):
                size -= size % self._unit
            if not size:
                return b""
            parts = []
            self._size -= size
            while size:
                chunk = self._chunks.popleft()
                if len(chunk) > size:
                    self._chunks.appendleft(chunk[size:])
                    chunk = chunk[:size]
                parts.append(chunk)
                size -= len(chunk)
            # Producers are woken when there is room for many chunks: one wake-up for each would
            # have the two threads take turns at every frame. In between they look by themselves.
            if self._size <= self._max_bytes // 2:
                self._changed.notify_all()
        return b"".join(parts)

    def end(self, discard: bool = False) -> None:
        """Take no more audio, and free the producers that wait. Idempotent."""
        with self._changed:
            self._ended = True
            if discard:
                self._chunks.clear()
                self._size = 0
            self._changed.notify_all()
        self._wake()

    def _has_room(self, size: int) -> bool:
        # A chunk larger than the bound is let into an empty queue: it could never fit. Less than a
        # sample is as good as empty, because it cannot be taken before more comes.
        return self._size < self._unit or self._size + size <= self._max_bytes
