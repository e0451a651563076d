"""One WebSocket connection, without blocking. The only module that imports websocket-client.

Two threads that use one TLS connection at a time corrupt it, so everything here
belongs to who has the turn.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import struct
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple, Union

import websocket

from ._dial import READ_BYTES, DeadlinePassed, DeadlineSocket, Lifeline, dial
from ._errors import ConfigurationError, ConnectError
from ._refusal import is_complete, refusal
from ._request import Request

OPCODE_TEXT: int = websocket.ABNF.OPCODE_TEXT
OPCODE_BINARY: int = websocket.ABNF.OPCODE_BINARY
OPCODE_CLOSE: int = websocket.ABNF.OPCODE_CLOSE
OPCODE_PING: int = websocket.ABNF.OPCODE_PING
OPCODE_PONG: int = websocket.ABNF.OPCODE_PONG
_OPCODE_CONTINUATION: int = websocket.ABNF.OPCODE_CONT

# Transcript frames are a few hundred bytes; word lists may make them some ten thousand.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
MAX_FRAGMENTS = 10_000
MAX_CONTROL_BYTES = 125  # RFC 6455, section 5.5

# A peer that pings without reading our answers must not fill the memory; RFC 6455, section 5.5.3,
# wants only the most recent ping answered.
MAX_WAITING_PONGS = 64

# Seconds that the body of a refusal may take after its head.
BODY_WAIT = 1.0

# Reads in one turn, so that a peer that never pauses cannot keep audio from being sent.
READS_PER_TURN = 16

# The first byte of a text frame that is a whole message, and what stands in its second byte when
# its length follows in two bytes, or in eight; from there on there is a mask (RFC 6455, 5.2).
_WHOLE_TEXT, _LONG, _LONGER = 0x80 | OPCODE_TEXT, 126, 127

# What is asked of the system at a time to make masks of, four bytes for each frame.
MASKS_BYTES = 128

NO_STATUS = 1005  # RFC 6455, section 7.4.1: a close frame without a code
ABNORMAL = 1006  # the same section: no close frame at all


class ConnectionBroken(Exception):
    """The connection ended without a close frame, or the peer broke the protocol."""


class Frame(NamedTuple):
    """A message or a control frame of the peer."""

    opcode: int
    payload: bytes


class _Incomplete(Exception):
    """The rest of the frame has not arrived yet."""


class Transport:
    """An open connection: frames in, frames out, nothing waits.

    Outgoing frames are written as far as the socket takes them and the rest
    is kept, so a read never waits for a write and a half-sent frame is a
    state, not an accident.
    """

    def __init__(self, sock: socket.socket, already_read: bytes = b"") -> None:
        self.socket = sock
        # Bytes that a socket has taken from the system and not given away are told by no select.
        # A plain one has none. TLS tells: Python has OpenSSL take no more than the record that it
        # reads. Of others nobody knows: they are read until they have nothing more to give.
        self._is_plain = type(sock) is socket.socket
        self._keeps = sock.pending if type(sock) is ssl.SSLSocket else lambda: 1
        self._received = bytearray(already_read)
        self._decoder = websocket.frame_buffer(self._take, skip_utf8_validation=True)
        self._fragments: List[bytes] = []
        self._fragments_size = 0
        self._fragmented_opcode: Optional[int] = None  # None: between messages
        self._is_within = False  # a message, or a frame, of which websocket-client has a part
        # Frames, or the rest of one, that wait to be written: for ever once a write failed. For
        # others to look at only. Short, and a deque takes seven times the memory.
        self.outgoing: List[Tuple[int, Union[bytes, memoryview]]] = []
        self._masks: Iterator[Tuple[bytes]] = iter(())  # random, each for one frame
        self._write_works = True
        self._is_flushing = False  # flush() has begun, and not returned
        self._at_end = False  # the peer will send no more bytes
        self._end_reason = "the connection ended without a close frame"
        # Whether to read again without waiting for the socket. For others to look at only.
        self.has_unread = bool(already_read)

    def __repr__(self) -> str:
        return f"<Transport outgoing={len(self.outgoing)} at_end={self._at_end}>"

    @property
    def wants_to_write(self) -> bool:
        """Whether to come back with ``flush()`` when the socket takes bytes again."""
        return bool(self.outgoing) and self._write_works

    def send(self, opcode: int, payload: bytes) -> None:
        """Queue one frame; ``flush()`` writes it."""
        if opcode == OPCODE_PONG and len(self.outgoing) > MAX_WAITING_PONGS:
            return
        mask = next(self._masks, None)
        if mask is None:
            # Many at once: to ask the system for four bytes takes as long as to use them.
            self._masks = struct.iter_unpack("4s", os.urandom(MASKS_BYTES))
            mask = next(self._masks)
        self.outgoing.append((opcode, _frame(opcode, payload, mask[0])))

    def flush(self) -> int:
        """Write what the socket takes now; returns how many bytes of binary frames that were.

        A failed write is not raised: what the peer said before it went away is
        still to be read, and says more.
        """
        audio_bytes = 0
        if self._is_flushing:  # an exception came in between, and nobody knows what went out
            self._write_works = False
        self._is_flushing = True
        while self.outgoing and self._write_works:
            opcode, frame = self.outgoing[0]
            try:
                # TLS wants to see a refused write again with the same bytes: the frame stays
                # first in the queue until it is out.
                sent = self.socket.send(frame)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            except OSError:
                self._write_works = False
                break
            if not sent:  # so gevent says that its TLS takes none now
                break
            if opcode == OPCODE_BINARY:
                audio_bytes += sent
            if sent == len(frame):
                del self.outgoing[0]
            else:
                self.outgoing[0] = (opcode, memoryview(frame)[sent:])
        self._is_flushing = False
        return audio_bytes

    def receive(self) -> List[Frame]:
        """The frames that have arrived, control frames included, whole messages only.

        Raises ``ConnectionBroken`` when the connection has ended, after what
        came before the end has been returned.
        """
        self._read()
        frames: List[Frame] = []
        try:
            while self._received:
                frame = self._next_frame()
                if frame is not None:
                    frames.append(frame)
        except _Incomplete:
            pass
        except websocket.WebSocketException as exc:
            self._fail(frames, f"the peer broke the WebSocket protocol: {_reason(exc)}")
        if self._at_end and not frames:
            raise ConnectionBroken(self._end_reason)
        return frames

    def close(self) -> None:
        """Close the socket at once. Idempotent."""
        with contextlib.suppress(OSError):  # not connected any more
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _fail(self, frames: List[Frame], reason: str) -> None:
        """No further byte can be trusted: whatever came before is all there is."""
        self._received.clear()
        self._at_end, self.has_unread = True, bool(frames)
        self._end_reason = reason

    def _read(self) -> None:
        self.has_unread = False
        for _ in range(READS_PER_TURN):
            if self._at_end:
                # Whoever waits must come back for the ConnectionBroken.
                self.has_unread = True
                return
            try:
                data = self.socket.recv(READ_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                return
            except OSError as exc:
                self._at_end = True
                self._end_reason = f"the connection broke: {exc.strerror or exc}"
                continue
            if not data:
                self._at_end = True
                continue
            self._received += data
            if len(data) < READ_BYTES and (self._is_plain or not self._keeps()):
                return  # that was all; to be told so by the system costs as much as to read
        self.has_unread = True

    def _next_frame(self) -> Optional[Frame]:
        if self._received[0] == _WHOLE_TEXT and not self._is_within:
            payload = self._whole_payload()
            if payload is not None:
                return Frame(OPCODE_TEXT, payload)
        self._is_within = True
        try:
            raw = self._decoder.recv_frame()
        except _Incomplete:
            if (self._decoder.length or 0) > MAX_MESSAGE_BYTES:
                raise websocket.WebSocketProtocolException(
                    f"a frame of {self._decoder.length} bytes"
                ) from None
            raise
        self._is_within = self._fragmented_opcode is not None
        payload = bytes(raw.data)  # type: ignore[arg-type]  # what was received is never a str
        if raw.opcode >= OPCODE_CLOSE:
            if len(payload) > MAX_CONTROL_BYTES or not raw.fin:
                raise websocket.WebSocketProtocolException("a control frame too large or split")
            return Frame(raw.opcode, payload)
        return self._message(raw.opcode, payload, bool(raw.fin))

    def _message(self, opcode: int, payload: bytes, is_last: bool) -> Optional[Frame]:
        """Put the fragments of a message together; ``None`` until the last one."""
        if (opcode == _OPCODE_CONTINUATION) != (self._fragmented_opcode is not None):
            raise websocket.WebSocketProtocolException("fragments out of order")
        if self._fragmented_opcode is None:
            self._fragmented_opcode = opcode
        self._fragments.append(payload)
        self._fragments_size += len(payload)
        if self._fragments_size > MAX_MESSAGE_BYTES or len(self._fragments) > MAX_FRAGMENTS:
            raise websocket.WebSocketProtocolException("a message without end")
        self._is_within = not is_last
        if not is_last:
            return None
        frame = Frame(self._fragmented_opcode, b"".join(self._fragments))
        self._fragments, self._fragments_size, self._fragmented_opcode = [], 0, None
        return frame

    def _whole_payload(self) -> Optional[bytes]:
        """That of a short frame without a mask, if all of it is here; it is taken.

        Such is every transcript, and websocket-client, which takes all other frames, needs as
        long to take one as everything behind needs to understand it.
        """
        received, start = self._received, 2
        size = received[1] if len(received) >= 4 else _LONGER
        if size == _LONG:
            size, start = int.from_bytes(received[2:4], "big"), 4
        elif size >= _LONGER:
            return None
        end = start + size
        if len(received) < end:
            return None
        payload = bytes(received[start:end])
        del received[:end]
        return payload

    def _take(self, size: int) -> bytes:
        if not self._received:
            raise _Incomplete
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken


def _frame(opcode: int, payload: bytes, mask: bytes) -> bytes:
    """A whole message in one masked frame (RFC 6455, sections 5.2 and 5.3).

    Not by websocket-client, which takes twice as long for a small one: every 20 ms of audio are
    one, and to make it costs as much as to write it.
    """
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 0xFE, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0xFF, size)
    masks = int.from_bytes(mask * (size // 4) + mask[: size % 4], "little")
    masked = int.from_bytes(payload, "little") ^ masks
    return head + mask + masked.to_bytes(size, "little")


def _reason(exc: Exception) -> str:
    # Up to 1.9.0 websocket-client raises some with a pattern and the values beside it.
    pattern, *values = exc.args or ("",)
    return str(pattern % tuple(values) if values else pattern)


def close_status(payload: bytes) -> Tuple[int, str]:
    """Code and reason of a close frame; 1005 when it carries none."""
    if len(payload) < 2:
        return NO_STATUS, ""
    return struct.unpack("!H", payload[:2])[0], payload[2:].decode("utf-8", "replace")


def open_transport(
    request: Request, proxy: Optional[str], context: Any, lifeline: Lifeline
) -> Transport:
    """Dial, upgrade, and hand over the connection.

    Blocks until ``lifeline`` ends at most. Raises ``ConnectError`` or its
    subclass ``AuthenticationError``, and ``Aborted`` when it was stopped.
    """
    try:
        sock = dial(request.url, proxy, context, lifeline)
        try:
            return _upgrade(sock, request, lifeline)
        except BaseException:
            lifeline.discard(sock)
            raise
    except (ConnectError, ConfigurationError):
        raise
    except DeadlinePassed:
        raise ConnectError(
            "the connection was not open in time: raise connect_timeout, or look at the network",
            is_temporary=True,
        ) from None
    except _CONNECT_FAILURES as exc:
        raise _connect_error(exc) from exc


# What dialling and websocket-client are known to raise. ValueError, IndexError and AttributeError
# come from websocket-client for answers that it cannot parse, UnicodeError from a look-up of odd
# names.
_CONNECT_FAILURES = (
    websocket.WebSocketException,
    OSError,
    ValueError,
    IndexError,
    AttributeError,
)


def _upgrade(sock: socket.socket, request: Request, lifeline: Lifeline) -> Transport:
    stream = DeadlineSocket(sock, lifeline)
    client = websocket.WebSocket(skip_utf8_validation=True)
    try:
        client.connect(  # type: ignore[no-untyped-call]
            request.url,
            socket=stream,
            header=list(request.headers),
            # One observer found upgrades with an Origin refused.
            suppress_origin=True,
            # A redirect would carry the key to whatever host it names.
            redirect_limit=0,
        )
    except (*_CONNECT_FAILURES, ConnectError, DeadlinePassed):
        # websocket-client's own error may lack the status or the body, and its text holds all
        # headers; the bytes that came say more. Without an HTTP answer its error goes on up.
        if refusal(bytes(stream.answer)) is not None:
            stream.gather(is_complete, BODY_WAIT)
            refused = refusal(bytes(stream.answer))
            assert refused is not None
            raise refused from None
        raise
    # Some versions report a redirect as a connection.
    refused = refusal(bytes(stream.answer))
    if refused is not None:
        raise refused
    lifeline.passed("upgrade", "HTTP 101")
    return Transport(sock, bytes(stream.unread))


def _connect_error(exc: Exception) -> ConnectError:
    if isinstance(exc, ssl.SSLCertVerificationError):
        return ConnectError(
            f"the server's certificate is not trusted: {exc.verify_message}. If this machine "
            "lacks certificates, set SSL_CERT_FILE or give ssl_context=; on macOS run "
            "'Install Certificates.command' of your Python"
        )
    text = getattr(exc, "strerror", None) or str(exc) or type(exc).__name__
    return ConnectError(f"the connection could not be opened: {text}", is_temporary=_may_pass(exc))


def _may_pass(exc: Exception) -> bool:
    """Whether it is the network's doing: no answer, or a connection that ended."""
    if isinstance(exc, ssl.SSLError):
        return isinstance(exc, (ssl.SSLEOFError, ssl.SSLZeroReturnError))
    return isinstance(exc, (OSError, websocket.WebSocketConnectionClosedException))
