"""The queries that the service rejects after the upgrade, and the frames that say so."""

from __future__ import annotations

from typing import Dict, Optional

import pytest

from telnyx_stt_sync._engines import ENGINES
from telnyx_stt_sync.emulator._rejections import audio_format, rejection

GOOD = {"transcription_engine": "Deepgram", "input_format": "linear16", "sample_rate": "16000"}


def code_of(query: Dict[str, str], engine: Optional[str] = None) -> Optional[str]:
    frame = rejection(query, engine)
    return None if frame is None else str(frame["errors"][0]["code"])


def changed(**changes: Optional[str]) -> Dict[str, str]:
    """The good query with some parameters changed, or taken out by ``None``."""
    query: Dict[str, Optional[str]] = {**GOOD, **changes}
    return {name: value for name, value in query.items() if value is not None}


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_every_engine_takes_linear16_with_a_rate(engine: str) -> None:
    """linear16 at an explicit rate is accepted by every engine."""
    assert rejection(changed(transcription_engine=engine)) is None


def test_frame_has_the_service_s_shape() -> None:
    """A rejection is an errors[] frame with code, title, detail and the parameter's name."""
    frame = rejection(changed(transcription_engine="telnyx"))
    assert frame is not None
    (entry,) = frame["errors"]
    assert entry["code"] == "40007"
    assert entry["title"] == "Invalid Parameter"
    assert "Unsupported transcription_engine 'telnyx'" in entry["detail"]
    assert entry["source"] == {"parameter": "transcription_engine"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (changed(transcription_engine="deepgram"), "40007"),
        (changed(transcription_engine=None), "40007"),
        (changed(input_format="pcm"), "40001"),
        (changed(input_format="raw"), "40001"),
        (changed(input_format=""), "40001"),
        (changed(transcription_engine="Telnyx", input_format="flac"), "40002"),
        (changed(transcription_engine="Reson8", input_format="wav"), "40002"),
        (changed(sample_rate=None), "40003"),
        (changed(input_format="mulaw", sample_rate=None), "40003"),
        (changed(transcription_engine="Google", input_format="mp3", sample_rate=None), "40003"),
        (changed(sample_rate="0"), "40004"),
        (changed(sample_rate="-8000"), "40004"),
        (changed(sample_rate="16000.0"), "40004"),
        (changed(sample_rate=""), "40004"),
        (changed(sample_rate="１６０００"), "40004"),
        (changed(sample_rate="9" * 11), "40004"),
        (changed(sample_rate="9" * 5000), "40004"),
        (changed(input_format="g729", sample_rate="0" * 5000 + "8000"), "40004"),
        (changed(input_format="g729", sample_rate="16000"), "40005"),
        (changed(input_format="amr_wb", sample_rate="8000"), "40005"),
        (
            changed(transcription_engine="Google", input_format="speex", sample_rate="8000"),
            "40005",
        ),
        (changed(model="flux", input_format="mp3"), "40006"),
        (changed(eot_threshold="0.7"), "400"),
        (changed(model="nova-2", eager_eot_threshold="0.7"), "400"),
        (changed(transcription_engine="Telnyx", eot_timeout_ms="600"), "400"),
        (
            changed(
                transcription_engine="Speechmatics",
                model="speechmatics/linden-1",
                sample_rate="8000",
            ),
            "40005",
        ),
        (changed(model="flux-multi", input_format="flac"), "40006"),
    ],
)
def test_bad_query_is_rejected(query: Dict[str, str], code: str) -> None:
    """Each fault of a query has its own code."""
    assert code_of(query) == code


@pytest.mark.parametrize(
    "query",
    [
        changed(input_format="mp3", sample_rate=None),
        changed(input_format=None, sample_rate=None),
        changed(input_format="wav", sample_rate="nonsense"),
        changed(input_format="ogg_opus", sample_rate="48000"),
        changed(input_format="g729", sample_rate=None),
        changed(model="flux", input_format="wav", sample_rate=None),
        changed(model="flux-multi", eot_threshold="0.7"),
        changed(transcription_engine="Google", input_format="flac", sample_rate=None),
        changed(transcription_engine="xAI", input_format="speex", sample_rate="32000"),
        changed(input_format="linear16", sample_rate="44100", unknown="ignored"),
    ],
)
def test_good_query_is_accepted(query: Dict[str, str]) -> None:
    """Rates of containers, unknown names and unknown combinations are let through."""
    assert rejection(query) is None


def test_engine_of_the_emulator_overrides_the_query_s() -> None:
    """With an engine of the emulator's own, the query's is not looked at, and the rest is."""
    assert code_of(changed(transcription_engine="nobody"), engine="Deepgram") is None
    assert code_of(changed(input_format="flac"), engine="Telnyx") == "40002"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (GOOD, ("linear16", 16000)),
        ({}, ("mp3", None)),
        ({"input_format": "wav", "sample_rate": "x"}, ("wav", None)),
        ({"input_format": "wav", "sample_rate": "1" * 5000}, ("wav", None)),
        ({"input_format": "linear16", "sample_rate": "9" * 10}, ("linear16", 9_999_999_999)),
    ],
)
def test_audio_format(query: Dict[str, str], expected: object) -> None:
    """The format is mp3 unless the query says so; a rate that is no number is no rate."""
    assert audio_format(query) == expected
