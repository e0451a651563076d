"""Servers that owe something and do not give it: every wait for them has an end."""

from __future__ import annotations

import array
import math
import time
from typing import List

import pytest

from telnyx_stt_sync import Transcription, TranscriptionTimeout
from tests.wire.client import (
    AT_ONCE,
    SPEECH,
    How,
    both,
    file,
    heard,
    live,
    recording,
    speech,
    transcriber,
)
from tests.wire.peer import CLOSE_STREAM, PING, Link, Peer, frame
from tests.wire.steps import (
    close,
    drip_for_ever,
    final,
    read_audio,
    read_to_close_stream,
    read_until_gone,
    stall,
)


@pytest.mark.parametrize("engine", ["Deepgram", "Azure"])
@both
def test_drain_timeout(how: How, engine: str) -> None:
    """A server that neither answers nor closes: TranscriptionTimeout after drain_timeout."""
    with Peer(read_until_gone) as peer:
        stt = transcriber(
            peer.url, transcription_engine=engine, drain_timeout=0.3, on_error=lambda error: None
        )
        started = time.monotonic()
        with pytest.raises(TranscriptionTimeout, match="drain_timeout") as caught:
            how(stt, SPEECH)
        assert 0.29 < time.monotonic() - started < AT_ONCE
        assert peer.finished().close_code == 1000
    assert isinstance(caught.value, TimeoutError)
    assert heard(caught.value) == ""
    assert caught.value.partial is not None and caught.value.partial.ended_by == "timeout"


def test_drain_timeout_counts_from_progress() -> None:
    """Each frame gives the drain a new drain_timeout; what was heard stands in the error."""

    def slow(link: Link) -> None:
        for number in range(4):
            link.stopping.wait(0.5)
            link.mark("last")
            final(str(number))(link)

    with Peer(read_to_close_stream(), slow, stall) as peer:
        with pytest.raises(TranscriptionTimeout) as caught:
            file(transcriber(peer.url, drain_timeout=1.5), SPEECH)
        assert time.monotonic() - peer.link().marks["last"] > 1.45
    assert heard(caught.value) == "0 1 2 3"


def test_drain_timeout_waits_for_slow_uploads() -> None:
    """Audio that still goes out is progress, too: a slow up-link is no timeout."""
    audio = array.array("f", [0.25] * 10_000)

    def slow(link: Link) -> None:
        # Behind the audio go two seconds of silence, 768 kB at this rate, and CloseStream.
        while CLOSE_STREAM not in link.texts:
            if len(link.audio) < 4 * len(audio):
                link.mark("audio")
            link.read_frame(most=8192, pause=0.02)
        link.mark("all")

    with Peer(slow, final("x"), close(), receive_buffer=4096) as peer:
        stt = transcriber(
            peer.url,
            transcription_engine="Soniox",
            input_format="linear32",
            sample_rate=96_000,
            drain_timeout=2.0,
        )
        assert live(stt, audio).text == "x"
        marks = peer.finished().marks
    assert marks["all"] - marks["audio"] > 2.4, "or this has shown nothing"


@both
def test_peer_that_pings_and_does_not_read(how: How) -> None:
    """Pings alone keep no drain open: after drain_timeout without progress it is over."""
    endless = drip_for_ever(frame(PING, b"?"), 0.05)
    with Peer(read_audio(1), endless, receive_buffer=8192) as peer:
        stt = transcriber(
            peer.url, drain_timeout=0.4, buffer_seconds=120.0, on_error=lambda error: None
        )
        started = time.monotonic()
        with pytest.raises(TranscriptionTimeout, match="drain_timeout"):
            how(stt, speech(60.0))
        assert time.monotonic() - started < 0.4 + AT_ONCE


@both
def test_timeout_of_the_call(how: How, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeout of a call ends the stream, and its error holds what was heard by then."""
    monkeypatch.setattr("telnyx_stt_sync._stream.CALLBACK_GRACE", 10.0)
    ended: List[Transcription] = []

    def on_close(transcription: Transcription) -> None:
        time.sleep(0.05)
        ended.append(transcription)

    with Peer(read_to_close_stream(), final("so far"), stall) as peer:
        stt = transcriber(peer.url, on_close=on_close)
        started = time.monotonic()
        with pytest.raises(TranscriptionTimeout) as caught:
            if how is file:
                stt.transcribe_file(recording(SPEECH), speed=math.inf, timeout=1.5)
            else:
                stt.start().send(SPEECH)
                stt.finish(timeout=1.5)
        assert 1.45 < time.monotonic() - started < 1.5 + AT_ONCE
    assert heard(caught.value) == "so far"
    assert not stt.is_open
    assert ended == [caught.value.partial], "the callbacks come before the call returns"


@pytest.mark.parametrize("speed", [1.0, math.inf])
def test_timeout_in_the_midst_of_a_file(speed: float) -> None:
    """The timeout of transcribe_file() holds while audio is still to go, paced or blocked."""
    with Peer(read_audio(1), final("so far"), stall, receive_buffer=8192) as peer:
        started = time.monotonic()
        with pytest.raises(TranscriptionTimeout) as caught:
            transcriber(peer.url).transcribe_file(recording(speech(60.0)), speed=speed, timeout=1.5)
        assert time.monotonic() - started < 1.5 + AT_ONCE
    assert heard(caught.value) == "so far"
