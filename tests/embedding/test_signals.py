"""Ctrl-C, SystemExit and time limits from signal handlers, with reconnecting on."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, Callable, Dict, Iterator, Optional, Tuple, Type

import pytest

from telnyx_stt_sync import RetryPolicy, Transcriber
from tests.embedding.house import SECOND, own_threads, unused_port, wait_until
from tests.wire.client import SPEECH, recording, speech, transcriber
from tests.wire.peer import Link, Peer
from tests.wire.steps import read_audio, read_to_close_stream, read_until_gone, reset, tell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals to one's own thread")

# A backoff that no test waits for.
LONG_WAIT = RetryPolicy(initial=60.0, maximum=60.0, max_elapsed=600.0)


class SoftTimeLimit(Exception):
    """What Celery raises: an ``Exception``, that a careless ``except`` would swallow."""


def exit_program(number: int, frame: Optional[FrameType]) -> None:
    """A handler for SIGTERM as many programs have one."""
    sys.exit(143)


def raise_limit(number: int, frame: Optional[FrameType]) -> None:
    """The handler of a job queue."""
    raise SoftTimeLimit


KINDS: Dict[str, Tuple[int, Any, Type[BaseException]]] = {}
if sys.platform != "win32":
    KINDS = {
        "ctrl-c": (signal.SIGINT, signal.default_int_handler, KeyboardInterrupt),
        "exit": (signal.SIGTERM, exit_program, SystemExit),
        "time limit": (signal.SIGALRM, raise_limit, SoftTimeLimit),
    }


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Iterator[Tuple[int, Type[BaseException]]]:
    """A signal, and what its handler raises."""
    number, handler, error = KINDS[request.param]
    before = signal.signal(number, handler)
    yield number, error
    signal.signal(number, before)


def finish(stt: Transcriber) -> None:
    """A live stream that drains."""
    stt.start()
    stt.send(SPEECH)
    stt.finish()


def send(stt: Transcriber) -> None:
    """A live stream whose buffer is full."""
    audio = speech(1.0)
    stt.start()
    while True:
        stt.send(audio)


def file(stt: Transcriber) -> None:
    """A file."""
    stt.transcribe_file(recording(speech(60.0)), speed=math.inf)


def start(stt: Transcriber) -> None:
    """A stream that opens."""
    stt.start()


class Presser:
    """Sends a signal to the main thread, a moment after it was told that the wait has begun."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._reached = threading.Event()
        self.pressed_at = 0.0
        self._thread = threading.Thread(target=self._press)

    def __enter__(self) -> Presser:
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._reached.set()
        self._thread.join()

    def reached(self, *arguments: Any) -> None:
        """The call has come to its wait, or will in a moment."""
        self._reached.set()

    def _press(self) -> None:
        self._reached.wait()
        time.sleep(0.15)
        self.pressed_at = time.monotonic()
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, self._number)


def check_end(stt: Transcriber, presser: Presser) -> None:
    """It went up within a second, and left nothing."""
    assert time.monotonic() - presser.pressed_at < SECOND
    wait_until(lambda: not own_threads(), SECOND)
    assert not stt.is_open


Call = Callable[[Transcriber], None]


@pytest.mark.parametrize("call", [finish, send, file])
def test_over_a_connection(call: Call, kind: Tuple[int, Type[BaseException]]) -> None:
    """In a call that waits for the service, it ends the stream and goes on up."""
    number, error = kind
    with Presser(number) as presser:
        told = tell(presser.reached)
        if call is finish:
            steps: Any = (read_to_close_stream(), told, read_until_gone)
        else:
            steps = (told, lambda link: link.stopping.wait(0.5), read_until_gone)
        with Peer(*steps, receive_buffer=8192) as peer:
            stt = transcriber(peer.url, buffer_seconds=1.0, reconnect=True)
            with pytest.raises(error):
                call(stt)
            check_end(stt, presser)
            assert stt.result is not None and stt.result.ended_by == "closed"


@pytest.mark.parametrize("call", [finish, send, file])
def test_in_the_backoff(call: Call, kind: Tuple[int, Type[BaseException]]) -> None:
    """The same while the stream waits to connect again."""
    number, error = kind
    with Presser(number) as presser, Peer(read_audio(1), reset) as peer:
        stt = transcriber(
            peer.url, buffer_seconds=1.0, reconnect=LONG_WAIT, on_reconnect=presser.reached
        )
        with pytest.raises(error):
            call(stt)
        check_end(stt, presser)
        assert stt.result is not None and stt.result.ended_by == "closed"
        assert len(peer.links) == 1


@pytest.mark.parametrize("call", [start, file])
@pytest.mark.parametrize("trouble", ["server down", "no answer"])
def test_while_it_opens(call: Call, trouble: str, kind: Tuple[int, Type[BaseException]]) -> None:
    """The same in start(), and in a file, while the server is down or does not answer."""
    number, error = kind

    def greet(link: Link) -> None:
        link.read_head()
        presser.reached()
        read_until_gone(link)

    with Presser(number) as presser, Peer(greeting=greet) as peer:
        url = peer.url if trouble == "no answer" else f"ws://127.0.0.1:{unused_port()}/x"
        stt = transcriber(url, reconnect=LONG_WAIT, on_reconnect=presser.reached)
        with pytest.raises(error):
            call(stt)
        check_end(stt, presser)
        assert stt.result is None
