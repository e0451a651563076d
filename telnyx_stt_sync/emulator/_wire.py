"""One connected socket, plain or TLS, that never blocks. Owned by the connection thread."""

from __future__ import annotations

import socket
import ssl
import struct
import sys
from typing import Optional

RECEIVE_BYTES = 65536

# States of Linux' struct tcp_info: reset, and ended by the peer alone.
TCP_CLOSE = 7
TCP_CLOSE_WAIT = 8


class WireBroken(Exception):
    """The connection broke: reset, timed out, or TLS failed. Not an error of the emulator's."""


class Wire:
    """Bytes in and out of a socket, without blocking.

    One thread does all reading and writing: two threads on one TLS socket can
    corrupt it. The TLS handshake happens within the first reads.
    """

    def __init__(self, sock: socket.socket, context: Optional[ssl.SSLContext]) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            sock = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self._socket = sock
        self._unsent = bytearray()
        # Whether the socket is read from, and written to: not where a fault plays a dead peer.
        self.reads = True
        self.writes = True
        # TLS may have to write before it can read.
        self._read_wants_write = False

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def wants_write(self) -> bool:
        """Whether to wait for room to write."""
        return self.writes and (bool(self._unsent) or self._read_wants_write)

    @property
    def holds_input(self) -> bool:
        """Whether TLS has decrypted bytes that the selector cannot see."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    @property
    def is_closed(self) -> bool:
        return self._socket.fileno() < 0

    @property
    def peer_has_gone(self) -> bool:
        """Whether the peer ended or broke the connection, as the system tells without reading.

        Behind more than the system holds unread, and elsewhere than on Linux, it does not tell.
        """
        if sys.platform != "linux" or self.is_closed:
            return False
        state = self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        return state in (TCP_CLOSE, TCP_CLOSE_WAIT)

    @property
    def all_sent(self) -> bool:
        return not self._unsent

    def receive(self) -> Optional[bytes]:
        """What has arrived; ``b""`` at the end of the stream, ``None`` when nothing is there.

        Raises ``WireBroken``.
        """
        self._read_wants_write = False
        if not self.reads:
            return None
        try:
            return self._socket.recv(RECEIVE_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return None
        except ssl.SSLWantWriteError:
            self._read_wants_write = True
            return None
        except ssl.SSLEOFError:
            return b""
        except OSError as exc:
            raise WireBroken(str(exc)) from exc

    def put(self, data: bytes) -> None:
        """Add to what ``flush()`` writes."""
        self._unsent += data

    def flush(self) -> None:
        """Write as much as the socket takes. Raises ``WireBroken``."""
        while self._unsent and self.writes and self.write(RECEIVE_BYTES):
            pass

    def write(self, limit: int) -> bool:
        """Write up to ``limit`` bytes; whether the socket took any. Raises ``WireBroken``."""
        try:
            sent = self._socket.send(self._unsent[:limit])
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        except OSError as exc:
            raise WireBroken(str(exc)) from exc
        del self._unsent[:sent]
        return True

    def end_output(self) -> None:
        """Tell the peer that nothing more comes; it can still be read from."""
        try:
            if isinstance(self._socket, ssl.SSLSocket):
                # Sends close_notify, then would wait for the peer's, which is not needed.
                self._socket.unwrap()
        except (OSError, ValueError):
            pass  # It has been sent, or the peer has gone first, or TLS never came up.
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # The peer has gone first.

    def reset(self) -> None:
        """Close by RST: what was sent and not yet read is lost, as in a real break."""
        # Two C shorts on Windows, two ints elsewhere: linger, for zero seconds.
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._socket.close()

    def close(self) -> None:
        """Release the socket. Idempotent."""
        self._socket.close()
