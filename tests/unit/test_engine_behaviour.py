"""Each engine's frames and manners, as the wire has them."""

from __future__ import annotations

import pytest

from telnyx_stt_sync._engines import ENGINES
from telnyx_stt_sync.emulator._engine_behaviour import EngineBehaviour
from telnyx_stt_sync.emulator._recogniser import Heard

INTERIM = Heard("hello", False, 0.0, 0.3, 0.84)
FINAL = Heard("hello world", True, 0.0, 0.6, 0.98, ends_utterance=True)
MIDDLE = Heard("hello world", True, 0.0, 0.6, 0.98)


def behaviour(engine: str, interims: bool = True) -> EngineBehaviour:
    return EngineBehaviour(ENGINES[engine], interims)


def test_deepgram_frames() -> None:
    """Deepgram's frames carry speech_final, which is true only at the end of an utterance."""
    deepgram = behaviour("Deepgram")
    assert deepgram.frames(INTERIM) == [
        {"transcript": "hello", "is_final": False, "speech_final": False, "confidence": 0.84}
    ]
    assert deepgram.frames(FINAL) == [
        {"transcript": "hello world", "is_final": True, "speech_final": True, "confidence": 0.98}
    ]
    assert deepgram.frames(MIDDLE)[0]["speech_final"] is False


def test_telnyx_frames() -> None:
    """Telnyx sends no interims, and finals with a leading space and a null confidence."""
    telnyx = behaviour("Telnyx")
    assert telnyx.frames(INTERIM) == []
    assert telnyx.frames(FINAL) == [
        {"transcript": " hello world", "is_final": True, "confidence": None}
    ]


@pytest.mark.parametrize("engine", sorted(set(ENGINES) - {"Deepgram", "Telnyx"}))
def test_other_engines_know_no_speech_final(engine: str) -> None:
    """Every other engine's final is text, is_final and confidence."""
    assert behaviour(engine).frames(FINAL) == [
        {"transcript": "hello world", "is_final": True, "confidence": 0.98}
    ]


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_interims_are_sent_when_asked_for(engine: str) -> None:
    """Interims need interim_results=true, except from Reson8; Telnyx has none at all."""
    assert bool(behaviour(engine, True).frames(INTERIM)) is (engine != "Telnyx")
    assert bool(behaviour(engine, False).frames(INTERIM)) is (engine == "Reson8")


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_who_closes_and_who_obeys(engine: str) -> None:
    """Three engines close after CloseStream; Finalize is Deepgram's alone."""
    assert behaviour(engine).closes is (engine in ("Deepgram", "Speechmatics", "Soniox"))
    assert behaviour(engine).obeys_finalize is (engine == "Deepgram")


def test_behaviour_comes_from_the_query() -> None:
    """The query names the engine, unless the emulator plays one for all."""
    query = {"transcription_engine": "Soniox", "interim_results": "true"}
    assert EngineBehaviour.for_query(query) == behaviour("Soniox")
    assert EngineBehaviour.for_query(query, "Telnyx") == behaviour("Telnyx")
    assert EngineBehaviour.for_query({**query, "interim_results": "false"}) == behaviour(
        "Soniox", False
    )


def test_the_model_counts() -> None:
    """The behaviour is that of the engine with the model that the query names."""
    query = {"transcription_engine": "Deepgram", "model": "flux"}
    assert str(EngineBehaviour.for_query(query).engine) == "Deepgram flux"


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_who_keeps_the_last_words(engine: str) -> None:
    """Soniox lets go of its last words after a pause, or with endpointing; the others always."""
    query = {"transcription_engine": engine}
    assert EngineBehaviour.for_query(query).waits_for_pause is (engine == "Soniox")
    for value in ("500", "false"):
        made = EngineBehaviour.for_query({**query, "endpointing": value})
        assert made.waits_for_pause is (engine == "Soniox" and value == "false")


def test_who_minds_being_asked_about_interims() -> None:
    """Telnyx's own engine may fall silent when the query holds ``interim_results`` at all."""
    for value in ("true", "false"):
        assert behaviour("Telnyx").is_muted({"interim_results": value})
        assert not behaviour("Google").is_muted({"interim_results": value})
    assert not behaviour("Telnyx").is_muted({})


def test_unknown_engine_is_a_key_error() -> None:
    """An engine that the service does not have is refused."""
    with pytest.raises(KeyError):
        EngineBehaviour.for_query({"transcription_engine": "nobody"})
