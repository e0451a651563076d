"""Sessions with the emulator over real sockets, and the record of them."""

from __future__ import annotations

import json
import socket
import threading
from typing import Dict, List

import pytest

from telnyx_stt_sync.emulator import Emulator, Query, word_audio
from tests.wire.emulator_client import (
    CLOSE_STREAM,
    DEEPGRAM,
    LIMIT,
    TELNYX,
    WORD,
    open_client,
    read_all,
    talk,
)


def test_deepgram_session() -> None:
    """Interims grow, finals follow, also several after CloseStream, and the server closes 1000."""
    with Emulator(transcripts=["one two three", "four five", "six"]) as emulator:
        said = talk(emulator, WORD * 3)
    assert said.interims == ["one", "one two"]
    assert said.finals == ["one two three", "four five", "six"]
    assert said.close_code == 1000
    assert said.json[0] == {
        "transcript": "one",
        "is_final": False,
        "speech_final": False,
        "confidence": 0.84,
    }


def test_no_interims_unless_asked_for() -> None:
    """Without interim_results=true there are finals only."""
    with Emulator(transcripts=["one two three"]) as emulator:
        said = talk(emulator, WORD * 3, DEEPGRAM)
    assert (said.interims, said.finals) == ([], ["one two three"])


def test_every_connection_starts_the_script() -> None:
    """Each connection hears the script from its first utterance."""
    with Emulator(transcripts=["one", "two"]) as emulator:
        for _ in range(2):
            assert talk(emulator, WORD).finals == ["one", "two"]


def test_script_may_depend_on_the_query() -> None:
    """A function gives each connection its script."""

    def transcripts(query: Query) -> List[str]:
        return [query["language"], "-".join(query.get_all("keywords"))]

    with Emulator(transcripts=transcripts) as emulator:
        query = "&".join(f"{name}={value}" for name, value in DEEPGRAM.items())
        said = talk(emulator, WORD, query + "&language=de&keywords=a&keywords=b")
    assert said.finals == ["de", "a-b"]


def test_default_script_speaks_at_once() -> None:
    """Without arguments, there is something to hear."""
    with Emulator() as emulator:
        assert len(talk(emulator, WORD).finals) == 2


def test_session_without_audio_just_closes() -> None:
    """CloseStream without audio brings no transcript, and the close."""
    with Emulator(transcripts=["one"]) as emulator:
        said = talk(emulator, b"")
    assert (said.frames, said.close_code) == ([], 1000)


def test_telnyx_session_is_ended_by_the_client() -> None:
    """Telnyx ignores CloseStream, says finals when audio stops, and waits for the client."""
    with Emulator(transcripts=["one two", "three"]) as emulator:
        with open_client(emulator, {**TELNYX, "interim_results": "true"}) as client:
            client.send(WORD)
            client.send(CLOSE_STREAM)
            frames = [client.recv(), client.recv()]
            with pytest.raises(socket.timeout):
                client.recv(0.1)
        (session,) = emulator.sessions
        assert session.closed.wait(LIMIT)
    assert frames == session.frames
    assert [json.loads(frame) for frame in frames] == [
        {"transcript": " one two", "is_final": True, "confidence": None},
        {"transcript": " three", "is_final": True, "confidence": None},
    ]
    assert (session.close_code, session.closed_by) == (1000, "client")


def test_engine_of_the_emulator_wins() -> None:
    """With engine= all connections are served by that engine."""
    with Emulator(transcripts=["one"], engine="Telnyx") as emulator:
        with open_client(emulator, {**DEEPGRAM, "transcription_engine": "unheard-of"}) as client:
            client.send(WORD)
            assert json.loads(client.recv())["transcript"] == " one"


def test_finalize_forces_a_final() -> None:
    """Finalize brings what was said so far, and the session goes on."""
    with Emulator(transcripts=["one two three"]) as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            client.send(WORD)
            client.send('{"type":"Finalize"}')
            assert json.loads(client.recv())["transcript"] == "one"
            client.send(WORD)
            client.send(CLOSE_STREAM)
            assert read_all(client).finals == ["two three"]


def test_bad_parameter_is_answered_after_the_upgrade() -> None:
    """A rejected query gets its errors[] frame at once, then a close."""
    with Emulator() as emulator:
        with open_client(emulator, {**DEEPGRAM, "transcription_engine": "deepgram"}) as client:
            said = read_all(client)
        (session,) = emulator.sessions
    assert said.json[0]["errors"][0]["code"] == "40007"
    assert said.close_code == 1008
    assert (session.status, session.closed_by) == (101, "server")


def test_whole_clip_in_one_frame() -> None:
    """A frame of any size is taken."""
    words = [f"w{number}" for number in range(200)]
    with Emulator() as emulator:
        said = talk(emulator, word_audio(words), chunk=1 << 30)
    assert " ".join(said.finals).split() == words


@pytest.mark.parametrize("chunk", [640, 7777])
def test_word_audio_through_the_wire(chunk: int) -> None:
    """Every word of word audio is heard once, however it is framed."""
    words = [f"w{number}" for number in range(100)]
    with Emulator(transcripts=["not this"]) as emulator:
        said = talk(emulator, word_audio(words, pause_every=10), chunk=chunk)
    assert " ".join(said.finals).split() == words


def test_fragmented_frames() -> None:
    """Text and audio may come in fragments."""
    with Emulator(transcripts=["one two"]) as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            client.send([WORD[:100], WORD[100:]])
            client.send([CLOSE_STREAM[:5], CLOSE_STREAM[5:]])
            assert read_all(client).finals == ["one two"]
        assert emulator.sessions[0].audio == WORD
        assert emulator.sessions[0].text_frames == [CLOSE_STREAM]


def test_pings_are_answered() -> None:
    """A heartbeat gets its answer."""
    with Emulator() as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            client.ping()


def test_many_clients_at_once() -> None:
    """Clients do not disturb each other."""
    results: Dict[int, List[str]] = {}

    def work(number: int) -> None:
        words = [f"c{number}w{word}" for word in range(40)]
        results[number] = " ".join(talk(emulator, word_audio(words)).finals).split()

    with Emulator() as emulator:
        clients = [threading.Thread(target=work, args=(number,)) for number in range(20)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert results == {n: [f"c{n}w{word}" for word in range(40)] for n in range(20)}
    assert [session.index for session in emulator.sessions] == list(range(1, 21))


# The record


def test_sessions_are_recorded() -> None:
    """A session holds query, headers, audio, text, frames and the close; also after the end."""
    with Emulator(transcripts=["one"]) as emulator:
        with open_client(emulator, "keyterm=a&keyterm=b&" + "x=1", headers={"X-My": "v"}) as client:
            read_all(client)
        talk(emulator, WORD)
        assert [each.index for each in emulator.wait_for_sessions(2, LIMIT)] == [1, 2]
        for session in emulator.sessions:
            assert session.closed.wait(LIMIT)
    first, second = emulator.sessions
    assert first.query.get_all("keyterm") == ["a", "b"]
    assert first.headers["authorization"] == "Bearer key"
    assert first.headers["x-my"] == "v"
    assert first.path == "/v2/speech-to-text/transcription"
    assert second.audio == WORD
    assert second.text_frames == [CLOSE_STREAM]
    assert len(second.frames) == 1
    assert (second.status, second.close_code, second.closed_by) == (101, 1000, "server")


def test_without_a_record_nothing_is_kept() -> None:
    """record=False keeps no audio and no frames, for emulators that run long."""
    with Emulator(record=False) as emulator:
        talk(emulator, WORD)
        (session,) = emulator.sessions
    assert (session.audio, session.audio_bytes, session.frames) == (b"", len(WORD), [])


def test_waiting_for_a_session_that_does_not_come() -> None:
    """wait_for_sessions gives up after its timeout."""
    with Emulator() as emulator:
        with pytest.raises(TimeoutError, match="0 of 1 sessions"):
            emulator.wait_for_sessions(1, timeout=0.01)
