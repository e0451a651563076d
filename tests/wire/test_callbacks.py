"""The user's functions: when, in which order and on which thread they are called."""

from __future__ import annotations

import asyncio
import logging
import math
import sys
import threading
import time
from typing import Any, Callable, List, Optional, Tuple, Type

import pytest

from telnyx_stt_sync import (
    CallbackError,
    ConfigurationError,
    ConnectionLostError,
    RetryPolicy,
    ServerError,
    StreamStateError,
    TelnyxSTTError,
    Transcriber,
    Transcript,
    Transcription,
    TranscriptionTimeout,
)
from telnyx_stt_sync._open_streams import OpenStreams
from telnyx_stt_sync._stream import Stream
from tests.wire.client import AT_ONCE, SPEECH, file, heard, live, recording, transcriber
from tests.wire.peer import Link, Peer, Step
from tests.wire.steps import (
    close,
    final,
    interim,
    ping_and_read,
    read_audio,
    read_to_close_stream,
    read_until_gone,
    reset,
    stall,
    text,
    wait,
)

ONE_WORD: List[Step] = [read_to_close_stream(), final("word"), close()]


class Calls:
    """All callbacks of one object, and what they were called with."""

    def __init__(self) -> None:
        self.made: List[Tuple[str, Any]] = []
        self.threads: List[threading.Thread] = []

    def options(self) -> Any:
        """The callbacks, as options of ``Transcriber``."""
        names = ("on_transcript", "on_error", "on_utterance_end", "on_close")
        return {name: self._recorder(name) for name in names}

    def names(self) -> List[str]:
        """Which were called, without their prefix."""
        return [name[3:] for name, _ in self.made]

    def _recorder(self, name: str) -> Callable[[Any], None]:
        def record(argument: Any) -> None:
            self.made.append((name, argument))
            self.threads.append(threading.current_thread())

        return record


# -- order --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [live, file])
def test_order_and_thread(how: Callable[[Transcriber, bytes], Transcription]) -> None:
    """Callbacks come in the order of the frames, all on one thread, on_close last."""
    calls = Calls()
    steps = (
        read_to_close_stream(),
        interim("a"),
        final("a b", speech_final=True),
        interim("c"),
        final("c d"),
        text({"transcript": "", "is_final": True, "utterance_end": True}),
        final("e"),
        close(),
    )
    with Peer(*steps) as peer:
        result = how(transcriber(peer.url, interim_results=True, **calls.options()), SPEECH)
    assert calls.names() == [
        "transcript",
        "transcript",
        "utterance_end",
        "transcript",
        "transcript",
        "utterance_end",
        "transcript",
        "close",
    ]
    texts = [value.text for _, value in calls.made if isinstance(value, Transcript)]
    assert texts == ["a", "a b", "a b", "c", "c d", "", "e"]
    assert calls.made[-1] == ("on_close", result)
    assert len(set(calls.threads)) == 1
    assert calls.threads[0] is not threading.current_thread()


def test_at_once() -> None:
    """Each callback is called when there is something to tell, not when the next thing happens."""
    connected, heard_it, lost = (threading.Event() for _ in range(3))
    with Peer(read_audio(1), final("word"), wait(heard_it), reset) as peer:
        stt = transcriber(
            peer.url,
            on_connect=lambda reconnects: connected.set(),
            on_transcript=lambda transcript: heard_it.set(),
            on_reconnect=lambda error, attempt, delay: lost.set(),
            reconnect=RetryPolicy(initial=30.0, maximum=30.0),
        ).start()
        assert connected.wait(AT_ONCE)
        stt.send(SPEECH)
        assert heard_it.wait(AT_ONCE)
        assert lost.wait(AT_ONCE)
        stt.close()


def test_all_callbacks_before_the_result() -> None:
    """finish() returns when the last callback has, however slow they are."""
    calls: List[str] = []

    def slow(transcript: Transcript) -> None:
        time.sleep(0.05)
        calls.append(transcript.text)

    steps = [final(str(number)) for number in range(10)]
    with Peer(read_to_close_stream(), *steps, close()) as peer:
        live(transcriber(peer.url, on_transcript=slow), SPEECH)
    assert calls == [str(number) for number in range(10)]


def test_callback_of_one_call() -> None:
    """on_transcript of transcribe_file() takes the place of the object's own, for that call."""
    own: List[str] = []
    given: List[str] = []
    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url, on_transcript=lambda each: own.append(each.text))
        stt.transcribe_file(recording(SPEECH), on_transcript=lambda each: given.append(each.text))
        assert (own, given) == ([], ["word"])
        file(stt, SPEECH)
    assert (own, given) == (["word"], ["word"])


def test_what_is_no_function() -> None:
    """A callback that cannot be called is refused when it is given, not when it is due."""
    for name in ("on_transcript", "on_error", "on_utterance_end", "on_close"):
        with pytest.raises(ConfigurationError, match=name):
            transcriber("ws://127.0.0.1:1/x", **{name: "print"})


# -- on_close and on_error ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "error", "ended_by"),
    [
        pytest.param([*ONE_WORD], None, "server_close", id="result"),
        pytest.param([read_audio(1), reset], ConnectionLostError, "error", id="reset"),
        pytest.param([read_audio(1), close(1011)], ConnectionLostError, "error", id="1011"),
        pytest.param([read_audio(1), text({"error": "no"})], ServerError, "error", id="error"),
        pytest.param([stall], TranscriptionTimeout, "timeout", id="timeout"),
    ],
)
def test_on_close_once_and_last(steps: List[Step], error: Optional[type], ended_by: str) -> None:
    """on_close comes once and last, however a live stream ended; on_error once before it."""
    calls = Calls()
    raised: Optional[TelnyxSTTError] = None
    with Peer(*steps) as peer:
        patience = 0.2 if ended_by == "timeout" else 30.0
        stt = transcriber(peer.url, drain_timeout=patience, **calls.options()).start()
        try:
            stt.send(SPEECH)
            stt.finish()
        except TelnyxSTTError as exc:
            raised = exc
    assert [name for name in calls.names() if name != "transcript"] == (
        ["error", "close"] if error else ["close"]
    )
    if error:
        assert type(raised) is error
        assert calls.made[-2][1] is raised
    assert calls.made[-1][1] == stt.result
    assert stt.result is not None and stt.result.ended_by == ended_by


def test_on_close_after_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """close() drops the transcripts that wait for their callback, but not on_close.

    None of them is told once the stream is over, however long its end takes.
    """
    calls: List[str] = []
    first, go_on = threading.Event(), threading.Event()

    def slow(transcript: Transcript) -> None:
        calls.append(transcript.text)
        first.set()
        go_on.wait(20)

    def ends_slowly(self: OpenStreams, stream: Stream) -> None:
        go_on.set()
        time.sleep(0.2)  # the time for callbacks that ought not to come
        end(self, stream)

    end = OpenStreams.ended
    monkeypatch.setattr(OpenStreams, "ended", ends_slowly)
    ended = threading.Event()
    steps = (read_audio(1), final("one"), final("two"), final("three"), ping_and_read(b"?"))
    with Peer(*steps, read_until_gone) as peer:
        stt = transcriber(
            peer.url, on_transcript=slow, on_close=lambda transcription: ended.set()
        ).start()
        stt.send(SPEECH)
        assert first.wait(20)
        while stt.stats.finals < 3:
            time.sleep(0.005)
        stt.close()
        assert ended.wait(20)
    assert calls == ["one"]
    assert stt.result is not None and stt.result.text == "one two three"


def test_result_in_on_close() -> None:
    """on_close finds the object as it is after the end: closed, and with its result."""
    seen: List[bool] = []

    def on_close(transcription: Transcription) -> None:
        seen.append(stt.result is transcription and not stt.is_open)

    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url, on_close=on_close)
        for _ in range(20):
            live(stt, SPEECH)
    assert seen == [True] * 20


def test_failure_of_a_file() -> None:
    """An error that transcribe_file() raises is not told to on_error as well."""
    calls = Calls()
    with Peer(read_to_close_stream(), text({"error": "no"})) as peer:
        with pytest.raises(ServerError):
            file(transcriber(peer.url, **calls.options()), SPEECH)
    assert calls.names() == ["close"]


def test_error_that_nobody_takes(caplog: pytest.LogCaptureFixture) -> None:
    """Without on_error the error of a live stream is logged, once, at ERROR."""
    with Peer(read_audio(1), reset) as peer:
        stt = transcriber(peer.url).start()
        stt.send(SPEECH)
        with pytest.raises(ConnectionLostError):
            stt.finish()
    records = [each for each in caplog.records if each.levelno >= logging.WARNING]
    assert [(each.name, each.levelname) for each in records] == [("telnyx_stt_sync", "ERROR")]


# -- callbacks that raise -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["on_transcript", "on_utterance_end", "on_close"])
@pytest.mark.parametrize("kind", [ZeroDivisionError, SystemExit, asyncio.CancelledError])
def test_callback_that_raises(
    name: str, kind: Type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    """What a callback raises is a CallbackError for on_error and the log; the stream goes on."""
    errors: List[TelnyxSTTError] = []
    texts: List[str] = []
    ends: List[Transcription] = []

    def bad(argument: Any) -> None:
        raise kind("mine")

    options = {
        "on_transcript": lambda transcript: texts.append(transcript.text),
        "on_close": ends.append,
        "on_error": errors.append,
        name: bad,
    }
    steps = (final("one", speech_final=True), final("two"))
    with Peer(read_to_close_stream(), *steps, close()) as peer:
        result = live(transcriber(peer.url, **options), SPEECH)
    assert (result.text, result.ended_by) == ("one two", "server_close")
    assert [type(error) for error in errors] == [CallbackError] * (1 + (name == "on_transcript"))
    assert isinstance(errors[0].__cause__, kind) and name in str(errors[0])
    if name != "on_transcript":
        assert texts == ["one", "two"]
    if name != "on_close":
        assert ends == [result]
    records = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(records) == len(errors)
    assert records[0].exc_info is not None
    assert f"{kind.__name__}: mine" in caplog.text


def test_callback_that_raises_without_on_error(caplog: pytest.LogCaptureFixture) -> None:
    """Without on_error, what a callback raises is logged with its traceback, once."""

    def bad(transcript: Transcript) -> None:
        raise ZeroDivisionError("mine")

    with Peer(*ONE_WORD) as peer:
        assert live(transcriber(peer.url, on_transcript=bad), SPEECH).text == "word"
    assert len(caplog.records) == 1 and "ZeroDivisionError: mine" in caplog.text


def test_on_error_that_raises(caplog: pytest.LogCaptureFixture) -> None:
    """What on_error itself raises is logged; it is not called for that, and on_close still is."""
    ends: List[Transcription] = []
    calls: List[TelnyxSTTError] = []

    def bad(error: TelnyxSTTError) -> None:
        calls.append(error)
        raise ZeroDivisionError("mine")

    with Peer(read_audio(1), reset) as peer:
        stt = transcriber(peer.url, on_error=bad, on_close=ends.append).start()
        stt.send(SPEECH)
        with pytest.raises(ConnectionLostError):
            stt.finish()
    assert [type(error) for error in calls] == [ConnectionLostError]
    assert len(ends) == 1
    assert "ZeroDivisionError: mine" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="a pace that needs a fine clock")
def test_exit_in_a_callback_of_a_file() -> None:
    """sys.exit() in a callback does not cut the file that is being sent."""
    first = threading.Event()

    def leave(transcript: Transcript) -> None:
        first.set()
        sys.exit(3)

    audio = SPEECH * 5
    steps = (
        read_audio(1),
        final("one"),
        wait(first),
        read_to_close_stream(),
        final("two"),
        close(),
    )
    with Peer(*steps) as peer:
        stt = transcriber(peer.url, on_transcript=leave, on_error=lambda error: None)
        assert stt.transcribe_file(recording(audio), speed=4.0).text == "one two"
        assert bytes(peer.finished().audio) == audio


# -- callbacks that take their time -------------------------------------------------------


def test_callback_that_blocks() -> None:
    """A callback that blocks holds up neither audio nor pongs, and no final is lost by it."""
    go_on = threading.Event()
    texts: List[str] = []
    interims: List[str] = []

    def slow(transcript: Transcript) -> None:
        go_on.wait(20)
        (texts if transcript.is_final else interims).append(transcript.text)

    def flood(link: Link) -> None:
        read_audio(1)(link)
        for number in range(3000):
            interim(f"i{number}")(link)
            if number % 10 == 0:
                final(f"f{number}")(link)
        ping_and_read(b"still there?")(link)
        read_to_close_stream()(link)
        interim("last interim")(link)
        ping_and_read(b"all taken in?")(link)
        go_on.set()

    with Peer(flood, final("end"), close()) as peer:
        stt = transcriber(peer.url, on_transcript=slow, interim_results=True)
        with stt:
            for _ in range(50):
                stt.send(SPEECH)
        assert len(peer.finished().audio) == 50 * len(SPEECH)
    assert texts == [f"f{number}" for number in range(0, 3000, 10)] + ["end"]
    # Interims that newer ones have replaced may be left out, but never the newest.
    assert interims[-1] == "last interim"
    assert stt.result is not None and len(stt.result.segments) == len(texts)


def test_callback_that_never_returns() -> None:
    """A callback that hangs holds finish(timeout=…) up for that long: TranscriptionTimeout."""
    go_on = threading.Event()
    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url, on_transcript=lambda transcript: go_on.wait(60)).start()
        stt.send(SPEECH)
        try:
            started = time.monotonic()
            with pytest.raises(TranscriptionTimeout, match="callback") as caught:
                stt.finish(timeout=1.5)
            assert time.monotonic() - started < 1.5 + AT_ONCE
            assert heard(caught.value) == "word"
        finally:
            go_on.set()


# -- calls from callbacks -----------------------------------------------------------------


def test_finish_from_a_callback() -> None:
    """finish() in a callback would wait for itself: it is refused, and the stream goes on."""
    errors: List[BaseException] = []
    told = threading.Event()

    def on_transcript(transcript: Transcript) -> None:
        try:
            stt.finish()
        except StreamStateError as exc:
            errors.append(exc)
        told.set()

    with Peer(read_audio(1), final("one"), *ONE_WORD) as peer:
        stt = transcriber(peer.url, on_transcript=on_transcript)
        with stt:
            stt.send(SPEECH)
            assert told.wait(20)
            stt.send(SPEECH)
    assert stt.result is not None and stt.result.text == "one word"
    assert len(errors) == 2 and "callback" in str(errors[0])


def test_send_and_stats_from_a_callback() -> None:
    """A callback may send audio and read the counters."""
    told = threading.Event()

    def on_transcript(transcript: Transcript) -> None:
        if not told.is_set():
            assert stt.stats.finals >= 1 and stt.is_open
            stt.send(SPEECH)
            told.set()

    with Peer(read_audio(1), final("one"), *ONE_WORD) as peer:
        stt = transcriber(peer.url, on_transcript=on_transcript)
        with stt:
            stt.send(SPEECH)
            assert told.wait(20)
        assert bytes(peer.finished().audio) == SPEECH + SPEECH


def test_file_from_a_callback() -> None:
    """A callback may transcribe a file on the same object."""
    inner: List[str] = []

    def on_transcript(transcript: Transcript) -> None:
        result = stt.transcribe_file(
            recording(SPEECH), speed=math.inf, on_transcript=lambda transcript: None
        )
        inner.append(result.text)

    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url, on_transcript=on_transcript)
        assert live(stt, SPEECH).text == "word"
    assert inner == ["word"]


def test_start_again_from_on_close() -> None:
    """on_close may open the next stream."""
    again: List[Transcriber] = []

    def on_close(transcription: Transcription) -> None:
        if not again:
            again.append(stt.start())

    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url, on_close=on_close)
        with stt:
            stt.send(SPEECH)
        assert again == [stt] and stt.is_open
        stt.send(SPEECH)
        assert stt.finish().text == "word"
