"""``telnyx-stt transcribe``: which recordings it takes, and what it writes for them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import List

import pytest

from telnyx_stt_sync.cli._origins import INDEX
from telnyx_stt_sync.emulator import Emulator
from tests.wire.command import Shell, emulator, here, shell, wav

__all__ = ["emulator", "here", "shell"]  # fixtures

FAST = ("--speed", "max")


def names(folder: Path) -> List[str]:
    """Every file below a folder, sorted, but for the index of the transcripts."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != INDEX]
    return sorted(str(path.relative_to(folder)) for path in files)


def twenty(folder: Path) -> None:
    """A folder of 20 files: 17 recordings, one that is cut, one of text, one empty."""
    for number in range(17):
        wav(folder / ("deep" if number > 12 else "") / f"{number:02}.wav", 0.2)
    (folder / "cut.wav").write_bytes((folder / "00.wav").read_bytes()[:30])
    (folder / "text.wav").write_text("Not found")
    (folder / "empty.wav").write_bytes(b"")


def test_a_folder_with_three_bad_files(shell: Shell, emulator: Emulator, here: Path) -> None:
    """Of 20 files, three of them bad: 17 transcripts, three reasons, status 1."""
    twenty(here / "calls")
    done = shell("transcribe", "calls", "--output", "texts", *FAST)
    assert done.status == 1
    assert done.out == ""
    told, *reasons = done.err.splitlines()
    assert told == "telnyx-stt: 17 transcribed, 3 failed"
    assert [name in reason for name, reason in zip(("cut", "empty", "text"), reasons)] == [True] * 3
    assert len(reasons) == 3
    expected = [f"{'deep/' if number > 12 else ''}{number:02}.wav.txt" for number in range(17)]
    assert names(here / "texts" / "calls") == sorted(expected)
    assert (here / "texts" / "calls" / "00.wav.txt").read_text() == "hello world\n"


def test_again_there_is_nothing_to_do(shell: Shell, emulator: Emulator, here: Path) -> None:
    """Run again, what is done stays; only the bad ones are looked at, without a connect."""
    twenty(here / "calls")
    shell("transcribe", "calls", "--output", "texts", *FAST)
    before = {path: path.stat().st_mtime_ns for path in (here / "texts").rglob("*.txt")}
    sessions = len(emulator.sessions)
    again = shell("transcribe", "calls", "--output", "texts", *FAST)
    assert again.status == 1
    assert again.err.splitlines()[0] == "telnyx-stt: 17 done already, 3 failed"
    assert len(emulator.sessions) == sessions == 17
    assert {path: path.stat().st_mtime_ns for path in (here / "texts").rglob("*.txt")} == before
    for name in ("cut", "text", "empty"):
        (here / "calls" / f"{name}.wav").unlink()
    last = shell("transcribe", "calls", "--output", "texts", *FAST)
    assert last.status == 0
    assert "nothing to do: 17 done already" in last.err
    assert len(emulator.sessions) == sessions


def test_nothing_to_do_needs_no_key(
    shell: Shell, emulator: Emulator, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where everything is done, nobody asks for a key."""
    wav(here / "a.wav", 0.2)
    shell("transcribe", "a.wav", "--output", "texts", *FAST)
    monkeypatch.delenv("TELNYX_API_KEY")
    assert shell("transcribe", "a.wav", "--output", "texts").status == 0


def test_force(shell: Shell, emulator: Emulator, here: Path) -> None:
    """--force transcribes again what is done."""
    wav(here / "a.wav", 0.2)
    target = here / "texts" / "a.wav.txt"
    target.parent.mkdir()
    target.write_text("old")
    assert "1 done already" in shell("transcribe", "a.wav", "--output", "texts", *FAST).err
    assert target.read_text() == "old"
    shell("transcribe", "a.wav", "--output", "texts", "--force", *FAST)
    assert target.read_text() == "hello world\n"


def test_one_file_for_each_recording(shell: Shell, emulator: Emulator, here: Path) -> None:
    """Recordings of one name, in several folders or formats, never go to one file."""
    for name in ("a/x.wav", "b/x.wav", "x.wav"):
        wav(here / name, 0.2)
    (here / "x.mp3").write_bytes((here / "x.wav").read_bytes())  # WAV by its first bytes
    shell("transcribe", "a/x.wav", "b/x.wav", "x.wav", "x.mp3", "--output", "out", *FAST)
    assert names(here / "out") == ["a/x.wav.txt", "b/x.wav.txt", "x.mp3.txt", "x.wav.txt"]


def test_names_do_not_depend_on_how_a_file_is_called(
    shell: Shell, emulator: Emulator, here: Path
) -> None:
    """However a recording is named, its transcript goes to the same place, and it goes once."""
    path = wav(here / "a" / "x.wav", 0.2)
    done = shell("transcribe", path, "./a/../a/x.wav", "a", "--output", "out", *FAST)
    assert done.err == "telnyx-stt: 1 transcribed\n"
    assert names(here / "out") == ["a/x.wav.txt"]


def test_a_recording_elsewhere(
    shell: Shell, emulator: Emulator, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is outside the current folder goes under its whole path, never outside --output."""
    wav(here / "x.wav", 0.2)
    (here / "inside").mkdir()
    monkeypatch.chdir(here / "inside")
    shell("transcribe", "../x.wav", "--output", "out", *FAST)
    whole = os.path.splitdrive(str(here))[1].lstrip("\\/")
    assert names(here / "inside" / "out") == [os.path.join(whole, "x.wav.txt")]


def test_a_name_with_two_points(shell: Shell, emulator: Emulator, here: Path) -> None:
    """A name that begins with two points is in the current folder all the same."""
    wav(here / "..x.wav", 0.2)
    shell("transcribe", "..x.wav", "--output", "out", *FAST)
    assert names(here / "out") == ["..x.wav.txt"]


def test_beside_the_recordings(shell: Shell, emulator: Emulator, here: Path) -> None:
    """--output . writes beside each recording, and its transcripts are not counted as left out."""
    wav(here / "a" / "x.wav", 0.2)
    for _ in range(2):
        done = shell("transcribe", ".", "--output", ".", *FAST)
        assert (done.status, "left out" in done.err) == (0, False)
    assert names(here) == ["a/x.wav", "a/x.wav.txt"]


def test_what_is_taken_of_a_folder(shell: Shell, emulator: Emulator, here: Path) -> None:
    """Of a folder goes what is audio by its name, hidden files apart; the rest is counted."""
    wav(here / "calls" / "B.WAV", 0.2)
    for name in ("notes.txt", "c.raw", "._b.wav", ".hidden/d.wav"):
        (here / "calls" / name).parent.mkdir(exist_ok=True)
        (here / "calls" / name).write_bytes(b"x")
    done = shell("transcribe", "calls", *FAST)
    assert done.status == 0
    assert done.out == f"==> {os.path.join('calls', 'B.WAV')} <==\nhello world\n"
    (here / "calls" / "a.m4a").write_bytes(b"\0\0\0\x20ftypM4A ")
    done = shell("transcribe", "calls", *FAST)
    assert done.status == 1
    assert "1 transcribed, 1 failed, 2 left out" in done.err
    assert "ffmpeg" in done.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
@pytest.mark.parametrize("name", ["calls", "calls/*.wav"])
def test_a_pipe_in_a_folder(shell: Shell, emulator: Emulator, here: Path, name: str) -> None:
    """Of a folder or a pattern only files are taken: nobody may ever write into a pipe."""
    wav(here / "calls" / "a.wav", 0.2)
    os.mkfifo(str(here / "calls" / "b.wav"))
    (here / "calls" / "c.wav").symlink_to("nowhere")
    done = shell("transcribe", name, "--output", "out", *FAST)
    assert (done.status, done.out) == (1, "")
    assert "1 transcribed, 1 failed, 1 left out" in done.err
    assert "b.wav: left out, because it is a pipe" in done.err
    assert "c.wav: No such file" in done.err


def test_raw_audio_of_a_folder(shell: Shell, emulator: Emulator, here: Path) -> None:
    """When it is said what raw audio is, a folder's is taken as well."""
    (here / "calls").mkdir()
    (here / "calls" / "a.raw").write_bytes(bytes(16000))
    raw = ("--input-format", "linear16", "--sample-rate", "16000")
    assert "hello world\n" in shell("transcribe", "calls", *raw, *FAST).out


def test_an_explicit_file_goes_whatever_its_name(
    shell: Shell, emulator: Emulator, here: Path
) -> None:
    """A file that is named itself is taken by its first bytes, not by its name."""
    wav(here / "x.wav", 0.2).rename(here / "x.dat")
    assert shell("transcribe", "x.dat", *FAST).out == "hello world\n"


def test_patterns(shell: Shell, emulator: Emulator, here: Path) -> None:
    """Patterns are expanded where the shell did not, into subfolders by two stars."""
    wav(here / "a" / "b" / "1.wav", 0.2)
    wav(here / "2.wav", 0.2)
    assert "1 transcribed" in shell("transcribe", "*.wav", "--output", "o", *FAST).err
    assert "1 transcribed, 1 done" in shell("transcribe", "**/*.wav", "--output", "o", *FAST).err
    done = shell("transcribe", "*.mp3")
    assert (done.status, done.err) == (1, "telnyx-stt: *.mp3: no file matches\n")


def test_a_name_that_looks_like_a_pattern(shell: Shell, emulator: Emulator, here: Path) -> None:
    """A file whose name holds a pattern's letters is that file."""
    wav(here / "call [1].wav", 0.2)
    assert shell("transcribe", "call [1].wav", *FAST).out == "hello world\n"


def test_a_folder_without_audio(shell: Shell, emulator: Emulator, here: Path) -> None:
    """A folder in which there is nothing is a failure that says so."""
    (here / "calls").mkdir()
    done = shell("transcribe", "calls")
    assert done.status == 1
    assert done.err == "telnyx-stt: calls: no file in this folder is audio by its name\n"


def test_two_that_would_share_a_file(
    shell: Shell, emulator: Emulator, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where two recordings would go to one file after all, nothing is begun."""
    outside = wav(here / "data" / "x.wav", 0.2)
    whole = os.path.splitdrive(str(outside))[1].lstrip("\\/")
    wav(here / "work" / whole, 0.2)
    monkeypatch.chdir(here / "work")
    done = shell("transcribe", outside, whole, "--output", "out")
    assert done.status == 2
    assert "would both go to" in done.err
    assert not (here / "work" / "out").exists()


def test_json_files(shell: Shell, emulator: Emulator, here: Path) -> None:
    """--format json writes all that is known, and the name of the recording."""
    wav(here / "a.wav", 0.2)
    shell("transcribe", "a.wav", "--output", "out", "--format", "json", *FAST)
    written = json.loads((here / "out" / "a.wav.json").read_text(encoding="utf-8"))
    assert (written["source"], written["text"]) == ("a.wav", "hello world")
    assert written["complete"] is True
