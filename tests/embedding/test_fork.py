"""Forked children: what they may use, and what they must not touch."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
import warnings
import weakref
from typing import Any, Callable, Dict, Iterator, List, Optional

import pytest

from telnyx_stt_sync import ForkedProcessError, RetryPolicy, Transcriber
from telnyx_stt_sync._spacing import spacing
from tests.embedding.house import SECOND, wait_until
from tests.wire.client import SPEECH, recording, transcriber
from tests.wire.peer import Link, Peer, Step
from tests.wire.steps import close, final, read_audio, read_to_close_stream, reset, wait
from tests.wire.trust import serving, trusting

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

ONE_WORD: List[Step] = [read_to_close_stream(), final("word"), close()]


def fork_by_c() -> int:
    """A fork of which Python does not know, such as uWSGI makes."""
    before = sys.getswitchinterval()
    # If another thread asks for the interpreter's lock at that moment, the child hands it over to
    # that thread, which it does not have: so none may ask.
    sys.setswitchinterval(100.0)
    try:
        time.sleep(0.05)
        return int(ctypes.PyDLL(None).fork())
    finally:
        sys.setswitchinterval(before)


def in_child(check: Callable[[], None], fork: Optional[Callable[[], int]] = None) -> None:
    """Run ``check`` in a forked child; fails if it raises there, or does not come back."""
    with warnings.catch_warnings():
        # From Python 3.12 on a fork beside threads is a warning; that is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = (fork or os.fork)()
    if child == 0:
        status = 1
        try:
            signal.alarm(15)  # its default action ends the child
            check()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    statuses: List[int] = []

    def is_over() -> bool:
        pid, status = os.waitpid(child, os.WNOHANG)
        statuses.extend([status] if pid else [])
        return bool(pid)

    try:
        wait_until(is_over)
    finally:
        if not statuses:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    assert statuses == [0], "see the child's traceback in the captured output"


@forks
@pytest.mark.parametrize("fork", [None, fork_by_c], ids=["by Python", "by C"])
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_open_stream_in_a_child(tls: bool, fork: Optional[Callable[[], int]]) -> None:
    """A child may not use the parent's stream, and nothing it does harms that stream."""
    context = serving("localhost") if tls else None
    with Peer(read_audio(1), final("one"), *ONE_WORD, tls=context) as peer:
        options: Any = {"ssl_context": trusting()} if tls else {}
        stt = transcriber(peer.url, on_transcript=lambda transcript: None, **options).start()
        stt.send(SPEECH)

        def check() -> None:
            for call in (lambda: stt.send(SPEECH), stt.finish, lambda: stt.finish(timeout=1.0)):
                try:
                    call()
                except ForkedProcessError:
                    continue
                raise AssertionError("the child used the parent's stream")
            started = time.monotonic()
            stt.close()
            assert time.monotonic() - started < 1.0, "there is nothing for it to wait for"

        in_child(check, fork)
        assert stt.is_open
        stt.send(SPEECH)
        assert stt.finish().text == "one word"
        assert bytes(peer.finished().audio) == SPEECH + SPEECH
        assert len(peer.links) == 1


@forks
def test_end_of_a_child() -> None:
    """A child that drops everything and exits in good order leaves the parent's stream alone."""
    with Peer(*ONE_WORD) as peer:
        stt: Optional[Transcriber] = transcriber(peer.url).start()
        assert stt is not None
        stt.send(SPEECH)

        def check() -> None:
            nonlocal stt
            import atexit

            stt = None
            gc.collect()
            started = time.monotonic()
            atexit._run_exitfuncs()
            assert time.monotonic() - started < 1.0

        in_child(check)
        assert stt.finish().text == "word"


@forks
@pytest.mark.parametrize("way", ["start", "file", "stream"])
def test_stream_of_its_own_in_a_child(way: str) -> None:
    """A child may open streams of its own, on an object whose live stream is the parent's."""
    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url).start()
        stt.send(SPEECH)

        def check() -> None:
            if way == "start":
                with stt:
                    stt.send(SPEECH)
                assert stt.result is not None and stt.result.text == "word"
            elif way == "file":
                assert stt.transcribe_file(recording(SPEECH)).text == "word"
            else:
                assert [each.text for each in stt.stream([SPEECH])] == ["word"]

        in_child(check)
        assert stt.finish().text == "word"
        assert len(peer.links) == 2


@forks
def test_object_from_before_the_fork() -> None:
    """An object that was made, and used, before the fork works in the child."""
    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url)
        with stt:
            stt.send(SPEECH)

        def check() -> None:
            with stt:
                stt.send(SPEECH)
            assert stt.result is not None and stt.result.text == "word"

        in_child(check)


# -- while the parent's stream is being reconnected ---------------------------------------


class Reconnected:
    """A stream whose first connection is reset, and that stands at some moment after that."""

    def __init__(self, moment: str, tls: bool) -> None:
        self._moment = moment
        self._reached, self._go_on = threading.Event(), threading.Event()
        self._context = serving("localhost") if tls else None
        self._connects = 0
        # The backoff lasts long enough for a child to do all that it does in it.
        delay = 1.0 if moment == "backoff" else 0.0
        self.options: Any = {
            "reconnect": RetryPolicy(initial=delay, jitter=0.0),
            "on_reconnect": self._on_reconnect,
        }
        if tls:
            self.options["ssl_context"] = trusting()

    def peer(self) -> Peer:
        """It resets the first connection, and waits on the second until it may go on."""
        return Peer(self._talk, greeting=self._greet, tls=self._context)

    def wait(self, limit: float) -> None:
        """Wait for the moment."""
        assert self._reached.wait(limit)

    def go_on(self) -> None:
        """The moment is over."""
        self._go_on.set()

    def _on_reconnect(self, error: Exception, attempt: int, delay: float) -> None:
        if self._moment == "backoff":
            self._reached.set()

    def _greet(self, link: Link) -> None:
        self._connects += 1
        link.read_head()
        if self._connects == 2 and self._moment == "connect":
            self._reached.set()
            wait(self._go_on)(link)
        link.send(link.accept_head())
        if self._connects == 2 and self._moment == "open again":
            self._reached.set()

    def _talk(self, link: Link) -> None:
        if self._connects == 1:
            read_audio(len(SPEECH))(link)
            reset(link)
        for step in ONE_WORD:
            step(link)


@forks
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("moment", ["backoff", "connect", "open again"])
def test_reconnecting_stream_in_a_child(moment: str, tls: bool, limit: float) -> None:
    """A child may not use a stream that is being reconnected, and harms it in no way."""
    scene = Reconnected(moment, tls)
    with scene.peer() as peer:
        stt: Any = transcriber(peer.url, **scene.options).start()
        stt.send(SPEECH)
        scene.wait(limit)

        def check() -> None:
            nonlocal stt
            import atexit

            for call in (lambda: stt.send(SPEECH), stt.finish):
                with pytest.raises(ForkedProcessError):
                    call()
            started = time.monotonic()
            stt.close()
            took = time.monotonic() - started
            gone = weakref.ref(stt)
            stt = None
            del call
            gc.collect()
            assert gone() is None
            started = time.monotonic()
            atexit._run_exitfuncs()
            assert took + time.monotonic() - started < SECOND

        in_child(check)
        scene.go_on()
        stt.send(SPEECH)
        assert stt.finish().text == "word"
        assert bytes(peer.finished(1).audio) == SPEECH + SPEECH
        assert len(peer.links) == 2 and stt.stats.reconnects == 1


# -- locks that are held at the fork ------------------------------------------------------


@contextlib.contextmanager
def held_by_another_thread(lock: Any) -> Iterator[None]:
    """Within, a thread that does not live on in a child holds the lock."""
    held, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            go_on.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    try:
        assert held.wait(20)
        yield
    finally:
        go_on.set()
        thread.join()


def in_child_of_multiprocessing(check: Callable[[], None], limit: float) -> None:
    """Run ``check`` in a child that ``multiprocessing`` forks."""
    process = multiprocessing.get_context("fork").Process(target=check)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        process.start()
    process.join(limit)
    if process.exitcode is None:
        process.kill()
        process.join()
    assert process.exitcode == 0, "see the child's traceback in the captured output"
    process.close()


def locks(stt: Transcriber) -> Dict[str, threading.Lock]:
    """The locks that a child needs and could inherit."""
    return {"transcriber": stt._lock, "spacing": spacing()._lock}


@forks
@pytest.mark.parametrize("name", ["transcriber", "spacing"])
@pytest.mark.parametrize("way", ["start", "file"])
def test_lock_that_is_held_at_the_fork(name: str, way: str, limit: float) -> None:
    """A child does not wait for what another thread of its parent held when it was forked."""
    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url)

        def check() -> None:
            if way == "file":
                assert stt.transcribe_file(recording(SPEECH)).text == "word"
                return
            with stt:
                stt.send(SPEECH)
            assert stt.result is not None and stt.result.text == "word"

        with held_by_another_thread(locks(stt)[name]):
            in_child_of_multiprocessing(check, limit)


@forks
@pytest.mark.parametrize("name", ["waker", "audio queue", "event queue", "turn"])
def test_lock_of_the_parents_stream(name: str) -> None:
    """Whatever a child asks of the parent's stream, it waits for none of the stream's locks."""
    with Peer(*ONE_WORD) as peer:
        stt: Any = transcriber(peer.url, on_transcript=lambda transcript: None).start()
        stt.send(SPEECH)
        stream = stt._live
        lock = {
            "waker": stream._waker._lock,
            "audio queue": stream._audio._lock,
            "event queue": stream._delivery._events._lock,
            "turn": stream._worker._turn._lock,
        }[name]

        def check() -> None:
            nonlocal stt, stream
            import atexit

            for call in (lambda: stt.send(SPEECH), stt.finish):
                with pytest.raises(ForkedProcessError):
                    call()
            stt.close()
            assert stt.stats.finals == 0 and stt.result is None and repr(stt)
            gone = weakref.ref(stt)
            stt = stream = None
            del call
            gc.collect()
            assert gone() is None
            atexit._run_exitfuncs()

        with held_by_another_thread(lock):
            in_child(check)
        assert stt.finish().text == "word"


@forks
def test_open_stream_in_a_child_of_multiprocessing(limit: float) -> None:
    """Such a child, too, leaves the parent's stream alone, and has streams of its own."""
    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url, reconnect=True).start()
        stt.send(SPEECH)

        def check() -> None:
            with pytest.raises(ForkedProcessError):
                stt.send(SPEECH)
            with stt:
                stt.send(SPEECH)
            assert stt.result is not None and stt.result.text == "word"

        in_child_of_multiprocessing(check, limit)
        stt.send(SPEECH)
        assert stt.finish().text == "word"
        assert bytes(peer.finished(0).audio) == SPEECH + SPEECH
