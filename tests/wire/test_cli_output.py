"""``telnyx-stt transcribe``: what goes to standard output, and what to standard error."""

from __future__ import annotations

import json
from pathlib import Path
from typing import List

import pytest

from telnyx_stt_sync.cli._output import InOrder
from telnyx_stt_sync.emulator import Emulator
from tests.wire.command import KEY, Shell, emulator, here, shell, wav

__all__ = ["emulator", "here", "shell"]  # fixtures

FAST = ("--speed", "max")


def two(folder: Path) -> None:
    """Two recordings, the first of which takes longer."""
    wav(folder / "a.wav", 1.0)
    wav(folder / "b.wav", 0.1)


def test_one_file(shell: Shell, emulator: Emulator, here: Path) -> None:
    """One file: its text alone on standard output, and nothing on standard error."""
    wav(here / "a.wav", 0.2)
    assert shell("transcribe", "a.wav", *FAST) == (0, "hello world\n", "")


def test_several_files(shell: Shell, emulator: Emulator, here: Path) -> None:
    """Several files: each under its heading, in the order in which they were named."""
    two(here)
    done = shell("transcribe", "a.wav", "b.wav", "--speed", "5")
    assert done.out == "==> a.wav <==\nhello world\n==> b.wav <==\nhello world\n"
    assert (done.status, done.err) == (0, "telnyx-stt: 2 transcribed\n")


def test_quiet(shell: Shell, emulator: Emulator, here: Path) -> None:
    """--quiet leaves failures only."""
    two(here)
    assert shell("transcribe", "a.wav", "b.wav", "--quiet", *FAST).err == ""
    assert "missing.wav: No such file" in shell("transcribe", "a.wav", "missing.wav", "-q").err


def test_one_json(shell: Shell, emulator: Emulator, here: Path) -> None:
    """--format json of one file is one object."""
    wav(here / "a.wav", 0.2)
    result = json.loads(shell("transcribe", "a.wav", "--format", "json", *FAST).out)
    assert (result["source"], result["text"]) == ("a.wav", "hello world")


def test_json_lines(shell: Shell, emulator: Emulator, here: Path) -> None:
    """--format json of several files is one object a line, with the names."""
    two(here)
    lines = shell("transcribe", "a.wav", "b.wav", "--format", "json", *FAST).out.splitlines()
    assert [json.loads(line)["source"] for line in lines] == ["a.wav", "b.wav"]


@pytest.mark.parametrize("named", [["calls"], ["calls/*.wav"], ["calls/a.wav", "calls/a.wav"]])
def test_what_may_be_several(
    shell: Shell, emulator: Emulator, here: Path, named: List[str]
) -> None:
    """What a folder or a pattern gives looks the same, also when only one file is there."""
    wav(here / "calls" / "a.wav", 0.2)
    assert shell("transcribe", *named, *FAST).out.startswith("==> ")
    assert shell("transcribe", *named, "--format", "json", *FAST).out.count("\n") == 1
    assert shell("transcribe", *named, "--format", "srt", *FAST).status == 2


@pytest.mark.parametrize("kind", ["srt", "vtt"])
def test_captions_of_several(shell: Shell, emulator: Emulator, here: Path, kind: str) -> None:
    """Captions of several files need a folder: without one nothing is begun."""
    two(here)
    done = shell("transcribe", "a.wav", "b.wav", "--format", kind)
    assert done.status == 2
    assert "--output DIR" in done.err
    assert emulator.sessions == []


@pytest.mark.parametrize(("kind", "mark"), [("srt", "00:00:00,"), ("vtt", "WEBVTT\n")])
def test_captions(shell: Shell, emulator: Emulator, here: Path, kind: str, mark: str) -> None:
    """Captions of one file go to standard output, of several to one file each."""
    two(here)
    assert mark in shell("transcribe", "b.wav", "--format", kind).out
    shell("transcribe", "a.wav", "b.wav", "--format", kind, "--output", "out")
    for name in ("a", "b"):
        text = (here / "out" / f"{name}.wav.{kind}").read_text(encoding="utf-8")
        assert mark in text and "hello world" in text


def test_hasty_captions(shell: Shell, emulator: Emulator, here: Path) -> None:
    """That a fast upload makes bad captions is said once, with what to do on the command line."""
    for name in ("a.wav", "b.wav"):
        wav(here / name, 3.0)
    done = shell("transcribe", "a.wav", "b.wav", "--format", "srt", "--output", "out", *FAST)
    assert done.status == 0
    assert done.err.count("--speed 1 gives better ones") == 1
    assert "transcribe_file" not in done.err


@pytest.mark.parametrize(
    ("arguments", "speed"),
    [
        (["--format", "txt"], None),
        (["--format", "srt"], 1.0),
        (["--format", "vtt"], 1.0),
        (["--format", "vtt", "--speed", "4"], 4.0),
        (["--format", "srt", "--speed", "max"], float("inf")),
    ],
)
def test_pace(
    shell: Shell,
    emulator: Emulator,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: List[str],
    speed: object,
) -> None:
    """Captions are made at the pace of speech, unless a pace is given; text as fast as works."""
    asked: List[object] = []

    def no_files(self: object, sources: object, **options: object) -> List[object]:
        asked.append(options["speed"])
        return []

    monkeypatch.setattr("telnyx_stt_sync.Transcriber.transcribe_files", no_files)
    wav(here / "a.wav", 0.2)
    shell("transcribe", "a.wav", *arguments)
    assert asked == [speed]


def test_no_key(
    shell: Shell, emulator: Emulator, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a key it says once what to do, and does not even connect."""
    two(here)
    monkeypatch.delenv("TELNYX_API_KEY")
    done = shell("transcribe", "a.wav", "b.wav")
    assert done.status == 1
    assert done.err.count("export TELNYX_API_KEY") == 1
    assert emulator.sessions == []


def test_wrong_key(
    shell: Shell, emulator: Emulator, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused key is said once; the recordings after it are not tried."""
    for number in range(9):
        wav(here / f"{number}.wav", 0.2)
    monkeypatch.setenv("TELNYX_API_KEY", f"{KEY}x")
    done = shell("transcribe", *sorted(here.glob("*.wav")), "--jobs", "1")
    assert done.status == 1
    assert "1 failed" in done.err and "8 not tried, because the key was refused" in done.err
    assert "telnyx-stt doctor" in done.err
    assert done.err.count("HTTP 401") == 1
    assert KEY not in done.err
    assert len(emulator.sessions) == 1


def test_a_key_that_is_refused_midway(
    shell: Shell, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs already when the key is refused goes on to its end."""
    monkeypatch.setenv("TELNYX_API_KEY", KEY)
    names = [wav(here / f"{number}.wav", 1.0) for number in range(5)]
    with Emulator(transcripts=["hello world"], faults=["forbidden@2-"]) as emulator:
        arguments = ("--url", emulator.url, "--jobs", "2", "--speed", "1")
        done = shell("transcribe", *names, *arguments)
    assert done.status == 1
    assert done.out.count("hello world") == 1
    expected = "1 transcribed, 3 not tried, because the key was refused, 1 failed"
    assert done.err.splitlines()[0] == f"telnyx-stt: {expected}"


def test_reasons_in_order(shell: Shell, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reasons come in the order of the recordings, whichever failed first."""
    monkeypatch.setenv("TELNYX_API_KEY", KEY)
    wav(here / "a.wav")
    (here / "b.wav").write_text("fails before a connection is tried")
    with Emulator(faults=["slow_handshake=0.01", "redirect"]) as emulator:
        done = shell("transcribe", "a.wav", "b.wav", "--url", emulator.url)
    assert done.err.index("a.wav: ") < done.err.index("'b.wav' is text")


def test_a_name_that_is_part_of_a_reason(shell: Shell, emulator: Emulator, here: Path) -> None:
    """Each failure names its recording, also one whose name is a word of the reason."""
    done = shell("transcribe", "or")
    assert done.err.startswith("telnyx-stt: or: No such file or directory\n")


def test_partial(shell: Shell, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was heard before a failure is told, and is no transcript."""
    monkeypatch.setenv("TELNYX_API_KEY", KEY)
    wav(here / "a.wav", 2.0)
    faults = ["close_after=50000:1011"]
    with Emulator(transcripts=["one", "two", "three"], faults=faults) as emulator:
        done = shell(
            *("transcribe", "a.wav", "--url", emulator.url, "--no-reconnect"),
            *("--output", "out", "--speed", "20"),
        )
    assert done.status == 1
    assert "heard before that: one" in done.err
    assert list((here / "out").iterdir()) == []


def test_library_messages(shell: Shell, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the library logs and warns of comes as plain lines, each warning once."""
    monkeypatch.setenv("TELNYX_API_KEY", KEY)
    two(here)
    with Emulator(transcripts=["one"], faults=["unavailable@1-3"]) as emulator:
        arguments = ("--url", emulator.url, "--model", "nova-9", *FAST)
        done = shell("transcribe", "a.wav", "b.wav", *arguments)
    assert done.status == 0
    assert len(emulator.sessions) == 5
    lines = done.err.splitlines()
    assert all(line.startswith("telnyx-stt: ") for line in lines)
    assert len([line for line in lines if "nova-9" in line]) == 1
    assert len([line for line in lines if "trying again" in line]) == 1


def test_names_of_options(shell: Shell, emulator: Emulator, here: Path) -> None:
    """A message of the library names options as the command line does."""
    (here / "a.wav").write_bytes(b"\x01\x02\x03\x04" * 100)
    unknown = shell("transcribe", "a.wav", "--model", "nova-9")
    assert "telnyx-stt: --model 'nova-9' is not known" in unknown.err
    done = shell("transcribe", "a.wav")
    assert "--input-format 'linear16'" in done.err
    assert "--sample-rate 16000" in done.err
    assert "input_format=" not in done.err


def test_too_many_jobs(shell: Shell, emulator: Emulator, here: Path) -> None:
    """A number of jobs that no machine has is a usage error, in the command's words."""
    wav(here / "a.wav", 0.2)
    done = shell("transcribe", "a.wav", "--jobs", "9" * 20)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("telnyx-stt: --jobs ")


def test_in_order() -> None:
    """Texts go out in the order of their numbers, at the end also those behind a gap."""
    out: List[str] = []
    order = InOrder(out.append)
    order.settle(1, "b")
    assert out == []
    order.settle(0, "a")
    assert out == ["a", "b"]
    order.settle(4, "e")
    order.settle(3, "d")
    order.flush()
    assert out == ["a", "b", "d", "e"]
