"""How much is measured, and of whom."""

from __future__ import annotations

import json
import subprocess
import sys
from subprocess import PIPE
from typing import Any, Callable, List, NamedTuple, Sequence, Tuple

from tests.benchmarks.contenders import CONTENDERS
from tests.benchmarks.peer import PeerProcess
from tests.benchmarks.table import OURS, SDK

ALL = tuple(CONTENDERS)


class Sizes(NamedTuple):
    """How much is measured."""

    runs: int = 7
    frames: int = 1000  # finals in a row, 3 ms apart
    seconds: float = 5.0  # of live audio
    megabytes: float = 64.0
    streams: Tuple[int, ...] = (1, 10, 100, 500)
    stream_seconds: float = 60.0
    stream_runs: int = 7
    file_megabytes: Tuple[int, ...] = (1, 10, 100, 1000)
    session_minutes: Tuple[int, ...] = (1, 10, 60, 480)
    link_seconds: float = 20.0
    limit: float = 900.0  # seconds that no process takes


SMOKE = Sizes(
    runs=1,
    frames=20,
    seconds=0.5,
    megabytes=1.0,
    streams=(1, 3),
    stream_seconds=1.0,
    stream_runs=1,
    file_megabytes=(1, 2),
    session_minutes=(1, 2),
    link_seconds=2.0,
    limit=60.0,
)

# Runs of another contender that may hang: two threads on one TLS connection, as its users write
# them, can leave both waiting for ever.
HANGS = 2


class Bench(NamedTuple):
    """The sizes, the server, and the certificate that it shows under TLS."""

    sizes: Sizes
    peer: PeerProcess
    certificate: str
    contenders: Sequence[str] = ALL

    def task(
        self, task: str, path: str, tls: bool = False, **numbers: float
    ) -> Callable[[str], Any]:
        """The figure of a task, or several by name, by contender; each in a process of its own."""
        base = self.peer.tls_url if tls else self.peer.url
        return lambda contender: self.run(contender, task, base + path, tls, **numbers)

    def run(self, contender: str, task: str, url: str, tls: bool, **numbers: float) -> Any:
        """Have a contender do it there."""
        command = [sys.executable, "-m", "tests.benchmarks.task", contender, task, url]
        command += [self.certificate] if tls else []
        command += [f"{name}={value}" for name, value in numbers.items()]
        chances = 1 if contender == OURS else 1 + HANGS
        while True:
            chances -= 1
            try:
                done = subprocess.run(
                    command, stdout=PIPE, check=True, text=True, timeout=self.sizes.limit
                )
            except subprocess.TimeoutExpired:
                if not chances:
                    raise
            else:
                return json.loads(done.stdout)

    def of(self, *names: str) -> List[str]:
        """Those of the contenders that are there."""
        return [name for name in names or ALL if name in self.contenders]

    def over(self, tls: bool) -> List[str]:
        """Those that can be measured so: the SDK takes no certificate of one's own."""
        return self.of(*(name for name in ALL if not tls or name != SDK))
