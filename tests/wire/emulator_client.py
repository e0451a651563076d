"""A plain client for tests of the emulator, which knows nothing of this library.

It is the protocol of ``websockets`` on a blocking socket, in one thread: the
package's own threaded client reads and writes one TLS socket from two threads,
and on Python 3.8 about one connection in thirty broke of it.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Deque, Dict, List, Optional, Type, Union
from unittest import mock
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

from telnyx_stt_sync.emulator import Emulator, _listener, _patience

# Waits for what is sure to come; reaching it is a failure.
LIMIT = 20.0

CLOSE_STREAM = '{"type":"CloseStream"}'
DEEPGRAM = {
    "transcription_engine": "Deepgram",
    "input_format": "linear16",
    "sample_rate": "16000",
}
TELNYX = {**DEEPGRAM, "transcription_engine": "Telnyx"}

# 0.3 s of linear16 at 16 kHz: the script says a word for each.
WORD = bytes(9600)

Payload = Union[str, bytes]


class Refused(Exception):
    """The server answered the request with something else than 101."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class Closed(Exception):
    """The connection is over; ``code`` is ``None`` without a close frame."""

    def __init__(self, code: Optional[int]) -> None:
        super().__init__(code)
        self.code = code


class Client:
    """One connection. Raises ``Refused`` when it is not let in. For one thread at a time."""

    def __init__(
        self, url: str, headers: Dict[str, str], context: Optional[ssl.SSLContext]
    ) -> None:
        address = urlsplit(url)
        host = str(address.hostname)
        self.socket = socket.create_connection((host, address.port or 0), timeout=LIMIT)
        try:
            if context is not None:
                self.socket = context.wrap_socket(self.socket, server_hostname=host)
            self._protocol = ClientProtocol(parse_uri(url), max_size=None)
            self._messages: Deque[Payload] = deque()
            self._pongs: List[bytes] = []
            self._response: Optional[Response] = None
            self._shake_hands(headers)
        except BaseException:
            self.socket.close()
            raise

    def send(self, payload: Union[Payload, List[bytes], List[str]]) -> None:
        """Send a message; a list is sent in fragments. Raises ``OSError`` on a broken one."""
        fragments: List[Any] = payload if isinstance(payload, list) else [payload]
        for position, each in enumerate(fragments):
            last = position == len(fragments) - 1
            data = each.encode() if isinstance(each, str) else each
            if position > 0:
                self._protocol.send_continuation(data, fin=last)
            elif isinstance(each, str):
                self._protocol.send_text(data, fin=last)
            else:
                self._protocol.send_binary(data, fin=last)
            self._flush()

    def recv(self, timeout: float = LIMIT) -> Payload:
        """The next message. Raises ``Closed``, or ``socket.timeout`` after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while not self._messages:
            self._receive(deadline)
        return self._messages.popleft()

    def ping(self, timeout: float = LIMIT) -> None:
        """Send a ping and wait for its pong."""
        deadline = time.monotonic() + timeout
        self._protocol.send_ping(b"are you there?")
        self._flush()
        while b"are you there?" not in self._pongs:
            self._receive(deadline)

    def close(self) -> None:
        """Close with 1000 unless it is closed, and let go of the socket."""
        try:
            if self._protocol.state.name == "OPEN":
                self._protocol.send_close(1000)
                self._flush()
                while True:
                    self.recv(timeout=1.0)
        except (Closed, OSError):
            pass  # Either way it is over.
        finally:
            self.socket.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def _shake_hands(self, headers: Dict[str, str]) -> None:
        request = self._protocol.connect()
        for name, value in headers.items():
            request.headers[name] = value
        self._protocol.send_request(request)
        self._flush()
        deadline = time.monotonic() + LIMIT
        while self._response is None:
            self._receive(deadline)
        if self._response.status_code != 101:
            raise Refused(self._response)

    def _flush(self) -> None:
        self.socket.settimeout(LIMIT)
        for data in self._protocol.data_to_send():
            if data:
                self.socket.sendall(data)
            else:
                self.socket.shutdown(socket.SHUT_WR)

    def _receive(self, deadline: float) -> None:
        """Read once, and take what it brings."""
        self.socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = self.socket.recv(65536)
        except (ConnectionError, ssl.SSLError):
            raise Closed(None) from None
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        for event in self._protocol.events_received():
            self._take(event)
        try:
            self._flush()
        except OSError:
            pass  # The server need not wait for our answer to its close.
        if not data and not self._messages and self._response is not None:
            rcvd = self._protocol.close_rcvd
            raise Closed(None if rcvd is None else rcvd.code)
        if not data and self._response is None:
            raise Closed(None)

    def _take(self, event: object) -> None:
        if isinstance(event, Response):
            self._response = event
        elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
            self._messages.append(bytes(event.data).decode())
        elif isinstance(event, Frame) and event.opcode is Opcode.BINARY:
            self._messages.append(bytes(event.data))
        elif isinstance(event, Frame) and event.opcode is Opcode.PONG:
            self._pongs.append(bytes(event.data))


def open_client(
    emulator: Emulator,
    query: Union[str, Dict[str, str]] = "",
    *,
    key: Optional[str] = "key",
    url: Optional[str] = None,
    headers: Optional[Dict[str, str]] = None,
) -> Client:
    """Connect to an emulator, or with its certificate to another URL. Raises ``Refused``."""
    if not isinstance(query, str):
        query = "&".join(f"{name}={value}" for name, value in query.items())
    authorization = {} if key is None else {"Authorization": f"Bearer {key}"}
    return Client(
        f"{url or emulator.url}?{query}", {**authorization, **(headers or {})}, emulator.ssl_context
    )


def refused(emulator: Emulator, **options: Any) -> Response:
    """The HTTP response that refuses a client."""
    try:
        with open_client(emulator, **options):
            raise AssertionError("the client was let in")
    except Refused as exc:
        return exc.response


@dataclass
class Conversation:
    """What a client received, and how its connection ended."""

    frames: List[Payload] = field(default_factory=list)
    # None when the connection ended without a close frame.
    close_code: Optional[int] = None

    @property
    def json(self) -> List[Any]:
        return [json.loads(frame) for frame in self.frames]

    @property
    def finals(self) -> List[str]:
        return [frame["transcript"] for frame in self.json if frame.get("is_final")]

    @property
    def interims(self) -> List[str]:
        return [frame["transcript"] for frame in self.json if frame.get("is_final") is False]


def read_all(client: Client) -> Conversation:
    """Everything until the server closes."""
    conversation = Conversation()
    try:
        while True:
            conversation.frames.append(client.recv())
    except Closed as exc:
        conversation.close_code = exc.code
    return conversation


def talk(
    emulator: Emulator,
    audio: bytes,
    query: Union[str, Dict[str, str]] = "",
    *,
    chunk: int = 8000,
    end: Optional[str] = CLOSE_STREAM,
    **options: Any,
) -> Conversation:
    """Send audio and the end of it, and read until the server closes."""
    query = query or {**DEEPGRAM, "interim_results": "true"}
    with open_client(emulator, query, **options) as client:
        try:
            for at in range(0, len(audio), chunk):
                client.send(audio[at : at + chunk])
            if end is not None:
                client.send(end)
        except OSError:
            pass  # The server has gone; what it said is still there to be read.
        return read_all(client)


def emulator_threads() -> List[str]:
    """The names of the emulator's threads that are alive."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("telnyx-stt-emulator")]


def stop_quickly(emulator: Emulator) -> None:
    """Stop the emulator, which waits for no client, and leaves no thread."""
    waits = mock.patch.multiple(_patience, CLOSE_TIMEOUT=10.0, LINGER=10.0)
    with waits, mock.patch.object(_listener, "STOP_TIMEOUT", 10.0):
        started = time.monotonic()
        emulator.stop()
        assert time.monotonic() - started < 2.0
    assert emulator_threads() == []


def tcp_connection(emulator: Emulator) -> socket.socket:
    """A bare connection to the emulator. The caller closes it."""
    return socket.create_connection(("127.0.0.1", emulator.port), timeout=LIMIT)
