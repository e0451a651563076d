"""Objects that nobody refers to any more: they are collected, and their streams end."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from typing import Any, Callable, Dict, Iterator, List

import pytest

from telnyx_stt_sync import ConfigurationError, RetryPolicy, Transcriber, Transcript, Transcription
from telnyx_stt_sync._stream import Stream
from tests.embedding.house import SECOND, descriptors, own_threads, wait_until
from tests.wire.client import SPEECH, living, recording, speech, transcriber
from tests.wire.peer import Link, Peer, Step
from tests.wire.steps import (
    close,
    final,
    read_audio,
    read_to_close_stream,
    read_until_gone,
    reset,
    stall,
)

# A backoff that no test waits for.
LONG_WAIT = RetryPolicy(initial=60.0, maximum=60.0, max_elapsed=600.0)


class Owner:
    """A user's object that holds its ``Transcriber``, and whose method is a callback of it."""

    def __init__(self, url: str, **options: Any) -> None:
        self.heard: List[str] = []
        self.stt = transcriber(url, on_transcript=self.take, **options).start()
        self.stt.send(SPEECH)

    def take(self, transcript: Transcript) -> None:
        self.heard.append(transcript.text)


def plain(url: str, **options: Any) -> Transcriber:
    """No callback."""
    stt = transcriber(url, **options).start()
    stt.send(SPEECH)
    return stt


def foreign_callback(url: str, **options: Any) -> Transcriber:
    """A callback that knows nothing of the object."""
    return plain(url, on_transcript=lambda transcript: None, **options)


def bound_method(url: str, **options: Any) -> Owner:
    """The callback is a method of an object that holds the ``Transcriber``."""
    return Owner(url, **options)


def closure(url: str, **options: Any) -> Transcriber:
    """The callback refers to the ``Transcriber`` itself."""

    def on_transcript(transcript: Transcript) -> None:
        assert stt.is_open

    stt = transcriber(url, on_transcript=on_transcript, **options).start()
    stt.send(SPEECH)
    return stt


every_way = pytest.mark.parametrize("make", [plain, foreign_callback, bound_method, closure])


@pytest.fixture(autouse=True)
def no_collection_by_chance() -> Iterator[None]:
    """Cycles are collected when a test says so, and not before."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def drop(things: Dict[str, Any], *, is_a_cycle: bool) -> float:
    """Drop the only reference; seconds until the threads have ended."""
    gone = weakref.ref(things.pop("it"))

    def is_gone() -> bool:
        if is_a_cycle:
            gc.collect()
        return gone() is None

    wait_until(is_gone, SECOND)  # as soon as a callback that was due has returned
    return wait_until(lambda: not own_threads(), SECOND)


@every_way
def test_open_stream(make: Callable[..., Any]) -> None:
    """An object to which nothing else refers is collected, and its open stream ends."""
    with Peer(read_audio(len(SPEECH)), final("one"), read_until_gone) as peer:
        things = {"it": make(peer.url)}
        link = peer.link()
        wait_until(lambda: len(link.audio) == len(SPEECH))
        drop(things, is_a_cycle=make in (bound_method, closure))
        assert peer.finished().close_code == 1000


@every_way
def test_in_the_backoff(make: Callable[..., Any]) -> None:
    """The same while the stream waits to connect again."""
    waits = threading.Event()
    with Peer(read_audio(len(SPEECH)), reset) as peer:
        things = {
            "it": make(
                peer.url,
                reconnect=LONG_WAIT,
                on_reconnect=lambda error, attempt, delay: waits.set(),
            )
        }
        assert waits.wait(20)
        drop(things, is_a_cycle=make in (bound_method, closure))
        assert len(peer.links) == 1


@every_way
def test_while_it_connects_again(make: Callable[..., Any]) -> None:
    """The same while the server leaves the second connect without an answer."""
    policy = RetryPolicy(initial=0.0, jitter=0.0)
    connects = threading.Event()
    calls: List[int] = []

    def greet(link: Link) -> None:
        link.read_head()
        calls.append(1)
        if len(calls) > 1:
            connects.set()
            stall(link)
        link.send(link.accept_head())

    with Peer(read_audio(len(SPEECH)), reset, greeting=greet) as peer:
        things = {"it": make(peer.url, reconnect=policy)}
        assert connects.wait(20)
        drop(things, is_a_cycle=make in (bound_method, closure))


@pytest.mark.parametrize("refers", [False, True], ids=["foreign", "cycle"])
def test_on_close_of_a_collected_object(refers: bool) -> None:
    """on_close comes, once, also for a stream that ends because its object was collected."""
    ends: List[Transcription] = []
    of_others = living(Transcriber, Stream)
    with Peer(read_audio(len(SPEECH)), final("one"), read_until_gone) as peer:

        def make() -> Transcriber:
            def on_close(transcription: Transcription) -> None:
                ends.append(transcription)
                if refers:
                    assert not stt.is_open

            stt = transcriber(peer.url, on_close=on_close).start()
            stt.send(SPEECH)
            return stt

        things = {"it": make()}
        while not things["it"].stats.finals:
            time.sleep(0.005)
        drop(things, is_a_cycle=True)
        assert [(end.text, end.ended_by) for end in ends] == [("one", "closed")]
        gc.collect()
        assert not living(Transcriber, Stream) - of_others


def test_callback_that_runs() -> None:
    """A callback that runs keeps the object that it refers to until it returns, and no longer."""
    entered, go_on = threading.Event(), threading.Event()
    errors: List[Exception] = []
    with Peer(read_audio(len(SPEECH)), final("one"), read_until_gone) as peer:

        def make() -> Transcriber:
            def on_transcript(transcript: Transcript) -> None:
                entered.set()
                go_on.wait(20)
                assert stt.is_open

            stt = transcriber(peer.url, on_transcript=on_transcript, on_error=errors.append)
            stt.start().send(SPEECH)
            return stt

        things = {"it": make()}
        assert entered.wait(20)
        gone = weakref.ref(things.pop("it"))
        gc.collect()
        assert gone() is not None and len(own_threads()) == 2
        go_on.set()

        def collected() -> bool:
            gc.collect()
            return gone() is None and not own_threads()

        wait_until(collected, SECOND)
    assert errors == []


def test_calls_keep_their_object() -> None:
    """A file, and a generator, keep the object for which nothing else does."""
    steps: List[Step] = [read_to_close_stream(), final("word"), close()]
    with Peer(*steps) as peer:
        heard: List[str] = []

        def collect(sent: float, total: Any) -> None:
            gc.collect()

        def take(transcript: Transcript) -> None:
            heard.append(transcript.text)

        result = transcriber(peer.url, on_transcript=take).transcribe_file(
            recording(speech(1.0)), speed=4.0, on_progress=collect
        )
        generator = transcriber(peer.url, on_transcript=take).stream([SPEECH])
        gc.collect()
        assert [each.text for each in generator] == ["word"]
    assert (result.text, heard) == ("word", ["word"])


def test_object_that_never_came_to_be() -> None:
    """An object whose options were refused goes without a word."""
    with pytest.raises(ConfigurationError):
        Transcriber("key", input_format="linear17")  # type: ignore[arg-type]
    gc.collect()


def test_descriptors_of_collected_objects() -> None:
    """Fifty objects dropped with their streams open leave no descriptor behind."""
    with Peer(read_until_gone) as peer:
        before = descriptors()
        for _ in range(50):
            closure(peer.url)
            gc.collect()
        wait_until(lambda: gc.collect() >= 0 and not own_threads())
        for index in range(50):
            peer.finished(index)
        assert descriptors() == before
