"""What the README prints works as it is written, and so do the examples."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import wave
from pathlib import Path
from typing import Dict, Iterator, List, Optional

import pytest

import telnyx_stt_sync
from telnyx_stt_sync import Transcriber
from telnyx_stt_sync.emulator import FAULTS, Emulator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS: List[str] = re.findall(r"```python\n(.*?)```", README, re.S)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A service that says one sentence."""
    with Emulator(transcripts=["hello world"]) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the files that the README's scripts read."""
    samples = b"\0\0" * 16000
    (tmp_path / "call.raw").write_bytes(samples)
    with wave.open(str(tmp_path / "call.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(samples)
    return tmp_path


def run(
    emulator: Emulator, folder: Path, arguments: List[str], stdin: Optional[Path] = None
) -> str:
    """The output of a Python process that finds the emulator in its environment."""
    environment = dict(os.environ, TELNYX_STT_URL=emulator.url, TELNYX_API_KEY="key")
    with open(stdin or os.devnull, "rb") as source:
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments],
            cwd=folder,
            env=environment,
            stdin=source,
            capture_output=True,
            timeout=60,
        )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    return done.stdout.decode()


@pytest.mark.parametrize("index", range(len(BLOCKS)))
def test_blocks(index: int, emulator: Emulator, folder: Path) -> None:
    """Each Python block of the README runs as it stands and prints what was said."""
    output = run(emulator, folder, ["-c", BLOCKS[index]])
    assert "hello world" in output or "Emulator(" in BLOCKS[index]


def test_example_one_file(emulator: Emulator, folder: Path) -> None:
    """``one_file.py`` prints the text of a file."""
    output = run(emulator, folder, [str(ROOT / "examples" / "one_file.py"), "call.wav"])
    assert output == "hello world\n"


def test_example_callbacks(emulator: Emulator, folder: Path) -> None:
    """``callbacks.py`` prints finals as they come, then the whole and how it ended."""
    script = str(ROOT / "examples" / "callbacks.py")
    output = run(emulator, folder, [script], stdin=folder / "call.raw")
    assert output.endswith("\nhello world\n(server_close)\n")


def test_example_captions(emulator: Emulator, folder: Path) -> None:
    """``captions.py`` writes SRT and WebVTT beside the recording."""
    output = run(emulator, folder, [str(ROOT / "examples" / "captions.py"), "call.wav"])
    assert output == "call.srt\ncall.vtt\n"
    srt = (folder / "call.srt").read_text(encoding="utf-8").splitlines()
    vtt = (folder / "call.vtt").read_text(encoding="utf-8").splitlines()
    assert (srt[0], srt[2:]) == ("1", ["hello world"])
    assert (vtt[:2], vtt[3:]) == (["WEBVTT", ""], ["hello world"])


def test_captions_in_the_readme(emulator: Emulator, folder: Path) -> None:
    """The README's captions are in the files that it names."""
    (block,) = [block for block in BLOCKS if "to_srt()" in block]
    run(emulator, folder, ["-c", block])
    assert "hello world" in (folder / "call.srt").read_text(encoding="utf-8")
    assert "hello world" in (folder / "call.vtt").read_text(encoding="utf-8")


def command_lines() -> List[str]:
    """The lines of the README's section on the command, without what is said about them."""
    block = README.split("## The command")[1].split("```\n")[1]
    return [re.split(r" {2,}", line)[0] for line in block.splitlines()]


@pytest.mark.skipif(sys.platform == "win32", reason="lines for a POSIX shell")
@pytest.mark.parametrize("line", command_lines())
def test_command_lines(line: str, emulator: Emulator, folder: Path) -> None:
    """Each line of the command's section works as it is written."""
    if line in ("telnyx-stt demo", "telnyx-stt emulate"):
        pytest.skip("these have tests of their own")
    program = folder / "bin" / "telnyx-stt"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nfrom telnyx_stt_sync.cli import main\nraise SystemExit(main())\n"
    )
    program.chmod(0o755)
    (folder / "calls").mkdir()
    (folder / "call.wav").rename(folder / "calls" / "call.wav")
    os.link(folder / "calls" / "call.wav", folder / "call.wav")
    environment = dict(
        os.environ,
        TELNYX_STT_URL=emulator.url,
        TELNYX_API_KEY="key",
        PATH=f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        PYTHONPATH=str(ROOT),
    )
    done = subprocess.run(
        ["sh", "-c", line], cwd=folder, env=environment, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    written = [path.read_text() for path in folder.rglob("call*.[st]*t")]
    assert "hello world" in "".join([done.stdout.decode(), *written])


def table_of_options() -> Dict[str, str]:
    """Option → default, as the README's table prints them."""
    section = README.split("## Options")[1].split("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", section, re.M))


def test_options_are_all_there() -> None:
    """The table of options has every keyword of ``Transcriber`` with its default, and no other."""
    parameters = inspect.signature(Transcriber).parameters.values()
    actual = {parameter.name: repr(parameter.default).replace("'", '"') for parameter in parameters}
    assert table_of_options() == actual


def test_faults_are_all_there() -> None:
    """The table of faults has every fault of the emulator, and no other."""
    table = README.split("| fault | what happens |")[1].split("\n\n")[0]
    assert sorted(re.findall(r"^\| `(\w+)", table, re.M)) == sorted(FAULTS)


def test_errors_are_all_there() -> None:
    """The error tree names every error class, under its parent."""
    tree = README.split("## Errors\n\n```\n")[1].split("```")[0]
    names = re.findall(r"^([ │├└─]*)(\w+)(?: \((\w+)\))?", tree, re.M)
    parents: Dict[int, str] = {}
    shown = set()
    for indent, name, builtin in names:
        parents[len(indent)] = name
        above = [parents[depth] for depth in parents if depth < len(indent)]
        error = getattr(telnyx_stt_sync, name)
        assert not above or error.__bases__[0].__name__ == above[-1]
        assert not builtin or builtin in [base.__name__ for base in error.__mro__]
        shown.add(name)
    errors = {
        name
        for name in telnyx_stt_sync.__all__
        if isinstance(getattr(telnyx_stt_sync, name), type)
        and issubclass(getattr(telnyx_stt_sync, name), Exception)
    }
    assert shown == errors
