"""Forked children and pickles: what travels to another process, and what must not."""

from __future__ import annotations

import os
import pickle
import signal
import time
import traceback
import warnings
from typing import Any, Callable, List, Optional

import pytest

from telnyx_stt_sync import ConnectionLostError, ForkedProcessError, Transcriber, Transcription
from tests.wire.client import KEY, RATE, SPEECH, heard, recording, speech, transcriber
from tests.wire.peer import Peer, Step
from tests.wire.steps import close, final, read_audio, read_to_close_stream
from tests.wire.trust import serving, trusting

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

ONE_WORD: List[Step] = [read_to_close_stream(), final("word"), close()]


def in_child(check: Callable[[], None]) -> None:
    """Run ``check`` in a forked child; fails if it raises there, or does not come back."""
    with warnings.catch_warnings():
        # From Python 3.12 on a fork beside threads is a warning; that is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
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
    _, status = os.waitpid(child, 0)
    assert status == 0, "see the child's traceback in the captured output"


@forks
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_open_stream_in_a_child(tls: bool) -> None:
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

        in_child(check)
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
            import gc

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


# -- pickles ------------------------------------------------------------------------------


def test_pickle_with_its_key() -> None:
    """A Transcriber pickles with its options, and with the key that it was given."""
    with Peer(*ONE_WORD) as peer:
        there = pickle.loads(pickle.dumps(transcriber(peer.url, language="de")))
        assert there.transcribe_file(recording(SPEECH)).text == "word"
        link = peer.finished()
    assert link.headers["authorization"] == f"Bearer {KEY}"
    assert "language=de" in link.request_line


def test_pickle_without_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of the environment does not travel; the other side takes its own."""
    monkeypatch.setenv("TELNYX_API_KEY", KEY)
    with Peer(*ONE_WORD) as peer:
        here = Transcriber(url=peer.url, input_format="linear16", sample_rate=RATE)
        with here:
            here.send(SPEECH)
        pickled = pickle.dumps(here)
        assert KEY.encode() not in pickled
        monkeypatch.setenv("TELNYX_API_KEY", "another")
        assert pickle.loads(pickled).transcribe_file(recording(SPEECH)).text == "word"
        assert peer.finished(1).headers["authorization"] == "Bearer another"


def test_pickle_of_an_open_object() -> None:
    """Streams do not travel: the copy of an open object is closed and can be started."""
    with Peer(*ONE_WORD) as peer:
        with transcriber(peer.url) as here:
            here.send(SPEECH)
            there: Transcriber = pickle.loads(pickle.dumps(here))
            assert here.is_open and not there.is_open and there.result is None
            with there:
                there.send(SPEECH)
            assert there.result is not None and there.result.text == "word"
    assert here.result is not None and here.result.text == "word"


def test_pickle_with_a_function() -> None:
    """Callbacks that are functions of a module travel along."""
    there = pickle.loads(pickle.dumps(transcriber("ws://127.0.0.1:1/x", on_transcript=print)))
    assert isinstance(there, Transcriber)


@pytest.mark.parametrize(
    "options",
    [{"on_transcript": lambda transcript: None}, {"ssl_context": trusting()}],
    ids=["lambda", "context"],
)
def test_what_does_not_pickle(options: Any) -> None:
    """What Python cannot pickle is an error of pickle's own, at once."""
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        pickle.dumps(transcriber("wss://127.0.0.1:1/x", **options))


def test_pickle_of_a_result() -> None:
    """A Transcription pickles whole, with segments and counters."""
    steps = (read_to_close_stream(), final("one", words=[{"word": "one"}]), final("two"), close())
    with Peer(*steps) as peer:
        result = transcriber(peer.url).transcribe_file(recording(speech()))
    copy = pickle.loads(pickle.dumps(result))
    assert isinstance(copy, Transcription)
    assert copy == result and copy.text == "one two" and copy.stats == result.stats


def test_pickle_of_an_error() -> None:
    """The error of a stream pickles with what was heard before it."""
    with Peer(read_to_close_stream(), final("so far"), close(1011, "tired")) as peer:
        with pytest.raises(ConnectionLostError) as caught:
            transcriber(peer.url).transcribe_file(recording(SPEECH))
    copy = pickle.loads(pickle.dumps(caught.value))
    assert isinstance(copy, ConnectionLostError) and str(copy) == str(caught.value)
    assert (copy.code, copy.reason, heard(copy)) == (1011, "tired", "so far")
