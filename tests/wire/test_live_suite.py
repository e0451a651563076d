"""The tests for the live service run as they are against the emulator, so they stay in order."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from telnyx_stt_sync._engines import variants
from telnyx_stt_sync.emulator import Emulator
from tests.live.notebook import QUESTIONS, Notebook, redacted

ROOT = Path(__file__).parents[2]
KEY = "KEY0123456789abcdef"
SAID = (ROOT / "telnyx_stt_sync" / "cli" / "demo.txt").read_text(encoding="utf-8")

# What the emulator can't show: who may not do this, overload, and lists that it does not read.
UNSEEN = {"forbidden", "overload", "unknown-frames", "bursts"}


def run(folder: Path, only: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """What pytest says of the tests for the service."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("TELNYX_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/live", "-p", "no:cacheprovider", "-rs", "-k", only],
        cwd=ROOT,
        env={**plain, "TELNYX_STT_LIVE_FOLDER": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_against_the_emulator(tmp_path: Path) -> None:
    """All pass; each engine's frames are written down, and each question is answered."""
    with Emulator(transcripts=SAID, api_key=KEY, faults="hold=0.05") as emulator:
        done = run(
            tmp_path,
            TELNYX_API_KEY=KEY,
            TELNYX_STT_URL=emulator.url,
            TELNYX_STT_LIVE_SPEED="max",
            TELNYX_STT_LIVE_PATIENCE="1",
        )
    assert done.returncode == 0, done.stdout
    answers = (tmp_path / "answers.md").read_text(encoding="utf-8").splitlines()
    assert {line.split()[1] for line in answers} == set(QUESTIONS)
    assert {line.split()[1] for line in answers if line.endswith(": not seen")} == UNSEEN
    assert next(line for line in answers if "reject-close" in line).endswith("40007: 1008")
    assert f"frames and answers: {tmp_path}" in done.stdout
    written = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    frames = {re.sub("[^A-Za-z0-9-]", "-", str(engine)) + ".jsonl" for engine in variants()}
    assert set(written) >= {*frames, "rejected.jsonl", "finalize-Deepgram-flux.jsonl"}
    assert all('"what": "frame"' in written[name] for name in frames)
    assert not [name for name, text in written.items() if KEY in text]


def test_what_only_time_tells(tmp_path: Path) -> None:
    """Who closes is told with what was really waited for, and idle timeouts without KeepAlive."""
    with Emulator(transcripts=SAID, api_key=KEY, faults=["hold=9", "idle_timeout=5"]) as emulator:
        done = run(
            tmp_path,
            "test_no_audio or (test_the_demo and Telnyx)",
            TELNYX_API_KEY=KEY,
            TELNYX_STT_URL=emulator.url,
            TELNYX_STT_LIVE_SPEED="max",
            TELNYX_STT_LIVE_PATIENCE="3.5",
        )
    assert done.returncode == 0, done.stdout
    answers = (tmp_path / "answers.md").read_text(encoding="utf-8")
    (held,) = re.findall(r"nova-3, without KeepAlive: closed with 1011 after ([\d.]+) s", answers)
    assert 4.9 < float(held) < 9.0
    (waited,) = re.findall(r"who-closes.*Telnyx.*: not the service, for ([\d.]+) s", answers)
    assert 3.4 <= float(waited) < 9.0


def test_without_a_key(tmp_path: Path) -> None:
    """Without a key every test skips, and says what is missing."""
    done = run(tmp_path / "none")
    assert done.returncode == 0, done.stdout
    assert "TELNYX_API_KEY is not set" in done.stdout
    assert "passed" not in done.stdout
    assert not (tmp_path / "none").exists()


def test_nothing_private_is_written_down(tmp_path: Path) -> None:
    """Keys, addresses and identifiers are taken out; words and figures stay."""
    private = (
        "my secret-value, KEYabcdefgh1234, jane.doe@example.com, "
        "b0c5d2f4-1234-4321-abcd-0123456789ab, a1b2c3d4e5f6a7b8c9, +15551234567"
    )
    shown = redacted(private, "secret-value")
    assert shown == "my [key], " + ", ".join(["[redacted]"] * 5)
    kept = '{"transcript": "three o\'clock", "confidence": 0.9812345678, "start": 1234567.891}'
    assert redacted(kept, "secret-value") == kept
    notebook = Notebook(tmp_path, "secret-value")
    notebook.see("interims", "Deepgram", "secret-value")
    notebook.write_frames("a b/c", [{"text": "secret-value"}])
    notebook.close()
    for path in tmp_path.iterdir():
        assert "secret" not in path.read_text(encoding="utf-8")
