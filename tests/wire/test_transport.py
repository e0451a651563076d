"""Frames in and out of one connection, against a peer that sends every byte as the test says."""

from __future__ import annotations

import hashlib
import json
import resource
import socket
import struct
import sys
import threading
from typing import Any, List, Optional

import pytest

from telnyx_stt_sync import (
    BufferFullError,
    ConnectionLostError,
    RequestRejectedError,
    Transcription,
)
from telnyx_stt_sync._transport import Transport
from tests.wire.client import BYTES_PER_SECOND, SPEECH, recording, speech, transcriber
from tests.wire.peer import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Link, Peer, Step, frame
from tests.wire.steps import (
    answer_close,
    close,
    drip,
    final,
    half_frame,
    ping_and_read,
    raw,
    read_audio,
    read_to_close_stream,
    read_until,
    reset,
    stall,
    text,
    upgrade_and,
    wait,
)


def said(words: str, *, is_final: bool = True) -> bytes:
    """The payload of a transcript frame."""
    return json.dumps({"transcript": words, "is_final": is_final}).encode()


def transcribe(peer: Peer, audio: bytes = SPEECH) -> Transcription:
    """Send audio as a file, as fast as the peer reads."""
    return transcriber(peer.url).transcribe_file(recording(audio), speed=float("inf"))


def heard_from(*steps: Step) -> List[str]:
    """What the client hears when a peer says this after the audio, and closes."""
    with Peer(read_to_close_stream(), *steps, close()) as peer:
        return [segment.text for segment in transcribe(peer).segments]


def lost_by(*steps: Step) -> ConnectionLostError:
    """The error of a client whose peer says this after the audio, and then waits."""
    with Peer(read_to_close_stream(), final("before"), *steps, stall) as peer:
        with pytest.raises(ConnectionLostError) as caught:
            transcribe(peer)
    assert caught.value.partial is not None
    assert caught.value.partial.text == "before"
    return caught.value


# -- frames in ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [5, 200, 70_000], ids=["7 bit", "16 bit", "64 bit"])
def test_frame_split_anywhere(size: int) -> None:
    """A frame that arrives in two pieces is one frame, wherever the cut is."""
    words = "w" * size
    whole = frame(TEXT, said(words))
    # Every byte of the header and of small frames, some of the rest.
    cuts = sorted({*range(1, min(20, len(whole))), *range(20, len(whole), max(1, size // 20))})

    def step(link: Link) -> None:
        for number, cut in enumerate(cuts):
            # The pong shows that what came with the ping, the first piece, was taken in.
            mark = b"%d" % number
            link.send(frame(PING, mark) + whole[:cut])
            read_until(lambda link, mark=mark: mark in link.pongs)(link)  # type: ignore[misc]
            link.send(whole[cut:])

    assert heard_from(step) == [words] * len(cuts)


def test_frames_byte_by_byte() -> None:
    """Frames of every kind that arrive one byte at a time are all taken in."""
    frames = frame(TEXT, said("one")) + frame(PING, b"?") + frame(BINARY, b"?")
    frames += frame(TEXT, said("tw"), fin=True) + frame(PONG) + frame(TEXT, said("three" * 40))
    assert heard_from(drip(frames)) == ["one", "tw", "three" * 40]


def test_many_frames_in_one_piece() -> None:
    """Frames that arrive together are taken in one by one, in their order."""
    expected = [f"word{number}" for number in range(500)]
    frames = b"".join(frame(TEXT, said(words)) for words in expected)
    assert heard_from(raw(frames)) == expected


def test_a_socket_that_keeps_bytes_back() -> None:
    """Sockets of which nobody knows what they keep are read until they have no more to give."""
    words = [f"w{number}" for number in range(10)]

    class Holding(socket.socket):
        """It takes all that has come, and gives little at a time."""

        held = b""

        def recv(self, size: int, flags: int = 0) -> bytes:
            self.held += super().recv(size) if not self.held else b""
            given, self.held = self.held[:7], self.held[7:]
            return given

    ours, theirs = socket.socketpair()
    with Holding(fileno=ours.detach()) as holding, theirs:
        holding.setblocking(False)
        transport = Transport(holding)
        theirs.sendall(b"".join(frame(TEXT, said(word)) for word in words))
        frames = transport.receive()
        while transport.has_unread:
            frames += transport.receive()
    assert [each.payload for each in frames] == [said(word) for word in words]


def test_a_socket_that_takes_nothing() -> None:
    """One that says so with a 0 in place of an exception, as TLS does under gevent."""
    refused: List[int] = []

    class Refusing(socket.socket):
        def send(self, data: Any, flags: int = 0) -> int:
            refused.append(len(data))
            assert len(refused) == 1, "it was asked again at once"
            return 0

    ours, theirs = socket.socketpair()
    with Refusing(fileno=ours.detach()) as refusing, theirs:
        transport = Transport(refusing)
        transport.send(BINARY, b"audio")
        assert transport.flush() == 0
        assert transport.wants_to_write and transport.outgoing


def test_close_in_the_same_piece() -> None:
    """Finals that arrive together with the close frame are heard."""
    pieces = frame(TEXT, said("last words")) + frame(CLOSE, struct.pack("!H", 1000))
    with Peer(read_to_close_stream(), raw(pieces)) as peer:
        result = transcribe(peer)
    assert (result.text, result.ended_by) == ("last words", "server_close")


def test_data_behind_the_upgrade() -> None:
    """Frames that arrive in one piece with the answer to the upgrade are heard."""
    greeting = upgrade_and(frame(TEXT, said("early")) + frame(TEXT, said("birds")))
    with Peer(read_to_close_stream(), close(), greeting=greeting) as peer:
        assert transcribe(peer).text == "early birds"


def test_half_a_frame_behind_the_upgrade() -> None:
    """A frame whose first half arrives with the answer to the upgrade is heard."""
    whole = frame(TEXT, said("early"))
    steps = (read_audio(1), raw(whole[7:]), read_to_close_stream(), close())
    with Peer(*steps, greeting=upgrade_and(whole[:7])) as peer:
        assert transcribe(peer).text == "early"


def test_rejection_behind_the_upgrade() -> None:
    """An errors[] frame and a close right behind the upgrade are the error of the stream."""
    rejection = {"errors": [{"code": "40007", "detail": "no", "source": {"parameter": "x"}}]}
    pieces = frame(TEXT, json.dumps(rejection).encode()) + frame(CLOSE, struct.pack("!H", 1008))
    with Peer(greeting=upgrade_and(pieces)) as peer:
        with pytest.raises(RequestRejectedError) as caught:
            transcribe(peer)
    assert (caught.value.code, caught.value.parameter) == ("40007", "x")


def test_fragments() -> None:
    """A message in fragments is one message, also with pings between them."""
    payload = said("in several pieces")
    pieces = [payload[index : index + 4] for index in range(0, len(payload), 4)]
    steps = [raw(frame(TEXT, pieces[0], fin=False))]
    for number, piece in enumerate(pieces[1:-1]):
        steps += [ping_and_read(b"%d" % number), raw(frame(CONTINUATION, piece, fin=False))]
    steps += [raw(frame(PONG)), raw(frame(CONTINUATION, b"", fin=False))]
    steps += [raw(frame(CONTINUATION, pieces[-1]))]
    assert heard_from(*steps, final("next")) == ["in several pieces", "next"]


def test_masked_frames() -> None:
    """Frames that a server masks, which none should, are understood."""
    assert heard_from(raw(frame(TEXT, said("masked"), masked=True))) == ["masked"]


def test_large_message() -> None:
    """A message of a megabyte is heard."""
    words = "word " * 200_000
    assert heard_from(text({"transcript": words, "is_final": True})) == [words.strip()]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(frame(TEXT, b"abc", reserved=4), id="reserved bit 1"),
        pytest.param(frame(TEXT, b"abc", reserved=1), id="reserved bit 3"),
        pytest.param(frame(3, b"abc"), id="unknown opcode"),
        pytest.param(frame(0xB, b"abc"), id="unknown control opcode"),
        pytest.param(frame(PING, b"x" * 126), id="oversized ping"),
        pytest.param(frame(PONG, b"x" * 70_000), id="oversized pong"),
        pytest.param(frame(CLOSE, b"\x03\xe8" + b"x" * 124), id="oversized close"),
        pytest.param(frame(CLOSE, b"\x03"), id="close with half a code"),
        pytest.param(frame(PING, b"x", fin=False), id="split ping"),
        pytest.param(frame(PONG, b"x", fin=False), id="split pong"),
        pytest.param(frame(CONTINUATION, b"abc"), id="continuation of nothing"),
        pytest.param(frame(TEXT, b"a", fin=False) + frame(TEXT, b"b"), id="message in a message"),
        pytest.param(frame(TEXT, claimed=1 << 40), id="2^40 bytes"),
        pytest.param(frame(BINARY, claimed=(1 << 63) + 5), id="negative length"),
        pytest.param(frame(TEXT, b"x", claimed=5 * 1024 * 1024), id="5 MB"),
    ],
)
def test_broken_protocol(wrong: bytes) -> None:
    """A frame that no server may send loses the connection at once, and the error says why."""
    message = str(lost_by(raw(wrong)))
    assert "WebSocket protocol" in message
    assert "%" not in message and "('" not in message, "a sentence, not the parts of one"


def test_broken_protocol_after_good_frames() -> None:
    """What arrives in one piece with a broken frame, before it, is heard."""
    pieces = b"".join(frame(TEXT, said(words)) for words in ("a", "b")) + frame(3)
    with Peer(read_to_close_stream(), raw(pieces), stall) as peer:
        with pytest.raises(ConnectionLostError) as caught:
            transcribe(peer)
    assert caught.value.partial is not None
    assert caught.value.partial.text == "a b"


@pytest.mark.parametrize("piece", [b"x" * 60_000, b"x", b""], ids=["60 kB", "1 byte", "empty"])
def test_endless_fragments(piece: bytes) -> None:
    """A message whose fragments never end loses the connection, and fills no memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    block = frame(CONTINUATION, piece, fin=False) * (1 if len(piece) > 1000 else 1000)

    def endless(link: Link) -> None:
        link.send(frame(TEXT, piece, fin=False))
        while True:
            link.send(block)

    assert "WebSocket protocol" in str(lost_by(endless))
    if sys.platform == "linux":  # where the figure is in kB
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown < 60 * 1024


# -- pings --------------------------------------------------------------------------------


def test_pong_carries_the_payload() -> None:
    """Each ping is answered by a pong with the same payload, of up to 125 bytes."""
    payloads = [b"", b"x", bytes(range(125))]
    with Peer(*map(ping_and_read, payloads), read_to_close_stream(), final("x"), close()) as peer:
        transcribe(peer)
        assert peer.finished().pongs == payloads


def test_pong_overtakes_the_audio() -> None:
    """A ping is answered in the midst of the audio while the peer reads slowly."""
    audio = speech(60.0)
    behind: List[int] = []

    def step(link: Link) -> None:
        for number in range(10):
            mark, before = b"%d" % number, len(link.audio)
            link.send(frame(PING, mark))
            while mark not in link.pongs:
                link.read_frame(most=2000)
            behind.append(len(link.audio) - before)

    steps = (step, read_to_close_stream(), final("x"), close())
    with Peer(*steps, receive_buffer=8192) as peer:
        transcribe(peer, audio)
        assert bytes(peer.finished().audio) == audio
    # What the two kernels hold, twice SO_SNDBUF at most, goes before it; not the 1.9 MB that wait.
    assert max(behind) < 300_000


def test_pings_without_end() -> None:
    """A peer that pings and does not read our answers fills no memory, and is still heard."""
    audio = speech(30.0)  # more than the kernels hold: all of it is out after the last pong
    pings = frame(PING, b"x" * 125) * 100_000
    is_heard = threading.Event()

    def step(link: Link) -> None:
        link.send(pings + frame(TEXT, said("after the pings")))

    steps = (read_audio(1), step, wait(is_heard), read_to_close_stream(), close())
    with Peer(*steps, receive_buffer=8192) as peer:
        stt = transcriber(peer.url, on_transcript=lambda transcript: is_heard.set())
        heard = stt.transcribe_file(recording(audio), speed=float("inf"))
        link = peer.finished()
    assert heard.text == "after the pings"
    assert bytes(link.audio) == audio
    assert len(link.pongs) < 5_000, "the others need not be answered, and were not kept"


# -- audio out ----------------------------------------------------------------------------


@pytest.mark.parametrize("most", [97, 4096])
def test_partial_writes(most: int) -> None:
    """A peer that reads little at a time gets every byte, in order, in frames of at most 16 kB."""
    audio = speech(10.0)

    def step(link: Link) -> None:
        while len(link.audio) < len(audio):
            link.read_frame(most=most)

    steps = (step, read_to_close_stream(), final("all"), close())
    with Peer(*steps, receive_buffer=4096) as peer:
        assert transcribe(peer, audio).text == "all"
        link = peer.finished()
    assert hashlib.sha256(link.audio).hexdigest() == hashlib.sha256(audio).hexdigest()
    assert max(link.audio_frames) <= 16_384


def test_stalled_peer_takes_little() -> None:
    """A peer that has stopped reading takes a bounded part of the audio; the rest stays here."""
    chunk = speech(1.0)
    go_on = threading.Event()
    steps = (wait(go_on), read_to_close_stream(), final("late"), close())
    with Peer(*steps, receive_buffer=8192) as peer:
        stt = transcriber(peer.url, buffer_seconds=1.0)
        stt.start()
        with pytest.raises(BufferFullError):
            for _ in range(100):
                stt.send(chunk, timeout=0.3)
        stats = stt.stats
        assert stats.sent_bytes < 300_000
        assert stats.accepted_bytes - stats.sent_bytes <= 2 * BYTES_PER_SECOND
        go_on.set()
        assert stt.finish().text == "late"
        assert len(peer.finished().audio) == stats.accepted_bytes


def test_finals_while_the_peer_does_not_read() -> None:
    """Transcripts are heard while the peer has stopped reading and audio waits."""
    heard = threading.Event()
    go_on = threading.Event()
    chunk = speech(1.0)
    steps = (read_audio(1), wait(go_on), final("now"), wait(heard), read_to_close_stream(), close())
    with Peer(*steps, receive_buffer=8192) as peer:
        stt = transcriber(
            peer.url, buffer_seconds=1.0, on_transcript=lambda transcript: heard.set()
        )
        stt.start()
        with pytest.raises(BufferFullError):
            for _ in range(100):
                stt.send(chunk, timeout=0.2)
        go_on.set()
        assert stt.finish().text == "now"


def test_audio_frames_are_masked_anew() -> None:
    """No two audio frames carry the same mask (RFC 6455, section 5.3)."""
    masks: List[bytes] = []

    def step(link: Link) -> None:
        for _ in range(20):
            while len(link._received) < 6:
                link._read_more()
            head = bytes(link._received[:8])
            start = 4 if head[1] & 0x7F == 126 else 2
            while len(link._received) < start + 4:
                link._read_more()
            masks.append(bytes(link._received[start : start + 4]))
            link.read_frame()

    with Peer(step, read_to_close_stream(), final("x"), close()) as peer:
        transcribe(peer, speech(20.0))
    assert len(set(masks)) == len(masks) == 20


# -- the end of the connection ------------------------------------------------------------


# When the reset comes, either the client waits for the peer to read on, or audio flows and the
# next write fails before the client has looked at what came.
flow = pytest.mark.parametrize(
    ("size", "receive_buffer"), [(1, 8192), (200_000, None)], ids=["blocked", "flowing"]
)


@flow
def test_answer_before_a_reset(size: int, receive_buffer: Optional[int]) -> None:
    """An errors[] frame that arrives just before a reset is the error, though we were writing."""
    rejection = {"errors": [{"code": "40003", "detail": "sample_rate is missing"}]}
    for _ in range(20):
        with Peer(read_audio(size), text(rejection), reset, receive_buffer=receive_buffer) as peer:
            with pytest.raises(RequestRejectedError) as caught:
                transcribe(peer, speech(60.0))
        assert caught.value.code == "40003"


@flow
def test_finals_before_a_reset(size: int, receive_buffer: Optional[int]) -> None:
    """Finals that arrive just before a reset stand in the error, though we were writing."""
    expected = [f"w{number}" for number in range(200)]
    frames = b"".join(frame(TEXT, said(words)) for words in expected)
    for _ in range(20):
        with Peer(read_audio(size), raw(frames), reset, receive_buffer=receive_buffer) as peer:
            with pytest.raises(ConnectionLostError) as caught:
                transcribe(peer, speech(60.0))
        assert caught.value.partial is not None
        assert [segment.text for segment in caught.value.partial.segments] == expected


def test_end_of_reading_alone() -> None:
    """A peer that takes no more bytes but still talks is heard to the end."""

    def deaf(link: Link) -> None:
        link.read_frame()
        link.sock.shutdown(socket.SHUT_RD)

    steps = (read_audio(1), deaf, final("one"), final("two"), close(1011, "worn out"))
    with Peer(*steps, receive_buffer=8192) as peer:
        with pytest.raises(ConnectionLostError) as caught:
            transcribe(peer, speech(30.0))
    assert (caught.value.code, caught.value.reason) == (1011, "worn out")
    assert caught.value.partial is not None
    assert caught.value.partial.text == "one two"


def test_end_within_a_frame() -> None:
    """A connection that ends within a frame is lost, and what came before is kept."""
    with Peer(read_to_close_stream(), final("whole"), half_frame) as peer:
        with pytest.raises(ConnectionLostError) as caught:
            transcribe(peer)
    assert caught.value.code == 1006
    assert caught.value.partial is not None
    assert caught.value.partial.text == "whole"


def test_close_is_answered() -> None:
    """A close frame of the server is answered by one with the same code."""
    with Peer(read_to_close_stream(), final("x"), close(1001)) as peer:
        transcribe(peer)
        assert peer.finished().close_code == 1001


def test_our_close_says_1000() -> None:
    """A stream that we end says so by a close frame, and waits for the answer to it."""
    # The engine never closes, and gets a second of silence behind the audio.
    size = len(SPEECH) + BYTES_PER_SECOND
    with Peer(read_audio(size), final("x"), answer_close) as peer:
        stt = transcriber(peer.url, transcription_engine="Azure", quiet_period=0.05)
        stt.start()
        stt.send(SPEECH)
        assert stt.finish().ended_by == "quiet"
        assert peer.finished().close_code == 1000
