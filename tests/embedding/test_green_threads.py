"""Under gevent and eventlet: everything patched, the emulator in a process that is not."""

from __future__ import annotations

import importlib.util
import json
import os
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from telnyx_stt_sync.emulator import Emulator, word_audio
from tests.conftest import SLOWNESS
from tests.embedding.green_program import TIME_LIMIT
from tests.embedding.house import SECOND
from tests.wire.client import KEY

ROOT = Path(__file__).resolve().parents[2]

WORDS = " ".join(f"w{number}" for number in range(40))
AUDIO = word_audio(WORDS)

# Other greenlets must have their turn; what the library does at a time takes milliseconds, and
# making a TLS context and loading modules some tens of them.
LONGEST_PAUSE = 0.5 * SLOWNESS


@pytest.fixture(params=["gevent", "eventlet"])
def world(request: pytest.FixtureRequest) -> Iterator[str]:
    """Which of the two; skips by name where it is missing."""
    name = str(request.param)
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"the package {name} is not installed")
    yield name


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def tls(request: pytest.FixtureRequest) -> bool:
    """With and without TLS."""
    return bool(request.param)


def run(
    world: str, emulator: Emulator, folder: Path, limit: float, *scenarios: str
) -> List[Dict[str, Any]]:
    """What the program saw in each scenario."""
    audio = folder / "audio.raw"
    audio.write_bytes(AUDIO)
    environment = {
        **os.environ,
        "TELNYX_API_KEY": KEY,
        "TELNYX_STT_URL": emulator.url,
        "PYTHONPATH": str(ROOT),
    }
    if emulator.ssl_context is not None:
        authorities = emulator.ssl_context.get_ca_certs(binary_form=True)
        trusted = folder / "trusted.pem"
        trusted.write_text("".join(ssl.DER_cert_to_PEM_cert(each) for each in authorities))
        environment["SSL_CERT_FILE"] = str(trusted)
    program = [sys.executable, "-m", "tests.embedding.green_program"]
    done = subprocess.run(
        [*program, world, str(audio), *scenarios],
        env=environment,
        capture_output=True,
        text=True,
        timeout=limit,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    seen: List[Dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    for each in seen:
        assert each["longest_pause"] < LONGEST_PAUSE, "the other greenlets had to wait"
    return seen


def test_streams(world: str, tls: bool, tmp_path: Path, limit: float) -> None:
    """A file, a live stream with callbacks, and two streams from two greenlets at once."""
    with Emulator(tls=tls) as emulator:
        file, live, two = run(world, emulator, tmp_path, limit, "file", "live", "two")
    assert (file["text"], live["text"], two["texts"]) == (WORDS, WORDS, [WORDS, WORDS])
    assert (live["heard"], live["ends"]) == (WORDS, ["server_close"])
    assert file["threads"] == live["threads"] == two["threads"] == []


def test_many_files(world: str, tmp_path: Path, limit: float) -> None:
    """Many files from one greenlet, several at once; a Timeout ends those that run."""
    with Emulator() as emulator:
        (files,) = run(world, emulator, tmp_path, limit, "files")
    with Emulator(faults=["silent"]) as emulator:
        (late,) = run(world, emulator, tmp_path, limit, "timeout_in_files")
        assert len(emulator.sessions) == 3
    assert files["texts"] == [WORDS] * 6
    assert late["is_ours"] and late["ended_by"] == "closed" and late["took"] < TIME_LIMIT + SECOND
    assert files["threads"] == late["threads"] == []


def test_reconnects(world: str, tls: bool, tmp_path: Path, limit: float) -> None:
    """A connection that is reset is replaced, and no word is lost, in a file and live."""
    cut = len(AUDIO) // 2
    with Emulator(tls=tls, faults=[f"reset_after={cut}@1", f"reset_after={cut}@3"]) as emulator:
        file, live = run(world, emulator, tmp_path, limit, "file", "live")
        assert len(emulator.sessions) == 4
    assert (file["text"], file["reconnects"]) == (WORDS, 1)
    assert (live["text"], live["reconnects"], live["heard"]) == (WORDS, 1, WORDS)
    assert file["threads"] == live["threads"] == []


def test_time_limits(world: str, tmp_path: Path, limit: float) -> None:
    """A Timeout of the framework, or its kill(), ends the stream of the call and goes on up."""
    with Emulator(faults=["silent"]) as emulator:
        finish, kill = run(world, emulator, tmp_path, limit, "timeout_in_finish", "kill")
    with Emulator(faults=["stalls_after=16000"]) as emulator:
        (send,) = run(world, emulator, tmp_path, limit, "timeout_in_send")
    for seen in (finish, send):
        assert (seen["is_ours"], seen["ended_by"]) == (True, "closed")
        assert seen["took"] < TIME_LIMIT + SECOND
    assert kill["ended_by"] == "closed" and kill["took"] < SECOND
    assert finish["threads"] == kill["threads"] == send["threads"] == []


def test_forgotten_close(world: str, tmp_path: Path, limit: float) -> None:
    """A program that forgets to close ends within a second of its last line, status 0."""
    with Emulator(faults=["silent"]) as emulator:
        (seen,) = run(world, emulator, tmp_path, limit, "forget")
    assert time.time() - seen["end"] < SECOND + 0.5 * SLOWNESS  # and the interpreter's own end
