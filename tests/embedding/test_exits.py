"""Programs that end while a stream is in trouble: within a second, status 0, without a word."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Dict

import pytest

from tests.conftest import SLOWNESS
from tests.embedding.house import SECOND
from tests.embedding.programs import program
from tests.wire.peer import Link, Peer
from tests.wire.steps import (
    close,
    final,
    read_audio,
    read_to_close_stream,
    read_until_gone,
    reset,
    stall,
)

# What a busy machine may add to the library's second, and the interpreter's own end behind it.
LATE = 0.3 * SLOWNESS
INTERPRETER = 1.0 * SLOWNESS

HEAD = """
import atexit, logging, time
from telnyx_stt_sync import RetryPolicy, StreamStateError
logging.disable(logging.WARNING)
# Behind whatever is registered later: when the library has had its time.
atexit.register(lambda: print(time.time()))
come = threading.Event()
def told(*arguments):
    come.set()
def slept(*arguments):
    come.set()
    time.sleep(30)
def open_stream(**options):
    global stt
    policy = RetryPolicy(initial=60.0, maximum=60.0, max_elapsed=600.0)
    given = dict(input_format="linear16", sample_rate=16000, reconnect=policy)
    stt = Transcriber(**{**given, **options}).start()
    stt.send(b"\\x10\\x20" * 1600)
def in_the_background(call):
    # What is told to a thread of the program's own, while the program ends, is its own business.
    def work():
        try:
            call()
        except StreamStateError:
            pass
    threading.Thread(target=work, daemon=True).start()
"""

TAIL = """
assert come.wait(20)
print(time.time())
"""


def seconds_to_end(source: str, peer: Peer, folder: Path, limit: float) -> float:
    """How long the library held the program up; it ends with 0 and says nothing."""
    with program(HEAD + source + TAIL, peer.url, folder) as child:
        try:
            out, err = child.communicate(timeout=limit)
        except BaseException:
            child.kill()
            raise
        ended = time.time()
    assert (child.returncode, err) == (0, "")
    last_line, exit_hook = map(float, out.split())
    assert ended - exit_hook < INTERPRETER
    return exit_hook - last_line


class SecondIsMute:
    """A greeting: the first connection is let in, the others get no answer, but a file."""

    def __init__(self, asked: Path, first: bool = False) -> None:
        self.calls = int(first)
        self._asked = asked

    def __call__(self, link: Link) -> None:
        self.calls += 1
        link.read_head()
        if self.calls > 1:
            self._asked.touch()
            stall(link)
        link.send(link.accept_head())


LOSE = [read_audio(1), reset]

# What the peer does, and the program.
TROUBLES: Dict[str, Any] = {
    "backoff": (LOSE, "open_stream(on_reconnect=told)"),
    "backoff, without a callback": (LOSE, "open_stream(); come.wait(0.3); come.set()"),
    "backoff, full buffer": (
        LOSE,
        "open_stream(on_reconnect=told, buffer_seconds=0.1)\n"
        "in_the_background(lambda: stt.send(bytes(3200)) or stt.send(bytes(3200)))",
    ),
    "backoff, waiting for the end": (
        LOSE,
        "open_stream(on_reconnect=told)\nin_the_background(stt.finish)",
    ),
    "callback that sleeps": (
        [read_audio(1), final("x"), read_until_gone],
        "open_stream(on_transcript=slept)",
    ),
    "callback that sleeps in the backoff": (LOSE, "open_stream(on_reconnect=slept)"),
    "on_close that sleeps": (
        [read_to_close_stream(), final("x"), close()],
        "open_stream(on_close=slept)\nin_the_background(stt.finish)",
    ),
}


@pytest.mark.parametrize("trouble", list(TROUBLES))
def test_forgotten_close(trouble: str, tmp_path: Path, limit: float) -> None:
    """A program that forgets close() ends within a second while its stream is in trouble."""
    steps, source = TROUBLES[trouble]
    with Peer(*steps) as peer:
        assert seconds_to_end(source, peer, tmp_path, limit) < SECOND + LATE


CONNECTS: Dict[str, str] = {
    "again": "open_stream(on_reconnect=told, reconnect=RetryPolicy(initial=0, jitter=0))",
    "first": "in_the_background(open_stream)",
}


@pytest.mark.parametrize("which", list(CONNECTS))
def test_connect_without_an_answer(which: str, tmp_path: Path, limit: float) -> None:
    """The same while it connects to a server that does not answer."""
    asked = tmp_path / "asked"
    greet = SecondIsMute(asked, first=which == "first")
    wait = f"\nimport os\nwhile not os.path.exists({str(asked)!r}): time.sleep(0.01)\ncome.set()\n"
    with Peer(*LOSE, greeting=greet) as peer:
        source = CONNECTS[which] + wait
        assert seconds_to_end(source, peer, tmp_path, limit) < SECOND + LATE
        assert greet.calls == 2


def test_name_look_up(tmp_path: Path, limit: float) -> None:
    """The same while a name is looked up, which nothing can interrupt."""
    source = """
import socket
def look_up(*arguments, **options):
    come.set()
    time.sleep(30)
socket.getaddrinfo = look_up
in_the_background(open_stream)
"""
    with Peer() as peer:
        assert seconds_to_end(source, peer, tmp_path, limit) < SECOND + LATE


def test_many_streams(tmp_path: Path, limit: float) -> None:
    """The same with twenty of them at once, whose callbacks sleep: a second is for all of them."""
    source = """
streams = []
for _ in range(20):
    open_stream(on_transcript=slept, connect_spacing=0)
    streams.append(stt)
while any(each.stats.finals == 0 for each in streams):
    time.sleep(0.01)
"""
    with Peer(read_audio(1), final("x"), read_until_gone) as peer:
        assert seconds_to_end(source, peer, tmp_path, limit) < SECOND + LATE


def test_stream_beside_one_that_is_held_up(tmp_path: Path, limit: float) -> None:
    """A callback that sleeps does not keep other streams from closing in good order."""
    source = """
open_stream(on_transcript=slept)
first = stt
assert come.wait(20)
open_stream()
"""
    with Peer(read_audio(1), final("x"), read_until_gone) as peer:
        assert seconds_to_end(source, peer, tmp_path, limit) < SECOND + LATE
        assert [peer.finished(index).close_code for index in (0, 1)] == [1000, 1000]
