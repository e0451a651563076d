"""The programs of ``celery_batch.py``: what sends, what works, and with which settings."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Dict, List

from telnyx_stt_sync.emulator import Emulator, Session
from tests.examples import house
from tests.examples.process_group import ProcessGroup
from tests.examples.recordings import record
from tests.examples.test_commands import command


class Batch:
    """A folder of recordings, the emulator that hears them, and the programs of the example."""

    def __init__(self, folder: Path, emulator: Emulator, redis: str) -> None:
        self.folder = folder / "recordings"
        self.folder.mkdir()
        self._home = folder
        self._emulator = emulator
        self._environment = {"REDIS_URL": redis}
        self._app = "celery_batch"
        self._logs = 0

    def record(self, name: str, words: int = 4) -> None:
        """Add a recording."""
        record(self.folder, name, words)

    def change(self, settings: str) -> None:
        """Lines of Python that change the example's settings, for workers and senders."""
        (self._home / "changed.py").write_text(
            f"import celery_batch\nfrom celery_batch import app\n{settings}\n"
        )
        self._app = "changed"

    def worker(self, *options: object, processes: int = 1) -> ProcessGroup:
        """A worker."""
        # Without these it waits a second for answers of other workers.
        given = ("--without-mingle", "--without-gossip", f"--concurrency={processes}", *options)
        return self._python("-m", "celery", f"--app={self._app}", "worker", *given)

    def as_printed(self) -> ProcessGroup:
        """The command at the top of the example, with an emulator of its own."""
        words = [self.folder if word == "FOLDER" else word for word in command("celery_batch.py")]
        return ProcessGroup(
            *words,
            log=self._home / "printed.log",
            cwd=house.EXAMPLES.parent,
            environment=self._environment,
        )

    def sender(self, *options: object) -> ProcessGroup:
        """The example itself, which queues the folder and waits."""
        source = f"import {self._app}, celery_batch; celery_batch.main()"
        return self._python("-c", source, self.folder, *options)

    def call(self, *names: str) -> ProcessGroup:
        """The task itself, as a worker calls it, for each of these recordings."""
        results = self.folder / "results"
        results.mkdir(exist_ok=True)
        source = "import sys, celery_batch\nfor path in sys.argv[2:]:\n    "
        source += "print(celery_batch.transcribe(path, sys.argv[1]))"
        return self._python("-c", source, results, *(self.folder / f"{name}.wav" for name in names))

    def _python(self, *arguments: object) -> ProcessGroup:
        self._logs += 1
        log = self._home / f"{self._logs}.log"
        return ProcessGroup(
            sys.executable, *arguments, log=log, cwd=self._home, environment=self._environment
        )

    def results(self) -> Dict[str, Dict[str, Any]]:
        """What stands in the folder of results, by the files' names."""
        files = (self.folder / "results").glob("*.json")
        return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in files}

    def texts(self) -> Dict[str, str]:
        """The transcripts, by the recordings' names."""
        texts = {name.split(".")[0]: each.get("text", "") for name, each in self.results().items()}
        return texts

    @property
    def sessions(self) -> List[Session]:
        """What the service has seen."""
        return self._emulator.sessions
