"""The one command that each example prints at its top runs it against the emulator."""

from __future__ import annotations

import ast
import os
import re
import signal
import socket
import subprocess
import sys
import wave
from pathlib import Path
from typing import Dict, List

import pytest

from tests.conftest import LIMIT
from tests.embedding.house import unused_port, wait_until
from tests.examples import house

EMULATE = "import sys; from telnyx_stt_sync.cli import main; sys.exit(main())"
HEARD = "Hello, this is the local emulator speaking."


def command(example: str) -> List[str]:
    """The first command in an example's docstring, with this Python and without the shell's <."""
    text = ast.get_docstring(ast.parse((house.EXAMPLES / example).read_text())) or ""
    match = re.search(r"^ +telnyx-stt (emulate -- [^<\n]*)", text, re.M)
    assert match, "no command"
    words = match.group(1).split()
    words[2:3] = [sys.executable, *(["-m", words[2]] if words[2] != "python" else [])]
    return [sys.executable, "-c", EMULATE, *words]


def environment(**more: str) -> Dict[str, str]:
    devices = str(Path(__file__).with_name("devices"))
    return {**os.environ, "PYTHONPATH": f"{devices}{os.pathsep}{house.EXAMPLES.parent}", **more}


@pytest.fixture
def recordings_here(tmp_path: Path) -> Path:
    """A folder with the examples, ``call.wav`` and ``audio.raw``."""
    (tmp_path / "examples").symlink_to(house.EXAMPLES)
    (tmp_path / "audio.raw").write_bytes(bytes(32000))
    with wave.open(str(tmp_path / "call.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(32000))
    return tmp_path


@pytest.mark.parametrize("example", ["one_file.py", "callbacks.py", "microphone.py"])
def test_programs_that_end(example: str, recordings_here: Path) -> None:
    """They print what the emulator says."""
    if example == "microphone.py":
        house.module("cffi")
    microphone = {"MICROPHONE_HEARS": "audio.raw", "MICROPHONE_SPEED": "8"}
    with open(recordings_here / "audio.raw", "rb") as source:
        done = subprocess.run(
            command(example),
            cwd=recordings_here,
            env=environment(**microphone),
            stdin=source,
            capture_output=True,
            timeout=3 * LIMIT,
        )
    assert done.returncode == 0, done.stderr.decode()
    if example != "microphone.py":
        assert HEARD in done.stdout.decode()


@pytest.mark.parametrize("example", ["flask_upload.py", "telnyx_call.py"])
def test_servers(example: str, recordings_here: Path) -> None:
    """They answer at once on their port, and Ctrl-C ends all."""
    house.module("flask")
    port = str(unused_port())
    words = [port if word == "8765" else word for word in command(example)]
    process = subprocess.Popen(
        words,
        cwd=recordings_here,
        env=environment(FLASK_RUN_PORT=port),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until(lambda: _listens(int(port)))
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        process.wait(LIMIT)
        assert not _listens(int(port))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
