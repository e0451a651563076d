"""Audio from a generator, transcripts as a generator: ``stream()``."""

from __future__ import annotations

import time
from typing import Any, Iterator, List

import pytest

from telnyx_stt_sync import ServerError
from tests.embedding.house import own_threads
from tests.wire.client import SPEECH, transcriber
from tests.wire.peer import Peer, Step
from tests.wire.steps import (
    close,
    final,
    interim,
    read_audio,
    read_to_close_stream,
    read_until_gone,
    text,
)

ONE_WORD: List[Step] = [read_to_close_stream(), final("word"), close()]


def test_stream() -> None:
    """stream() yields what is heard, interims too, in order, and ends with the last final."""
    called: List[object] = []
    steps = (read_audio(len(SPEECH)), interim("a"), final("a b"), *ONE_WORD)
    with Peer(*steps) as peer:
        stt = transcriber(peer.url, on_transcript=called.append, on_close=called.append)

        def chunks() -> Iterator[Any]:
            yield SPEECH
            assert len(own_threads()) == 1
            yield b""
            yield memoryview(SPEECH)

        heard = [(each.text, each.is_final) for each in stt.stream(chunks())]
        assert bytes(peer.finished().audio) == SPEECH + SPEECH
    assert heard == [("a", False), ("a b", True), ("word", True)]
    assert called == []
    assert stt.result is not None and stt.result.text == "a b word"


def test_stream_yields_as_it_goes() -> None:
    """What was heard comes while chunks are still asked for."""
    heard: List[str] = []

    def chunks() -> Iterator[bytes]:
        deadline = time.monotonic() + 20
        while not heard and time.monotonic() < deadline:
            yield SPEECH

    with Peer(read_audio(1), final("early"), *ONE_WORD) as peer:
        for transcript in transcriber(peer.url).stream(chunks()):
            heard.append(transcript.text)
    assert heard == ["early", "word"]


def test_stream_opens_when_it_is_asked() -> None:
    """A generator of stream() that nobody iterates opens nothing."""
    with Peer(*ONE_WORD) as peer:
        generator = transcriber(peer.url).stream([SPEECH])
        assert peer.links == []
        generator.close()  # type: ignore[attr-defined]
    assert peer.links == []


def test_exception_within_chunks() -> None:
    """An exception in the generator of audio ends the stream and goes on up."""

    def chunks() -> Iterator[bytes]:
        yield SPEECH
        raise ZeroDivisionError

    with Peer(read_until_gone) as peer:
        with pytest.raises(ZeroDivisionError):
            list(transcriber(peer.url).stream(chunks()))
        assert peer.finished().close_code == 1000


def test_leaving_stream_early() -> None:
    """Who leaves the loop over stream() ends the stream."""
    with Peer(read_to_close_stream(), final("enough"), read_until_gone) as peer:
        generator = transcriber(peer.url).stream([SPEECH])
        for transcript in generator:
            assert transcript.text == "enough"
            break
        generator.close()  # type: ignore[attr-defined]
        assert peer.finished().close_code == 1000


def test_failure_of_stream() -> None:
    """What was heard before an error is yielded before it is raised."""
    heard: List[str] = []
    steps = (read_to_close_stream(), final("one"), final("two"), text({"error": "no"}))
    with Peer(*steps) as peer:
        with pytest.raises(ServerError):
            for transcript in transcriber(peer.url).stream([SPEECH]):
                heard.append(transcript.text)
    assert heard == ["one", "two"]
