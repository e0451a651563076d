"""The server's end of one WebSocket on a ``Wire``. Owned by the connection thread.

The only module that imports ``websockets``, and only its protocol without
I/O: the package's threaded server would need three threads for a connection,
read and write one TLS socket from two of them, and leave a fault no hold on
the socket.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Dict, List, Optional, Union

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from ._outbox import Close, Reset, SendRaw, StopReading, Vanish
from ._upgrade import Refusal
from ._wire import Wire

# How every pong begins, and neither another frame nor the answer to a request.
PONG_BYTE = 0x80 | Opcode.PONG

# On its own, outside the tree of loggers: at DEBUG the protocol logs every header, the key too.
_SILENT_LOGGER = logging.Logger("telnyx_stt_sync.emulator.protocol", logging.CRITICAL + 1)


@dataclass(frozen=True)
class Upgrade:
    """A client asks for a WebSocket; ``headers`` has its names in lower case."""

    target: str
    headers: Dict[str, str]


Incoming = Union[Upgrade, str, bytes]


class WebSocket:
    """Frames in and out, without blocking. What is to be sent goes out with ``flush()``."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        # No size limit: the service has none that anybody knows of.
        self._protocol = ServerProtocol(max_size=None, logger=_SILENT_LOGGER)
        # None until the client has sent its request.
        self._request: Optional[Request] = None
        # The frames of a fragmented message that is not complete.
        self._parts: List[Frame] = []
        self._must_end_output = False
        # False where a fault leaves pings without their pongs.
        self.answers_pings = True
        # Set when nothing more goes out: only the peer's end of the stream is waited for.
        self.output_ended = False
        # Set when nothing more comes in.
        self.input_ended = False

    @property
    def is_open(self) -> bool:
        """Whether messages may be sent."""
        usable = self.wire.writes and not self.output_ended
        return usable and self._protocol.state is State.OPEN

    @property
    def is_closing(self) -> bool:
        """Whether a close frame went out that the client has not answered."""
        return self._protocol.state is State.CLOSING

    @property
    def close_code(self) -> int:
        """The code of the first close frame; 1006 as long as there is none."""
        received, sent = self._protocol.close_rcvd, self._protocol.close_sent
        first = received if self._protocol.close_rcvd_then_sent else sent or received
        return 1006 if first is None else int(first.code)

    @property
    def closed_by(self) -> Optional[str]:
        """Who sent the first close frame; ``None`` as long as nobody did."""
        if self._protocol.close_rcvd_then_sent:
            return "client"
        return "server" if self._protocol.close_sent is not None else None

    def receive(self) -> List[Incoming]:
        """What has arrived, if anything. Raises ``WireBroken``."""
        data = self.wire.receive()
        if data is None:
            return []
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
            self.input_ended = True
        messages = [self._incoming(event) for event in self._protocol.events_received()]
        self._queue()
        return [message for message in messages if message is not None]

    def accept(self) -> int:
        """Answer the request; returns the HTTP status, which is 101 if it was a proper one."""
        assert self._request is not None
        response = self._protocol.accept(self._request)
        self._protocol.send_response(response)
        self._queue()
        return response.status_code

    def refuse(self, refusal: Refusal) -> None:
        """Answer the request with an HTTP error."""
        response = self._protocol.reject(refusal.status, refusal.body)
        del response.headers["Content-Type"]
        response.headers["Content-Type"] = "application/json"
        for name, value in refusal.headers:
            response.headers[name] = value
        self._protocol.send_response(response)
        self._queue()

    def send(self, payload: Union[str, bytes]) -> None:
        """Send a message; nothing when the connection is closing."""
        if not self.is_open:
            return
        if isinstance(payload, str):
            self._protocol.send_text(payload.encode())
        else:
            self._protocol.send_binary(payload)
        self._queue()

    def perform(self, action: Union[SendRaw, StopReading, Close, Reset, Vanish]) -> None:
        """Do anything but send a message. Raises ``WireBroken``."""
        if isinstance(action, Close):
            self.close(action.code, action.reason)
            return
        self.flush()
        if isinstance(action, SendRaw):
            # What waits then has to be read first: it must not become ever more.
            if self.is_open and self.wire.all_sent:
                self.wire.put(action.data)
        elif isinstance(action, Reset):
            self.wire.reset()
        else:
            self.wire.reads = False
            self.wire.writes = isinstance(action, StopReading)

    def close(self, code: int, reason: str = "") -> None:
        """Send a close frame, for 1005 one without a code, for 1006 none: then only TCP ends."""
        if not self.is_open:
            return
        if code == 1006:
            self._must_end_output = True
        else:
            self._protocol.send_close(None if code == 1005 else code, reason)
        self._queue()

    def flush(self) -> None:
        """Write what the socket takes. Raises ``WireBroken``."""
        self.wire.flush()
        if self._must_end_output and self.wire.all_sent and not self.output_ended:
            self.wire.end_output()
            self.output_ended = True

    def _queue(self) -> None:
        for data in self._protocol.data_to_send():
            if not data:
                self._must_end_output = True
            elif self.answers_pings or data[0] != PONG_BYTE:
                self.wire.put(data)

    def _incoming(self, event: object) -> Optional[Incoming]:
        """The message that an event completes, if any."""
        if isinstance(event, Request):
            self._request = event
            headers = {name.lower(): value for name, value in event.headers.raw_items()}
            return Upgrade(event.path, headers)
        assert isinstance(event, Frame)
        if event.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return None
        self._parts.append(event)
        return self._message() if event.fin else None

    def _message(self) -> Incoming:
        parts, self._parts = self._parts, []
        data = b"".join(part.data for part in parts)
        if parts[0].opcode is Opcode.TEXT:
            # What is not UTF-8 is no command; it is recorded as well as it can be.
            return data.decode(errors="replace")
        return data
