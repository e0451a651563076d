"""The command ``telnyx-stt``, run in a process of its own, as a shell would."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import wave
from pathlib import Path
from typing import Dict, Iterator, List

import pytest

from telnyx_stt_sync import __version__
from telnyx_stt_sync.emulator import Emulator

COMMAND = [sys.executable, "-c", "from telnyx_stt_sync.cli import main; raise SystemExit(main())"]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A service that says one sentence and takes one key."""
    with Emulator(transcripts=["hello world"], api_key="right") as running:
        yield running


@pytest.fixture
def call(tmp_path: Path) -> Path:
    """A second of silence in a WAV file."""
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(b"\0\0" * 16000)
    return path


def environment(emulator: Emulator, key: str = "right") -> Dict[str, str]:
    """What points the command to the emulator."""
    return dict(os.environ, TELNYX_STT_URL=emulator.url, TELNYX_API_KEY=key)


def run(arguments: List[str], env: Dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], env=env, capture_output=True, text=True, timeout=60
    )


def test_version() -> None:
    """``--version`` prints the package's version."""
    assert run(["--version"], dict(os.environ)).stdout.split() == ["telnyx-stt", __version__]


def test_transcribe_prints_the_text(emulator: Emulator, call: Path) -> None:
    """One file: its text alone on standard output, status 0."""
    done = run(["transcribe", str(call)], environment(emulator))
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello world\n", "")


def test_transcribe_goes_on_after_a_failure(emulator: Emulator, call: Path) -> None:
    """Several files: a heading each, the reason of a failure on standard error, status 1."""
    text = call.with_name("text.wav")
    text.write_text("Not found")
    done = run(["transcribe", str(text), "no such file", str(call)], environment(emulator))
    assert done.returncode == 1
    assert done.stdout.splitlines()[-2:] == [f"==> {call} <==", "hello world"]
    assert "is text, not audio" in done.stderr
    assert "no such file: No such file or directory" in done.stderr


def test_transcribe_without_a_key(emulator: Emulator, call: Path) -> None:
    """Without a key the message names the variable to set."""
    done = run(["transcribe", str(call)], environment(emulator, key=""))
    assert done.returncode == 1
    assert "TELNYX_API_KEY" in done.stderr


def test_transcribe_with_a_wrong_key(emulator: Emulator, call: Path) -> None:
    """A refused key is said once, with what the service answered, and without the key."""
    done = run(["transcribe", str(call)], environment(emulator, key="wrong-key"))
    assert done.returncode == 1
    assert "HTTP 401" in done.stderr
    assert "wrong-key" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is sent to one process")
def test_emulate_until_interrupted(call: Path, limit: float) -> None:
    """``emulate`` prints where it listens, serves, and ends on Ctrl-C with status 130."""
    with subprocess.Popen(
        [*COMMAND, "emulate", "--transcript", "good morning"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        guard = threading.Timer(limit, process.kill)
        guard.start()
        try:
            lines = [process.stdout.readline() for _ in range(4)]
            exported = dict(re.findall(r"export (\w+)=(\S+)", "".join(lines)))
            done = run(["transcribe", str(call)], dict(os.environ, **exported))
            process.send_signal(signal.SIGINT)
            errors = process.stderr.read()
            status = process.wait()
        finally:
            guard.cancel()
            guard.join()
    assert done.stdout == "good morning\n"
    assert status == 130
    assert errors == ""
