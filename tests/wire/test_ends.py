"""How streams end in a result: what makes it whole, and that nobody waits longer than needed."""

from __future__ import annotations

import json
import threading
import time
from typing import Any, Optional, Tuple

import pytest

from telnyx_stt_sync import ConnectionLostError, Transcription
from tests.wire.client import (
    AT_ONCE,
    CLOSING,
    SPEECH,
    STAYING,
    TRAILING,
    How,
    all_audio,
    both,
    end_of,
    failure_of,
    file,
    live,
    silence,
    transcriber,
    with_block,
)
from tests.wire.peer import TEXT, Link, Peer, Step, frame
from tests.wire.steps import (
    answer_close,
    close,
    final,
    interim,
    raw,
    read_audio,
    read_to_close_stream,
    stall,
    wait,
)

# -- the end as it should be --------------------------------------------------------------


@pytest.mark.parametrize("how", [live, with_block, file])
@pytest.mark.parametrize("engine", CLOSING)
def test_engine_that_closes(engine: str, how: How) -> None:
    """It is sent all audio, its silence and CloseStream; its close is the end of a result."""
    steps = (all_audio(engine), final("one"), final("two"), final("three"), close(1000))
    result, link = end_of(*steps, how=how, transcription_engine=engine)
    assert (result.text, result.complete, result.ended_by) == (
        "one two three",
        True,
        "server_close",
    )
    assert bytes(link.audio) == SPEECH + silence(TRAILING[engine])
    assert link.texts == ['{"type":"CloseStream"}']
    assert link.close_code == 1000
    assert result.audio_seconds == pytest.approx(0.2)


@pytest.mark.parametrize("how", [live, with_block, file])
@pytest.mark.parametrize("engine", STAYING)
def test_engine_that_stays(engine: str, how: How) -> None:
    """It is sent all audio and a second of silence; quiet after a final is the end."""
    one, two = (json.dumps({"transcript": each, "is_final": True}) for each in ("one", "two"))
    # In one piece, so that no quiet lies between them.
    both_finals = raw(frame(TEXT, one.encode()) + frame(TEXT, two.encode()))
    steps = (all_audio(engine), both_finals, answer_close)
    result, link = end_of(*steps, how=how, transcription_engine=engine, quiet_period=0.1)
    assert (result.text, result.complete, result.ended_by) == ("one two", True, "quiet")
    assert bytes(link.audio) == SPEECH + silence(1.0)
    assert link.texts == []
    assert link.close_code == 1000


def test_unknown_engine() -> None:
    """An engine that nobody knows is told by CloseStream, and may close or fall quiet."""
    with pytest.warns(UserWarning, match="not known"):
        result, _ = end_of(
            read_to_close_stream(), final("x"), close(), transcription_engine="Brandnew"
        )
    assert result.ended_by == "server_close"
    with pytest.warns(UserWarning, match="not known"):
        result, _ = end_of(
            read_to_close_stream(),
            final("x"),
            answer_close,
            transcription_engine="Brandnew",
            quiet_period=0.1,
        )
    assert (result.text, result.ended_by) == ("x", "quiet")


@both
def test_late_finals(how: How) -> None:
    """Finals that come in several frames and after pauses are waited for, until the close."""

    def late(link: Link) -> None:
        for words in ("one", "two", "three"):
            link.stopping.wait(0.3)
            final(words)(link)
        link.stopping.wait(0.3)

    result, _ = end_of(read_to_close_stream(), late, close(), how=how, drain_timeout=5.0)
    assert result.text == "one two three"


@both
def test_close_frame_is_the_end(how: How) -> None:
    """The result is there with the close frame, though the server leaves TCP open."""
    returned = threading.Event()
    with Peer(read_to_close_stream(), final("x"), close(), wait(returned)) as peer:
        assert how(transcriber(peer.url), SPEECH).text == "x"
        took = time.monotonic() - peer.link().marks["closed"]
        returned.set()
    assert took < AT_ONCE


@pytest.mark.parametrize("code", [1000, 1001, None])
@both
def test_close_codes_that_end(how: How, code: Optional[int]) -> None:
    """After everything is out, 1000, 1001 and a close frame without a code are the end."""
    result, link = end_of(read_to_close_stream(), final("x"), close(code), how=how)
    assert (result.text, result.ended_by) == ("x", "server_close")
    assert link.close_code == (code or 1005)


def test_staying_engine_that_closes() -> None:
    """An engine that usually stays open may close: that is the end, at once."""
    steps = (all_audio("Telnyx"), final("x"), close(), stall)
    started = time.monotonic()
    result, _ = end_of_stalling(*steps, transcription_engine="Telnyx", quiet_period=60.0)
    assert (result.text, result.ended_by) == ("x", "server_close")
    assert time.monotonic() - started < 2 * AT_ONCE


def end_of_stalling(*steps: Step, **options: Any) -> Tuple[Transcription, Link]:
    """As ``end_of``, for a peer whose last step goes on until the test is over."""
    with Peer(*steps) as peer:
        return file(transcriber(peer.url, **options), SPEECH), peer.link()


@pytest.mark.parametrize("engine", ["Deepgram", "Azure"])
@pytest.mark.parametrize("how", [live, with_block])
def test_no_audio(how: How, engine: str) -> None:
    """A stream that got no audio ends at once, empty and complete, and closes the socket."""
    started = time.monotonic()
    result, link = end_of(answer_close, audio=b"", how=how, transcription_engine=engine)
    assert time.monotonic() - started < AT_ONCE
    assert (result.text, result.segments, result.complete) == ("", (), True)
    assert result.audio_seconds == 0.0
    assert bytes(link.audio) == b"" and link.close_code == 1000


def test_peer_that_ignores_our_close() -> None:
    """A peer that does not answer our close frame holds the result up for a moment only."""
    started = time.monotonic()
    result, _ = end_of_stalling(
        all_audio("Azure"), final("x"), stall, transcription_engine="Azure", quiet_period=0.1
    )
    assert (result.text, result.ended_by) == ("x", "quiet")
    assert time.monotonic() - started < 2 * AT_ONCE


def test_final_while_we_close() -> None:
    """A final that crosses our close frame on its way is heard."""

    def crossing(link: Link) -> None:
        while link.close_code is None:
            link.read_frame()
        final("and this")(link)
        close()(link)

    result, _ = end_of(
        all_audio("Azure"), final("first"), crossing, transcription_engine="Azure", quiet_period=0.1
    )
    assert result.text == "first and this"


# -- silence ------------------------------------------------------------------------------


@both
def test_silent_recording(how: How) -> None:
    """A recording of silence, about which the server has nothing to say, is an empty result."""
    result, _ = end_of(read_to_close_stream(), close(), audio=silence(0.5), how=how)
    assert (result.text, result.complete, result.ended_by) == ("", True, "server_close")


def test_silent_recording_and_an_empty_final() -> None:
    """A recording that only an empty final answers is an empty result, whatever it holds."""
    result, _ = end_of(read_to_close_stream(), final("", speech_final=True), close())
    assert (result.text, result.complete) == ("", True)


def test_silence_and_an_engine_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence that nothing answers ends as an empty result, though the engine never closes."""
    # Ten seconds of waiting, made short.
    monkeypatch.setattr("telnyx_stt_sync._drain.SILENCE_WITHOUT_FINAL", 0.3)
    quiet = silence(0.2)
    steps = (all_audio("Telnyx", quiet), answer_close)
    result, _ = end_of(*steps, audio=quiet, transcription_engine="Telnyx")
    assert (result.text, result.complete, result.ended_by) == ("", True, "quiet")


def test_final_only_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A final from before the end of the audio does not end the wait; the longer silence does."""
    monkeypatch.setattr("telnyx_stt_sync._drain.SILENCE_WITHOUT_FINAL", 1.0)
    told = threading.Event()
    steps = (read_audio(1), final("early"), wait(told), all_audio("Azure"), answer_close)
    with Peer(*steps) as peer:
        stt = transcriber(
            peer.url,
            transcription_engine="Azure",
            quiet_period=0.05,
            on_transcript=lambda transcript: told.set(),
        )
        with stt:
            stt.send(SPEECH)
            assert told.wait(20)
            sent = time.monotonic()
        waited = time.monotonic() - sent
    assert stt.result is not None
    assert (stt.result.text, stt.result.ended_by) == ("early", "quiet")
    assert waited > 1.0


@pytest.mark.parametrize("code", [1000, 1001, None])
def test_not_one_frame(code: Optional[int]) -> None:
    """A close without a single frame in answer to sound is a loss, not an empty result."""
    error = failure_of(read_to_close_stream(), close(code))
    assert isinstance(error, ConnectionLostError)
    assert error.code == (code or 1005)
    assert "without a single answer" in str(error)


# -- interims -----------------------------------------------------------------------------


@both
def test_trailing_interim(how: How) -> None:
    """An interim that no final followed is the last segment, marked as what it is."""
    steps = (read_to_close_stream(), final("sure"), interim("un"), interim("unsure"), close(None))
    result, _ = end_of(*steps, how=how, interim_results=True)
    assert result.text == "sure unsure"
    assert [segment.is_final for segment in result.segments] == [True, False]
    assert result.complete


@both
def test_interims_are_replaced(how: How) -> None:
    """Interims are no part of the result once their final has come."""
    steps = (read_to_close_stream(), interim("a"), interim("a b"), final("A b."), close())
    result, _ = end_of(*steps, how=how, interim_results=True)
    assert result.text == "A b."
    assert (result.stats.interims, result.stats.finals, result.stats.frames) == (2, 1, 3)
