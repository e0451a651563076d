"""Whether the peer lives: pings, and what counts as a sign of life."""

from __future__ import annotations

import threading

import pytest

from telnyx_stt_sync import ConnectionLostError
from tests.wire.client import SPEECH, recording, speech, transcriber
from tests.wire.peer import PING, PONG, Link, Peer, frame
from tests.wire.steps import (
    answer_pings,
    close,
    final,
    raw,
    read_audio,
    read_to_close_stream,
    stall,
)


def test_pings_in_silence() -> None:
    """A connection on which nothing moves is pinged; a peer that answers stays alive."""

    def step(link: Link) -> None:
        while len(link.pings) < 4:
            opcode, payload = link.read_frame()
            if opcode == PING:
                link.send(frame(PONG, payload))

    with Peer(step, final("alive"), read_to_close_stream(), close()) as peer:
        heard = threading.Event()
        stt = transcriber(
            peer.url,
            ping_interval=0.1,
            ping_timeout=5.0,
            on_transcript=lambda transcript: heard.set(),
        )
        with stt:
            stt.send(SPEECH)
            assert heard.wait(10)
    assert stt.result is not None and stt.result.text == "alive"


def test_dead_peer() -> None:
    """A peer that neither reads nor answers is given up after ping_interval + ping_timeout."""
    with Peer(read_audio(1), stall, receive_buffer=8192) as peer:
        stt = transcriber(peer.url, ping_interval=0.2, ping_timeout=0.2, on_error=lambda error: 0)
        stt.start()
        with pytest.raises(ConnectionLostError, match="ping"):
            while True:
                stt.send(SPEECH)


def test_slow_reader_is_alive() -> None:
    """A peer that reads slowly and says nothing is not dead: bytes go out to it."""
    audio = speech(18.0)

    def slow(link: Link) -> None:
        link.mark("start")
        # While the client has more to send: what the two kernels hold moves nothing at its end.
        while len(link.audio) < len(audio) - 150_000:
            link.read_frame(most=4096, pause=0.015)
        link.mark("end")

    with Peer(slow, read_to_close_stream(), final("x"), close(), receive_buffer=4096) as peer:
        stt = transcriber(peer.url, ping_interval=0.4, ping_timeout=0.4)
        assert stt.transcribe_file(recording(audio), speed=float("inf")).text == "x"
        marks = peer.finished().marks
    assert marks["end"] - marks["start"] > 0.8, "or this has shown nothing"


def test_pongs_alone_keep_it_open() -> None:
    """A peer that only answers pings stays alive, and is no progress for the drain."""
    with Peer(read_to_close_stream(), answer_pings) as peer:
        stt = transcriber(peer.url, ping_interval=0.05, ping_timeout=1.5, drain_timeout=2.5)
        with pytest.raises(TimeoutError, match="drain_timeout"):
            stt.transcribe_file(recording(SPEECH), speed=float("inf"), timeout=20)
        assert len(peer.finished().pings) >= 3


@pytest.mark.parametrize("data", [frame(PONG, b"hello"), frame(PING, b"bye")], ids=["pong", "ping"])
def test_control_frame_before_close(data: bytes) -> None:
    """A pong that nobody asked for, or a ping right before the close frame, does no harm."""
    with Peer(read_to_close_stream(), final("x"), raw(data), close()) as peer:
        result = transcriber(peer.url).transcribe_file(recording(SPEECH), speed=float("inf"))
    assert result.text == "x"
