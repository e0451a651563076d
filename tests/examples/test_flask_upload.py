"""``flask_upload.py``: in this process for its errors, under gunicorn for all the rest."""

from __future__ import annotations

import io
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Iterator, List

import pytest

from telnyx_stt_sync import Transcriber
from telnyx_stt_sync.emulator import Emulator
from tests.embedding.house import wait_until
from tests.examples import house
from tests.examples.served import (
    KEY,
    Answer,
    Server,
    form,
    gunicorn,
    recording,
    serving,
    threads_of,
)

WORDS = "one two three"
SHORT = recording(WORDS)
FLAC = b"fLaC\0\0\0\x22" + bytes(10) + b"\x0a\xc4\x40\xf0" + bytes(40)

# Each worker of gunicorn's writes at its end which threads it has.
HOOKS = """
import os
import threading

def worker_exit(server, worker):
    with open(f"threads-{os.getpid()}", "w") as file:
        file.write("\\n".join(thread.name for thread in threading.enumerate()))
"""


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The example as a module, in this process."""
    house.module("flask")
    monkeypatch.syspath_prepend(str(house.EXAMPLES))
    monkeypatch.setenv("TELNYX_API_KEY", KEY)
    yield house.module("flask_upload")
    del sys.modules["flask_upload"]


def upload(program: Any, path: str, audio: bytes) -> Answer:
    """What the program answers, without a server."""
    data = {"recording": (io.BytesIO(audio), "a.wav")}
    with program.app.test_client().post(path, data=data) as response:
        return Answer(response.status_code, dict(response.headers), response.get_data(as_text=True))


# What goes wrong; what is uploaded; the status; and what the answer says, if it has to.
FAILURES = [
    ("", b"", 422, "empty"),
    ("", b"<html>404 Not Found</html>", 422, "is an HTML page, not audio"),
    ("", b"\0\0\0\x20ftypM4A " + bytes(100), 422, "Convert it: ffmpeg"),
    ("unauthorized", SHORT, 500, "not set up correctly"),
    ("forbidden", SHORT, 500, "not set up correctly"),
    ("rejected", SHORT, 500, "not set up correctly"),
    ("redirect", SHORT, 502, "service failed"),
    ("server_error=out of tapes", SHORT, 502, "service failed"),
    ("unavailable=30", SHORT, 503, "try again later"),
    ("too_many_requests=17", SHORT, 503, "try again later"),
    ("reset_after=10000", SHORT, 503, "try again later"),
    ("silent_close", SHORT, 503, "try again later"),
]


@pytest.mark.parametrize("path", ["/transcripts", "/transcripts/live"])
@pytest.mark.parametrize(("fault", "audio", "status", "says"), FAILURES)
def test_failures(
    fault: str,
    audio: bytes,
    status: int,
    says: str,
    path: str,
    program: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Each failure has its status, in an answer or in the last event; what is ours stays ours."""
    given = Transcriber
    monkeypatch.setattr(program, "Transcriber", lambda: given(reconnect=False))
    monkeypatch.setattr(program, "stt", program.Transcriber())
    with Emulator(faults=[fault] if fault else ()) as emulator:
        monkeypatch.setenv("TELNYX_STT_URL", emulator.url)
        answer = upload(program, path, audio)
    if path == "/transcripts":
        told, code = answer.json, answer.status
        wait = {"unavailable=30": "30", "too_many_requests=17": "17"}.get(fault, "5")
        assert answer.headers.get("Retry-After") == (wait if status == 503 else None)
    else:
        assert answer.status == 200
        name, told = answer.events[-1]
        code = told["status"]
        assert name == "error"
    assert (code, says in told["error"]) == (status, True), told
    assert "tapes" not in answer.body and "127.0.0.1" not in answer.body
    assert KEY not in answer.body + caplog.text
    logged = [record for record in caplog.records if record.getMessage() == "not transcribed"]
    assert len(logged) == (status >= 500)


def test_a_format_for_other_engines(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recording that the engine does not take is the client's matter, and says what is taken."""
    monkeypatch.setattr(program, "stt", Transcriber(KEY, transcription_engine="Telnyx"))
    answer = upload(program, "/transcripts", FLAC)
    assert answer.status == 422
    assert "is a FLAC file, which the chosen engine does not take" in answer.json["error"]


def test_no_key(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without a key says so in its log only."""
    monkeypatch.delenv("TELNYX_API_KEY")
    answer = upload(program, "/transcripts", SHORT)
    assert (answer.status, "KEY" in answer.body) == (500, False)


def test_time_limit(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transcript that does not come within the patience of proxies is answered with 504."""
    monkeypatch.setattr(program, "PATIENCE", 0.5)
    with Emulator() as emulator:
        monkeypatch.setenv("TELNYX_STT_URL", emulator.url)
        answer = upload(program, "/transcripts", recording("word " * 20))
    assert (answer.status, answer.json) == (504, {"error": "the transcript did not come in time"})


def test_heartbeat(program: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """While nothing is heard the events go on, as comments, which clients skip."""
    monkeypatch.setattr(program, "HEARTBEAT", 0.05)
    with Emulator(faults=["slow_finals=1"]) as emulator:
        monkeypatch.setenv("TELNYX_STT_URL", emulator.url)
        answer = upload(program, "/transcripts/live", SHORT)
    assert answer.body.count(": still here\n\n") > 5
    assert answer.events[-1][1]["text"] == WORDS


def test_no_recording(program: Any) -> None:
    """A form without a recording is the client's mistake."""
    assert program.app.test_client().post("/transcripts").status_code == 400


@pytest.fixture(params=["gthread", "gevent"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    """The program under gunicorn."""
    house.module("flask")
    house.module("gevent")
    workers = ["--worker-class", request.param, "--threads", "20"]
    with Emulator() as emulator:
        with serving(gunicorn(*workers, "flask_upload:app"), tmp_path, emulator) as running:
            yield running


def test_events_and_limits(server: Server) -> None:
    """Events come as things happen and end with the result; large files too, up to the limit."""
    # At 48 kHz it is more than the 500 kB up to which an upload stays in memory.
    large = recording("word " * 20, sample_rate=48000)
    assert server.upload("/transcripts", large).json["text"] == " ".join(["word"] * 20)
    answer = server.upload("/transcripts/live", SHORT)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    names = [name for name, _ in answer.events]
    assert (names[0], names[-2], names[-1]) == ("progress", "heard", "result")
    sent = [data["sent_seconds"] for name, data in answer.events if name == "progress"]
    total = answer.events[0][1]["total_seconds"]
    assert sent == sorted(sent) and sent[-1] == total
    assert total == pytest.approx(0.9)
    assert answer.events[-1][1]["text"] == WORDS
    assert _too_large(server).status == 413


def _too_large(server: Server) -> Answer:
    """The answer to a form that is announced to be larger than the program takes."""
    _, headers = form(b"")
    return server.ask("POST", "/transcripts", headers={**headers, "Content-Length": "50000001"})


def test_a_client_that_goes_away(server: Server) -> None:
    """Events that nobody reads any more end that transcription, long before its recording's end."""
    assert server.emulator is not None
    with ThreadPoolExecutor(1) as clients:
        with server.uploading("/transcripts/live", recording("word " * 200)) as connection:
            response = connection.getresponse()
            assert response.readline() == b"event: progress\n"
            other = clients.submit(server.upload, "/transcripts", recording("word " * 20))
            mine = server.emulator.wait_for_sessions(2)[0]
            response.close()
        wait_until(lambda: mine.close_code is not None)
        assert not other.done()
        assert other.result().json["text"] == " ".join(["word"] * 20)
    assert len(mine.audio) < 200 * 0.3 * 32000 / 4


@pytest.mark.parametrize(
    ("options", "workers", "uploads"),
    [
        (["--preload", "--workers", "8", "--threads", "20"], 8, 160),
        (["--worker-class", "gevent", "--workers", "2"], 2, 40),
    ],
    ids=["threads", "gevent"],
)
def test_many_uploads_at_once(
    options: List[str], workers: int, uploads: int, tmp_path: Path
) -> None:
    """Twenty at once for each worker: each gets its own words, and no thread is left."""
    house.module("flask")
    house.module("gevent")
    (tmp_path / "gunicorn.conf.py").write_text(HOOKS)
    texts = [f"this is number {number}" for number in range(uploads)]
    command = gunicorn(*options, "flask_upload:app")
    # The finals come late, so that all of them are under way at the same time.
    with Emulator(record=False, faults=["slow_finals=2"]) as emulator, serving(
        command, tmp_path, emulator, workers=workers
    ) as server:
        with Highest(server.pids) as highest:
            answers = server.upload_many("/transcripts", [recording(text) for text in texts])
        assert [answer.status for answer in answers] == [200] * uploads, server.log
        assert [answer.json["text"] for answer in answers] == texts
        assert len(emulator.sessions) == uploads
        # A main thread and what gunicorn keeps: twenty for requests, or gevent's few for files.
        kept = 1 + 20
        wait_until(lambda: max(threads_of(pid) for pid in server.pids) <= kept)
        after = sum(threads_of(pid) for pid in server.pids)
        assert server.workers() == server.pids, "a worker was replaced"
    if workers == 8:
        assert highest.threads > after + uploads / 4, "there were many more meanwhile"
    names = [(tmp_path / f"threads-{pid}").read_text() for pid in server.pids]
    assert not [name for name in names if "telnyx" in name]
    assert "Traceback" not in server.log


class Highest:
    """Counts the threads of processes all the time, within ``with``."""

    def __init__(self, pids: List[int]) -> None:
        self.threads = 0
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._count)

    def __enter__(self) -> Highest:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _count(self) -> None:
        while not self._over.wait(0.02):
            self.threads = max(self.threads, sum(threads_of(pid) for pid in self._pids))
