"""``telnyx-stt transcribe --output``: when a recording is done already, and when it is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from telnyx_stt_sync.cli._origins import INDEX
from telnyx_stt_sync.emulator import Emulator
from tests.wire.command import Done, Shell, emulator, here, shell, wav

__all__ = ["emulator", "here", "shell"]  # fixtures


def transcribe(shell: Shell, *more: str) -> Done:
    """The command, for x.wav of the current folder, into a folder beside that."""
    return shell("transcribe", "x.wav", "--output", "../out", "--speed", "max", *more)


@pytest.fixture
def made(shell: Shell, emulator: Emulator, here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The transcript of A/x.wav. The current folder is A."""
    wav(here / "A" / "x.wav", 0.2)
    monkeypatch.chdir(here / "A")
    assert transcribe(shell).status == 0
    return here / "out" / "x.wav.txt"


def test_another_recording_of_that_name(
    shell: Shell, emulator: Emulator, here: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transcript of another recording is no transcript of this one, and is not overwritten."""
    made.write_text("of A")
    wav(here / "B" / "x.wav", 0.3)
    monkeypatch.chdir(here / "B")
    done = transcribe(shell)
    assert (done.status, done.out) == (1, "")
    assert "x.wav: " in done.err and str(here / "A" / "x.wav") in done.err
    assert "--force" in done.err and "done already" not in done.err
    assert made.read_text() == "of A"
    assert transcribe(shell, "--force").status == 0
    assert made.read_text() == "hello world\n"
    assert "1 done already" in transcribe(shell).err


def test_a_copy_that_looks_alike(
    shell: Shell, emulator: Emulator, here: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even a recording of the same size and time, as long as the other one is there."""
    twin = wav(here / "B" / "x.wav", 0.2)
    found = (here / "A" / "x.wav").stat()
    os.utime(str(twin), ns=(found.st_atime_ns, found.st_mtime_ns))
    monkeypatch.chdir(here / "B")
    assert transcribe(shell).status == 1


@pytest.mark.parametrize("seconds", [0.2, 0.3])
def test_a_recording_that_was_replaced(
    shell: Shell, emulator: Emulator, here: Path, made: Path, seconds: float
) -> None:
    """A recording of another time or size is transcribed again; then it is done."""
    made.write_text("old")
    path = wav(here / "A" / "x.wav", seconds)
    # An older file may take its place as well.
    os.utime(str(path), (1_600_000_000, 1_600_000_000))
    assert transcribe(shell).err == "telnyx-stt: 1 transcribed\n"
    assert made.read_text() == "hello world\n"
    assert "1 done already" in transcribe(shell).err


def test_a_folder_that_was_moved(
    shell: Shell, emulator: Emulator, here: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording that stands in another place, and no longer in the first, is done."""
    (here / "A").rename(here / "moved")
    monkeypatch.chdir(here / "moved")
    assert "1 done already" in transcribe(shell).err


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own")
def test_another_way_to_the_same_file(
    shell: Shell, emulator: Emulator, here: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a link it is the same recording."""
    (here / "link").symlink_to(here / "A")
    monkeypatch.setattr("os.getcwd", lambda: str(here / "link"))
    assert "1 done already" in transcribe(shell).err


def test_a_recording_that_is_gone(shell: Shell, emulator: Emulator, here: Path, made: Path) -> None:
    """What is not there is a failure, whatever transcript there is."""
    (here / "A" / "x.wav").unlink()
    assert "No such file" in transcribe(shell).err


@pytest.mark.parametrize("rest", [b"", b'\n{"transcript": "x.w', b"\n[]\n\xff\n7\n{}"])
def test_without_its_line(
    shell: Shell, emulator: Emulator, here: Path, made: Path, rest: bytes
) -> None:
    """A transcript of which the index says nothing counts when it is not older."""
    (here / "out" / INDEX).write_bytes(rest)
    assert "1 done already" in transcribe(shell).err
    os.utime(str(made), (1_600_000_000, 1_600_000_000))
    assert "1 transcribed" in transcribe(shell).err
    assert "1 done already" in transcribe(shell).err


def test_changed_meanwhile(
    shell: Shell, emulator: Emulator, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recording that changes while it is transcribed is not done."""
    path = wav(here / "A" / "x.wav", 0.2)
    monkeypatch.chdir(path.parent)
    replace = os.replace

    def change(*names: str) -> None:
        wav(path, 0.4)
        replace(*names)

    monkeypatch.setattr("os.replace", change)
    assert transcribe(shell).status == 0
    assert "1 transcribed" in transcribe(shell).err
