"""Faults of the connection itself, over real sockets: dead peers, cuts, and frames without end."""

from __future__ import annotations

import socket
import sys
import time
from typing import Iterator

import pytest

from telnyx_stt_sync.emulator import Emulator, Fault, word_audio
from telnyx_stt_sync.emulator._connection import PIECE_BYTES
from telnyx_stt_sync.emulator._fault import Trigger
from telnyx_stt_sync.emulator._outbox import SendRaw
from tests.wire.emulator_client import (
    CLOSE_STREAM,
    DEEPGRAM,
    LIMIT,
    TELNYX,
    WORD,
    Client,
    Closed,
    open_client,
    read_all,
    refused,
    stop_quickly,
    talk,
    tcp_connection,
)

WORDS = [f"w{number}" for number in range(30)]

# As much as the emulator works off at a time: a fault behind it happens before more is read.
PIECE = bytes(PIECE_BYTES)

# How long to look for what must not come.
A_WHILE = 0.3

REQUEST = (
    b"GET /v2/speech-to-text/transcription?transcription_engine=Deepgram"
    b"&input_format=linear16&sample_rate=16000 HTTP/1.1\r\n"
    b"Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nAuthorization: Bearer key\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def fill_up(client: Client) -> None:
    """Send until nothing more goes out, as the peer does not read."""
    client.socket.settimeout(A_WHILE)
    with pytest.raises(socket.timeout):
        while True:
            client.socket.sendall(bytes(1 << 20))


@pytest.fixture(params=[False, True], ids=["tcp", "tls"])
def tls(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Each of these faults must be the same under TLS."""
    yield request.param


def test_half_open(tls: bool) -> None:
    """The words before come; then no pong, no answer, no close, and in the end no room."""
    faults = [f"half_open_after={len(WORD)}"]
    with Emulator(transcripts=["one", "two"], faults=faults, tls=tls) as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            client.send(WORD)
            assert "one" in str(client.recv())
            client.send(WORD)
            client.send(CLOSE_STREAM)
            with pytest.raises(socket.timeout):
                client.ping(A_WHILE)
            fill_up(client)
            (session,) = emulator.sessions
            assert (session.audio_bytes, session.closed.is_set()) == (len(WORD), False)
            stop_quickly(emulator)
            with pytest.raises((Closed, OSError)):
                client.recv()
    assert (session.close_code, session.closed_by) == (1006, None)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system does not tell")
@pytest.mark.parametrize("fault", ["half_open_after", "stalls_after"])
def test_client_that_leaves_a_dead_peer(fault: str, tls: bool) -> None:
    """When the client goes, so does the connection, though nobody reads."""
    with Emulator(faults=[f"{fault}={len(PIECE)}"], tls=tls) as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            client.send(PIECE)
            (session,) = emulator.wait_for_sessions(1, LIMIT)
            assert session.wait_for(lambda it: it.audio_bytes == len(PIECE), LIMIT)
            client.send(PIECE)
            with pytest.raises(socket.timeout):
                client.ping(A_WHILE)
            assert not session.closed.is_set()
            client.socket.close()
            assert session.closed.wait(LIMIT)
    assert (session.audio_bytes, session.close_code) == (len(PIECE), 1006)


def test_stalls(tls: bool) -> None:
    """What was heard before the stall is still answered; nothing is read after it."""
    faults = [f"stalls_after={len(PIECE)}", "slow_finals=0.3"]
    with Emulator(transcripts=["one", "two"], faults=faults, tls=tls) as emulator:
        with open_client(emulator, TELNYX) as client:
            client.send(PIECE)
            (session,) = emulator.wait_for_sessions(1, LIMIT)
            assert session.wait_for(lambda it: it.audio_bytes == len(PIECE), LIMIT)
            client.send(PIECE)
            assert "one" in str(client.recv())
            with pytest.raises(socket.timeout):
                client.ping(A_WHILE)
            fill_up(client)
            assert (session.audio_bytes, session.closed.is_set()) == (len(PIECE), False)
            stop_quickly(emulator)


def test_no_pong() -> None:
    """Pings go unanswered, everything else is as ever."""
    with Emulator(transcripts=["one"], faults=["no_pong"]) as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            with pytest.raises(socket.timeout):
                client.ping(A_WHILE)
            client.send(WORD)
            client.send(CLOSE_STREAM)
            said = read_all(client)
    assert (said.finals, said.close_code) == (["one"], 1000)


def test_cut_after_finals(tls: bool) -> None:
    """The finals up to the N-th arrive, then TCP ends without a close frame."""
    with Emulator(faults=["cut_after_finals=2"], tls=tls) as emulator:
        said = talk(emulator, word_audio(WORDS), DEEPGRAM)
        (session,) = emulator.sessions
        assert session.closed.wait(LIMIT)
    assert (len(said.finals), said.close_code) == (2, None)
    assert " ".join(said.finals).split() == WORDS[:16]
    assert (session.close_code, session.closed_by) == (1006, None)


def test_late_close() -> None:
    """All finals come at once, the close comes late."""
    with Emulator(transcripts=["one", "two"], faults=["late_close=0.4@1"]) as emulator:
        started = time.monotonic()
        said = talk(emulator, WORD)
        assert time.monotonic() - started >= 0.4
    assert (said.finals, said.close_code) == (["one", "two"], 1000)


def test_close_that_does_not_come() -> None:
    """By default it is so late that clients must give up before; pings are answered."""
    with Emulator(transcripts=["one"], faults=["late_close"]) as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            client.send(WORD)
            client.send(CLOSE_STREAM)
            assert "one" in str(client.recv())
            with pytest.raises(socket.timeout):
                client.recv(A_WHILE)
            client.ping()
            stop_quickly(emulator)


def test_silent_close() -> None:
    """The audio is taken, and the end of it is answered by nothing but the close."""
    with Emulator(faults=["silent_close"]) as emulator:
        said = talk(emulator, word_audio(WORDS))
        assert emulator.sessions[0].audio == word_audio(WORDS)
    assert (said.frames, said.close_code) == ([], 1000)


def test_slow_handshake(tls: bool) -> None:
    """The upgrade's answer takes its time, byte by byte; then all is well."""
    faults = ["slow_handshake=0.002"]
    with Emulator(transcripts=["one"], faults=faults, tls=tls) as emulator:
        started = time.monotonic()
        said = talk(emulator, WORD)
        # No answer that is an upgrade is shorter than 100 bytes.
        assert time.monotonic() - started >= 0.2
    assert (said.finals, said.close_code) == (["one"], 1000)


def test_slow_refusal() -> None:
    """A refusal is as slow, and complete."""
    with Emulator(faults=["slow_handshake=0.001", "forbidden"]) as emulator:
        response = refused(emulator)
    assert response.status_code == 403
    assert b"not allowed" in response.body


def test_stop_during_a_slow_handshake() -> None:
    """An answer that would take minutes does not hold the emulator up, and is not completed."""
    with Emulator(faults=["slow_handshake"]) as emulator, tcp_connection(emulator) as raw:
        raw.sendall(REQUEST)
        assert raw.recv(1) == b"H"
        stop_quickly(emulator)
        rest = b"".join(iter(lambda: raw.recv(4096), b""))
    assert b"HTTP/1.1 101".startswith(b"H" + rest)


def open_raw(emulator: Emulator, raw: socket.socket) -> bytes:
    """Shake hands by plain bytes; returns what came behind the answer."""
    raw.sendall(REQUEST)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += raw.recv(4096)
    assert answer.startswith(b"HTTP/1.1 101")
    return answer.partition(b"\r\n\r\n")[2]


def test_huge_frame() -> None:
    """A frame of a terabyte is announced, 4 kB of it come, and then nothing more."""
    with Emulator(faults=["huge_frame"]) as emulator, tcp_connection(emulator) as raw:
        received = open_raw(emulator, raw)
        while len(received) < 10 + 15 + 4000:
            received += raw.recv(4096)
        raw.settimeout(A_WHILE)
        with pytest.raises(socket.timeout):
            raw.recv(4096)
        stop_quickly(emulator)
    assert received[:10] == b"\x81\x7f" + (1 << 40).to_bytes(8, "big")
    assert received[10:].startswith(b'{"transcript": "word word')


def test_endless_fragments() -> None:
    """Fragments without a last one come for as long as somebody reads."""
    with Emulator(faults=["endless_fragments"]) as emulator, tcp_connection(emulator) as raw:
        received = open_raw(emulator, raw)
        while len(received) < 50000:
            received += raw.recv(65536)
        stop_quickly(emulator)
    begin = b'\x01\x10{"transcript": "'
    assert received.startswith(begin + b"\x00\x05word " * 200)


def test_endless_fragments_leave_room_for_pongs() -> None:
    """Pings are answered between the fragments."""
    with Emulator(faults=["endless_fragments"]) as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            assert client.recv() == '{"transcript": "'
            client.ping()
            stop_quickly(emulator)


def test_endless_fragments_for_a_client_that_does_not_read() -> None:
    """What nobody reads does not hold the emulator up."""

    class Torrent(Fault):
        name = "torrent"
        triggers = (Trigger((SendRaw(bytes(1 << 24)),), seconds=0.0, every=0.001),)

    with Emulator(faults=[Torrent()]) as emulator, tcp_connection(emulator) as raw:
        open_raw(emulator, raw)
        # More than the system takes, for sure: the emulator has to wait.
        raw.recv(1)
        stop_quickly(emulator)
