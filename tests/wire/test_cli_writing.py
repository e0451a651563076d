"""``telnyx-stt transcribe --output``: what can't be written, and that no text is lost for it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from telnyx_stt_sync.emulator import Emulator
from tests.wire.command import Shell, emulator, here, shell, wav

__all__ = ["emulator", "here", "shell"]  # fixtures

FAST = ("--speed", "max")
linux = pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes, and /proc")


@linux
def test_a_name_that_is_no_text(shell: Shell, emulator: Emulator, here: Path) -> None:
    """A file whose name is not UTF-8 is transcribed as the others; JSON gives the name back."""
    odd = os.fsdecode(b"calls/b\xff.wav")
    for name in ("calls/a.wav", odd, "calls/c.wav"):
        wav(here / name, 0.2)
    done = shell("transcribe", "calls", "--output", "out", "--format", "json", *FAST)
    assert (done.status, done.err) == (0, "telnyx-stt: 3 transcribed\n")
    written = (here / "out" / f"{odd}.json").read_text(encoding="utf-8")
    assert json.loads(written)["source"] == odd
    again = shell("transcribe", "calls", "--output", "out", "--format", "json")
    assert "3 done already" in again.err
    line = shell("transcribe", "calls", "--format", "json", *FAST).out.splitlines()[1]
    assert json.loads(line)["source"] == odd


@pytest.mark.parametrize("kind", ["txt", "json", "srt", "vtt"])
def test_a_text_that_is_none(
    shell: Shell, here: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Half a surrogate pair, which JSON may hold, costs that letter and nothing else."""
    wav(here / "a.wav", 0.2)
    with Emulator(transcripts=["one \ud800 two"]) as emulator:
        arguments = ("--url", emulator.url, "--output", "out", "--format", kind, *FAST)
        monkeypatch.setenv("TELNYX_API_KEY", "any")
        assert shell("transcribe", "a.wav", *arguments).status == 0
    written = (here / "out" / f"a.wav.{kind}").read_text(encoding="utf-8")
    assert "one " in written and " two" in written
