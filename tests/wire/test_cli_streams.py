"""``telnyx-stt`` where standard output or standard error is broken, full or closed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from telnyx_stt_sync.cli._console import Console
from telnyx_stt_sync.cli._scrub import Scrubber
from telnyx_stt_sync.emulator import Emulator
from tests.wire.command import COMMAND, KEY, Done, emulator, here, wav

__all__ = ["emulator", "here"]  # fixtures

linux = pytest.mark.skipif(sys.platform != "linux", reason="a POSIX shell, and /dev/full")
BROKEN = ["2>&-", "2>/dev/full", "2>&0"]


def run(redirection: str, *arguments: str) -> Done:
    """The command in a shell, which redirects; number 0 is a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    script = f'exec "$@" {redirection}'
    env = dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))
    env.pop("PYTHONUNBUFFERED", None)  # what is left in a buffer is what fails at the end
    words: List[str] = ["sh", "-c", script, "sh", *COMMAND, *arguments]
    try:
        done = subprocess.run(
            words, env=env, stdin=writer, capture_output=True, text=True, timeout=60
        )
    finally:
        os.close(writer)
    return Done(done.returncode, done.stdout, done.stderr)


@linux
@pytest.mark.parametrize("redirection", BROKEN)
def test_standard_error_that_takes_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch, redirection: str
) -> None:
    """What is logged while a recording is sent can't be shown: it goes on, and is done."""
    monkeypatch.setenv("TELNYX_API_KEY", KEY)
    for name in ("a.wav", "b.wav"):
        wav(here / name, 1.0)
    with Emulator(transcripts=["hello world"], faults=["reset_after=10000@1"]) as emulator:
        arguments = ("--url", emulator.url, "--output", "out", "--speed", "max")
        done = run(redirection, "transcribe", "a.wav", "b.wav", *arguments)
    assert done == (0, "", "")
    assert len(emulator.sessions) == 3
    for name in ("a.wav", "b.wav"):
        assert (here / "out" / f"{name}.txt").read_text() == "hello world\n"


@linux
@pytest.mark.parametrize("redirection", BROKEN)
def test_a_failure_that_cannot_be_told(emulator: Emulator, here: Path, redirection: str) -> None:
    """The exit status is the same, whatever standard error takes."""
    assert run(redirection, "transcribe", "missing.wav") == (1, "", "")
    assert run(redirection, "transcribe", "--no-such-option")[0] == 2


@linux
@pytest.mark.parametrize(
    ("redirection", "says"),
    [
        (">&-", "telnyx-stt: standard output: it is closed\n"),
        (">/dev/full", "telnyx-stt: standard output: No space left on device\n"),
        (">&0", ""),
    ],
)
@pytest.mark.parametrize("command", ["doctor", "transcribe"])
def test_standard_output_that_takes_nothing(
    emulator: Emulator, here: Path, command: str, redirection: str, says: str
) -> None:
    """One line and status 1; a reader that has left needs no line."""
    wav(here / "a.wav", 0.2)
    arguments = ["a.wav"] if command == "transcribe" else []
    done = run(redirection, command, *arguments)
    assert (done.status, done.err) == (1, says)


@linux
def test_standard_output_that_is_not_needed(emulator: Emulator, here: Path) -> None:
    """With --output nothing has to go there."""
    wav(here / "a.wav", 0.2)
    done = run(">&-", "transcribe", "a.wav", "--output", "out")
    assert done == (0, "", "telnyx-stt: 1 transcribed\n")


@linux
def test_neither(emulator: Emulator, here: Path) -> None:
    """With both gone there is the status."""
    wav(here / "a.wav", 0.2)
    assert run(">/dev/full 2>&-", "transcribe", "a.wav") == (1, "", "")
    assert run(">/dev/full 2>/dev/full", "transcribe", "a.wav") == (1, "", "")


class _Hung:
    """A bar on a terminal that has been hung up, or closed."""

    total, n = 1, 0

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> object:
        raise self._error


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), ValueError("closed file")])
def test_a_terminal_that_hangs_up(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """The bar is no reason to stop."""
    monkeypatch.setattr("telnyx_stt_sync.cli._console._new_bar", lambda *size: _Hung(error))
    console = Console(Scrubber(None, None, {}))
    with console.progress(1):
        console.advance(0.5, 1.0)
        console.settle("1/1")
        console.put("text")
    console.advance(1.0, 1.0)
