"""From a host name to a connected socket: look-up, TCP, proxy, TLS, under one deadline."""

from __future__ import annotations

import base64
import contextlib
import functools
import os
import selectors
import socket
import ssl
import time
from typing import Any, Callable, List, Optional, Tuple
from urllib.parse import SplitResult, unquote, urlsplit

from ._errand import Errand, Result
from ._errors import ConfigurationError, ConnectError
from ._late_import import without_forks
from ._option_checks import LOOPBACK_HOSTS, check_proxy
from ._waker import Waker

# With the kernel's default a peer that has stopped reading still takes megabytes, and all that
# is said about how much audio is out would be untrue.
SEND_BUFFER_BYTES = 64 * 1024

# Far above any answer seen; a peer that sends more is not one of ours.
MAX_HEADER_BYTES = 64 * 1024

READ_BYTES = 4 * 1024


class Aborted(Exception):
    """The connection is not wanted any more."""


class DeadlinePassed(Exception):
    """The connection took too long. No ``OSError``, so nobody on the way mistakes it for one."""


class Lifeline:
    """The end of the user's patience: one absolute deadline, and the wish to stop.

    Every wait of an opening connection goes through it, so none can outlast
    it. Owner: the I/O thread; ``is_stopped`` reads a flag that others set.
    ``on_passed(stage, detail)`` is told of each stage that an opening has behind it:
    ``proxy``, ``look-up``, ``TCP``, ``tunnel``, ``TLS``, ``upgrade``.
    """

    def __init__(
        self,
        waker: Waker,
        deadline: float,
        is_stopped: Callable[[], bool],
        on_passed: Optional[Callable[[str, str], None]] = None,
    ) -> None:
        self._waker = waker
        self._is_stopped = is_stopped
        self._on_passed = on_passed  # None: nobody wants to know
        self.deadline = deadline  # time.monotonic()

    def passed(self, stage: str, detail: str) -> None:
        """Tell whoever watches that a stage is done. The detail holds no key and no password."""
        if self._on_passed is not None:
            self._on_passed(stage, detail)

    def wait(self, sock: socket.socket, events: int, until: Optional[float] = None) -> bool:
        """Wait for ``sock``; ``False`` when ``until`` came first.

        Raises ``DeadlinePassed`` and, on a stop, ``Aborted``.
        """
        while True:
            now = self._now()
            if until is not None and now >= until:
                return False
            end = self.deadline if until is None else min(until, self.deadline)
            if self._waker.wait(sock, events, end - now):
                return True

    def run(self, work: Callable[[], Result]) -> Result:
        """Wait for a call that nothing can interrupt; it is left behind at the deadline.

        Returns what it returns and raises what it raises; and as ``wait()`` does.
        """
        try:
            errand = Errand(work, self._waker.wake)
        except RuntimeError as exc:  # no more threads, or the interpreter is on its way out
            raise ConnectError(f"no thread could be started: {exc}") from exc
        while not errand.is_done:
            self._waker.wait(None, 0, self.deadline - self._now())
        return errand.result()

    def _now(self) -> float:
        """The time, if there is any left."""
        if self._is_stopped():
            raise Aborted
        now = time.monotonic()
        if now >= self.deadline:
            raise DeadlinePassed
        return now

    def discard(self, sock: socket.socket) -> None:
        """Close a socket that came to nothing."""
        self._waker.forget()
        sock.close()


class DeadlineSocket:
    """A non-blocking socket with the few blocking calls that an HTTP exchange needs.

    websocket-client gives every call the whole timeout and lets a header be
    endless; this one has one deadline and one limit for all of it. ``answer``
    is all that came, ``unread`` the part of it that nobody has read yet.
    """

    def __init__(self, sock: socket.socket, lifeline: Lifeline) -> None:
        self._sock = sock
        self._lifeline = lifeline
        self._has_head = False
        self.answer = bytearray()
        self.unread = bytearray()

    def send(self, data: bytes) -> int:
        """Send all of it."""
        view = memoryview(data)
        while view:
            try:
                view = view[self._sock.send(view) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._lifeline.wait(self._sock, selectors.EVENT_WRITE)
            except ssl.SSLWantReadError:
                self._lifeline.wait(self._sock, selectors.EVENT_READ)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Up to ``size`` bytes of the answer, without its cookies; empty at its end."""
        if not self._has_head:
            while b"\r\n\r\n" not in self.answer and self._receive():
                pass
            self._has_head = True
            # websocket-client would keep them for every later connection of the process, also
            # under another key; and a balancer's cookie would lead back to a dead server.
            self.unread += _without_cookies(bytes(self.answer))
        while not self.unread and self._receive():
            pass
        taken = bytes(self.unread[:size])
        del self.unread[:size]
        return taken

    def gather(self, is_complete: Callable[[bytes], bool], seconds: float) -> None:
        """Read on until ``answer`` is complete, at its end, too large, or time is up."""
        until = time.monotonic() + seconds
        with contextlib.suppress(OSError, ConnectError, DeadlinePassed):
            while not is_complete(bytes(self.answer)) and self._receive(until):
                pass

    def _receive(self, until: Optional[float] = None) -> bool:
        """Take in what comes next; ``False`` at the end, or when ``until`` came first."""
        while True:
            try:
                data = self._sock.recv(READ_BYTES)
                break
            except (BlockingIOError, ssl.SSLWantReadError):
                events = selectors.EVENT_READ
            except ssl.SSLWantWriteError:
                events = selectors.EVENT_WRITE
            if not self._lifeline.wait(self._sock, events, until):
                return False
        self.answer += data
        if self._has_head:
            self.unread += data
        if len(self.answer) > MAX_HEADER_BYTES:
            raise ConnectError(f"the answer is larger than {MAX_HEADER_BYTES} bytes")
        return bool(data)

    def gettimeout(self) -> Optional[float]:
        """What websocket-client asks to learn how to wait: it does not, we do."""
        return None

    def close(self) -> None:
        """Nothing: whoever dialled closes the socket, when all of a refusal has been read."""

    # websocket-client calls the one or the other on a socket that failed to upgrade.
    shutdown = close


def _without_cookies(answer: bytes) -> bytes:
    head, found, rest = answer.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    kept = [line for line in lines if not line.lower().startswith(b"set-cookie:")]
    return b"\r\n".join(kept) + found + rest


def dial(url: str, proxy: Optional[str], context: Any, lifeline: Lifeline) -> socket.socket:
    """A connected non-blocking socket to the URL's host, with TLS for ``wss``.

    ``proxy`` ``None`` asks the environment; ``context`` ``None`` is Python's default.
    Raises ``ConnectError``, ``OSError``, ``ssl.SSLError``, ``Aborted``.
    """
    target = urlsplit(url)
    host, port = _address(target)
    via = _proxy_for(target, proxy, lifeline)
    lifeline.passed("proxy", "{} port {}".format(*via.address) if via else "none")
    sock = _connect(*(via.address if via else (host, port)), lifeline)
    try:
        if via:
            _tunnel(DeadlineSocket(sock, lifeline), host, port, via.authorization)
            lifeline.passed("tunnel", f"to {host} port {port}")
        if target.scheme == "wss":
            secure = _secure(sock, host, context or default_context(), lifeline)
            lifeline.passed("TLS", secure.version() or "")
            return secure
        return sock
    except BaseException:
        lifeline.discard(sock)
        raise


def default_context() -> ssl.SSLContext:
    """Python's default TLS context; made once, because it loads the machine's certificates."""
    return _context_for(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@functools.lru_cache(maxsize=8)
def _context_for(cert_file: Optional[str], cert_dir: Optional[str]) -> ssl.SSLContext:
    # The arguments are what OpenSSL reads from the environment by itself.
    return ssl.create_default_context()


class _Proxy:
    def __init__(self, url: str) -> None:
        check_proxy(url)
        parts = urlsplit(url)
        assert parts.hostname is not None
        self.address: Tuple[str, int] = (parts.hostname, parts.port or 80)
        self.authorization: Optional[str] = None  # None: the URL holds no user name
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self.authorization = base64.b64encode(pair.encode()).decode("ascii")


def _address(target: SplitResult) -> Tuple[str, int]:
    assert target.hostname is not None
    return target.hostname, target.port or (443 if target.scheme == "wss" else 80)


def _proxy_for(target: SplitResult, proxy: Optional[str], lifeline: Lifeline) -> Optional[_Proxy]:
    if proxy is not None:
        return _Proxy(proxy)
    # No proxy reaches this machine's own loopback, whatever the environment says.
    if target.hostname in LOOPBACK_HOSTS:
        return None
    found = _proxy_of_environment(target, lifeline)
    if found is None:
        return None
    if "://" not in found:
        found = f"http://{found}"
    try:
        return _Proxy(found)
    except ConfigurationError as exc:
        raise ConfigurationError(f"{exc} (from the environment's proxy settings)") from None


def _proxy_of_environment(target: SplitResult, lifeline: Lifeline) -> Optional[str]:
    # Imported late: it costs as much time as the rest of the library.
    with without_forks():
        from urllib.request import getproxies, proxy_bypass

    found = getproxies().get("https" if target.scheme == "wss" else "http")
    host, port = _address(target)
    # Windows and macOS may look names up to answer the second question.
    if not found or lifeline.run(lambda: proxy_bypass(f"{host}:{port}")):
        return None
    return found


def _connect(host: str, port: int, lifeline: Lifeline) -> socket.socket:
    """The first address that answers."""
    try:
        addresses = lifeline.run(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    except DeadlinePassed:
        raise ConnectError(
            f"the name look-up of {host!r} did not end within connect_timeout", is_temporary=True
        ) from None
    except socket.gaierror as exc:
        # A name that nobody knows is more likely misspelt than on its way.
        raise ConnectError(
            f"the name {host!r} cannot be looked up: {exc.strerror}",
            is_temporary=exc.errno != socket.EAI_NONAME,
        ) from exc
    lifeline.passed("look-up", f"{host}: {', '.join(str(found[4][0]) for found in addresses)}")
    failures: List[str] = []
    for index, (family, kind, protocol, _, address) in enumerate(addresses):
        # An address that swallows packets may use up its share of the time, not all of it.
        now = time.monotonic()
        share = (lifeline.deadline - now) / (len(addresses) - index)
        try:
            sock = socket.socket(family, kind, protocol)
            if _connected(sock, address, lifeline, now + share):
                lifeline.passed("TCP", f"{address[0]} port {port}")
                return sock
            failures.append(f"{address[0]}: no answer")
        except OSError as exc:
            failures.append(f"{address[0]}: {exc.strerror or exc}")
    raise ConnectError(
        f"no connection to {host} port {port} ({'; '.join(failures)})", is_temporary=True
    )


def _connected(sock: socket.socket, address: Any, lifeline: Lifeline, until: float) -> bool:
    """Whether the connection stands before ``until``; the socket is closed if not."""
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(BlockingIOError):
            sock.connect(address)
        if lifeline.wait(sock, selectors.EVENT_WRITE, until):
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                raise OSError(code, os.strerror(code))
            return True
    except BaseException:
        lifeline.discard(sock)
        raise
    lifeline.discard(sock)
    return False


def _tunnel(sock: DeadlineSocket, host: str, port: int, authorization: Optional[str]) -> None:
    """Ask an HTTP proxy for a tunnel (CONNECT, RFC 9110 section 9.3.6)."""
    name = f"[{host}]" if ":" in host else host
    lines = [f"CONNECT {name}:{port} HTTP/1.1", f"Host: {name}:{port}"]
    if authorization:
        lines.append(f"Proxy-Authorization: Basic {authorization}")
    sock.send("\r\n".join([*lines, "", ""]).encode("ascii"))
    sock.recv(1)  # reads the whole head
    if b"\r\n\r\n" not in sock.answer:
        raise ConnectError("the proxy closed the connection without an answer", is_temporary=True)
    status_line = bytes(sock.answer).split(b"\r\n", 1)[0].decode("latin-1")
    words = status_line.split(None, 2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].startswith("2"):
        raise ConnectError(
            f"the proxy refused the tunnel: {status_line[:200]!r}",
            is_temporary=len(words) > 1 and words[1].startswith("5"),
        )


def _secure(
    sock: socket.socket, host: str, context: ssl.SSLContext, lifeline: Lifeline
) -> ssl.SSLSocket:
    secure = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                secure.do_handshake()
                return secure
            except ssl.SSLWantReadError:
                lifeline.wait(secure, selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                lifeline.wait(secure, selectors.EVENT_WRITE)
    except BaseException:
        lifeline.discard(secure)
        raise
