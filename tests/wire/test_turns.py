"""Who may use a connection: the I/O thread, or a user thread that finds it asleep."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from types import FrameType
from typing import Any, Callable, Dict, Iterator, List, Optional, Set

import pytest

import telnyx_stt_sync
from telnyx_stt_sync import StreamStateError, Transcriber, _turn
from telnyx_stt_sync._audio_queue import AudioQueue
from telnyx_stt_sync._receipt import TRUSTED_BYTES
from telnyx_stt_sync._stream import Stream
from telnyx_stt_sync._transport import OPCODE_BINARY, OPCODE_CLOSE, Transport
from telnyx_stt_sync._worker import FRAME_BYTES
from tests.conftest import LIMIT
from tests.wire.client import AT_ONCE, speech, transcriber
from tests.wire.peer import Link, Peer
from tests.wire.steps import (
    answer_a_ping,
    answer_close,
    close,
    final,
    read_audio,
    read_to_close_stream,
    read_until_gone,
)
from tests.wire.trust import serving, trusting

CHUNK = speech(0.02)
PACKAGE = os.path.dirname(telnyx_stt_sync.__file__)

Handling = Callable[[Callable[[], None]], None]


class Limit(BaseException):
    """What a time limit raises."""


@pytest.fixture
def writers(monkeypatch: pytest.MonkeyPatch) -> Set[int]:
    """The threads that wrote to any connection."""
    seen: Set[int] = set()
    flush = Transport.flush

    def noted(transport: Transport) -> int:
        if transport.outgoing:
            seen.add(threading.get_ident())
        return flush(transport)

    monkeypatch.setattr(Transport, "flush", noted)
    return seen


def let_it_sleep(stt: Transcriber) -> None:
    """Wait until the I/O thread sleeps, with nothing to do."""
    assert stt._live is not None
    turn = stt._live._worker._turn
    give_up_at = time.monotonic() + 20
    while turn.is_wanted or turn._lock.locked():
        assert time.monotonic() < give_up_at
        time.sleep(0.005)


def test_who_sends_writes(writers: Set[int]) -> None:
    """Audio at its own pace is written by the thread that gives it: no other is woken for it."""
    with Peer(read_to_close_stream(), final("x"), close()) as peer:
        with transcriber(peer.url) as stt:
            for _ in range(10):
                let_it_sleep(stt)
                stt.send(CHUNK)
            assert writers == {threading.get_ident()}
        assert bytes(peer.finished().audio[: 10 * len(CHUNK)]) == CHUNK * 10


def test_the_rest_is_left_to_the_io_thread(writers: Set[int]) -> None:
    """More than a frame is not written by who gives it, but goes out at once."""
    audio, heard = speech(20.0), threading.Event()
    script = read_audio(len(audio)), final("x"), read_to_close_stream(), close()
    with Peer(*script) as peer:
        with transcriber(
            peer.url, buffer_seconds=30.0, on_transcript=lambda transcript: heard.set()
        ) as stt:
            let_it_sleep(stt)
            stt.send(CHUNK)
            assert writers == {threading.get_ident()}
            let_it_sleep(stt)
            writers.clear()
            stt.send(audio)
            assert heard.wait(LIMIT)
            assert len(writers) == 1 and threading.get_ident() not in writers
        assert peer.finished().audio.startswith(CHUNK + audio)


@pytest.mark.parametrize("is_tls", [False, True], ids=["plain", "TLS"])
def test_many_writers(is_tls: bool) -> None:
    """Chunks of many threads arrive whole, each thread's in order, while the peer talks."""
    threads, count, size = 6, 200, 640

    def chat(link: Link) -> None:
        while len(link.audio) < threads * count * size:
            link.read_frame()
            final("and so on")(link)

    def produce(number: int) -> None:
        for index in range(count):
            stt.send(bytes([number + 1, index]) * (size // 2))

    tls = serving("localhost") if is_tls else None
    options: Any = {"ssl_context": trusting()} if is_tls else {}
    with Peer(chat, read_to_close_stream(), close(), tls=tls) as peer:
        with transcriber(peer.url, on_transcript=lambda transcript: None, **options) as stt:
            producers = [threading.Thread(target=produce, args=(n,)) for n in range(threads)]
            for producer in producers:
                producer.start()
            for producer in producers:
                producer.join()
        audio = bytes(peer.finished().audio[: threads * count * size])
    assert stt.result is not None and stt.result.stats.reconnects == 0
    heard: List[List[int]] = [[] for _ in range(threads)]
    for start in range(0, len(audio), size):
        chunk = audio[start : start + size]
        assert chunk == chunk[:2] * (size // 2)
        heard[chunk[0] - 1].append(chunk[1])
    assert heard == [list(range(count))] * threads


def test_the_io_thread_comes_first(writers: Set[int]) -> None:
    """When it wants the turn, no user thread takes it again before: it would never read."""
    with Peer(read_to_close_stream(), final("x"), close()) as peer:
        with transcriber(peer.url) as stt:
            let_it_sleep(stt)
            assert stt._live is not None
            turn = stt._live._worker._turn
            turn.is_wanted = True
            stt.send(CHUNK)
            assert threading.get_ident() not in writers
            turn.is_wanted = False
        assert bytes(peer.finished().audio[: len(CHUNK)]) == CHUNK


def test_what_is_due_is_not_overtaken() -> None:
    """A ping that is due goes out before more audio, however fast that comes."""
    sizes: List[int] = []

    def note_the_ping(link: Link) -> None:
        answer_a_ping(link)
        sizes.append(len(link.audio))

    script = note_the_ping, read_to_close_stream(), final("x"), answer_a_ping, close()
    with Peer(*script) as peer:
        with transcriber(peer.url) as stt:
            let_it_sleep(stt)
            for _ in range(400):
                stt.send(CHUNK)
        peer.finished()
    assert TRUSTED_BYTES <= sizes[0] <= TRUSTED_BYTES + 2 * FRAME_BYTES


def test_a_write_that_was_interrupted() -> None:
    """Nothing is written after it: half a frame, or one that went out twice, is no close frame."""

    class Interrupted(socket.socket):
        def send(self, data: Any, flags: int = 0) -> int:
            super().send(data, flags)
            raise Limit

    ours, theirs = socket.socketpair()
    with Interrupted(fileno=ours.detach()) as half, theirs:
        half.setblocking(False)
        transport = Transport(half)
        transport.send(OPCODE_BINARY, CHUNK)
        with pytest.raises(Limit):
            transport.flush()
        transport.send(OPCODE_CLOSE, b"")
        assert transport.flush() == 0
        transport.close()
        received = b"".join(iter(lambda: theirs.recv(65536), b""))
    assert len(received) == len(CHUNK) + 8


def test_a_turn_that_is_never_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception may come between the lock and its release: the stream can be ended even so."""
    monkeypatch.setattr(_turn, "LOST_TURN", 0.1)
    with Peer(read_until_gone) as peer:
        stt = transcriber(peer.url).start()
        assert stt._live is not None
        turn = stt._live._worker._turn
        assert turn._lock.acquire(timeout=20)
        started = time.monotonic()
        stt.close()
        assert time.monotonic() - started < AT_ONCE
        assert not stt.is_open


on_posix = pytest.mark.skipif(sys.platform == "win32", reason="signals to one's own thread")


@pytest.fixture
def handling() -> Iterator[Handling]:
    """Have SIGINT call this, for the time of the test."""
    before = signal.getsignal(signal.SIGINT)

    def handle(what: Callable[[], None]) -> None:
        signal.signal(signal.SIGINT, lambda number, frame: what())

    yield handle
    signal.signal(signal.SIGINT, before)


def interrupt_a_send(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the signal come once, while this thread has the turn."""
    flush = Transport.flush
    main = threading.get_ident()

    def interrupted(transport: Transport) -> int:
        if threading.get_ident() == main and transport.outgoing:
            monkeypatch.setattr(Transport, "flush", flush)
            signal.raise_signal(signal.SIGINT)
        return flush(transport)

    monkeypatch.setattr(Transport, "flush", interrupted)


@on_posix
def test_close_in_a_signal_handler(monkeypatch: pytest.MonkeyPatch, handling: Handling) -> None:
    """close() in the middle of a send() does not wait for it, and ends the stream behind it."""
    took: List[float] = []

    def close_it() -> None:
        started = time.monotonic()
        stt.close()
        took.append(time.monotonic() - started)

    with Peer(answer_close) as peer:
        with transcriber(peer.url) as stt:
            let_it_sleep(stt)
            handling(close_it)
            interrupt_a_send(monkeypatch)
            stt.send(CHUNK)
            with pytest.raises(StreamStateError):
                give_up_at = time.monotonic() + 20
                while time.monotonic() < give_up_at:
                    stt.send(CHUNK)
    assert took[0] < AT_ONCE
    assert stt.result is not None and stt.result.ended_by == "closed"


@on_posix
@pytest.mark.parametrize(
    "call",
    [lambda stt: stt.send(CHUNK), lambda stt: stt.finalize(), lambda stt: stt.finish(timeout=10)],
    ids=["send", "finalize", "finish"],
)
def test_calls_in_a_signal_handler(
    call: Callable[[Transcriber], None], monkeypatch: pytest.MonkeyPatch, handling: Handling
) -> None:
    """What would wait for the send() that it interrupts is refused, and does no harm."""
    errors: List[Exception] = []

    def handler() -> None:
        try:
            call(stt)
        except StreamStateError as exc:
            errors.append(exc)

    with Peer(read_to_close_stream(), final("x"), close()) as peer:
        stt = transcriber(peer.url).start()
        let_it_sleep(stt)
        handling(handler)
        interrupt_a_send(monkeypatch)
        stt.send(CHUNK)
        assert stt.finish().text == "x"
        assert peer.finished().audio.startswith(CHUNK)
    assert "signal handler" in str(errors[0])


@on_posix
def test_exceptions_at_any_moment() -> None:
    """Signal handlers that raise anywhere in send() end the stream, and nothing hangs."""

    armed, over = threading.Event(), threading.Event()

    def handler(number: int, frame: Optional[FrameType]) -> None:
        # Elsewhere it might be lost: in a callback of a weak reference, or of the collector.
        in_send = frame is not None and frame.f_code.co_filename.startswith(PACKAGE)
        if in_send and armed.is_set():
            armed.clear()
            raise Limit

    def press() -> None:
        while not over.wait(0.0013):
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, handler)
    presses = threading.Thread(target=press)
    presses.start()
    try:
        with Peer(read_until_gone) as peer:
            for number in range(60):
                # With what waits dropped, so that send() never does: signals would find it there.
                stt = transcriber(
                    peer.url,
                    overflow="drop_oldest",
                    buffer_seconds=1.0,
                    on_error=lambda error: None,
                ).start()
                give_up_at = time.monotonic() + 20
                armed.set()
                with pytest.raises(Limit):
                    while time.monotonic() < give_up_at:
                        if number % 2:
                            let_it_sleep(stt)
                        stt.send(CHUNK)
                started = time.monotonic()
                stt.close()
                assert time.monotonic() - started < AT_ONCE
                assert not stt.is_open
    finally:
        over.set()
        presses.join()
        signal.signal(signal.SIGINT, before)


KEPT: Dict[str, Callable[[Stream], object]] = {
    "the turn": lambda stream: stream._worker._turn.inside.add(threading.get_ident()),
    "the audio": lambda stream: stream._audio._lock.acquire(),
    "the waker": lambda stream: stream._waker._lock.acquire(),
    "the events": lambda stream: stream._delivery._events._lock.acquire(),
}


CALLS: Dict[str, Callable[[Transcriber], object]] = {
    "put": lambda stt: stt.send(CHUNK * 100),
    "mark": lambda stt: stt.finalize(),
    "end": lambda stt: stt.finish(),
}


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("method", CALLS)
def test_a_lock_that_was_kept(kept: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception may come between the work under a lock and its release, up to Python 3.9."""
    with Peer(read_until_gone) as peer:
        stt = transcriber(peer.url, on_transcript=lambda transcript: None).start()
        let_it_sleep(stt)

        def interrupted(*arguments: object) -> None:
            assert stt._live is not None
            KEPT[kept](stt._live)
            raise Limit

        monkeypatch.setattr(AudioQueue, method, interrupted)
        with pytest.raises(Limit):
            CALLS[method](stt)
        started = time.monotonic()
        stt.close()
        assert time.monotonic() - started < AT_ONCE
        assert not stt.is_open


@pytest.mark.parametrize("kept", [name for name in KEPT if name != "the turn"])
def test_calls_under_a_lock(kept: str) -> None:
    """close() in a signal handler does not wait for what its own thread was interrupted in.

    Nor do finish() and send(), which say so and end nothing.
    """
    with Peer(read_until_gone) as peer:
        stt = transcriber(peer.url, on_transcript=lambda transcript: None).start()
        let_it_sleep(stt)
        stream = stt._live
        assert stream is not None
        KEPT[kept](stream)
        started = time.monotonic()
        with pytest.raises(StreamStateError, match="signal handler"):
            stt.finish(timeout=10)
        with pytest.raises(StreamStateError, match="signal handler"):
            stt.send(CHUNK * 100)
        assert stt.is_open
        assert stream._holds_a_lock, "the lock of the call that was interrupted is free"
        stt.close()
        assert time.monotonic() - started < AT_ONCE
        for shared in (stream._audio, stream._waker, stream._delivery):
            shared.let_go()
        assert stream.wait(AT_ONCE)


@on_posix
def test_a_close_from_another_thread() -> None:
    """close() by one thread while another sends without a pause."""
    for _ in range(20):
        with Peer(read_until_gone) as peer:
            stt: Transcriber = transcriber(peer.url).start()
            ended = threading.Event()

            def send_on(stt: Transcriber = stt, ended: threading.Event = ended) -> None:
                try:
                    while True:
                        stt.send(CHUNK)
                except StreamStateError:
                    ended.set()

            sender = threading.Thread(target=send_on)
            sender.start()
            time.sleep(0.02)
            started = time.monotonic()
            stt.close()
            assert time.monotonic() - started < AT_ONCE
            assert ended.wait(20)
            sender.join()
