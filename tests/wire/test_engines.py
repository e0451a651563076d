"""Every engine, through the real client: as a file and live, and how each of them ends."""

from __future__ import annotations

import io
import json
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List

import pytest

from telnyx_stt_sync import (
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    RequestRejectedError,
    RetryPolicy,
    Transcriber,
    Transcription,
    TranscriptionTimeout,
)
from telnyx_stt_sync._audio_format import INPUT_FORMATS, RAW_FORMATS
from telnyx_stt_sync._engine import Engine
from telnyx_stt_sync._engines import ENGINES, variants
from telnyx_stt_sync.emulator import Emulator, Session, word_audio
from tests.wire.client import CLOSING, STAYING, file, live, speech, transcriber

SCRIPT = ["one two three", "four five"]
TEXT = " ".join(SCRIPT)
AUDIO = speech(1.2)  # so the second utterance is under way when it ends
BOTH = {"file": file, "live": live}


def heard(emulator: Emulator, **options: Any) -> Dict[str, Transcription]:
    """What the audio gives as a file and live, side by side."""
    stt = transcriber(emulator.url, quiet_period=0.5, **options)
    with ThreadPoolExecutor() as pool:
        jobs = {name: pool.submit(how, stt, AUDIO) for name, how in BOTH.items()}
        return {name: job.result() for name, job in jobs.items()}


def options_of(engine: Engine) -> Dict[str, Any]:
    """The options that ask for it, and for interims where it may have some."""
    options: Dict[str, Any] = {"transcription_engine": engine.name, "model": engine.model}
    return options if engine.interims is False else {**options, "interim_results": True}


def frames(session: Session) -> List[Dict[str, Any]]:
    """The frames of a connection."""
    return [json.loads(frame) for frame in session.frames]


@pytest.mark.parametrize("engine", variants(), ids=str)
def test_an_engine(engine: Engine) -> None:
    """The whole text comes, complete, in frames of the engine's kind, and it ends in its way."""
    with Emulator(transcripts=SCRIPT) as emulator:
        results = heard(emulator, **options_of(engine))
        sessions = emulator.sessions
        assert all(session.closed.wait(5) for session in sessions)
    for result in results.values():
        assert (result.text, result.complete) == (TEXT, True)
        assert result.ended_by == ("server_close" if engine.closes else "quiet")
        assert [segment.text for segment in result.segments] == SCRIPT
        assert (result.stats.interims > 0) is (engine.interims is not False)
    assert [session.closed_by for session in sessions] == [
        "server" if engine.closes else "client"
    ] * 2
    for session in sessions:
        assert session.query["transcription_engine"] == engine.name
        check_frames(engine, frames(session))


def check_frames(engine: Engine, sent: List[Dict[str, Any]]) -> None:
    """Whether frames are such as the engine sends."""
    finals = [frame for frame in sent if frame["is_final"]]
    assert len(finals) == len(SCRIPT)
    assert all(("speech_final" in frame) is engine.speech_final for frame in sent)
    assert all((frame["confidence"] is None) is engine.bare_finals for frame in finals)
    assert all(frame["transcript"].startswith(" ") is engine.bare_finals for frame in finals)
    turn = ""
    for frame in sent:
        # An interim is the whole turn so far, and the final is that and the rest.
        assert frame["transcript"].strip().startswith(turn)
        turn = "" if frame["is_final"] else frame["transcript"]


@pytest.mark.parametrize("name", sorted(ENGINES))
def test_words_without_a_pause(name: str) -> None:
    """Twenty words without a pause: one final where finals are whole turns, else several."""
    said = [f"w{number}" for number in range(20)]
    audio = word_audio(said, seconds_per_word=0.1)
    with Emulator(faults="hold=1") as emulator:
        stt = transcriber(emulator.url, transcription_engine=name, quiet_period=20.0)
        result = file(stt, audio)
    assert result.text == " ".join(said)
    assert (len(result.segments) == 1) is ENGINES[name].whole_turns


@pytest.mark.parametrize("name", STAYING)
def test_an_engine_that_closes_after_all(name: str) -> None:
    """Should an engine that is known to stay open close in the end, that is a good end as well."""
    with Emulator(transcripts=SCRIPT, faults="hold=1") as emulator:
        stt = transcriber(emulator.url, transcription_engine=name, quiet_period=20.0)
        result = file(stt, AUDIO)
        session = emulator.sessions[0]
        assert session.closed.wait(5) and session.closed_by == "server"
    assert (result.text, result.ended_by, result.complete) == (TEXT, "server_close", True)


@pytest.mark.parametrize("name", [one for one in CLOSING if not ENGINES[one].trailing_silence])
def test_no_words_after_the_end(name: str) -> None:
    """An engine that closes may end with an interim and without a code: it is the last segment."""
    with Emulator(transcripts=SCRIPT, faults="ends_with_interim") as emulator:
        stt = transcriber(emulator.url, transcription_engine=name)
        for how in (file, live):
            result = how(stt, AUDIO)
            assert (result.text, result.ended_by) == (TEXT, "server_close")
            assert [part.is_final for part in result.segments] == [True, False]
            assert emulator.sessions[-1].closed.wait(5)
        assert [session.close_code for session in emulator.sessions] == [1005, 1005]


@pytest.mark.parametrize("name", ["Deepgram", "Telnyx"])
@pytest.mark.parametrize("shape", ["null", "1", "absent"])
def test_every_shape_of_confidence(name: str, shape: str) -> None:
    """However a confidence is written, the words come; without a number there is none."""
    faults = [f"confidence={shape}", "hold=1"]
    with Emulator(transcripts=SCRIPT, faults=faults) as emulator:
        result = file(transcriber(emulator.url, transcription_engine=name), AUDIO)
    assert result.text == TEXT
    expected = 1.0 if shape == "1" else None
    assert [part.confidence for part in result.segments] == [expected, expected]


def test_frames_with_a_type() -> None:
    """A ``type`` in the frames, which no capture shows and the SDK expects, changes nothing."""
    with Emulator(transcripts=SCRIPT, faults="typed_frames") as emulator:
        assert file(transcriber(emulator.url), AUDIO).text == TEXT


def test_interims_that_do_not_come() -> None:
    """Interims that were asked for and do not come are not missed."""
    with Emulator(transcripts=SCRIPT, faults="no_interims") as emulator:
        result = file(transcriber(emulator.url, interim_results=True), AUDIO)
    assert (result.text, result.stats.interims) == (TEXT, 0)


def test_who_must_not_be_asked_about_interims() -> None:
    """An engine without interims is never asked about them: it may fall silent at that."""
    with Emulator(transcripts=SCRIPT, faults=["interims_mute", "hold=1"]) as emulator:
        stt = transcriber(emulator.url, transcription_engine="Telnyx", interim_results=False)
        assert file(stt, AUDIO).text == TEXT
        assert "interim_results" not in emulator.sessions[0].query
        url = f"{emulator.url}?interim_results=false"
        stt = transcriber(url, transcription_engine="Telnyx", drain_timeout=0.3)
        with pytest.raises(TranscriptionTimeout):
            file(stt, AUDIO)


def test_keep_alive_against_the_idle_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """In silence Deepgram's idle timer is reset; the others have none that could be."""
    monkeypatch.setattr("telnyx_stt_sync._connection.KEEP_ALIVE_INTERVAL", 0.1)
    with Emulator(transcripts=SCRIPT, faults="idle_timeout=1.5") as emulator:
        stt = transcriber(emulator.url).start()
        assert not emulator.sessions[0].closed.wait(2.0)
        stt.send(AUDIO)
        assert stt.finish().text == TEXT
        lost = transcriber(emulator.url, transcription_engine="Google", on_error=lambda error: None)
        lost.start()
        assert emulator.sessions[1].closed.wait(5)
        with pytest.raises(ConnectionLostError, match="1011"):
            lost.finish()


@pytest.mark.parametrize("name", ["Telnyx", "Google"])
def test_an_idle_timeout_shorter_than_the_wait_for_the_end(name: str) -> None:
    """Closed in silence, with any code: sent once more, and then that was the end."""
    policy = RetryPolicy(initial=0.01, jitter=0.0)
    audio = word_audio([f"w{number}" for number in range(60)])
    with Emulator(faults="idle_timeout=1.8") as emulator:
        stt = transcriber(
            emulator.url, transcription_engine=name, reconnect=policy, quiet_period=20.0
        )
        result = file(stt, audio)
        assert len(emulator.sessions) == 2
    assert result.text == " ".join(f"w{number}" for number in range(60))
    assert (result.ended_by, result.complete) == ("quiet", True)


@pytest.mark.parametrize("how", BOTH.values(), ids=BOTH)
def test_the_end_of_a_turn_where_there_is_none(how: Any) -> None:
    """``eot_…`` elsewhere than on Flux: rejected after the upgrade, or by HTTP 400 in its place."""
    given: Dict[str, Any] = {"model": "flux", "eot_threshold": 0.7, "on_error": lambda error: None}
    with Emulator(engine="Telnyx") as emulator:
        with pytest.raises(RequestRejectedError) as rejected:
            how(transcriber(emulator.url, **given), AUDIO)
    assert (rejected.value.code, rejected.value.parameter) == ("400", "eot_threshold")
    with Emulator(engine="Telnyx", faults="early_rejections") as emulator:
        with pytest.raises(ConnectError, match="eot_threshold is not supported") as refused:
            how(transcriber(emulator.url, **given, reconnect=True), AUDIO)
        assert len(emulator.sessions) == 1
    assert (refused.value.status, refused.value.is_temporary) == (400, False)


@pytest.mark.parametrize("engine", variants(), ids=str)
def test_client_and_service_agree(engine: Engine) -> None:
    """What the client refuses the emulator rejects, format by format, and nothing else."""
    from telnyx_stt_sync.emulator._rejections import rejection

    for input_format in INPUT_FORMATS:
        rate = 16000 if input_format in RAW_FORMATS or engine.reads_rate is not None else None
        rates = engine.rates_of(input_format)
        rate = rates[0] if rate and rates else rate
        query = {
            "transcription_engine": engine.name,
            "input_format": input_format,
            **({"model": engine.model} if engine.model else {}),
            **({"sample_rate": str(rate)} if rate else {}),
        }
        rejected = rejection(query)
        try:
            Transcriber(
                transcription_engine=engine.name,  # type: ignore[arg-type]
                model=engine.model,
                input_format=input_format,  # type: ignore[arg-type]
                sample_rate=rate,
                endpointing=500 if engine.needs_pause else None,
            )
        except ConfigurationError:
            assert rejected is not None
            assert rejected["errors"][0]["code"] == engine.refusal
        else:
            assert rejected is None


# -- last words that need a pause ---------------------------------------------------------

FLAC = b"fLaC" + bytes(range(256)) * 80


def test_last_words_that_need_a_pause() -> None:
    """Soniox gets two seconds of silence behind raw audio, so it lets go of the last words."""
    with Emulator(transcripts=SCRIPT) as emulator:
        assert file(transcriber(emulator.url, transcription_engine="Soniox"), AUDIO).text == TEXT
        assert emulator.sessions[0].audio == AUDIO + bytes(64000)


def test_compressed_audio_needs_endpointing() -> None:
    """Silence can't be put behind compressed audio: without endpointing a warning says so."""
    given: Dict[str, Any] = {"input_format": None, "sample_rate": None}
    with Emulator(transcripts=SCRIPT) as emulator:
        stt = transcriber(emulator.url, transcription_engine="Soniox", **given)
        with pytest.warns(UserWarning, match="Soniox .*flac.* endpointing="):
            assert stt.transcribe_file(io.BytesIO(FLAC), speed=1e6).text == SCRIPT[0]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            stt = transcriber(emulator.url, transcription_engine="Soniox", endpointing=500, **given)
            assert stt.transcribe_file(io.BytesIO(FLAC), speed=1e6).text == TEXT
