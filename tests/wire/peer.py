"""A WebSocket server without a WebSocket library: it does, byte by byte, what a test tells it."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import socket
import ssl
import struct
import threading
import time
from types import TracebackType
from typing import Callable, Dict, List, Optional, Tuple, Type

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA

CLOSE_STREAM = '{"type":"CloseStream"}'

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
_MASK = b"\x11\x22\x33\x44"
_READ_BYTES = 64 * 1024


class ClientGone(Exception):
    """The client has ended the TCP connection."""


def frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    reserved: int = 0,
    masked: bool = False,
    claimed: Optional[int] = None,
) -> bytes:
    """The bytes of a frame as a server sends it, or as none should (RFC 6455, section 5.2)."""
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    size = len(payload) if claimed is None else claimed
    second = 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", first, second | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, second | 126, size)
    else:
        head = struct.pack("!BBQ", first, second | 127, size)
    return head + (_MASK + _xor(payload, _MASK) if masked else payload)


def _xor(data: bytes, mask: bytes) -> bytes:
    size = len(data)
    pattern = (mask * (size // 4 + 1))[:size]
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(pattern, "big")
    return mixed.to_bytes(size, "big")


class Link:
    """One connection as the server sees it, and the record of what came over it.

    Owner: its thread. Tests read the record when ``done`` is set, or after
    leaving the ``Peer``, or once the client can have nothing more to say.
    """

    def __init__(self, sock: socket.socket, stopping: threading.Event, patience: float) -> None:
        sock.settimeout(patience)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.stopping = stopping  # the test is over
        self.done = threading.Event()  # the script is over and the socket closed
        self.request_line = ""
        self.header_lines: List[str] = []
        self.audio = bytearray()
        self.audio_frames: List[int] = []  # their sizes
        self.texts: List[str] = []
        self.pings: List[bytes] = []
        self.pongs: List[bytes] = []
        self.close_code: Optional[int] = None  # None: no close frame came
        self.marks: Dict[str, float] = {}  # time.monotonic() of named moments
        self._received = bytearray()

    @property
    def headers(self) -> Dict[str, str]:
        """The request's headers, names in lower case."""
        pairs = (line.partition(":") for line in self.header_lines)
        return {name.strip().lower(): value.strip() for name, _, value in pairs}

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def mark(self, name: str) -> None:
        """Write down the time."""
        self.marks[name] = time.monotonic()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.sock.sendall(data)

    def read_head(self) -> None:
        """Read an HTTP request up to the blank line."""
        while b"\r\n\r\n" not in self._received:
            self._read_more()
        head, _, rest = bytes(self._received).partition(b"\r\n\r\n")
        self._received = bytearray(rest)
        self.request_line, *self.header_lines = head.decode("latin-1").split("\r\n")

    def accept_head(self) -> bytes:
        """The HTTP head that accepts the request that was read."""
        key = self.headers.get("sec-websocket-key", "").encode()
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        return (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def read_frame(self, most: int = _READ_BYTES, pause: float = 0.0) -> Tuple[int, bytes]:
        """The client's next frame, written down.

        Reads at most ``most`` bytes at a time, with a pause of so many seconds before each.
        """
        while True:
            found = self._parse()
            if found is not None:
                self._record(*found)
                return found
            if pause:
                self.stopping.wait(pause)
            self._read_more(most)

    def end(self) -> None:
        """End our half, and read until the client has ended its own."""
        socket.socket.shutdown(self.sock, socket.SHUT_WR)
        with contextlib.suppress(ClientGone, OSError):
            while True:
                # Before a request has been read, what comes need not be frames.
                self.read_frame() if self.request_line else self._read_more()

    def abort(self) -> None:
        """End whatever the thread waits for. Any thread."""
        # The method of the plain socket: that of SSLSocket would change the object underneath.
        with contextlib.suppress(OSError):  # not connected any more
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)

    def _read_more(self, most: int = _READ_BYTES) -> None:
        try:
            data = self.sock.recv(most)
        except ConnectionError:
            data = b""
        if not data:
            raise ClientGone
        self._received += data

    def _parse(self) -> Optional[Tuple[int, bytes]]:
        received = self._received
        if len(received) < 2:
            return None
        size, start = received[1] & 0x7F, 2
        if size >= 126:
            width = 2 if size == 126 else 8
            start += width
            size = int.from_bytes(received[2:start], "big")
            if len(received) < start:
                return None
        assert received[1] & 0x80, "a client's frames are masked"
        end = start + 4 + size
        if len(received) < end:
            return None
        opcode = received[0] & 0xF
        payload = _xor(bytes(received[start + 4 : end]), bytes(received[start : start + 4]))
        del received[:end]
        return opcode, payload

    def _record(self, opcode: int, payload: bytes) -> None:
        if opcode == BINARY:
            self.audio += payload
            self.audio_frames.append(len(payload))
        elif opcode == TEXT:
            self.texts.append(payload.decode())
        elif opcode == PING:
            self.pings.append(payload)
        elif opcode == PONG:
            self.pongs.append(payload)
        elif opcode == CLOSE:
            self.close_code = int.from_bytes(payload[:2], "big") if payload else 1005


Step = Callable[[Link], None]


def upgrade(link: Link) -> None:
    """Read the request and accept it."""
    link.read_head()
    link.send(link.accept_head())


class Peer:
    """Listens on loopback, and goes through the same steps on each connection.

    ``greeting`` comes first: the answer to the HTTP request. The steps of a
    connection run on a thread of its own; when they are through, the
    connection is ended, without a close frame unless one of them sent it. A
    client that goes away ends the steps in peace; anything else that they
    raise is raised when ``with`` is left.
    """

    def __init__(
        self,
        *steps: Step,
        greeting: Step = upgrade,
        tls: Optional[ssl.SSLContext] = None,
        receive_buffer: Optional[int] = None,
        patience: float = 20.0,
    ) -> None:
        self._steps = (greeting, *steps)
        self._tls = tls
        self._patience = patience  # seconds that one read or write of a step may take
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        if receive_buffer is not None:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.port: int = self._listener.getsockname()[1]
        # Guards the three lists; notified at each new connection.
        self._changed = threading.Condition()
        self._links: List[Link] = []
        self._threads: List[threading.Thread] = []
        self._failures: List[BaseException] = []
        self._acceptor = threading.Thread(target=self._accept_all, name="peer-accept", daemon=True)

    def __enter__(self) -> Peer:
        self._acceptor.start()
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self._stopping.set()
        # A last connection ends the wait for one, on every system.
        socket.create_connection(("127.0.0.1", self.port)).close()
        self._acceptor.join()
        self._listener.close()
        for link in self._links:
            link.abort()
        for thread in self._threads:
            thread.join()
        if exc is None and self._failures:
            raise self._failures[0]

    @property
    def url(self) -> str:
        """Where to connect, by the name ``localhost`` under TLS."""
        return self.url_as("localhost" if self._tls else "127.0.0.1")

    def url_as(self, host: str) -> str:
        """The URL with another name for the host."""
        return f"{'wss' if self._tls else 'ws'}://{host}:{self.port}/v2/speech-to-text/x"

    @property
    def links(self) -> List[Link]:
        """The connections so far."""
        with self._changed:
            return list(self._links)

    def link(self, index: int = 0) -> Link:
        """A connection, waiting until it is there."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._links) > index, self._patience)
            return self._links[index]

    def finished(self, index: int = 0) -> Link:
        """A connection, waiting until its script is over and everything is written down."""
        link = self.link(index)
        assert link.done.wait(self._patience), "the peer's script goes on"
        return link

    def _accept_all(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._stopping.is_set():
                sock.close()
                return
            link = Link(sock, self._stopping, self._patience)
            thread = threading.Thread(
                target=self._serve, args=(link,), name="peer-link", daemon=True
            )
            with self._changed:
                self._links.append(link)
                self._threads.append(thread)
                self._changed.notify_all()
            thread.start()

    def _serve(self, link: Link) -> None:
        try:
            if self._tls is not None:
                link.secure(self._tls)
            for step in self._steps:
                step(link)
            link.end()
        except socket.timeout as exc:
            if not self._stopping.is_set():
                self._failures.append(exc)
        except (ClientGone, OSError):
            pass  # the client went away, or the test is over
        except Exception as exc:
            self._failures.append(exc)
        finally:
            link.sock.close()
            link.done.set()
