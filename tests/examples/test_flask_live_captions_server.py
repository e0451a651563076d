"""The server of the captions page, by plain WebSockets."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import socket
import sys
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest
import websocket

from telnyx_stt_sync.emulator import Emulator
from tests.conftest import LIMIT
from tests.examples import house
from tests.examples.captions_page import FOLDER, find_app, running, served, served_by_gunicorn


@contextlib.contextmanager
def connected(url: str, **options: Any) -> Iterator[websocket.WebSocket]:
    """A WebSocket as the page opens it."""
    address = url.replace("http", "ws") + "captions"
    ws = websocket.create_connection(address, timeout=LIMIT, **options)
    try:
        yield ws
    finally:
        ws.close()
        if ws.sock is not None:  # the other end has closed first
            ws.sock.close()


def messages(ws: websocket.WebSocket) -> Iterator[Dict[str, Any]]:
    while text := ws.recv():
        yield json.loads(text)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the server of the page says."""
    find_app()
    return tmp_path / "server.log"


def test_other_sites(log: Path) -> None:
    """A page of another site cannot use the WebSocket, and with it the key."""
    with Emulator() as emulator, served(emulator.url, log) as url:
        with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
            connected(url, origin="https://evil.example").__enter__()
        with connected(url, origin=url.rstrip("/")):
            pass
        assert emulator.wait_for_sessions(1)[0].closed.wait(LIMIT)


def test_a_message_that_is_too_long(log: Path) -> None:
    """Nobody can fill the server's memory with one message."""
    with Emulator() as emulator, served(emulator.url, log) as url, connected(url) as ws:
        ws.send_binary(bytes(100_000))
        assert [message["kind"] for message in messages(ws)] in ([], ["live"])
        assert emulator.wait_for_sessions(1)[0].closed.wait(LIMIT)
        assert emulator.sessions[0].audio_bytes == 0


def test_a_service_that_is_slow(log: Path) -> None:
    """Audio that cannot be sent in time gives way, and the browser is told how much."""
    with Emulator(faults="real_time=5") as emulator, served(emulator.url, log) as url:
        with connected(url) as ws:
            for _ in range(150):
                ws.send_binary(bytes(60_000))
            gaps = (message for message in messages(ws) if message["kind"] == "gap")
            assert next(gaps)["seconds"] > 1


def test_an_error_while_audio_comes(log: Path) -> None:
    """The browser closes first: the reset that audio on its way causes could eat the reason."""
    with Emulator(faults="unauthorized") as emulator:
        with served_by_gunicorn(emulator.url, log) as url, connected(url) as ws:
            assert next(messages(ws))["kind"] == "error"
            for _ in range(200):
                ws.send_binary(bytes(60_000))


def test_browsers_that_vanish(log: Path) -> None:
    """Who goes without a word, while text comes, leaves nothing in the log to worry about."""
    with Emulator(transcripts=["word"] * 30) as emulator, served(emulator.url, log) as url:
        for _ in range(10):
            with connected(url) as ws:
                next(messages(ws))
                for _ in range(9):
                    ws.send_binary(bytes(32_000))
                assert ws.sock is not None
                ws.sock.close()
        for session in emulator.wait_for_sessions(10):
            assert session.closed.wait(LIMIT)
    assert "raised" not in log.read_text()


def test_a_browser_that_falls_silent(log: Path) -> None:
    """A browser that sends no audio any more has gone: the stream does not stay open for it."""
    program = f"import sys; sys.path.insert(0, {str(FOLDER)!r}); import app; "
    program += "app.PATIENCE = 0.3; app.app.run(port=0)"
    with Emulator(transcripts=["hello"]) as emulator:
        facts = {"TELNYX_STT_URL": emulator.url, "TELNYX_API_KEY": "key"}
        with running([sys.executable, "-c", program], log, **facts) as url:
            with connected(url) as ws:
                ws.send_binary(bytes(9_600))
                kinds = [message["kind"] for message in messages(ws)]
        assert kinds[0] == "live"
        assert kinds[-2:] == ["final", "stopped"]
        assert emulator.sessions[0].closed.wait(LIMIT)


def test_many_threads(log: Path) -> None:
    """Callbacks and the thread of the request may tell the browser something at the same time."""
    app = load_app()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        reader = Reader(theirs)
        browser = app.Browser(app.Server({"werkzeug.socket": ours, **reader.environment}))
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            tellers = [
                threading.Thread(target=tell, args=[browser, f"{number} " * 50])
                for number in range(8)
            ]
            for teller in tellers:
                teller.start()
            told = reader.read(8 * TIMES)
            for teller in tellers:
                teller.join(LIMIT)
        finally:
            sys.setswitchinterval(interval)
            theirs.shutdown(socket.SHUT_RDWR)
    assert sorted(told) == sorted(f"{number} " * 50 for number in range(8) for _ in range(TIMES))


TIMES = 100


def tell(browser: Any, text: str) -> None:
    for _ in range(TIMES):
        browser.tell("interim", text=text)


def load_app() -> Any:
    """The module of the example."""
    spec = importlib.util.spec_from_file_location("flask_live_captions_app", FOLDER / "app.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Reader:
    """A browser's end of a WebSocket: like a browser it asks for compression."""

    def __init__(self, end: socket.socket) -> None:
        wsproto = house.module("wsproto")
        self._events = house.module("wsproto.events")
        self._end = end
        end.settimeout(LIMIT)
        deflate = house.module("wsproto.extensions").PerMessageDeflate()
        self._ws = wsproto.WSConnection(wsproto.ConnectionType.CLIENT)
        request = self._events.Request(host="localhost", target="/", extensions=[deflate])
        lines = self._ws.send(request).decode().split("\r\n")[1:]
        headers = dict(line.split(": ", 1) for line in lines if line)
        self.environment = {
            "HTTP_" + name.upper().replace("-", "_"): value for name, value in headers.items()
        }

    def read(self, count: int) -> List[str]:
        """The texts of so many messages."""
        texts: List[str] = []
        while len(texts) < count:
            self._ws.receive_data(self._end.recv(65536))
            for event in self._ws.events():
                if isinstance(event, self._events.TextMessage):
                    texts.append(json.loads(event.data)["text"])
        return texts
