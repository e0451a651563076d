"""Examples as processes of their own: what they print, and how they end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Dict, Iterator, List, Optional

from telnyx_stt_sync.emulator import Emulator
from tests.conftest import LIMIT
from tests.embedding.house import wait_until
from tests.examples import house

KEY = "KEY-unmistakable-4711"


class Program:
    """An example that runs. What it prints is read all the time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.port = 0  # where it listens, if it does
        self.lines: List[str] = []
        self.errors: List[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=pipe)
            for pipe in ((process.stdout, self.lines), (process.stderr, self.errors))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(pipe: Iterator[str], lines: List[str]) -> None:
        for line in pipe:
            lines.append(line.rstrip("\n"))

    def wait_for(self, text: str, errors: bool = False, seconds: float = LIMIT) -> str:
        """The first line with this text in it."""
        lines = self.errors if errors else self.lines
        wait_until(lambda: any(text in line for line in list(lines)), seconds)
        return next(line for line in lines if text in line)

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def enter(self) -> None:
        """Press Enter, and end the input."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.close()

    def end(self) -> int:
        """Wait for the end and for all that was printed; the exit status."""
        status = self.process.wait(LIMIT)
        for reader in self._readers:
            reader.join(LIMIT)
        return status


@contextlib.contextmanager
def running(
    example: str,
    *arguments: str,
    emulator: Emulator,
    more_path: Optional[Path] = None,
    environment: Optional[Dict[str, str]] = None,
) -> Iterator[Program]:
    """An example that runs against the emulator; killed if it still does at the end."""
    paths = [str(path) for path in (more_path, house.EXAMPLES.parent) if path is not None]
    process = subprocess.Popen(
        [sys.executable, "-W", "error", str(house.EXAMPLES / example), *arguments],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "TELNYX_API_KEY": KEY,
            "TELNYX_STT_URL": emulator.url,
            **(environment or {}),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        program = Program(process)
        try:
            yield program
        finally:
            process.kill()
            program.end()
            print("\n".join([*program.lines, *program.errors]))
