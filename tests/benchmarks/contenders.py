"""What would be used for the same job, each in a few plain lines, as its users write them.

Live audio on one thread, transcripts on another: that is what "without an event loop" means.
``finish()`` waits for the server's close and says when the last final was in hand.
"""

from __future__ import annotations

import base64
import json
import math
import os
import socket
import ssl
import struct
import threading
import time
from typing import Any, Callable, Dict, List, Mapping, Optional, Type
from urllib.parse import urlsplit

CLOSE_STREAM = '{"type":"CloseStream"}'

OnFinal = Callable[[Mapping[str, Any]], None]


class Contender:
    """A live stream: ``on_final`` is called with each frame that is a final.

    Options are those of ours; the others have none.
    """

    name = ""

    def __init__(
        self, url: str, on_final: OnFinal, context: Optional[ssl.SSLContext], **_: Any
    ) -> None:
        raise NotImplementedError

    def send(self, audio: bytes) -> None:
        """Send a chunk."""
        raise NotImplementedError

    def finish(self) -> None:
        """Say that it was all, and wait until the server has closed."""
        raise NotImplementedError

    def troubles(self) -> Dict[str, float]:
        """What went wrong on the way, where that is known."""
        return {}

    @classmethod
    def upload(
        cls, url: str, context: Optional[ssl.SSLContext], path: str, frame_bytes: int
    ) -> Callable[[], None]:
        """What sends a file of samples and waits for the end; it is connected, if it can be."""
        client = cls(url, lambda frame: None, context)

        def send_file() -> None:
            with open(path, "rb") as file:
                for audio in iter(lambda: file.read(frame_bytes), b""):
                    client.send(audio)
            client.finish()

        return send_file


class Ours(Contender):
    """This library."""

    name = "telnyx_stt_sync"

    def __init__(
        self, url: str, on_final: OnFinal, context: Optional[ssl.SSLContext], **options: Any
    ) -> None:
        self._stt = self._transcriber(
            url, context, on_transcript=lambda transcript: on_final(transcript.raw), **options
        ).start()

    @staticmethod
    def _transcriber(url: str, context: Optional[ssl.SSLContext], **options: Any) -> Any:
        from telnyx_stt_sync import Transcriber

        return Transcriber(
            "key",
            url=url,
            ssl_context=context,
            connect_spacing=0,  # the server is ours
            **{"input_format": "linear16", "sample_rate": 16000, **options},
        )

    def send(self, audio: bytes) -> None:
        self._stt.send(audio)

    def finish(self) -> None:
        self._stt.finish()

    def troubles(self) -> Dict[str, float]:
        stats = self._stt.stats
        return {
            "reconnects, times": stats.reconnects,
            "audio dropped, s": stats.dropped_seconds,
        }

    @classmethod
    def upload(
        cls, url: str, context: Optional[ssl.SSLContext], path: str, frame_bytes: int
    ) -> Callable[[], None]:
        stt = cls._transcriber(url, context)
        return lambda: stt.transcribe_file(path, speed=math.inf)


class _WithReader(Contender):
    """A thread that calls ``self.read()`` until that gives nothing."""

    def _start(self, on_final: OnFinal) -> None:
        self._reader = threading.Thread(target=self._run, args=(on_final,), daemon=True)
        self._reader.start()

    def _run(self, on_final: OnFinal) -> None:
        while True:
            text = self.read()
            if not text:
                return
            frame = json.loads(text)
            if frame.get("is_final"):
                on_final(frame)

    def read(self) -> Any:
        """The next text, empty or ``None`` at the end."""
        raise NotImplementedError


class WebsocketClient(_WithReader):
    """A bare loop on websocket-client."""

    name = "websocket-client"

    def __init__(
        self, url: str, on_final: OnFinal, context: Optional[ssl.SSLContext], **_: Any
    ) -> None:
        import websocket

        sslopt = {"context": context} if context else None
        self._client = websocket.create_connection(url, sslopt=sslopt, header=_HEADER)
        self._start(on_final)

    def send(self, audio: bytes) -> None:
        self._client.send_binary(audio)

    def read(self) -> Any:
        return self._client.recv()

    def finish(self) -> None:
        self._client.send(CLOSE_STREAM)
        self._reader.join()
        self._client.shutdown()  # type: ignore[no-untyped-call]


class Websockets(_WithReader):
    """A bare loop on the threading client of websockets."""

    name = "websockets"

    def __init__(
        self, url: str, on_final: OnFinal, context: Optional[ssl.SSLContext], **_: Any
    ) -> None:
        from websockets.sync.client import connect

        self._client = connect(
            url, ssl=context, additional_headers=dict([_HEADER[0].split(": ")]), compression=None
        )
        self._start(on_final)

    def send(self, audio: bytes) -> None:
        self._client.send(audio)

    def read(self) -> Any:
        from websockets.exceptions import ConnectionClosed

        try:
            return self._client.recv()
        except ConnectionClosed:
            return None

    def finish(self) -> None:
        self._client.send(CLOSE_STREAM)
        self._reader.join()
        self._client.close()


class TelnyxSdk(Contender):
    """Telnyx's own SDK, its class for code without an event loop.

    It has no end of a stream; the last lines of ``finish()`` reach into it for what it lacks.
    """

    name = "telnyx SDK"

    def __init__(
        self, url: str, on_final: OnFinal, context: Optional[ssl.SSLContext], **_: Any
    ) -> None:
        if context is not None:
            raise ValueError("it takes no SSL context")
        from telnyx.lib import SpeechToTextStreamParams, SpeechToTextWS

        params = SpeechToTextStreamParams(
            transcription_engine="Deepgram", input_format="linear16", sample_rate=16000
        )
        parts = urlsplit(url)
        self._client = SpeechToTextWS("key", params, base_url=f"http://{parts.netloc}{parts.path}")
        self._client.connect()
        self._reader = threading.Thread(target=self._run, args=(on_final,), daemon=True)
        self._reader.start()

    def _run(self, on_final: OnFinal) -> None:
        for event in self._client.events():
            if event.is_final:
                on_final(vars(event))

    def send(self, audio: bytes) -> None:
        self._client.send(audio)

    def finish(self) -> None:
        self._client._ws.send(CLOSE_STREAM)
        self._reader.join()
        self._client.close()


class Raw(_WithReader):
    """A bare socket that sends ready-made frames: the limit."""

    name = "raw socket"

    def __init__(
        self, url: str, on_final: OnFinal, context: Optional[ssl.SSLContext], **_: Any
    ) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None and parts.port is not None
        self._socket: socket.socket = socket.create_connection((parts.hostname, parts.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self._socket = context.wrap_socket(self._socket, server_hostname=parts.hostname)
        key = base64.b64encode(os.urandom(16)).decode()
        target = parts.path + ("?" + parts.query if parts.query else "")
        self._socket.sendall(
            f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"{_HEADER[0]}\r\n\r\n".encode()
        )
        self._stream = self._socket.makefile("rb")
        while self._stream.readline() != b"\r\n":
            pass
        self._start(on_final)

    def send(self, audio: bytes) -> None:
        self._socket.sendall(frame(2, audio))

    def read(self) -> Any:
        head = self._stream.read(2)
        if len(head) < 2 or head[0] & 0x0F == 8:
            return None
        size = head[1]
        if size == 126:
            (size,) = struct.unpack("!H", self._stream.read(2))
        elif size == 127:
            (size,) = struct.unpack("!Q", self._stream.read(8))
        return self._stream.read(size)

    def finish(self) -> None:
        self._socket.sendall(frame(1, CLOSE_STREAM.encode()))
        self._reader.join()
        self._stream.close()
        self._socket.close()


_HEADER = ["Authorization: Bearer key"]


def frame(opcode: int, payload: bytes) -> bytes:
    """A client's frame with a mask of zeros, which leaves the payload as it is."""
    if len(payload) < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | len(payload))
    elif len(payload) < 65536:
        head = struct.pack("!BBH", 0x80 | opcode, 0xFE, len(payload))
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0xFF, len(payload))
    return head + b"\0\0\0\0" + payload


CONTENDERS: Dict[str, Type[Contender]] = {
    contender.name: contender for contender in (Ours, TelnyxSdk, WebsocketClient, Websockets, Raw)
}

# The module that each of them needs.
NEEDS = {
    Ours.name: "telnyx_stt_sync",
    TelnyxSdk.name: "telnyx",
    WebsocketClient.name: "websocket",
    Websockets.name: "websockets",
    Raw.name: "socket",
}


class Arrivals:
    """For ``on_final``: how long each was on its way, and when the last one came; nanoseconds.

    ``enough`` is set when so many have come.
    """

    def __init__(self, enough: float = math.inf) -> None:
        self._enough = enough
        self.enough = threading.Event()
        self.delays: List[int] = []
        self.last: Mapping[str, Any] = {}

    def __call__(self, frame: Mapping[str, Any]) -> None:
        self.delays.append(time.monotonic_ns() - int(frame["channel"]))
        self.last = frame
        if len(self.delays) == self._enough:
            self.enough.set()
