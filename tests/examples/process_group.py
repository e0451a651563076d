"""A program that a test starts and stops, with all that it starts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import List, Mapping, Optional, Type

from tests.embedding.house import wait_until
from tests.embedding.programs import ROOT
from tests.examples.house import EXAMPLES


class ProcessGroup:
    """A process in a group of its own, which is killed as a whole at the end of the ``with``.

    Its output, both streams, goes to a file: ``output`` is what has come so far.
    """

    def __init__(
        self,
        *command: object,
        log: Path,
        cwd: Path = EXAMPLES,
        environment: Optional[Mapping[str, str]] = None,
    ) -> None:
        self._log = log
        path = os.pathsep.join([str(ROOT), str(EXAMPLES), str(cwd)])
        with open(log, "wb") as file:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env={
                    **os.environ,
                    "PYTHONPATH": path,
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PYTHONUNBUFFERED": "1",
                    **(environment or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has written so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def wait(self, limit: float) -> int:
        """Its exit status; fails with its output after ``limit`` seconds."""
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"not over after {limit:g} s:\n{self.output}") from None

    def children(self) -> List[int]:
        """The processes that it has started, whichever of its threads did, by their ids (Linux)."""
        files = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(each) for file in files for each in file.read_text().split()]

    def __enter__(self) -> ProcessGroup:
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if exc_type is not None:
            print(f"-- {self._log.name}\n{self.output}", file=sys.stderr)
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all of them are gone already
        self.process.wait()
        # Its children have lost their parent: init reaps them, or nobody does.
        wait_until(lambda: not _running(self.process.pid))


def _running(group: int) -> List[int]:
    """The processes of a group that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text()
        except OSError:
            continue  # it has just ended
        # Behind the name, which may hold anything: state, parent, group.
        state, _, its_group = stat.rpartition(")")[2].split()[:3]
        if int(its_group) == group and state not in "ZX":
            found.append(int(folder.name))
    return found
