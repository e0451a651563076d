"""Pickles: what travels to another process, and what must not."""

from __future__ import annotations

import pickle
from typing import Any, List

import pytest

from telnyx_stt_sync import ConnectionLostError, Transcriber, Transcription
from tests.wire.client import KEY, RATE, SPEECH, heard, recording, speech, transcriber
from tests.wire.peer import Peer, Step
from tests.wire.steps import close, final, read_to_close_stream
from tests.wire.trust import trusting

ONE_WORD: List[Step] = [read_to_close_stream(), final("word"), close()]


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
