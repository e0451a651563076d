"""The way from this machine to the first frame, one step after the other, each with its time."""

from __future__ import annotations

import os
import selectors
import struct
import time
import wave
from typing import Iterator, List, NamedTuple, Optional
from urllib.parse import urlsplit

from .._dial import DeadlinePassed, Lifeline, dial
from .._errors import ConfigurationError, ConnectError, ConnectionLostError, TelnyxSTTError
from .._messages import FailureMessage, Message, TranscriptMessage, parse_text_frame
from .._options import Options
from .._request import exposes_key, opening_request, with_environment
from .._session import CLOSE_STREAM
from .._transport import (
    OPCODE_BINARY,
    OPCODE_CLOSE,
    OPCODE_PING,
    OPCODE_PONG,
    OPCODE_TEXT,
    ConnectionBroken,
    Frame,
    Transport,
    close_status,
    open_transport,
)
from .._waker import Waker

# Speech, because engines may have nothing to say of silence: so many seconds of the recording that
# comes with the package, and silence behind them, by which engines know that somebody has ended.
SPEECH_SECONDS = 2.5
SILENCE_SECONDS = 2.0
RATE = 16_000
FRAME_BYTES = 8_000  # Telnyx advises 2 to 8 kB

# Seconds for the answer to it: engines think for a while.
PATIENCE = 10.0

RECORDING = os.path.join(os.path.dirname(__file__), "demo.wav")


class Check(NamedTuple):
    """One step: ``error`` ``None`` when it went well; ``seconds`` ``None`` where none matter."""

    name: str
    seconds: Optional[float]
    detail: str
    error: Optional[Exception] = None


def checks(options: Options) -> Iterator[Check]:
    """Go the way, and tell each step when it is done; ends with the first that fails.

    Blocks for ``connect_timeout`` at most up to the open connection, and then for
    ten seconds at most until the first frame. Without a key it goes as far as
    one can without.
    """
    try:
        whole = with_environment(options, os.environ)
    except ConfigurationError as exc:
        try:
            whole = with_environment(options, dict(os.environ, TELNYX_API_KEY="none"))
        except ConfigurationError as other:  # with any key
            yield Check("url", None, "", other)
            return
        yield Check("key", None, "", exc)
        yield from _opening(whole, with_key=False)
        return
    yield Check("key", None, _key_is_from(options) + _exposed(whole))
    yield from _opening(whole, with_key=True)


def _key_is_from(options: Options) -> str:
    return "from a file" if options.api_key is not None else "from TELNYX_API_KEY"


def _exposed(options: Options) -> str:
    assert options.url is not None
    if exposes_key(options.url):
        return "; ws:// sends it in clear: use wss://"
    return ""


class _Watch:
    """Makes a check of each stage that an opening has passed."""

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme
        self._since = time.monotonic()
        self._has_proxy = False
        self.passed: List[Check] = []

    def on_passed(self, stage: str, detail: str) -> None:
        """A stage is done."""
        self._has_proxy = self._has_proxy or (stage == "proxy" and detail != "none")
        self.passed.append(Check(stage, self._lap(), detail))

    def failed(self, error: Exception) -> Check:
        """The one after the last that was passed is the one that failed."""
        stages = ["proxy", "look-up", "TCP"]
        stages += ["tunnel"] if self._has_proxy else []
        stages += ["TLS"] if self._scheme == "wss" else []
        stages += ["upgrade"]
        return Check(stages[len(self.passed)], self._lap(), "", error)

    def _lap(self) -> float:
        now = time.monotonic()
        seconds, self._since = now - self._since, now
        return seconds


def _opening(options: Options, *, with_key: bool) -> Iterator[Check]:
    """The stages of the library's own dialling, and the first frame behind them."""
    waker = Waker()
    transport = None
    watch = _Watch(urlsplit(options.url or "").scheme)
    lifeline = Lifeline(
        waker, time.monotonic() + options.connect_timeout, lambda: False, watch.on_passed
    )
    try:
        failure = None
        try:
            transport = _open(options, lifeline, with_key=with_key)
        except (TelnyxSTTError, OSError) as exc:
            failure = watch.failed(exc)
        yield from watch.passed
        if failure is not None:
            yield failure
        elif transport is not None:
            yield _first_frame(options, transport, waker)
    finally:
        if transport is not None:
            transport.close()
        waker.close()


def _open(options: Options, lifeline: Lifeline, *, with_key: bool) -> Optional[Transport]:
    """An open connection; without a key only as far as TLS, and then ``None``."""
    request = opening_request(options)
    if with_key:
        return open_transport(request, options.proxy, options.ssl_context, lifeline)
    try:
        lifeline.discard(dial(request.url, options.proxy, options.ssl_context, lifeline))
    except DeadlinePassed:
        raise ConnectError("no answer in time", is_temporary=True) from None
    return None


def _first_frame(options: Options, transport: Transport, waker: Waker) -> Check:
    """Send a little speech, say that it was all, and see what comes."""
    started = time.monotonic()
    deadline = started + PATIENCE
    for piece in _audio():
        transport.send(OPCODE_BINARY, piece)
    if options.engine.close_stream:
        transport.send(OPCODE_TEXT, CLOSE_STREAM.encode())
    error: Optional[Exception] = None
    detail = ""
    try:
        detail = _describe(_next_message(transport, waker, deadline))
    except (TelnyxSTTError, ConnectionBroken) as exc:
        error = exc
    seconds = time.monotonic() - started
    transport.send(OPCODE_CLOSE, struct.pack("!H", 1000))
    transport.flush()
    return Check("first frame", seconds, detail, error)


def _audio() -> Iterator[bytes]:
    with wave.open(RECORDING, "rb") as file:
        speech = file.readframes(int(SPEECH_SECONDS * RATE))
    audio = speech + bytes(2 * int(SILENCE_SECONDS * RATE))
    for start in range(0, len(audio), FRAME_BYTES):
        yield audio[start : start + FRAME_BYTES]


def _next_message(transport: Transport, waker: Waker, deadline: float) -> Message:
    """The first message that is not a ping. Raises what else comes: a failure, the end, no time."""
    while True:
        transport.flush()
        for frame in transport.receive():
            if frame.opcode == OPCODE_PING:
                transport.send(OPCODE_PONG, frame.payload)
            elif frame.opcode != OPCODE_PONG:
                return _message(frame)
        left = deadline - time.monotonic()
        if left <= 0:
            raise ConnectionLostError("the connection is open, and nothing came over it")
        if not transport.has_unread:
            events = selectors.EVENT_READ
            events |= selectors.EVENT_WRITE if transport.wants_to_write else 0
            waker.wait(transport.socket, events, left)


def _message(frame: Frame) -> Message:
    if frame.opcode == OPCODE_CLOSE:
        code, reason = close_status(frame.payload)
        said = f", {reason}" if reason else ""
        raise ConnectionLostError(
            f"the service closed the connection (code {code}{said}) before any frame",
            code=code,
            reason=reason,
        )
    message = parse_text_frame(frame.payload)[0]
    if isinstance(message, FailureMessage):
        raise message.error
    return message


def _describe(message: Message) -> str:
    if not isinstance(message, TranscriptMessage):
        return "a frame of a shape that is not known here"
    kind = "final" if message.is_final else "interim"
    return f"{kind}: {message.text!r}" if message.text else f"an empty {kind}"
