"""Live captions in the browser: ``python examples/flask_live_captions/app.py``, then open the page.

Without a key, one command runs it with a recogniser on this machine (extra ``demo``)::

    telnyx-stt emulate --recogniser pocketsphinx -- python examples/flask_live_captions/app.py

With TELNYX_API_KEY set, leave out all before ``python``. The key stays in here: a browser talks to
this program only. Away from localhost, browsers give the microphone to https pages only, and
``gunicorn --threads 100 --chdir examples/flask_live_captions app:app`` is the better server: one
thread for each browser.

Audio: microphone → ``static/worklet.js`` (16-bit samples at 16 kHz) → WebSocket → Transcriber.
Text: callbacks → WebSocket, as JSON → ``static/captions.js``.
"""

from __future__ import annotations

import json
import os
import socket
import threading
from contextlib import suppress
from typing import Any, Iterator
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server
from wsproto.utilities import LocalProtocolError

from telnyx_stt_sync import (
    AudioDroppedError,
    AuthenticationError,
    TelnyxSTTError,
    Transcriber,
    Transcript,
)

# A microphone that is on always gives audio: after so many seconds without any, it has gone.
PATIENCE = 10.0

app = Flask(__name__)
app.config["SOCK_SERVER_OPTIONS"] = {"max_message_size": 64_000}
sock = Sock(app)


class Browser:
    """The browser at the other end. One thread listens to it; any thread may tell it something."""

    def __init__(self, ws: Server) -> None:
        self._ws = ws
        # The WebSocket compresses what it sends: two threads at once would garble it.
        self._lock = threading.Lock()

    def audio(self) -> Iterator[bytes]:
        """What the microphone gives until it is stopped. Raises ConnectionClosed."""
        while isinstance(message := self._ws.receive(timeout=PATIENCE), bytes):
            yield message

    def tell(self, kind: str, **facts: Any) -> None:
        """Send it a message."""
        # If it has left, audio() says so as well.
        with suppress(ConnectionClosed, LocalProtocolError, OSError), self._lock:
            self._ws.send(json.dumps({"kind": kind, **facts}))

    def wait_until_gone(self) -> None:
        """It closes when it has read the last message. Closed from here, that could be lost."""
        for _ in self.audio():
            pass

    def hang_up(self) -> None:
        with suppress(ConnectionClosed, OSError):
            self._ws.close()
        # Flask's own server would write an HTTP response behind the end of the WebSocket.
        with suppress(OSError):
            self._ws.sock.shutdown(socket.SHUT_WR)

    def tell_transcript(self, transcript: Transcript) -> None:
        self.tell("final" if transcript.is_final else "interim", text=transcript.text)

    def tell_gap(self, error: TelnyxSTTError) -> None:
        # Every other error ends the stream: send() or finish() raises it.
        if isinstance(error, AudioDroppedError):
            self.tell("gap", seconds=error.seconds)


@app.before_request
def refuse_other_sites() -> None:
    """Any site may open a WebSocket to any other: without this, all could use the key."""
    origin = request.headers.get("Origin")
    if origin and urlsplit(origin).netloc != request.host:
        abort(403)


@app.get("/")
def index() -> Response:
    return app.send_static_file("index.html")


@sock.route("/captions")
def captions(ws: Server) -> None:
    """One microphone, with a thread and a Transcriber of its own, until one of them ends."""
    browser = Browser(ws)
    try:
        transcribe(browser)
        browser.wait_until_gone()
    finally:
        browser.hang_up()


def transcribe(browser: Browser) -> None:
    try:
        with Transcriber(
            input_format="linear16",
            sample_rate=16000,
            interim_results=True,
            overflow="drop_oldest",  # captions are of now: old audio gives way
            on_transcript=browser.tell_transcript,
            on_connect=lambda reconnects: browser.tell("live"),
            on_reconnect=lambda error, attempt, delay: browser.tell("reconnecting"),
            on_error=browser.tell_gap,
        ) as stt:
            for audio in browser.audio():
                stt.send(audio)
        browser.tell("stopped")
    except AuthenticationError as error:
        app.logger.error("%s", error)  # no business of whoever reads the captions
        browser.tell("error", reason="the service refused the key of this server")
    except TelnyxSTTError as error:
        browser.tell("error", reason=str(error))


if __name__ == "__main__":
    app.run(port=int(os.environ.get("PORT", "5000")))
