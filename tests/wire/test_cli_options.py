"""``telnyx-stt``: each option of the library on the command line, and the help that explains it."""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
from pathlib import Path
from typing import Any, Dict, List

import pytest

from telnyx_stt_sync import RetryPolicy
from telnyx_stt_sync._options import QUERY_OPTIONS, Options
from telnyx_stt_sync.cli._arguments import NOT_OFFERED, add_options, given_options
from telnyx_stt_sync.emulator import Emulator
from tests.wire.command import KEY, Shell, emulator, here, shell, wav

__all__ = ["emulator", "here", "shell"]  # fixtures


def parser() -> argparse.ArgumentParser:
    """A parser with the library's options, and nothing else."""
    made = argparse.ArgumentParser(add_help=False)
    add_options(made)
    return made


def given(*arguments: str) -> Dict[str, Any]:
    """What a command line gives the Transcriber."""
    return given_options(parser().parse_args(arguments))


def test_no_option_is_forgotten() -> None:
    """Every option of the library is one of the command, but for those that make no sense there."""
    fields = {field.name for field in dataclasses.fields(Options)}
    offered = {action.dest for action in parser()._actions}
    assert NOT_OFFERED <= fields
    assert offered - {"max_attempts", "max_elapsed"} == fields - NOT_OFFERED


def test_names_are_the_libraries() -> None:
    """An option goes by the library's name, with dashes; those of the service above all."""
    flags = {flag for action in parser()._actions for flag in action.option_strings}
    for name in QUERY_OPTIONS:
        assert "--" + name.replace("_", "-") in flags
    assert "--engine" in flags


def test_nothing_given() -> None:
    """What is not given is left to the library."""
    assert given() == {}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--engine", "Soniox"], {"transcription_engine": "Soniox"}),
        (["--transcription-engine", "Soniox"], {"transcription_engine": "Soniox"}),
        (["--keyterm", "a b", "--keyterm", "c"], {"keyterm": ["a b", "c"]}),
        (["--keywords", "a:2"], {"keywords": ["a:2"]}),
        (["--redact", "pci", "--redact", "ssn"], {"redact": ["pci", "ssn"]}),
        (["--endpointing", "300"], {"endpointing": 300}),
        (["--endpointing", "false"], {"endpointing": False}),
        (["--interim-results"], {"interim_results": True}),
        (["--no-interim-results"], {"interim_results": False}),
        (["--extra-query", "a=b=c"], {"extra_query": {"a": "b=c"}}),
        (["--extra-query", "a=1", "--extra-query", "a=2"], {"extra_query": {"a": ["1", "2"]}}),
        (["--no-reconnect"], {"reconnect": False}),
        (["--max-attempts", "2"], {"reconnect": RetryPolicy(max_attempts=2)}),
        (["--max-elapsed", "5"], {"reconnect": RetryPolicy(max_elapsed=5.0)}),
        (["--no-reconnect", "--max-attempts", "2"], {"reconnect": False}),
        (["--connect-timeout", "2.5"], {"connect_timeout": 2.5}),
    ],
)
def test_values(arguments: List[str], expected: Dict[str, Any]) -> None:
    """Values arrive with the types that the library wants."""
    assert given(*arguments) == expected
    Options(input_format="linear16", sample_rate=16000, **expected)


def test_options_reach_the_service(shell: Shell, emulator: Emulator, here: Path) -> None:
    """What is given stands in the query of the connection."""
    wav(here / "a.wav", 0.2)
    done = shell(
        *("transcribe", "a.wav", "--speed", "max", "--model", "nova-3", "--language", "en"),
        *("--keyterm", "a b", "--keyterm", "c", "--endpointing", "300", "--redact", "pci"),
        *("--interim-results", "--extra-query", "further=1"),
    )
    assert done.status == 0
    query = emulator.sessions[0].query
    assert {name: query[name] for name in ("model", "keyterm", "endpointing", "further")} == {
        "model": "nova-3",
        "keyterm": "a b,c",
        "endpointing": "300",
        "further": "1",
    }
    assert query["interim_results"] == "true"


def test_channel(shell: Shell, emulator: Emulator, here: Path) -> None:
    """--channel that the file has not is a reason, in the words of the command line."""
    wav(here / "a.wav", 0.2)
    done = shell("transcribe", "a.wav", "--channel", "3")
    assert done.status == 1
    assert "--channel 3" in done.err


def test_timeout(shell: Shell, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--timeout bounds each recording."""
    monkeypatch.setenv("TELNYX_API_KEY", KEY)
    wav(here / "a.wav", 0.2)
    with Emulator(faults=["silent"]) as emulator:
        done = shell("transcribe", "a.wav", "--url", emulator.url, "--timeout", "0.5")
    assert done.status == 1
    assert "a.wav: " in done.err


def test_key_from_a_file(
    shell: Shell, emulator: Emulator, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--api-key-file reads the key, line end and all, and goes before the environment."""
    wav(here / "a.wav", 0.2)
    monkeypatch.setenv("TELNYX_API_KEY", "wrong")
    (here / "key").write_text(f"{KEY}\n")
    arguments = ("transcribe", "a.wav", "--api-key-file", "key", "--speed", "max")
    assert shell(*arguments).status == 0
    monkeypatch.delenv("TELNYX_API_KEY")
    assert shell(*arguments).status == 0


def test_a_key_in_place_of_its_file(shell: Shell, here: Path) -> None:
    """Whoever gives the key itself reads that there is no such file, and not the key."""
    for content in (None, b"", b"\xff\xfe"):
        if content is not None:
            (here / KEY).write_bytes(content)
        done = shell("transcribe", "a.wav", "--api-key-file", KEY)
        assert done.status == 2
        assert "argument --api-key-file: the file " in done.err
        assert KEY not in done.err


def test_there_is_no_option_for_the_key(shell: Shell, here: Path) -> None:
    """The key cannot be given on the command line, where every user of the machine sees it."""
    done = shell("transcribe", "a.wav", "--api-key", KEY)
    assert done.status == 2
    assert "--api-key-file" in shell("transcribe", "--help").out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["transcribe"],
        ["transcribe", "--speed", "fast", "x.wav"],
        ["transcribe", "--speed", "0", "x.wav"],
        ["transcribe", "--speed", "nan", "x.wav"],
        ["transcribe", "--jobs", "0", "x.wav"],
        ["transcribe", "--format", "doc", "x.wav"],
        ["transcribe", "--engine", "deepgram", "x.wav"],
        ["transcribe", "--input-format", "linear16", "x.raw"],
        ["transcribe", "--endpointing", "soon", "x.wav"],
        ["transcribe", "--extra-query", "a", "x.wav"],
        ["transcribe", "--eot-threshold", "0.7", "x.wav"],
        ["transcribe", "--output", "out", "-"],
        ["doctor", "--engine", "deepgram"],
        ["emulate", "--fault", "no-such-fault"],
    ],
)
def test_usage(shell: Shell, emulator: Emulator, here: Path, arguments: List[str]) -> None:
    """What cannot be meant is status 2, with a reason; nothing is opened or written."""
    done = shell(*arguments)
    assert (done.status, done.out) == (2, "")
    assert done.err
    assert emulator.sessions == []
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [("--jobs", "0"), ("--jobs", "two"), ("--speed", "0"), ("--speed", "nan"), ("--speed", "x")],
)
def test_numbers(shell: Shell, here: Path, option: str, value: str) -> None:
    """A number that makes no sense is told with the option's name, not the library's."""
    done = shell("transcribe", "a.wav", option, value)
    assert f"argument {option}: {value!r}: give a " in done.err


def test_a_bad_environment(
    shell: Shell, emulator: Emulator, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment holds is checked before the first recording, once for all."""
    monkeypatch.setenv("TELNYX_STT_URL", "http://x")
    done = shell("transcribe", "a.wav", "b.wav")
    assert done.status == 2
    assert done.err.count("ws://") == 1


def test_the_top_help(shell: Shell) -> None:
    """--help shows the first three commands to try, and each command."""
    done = shell("--help")
    for command in ("demo", "doctor", "transcribe call.wav"):
        assert f"telnyx-stt {command}" in done.out
    assert "emulate" in done.out


@pytest.mark.parametrize("command", ["transcribe", "doctor", "demo", "emulate"])
def test_help(shell: Shell, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Each command explains itself and every option, and fits a terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    done = shell(command, "--help")
    assert done.status == 0
    assert max(map(len, done.out.splitlines())) <= 80
    for line in done.out.splitlines():
        # An option without an explanation would be alone before the next one.
        assert not re.fullmatch(r"  --\S+( \S+)?", line) or line in _long(done.out)


def _long(text: str) -> List[str]:
    """The options that are so long that their explanation starts on the next line."""
    lines = text.splitlines()
    return [line for line, after in zip(lines, lines[1:]) if after.startswith(" " * 20)]


def test_help_of_transcribe(shell: Shell) -> None:
    """The help of transcribe shows examples, defaults and the exit status."""
    text = " ".join(shell("transcribe", "--help").out.split())
    for part in ("--output texts", "exit status: 0", "(default: 30.0)", "process"):
        assert part in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "70000"], "from 0 to 65535"),
        (["--port", "-1"], "from 0 to 65535"),
        (["--port", "x"], "from 0 to 65535"),
        (["--host", ""], "give an address"),
    ],
)
def test_where_the_emulator_cannot_listen(shell: Shell, arguments: List[str], says: str) -> None:
    """A port that is none, and an empty host, which would be all of them, are usage errors."""
    done = shell("emulate", *arguments, "--", sys.executable, "-c", "")
    assert done.status == 2
    assert says in done.err
