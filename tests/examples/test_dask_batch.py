"""``dask_batch.py`` on a cluster of two processes, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from telnyx_stt_sync.emulator import Emulator
from tests.embedding.house import SECOND, wait_until
from tests.examples import house
from tests.examples.process_group import ProcessGroup
from tests.examples.recordings import is_busy, is_complete, name_of, record, said
from tests.examples.test_commands import command

LIMIT = 60.0 * SECOND

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture
def folder(tmp_path: Path, telnyx_stt_emulator: Emulator) -> Iterator[Path]:
    """An empty folder for recordings."""
    house.module("distributed")
    folder = tmp_path / "recordings"
    folder.mkdir()
    yield folder


def batch(folder: Path, settings: str = "") -> ProcessGroup:
    """The example; ``settings`` are lines of Python that change it."""
    source = f"import dask_batch\n{settings}\ndask_batch.main()"
    return ProcessGroup(sys.executable, "-c", source, folder, log=folder.parent / "log", cwd=folder)


def results(folder: Path) -> Dict[str, Dict[str, Any]]:
    """What stands in the folder of results, by the files' names."""
    files = (folder / "results").glob("*.json")
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in files}


def workers(program: ProcessGroup) -> List[int]:
    """The cluster's processes (another child keeps the books of ``multiprocessing``)."""
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in program.children()}
    return [pid for pid, line in lines.items() if b"spawn_main" in line]


def test_folder(folder: Path, telnyx_stt_emulator: Emulator) -> None:
    """Each recording has a transcript or an error; run again, only what has none is done."""
    for number in range(3):
        record(folder, f"r{number}")
    (folder / "bad.wav").write_text("not audio")
    words = [folder if word == "FOLDER" else word for word in command("dask_batch.py")]
    with ProcessGroup(*words, log=folder.parent / "log", cwd=house.EXAMPLES.parent) as program:
        assert program.wait(LIMIT) == 1, program.output
    found = results(folder)
    assert sorted(found) == ["bad.wav.error.json", "r0.wav.json", "r1.wav.json", "r2.wav.json"]
    assert found["r1.wav.json"]["text"] == said("r1")
    assert found["bad.wav.error.json"]["error"].startswith("AudioError")
    record(folder, "bad")
    with batch(folder) as program:
        assert program.wait(LIMIT) == 0, program.output
    assert results(folder)["bad.wav.json"]["text"] == said("bad")
    assert "bad.wav.error.json" not in results(folder)
    assert len(telnyx_stt_emulator.sessions) == 1


def test_killed_worker(folder: Path, telnyx_stt_emulator: Emulator) -> None:
    """If a process of the cluster is killed, another does again what was not done."""
    names = [f"r{number:02}" for number in range(30)]
    for name in names:
        record(folder, name, words=8)
    with batch(folder) as program:
        wait_until(lambda: len(results(folder)) >= 2, LIMIT)
        wait_until(lambda: any(map(is_busy, telnyx_stt_emulator.sessions)), LIMIT)
        pids = workers(program)
        assert len(pids) == 2
        os.kill(pids[0], signal.SIGKILL)
        assert program.wait(LIMIT) == 0, program.output
    sessions = telnyx_stt_emulator.sessions
    texts = {name.split(".")[0]: result["text"] for name, result in results(folder).items()}
    assert texts == {name: said(name, 8) for name in names}
    assert not all(map(is_complete, sessions)), "it was not in the middle"
    # Dask does again what was done as well, if nobody had fetched it from the dead process.
    complete = Counter(name_of(each) for each in sessions if is_complete(each))
    assert set(complete) == set(names)


IMPATIENT = """
transcriber = dask_batch.Transcriber
dask_batch.Transcriber = lambda: transcriber(reconnect=False)
dask_batch.DELAY = 0.1
"""


@pytest.mark.telnyx_stt_emulator(faults=["unavailable@1-2", "unauthorized@4"])
def test_rounds(folder: Path, telnyx_stt_emulator: Emulator) -> None:
    """What may pass is tried again in another round, what can't is not."""
    for name in ("r0", "r1"):
        record(folder, name)
    with batch(folder, IMPATIENT) as program:
        assert program.wait(LIMIT) == 1, program.output
    # Whoever was the fourth to connect.
    passed, refused = sorted(results(folder).values(), key=lambda each: "error" in each)
    assert passed["text"] in (said("r0"), said("r1"))
    assert refused["error"].startswith("AuthenticationError")
    assert [each.status for each in telnyx_stt_emulator.sessions] == [503, 503, 101, 401]
