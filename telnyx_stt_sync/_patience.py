"""How long a file waits for its pipe: until time is up, or until nobody wants the rest."""

from __future__ import annotations

import io
import math
import selectors
import socket
import time
from typing import Callable, Optional, Tuple

from ._audio_queue import WAIT_SLICE
from ._errors import StreamStateError, TranscriptionTimeout
from ._stream import Stream


class Patience:
    """Of one file. Owner: the thread that reads it.

    ``deadline`` is a ``time.monotonic()``, perhaps ``math.inf``; ``is_closed`` tells whether
    ``close()`` was called.
    """

    def __init__(self, deadline: float, is_closed: Callable[[], bool]) -> None:
        self._deadline = deadline
        self._is_closed = is_closed
        self._stream: Optional[Stream] = None  # None: its head is still being read

    def watch(self, stream: Stream) -> None:
        """From now on the end of the stream ends it, too."""
        self._stream = stream
        if self._is_closed():  # meanwhile: nobody knew the stream yet
            stream.abandon()

    def wait(self, raw: object) -> None:
        """Wait until a pipe or a plain socket has something, or its end; for others not at all.

        ``raw`` is the file object without a buffer. Raises ``TranscriptionTimeout`` and
        ``StreamStateError``, and after the socket's own timeout what the socket would raise.
        """
        self._check()
        with selectors.DefaultSelector() as selector:
            try:
                descriptor, own_timeout = _waitable(raw)
                selector.register(descriptor, selectors.EVENT_READ)
                is_ready = bool(selector.select(0))
            except (OSError, ValueError):
                return  # not what can be waited on, such as a pipe on Windows: reading will do
            give_up_at = time.monotonic() + own_timeout
            while not is_ready:
                now = time.monotonic()
                if now >= give_up_at:
                    raise socket.timeout("timed out")
                left = min(self._deadline, give_up_at) - now
                is_ready = bool(selector.select(max(0.0, min(left, WAIT_SLICE))))
                self._check()

    def _check(self) -> None:
        """Raise if there is nothing to wait for any more."""
        if self._is_closed():
            raise StreamStateError("close() was called while the audio was being read")
        if self._stream is not None and self._stream.is_over:
            raise StreamStateError("the stream was over before the audio was")
        if time.monotonic() >= self._deadline:
            raise TranscriptionTimeout("the timeout passed while the audio was being read")


def _waitable(raw: object) -> Tuple[int, float]:
    """What to wait on, and for how many seconds; ``ValueError`` where reading is all one can do.

    A socket may hold back what it has decrypted, other objects whatever they like.
    """
    if type(raw) is io.FileIO:
        return raw.fileno(), math.inf
    sock = getattr(raw, "_sock", None)
    if type(raw) is socket.SocketIO and type(sock) is socket.socket:
        return raw.fileno(), sock.gettimeout() or math.inf
    raise ValueError("not a pipe, nor a plain socket")
