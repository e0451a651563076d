"""Ctrl-C, time limits and signal handlers, in every call that waits."""

from __future__ import annotations

import math
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest

from telnyx_stt_sync import StreamStateError, Transcriber, Transcript
from telnyx_stt_sync._audio_queue import AudioQueue
from telnyx_stt_sync._stream import CLOSE_WAIT
from tests.embedding.house import wait_until
from tests.wire.client import AT_ONCE, SPEECH, recording, speech, transcriber
from tests.wire.peer import Link, Peer
from tests.wire.steps import (
    answer,
    close,
    final,
    interrupt,
    read_audio,
    read_to_close_stream,
    read_until_gone,
    stall,
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals to one's own thread")


def paced_file(stt: Transcriber) -> None:
    """A long file at the pace of speech."""
    stt.transcribe_file(recording(speech(60.0)), speed=1.0)


def unpaced_file(stt: Transcriber) -> None:
    """A long file to a peer that does not read."""
    stt.transcribe_file(recording(speech(60.0)), speed=math.inf)


def drained_file(stt: Transcriber) -> None:
    """A file that has been sent."""
    stt.transcribe_file(recording(SPEECH), speed=math.inf)


def finish(stt: Transcriber) -> None:
    """A live stream that drains."""
    stt.start()
    stt.send(SPEECH)
    stt.finish()


def with_block(stt: Transcriber) -> None:
    """A live stream that drains while ``with`` is left."""
    with stt:
        stt.send(SPEECH)


def stream(stt: Transcriber) -> None:
    """A generator that drains."""
    list(stt.stream([SPEECH]))


def start(stt: Transcriber) -> None:
    """A stream that opens."""
    stt.start()


def send(stt: Transcriber) -> None:
    """A live stream whose buffer is full."""
    audio = speech(1.0)
    stt.start()
    while True:
        stt.send(audio)


def press_when_full(link: Link) -> None:
    """Press Ctrl-C when nothing has been taken by the kernel for a while."""
    link.stopping.wait(0.5)
    interrupt(link)


# Where the peer presses Ctrl-C: when the call has come to its wait.
MOMENTS: Dict[Callable[[Transcriber], None], Any] = {
    paced_file: (read_audio(1), interrupt),
    unpaced_file: (press_when_full,),
    drained_file: (read_to_close_stream(), interrupt),
    finish: (read_to_close_stream(), interrupt),
    with_block: (read_to_close_stream(), interrupt),
    stream: (read_to_close_stream(), interrupt),
    send: (press_when_full,),
}


class TimeLimit(BaseException):
    """What a job queue raises in a task that takes too long."""


def raise_limit(number: int, frame: Optional[FrameType]) -> None:
    """The signal handler of such a job queue."""
    raise TimeLimit


@pytest.fixture
def time_limit() -> Iterator[type]:
    """SIGINT raises ``TimeLimit`` for the time of the test."""
    before = signal.signal(signal.SIGINT, raise_limit)
    yield TimeLimit
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("call", list(MOMENTS), ids=lambda call: str(call.__name__))
def test_interrupted(call: Callable[[Transcriber], None]) -> None:
    """Ctrl-C in a call that waits ends its stream and goes on up, at once."""
    with Peer(*MOMENTS[call], read_until_gone, receive_buffer=8192) as peer:
        stt = transcriber(peer.url, buffer_seconds=1.0)
        with pytest.raises(KeyboardInterrupt):
            call(stt)
        interrupted = time.monotonic()
        assert not stt.is_open
        assert stt.result is not None and stt.result.ended_by == "closed"
        peer.finished()
        assert time.monotonic() - interrupted < AT_ONCE


def test_interrupted_while_it_opens() -> None:
    """Ctrl-C in start() ends the opening and goes on up; the object can be started again."""
    with Peer(interrupt, read_until_gone, greeting=answer(b"HTTP/1.1 101 ")) as peer:
        stt = transcriber(peer.url, connect_timeout=60.0)
        with pytest.raises(KeyboardInterrupt):
            stt.start()
        peer.finished()
        with pytest.raises(StreamStateError, match="not started"):
            stt.send(SPEECH)


def no_thread_runs() -> bool:
    """Whether none of the library's threads does."""
    return not any(thread.name.startswith("telnyx-stt") for thread in threading.enumerate())


@pytest.mark.parametrize("moment", ["telnyx-stt-cb", "telnyx-stt-io"])
def test_interrupted_while_threads_start(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at the very moment at which a thread has started leaves none of them behind."""
    real = threading.Thread.start

    # A moment that no peer can meet: the thread runs, and the start of it has not returned yet.
    def start_and_press(thread: threading.Thread) -> None:
        real(thread)
        if thread.name.startswith(moment):
            raise KeyboardInterrupt

    with Peer(read_until_gone) as peer:
        stt = transcriber(peer.url, on_transcript=lambda transcript: None)
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start_and_press)
            for call in (start, drained_file):
                with pytest.raises(KeyboardInterrupt):
                    call(stt)
        wait_until(no_thread_runs, AT_ONCE)


@pytest.mark.parametrize("moment", ["before the threads", "before the wait"])
def test_interrupted_between_the_steps_of_a_start(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C before or after the threads of a live stream start ends it; close() is quick then."""

    # Moments that no peer can meet.
    def press(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with Peer(read_until_gone) as peer:
        stt = transcriber(peer.url)
        with monkeypatch.context() as patch:
            if moment == "before the threads":
                patch.setattr("telnyx_stt_sync._stream.end_at_exit", press)
            else:
                patch.setattr("telnyx_stt_sync._stream.Stream._wait_for", press)
            started = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                stt.start()
        stt.close()
        assert time.monotonic() - started < 1.0
        wait_until(no_thread_runs, AT_ONCE)  # a look-up may end by itself
        with pytest.raises(StreamStateError, match="not started"):
            stt.send(SPEECH)


@pytest.mark.parametrize("call", [finish, with_block, stream, drained_file])
def test_interrupted_right_after_the_end_of_the_audio(
    call: Callable[[Transcriber], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C when no more audio will come and the wait has not begun ends the stream, too."""
    real = AudioQueue.end

    # A moment that a peer meets once in ten thousand times.
    def end_and_press(audio: AudioQueue) -> None:
        real(audio)
        raise KeyboardInterrupt

    with Peer(read_until_gone) as peer:
        stt = transcriber(peer.url)
        with monkeypatch.context() as patch:
            patch.setattr(AudioQueue, "end", end_and_press)
            with pytest.raises(KeyboardInterrupt):
                call(stt)
        assert not stt.is_open
        assert stt.result is not None and stt.result.ended_by == "closed"


@pytest.mark.parametrize("call", [finish, drained_file])
def test_interrupted_while_the_last_callback_runs(call: Callable[[Transcriber], None]) -> None:
    """Ctrl-C in the wait for a callback that takes its time goes up, and leaves it alone."""
    release, returned = threading.Event(), threading.Event()

    def slow(transcript: Transcript) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        release.wait(20)
        returned.set()

    with Peer(read_to_close_stream(), final("x"), close()) as peer:
        stt = transcriber(peer.url, on_transcript=slow)
        started = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            call(stt)
        assert time.monotonic() - started < 2 * CLOSE_WAIT - 1
        assert not returned.is_set()
        release.set()
        assert returned.wait(20)
        stt.close()


def test_time_limit(time_limit: type) -> None:
    """An exception that a signal handler raises, and that is no Exception, does the same."""
    with Peer(read_to_close_stream(), final("x"), interrupt, read_until_gone) as peer:
        stt = transcriber(peer.url)
        with pytest.raises(time_limit):
            drained_file(stt)
        peer.finished()


def test_close_in_a_signal_handler() -> None:
    """A signal handler may call close(): who waits gets a StreamStateError."""
    took: List[float] = []

    def handler(number: int, frame: Optional[FrameType]) -> None:
        started = time.monotonic()
        stt.close()
        took.append(time.monotonic() - started)

    before = signal.signal(signal.SIGINT, handler)
    try:
        with Peer(read_to_close_stream(), final("x"), interrupt, stall) as peer:
            stt = transcriber(peer.url)
            with pytest.raises(StreamStateError, match="close"):
                finish(stt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert took[0] < AT_ONCE


def test_close_in_a_signal_handler_while_sending() -> None:
    """A signal handler may call close() while send() waits for room."""

    def handler(number: int, frame: Optional[FrameType]) -> None:
        stt.close()

    before = signal.signal(signal.SIGINT, handler)
    try:
        with Peer(press_when_full, stall, receive_buffer=8192) as peer:
            stt = transcriber(peer.url, buffer_seconds=1.0)
            with pytest.raises(StreamStateError):
                send(stt)
    finally:
        signal.signal(signal.SIGINT, before)


def test_interrupt_leaves_other_streams_alone() -> None:
    """Ctrl-C in one file ends that file's stream; the live one goes on."""
    count = threading.Semaphore(0)

    def script(link: Link) -> None:
        read_to_close_stream()(link)
        if len(link.audio) == 2 * len(SPEECH):
            interrupt(link)
            read_until_gone(link)
            return
        final("alive")(link)
        link.send(b"\x88\x02\x03\xe8")
        count.release()

    with Peer(script) as peer:
        stt = transcriber(peer.url)
        with stt:
            stt.send(SPEECH)
            with pytest.raises(KeyboardInterrupt):
                stt.transcribe_file(recording(SPEECH + SPEECH), speed=math.inf)
            assert stt.is_open
    assert stt.result is not None and stt.result.text == "alive"
