"""Pools of processes: a Transcriber travels there, results and errors come back whole."""

from __future__ import annotations

import importlib.util
import json
import multiprocessing
import os
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any, Dict, List

import pytest

from telnyx_stt_sync.emulator import Emulator, word_audio
from tests.wire.client import KEY, RATE

ROOT = Path(__file__).resolve().parents[2]
METHODS = [name for name in ("fork", "spawn") if name in multiprocessing.get_all_start_methods()]


def wav(path: Path, audio: bytes) -> None:
    """A WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(audio)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three files that are well, a long one that meets a fault, one that is none."""
    files = tmp_path / "files"
    files.mkdir()
    for number in range(3):
        wav(files / f"{number}.wav", word_audio(f"file {number}"))
    wav(files / "long.wav", word_audio("one two three four five six seven eight"))
    (files / "text.wav").write_text("no audio")
    return files


def run(kind: str, method: str, folder: Path, limit: float) -> None:
    """Have a program transcribe the folder in a pool, and look at what it got back."""
    with Emulator(faults=["close_after=60000:4000"]) as emulator:
        answer = answer_of([kind, method, str(folder)], emulator.url, folder.parent, limit)
    assert answer["left"] == 0, "processes were left"
    *good, lost, no_audio = answer["seen"]
    assert [each["text"] for each in good] == ["file 0", "file 1", "file 2"]
    for each in good:
        assert each["complete"] and each["ended_by"] == "server_close"
        assert each["segments"] and each["stats"]["finals"] >= 1
    assert (lost["error"], lost["facts"]["code"]) == ("ConnectionLostError", 4000)
    assert lost["partial"]["ended_by"] == "error" and not lost["partial"]["complete"]
    assert lost["partial"]["stats"]["sent_bytes"] > 0
    assert no_audio["error"] == "AudioError" and "text.wav" in no_audio["text"]


def answer_of(arguments: List[str], url: str, scratch: Path, limit: float) -> Dict[str, Any]:
    """What the program prints."""
    environment = {
        **os.environ,
        "TELNYX_API_KEY": KEY,
        "TELNYX_STT_URL": url,
        "PYTHONPATH": str(ROOT),
        "DASK_CONFIG": str(scratch / "dask"),  # not the user's
        "DASK_TEMPORARY_DIRECTORY": str(scratch),
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.embedding.pool_program", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=limit,
    )
    assert done.returncode == 0, done.stderr
    answer: Dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["executor", "pool"])
def test_pools(kind: str, method: str, folder: Path, limit: float) -> None:
    """Through the pools of the standard library, however they start their processes."""
    run(kind, method, folder, 3 * limit)


def test_dask(folder: Path, limit: float) -> None:
    """Through ``client.map`` of a Dask cluster of processes."""
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("the package distributed is not installed")
    run("dask", "spawn", folder, 6 * limit)
