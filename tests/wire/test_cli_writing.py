"""``telnyx-stt transcribe --output``: what can't be written, and that no text is lost for it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from telnyx_stt_sync import Transcription
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


def test_a_disk_that_takes_nothing(
    shell: Shell, emulator: Emulator, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be written goes to standard output; it is a failure, and nothing half is left."""

    def full(*names: object) -> None:
        raise OSError(28, "No space left on device")

    wav(here / "a.wav", 0.2)
    monkeypatch.setattr("os.replace", full)
    done = shell("transcribe", "a.wav", "--output", "out", *FAST)
    assert done.status == 1
    target = os.path.join("out", "a.wav.txt")
    assert f"a.wav: {target} can't be written: No space left on device" in done.err
    assert done.out == "==> a.wav <==\nhello world\n"
    assert list((here / "out").iterdir()) == []


def test_output_that_is_a_file(shell: Shell, emulator: Emulator, here: Path) -> None:
    """--output that cannot be a folder is found before anything is sent."""
    wav(here / "a.wav", 0.2)
    (here / "out").write_text("")
    assert shell("transcribe", "a.wav", "--output", "out").status == 2
    assert emulator.sessions == []


@linux
def test_an_output_that_takes_nothing(shell: Shell, emulator: Emulator, here: Path) -> None:
    """--output in which nothing can be written is found before anything is sent."""
    wav(here / "a.wav", 0.2)
    done = shell("transcribe", "a.wav", "--output", "/proc/self")
    assert done.status == 2
    assert "--output /proc/self: " in done.err
    assert emulator.sessions == []


@linux
@pytest.mark.parametrize("name", ["calls/" + "x" * 250 + ".wav", "a/b.wav", "c.wav"])
def test_a_transcript_that_has_no_place(
    shell: Shell, emulator: Emulator, here: Path, name: str
) -> None:
    """A name that gets too long, or stands in the way, is found before it is sent; others go."""
    (here / "out" / "c.wav.txt").mkdir(parents=True)
    (here / "out" / "a").write_text("a file where a folder would have to be")
    wav(here / name, 0.2)
    wav(here / "good.wav", 0.2)
    for force in ([], ["--force"]):
        done = shell("transcribe", name, "good.wav", "--output", "out", *FAST, *force)
        assert (done.status, done.out) == (1, "")
        assert "1 transcribed, 1 failed" in done.err or "1 done already, 1 failed" in done.err
        assert f"{name}: " in done.err
    assert len(emulator.sessions) == 2  # good.wav, twice


def test_a_text_that_cannot_be_rendered(
    shell: Shell, emulator: Emulator, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong with one transcript, its text is shown, and the others are written."""
    broken = Transcription.to_srt

    def to_srt(transcription: Transcription) -> str:
        if transcription.audio_seconds > 0.5:
            raise ValueError("no such cue")
        return broken(transcription)

    monkeypatch.setattr(Transcription, "to_srt", to_srt)
    wav(here / "a.wav", 1.0)
    wav(here / "b.wav", 0.2)
    arguments = ("--output", "out", "--format", "srt", *FAST)
    done = shell("transcribe", "a.wav", "b.wav", *arguments)
    assert (done.status, done.out) == (1, "==> a.wav <==\nhello world\n")
    assert "no such cue" in done.err
    assert (here / "out" / "b.wav.srt").exists()
