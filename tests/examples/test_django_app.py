"""``django_app/``: its own tests, and its command in processes side by side, stopped and killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import List

import pytest

from telnyx_stt_sync.emulator import Emulator
from tests.embedding.house import SECOND, wait_until
from tests.examples import house
from tests.examples.process_group import ProcessGroup
from tests.examples.recordings import all_closed, is_busy, name_of, record, said
from tests.examples.test_commands import command

LIMIT = 60.0 * SECOND

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by signals")

APP = house.EXAMPLES / "django_app"

# As an upload does.
QUEUE = """
from django.core.files import File
from recordings.models import Recording
for path in {paths}:
    with open(path, "rb") as file:
        Recording.objects.create(audio=File(file, name=path.rpartition("/")[2]))
"""


class Site:
    """The project, with data of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data = folder / "data"
        self._logs = 0

    def manage(self, *arguments: object) -> ProcessGroup:
        """``manage.py``, with warnings as errors."""
        return self.program(sys.executable, "-W", "error", APP / "manage.py", *arguments)

    def program(self, *words: object) -> ProcessGroup:
        """A program that knows the site's data."""
        self._logs += 1
        return ProcessGroup(
            *words,
            log=self.folder / f"{self._logs}.log",
            cwd=house.EXAMPLES.parent,
            environment={"DJANGO_APP_DATA": str(self._data)},
        )

    def run(self, *arguments: object) -> str:
        """The output of a command that ends well."""
        with self.manage(*arguments) as program:
            assert program.wait(LIMIT) == 0, program.output
            return program.output

    def queue(self, *names: str, words: int) -> None:
        """Queue recordings; nobody transcribes them yet."""
        paths = [record(self.folder, name, words) for name in names]
        self.run("shell", "-c", QUEUE.format(paths=[str(path) for path in paths]))

    def statuses(self) -> Counter[str]:
        """How many recordings there are of each status."""
        return Counter(self._column("status"))

    def texts(self) -> List[str]:
        """What was heard, in order."""
        return sorted(self._column("text"))

    def _column(self, name: str) -> List[str]:
        with closing(sqlite3.connect(self._data / "db.sqlite3", timeout=LIMIT)) as database:
            rows = database.execute(f"SELECT {name} FROM recordings_recording").fetchall()
        return [value for (value,) in rows]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A new project."""
    house.module("django")
    return Site(tmp_path)


@pytest.fixture
def queued(site: Site, telnyx_stt_emulator: Emulator) -> Site:
    """A project with twelve recordings, of three seconds each, in its queue."""
    site.run("migrate", "--verbosity=0")
    site.queue(*NAMES, words=10)
    assert site.statuses() == {"queued": 12} and not telnyx_stt_emulator.sessions
    return site


NAMES = [f"r{number:02}" for number in range(12)]
TEXTS = [said(name, 10) for name in NAMES]


def test_its_own_tests(site: Site) -> None:
    """``manage.py test`` passes as a user would run it, and no migration is missing."""
    assert "\nOK\n" in site.run("test", "recordings")
    site.run("makemigrations", "--check", "--dry-run")


def test_as_printed(site: Site) -> None:
    """The two commands at the top of ``manage.py`` transcribe a file without a key."""
    site.run("migrate", "--verbosity=0")
    path = record(site.folder, "r0")
    words = [path if word == "call.wav" else word for word in command("django_app/manage.py")]
    with site.program(*words) as program:
        assert program.wait(LIMIT) == 0, program.output
    assert site.texts() == [said("r0")] and site.statuses() == {"done": 1}


def test_two_commands(queued: Site, telnyx_stt_emulator: Emulator) -> None:
    """Two commands side by side share the work, and do none of it twice."""
    with queued.manage("transcribe", "--jobs", 2) as one:
        with queued.manage("transcribe", "--jobs", 2) as other:
            assert one.wait(LIMIT) == 0, one.output
            assert other.wait(LIMIT) == 0, other.output
            shares = [program.output.count(": r") for program in (one, other)]
    assert min(shares) > 0 and sum(shares) == 12
    assert queued.texts() == TEXTS and queued.statuses() == {"done": 12}
    assert sorted(map(name_of, telnyx_stt_emulator.sessions)) == NAMES


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop(number: int, site: Site, telnyx_stt_emulator: Emulator) -> None:
    """SIGTERM and Ctrl-C end the streams, and what was at work is queued again."""
    site.run("migrate", "--verbosity=0")
    # The long one takes 24 seconds; when the first is done, the last is just claimed.
    for name, words in (("r0", 4), ("long", 200), ("r1", 200)):
        site.queue(name, words=words)
    with site.manage("transcribe", "--jobs", 2) as program:
        wait_until(lambda: site.statuses()["done"] > 0, LIMIT)
        program.process.send_signal(number)
        assert program.wait(10 * SECOND) == 128 + number, program.output
    assert site.statuses() == {"queued": 2, "done": 1}
    assert all_closed(telnyx_stt_emulator.sessions)


def test_killed(queued: Site, telnyx_stt_emulator: Emulator) -> None:
    """What a killed command was at stays so until ``--requeue-after`` has it done again."""
    with queued.manage("transcribe", "--jobs", 2) as program:
        wait_until(lambda: any(map(is_busy, telnyx_stt_emulator.sessions)), LIMIT)
        os.kill(program.process.pid, signal.SIGKILL)
        program.wait(LIMIT)
    running = queued.statuses()["running"]
    assert running > 0
    queued.run("transcribe", "--jobs", 8)
    assert queued.statuses() == {"done": 12 - running, "running": running}
    queued.run("transcribe", "--requeue-after", 0)
    assert queued.texts() == TEXTS and queued.statuses() == {"done": 12}
