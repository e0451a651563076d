"""``telnyx-stt`` as a shell runs it: pipes, Ctrl-C, a reader that leaves, a terminal."""

from __future__ import annotations

import os
import re
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Dict, List

import pytest

from telnyx_stt_sync.cli._origins import INDEX
from telnyx_stt_sync.emulator import Emulator
from tests.wire.command import COMMAND, KEY, emulator, here, start, wav

__all__ = ["emulator", "here"]  # fixtures

posix = pytest.mark.skipif(sys.platform == "win32", reason="SIGINT for one process, and terminals")


def environment() -> Dict[str, str]:
    """That of the test, in which the fixtures have set key and URL; modules from where we are."""
    return dict(os.environ, PYTHONPATH=os.pathsep.join(filter(None, sys.path)))


def test_standard_input(emulator: Emulator, here: Path) -> None:
    """- reads standard input, also from a pipe that cannot be rewound."""
    audio = wav(here / "a.wav", 0.5).read_bytes()
    done = subprocess.run(
        [*COMMAND, "transcribe", "-", "--speed", "max"],
        env=environment(),
        input=audio,
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hello world\n", b"")


def test_a_pipe_is_passed_on_at_once(emulator: Emulator, here: Path, limit: float) -> None:
    """What comes out of a pipe goes to the service before more has come."""
    raw = ["--input-format", "linear16", "--sample-rate", "16000", "--speed", "max"]
    with start(["transcribe", "-", *raw], environment(), stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        os.write(process.stdin.fileno(), bytes(2000))
        deadline = time.monotonic() + limit
        while not any(session.audio_bytes == 2000 for session in emulator.sessions):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        out, _ = process.communicate(timeout=limit)
    assert (process.returncode, out) == (0, "hello world\n")


@posix
def test_standard_input_that_is_a_terminal(emulator: Emulator, here: Path) -> None:
    """- with nothing but a terminal behind it is a usage error, and does not wait for ever."""
    master, slave = os.openpty()
    try:
        done = subprocess.run(
            [*COMMAND, "transcribe", "-"],
            env=environment(),
            stdin=slave,
            capture_output=True,
            timeout=60,
        )
    finally:
        os.close(slave)
        os.close(master)
    assert done.returncode == 2
    assert b"from a pipe" in done.stderr


@posix
def test_interrupt(emulator: Emulator, here: Path, limit: float) -> None:
    """Ctrl-C: what is done stays, the rest leaves nothing behind, it is summed up, status 130."""
    wav(here / "a.wav", 0.1)
    wav(here / "b.wav", 600.0)
    arguments = ["transcribe", "a.wav", "b.wav", "--output", "out", "--speed", "1"]
    with start(arguments, environment()) as process:
        done = here / "out" / "a.wav.txt"
        deadline = time.monotonic() + limit
        while not (done.exists() and len(emulator.sessions) == 2):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        time.sleep(1.0)  # from the transcript to its line in the index
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=limit)
    assert process.returncode == 130
    assert err == "telnyx-stt: 1 transcribed, 1 interrupted or not begun\n"
    assert sorted(os.listdir(here / "out")) == [INDEX, "a.wav.txt"]


@posix
def test_interrupt_of_one(emulator: Emulator, here: Path, limit: float) -> None:
    """Ctrl-C ends a command that waits for standard input, and says that nothing came of it."""
    audio = wav(here / "a.wav", 5.0).read_bytes()
    with start(["transcribe", "-"], environment(), stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        os.write(process.stdin.fileno(), audio[:64_000])
        emulator.wait_for_sessions(1, limit)
        process.send_signal(signal.SIGINT)
        status = process.wait(limit)
        assert process.stderr is not None
        assert process.stderr.read() == "telnyx-stt: 1 interrupted or not begun\n"
    assert status == 130


@posix
def test_interrupt_with_texts_that_wait(emulator: Emulator, here: Path, limit: float) -> None:
    """On Ctrl-C a text that waited for the one before it is printed after all."""
    wav(here / "a.wav", 600.0)
    wav(here / "b.wav", 0.1)
    with start(["transcribe", "a.wav", "b.wav", "--speed", "1"], environment()) as process:
        deadline = time.monotonic() + limit
        while not any(session.close_code == 1000 for session in emulator.sessions):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        time.sleep(1.0)  # from the end of its connection to the end of the recording
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=limit)
    assert process.returncode == 130
    assert out == "==> b.wav <==\nhello world\n"


@posix
def test_a_reader_that_leaves(emulator: Emulator, here: Path, limit: float) -> None:
    """`telnyx-stt … | head` ends quietly when head has seen enough."""
    wav(here / "a.wav", 0.1)
    wav(here / "b.wav", 0.1)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        with start(["transcribe", "a.wav", "b.wav"], environment(), stdout=writer) as process:
            _, err = process.communicate(timeout=limit)
    finally:
        os.close(writer)
    assert process.returncode == 1
    assert "Traceback" not in err and "Exception" not in err


def on_a_terminal(arguments: List[str], limit: float) -> bytes:
    """All that a command shows on a terminal, standard output and standard error alike."""
    import fcntl  # not on Windows
    import termios

    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("4H", 24, 100, 0, 0))
    shown = b""
    process = subprocess.Popen(
        [*COMMAND, *arguments], env=environment(), stdout=slave, stderr=slave, stdin=slave
    )
    guard = threading.Timer(limit, process.kill)
    guard.start()
    os.close(slave)
    try:
        while select.select([master], [], [], limit)[0]:
            try:
                piece = os.read(master, 4096)
            except OSError:  # how Linux says that nobody has the other side open
                break
            if not piece:
                break
            shown += piece
        assert process.wait() == 0
    finally:
        guard.cancel()
        guard.join()
        os.close(master)
    return shown


@posix
def test_progress(emulator: Emulator, here: Path, limit: float) -> None:
    """On a terminal a bar shows how far it is, and is gone in the end; texts stand whole."""
    pytest.importorskip("tqdm")
    names = ["a.wav", "b.wav", "c.wav", "d.wav"]
    for name in names:
        wav(here / name, 0.5)
    shown = on_a_terminal(["transcribe", *names, "--speed", "1", "--jobs", "1"], limit)
    assert b"0/4" in shown and b"3/4, 0:01 of audio sent |" in shown
    percents = [int(found) for found in re.findall(rb"(\d+)%", shown)]
    assert percents == sorted(percents) and {0, 25, 50, 75} <= set(percents)
    last = shown.replace(b"\r\n", b"\n").split(b"\r")[-1]
    assert last.endswith(b"telnyx-stt: 4 transcribed\n")
    lines = [line.split(b"\r")[-1].strip() for line in shown.split(b"\r\n")]
    assert lines.count(b"hello world") == 4


@posix
def test_progress_side_by_side(emulator: Emulator, here: Path, limit: float) -> None:
    """The bar never goes back, however the recordings overlap."""
    pytest.importorskip("tqdm")
    names = [str(wav(here / f"{seconds}.wav", seconds)) for seconds in (0.5, 1.0, 1.5, 2.0)]
    shown = on_a_terminal(["transcribe", *names, "--speed", "2"], limit)
    percents = [int(found) for found in re.findall(rb"(\d+)%", shown)]
    assert percents == sorted(percents) and {0, 25, 50, 75} <= set(percents)


@posix
def test_progress_of_one(emulator: Emulator, here: Path, limit: float) -> None:
    """With one recording the bar shows how much of it has been sent."""
    pytest.importorskip("tqdm")
    wav(here / "a.wav", 2.0)
    shown = on_a_terminal(["transcribe", "a.wav", "--speed", "2"], limit)
    percents = [int(found) for found in re.findall(rb"(\d+)%", shown)]
    assert percents == sorted(percents) and len(set(percents)) > 3
    assert b"\rhello world\r\n" in shown


@posix
def test_quiet_on_a_terminal(emulator: Emulator, here: Path, limit: float) -> None:
    """--quiet shows no bar."""
    wav(here / "a.wav", 0.2)
    assert on_a_terminal(["transcribe", "a.wav", "--quiet"], limit) == b"hello world\r\n"


@posix
def test_without_tqdm(emulator: Emulator, here: Path, limit: float) -> None:
    """Where tqdm is missing there is no bar, and everything else."""
    wav(here / "a.wav", 0.2)
    hidden = f"import sys; sys.modules['tqdm'] = None; {COMMAND[2]}"
    master, slave = os.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-c", hidden, "transcribe", "a.wav"],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=slave,
            timeout=60,
        )
    finally:
        os.close(slave)
        os.close(master)
    assert (done.returncode, done.stdout) == (0, b"hello world\n")


def test_the_key_is_in_no_output(emulator: Emulator, here: Path) -> None:
    """Neither doctor nor transcribe prints the key."""
    wav(here / "a.wav", 0.1)
    for arguments in (["doctor"], ["transcribe", "a.wav"]):
        with start(arguments, environment()) as process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0
        assert KEY not in out + err
