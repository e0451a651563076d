"""A way to end a thread's wait on a socket from any other thread, or from a signal handler."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from typing import Optional

from ._locks import is_held, let_go

# Seconds; systems refuse to wait for more than some 24 days.
LONGEST_WAIT = 3600.0


class Waker:
    """A pair of connected sockets: a byte in the one ends a ``select`` on the other.

    ``wake()`` may be called from any thread; everything else belongs to the
    I/O thread. Pipes would do on POSIX, but Windows selects sockets only.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._reader, selectors.EVENT_READ)
        self._watched: Optional[socket.socket] = None  # None: no socket to wait for
        self._watched_events = 0
        # Guards `_open`, so that no byte goes to a descriptor that was closed and given to
        # somebody else. The send under it cannot block. Re-entrant, because a signal handler
        # may call close() while the same thread is in here.
        self._lock = threading.RLock()
        self._open = True

    def wake(self) -> None:
        """End the wait that is going on, or the next one."""
        with self._lock:
            if self._open:
                try:
                    self._writer.send(b"\0")
                except BlockingIOError:  # bytes enough for a wake-up are there already
                    pass

    def let_go(self) -> None:
        """After an exception out of here."""
        let_go(self._lock)

    @property
    def is_held(self) -> bool:
        """Whether this thread was interrupted in here, and others have to wait for it."""
        return is_held(self._lock)

    def wait(self, sock: Optional[socket.socket], events: int, timeout: Optional[float]) -> int:
        """Wait until ``sock`` is ready, somebody wakes, or ``timeout`` seconds have passed.

        May return earlier, with nothing ready.
        Returns which of ``events`` (``selectors.EVENT_READ``, ``EVENT_WRITE``) are ready.
        """
        if self._watched is not sock or self._watched_events != events:
            self._watch(sock, events)
        ready = 0
        patience = None if timeout is None else min(timeout, LONGEST_WAIT)
        for key, mask in self._selector.select(patience):
            if key.fileobj is self._reader:
                # Once: if that was not all, the rest ends the next wait, which is no harm.
                with contextlib.suppress(BlockingIOError):
                    self._reader.recv(4096)
            else:
                ready = mask
        return ready

    def forget(self) -> None:
        """Stop watching the socket of the last wait. To be called before it is closed."""
        self._watch(None, 0)

    def close(self) -> None:
        """Free the descriptors; ``wake()`` does nothing from now on. Idempotent."""
        with self._lock:
            if not self._open:
                return
            self._open = False
        self._selector.close()
        self._reader.close()
        self._writer.close()

    def _watch(self, sock: Optional[socket.socket], events: int) -> None:
        if self._watched is not None and self._watched is not sock:
            self._selector.unregister(self._watched)
            self._watched = None
        if sock is not None and self._watched is sock:
            self._selector.modify(sock, events)
        elif sock is not None:
            self._selector.register(sock, events)
        self._watched, self._watched_events = sock, events
