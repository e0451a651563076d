"""``celery_batch.py``: real workers and a real Redis, killed in the middle, stopped and limited."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections import Counter
from pathlib import Path
from typing import Iterator

import pytest

from telnyx_stt_sync.emulator import Emulator
from tests.embedding.house import SECOND, unused_port, wait_until
from tests.examples import house
from tests.examples.celery_programs import Batch
from tests.examples.process_group import ProcessGroup
from tests.examples.recordings import all_closed, is_busy, is_complete, name_of, said

# A worker starts in two seconds; the longest of these batches takes ten.
LIMIT = 60.0 * SECOND

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a Redis of the tests' own, on this machine, in memory only."""
    for name in ("celery", "redis"):
        house.module(name)
    program = house.program("redis-server")
    folder = tmp_path_factory.mktemp("redis")
    port = unused_port()
    options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with ProcessGroup(program, *options, log=folder / "log", cwd=folder) as server:
        wait_until(lambda: "Ready to accept connections" in server.output)
        yield f"redis://127.0.0.1:{port}"


@pytest.fixture
def batch(tmp_path: Path, redis: str, telnyx_stt_emulator: Emulator) -> Iterator[Batch]:
    """An empty folder, and an empty queue."""
    yield Batch(tmp_path, telnyx_stt_emulator, redis)
    port = int(redis.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"FLUSHALL\r\n")
        assert connection.recv(100) == b"+OK\r\n"


def test_one_command(batch: Batch) -> None:
    """With a worker of its own it writes a transcript, or a dead letter, for each recording."""
    for number in range(3):
        batch.record(f"r{number}")
    (batch.folder / "bad.wav").write_text("not audio")
    (batch.folder / "notes.txt").write_text("not a recording")
    with batch.as_printed() as sender:
        assert sender.wait(LIMIT) == 1
        assert "bad.wav: dead: AudioError" in sender.output
    results = batch.results()
    assert sorted(results) == ["bad.wav.dead.json", "r0.wav.json", "r1.wav.json", "r2.wav.json"]
    assert results["r1.wav.json"]["text"] == said("r1")
    assert results["bad.wav.dead.json"]["error"].startswith("AudioError")


def test_second_delivery(batch: Batch) -> None:
    """What is done is not done again, and what is delivered after a dead letter takes its place."""
    batch.record("r0")
    (batch.folder / "r1.wav").write_text("not audio")
    for outcome in (["done", "dead"], ["done before", "done"]):
        with batch.call("r0", "r1") as program:
            assert program.wait(LIMIT) == 0, program.output
            assert [line.split(":")[0] for line in program.output.splitlines()] == outcome
        batch.record("r1")
    assert batch.texts() == {"r0": said("r0"), "r1": said("r1")}
    assert len(batch.results()) == 2 and len(batch.sessions) == 2


def looks_soon(seconds: float) -> str:
    """Settings: what has been out for so long goes to another worker, within a second."""
    return f"""
app.conf.broker_transport_options = {{
    "visibility_timeout": {seconds}, "unacked_restore_interval": 1, "unacked_restore_throttle": 1,
    # A worker that is killed while it looks leaves this lock behind, by default for five minutes.
    "unacked_mutex_expire": 1,
}}
"""


def test_killed_in_the_middle(batch: Batch) -> None:
    """A worker is killed in the middle of 50 files: 50 results, and what was done is done once."""
    names = [f"r{number:02}" for number in range(50)]
    for name in names:
        batch.record(name, words=6)
    batch.change(looks_soon(3 * SECOND))
    with contextlib.ExitStack() as stack:
        sender = stack.enter_context(batch.sender())
        worker = stack.enter_context(batch.worker(processes=4))
        wait_until(lambda: len(batch.results()) >= 15 and any(map(is_busy, batch.sessions)), LIMIT)
        os.kill(worker.process.pid, signal.SIGKILL)
        worker.wait(LIMIT)
        wait_until(lambda: all_closed(batch.sessions), LIMIT)
        assert not all(map(is_complete, batch.sessions)), "it was not in the middle"
        done = batch.texts()
        stack.enter_context(batch.worker(processes=4))
        assert sender.wait(LIMIT) == 0, sender.output
    assert batch.texts() == {name: said(name, 6) for name in names}
    assert len(batch.results()) == 50
    complete = Counter(name_of(each) for each in batch.sessions if is_complete(each))
    assert all(complete[name] == 1 for name in done), "done again, though it was done"
    # What had come to its end, but was not written yet, when the worker was killed.
    assert complete.total() <= 50 + 4


def test_killed_process(batch: Batch) -> None:
    """If only a process of the worker is killed, its recording goes to another at once."""
    batch.record("r0", words=12)
    with batch.sender() as sender, batch.worker() as worker:
        wait_until(lambda: any(map(is_busy, batch.sessions)), LIMIT)
        (child,) = worker.children()
        os.kill(child, signal.SIGKILL)
        assert sender.wait(LIMIT) == 0, sender.output
    assert batch.texts() == {"r0": said("r0", 12)}
    assert [is_complete(each) for each in batch.sessions] == [False, True]


def test_visibility_timeout_too_short(batch: Batch) -> None:
    """What takes longer than ``visibility_timeout`` is done twice, and written once."""
    batch.record("r0", words=30)
    batch.change(looks_soon(1))
    with batch.worker() as one, batch.worker() as other:
        # Both have started, or the second may come when all is done.
        wait_until(lambda: "[queues]" in one.output and "[queues]" in other.output, LIMIT)
        with batch.sender() as sender:
            assert sender.wait(LIMIT) == 0, sender.output
        wait_until(lambda: sum(map(is_complete, batch.sessions)) == 2, LIMIT)
    assert batch.texts() == {"r0": said("r0", 30)} and len(batch.results()) == 1


# The Transcriber does not try again itself, so that each of Celery's tries is one connection.
IMPATIENT = """
celery_batch.stt = celery_batch.Transcriber(reconnect=False)
celery_batch.FIRST_DELAY = 0.05
"""


@pytest.mark.telnyx_stt_emulator(faults=["unavailable@1-2", "unauthorized@4", "unavailable@5-"])
def test_retries(batch: Batch) -> None:
    """What may pass is tried again, what can't is not; both end as dead letters at last."""
    batch.change(IMPATIENT)
    with batch.worker():
        for name in ("passes", "refused", "lasts"):
            batch.record(name)
            with batch.sender() as sender:
                sender.wait(LIMIT)
            (batch.folder / f"{name}.wav").unlink()
    results = batch.results()
    assert results.pop("passes.wav.json")["text"] == said("passes")
    assert results.pop("refused.wav.dead.json")["error"].startswith("AuthenticationError")
    assert results.pop("lasts.wav.dead.json")["error"].startswith("ConnectError")
    assert not results
    statuses = [each.status for each in batch.sessions]
    assert statuses == [503, 503, 101, 401, 503, 503, 503, 503, 503, 503]


@pytest.mark.telnyx_stt_emulator(faults=["silent@1"])
@pytest.mark.parametrize("pool", ["prefork", "gevent"])
def test_time_limit(pool: str, batch: Batch) -> None:
    """A time limit ends the stream within a second, and the process goes on with the next."""
    # gevent knows no soft limit; its hard one raises in the greenlet and kills nothing.
    soft, hard = (2, 60) if pool == "prefork" else (None, 2)
    batch.change(f"app.conf.update(task_soft_time_limit={soft}, task_time_limit={hard})")
    for name in ("r0", "r1"):
        batch.record(name)
    with batch.worker("--pool", pool) as worker, batch.sender() as sender:
        wait_until(lambda: bool(batch.sessions and batch.sessions[0].audio_bytes), LIMIT)
        processes = worker.children()
        wait_until(batch.sessions[0].closed.is_set, 2 + SECOND)
        assert sender.wait(LIMIT) == 1
        assert processes == worker.children()
        assert "TimeLimitExceeded" in sender.output
    assert batch.sessions[0].closed_by == "client"
    assert batch.results()["r1.wav.json"]["text"] == said("r1")
    assert ("r0.wav.dead.json" in batch.results()) is (pool == "prefork")


@pytest.mark.telnyx_stt_emulator(faults=["silent@1"])
def test_hard_time_limit(batch: Batch) -> None:
    """The hard limit kills: no dead letter, and off the queue; so send the folder again."""
    batch.record("r0")
    batch.change("app.conf.update(task_soft_time_limit=None, task_time_limit=4)")
    # A second process, since the pool takes five seconds to see that it lacks one.
    with batch.worker(processes=2) as worker:
        with batch.sender() as sender:
            wait_until(lambda: bool(batch.sessions), LIMIT)
            assert sender.wait(LIMIT) == 1
            assert "r0.wav: TimeLimitExceeded" in sender.output
        assert batch.sessions[0].closed.wait(LIMIT) and not batch.results()
        assert "Hard time limit (4s) exceeded" in worker.output
        with batch.sender() as sender:
            assert sender.wait(LIMIT) == 0
    assert batch.texts() == {"r0": said("r0")}


# In the worker only: the sender imports this as well.
OPENED_TOO_EARLY = """
import sys
if "worker" in sys.argv:
    live = celery_batch.Transcriber(input_format="linear16", sample_rate=16000).start()
    celery_batch.stt.transcribe_file = lambda recording: live.send(bytes(3200))
"""


def test_stream_from_before_the_fork(batch: Batch) -> None:
    """A ``Transcriber`` may be made before Celery forks; a stream that was opened there can't."""
    batch.record("r0")
    batch.change(OPENED_TOO_EARLY)
    with batch.worker(), batch.sender() as sender:
        assert sender.wait(LIMIT) == 1
    assert batch.results()["r0.wav.dead.json"]["error"].startswith("ForkedProcessError")
    assert [each.audio_bytes for each in batch.sessions] == [0]


def test_gevent(batch: Batch) -> None:
    """``--pool gevent`` carries many recordings at once in one process."""
    names = [f"r{number:02}" for number in range(12)]
    for name in names:
        batch.record(name, words=20)
    most = 0

    def is_over() -> bool:
        nonlocal most
        most = max(most, sum(map(is_busy, batch.sessions)))
        return sender.process.poll() is not None

    with batch.worker("--pool", "gevent", processes=12), batch.sender() as sender:
        wait_until(is_over, LIMIT)
        assert sender.process.returncode == 0, sender.output
    assert batch.texts() == {name: said(name, 20) for name in names}
    assert len(batch.sessions) == 12 and most > 6


def whole_group(worker: ProcessGroup) -> None:
    """What systemd does, unless it is told ``KillMode=mixed``."""
    os.killpg(worker.process.pid, signal.SIGTERM)


def cold(worker: ProcessGroup) -> None:
    """Celery's way to hurry."""
    worker.process.send_signal(signal.SIGQUIT)


def warm(worker: ProcessGroup) -> None:
    """What ``kill`` and container engines do, before they lose patience."""
    worker.process.send_signal(signal.SIGTERM)


def test_stop(batch: Batch) -> None:
    """SIGTERM lets an open stream end; all else cuts it, and the recording is queued at once."""
    for name in ("r0", "r1"):
        batch.record(name, words=12)
    complete = []
    with batch.sender() as sender:
        for stop in (whole_group, cold, warm):
            with batch.worker() as worker:
                wait_until(lambda: any(map(is_busy, batch.sessions)), LIMIT)
                stop(worker)
                worker.wait(LIMIT)
            assert batch.sessions[-1].closed.wait(LIMIT)
            complete.append(is_complete(batch.sessions[-1]))
        assert complete == [False, False, True] and len(batch.sessions) == 3
        assert len(batch.results()) == 1
        with batch.worker():
            assert sender.wait(LIMIT) == 0, sender.output
    assert batch.texts() == {name: said(name, 12) for name in ("r0", "r1")}
    assert len(batch.sessions) == 4
