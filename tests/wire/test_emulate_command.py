"""``telnyx-stt emulate``."""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
from typing import List

import pytest

from telnyx_stt_sync.cli import _emulate
from telnyx_stt_sync.emulator import FAULTS, Emulator
from tests.wire.emulator_client import LIMIT, WORD, open_client, read_all

COMMAND = """
import argparse, sys
from telnyx_stt_sync.cli import _emulate
parser = argparse.ArgumentParser(prog="telnyx-stt")
_emulate.add_parser(parser.add_subparsers())
args = parser.parse_args()
sys.exit(args.run(args))
"""


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="telnyx-stt")
    _emulate.add_parser(parser.add_subparsers())
    return parser.parse_args(["emulate", *arguments])


def command(*arguments: str, own_group: bool = False) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", COMMAND, "emulate", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        universal_newlines=True,
        start_new_session=own_group,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process there")
def test_serves_until_ctrl_c() -> None:
    """It prints what to export, serves, and ends on Ctrl-C with 130 and no traceback."""
    with command("--transcript", "one", "--transcript", "two", "--key", "k") as process:
        assert process.stdout is not None and process.stderr is not None
        lines: List[str] = [process.stdout.readline().rstrip() for _ in range(4)]
        url = lines[2][len("export TELNYX_STT_URL=") :]
        with Emulator() as any_emulator:
            query = "transcription_engine=Deepgram&input_format=linear16&sample_rate=16000"
            with open_client(any_emulator, query, url=url, key="k") as client:
                client.send(WORD)
                client.send('{"type":"CloseStream"}')
                finals = read_all(client).finals
        process.send_signal(signal.SIGINT)
        status = process.wait(LIMIT)
        errors = process.stderr.read()
    assert lines[0] == f"Listening on {url}"
    assert lines[3] == "export TELNYX_API_KEY=k"
    assert finals == ["one", "two"]
    assert (status, errors) == (130, "")


def test_a_command() -> None:
    """A program behind ``--`` runs against the emulator; its output and status are handed on."""
    program = (
        "import sys; from telnyx_stt_sync import Transcriber; "
        "stt = Transcriber(input_format='linear16', sample_rate=16000).start(); "
        "stt.send(bytes(6400)); print(stt.finish().text, sys.argv[1:]); sys.exit(7)"
    )
    arguments = ["--transcript", "hello", "--key", "k", "--", sys.executable, "-c", program, "--x"]
    with command(*arguments) as process:
        output, errors = process.communicate(timeout=LIMIT)
    assert (output, errors, process.returncode) == ("hello ['--x']\n", "", 7)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process there")
def test_ctrl_c_during_a_command() -> None:
    """The program gets Ctrl-C from the terminal and ends as it likes; so does the emulator."""
    program = (
        "import sys, time\n"
        "try:\n print('ready', flush=True)\n time.sleep(600)\n"
        "except KeyboardInterrupt:\n sys.exit(3)"
    )
    with command("--", sys.executable, "-c", program, own_group=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=LIMIT)
    assert (output, errors, process.returncode) == ("", "", 3)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals there")
def test_a_command_that_a_signal_ends() -> None:
    """Its status is told as a shell does."""
    program = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    with command("--", sys.executable, "-c", program) as process:
        process.communicate(timeout=LIMIT)
    assert process.returncode == 128 + signal.SIGKILL


def test_a_command_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """It is an error message, not a traceback."""
    args = parse("--", "no-such-program", "x")
    assert args.run(args) == 127
    assert capsys.readouterr().err.startswith("telnyx-stt emulate: no-such-program: No such file")


def test_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """A port that is in use is an error message, not a traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        args = parse("--port", str(taken.getsockname()[1]))
        assert args.run(args) == 1
    assert capsys.readouterr().err.startswith("telnyx-stt emulate: ")


def test_script_for_a_real_recogniser(capsys: pytest.CaptureFixture[str]) -> None:
    """A script makes no sense with a recogniser that hears."""
    args = parse("--recogniser", "pocketsphinx", "--transcript", "x")
    assert args.run(args) == 1
    assert "scripted recogniser only" in capsys.readouterr().err


def test_faults_are_parsed() -> None:
    """Faults are given by name, value and connections."""
    args = parse("--fault", "slow_finals=2@1", "--fault", "junk_frames")
    assert [fault.name for fault in args.fault] == ["slow_finals", "junk_frames"]


def test_unknown_fault_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong fault lists the right ones."""
    with pytest.raises(SystemExit) as caught:
        parse("--fault", "slow")
    assert caught.value.code == 2
    assert f"known: {', '.join(sorted(FAULTS))}" in capsys.readouterr().err


def test_help_names_the_faults(capsys: pytest.CaptureFixture[str]) -> None:
    """--help lists every fault."""
    with pytest.raises(SystemExit):
        parse("--help")
    words = re.findall(r"\w+", capsys.readouterr().out)
    assert [name for name in FAULTS if name not in words] == []


def test_fault_that_needs_tls(capsys: pytest.CaptureFixture[str]) -> None:
    """The command serves no TLS, so the fault of the certificate is an error message."""
    args = parse("--fault", "wrong_certificate")
    assert args.run(args) == 1
    assert "needs Emulator(tls=True)" in capsys.readouterr().err
