"""A way to wake a thread that waits in a selector."""

from __future__ import annotations

import socket
import threading


class Waker:
    """A socket pair whose one end is watched by the owner; any thread may ``wake()`` it.

    A socket pair, because pipes cannot be selected on Windows.
    """

    def __init__(self) -> None:
        self._watched, self._waking = socket.socketpair()
        self._watched.setblocking(False)
        self._waking.setblocking(False)
        # Guards `_open`, and that no wake() writes to a descriptor that close() has given
        # back to the system. The write under it cannot block.
        self._lock = threading.Lock()
        self._open = True

    def fileno(self) -> int:
        """What to watch for reading."""
        return self._watched.fileno()

    def wake(self) -> None:
        """Make the owner's wait return. Does nothing after ``close()``."""
        with self._lock:
            if not self._open:
                return
            try:
                self._waking.send(b"\0")
            except BlockingIOError:
                pass  # Full: the owner has been woken and has not looked yet.

    def clear(self) -> None:
        """Called by the owner after its wait returned."""
        try:
            self._watched.recv(4096)
        except BlockingIOError:
            pass  # Nobody woke it: the wait ended for another reason.

    def close(self) -> None:
        """Release both sockets. Idempotent."""
        with self._lock:
            self._open = False
            self._waking.close()
        self._watched.close()
