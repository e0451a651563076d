"""The rules for programs under gunicorn and uWSGI, and what happens to those that break them."""

from __future__ import annotations

import signal
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import List

import pytest

from telnyx_stt_sync.emulator import Emulator
from tests.conftest import LIMIT
from tests.embedding.house import wait_until
from tests.examples import house
from tests.examples.served import Answer, Server, gunicorn, recording, serving, uwsgi

WORDS = "one two three"
SHORT = recording(WORDS)
# At the engine's pace, 2.5 × real time, this takes some 5 seconds.
LONG = recording("word " * 42)

# A live stream that outlives requests. Each request says what it did, or what was raised; the
# first page says when finals were heard.
LIVE = """
import time
from flask import Flask
from telnyx_stt_sync import Transcriber
from telnyx_stt_sync.emulator import word_audio

app = Flask(__name__)
heard = []
stt = Transcriber(
    input_format="linear16",
    sample_rate=16000,
    on_transcript=lambda transcript: heard.append(time.time()),
)

@app.route("/")
def index():
    return heard

@app.post("/start")
def start():
    stt.start()
    return "started"

@app.post("/send")
def send():
    stt.send(word_audio("one two three", pause_every=3))
    return "sent"

@app.post("/finish")
def finish():
    return stt.finish().text

@app.errorhandler(Exception)
def failed(error):
    return type(error).__name__, 500
"""

EARLY_START = "stt.start()  # at import, so before the fork where the program is preloaded\n"

PATCHED_EARLY = "from gevent import monkey\nmonkey.patch_all()\n"


@pytest.fixture(autouse=True)
def needed() -> None:
    """What all of these programs need."""
    house.module("flask")
    house.module("gevent")


def _transcribes(server: Server, path: str, audio: bytes) -> bool:
    """Whether an upload is answered with a transcript; else with an error, or not at all."""
    try:
        answer = server.upload(path, audio)
    except (HTTPException, ConnectionError):
        return False
    return answer.status == 200


def texts(*answers: Answer) -> List[str]:
    return [answer.body for answer in answers]


def test_made_before_the_fork_and_started_after(tmp_path: Path) -> None:
    """A Transcriber that is made when the program is loaded works in the workers."""
    (tmp_path / "live.py").write_text(LIVE)
    with Emulator() as emulator:
        with serving(gunicorn("--preload", "live:app"), tmp_path, emulator) as server:
            answers = [server.ask("POST", path) for path in ("/start", "/send", "/finish")]
    assert texts(*answers) == ["started", "sent", WORDS]


def test_started_before_the_fork(tmp_path: Path) -> None:
    """A stream that is opened when the program is loaded is not the workers'; they may open one."""
    (tmp_path / "live.py").write_text(LIVE + EARLY_START)
    with Emulator() as emulator:
        with serving(gunicorn("--preload", "live:app"), tmp_path, emulator) as server:
            before = [server.ask("POST", path) for path in ("/send", "/finish")]
            after = [server.ask("POST", path) for path in ("/start", "/send", "/finish")]
    assert texts(*before) == ["ForkedProcessError"] * 2
    assert texts(*after) == ["started", "sent", WORDS]


def test_sync_worker_with_a_call_beyond_its_time(tmp_path: Path) -> None:
    """A worker of gunicorn's default class is killed when one request takes --timeout seconds."""
    command = gunicorn("--timeout", "2", "flask_upload:app")
    with Emulator() as emulator, serving(command, tmp_path, emulator) as server:
        assert not _transcribes(server, "/transcripts", LONG)
        assert "WORKER TIMEOUT" in server.log
        session = emulator.sessions[0]
        wait_until(lambda: session.close_code is not None)  # it does not go on at the service
        wait_until(lambda: server.workers() not in ([], server.pids))


@pytest.mark.parametrize("kind", ["gthread", "gevent"])
def test_other_workers_and_a_long_call(kind: str, tmp_path: Path) -> None:
    """With threads or gevent a call may last, others are answered meanwhile, SIGTERM waits for it.

    --timeout is for workers that hang, there.
    """
    workers = ["--worker-class", kind, "--threads", "4", "--timeout", "2"]
    command = gunicorn(*workers, "flask_upload:app")
    with Emulator() as emulator, serving(command, tmp_path, emulator) as server:
        before = len(server.log)  # to start may take a worker longer than --timeout
        with ThreadPoolExecutor(1) as clients:
            answer = clients.submit(server.upload, "/transcripts/live", LONG)
            wait_until(lambda: bool(emulator.sessions and emulator.sessions[0].audio))
            assert server.upload("/transcripts", SHORT).json["text"] == WORDS
            # By then it has lasted for 3.5 seconds.
            wait_until(lambda: len(emulator.sessions[0].audio) > 3.5 * 2.5 * 32000)
            assert not answer.done()
            server.signal(signal.SIGTERM)
            assert answer.result().events[-1][0] == "result"
        assert server.process.wait(LIMIT) == 0
        assert "TIMEOUT" not in server.log[before:]


@pytest.mark.parametrize("kind", ["gthread", "gevent"])
def test_stop_in_the_middle_of_a_call_that_has_no_end(kind: str, tmp_path: Path) -> None:
    """What is not at its end after --graceful-timeout is ended, at the service too."""
    command = gunicorn("--worker-class", kind, "--graceful-timeout", "1", "flask_upload:app")
    with Emulator(faults=["silent"]) as emulator, serving(command, tmp_path, emulator) as server:
        with server.uploading("/transcripts", SHORT) as connection:
            wait_until(lambda: bool(emulator.sessions and emulator.sessions[0].audio))
            server.signal(signal.SIGTERM)
            # 55 seconds is what the program would wait; 30 gunicorn, without the option.
            server.process.wait(15)
            with pytest.raises((HTTPException, ConnectionError)):
                connection.getresponse()
        wait_until(lambda: emulator.sessions[0].close_code is not None)


@pytest.mark.parametrize("patched", [True, False], ids=["patched", "not patched"])
def test_gevent_and_preload(patched: bool, tmp_path: Path) -> None:
    """With --preload gevent has to patch first of all; else one request stops all the others."""
    (tmp_path / "gunicorn.conf.py").write_text(PATCHED_EARLY if patched else "")
    command = gunicorn(
        "--worker-class", "gevent", "--preload", "--timeout", "2", "flask_upload:app"
    )
    with Emulator() as emulator, serving(command, tmp_path, emulator) as server:
        before = len(server.log)
        assert _transcribes(server, "/transcripts/live", SHORT) is patched
        assert ("WORKER TIMEOUT" in server.log[before:]) is not patched


@pytest.mark.parametrize("enabled", [True, False], ids=["enabled", "not enabled"])
def test_uwsgi_threads(enabled: bool, tmp_path: Path) -> None:
    """Without --enable-threads (before 2.0.27) nothing is sent or heard between requests."""
    (tmp_path / "live.py").write_text(LIVE)
    options = ["--enable-threads"] if enabled else []
    with Emulator(faults=["slow_finals=0.3"]) as emulator:
        with serving(uwsgi("--module", "live:app", *options), tmp_path, emulator) as server:
            assert server.ask("POST", "/start").body == "started"
            assert server.ask("POST", "/send").body == "sent"
            if enabled:
                wait_until(lambda: server.ask("GET", "/").json != [])
            else:
                time.sleep(1.0)  # there is nothing to wait for
            next_request = time.time()
            assert server.ask("POST", "/finish").body == WORDS
            (heard,) = server.ask("GET", "/").json
            assert ("threads support is disabled" in server.log) is not enabled
    assert (heard < next_request) is enabled


def test_uwsgi_within_a_request(tmp_path: Path) -> None:
    """A file within one request needs no option of uWSGI's: threads run as long as it waits."""
    with Emulator() as emulator:
        with serving(uwsgi("--module", "flask_upload:app"), tmp_path, emulator) as server:
            answer = server.upload("/transcripts", SHORT)
            events = server.upload("/transcripts/live", SHORT).events
    assert answer.json["text"] == events[-1][1]["text"] == WORDS
