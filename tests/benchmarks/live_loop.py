"""The server's end of live streams: one thread for any number of them."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import selectors
import socket
import ssl
import struct
import threading
import time
from typing import Iterator, List, Optional, Tuple

from tests.benchmarks.frames import CLOSE, final, pong, unmasked


class Live:
    """One connection: finals every ``pause`` seconds, from the first audio on, until a text frame
    says that it was all.

    ``is_stamped``: the first 8 bytes of each frame of audio are a time in nanoseconds; the last
    final carries how much later each came, in ``delays``.
    """

    def __init__(self, connection: socket.socket, pause: float, is_stamped: bool) -> None:
        connection.setblocking(False)
        self.connection = connection
        self.pause = pause
        self._is_stamped = is_stamped
        self._delays: List[int] = []
        self._received = bytearray()
        self._hears = False  # audio has come
        self._is_over = False  # the last words were said

    def read(self) -> bool:
        """Take what has come; ``False`` at the end."""
        try:
            while True:
                data = self.connection.recv(65536)
                if not data:
                    return False
                self._received += data
                if len(data) < 65536 and not isinstance(self.connection, ssl.SSLSocket):
                    break
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except OSError:
            return False
        now = time.monotonic_ns()
        for opcode, mask, payload in parsed(self._received):
            if opcode == 8:
                return False
            self._take(opcode, mask, payload, now)
        return True

    def speak(self) -> bool:
        """Send a final, if there is anything to say; ``False`` when there is nobody to hear it."""
        if not self._hears:
            return True
        if not self._is_over:
            with contextlib.suppress(OSError):
                self.connection.send(final())
                return True
        return False

    def _take(self, opcode: int, mask: bytes, payload: bytes, now: int) -> None:
        if opcode == 9:
            self.connection.send(pong(mask, payload))
        elif opcode == 1 and not self._is_over and b"CloseStream" in unmasked(mask, payload):
            self._is_over = True
            facts = {"delays": self._delays} if self._is_stamped else {}
            self.connection.settimeout(5)
            self.connection.sendall(final(**facts) + CLOSE)
            self.connection.setblocking(False)
        elif opcode == 2:
            self._hears = True
            if self._is_stamped:
                self._delays.append(now - struct.unpack("!q", unmasked(mask, payload[:8]))[0])


class LiveLoop:
    """All live connections, on one thread: it needs less of the machine than a thread for each."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._due: List[Tuple[float, int, Live]] = []
        self._numbers = itertools.count()
        self._new: List[Live] = []  # appended by other threads
        threading.Thread(target=self._run, daemon=True).start()

    def add(self, live: Live) -> None:
        """Serve it from now on. Any thread."""
        self._new.append(live)

    def _run(self) -> None:
        while True:
            while self._new:
                live = self._new.pop()
                self._selector.register(live.connection, selectors.EVENT_READ, live)
                self._say_later(live, time.monotonic() + live.pause)
            patience = self._due[0][0] - time.monotonic() if self._due else 0.05
            for key, _ in self._selector.select(max(0.0, min(patience, 0.05))):
                if not key.data.read():
                    self._drop(key.data)
            now = time.monotonic()
            while self._due and self._due[0][0] <= now:
                due, _, live = heapq.heappop(self._due)
                if live.connection.fileno() >= 0 and live.speak():
                    self._say_later(live, due + live.pause)

    def _say_later(self, live: Live, due: float) -> None:
        heapq.heappush(self._due, (due, next(self._numbers), live))

    def _drop(self, live: Live) -> None:
        self._selector.unregister(live.connection)
        live.connection.close()


def parsed(received: bytearray) -> Iterator[Tuple[int, bytes, bytes]]:
    """Opcode, mask and masked payload of the whole frames in ``received``, which are taken out."""
    while True:
        frame = _first(received)
        if frame is None:
            return
        opcode, start, stop = frame
        yield opcode, bytes(received[start - 4 : start]), bytes(received[start:stop])
        del received[:stop]


def _first(received: bytearray) -> Optional[Tuple[int, int, int]]:
    """Opcode, start and end of the first frame's payload; ``None`` until it is there."""
    if len(received) < 6:
        return None
    size, start = received[1] & 0x7F, 6
    if size == 126:
        size, start = struct.unpack_from("!H", received, 2)[0], 8
    elif size == 127:
        if len(received) < 14:
            return None
        size, start = struct.unpack_from("!Q", received, 2)[0], 14
    return (received[0] & 0x0F, start, start + size) if len(received) >= start + size else None
