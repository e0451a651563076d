"""The command ``telnyx-stt`` for tests: in this process, or in one of its own."""

from __future__ import annotations

import subprocess
import sys
import wave
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple

import pytest

from telnyx_stt_sync.cli import main
from telnyx_stt_sync.emulator import Emulator

COMMAND = [sys.executable, "-c", "from telnyx_stt_sync.cli import main; raise SystemExit(main())"]

KEY = "KEY-unmistakable-4711"


class Done(NamedTuple):
    """What a command that has ended leaves behind."""

    status: int
    out: str
    err: str


class Shell:
    """Runs the command in this process, with the environment of the test."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: object) -> Done:
        self._capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as exc:  # how argparse ends
            status = int(exc.code or 0)
        return Done(status, *self._capsys.readouterr())


def start(arguments: List[str], env: Dict[str, str], **more: Any) -> subprocess.Popen[str]:
    """The command in a process of its own, its output in pipes."""
    options: Dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen([*COMMAND, *arguments], env=env, universal_newlines=True, **options)


def wav(path: Path, seconds: float = 1.0, rate: int = 16000) -> Path:
    """Write a WAV file of silence; the folder is made as well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(bytes(2 * int(seconds * rate)))
    return path


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    """The command, without a key."""
    return Shell(capsys)


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A service that says one sentence and takes one key, in the environment as both."""
    with Emulator(transcripts=["hello world"], api_key=KEY) as running:
        monkeypatch.setenv("TELNYX_STT_URL", running.url)
        monkeypatch.setenv("TELNYX_API_KEY", KEY)
        yield running


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
