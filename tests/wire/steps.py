"""What a ``Peer`` can be told to do: small named steps, faults among them."""

from __future__ import annotations

import json
import selectors
import signal
import socket
import struct
import threading
from typing import Any, Callable, Optional, Union

from tests.wire.peer import CLOSE, CLOSE_STREAM, PING, PONG, TEXT, ClientGone, Link, Step, frame

# How often a step that waits for an event looks whether the test is over.
_LOOK = 0.02


# -- reading ------------------------------------------------------------------------------


def read_until(condition: Callable[[Link], bool]) -> Step:
    """Read frames until the record shows something."""

    def step(link: Link) -> None:
        while not condition(link):
            link.read_frame()

    return step


def read_audio(size: int) -> Step:
    """Read until so many bytes of audio have come in all."""
    return read_until(lambda link: len(link.audio) >= size)


def read_to_close_stream() -> Step:
    """Read until the client says that it was all."""
    return read_until(lambda link: CLOSE_STREAM in link.texts)


def read_until_gone(link: Link) -> None:
    """Read until the client has hung up, without ever answering."""
    try:
        while True:
            link.read_frame()
    except ClientGone:
        return


def answer_close(link: Link) -> None:
    """Read until the client closes, and answer its close frame."""
    read_until(lambda link: link.close_code is not None)(link)
    link.send(frame(CLOSE, struct.pack("!H", 1000)))


# -- saying -------------------------------------------------------------------------------


def raw(data: bytes) -> Step:
    """Send bytes in one piece."""
    return lambda link: link.send(data)


def drip(data: bytes, pause: float = 0.0) -> Step:
    """Send bytes one at a time."""

    def step(link: Link) -> None:
        for index in range(len(data)):
            link.send(data[index : index + 1])
            if pause and link.stopping.wait(pause):
                return

    return step


def drip_for_ever(data: bytes, pause: float) -> Step:
    """Send the same bytes again and again, until the client is gone."""

    def step(link: Link) -> None:
        while not link.stopping.wait(pause):
            link.send(data)

    return step


def text(value: Any) -> Step:
    """Send a text frame: a string as it is, everything else as JSON."""
    payload = value if isinstance(value, str) else json.dumps(value)
    return raw(frame(TEXT, payload.encode()))


def final(words: str, /, **more: Any) -> Step:
    """Send a final."""
    return text({"transcript": words, "is_final": True, "confidence": 0.98, **more})


def interim(words: str) -> Step:
    """Send an interim."""
    return text({"transcript": words, "is_final": False, "confidence": 0.84})


def ping(payload: bytes = b"") -> Step:
    """Send a ping and go on."""
    return raw(frame(PING, payload))


def ping_and_read(payload: bytes) -> Step:
    """Send a ping and read until the pong to it has come."""

    def step(link: Link) -> None:
        link.send(frame(PING, payload))
        read_until(lambda link: payload in link.pongs)(link)

    return step


def answer_a_ping(link: Link) -> None:
    """Read until a ping comes, and answer it."""
    read_until(lambda link: bool(link.pings))(link)
    link.send(frame(PONG, link.pings[-1]))


def answer_pings(link: Link) -> None:
    """Read until the client is gone, and answer each ping."""
    while True:
        opcode, payload = link.read_frame()
        if opcode == PING:
            link.send(frame(PONG, payload))


# -- ending -------------------------------------------------------------------------------


def close(code: Optional[int] = 1000, reason: str = "") -> Step:
    """Send a close frame; ``None`` sends one without a code."""
    payload = b"" if code is None else struct.pack("!H", code) + reason.encode()

    def step(link: Link) -> None:
        link.mark("closed")
        link.send(frame(CLOSE, payload))

    return step


def reset(link: Link) -> None:
    """End the TCP connection by a reset."""
    link.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    link.sock.close()
    raise ClientGone


def half_frame(link: Link) -> None:
    """Send the first half of a text frame."""
    link.send(frame(TEXT, b'{"transcript":"half"}')[:10])


# -- waiting ------------------------------------------------------------------------------


def stall(link: Link) -> None:
    """Neither read nor write until the test is over."""
    link.stopping.wait()


def wait(event: threading.Event) -> Step:
    """Do nothing until the event is set, or the test is over."""

    def step(link: Link) -> None:
        while not event.wait(_LOOK) and not link.stopping.is_set():
            pass

    return step


def tell(event: Union[threading.Event, Callable[[], Any]]) -> Step:
    """Set an event of the test, or call a function of it."""
    call = event.set if isinstance(event, threading.Event) else event
    return lambda link: call() and None


def interrupt(link: Link) -> None:
    """Press Ctrl-C: the main thread gets a SIGINT."""
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


# -- answers to the HTTP request, for ``Peer(greeting=…)`` --------------------------------


def upgrade_and(data: bytes) -> Step:
    """Accept the request, with data right behind the answer in the same piece."""

    def step(link: Link) -> None:
        link.read_head()
        link.send(link.accept_head() + data)

    return step


def answer(*pieces: bytes) -> Step:
    """Read the request and answer it with these bytes."""

    def step(link: Link) -> None:
        link.read_head()
        for piece in pieces:
            link.send(piece)

    return step


def drip_upgrade(pause: float = 0.0) -> Step:
    """Accept the request one byte at a time."""

    def step(link: Link) -> None:
        link.read_head()
        drip(link.accept_head(), pause)(link)

    return step


def tunnel(port: int, *, slowly: bool = False) -> Step:
    """Be a proxy: accept a CONNECT request, and pass everything on to a port of this machine."""
    accept = b"HTTP/1.1 200 Connection established\r\nX-Proxy: yes\r\n\r\n"

    def step(link: Link) -> None:
        link.read_head()
        (drip if slowly else raw)(accept)(link)
        with socket.create_connection(("127.0.0.1", port)) as other:
            _pass_on(link.sock, other)
        raise ClientGone

    return step


def _pass_on(one: socket.socket, other: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(one, selectors.EVENT_READ, (one, other))
        selector.register(other, selectors.EVENT_READ, (other, one))
        while True:
            for key, _ in selector.select():
                source, target = key.data
                data = source.recv(64 * 1024)
                if not data:
                    return
                target.sendall(data)
