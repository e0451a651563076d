"""WSGI servers as processes of their own on loopback, and clients that upload to them."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import wave
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple

import pytest

from telnyx_stt_sync.emulator import Emulator, word_audio
from tests.conftest import LIMIT
from tests.embedding.house import wait_until
from tests.examples import house

KEY = "KEY-unmistakable-4711"
BOUNDARY = "a-line-that-no-recording-holds"


def recording(words: str, sample_rate: int = 16000) -> bytes:
    """A WAV file in which the scripted recogniser hears exactly these words."""
    file = io.BytesIO()
    with wave.open(file, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(sample_rate)
        wav.writeframes(word_audio(words, sample_rate=sample_rate))
    return file.getvalue()


def form(audio: bytes) -> Tuple[bytes, Dict[str, str]]:
    """Body and headers of a form with the recording in it, as a browser sends them."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="recording"; filename="a.wav"\r\n'
    body = head.encode() + b"\r\n" + audio + f"\r\n--{BOUNDARY}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


@dataclass
class Answer:
    """What a server answered."""

    status: int
    headers: Dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> List[Tuple[str, Any]]:
        """Server-sent events: names and data."""
        blocks = [block.split("\n") for block in self.body.split("\n\n") if "event: " in block]
        return [
            (name[len("event: ") :], json.loads(data[len("data: ") :])) for name, data in blocks
        ]


@dataclass
class Server:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    port: int
    log_path: Path
    emulator: Optional[Emulator] = None
    pids: List[int] = field(default_factory=list)

    def ask(self, method: str, path: str, headers: Optional[Dict[str, str]] = None) -> Answer:
        """The answer to a request without a body."""
        with self._connection() as connection:
            connection.request(method, path, headers=headers or {})
            return _answer(connection)

    def upload(self, path: str, audio: bytes) -> Answer:
        """Send a recording and wait for the answer."""
        with self.uploading(path, audio) as connection:
            return _answer(connection)

    def upload_many(self, path: str, recordings: List[bytes]) -> List[Answer]:
        """Send these recordings, all at once."""
        with ThreadPoolExecutor(len(recordings)) as clients:
            return list(clients.map(lambda audio: self.upload(path, audio), recordings))

    @contextlib.contextmanager
    def uploading(self, path: str, audio: bytes) -> Iterator[http.client.HTTPConnection]:
        """A connection on which a recording was sent, and nothing read."""
        body, headers = form(audio)
        with self._connection() as connection:
            connection.request("POST", path, body, headers)
            yield connection

    @contextlib.contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2 * LIMIT)
        with contextlib.closing(connection):
            yield connection

    @property
    def log(self) -> str:
        """What the server and the program have written."""
        return self.log_path.read_text()

    def workers(self) -> List[int]:
        """The numbers of its worker processes."""
        pid = self.process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def signal(self, number: int) -> None:
        """Send a signal to the server, not to its workers."""
        self.process.send_signal(number)


def _answer(connection: http.client.HTTPConnection) -> Answer:
    response = connection.getresponse()
    return Answer(response.status, dict(response.headers), response.read().decode())


def threads_of(pid: int) -> int:
    """How many threads a process has, by the kernel's count."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("Threads:")[1].split()[0])


@contextlib.contextmanager
def serving(
    command: List[str],
    folder: Path,
    emulator: Optional[Emulator] = None,
    *,
    workers: int = 1,
) -> Iterator[Server]:
    """A server that ``command`` starts; ``{fd}`` in it becomes the number of its listening socket.

    ``folder`` is where it runs and where its log goes. It is given when it has its
    ``workers``, and stopped at the end; whatever it leaves running is a failure.
    """
    if sys.platform != "linux":
        pytest.skip("counts processes and threads in /proc")
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        descriptor, port = listener.fileno(), listener.getsockname()[1]
        log_path = folder / "server.log"
        with open(log_path, "wb") as log:
            process = subprocess.Popen(
                [part.format(fd=descriptor) for part in command],
                cwd=folder,
                env=_environment(emulator, folder),
                pass_fds=[descriptor],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
    server = Server(process, port, log_path, emulator)
    try:
        wait_until(lambda: len(server.workers()) == workers or process.poll() is not None)
        server.ask("GET", "/")  # a worker that answers has loaded the program
        server.pids = server.workers()
        yield server
        if process.poll() is None:
            server.signal(signal.SIGTERM)
        process.wait(LIMIT)
        # Orphans are reaped by init, which may take a moment.
        wait_until(lambda: not _group_runs(process.pid))
    except BaseException:
        print(server.log)
        raise
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _group_runs(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _environment(emulator: Optional[Emulator], folder: Path) -> Dict[str, str]:
    paths = [str(house.EXAMPLES.parent), str(house.EXAMPLES), str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TELNYX_API_KEY": KEY}
    environment["HOME"] = str(folder)  # where gunicorn puts a socket
    if emulator is not None:
        environment["TELNYX_STT_URL"] = emulator.url
    return environment


def gunicorn(*arguments: str) -> List[str]:
    """The command of a gunicorn."""
    house.module("gunicorn")
    start = [sys.executable, "-m", "gunicorn", "--bind", "fd://{fd}"]
    return [*start, *arguments]


def uwsgi(*arguments: str) -> List[str]:
    """The command of a uWSGI."""
    return [
        house.program("uwsgi"),
        "--http-socket",
        "fd://{fd}",
        "--master",
        "--die-on-term",
        *arguments,
    ]
