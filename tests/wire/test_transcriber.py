"""The life of a ``Transcriber``: what each call does in each state, and what is left of it."""

from __future__ import annotations

import gc
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import List, Optional

import pytest

from telnyx_stt_sync import (
    ConfigurationError,
    ConnectionLostError,
    ServerError,
    StreamStateError,
    TelnyxSTTError,
    Transcriber,
    Transcription,
)
from telnyx_stt_sync._open_streams import OpenStreams
from telnyx_stt_sync._stream import Stream
from tests.wire.client import (
    AT_ONCE,
    BYTES_PER_SECOND,
    KEY,
    SPEECH,
    heard,
    living,
    recording,
    speech,
    transcriber,
)
from tests.wire.peer import Link, Peer, Step
from tests.wire.steps import (
    answer_close,
    close,
    final,
    read_audio,
    read_to_close_stream,
    read_until_gone,
    stall,
    tell,
    text,
    wait,
)

ONE_WORD: List[Step] = [read_to_close_stream(), final("word"), close()]


def say_the_size(link: Link) -> None:
    """Hear how much audio there was."""
    read_to_close_stream()(link)
    final(str(len(link.audio)))(link)
    close()(link)


# -- states -------------------------------------------------------------------------------


def test_a_life() -> None:
    """start() opens, send() sends, finish() gives the result; the object shows where it stands."""
    with Peer(read_audio(len(SPEECH)), final("one"), *ONE_WORD) as peer:
        stt = transcriber(peer.url)
        assert (stt.is_open, stt.result, stt.stats.accepted_bytes) == (False, None, 0)
        assert stt.start() is stt
        assert stt.is_open and stt.stats.connect_seconds is not None
        stt.send(SPEECH)
        assert (stt.is_open, stt.result, stt.stats.accepted_bytes) == (True, None, len(SPEECH))
        result = stt.finish()
    assert (result.text, result.ended_by) == ("one word", "server_close")
    assert not stt.is_open
    assert stt.result == result and stt.finish() == result
    stats = stt.stats
    assert stats == result.stats
    assert (stats.sent_bytes, stats.finals, stats.frames) == (len(SPEECH), 2, 2)
    assert stats.sent_seconds == stats.accepted_seconds == pytest.approx(0.2)
    assert None not in (stats.drain_seconds, stats.first_transcript_seconds)


def test_with_is_start_and_finish() -> None:
    """``with`` gives the object itself, open, and the result is there behind it."""
    with Peer(*ONE_WORD) as peer:
        with transcriber(peer.url) as stt:
            assert isinstance(stt, Transcriber) and stt.is_open
            stt.send(SPEECH)
        assert not stt.is_open
    assert stt.result is not None and stt.result.text == "word"


def test_finish_within_with() -> None:
    """finish() inside ``with`` is finish(): leaving the block adds nothing."""
    with Peer(*ONE_WORD) as peer:
        with transcriber(peer.url) as stt:
            stt.send(SPEECH)
            assert stt.finish().text == "word"
        assert len(peer.links) == 1


def test_repr_shows_the_state_and_no_key() -> None:
    """repr() tells engine and state, and keeps the key to itself."""
    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url)
        assert "not open" in repr(stt)
        with stt:
            assert "Deepgram" in repr(stt) and "not open" not in repr(stt)
            stt.send(SPEECH)
    assert KEY not in repr(stt) and KEY not in repr(vars(stt))


def test_start_again() -> None:
    """After the end of a stream, however it came, the object opens a new one."""
    fail = threading.Event()

    def script(link: Link) -> None:
        if fail.is_set():
            link.read_frame()
            text({"error": "no"})(link)
            return
        say_the_size(link)

    with Peer(script) as peer:
        stt = transcriber(peer.url, on_error=lambda error: None)
        with stt:
            stt.send(SPEECH)
        assert stt.result is not None and stt.result.text == str(len(SPEECH))
        with stt:
            stt.close()
        assert stt.result.ended_by == "closed"
        fail.set()
        stt.start()
        stt.send(SPEECH)
        with pytest.raises(ServerError):
            stt.finish()
        fail.clear()
        with stt:
            assert stt.stats.accepted_bytes == 0
            stt.send(SPEECH + SPEECH)
        assert stt.result.text == str(2 * len(SPEECH))
        assert len(peer.links) == 4


def test_streams_leave_no_trace() -> None:
    """An object that is started again and again does not keep the streams that have ended."""
    with Peer(*ONE_WORD) as peer:
        of_others = living(Stream)  # an exception that somebody keeps may hold one
        stt = transcriber(peer.url, on_transcript=lambda transcript: None)
        for _ in range(10):
            with stt:
                stt.send(SPEECH)
        gc.collect()
        assert len(living(Stream) - of_others) <= 1


def test_start_while_open() -> None:
    """A second start() is refused, and the open stream goes on unharmed."""
    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url)
        with stt:
            with pytest.raises(StreamStateError, match="open already"):
                stt.start()
            stt.send(SPEECH)
        assert stt.result is not None and stt.result.text == "word"
        assert len(peer.links) == 1


def test_start_from_many_threads() -> None:
    """Of several start() calls at once one opens the stream, and the others are refused."""
    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url)

        def start(_: int) -> Optional[TelnyxSTTError]:
            try:
                stt.start()
            except StreamStateError as exc:
                return exc
            return None

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(start, range(8))).count(None) == 1
        stt.send(SPEECH)
        assert stt.finish().text == "word"
        assert len(peer.links) == 1


def test_before_start() -> None:
    """Before start() there is nothing to send to, to finish or to close."""
    stt = transcriber("ws://127.0.0.1:1/x")
    with pytest.raises(StreamStateError, match="not started"):
        stt.send(SPEECH)
    with pytest.raises(StreamStateError, match="not started"):
        stt.finish()
    stt.close()
    stt.close()
    assert stt.result is None


def test_start_without_a_format() -> None:
    """A live stream needs input_format; nothing is connected without it."""
    with Peer(*ONE_WORD) as peer:
        stt = Transcriber("key", url=peer.url)
        with pytest.raises(ConfigurationError, match="input_format"):
            stt.start()
        with pytest.raises(ConfigurationError, match="input_format"):
            next(stt.stream([SPEECH]))
        assert peer.links == []


def test_send_after_finish() -> None:
    """send() after finish() is refused, while the finals are awaited and when they are in."""
    said = threading.Event()
    go_on = threading.Event()
    with Peer(read_to_close_stream(), tell(said), wait(go_on), final("x"), close()) as peer:
        stt = transcriber(peer.url).start()
        stt.send(SPEECH)
        with ThreadPoolExecutor(1) as pool:
            finishing = pool.submit(stt.finish)
            assert said.wait(20)
            with pytest.raises(StreamStateError, match="finish"):
                stt.send(SPEECH)
            go_on.set()
            assert finishing.result().text == "x"
        with pytest.raises(StreamStateError):
            stt.send(SPEECH)
        assert bytes(peer.finished().audio) == SPEECH


def test_after_a_failure() -> None:
    """A stream that has failed raises one and the same error, as often as it is asked."""
    failed = threading.Event()
    with Peer(read_audio(1), final("so far"), text({"error": "no"})) as peer:
        stt = transcriber(peer.url, on_error=lambda error: failed.set()).start()
        stt.send(SPEECH)
        assert failed.wait(20)
        errors: List[BaseException] = []
        for _ in range(20):
            with pytest.raises(ServerError) as caught:
                stt.send(SPEECH)
            errors.append(caught.value)
            with pytest.raises(ServerError) as caught:
                stt.finish()
            errors.append(caught.value)
    assert not stt.is_open
    assert len({id(error) for error in errors}) == 1
    assert heard(caught.value) == "so far"
    assert stt.result is not None
    assert (stt.result.text, stt.result.complete, stt.result.ended_by) == ("so far", False, "error")
    length, traceback = 0, errors[0].__traceback__
    while traceback is not None:
        length, traceback = length + 1, traceback.tb_next
    assert length < 20, "each raise made the traceback longer, and keeps its frames alive"


def test_last_reference() -> None:
    """Who drops the last reference to an object ends its stream."""
    with Peer(read_until_gone) as peer:
        stt: Optional[Transcriber] = transcriber(peer.url).start()
        assert stt is not None
        stt.send(SPEECH)
        del stt
        gc.collect()
        assert peer.finished().close_code == 1000


def test_our_close_is_answered() -> None:
    """An object whose stream ended by quiet can be started again at once."""
    with Peer(read_audio(len(SPEECH) + BYTES_PER_SECOND), final("x"), answer_close) as peer:
        stt = transcriber(peer.url, transcription_engine="Azure", quiet_period=0.05)
        for _ in range(3):
            with stt:
                stt.send(SPEECH)
            assert stt.result is not None and stt.result.text == "x"


# -- close() ------------------------------------------------------------------------------


def test_close() -> None:
    """close() ends the stream at once, keeps what was heard, and may come twice."""
    told = threading.Event()
    ended: List[Transcription] = []
    with Peer(read_audio(1), final("so far"), read_until_gone) as peer:
        stt = transcriber(
            peer.url, on_transcript=lambda transcript: told.set(), on_close=ended.append
        ).start()
        stt.send(SPEECH)
        assert told.wait(20)
        stt.close()
        stt.close()
        assert not stt.is_open
        assert peer.finished().close_code == 1000
    assert stt.result is not None
    assert (stt.result.text, stt.result.complete, stt.result.ended_by) == (
        "so far",
        False,
        "closed",
    )
    assert ended == [stt.result]
    for call in (lambda: stt.send(SPEECH), stt.finish):
        with pytest.raises(StreamStateError):
            call()
    with pytest.raises(StreamStateError) as caught:
        stt.finish()
    assert heard(caught.value) == "so far"


def test_close_whatever_the_peer_does() -> None:
    """close() does not wait for a peer that neither reads nor answers."""
    with Peer(stall, receive_buffer=8192) as peer:
        stt = transcriber(peer.url).start()
        stt.send(speech(8.0))
        started = time.monotonic()
        stt.close()
        assert time.monotonic() - started < AT_ONCE


def test_close_within_with() -> None:
    """After close() inside ``with`` there is nothing to wait for: the block is left in peace."""
    with Peer(read_until_gone) as peer:
        with transcriber(peer.url) as stt:
            stt.send(SPEECH)
            stt.close()
    assert stt.result is not None and stt.result.ended_by == "closed"


@pytest.mark.parametrize("waits_in", ["finish", "transcribe_file", "stream"])
def test_close_from_another_thread(waits_in: str) -> None:
    """close() ends every stream of the object; who waits for one gets a StreamStateError."""
    closers: List[threading.Thread] = []

    def close_it() -> None:
        closers.append(threading.Thread(target=stt.close))
        closers[0].start()

    with Peer(read_to_close_stream(), final("so far"), tell(close_it), read_until_gone) as peer:
        stt = transcriber(peer.url)
        with pytest.raises(StreamStateError, match="close") as caught:
            if waits_in == "finish":
                stt.start()
                stt.send(SPEECH)
                stt.finish()
            elif waits_in == "transcribe_file":
                stt.transcribe_file(recording(SPEECH), speed=math.inf)
            else:
                list(stt.stream([SPEECH]))
        closers[0].join()
        assert peer.finished().close_code == 1000
    assert caught.value.partial is not None and caught.value.partial.ended_by == "closed"


def test_close_from_a_callback() -> None:
    """close() in a callback returns at once and ends the stream."""
    ended = threading.Event()
    took: List[float] = []

    def on_transcript(transcript: object) -> None:
        started = time.monotonic()
        stt.close()
        took.append(time.monotonic() - started)

    with Peer(read_audio(1), final("stop"), read_until_gone) as peer:
        stt = transcriber(
            peer.url, on_transcript=on_transcript, on_close=lambda transcription: ended.set()
        )
        with stt:
            stt.send(SPEECH)
            assert ended.wait(20)
    assert took[0] < AT_ONCE
    assert stt.result is not None and stt.result.text == "stop"


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_close_from_a_callback_as_with_is_left(when: str) -> None:
    """Who has closed the stream in a callback leaves ``with`` in peace, however close it is."""

    def on_transcript(transcript: object) -> None:
        stt.close()
        closed.set()

    # What it hears before or after the end of the audio makes it close.
    reading = read_audio(1) if when == "before" else read_to_close_stream()
    with Peer(reading, final("stop"), read_until_gone) as peer:
        for _ in range(10):
            closed = threading.Event()
            stt = transcriber(peer.url, on_transcript=on_transcript)
            with stt:
                stt.send(SPEECH)
                if when == "before":
                    assert closed.wait(20)
            assert closed.is_set()
            assert stt.result is not None and stt.result.ended_by == "closed"


def test_nothing_is_left_of_what_a_callback_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """``with`` waits for the end of a stream that a callback has closed, as for any other."""
    over = threading.Event()
    ended = OpenStreams.ended

    def ends_slowly(self: OpenStreams, stream: Stream) -> None:
        over.set()
        time.sleep(0.2)  # the time for which ``with`` has to be seen to wait
        ended(self, stream)

    monkeypatch.setattr(OpenStreams, "ended", ends_slowly)
    with Peer(read_audio(1), final("stop"), read_until_gone) as peer:
        stt: Transcriber = transcriber(peer.url, on_transcript=lambda transcript: stt.close())
        with stt:
            stt.send(SPEECH)
            assert over.wait(20)
        assert stt.result is not None and stt.result.ended_by == "closed"
    assert not [thread.name for thread in threading.enumerate() if "-stt-io" in thread.name]


def test_exception_within_with() -> None:
    """An exception in the block closes the stream and goes on up as it is."""
    with Peer(read_until_gone) as peer:
        with pytest.raises(ZeroDivisionError):
            with transcriber(peer.url) as stt:
                stt.send(SPEECH)
                raise ZeroDivisionError
        assert peer.finished().close_code == 1000
    assert stt.result is not None and stt.result.ended_by == "closed"


def test_error_of_the_stream_within_with() -> None:
    """The error of a lost stream comes up in send(), and leaves the block as it is."""
    with Peer(read_audio(1)) as peer:
        with pytest.raises(ConnectionLostError):
            with transcriber(peer.url, on_error=lambda error: None) as stt:
                while True:
                    stt.send(SPEECH)
