"""``telnyx_call.py``: calls in the frames of Telnyx's media streaming, over real WebSockets."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import random
import socket
from typing import Any, Dict, Iterator, List

import pytest
from websockets.exceptions import ConnectionClosedOK
from websockets.sync.client import ClientConnection, connect

from telnyx_stt_sync.emulator import Emulator, word_audio
from tests.conftest import LIMIT
from tests.embedding.house import unused_port, wait_until
from tests.examples.programs import KEY, Program, running

STREAM = "32DE0DEA-53CB-4B21-89A4-9E1819C043BC"
INBOUND = "hello i would like to order a pizza with everything on it please " * 2
OUTBOUND = "good evening this is the pizza place what can we do for you tonight " * 2
BYTES_PER_SECOND = {"L16": 32000, "PCMU": 8000, "PCMA": 8000}

Frame = Dict[str, Any]


def start(call: str, encoding: str) -> List[Frame]:
    """The frames that begin a call, as Telnyx documents them."""
    media_format = {"encoding": encoding, "sample_rate": 8000, "channels": 1}
    if encoding == "L16":
        media_format["sample_rate"] = 16000
    about = {
        "user_id": "3E6F995F-85F7-4705-9741-53B116D28237",
        "call_control_id": call,
        "call_session_id": "ff55a038-6f5d-11ef-9692-02420aeffb1f",
        "from": "+13122010094",
        "to": "+13122123456",
        "tags": ["TAG1", "TAG2"],
        "client_state": "aGF2ZSBhIG5pY2UgZGF5ID1d",
        "media_format": media_format,
    }
    return [
        {"event": "connected", "version": "1.0.0"},
        {"event": "start", "sequence_number": "1", "start": about, "stream_id": STREAM},
    ]


def media(track: str, audio: bytes, encoding: str = "L16") -> List[Frame]:
    """One track's audio, in frames of 20 ms."""
    size = BYTES_PER_SECOND[encoding] // 50
    return [
        {
            "event": "media",
            "media": {
                "track": track,
                "chunk": str(number),
                "timestamp": str(20 * number),
                "payload": base64.b64encode(audio[at : at + size]).decode(),
            },
            "stream_id": STREAM,
        }
        for number, at in enumerate(range(0, len(audio), size), start=2)
    ]


OTHERS: List[Frame] = [
    {
        "event": "dtmf",
        "stream_id": STREAM,
        "occurred_at": "2025-06-05T08:54:19.698408Z",
        "sequence_number": "5",
        "dtmf": {"digit": "1"},
    },
    {"event": "mark", "stream_id": STREAM, "sequence_number": "5", "mark": {"name": "greeting"}},
    {
        "event": "error",
        "payload": {"code": 100002, "title": "unknown_error", "detail": "it happens"},
        "stream_id": STREAM,
    },
]


def stop(call: str) -> List[Frame]:
    """The frame that ends a call."""
    about = {"user_id": "3E6F995F-85F7-4705-9741-53B116D28237", "call_control_id": call}
    return [{"event": "stop", "sequence_number": "9", "stop": about, "stream_id": STREAM}]


def both(inbound: List[Frame], outbound: List[Frame]) -> List[Frame]:
    """The frames of both tracks, in turn."""
    pairs = itertools.zip_longest(inbound, outbound)
    return [frame for pair in pairs for frame in pair if frame is not None]


def out_of_order(frames: List[Frame]) -> List[Frame]:
    """The same frames, of which some come up to three places late."""
    chance = random.Random(7)
    late = [(number + chance.choice([0, 0, 0, 3.5]), frame) for number, frame in enumerate(frames)]
    return [frame for _, frame in sorted(late, key=lambda each: each[0])]


@contextlib.contextmanager
def answering(emulator: Emulator) -> Iterator[Program]:
    """The example, which waits for calls; ``port`` is where."""
    port = unused_port()
    with running("telnyx_call.py", str(port), emulator=emulator) as program:
        program.wait_for("Waiting for calls")
        program.port = port
        yield program


def dial(program: Program) -> ClientConnection:
    """Telnyx's end of the connection of one call."""
    return connect(f"ws://127.0.0.1:{program.port}/", open_timeout=LIMIT)


def say(connection: ClientConnection, frames: List[Frame]) -> None:
    for frame in frames:
        connection.send(json.dumps(frame))


def whole(call: str, track: str, words: str) -> str:
    """The line that says all of a leg."""
    return f"{call} {track} in all: {' '.join(words.split())}"


def hung_up(program: Program) -> None:
    """Ctrl-C ends the example in good order."""
    program.interrupt()
    assert program.end() == 0


def test_both_tracks_at_once() -> None:
    """Each leg has its own words, live and in all, whatever else comes and in whatever order."""
    legs = (media("inbound", word_audio(INBOUND)), media("outbound", word_audio(OUTBOUND)))
    frames = both(*map(out_of_order, legs))
    assert frames != both(*legs)
    frames[40:40] = OTHERS
    with Emulator() as emulator, answering(emulator) as program:
        with dial(program) as call:
            say(call, start("v2:one", "L16") + frames + stop("v2:one"))
            program.wait_for(whole("v2:one", "inbound", INBOUND))
            program.wait_for(whole("v2:one", "outbound", OUTBOUND))
        hung_up(program)
        assert emulator.sessions[0].query["sample_rate"] == "16000"
    assert any(line.startswith("v2:one inbound at ") for line in program.lines)
    assert program.errors == [str(OTHERS[-1]["payload"])]


@pytest.mark.parametrize(("encoding", "wire"), [("PCMU", "mulaw"), ("PCMA", "alaw")])
def test_telephone_encodings(encoding: str, wire: str) -> None:
    """G.711 goes to the service as it is, all of it and in order."""
    audio = random.Random(5).randbytes(24_000)
    frames = out_of_order(media("inbound", audio, encoding))
    with Emulator(transcripts=["good evening"]) as emulator, answering(emulator) as program:
        with dial(program) as call:
            say(call, start("v2:one", encoding) + frames + stop("v2:one"))
            program.wait_for(whole("v2:one", "inbound", "good evening"))
        hung_up(program)
        (session,) = emulator.sessions
    assert (session.query["input_format"], session.query["sample_rate"]) == (wire, "8000")
    assert bytes(session.audio) == audio


def test_hang_up_in_the_middle() -> None:
    """A connection that breaks off ends the legs, with all words up to there."""
    frames = media("inbound", word_audio(INBOUND))[: 15 * 10]  # ten words of 0.3 s
    with Emulator() as emulator, answering(emulator) as program:
        with dial(program) as call:
            say(call, start("v2:one", "L16") + frames)
            wait_until(lambda: bool(emulator.sessions and len(emulator.sessions[0].audio) > 80_000))
            call.socket.shutdown(socket.SHUT_RDWR)
            program.wait_for(whole("v2:one", "inbound", " ".join(INBOUND.split()[:10])))
        hung_up(program)
    assert program.errors == []


def test_two_calls_at_once() -> None:
    """Calls do not get into each other's way."""
    with Emulator() as emulator, answering(emulator) as program:
        with dial(program) as one, dial(program) as other:
            say(one, start("v2:one", "L16"))
            say(other, start("v2:other", "L16"))
            for first, second in itertools.zip_longest(
                media("inbound", word_audio(INBOUND)), media("inbound", word_audio(OUTBOUND))
            ):
                say(one, [first] if first else [])
                say(other, [second] if second else [])
            say(one, stop("v2:one"))
            program.wait_for(whole("v2:one", "inbound", INBOUND))
            say(other, stop("v2:other"))
            program.wait_for(whole("v2:other", "inbound", OUTBOUND))
        hung_up(program)


def test_lost_connection_to_the_service() -> None:
    """A leg whose connection to the service breaks loses no word, and the other none either."""
    frames = both(media("inbound", word_audio(INBOUND)), media("outbound", word_audio(OUTBOUND)))
    with Emulator(faults=["reset_after=100000@1"]) as emulator, answering(emulator) as program:
        with dial(program) as call:
            say(call, start("v2:one", "L16") + frames + stop("v2:one"))
            program.wait_for(whole("v2:one", "inbound", INBOUND))
            program.wait_for(whole("v2:one", "outbound", OUTBOUND))
        hung_up(program)
        assert len(emulator.sessions) == 3


def test_a_service_that_refuses() -> None:
    """A leg that can't be transcribed says why; the call goes on, and so does the server."""
    frames = both(media("inbound", word_audio(INBOUND)), media("outbound", word_audio(OUTBOUND)))
    with Emulator(faults=["unauthorized@1"]) as emulator, answering(emulator) as program:
        with dial(program) as call:
            say(call, start("v2:one", "L16") + frames + stop("v2:one"))
            said = [program.wait_for("in all: "), program.wait_for("ended: ", errors=True)]
        hung_up(program)
    assert said[0] in [whole("v2:one", "inbound", INBOUND), whole("v2:one", "outbound", OUTBOUND)]
    assert "401" in said[1] and KEY not in said[1]


def test_an_encoding_that_the_service_does_not_take() -> None:
    """Such a call is given up at once, with the reason."""
    with Emulator() as emulator, answering(emulator) as program:
        with dial(program) as call:
            say(call, start("v2:one", "L16")[:1])
            say(call, [_with_encoding("OPUS")])
            with pytest.raises(ConnectionClosedOK):
                call.recv(timeout=LIMIT)
        program.wait_for("can't transcribe {'encoding': 'OPUS'", errors=True)
        hung_up(program)
        assert emulator.sessions == []


def _with_encoding(encoding: str) -> Frame:
    frame = start("v2:one", "L16")[1]
    frame["start"]["media_format"]["encoding"] = encoding
    return frame


def test_ctrl_c_during_a_call() -> None:
    """Ctrl-C hangs up and waits for the last words."""
    with Emulator(faults=["slow_finals=0.5"]) as emulator, answering(emulator) as program:
        with dial(program) as call:
            say(call, start("v2:one", "L16") + media("inbound", word_audio("one two three")))
            wait_until(lambda: bool(emulator.sessions and emulator.sessions[0].audio))
            hung_up(program)
    assert program.lines[-1] == whole("v2:one", "inbound", "one two three")
