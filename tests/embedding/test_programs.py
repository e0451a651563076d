"""Inside somebody else's program: imports that start nothing, exits that hang on nothing."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.embedding.programs import QUIET_END, program, run
from tests.wire.client import speech
from tests.wire.peer import Link, Peer
from tests.wire.steps import close, final, read_audio, read_to_close_stream, read_until_gone, stall


def test_import_starts_nothing(tmp_path: Path, limit: float) -> None:
    """The import starts no thread, opens no socket and sets up no logging."""
    source = """
import logging, os
assert threading.active_count() == 1
assert not logging.getLogger("telnyx_stt_sync").handlers and not logging.root.handlers
folder = "/proc/self/fd"
if os.path.isdir(folder):
    links = [os.readlink(f"{folder}/{each}") for each in os.listdir(folder)
             if os.path.exists(f"{folder}/{each}")]
    assert not any(each.startswith("socket:") for each in links), links
print("end")
"""
    assert run(source, tmp_path=tmp_path, limit=limit) == QUIET_END


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((read_until_gone,), id="peer reads"),
        pytest.param((stall,), id="peer stalls"),
        pytest.param((read_audio(1), final("x"), read_until_gone), id="peer talks"),
    ],
)
def test_forgotten_close(steps: Any, tmp_path: Path, limit: float) -> None:
    """A program that forgets close() ends by itself, with status 0 and without a word."""
    source = """
stt.start()
stt.send(b"\\x10\\x20" * 160_000)
print("end")
"""
    assert run(source, *steps, tmp_path=tmp_path, limit=limit, receive_buffer=8192) == QUIET_END


def test_forgotten_generator(tmp_path: Path, limit: float) -> None:
    """A generator of stream() that was left half-way holds no exit up."""
    source = """
heard = stt.stream(iter(lambda: b"\\x10\\x20" * 1600, None))
assert next(heard).text == "x"
print("end")
"""
    steps = (read_audio(1), final("x"), read_until_gone)
    assert run(source, *steps, tmp_path=tmp_path, limit=limit) == QUIET_END


def test_file_in_a_daemon_thread(tmp_path: Path, limit: float) -> None:
    """A file that a daemon thread transcribes holds no exit up."""
    source = """
import io
started = threading.Event()
def work():
    stt.transcribe_file(io.BytesIO(b"\\x10\\x20" * 1_600_000), speed=1.0,
                        on_progress=lambda sent, total: started.set())
threading.Thread(target=work, daemon=True).start()
assert started.wait(20)
print("end")
"""
    result = run(source, read_until_gone, tmp_path=tmp_path, limit=limit)
    assert (result["status"], result["out"]) == (0, "end\n")


def test_exit_within_with(tmp_path: Path, limit: float) -> None:
    """sys.exit() inside ``with`` ends the program with its status, and without a word."""
    source = """
with stt:
    stt.send(b"\\x10\\x20" * 1600)
    print("end")
    sys.exit(7)
"""
    result = run(source, read_until_gone, tmp_path=tmp_path, limit=limit)
    assert result == {**QUIET_END, "status": 7}


def test_error_within_with(tmp_path: Path, limit: float) -> None:
    """An exception inside ``with`` ends the program with its own traceback, and no other."""
    source = """
with stt:
    stt.send(b"\\x10\\x20" * 1600)
    raise ZeroDivisionError("mine")
"""
    result = run(source, read_until_gone, tmp_path=tmp_path, limit=limit)
    assert result["status"] == 1
    assert result["err"].count("Traceback") == 1
    assert result["err"].endswith("ZeroDivisionError: mine\n")


def test_use_at_exit(tmp_path: Path, limit: float) -> None:
    """A function of the program's own that runs at exit may still close() and read the result."""
    source = """
import atexit
def last():
    stt.close()
    print("end" if stt.result is not None and not stt.is_open else repr(stt))
atexit.register(last)
stt.start()
stt.send(b"\\x10\\x20" * 1600)
"""
    assert run(source, read_until_gone, tmp_path=tmp_path, limit=limit) == QUIET_END


def test_start_at_exit(tmp_path: Path, limit: float) -> None:
    """A stream that is opened at exit works, or says that no thread can be started any more."""
    source = """
import atexit
from telnyx_stt_sync import ConnectError
def late():
    try:
        with stt:
            stt.send(b"\\x10\\x20" * 1600)
        assert stt.result.text == "word"
    except ConnectError as exc:
        assert "thread" in str(exc), exc
    print("end")
atexit.register(late)
"""
    steps = (read_to_close_stream(), final("word"), close())
    assert run(source, *steps, tmp_path=tmp_path, limit=limit) == QUIET_END


def test_finish_at_exit(tmp_path: Path, limit: float) -> None:
    """A function that runs at exit, registered after the start, may still finish() the stream."""
    source = """
import atexit
stt.start()
atexit.register(lambda: print(stt.finish().text))
stt.send(b"\\x10\\x20" * 1600)
"""
    steps = (read_to_close_stream(), final("end"), close())
    assert run(source, *steps, tmp_path=tmp_path, limit=limit) == QUIET_END


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT from outside")
@pytest.mark.parametrize(
    "call",
    [
        "stt.transcribe_file(io.BytesIO(audio), speed=1.0)",
        "stt.transcribe_file(io.BytesIO(audio), speed=float('inf'))",
        "list(stt.stream([audio]))",
        "with stt: stt.send(audio)",
    ],
)
def test_ctrl_c(call: str, tmp_path: Path, limit: float) -> None:
    """Ctrl-C ends a program in any call that waits: at once, with one traceback."""
    come = threading.Event()

    def arrived(link: Link) -> None:
        link.read_frame()
        come.set()
        read_until_gone(link)

    source = f"import io\naudio = b'\\x10\\x20' * 1_600_000\n{call}\n"
    with Peer(arrived, receive_buffer=8192) as peer:
        with program(source, peer.url, tmp_path) as child:
            assert come.wait(limit)
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=limit)
        assert peer.finished().done.is_set()
    assert child.returncode == -signal.SIGINT
    assert out == ""
    assert err.count("Traceback") == 1, err
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert "Exception ignored" not in err and "in thread" not in err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_exit_of_a_forked_child(tmp_path: Path, limit: float) -> None:
    """A forked child that ends in good order leaves the parent's stream to the parent."""
    source = """
import os, warnings
warnings.simplefilter("ignore", DeprecationWarning)
stt.start()
stt.send(b"\\x10\\x20" * 1600)
child = os.fork()
if child == 0:
    sys.exit(5)
assert os.waitpid(child, 0)[1] >> 8 == 5
print(stt.finish().text)
"""
    steps = (read_to_close_stream(), final("end"), close())
    assert run(source, *steps, tmp_path=tmp_path, limit=limit) == QUIET_END


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes(method: str, tmp_path: Path, limit: float) -> None:
    """A pool of processes maps transcribe_file over paths, however they are started."""
    path = tmp_path / "audio.raw"
    path.write_bytes(speech())
    source = f"""
import multiprocessing, warnings
warnings.simplefilter("ignore", DeprecationWarning)
stt = Transcriber(input_format="linear16", sample_rate=16000)
if __name__ == "__main__":
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        texts = [each.text for each in pool.map(stt.transcribe_file, [{str(path)!r}] * 4)]
    assert texts == ["word"] * 4, texts
    print("end")
"""
    steps = (read_to_close_stream(), final("word"), close())
    assert run(source, *steps, tmp_path=tmp_path, limit=limit) == QUIET_END


def test_threads_run_out(tmp_path: Path, limit: float) -> None:
    """Where no thread can be started, start() raises, and nothing is left half-open."""
    source = """
from telnyx_stt_sync import ConnectError
real = threading.Thread.start
def refuse(thread):
    if thread.name.startswith("telnyx-stt-io"):
        raise RuntimeError("can't start new thread")
    real(thread)
threading.Thread.start = refuse
for _ in range(3):
    try:
        stt.start()
    except ConnectError as exc:
        assert "thread" in str(exc)
threading.Thread.start = real
with stt:
    stt.send(b"\\x10\\x20" * 1600)
print(stt.result.text)
"""
    steps = (read_to_close_stream(), final("end"), close())
    assert run(source, *steps, tmp_path=tmp_path, limit=limit) == QUIET_END
