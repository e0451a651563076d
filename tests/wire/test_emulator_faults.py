"""The emulator's faults over real sockets."""

from __future__ import annotations

import json
import socket
import time
from typing import Any, List, Tuple

import pytest

from telnyx_stt_sync.emulator import Emulator, word_audio
from tests.wire.emulator_client import (
    CLOSE_STREAM,
    DEEPGRAM,
    LIMIT,
    TELNYX,
    WORD,
    Conversation,
    open_client,
    refused,
    talk,
)

WORDS = [f"w{number}" for number in range(30)]
ONE_WORD = 9600


def broken(emulator: Emulator) -> Tuple[Conversation, Any]:
    """What a session that is to break brings, and the session once it is over."""
    said = talk(emulator, word_audio(WORDS), DEEPGRAM)
    session = emulator.sessions[-1]
    assert session.closed.wait(LIMIT)
    return said, session


def test_reset_after_bytes() -> None:
    """The TCP connection is reset after that much audio: no close frame, 1006."""
    with Emulator(faults=[f"reset_after={20 * ONE_WORD}"]) as emulator:
        said, session = broken(emulator)
    assert said.close_code is None
    assert (session.close_code, session.closed_by) == (1006, None)
    assert len(session.frames) == 2


@pytest.mark.parametrize(
    ("fault", "code"),
    [("", 1011), (":1013", 1013), (":4001", 4001), (":1000", 1000), (":1005", 1005)],
)
def test_close_after_bytes(fault: str, code: int) -> None:
    """The server closes after that much audio, with any code or none; the words before it came."""
    with Emulator(faults=[f"close_after={20 * ONE_WORD}{fault}"]) as emulator:
        said, session = broken(emulator)
    assert said.close_code == code
    assert " ".join(said.finals).split() == WORDS[:16]
    assert (session.close_code, session.closed_by) == (code, "server")


def test_end_of_tcp_without_a_close_frame() -> None:
    """close_after with 1006 ends TCP in good order and says nothing."""
    with Emulator(faults=[f"close_after={20 * ONE_WORD}:1006"]) as emulator:
        said, session = broken(emulator)
    assert said.close_code is None
    assert " ".join(said.finals).split() == WORDS[:16]
    assert (session.close_code, session.closed_by) == (1006, None)


def test_fault_of_the_first_connection_only() -> None:
    """With @1, the second connection is served well."""
    with Emulator(faults=["close_after=9600:1013@1", "unauthorized@2"]) as emulator:
        assert talk(emulator, word_audio(WORDS)).close_code == 1013
        assert refused(emulator).status_code == 401
        said = talk(emulator, word_audio(WORDS))
    assert (" ".join(said.finals).split(), said.close_code) == (WORDS, 1000)


def test_rejected() -> None:
    """An errors[] frame comes after the upgrade, then the close."""
    with Emulator(faults=["rejected"]) as emulator:
        said = talk(emulator, b"", end=None)
    assert said.json[0]["errors"][0]["code"] == "40007"
    assert said.close_code == 1008


def test_server_error() -> None:
    """The first audio is answered by an {"error"} frame, then the close."""
    with Emulator(faults=["server_error=out of order"]) as emulator:
        said = talk(emulator, WORD)
    assert (said.json, said.close_code) == ([{"error": "out of order"}], 1011)


def test_dead() -> None:
    """A dead session takes audio, answers nothing and is closed with 1000 after its time."""
    with Emulator(faults=["dead=0.2"]) as emulator:
        started = time.monotonic()
        said = talk(emulator, WORD)
        took = time.monotonic() - started
        assert emulator.sessions[0].audio == WORD
    assert (said.frames, said.close_code) == ([], 1000)
    assert took >= 0.2


def test_silent() -> None:
    """A silent session answers pings, and nothing else."""
    with Emulator(faults=["silent"]) as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            client.send(WORD)
            client.send(CLOSE_STREAM)
            client.ping()
            with pytest.raises(socket.timeout):
                client.recv(0.1)


def arrivals(emulator: Emulator, audio: bytes, query: Any, count: int) -> List[Tuple[float, str]]:
    """When the first transcripts come (seconds after the audio was sent), and what they say."""
    found: List[Tuple[float, str]] = []
    with open_client(emulator, query) as client:
        started = time.monotonic()
        client.send(audio)
        client.send(CLOSE_STREAM)
        while len(found) < count:
            frame = json.loads(client.recv())
            found.append((time.monotonic() - started, frame["transcript"]))
    return found


def test_slow_finals_come_one_after_the_other() -> None:
    """Finals that CloseStream brings come late, with the delay between them."""
    with Emulator(transcripts=["one", "two", "three"], faults=["slow_finals=0.15"]) as emulator:
        found = arrivals(emulator, WORD[:100], DEEPGRAM, 3)
        assert talk(emulator, WORD[:100]).close_code == 1000
    assert [text for _, text in found] == ["one", "two", "three"]
    for number, (when, _) in enumerate(found, start=1):
        assert when >= number * 0.15


def test_slow_finals_of_an_engine_that_never_closes() -> None:
    """There the delay is counted from when the audio was seen to have stopped."""
    with Emulator(transcripts=["one", "two"], faults=["slow_finals=0.1"]) as emulator:
        found = arrivals(emulator, WORD[:100], TELNYX, 2)
    assert [text for _, text in found] == [" one", " two"]
    assert found[0][0] >= 0.6
    assert found[1][0] >= 0.7


def test_real_time() -> None:
    """A burst of audio is answered at the speed of the recogniser."""
    with Emulator(faults=["real_time=20"]) as emulator:
        found = arrivals(emulator, word_audio(WORDS), DEEPGRAM, 4)
        assert talk(emulator, word_audio(WORDS)).close_code == 1000
    # 30 words are 9 s of audio, finals come every 8 words.
    for (when, _), words in zip(found, (8, 16, 24, 30)):
        assert when >= words * 0.3 / 20
    assert " ".join(text for _, text in found).split() == WORDS


def test_junk_frames_lose_no_word() -> None:
    """Among the junk, every final is there for those who look."""
    with Emulator(faults=["junk_frames"]) as emulator:
        said = talk(emulator, word_audio(WORDS))
    finals: List[str] = []
    for payload in said.frames:
        try:
            value = json.loads(payload)
        except ValueError:
            continue
        for frame in value if isinstance(value, list) else [value]:
            if isinstance(frame, dict) and frame.get("is_final"):
                finals.append(frame["transcript"])
    assert " ".join(finals).split() == WORDS
    assert all(text.startswith("  ") for text in finals)
    assert any(isinstance(payload, bytes) for payload in said.frames)
    assert said.close_code == 1000


def test_utterance_ends() -> None:
    """Every speech_final is followed by an empty final with utterance_end."""
    with Emulator(transcripts=["one", "two"], faults="utterance_ends") as emulator:
        said = talk(emulator, WORD * 2)
    assert said.finals == ["one", "", "two", ""]
