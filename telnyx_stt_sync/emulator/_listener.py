"""The listening socket, the thread that accepts, and the connections it has started."""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from typing import TYPE_CHECKING, List, Optional

from ._connection import Connection
from ._fault import FaultPlan
from ._service import Service, SessionLog
from ._waker import Waker

if TYPE_CHECKING:
    import ssl

    from ._certificates import Contexts

logger = logging.getLogger("telnyx_stt_sync.emulator")

# How long stop() waits for the threads in all. They end within milliseconds unless a
# recogniser's close() hangs.
STOP_TIMEOUT = 2.0


class Listener:
    """Accepts connections until it is stopped. ``start`` and ``stop`` are for one thread."""

    def __init__(
        self,
        host: str,
        port: int,
        contexts: Optional[Contexts],
        service: Service,
        log: SessionLog,
    ) -> None:
        """Bind and listen: a client that connects now is served once ``start()`` was called.

        Raises ``OSError`` when the address is taken or not this machine's.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        self._socket.setblocking(False)
        self.port: int = self._socket.getsockname()[1]
        self._contexts = contexts
        self._service = service
        self._log = log
        self._waker = Waker()
        self._stopping = False
        # How many connections were accepted. Only the accept thread touches it.
        self._accepted = 0
        # Touched by the accept thread while it runs, and by stop() when it has ended.
        self._connections: List[Connection] = []
        # Daemon, so that a program that never calls stop() can end.
        self._thread = threading.Thread(
            target=self._run, name="telnyx-stt-emulator-accept", daemon=True
        )

    def start(self) -> None:
        """Start accepting. Raises ``RuntimeError`` when the interpreter takes no more threads."""
        self._thread.start()

    def stop(self) -> None:
        """Refuse new connections, end the open ones and wait for their threads."""
        deadline = time.monotonic() + STOP_TIMEOUT
        self._stopping = True
        self._waker.wake()
        if self._thread.is_alive():
            self._thread.join()
        self._socket.close()
        self._waker.close()
        for connection in self._connections:
            connection.abort()
        for connection in self._connections:
            if not connection.join(max(0.0, deadline - time.monotonic())):
                logger.error("a connection did not end within %s s", STOP_TIMEOUT)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._waker, selectors.EVENT_READ)
            while not self._stopping:
                # Woken by a client or by stop().
                selector.select()
                self._waker.clear()
                self._accept_all()

    def _accept_all(self) -> None:
        """Accept whoever waits."""
        self._connections = [each for each in self._connections if not each.join(0.0)]
        while not self._stopping:
            try:
                sock, _ = self._socket.accept()
            except BlockingIOError:
                return
            except OSError as exc:
                # Out of descriptors, or the client has gone again. A pause, for it to pass.
                logger.warning("cannot accept a connection: %s", exc)
                time.sleep(0.05)
                return
            self._serve(sock)

    def _serve(self, sock: socket.socket) -> None:
        self._accepted += 1
        try:
            connection = Connection(sock, self._context(), self._service, self._log)
            connection.start()
        except (OSError, RuntimeError) as exc:
            # No descriptor or no thread left; the others go on.
            logger.warning("cannot serve a connection: %s", exc)
            sock.close()
            return
        self._connections.append(connection)

    def _context(self) -> Optional[ssl.SSLContext]:
        """What the connection that was just accepted is to use for TLS, ``None`` without TLS."""
        if self._contexts is None:
            return None
        wrong = FaultPlan(self._service.faults, self._accepted).wrong_certificate
        return self._contexts.wrong_server if wrong else self._contexts.server
