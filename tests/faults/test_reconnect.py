"""Connections that are lost in every way there is: all words come, and none comes twice."""

from __future__ import annotations

import logging
import math
import os
import time
from pathlib import Path
from typing import Callable, List

import pytest

from telnyx_stt_sync import (
    AudioError,
    AuthenticationError,
    ConnectionLostError,
    RequestRejectedError,
    ServerError,
    TelnyxSTTError,
    Transcriber,
    Transcription,
)
from telnyx_stt_sync.emulator import Emulator
from tests.faults.client import (
    AUDIO,
    BYTES_PER_SECOND,
    TEXT,
    WORDS,
    Calls,
    both_transports,
    every_way,
    file,
    live,
    transcriber,
)

How = Callable[[Transcriber], Transcription]

HALF = len(AUDIO) // 4 * 2

# What is lost on the first connection, as the emulator plays it.
LOSSES = [
    f"reset_after={HALF}@1",
    f"close_after={HALF}:1000@1",
    f"close_after={HALF}:1001@1",
    f"close_after={HALF}:1005@1",
    f"close_after={HALF}:1006@1",
    f"close_after={HALF}:1011@1",
    f"close_after={HALF}:4000@1",
    f"close_after={len(AUDIO)}:1006@1",
    "reset_after=1@1",
    "cut_after_finals=1@1",
    "cut_after_finals=20@1",
    "dead=0.3@1",
    "silent_close@1",
    "huge_frame@1",
    "endless_fragments@1",
]


@pytest.mark.parametrize("loss", LOSSES)
@both_transports
@every_way
def test_a_loss(how: How, tls: bool, loss: str, caplog: pytest.LogCaptureFixture) -> None:
    """The stream goes on over another connection; the user is told, and the log, once each."""
    calls = Calls()
    with Emulator(faults=[loss, "slow_finals=0.02"], tls=tls) as emulator:
        result = how(transcriber(emulator, calls))
    assert result.text == TEXT
    assert result.complete
    assert not any(segment.replayed for segment in result.segments)
    ((error, attempt, delay),) = calls.reconnects
    assert type(error) is ConnectionLostError
    assert (attempt, delay) == (1, 0.02)
    assert calls.errors == []
    assert result.stats.reconnects == 1
    assert result.audio_seconds == len(AUDIO) / BYTES_PER_SECOND
    assert result.stats.accepted_bytes == result.stats.sent_bytes == len(AUDIO)
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert "connecting again in 0.02 s (attempt 1)" in record.getMessage()


@both_transports
@every_way
def test_several_losses(how: How, tls: bool) -> None:
    """The policy starts over after each new final, so there may be more losses than attempts."""
    calls = Calls()
    faults = [f"cut_after_finals={4 * number}@{number}" for number in range(1, 8)]
    with Emulator(faults=[*faults, "slow_finals=0.01"], tls=tls) as emulator:
        stt = transcriber(emulator, calls)
        result = how(stt)
    assert result.text == TEXT
    assert result.stats.reconnects == len(calls.reconnects) == 7
    assert calls.connects == list(range(8))
    assert result.stats.replayed_seconds > 0


@every_way
def test_the_query_is_sent_again(how: How) -> None:
    """Every connection carries the whole query and the key."""
    calls = Calls()
    with Emulator(faults=f"reset_after={HALF}@1") as emulator:
        how(transcriber(emulator, calls, language="en", extra_query={"future": "x"}))
        first, second = emulator.sessions
    assert dict(first.query) == dict(second.query)
    assert second.query["future"] == "x"
    assert first.headers["authorization"] == second.headers["authorization"]


@every_way
def test_no_reconnect(how: How) -> None:
    """With ``reconnect=False`` a loss ends the stream, with what was heard."""
    calls = Calls()
    with Emulator(faults="cut_after_finals=3") as emulator:
        with pytest.raises(ConnectionLostError) as caught:
            how(transcriber(emulator, calls, reconnect=False))
        assert len(emulator.sessions) == 1
    partial = caught.value.partial
    assert partial is not None
    assert partial.ended_by == "error"
    assert 0 < len(partial.text.split()) < len(WORDS)
    assert TEXT.startswith(partial.text)
    assert calls.reconnects == []


# What ends a stream although it comes after a reconnect.
FATAL = [
    ("unauthorized@2-", AuthenticationError),
    ("forbidden@2-", AuthenticationError),
    ("redirect@2-", ConnectionLostError),
    ("rejected@2-", RequestRejectedError),
    ("server_error@2-", ServerError),
]


@pytest.mark.parametrize(("fault", "kind"), FATAL, ids=[fault for fault, _ in FATAL])
@every_way
def test_what_is_not_tried_again(how: How, fault: str, kind: type) -> None:
    """A refused key, a refused parameter, a redirect or a failure of the service end it at once."""
    calls = Calls()
    with Emulator(faults=["cut_after_finals=5@1", fault]) as emulator:
        with pytest.raises(TelnyxSTTError) as caught:
            how(transcriber(emulator, calls))
        assert len(emulator.sessions) == 2
    assert type(caught.value) is kind
    assert caught.value.partial is not None
    assert TEXT.startswith(caught.value.partial.text)
    assert caught.value.partial.text
    assert len(calls.reconnects) == 1


@every_way
def test_retries_that_are_used_up(how: How) -> None:
    """When the policy is at its end the loss is raised, with all that was heard."""
    calls = Calls()
    with Emulator(faults=["cut_after_finals=5@1", "reset_after=1@2-"]) as emulator:
        with pytest.raises(ConnectionLostError) as caught:
            how(transcriber(emulator, calls))
        assert len(emulator.sessions) == 4
    assert [attempt for _, attempt, _ in calls.reconnects] == [1, 2, 3]
    assert caught.value.partial is not None
    assert TEXT.startswith(caught.value.partial.text)
    assert caught.value.partial.text


@every_way
def test_a_server_that_does_not_come_back(how: How) -> None:
    """The error says what was lost and why connecting again failed."""
    calls = Calls()
    with Emulator(faults=["cut_after_finals=5@1", "unavailable@2-"]) as emulator:
        with pytest.raises(ConnectionLostError, match=r"connecting again failed: .*503") as caught:
            how(transcriber(emulator, calls))
        assert len(emulator.sessions) == 4
    assert isinstance(caught.value.__cause__, TelnyxSTTError)
    assert caught.value.partial is not None


@pytest.mark.parametrize("engine", ["Deepgram", "Telnyx"])
def test_dead_twice(engine: str) -> None:
    """A second connection that is closed normally without a frame is believed: nothing was said."""
    calls = Calls()
    with Emulator(faults="silent_close", engine=engine) as emulator:
        stt = transcriber(emulator, calls, drain_timeout=2.0)
        if engine == "Deepgram":
            result = file(stt)
            assert (result.text, result.complete) == ("", True)
            assert len(emulator.sessions) == 2
        else:  # it never closes: silence without a word decides nothing
            with pytest.raises(TelnyxSTTError):
                file(stt)


def test_dead_after_words() -> None:
    """... but not where words were heard before: then something is wrong."""
    calls = Calls()
    with Emulator(faults=["cut_after_finals=12@1", "silent_close@2-"]) as emulator:
        with pytest.raises(ConnectionLostError) as caught:
            file(transcriber(emulator, calls))
    assert caught.value.partial is not None
    assert TEXT.startswith(caught.value.partial.text)


def test_live_audio_that_is_too_old() -> None:
    """What is older than ``replay_seconds`` can't be sent again: the stream ends, with the gap."""
    calls = Calls()
    with Emulator(faults=f"close_after={HALF}:1006@1") as emulator:
        with pytest.raises(ConnectionLostError, match="replay_seconds") as caught:
            live(transcriber(emulator, calls, replay_seconds=0.5))
    ((start, end),) = caught.value.partial.gaps  # type: ignore[union-attr]
    assert 0 <= start < end < len(AUDIO) / BYTES_PER_SECOND
    assert calls.errors == [caught.value]


def test_a_file_that_becomes_shorter(tmp_path: Path) -> None:
    """What can't be sent again because it is not there any more is not left out in silence."""
    calls = Calls()
    path = tmp_path / "audio.raw"
    path.write_bytes(AUDIO)
    with Emulator(faults=["cut_after_finals=25@1", "slow_finals=0.02"]) as emulator:
        stt = transcriber(
            emulator, calls, on_reconnect=lambda *facts: os.truncate(path, len(AUDIO) // 2)
        )
        with pytest.raises(AudioError, match="shorter") as caught:
            stt.transcribe_file(path, speed=math.inf)
    assert caught.value.partial is not None
    assert caught.value.partial.text
    assert TEXT.startswith(caught.value.partial.text)


def test_a_container_starts_over() -> None:
    """A file in a container is sent again from its first byte; what was told is not told again."""
    calls = Calls()
    heard: List[str] = []
    head = b"fLaC\0\0\0\x22" + bytes(34)
    with Emulator(faults="close_after=40000:1006@1", transcripts=[TEXT]) as emulator:
        stt = transcriber(
            emulator,
            calls,
            input_format=None,
            sample_rate=None,
            on_transcript=lambda transcript: heard.append(transcript.text),
        )
        result = file(stt, head + bytes(200_000))
        _, second = emulator.sessions
    assert second.audio.startswith(head)
    assert len(second.audio) == 200_000 + len(head)
    assert " ".join(heard) == result.text


def test_a_loss_while_the_microphone_pauses(limit: float) -> None:
    """What is sent again goes out by itself: no new audio and no answer needs to come meanwhile."""
    calls = Calls()
    faults = [f"close_after={len(AUDIO)}:1006@1", "silent@2"]
    with Emulator(faults=faults, engine="Telnyx") as emulator:
        stt = transcriber(emulator, calls, transcription_engine="Telnyx").start()
        stt.send(AUDIO)
        end = time.monotonic() + limit
        while len(emulator.sessions) < 2 or emulator.sessions[1].audio_bytes < len(AUDIO):
            assert time.monotonic() < end, stt.stats
            time.sleep(0.01)
        stt.close()


def test_live_audio_in_a_container() -> None:
    """Live audio in a container can be sent again as long as all of it is kept, and not beyond."""
    for kept, error in ((600.0, None), (1.0, ConnectionLostError)):
        calls = Calls()
        with Emulator(faults="close_after=40000:1006@1", transcripts=[TEXT]) as emulator:
            stt = transcriber(
                emulator, calls, input_format="ogg", sample_rate=None, replay_seconds=kept
            )
            if error is None:
                live(stt, bytes(100_000))
                assert len(emulator.sessions[1].audio) == 100_000
            else:
                with pytest.raises(error, match="start only"):
                    live(stt, bytes(100_000))
