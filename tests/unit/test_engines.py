"""The table of engines, against the facts as the notes on the wire hold them."""

from __future__ import annotations

from typing import Dict, List, Optional, Set, Tuple, get_args

import pytest

from telnyx_stt_sync._audio_format import (
    CODEC_RATES,
    INPUT_FORMATS,
    RAW_FORMATS,
    SILENT_SAMPLE,
    InputFormat,
)
from telnyx_stt_sync._engine import END_OF_TURN, ENGINE_OPTIONS, Engine
from telnyx_stt_sync._engines import (
    ENGINES,
    Model,
    TranscriptionEngine,
    engine_named,
    engines_finalizing,
    engines_heeding,
    engines_taking,
    takes_format,
    variants,
)
from telnyx_stt_sync._errors import ConfigurationError
from telnyx_stt_sync._pcm import is_silent, to_linear16

NAMES = (
    "Deepgram Telnyx Google Azure xAI AssemblyAI Speechmatics Soniox Parakeet Reson8 Humain Cohere"
).split()

FORMATS = (
    "mp3 wav webm ogg flac ogg_opus webm_opus linear16 linear32 mulaw alaw opus amr_nb amr_wb "
    "g729 speex"
).split()

# Who takes what; nobody has said anything about the engines that are missing here.
COLUMNS = "Nova Flux Telnyx Google Azure Speechmatics Soniox Parakeet Reson8".split()
TAKES = """
linear16   y y y y y y y y y
linear32   y y y - - y y y y
wav        y y y y y y y y -
mp3        y - y y y y y y -
mulaw      y y - y - y y - y
alaw       y y - - - - y - y
flac       y - - y - y y - -
ogg        y y - - - y y - -
webm       y y - - - - y - -
ogg_opus   y y - y - - - - -
webm_opus  y - - y - - - - -
opus       y y - - - - - - -
amr_nb     y - - y - - - - -
amr_wb     y - - y - - - - -
speex      y - - y - - - - -
g729       y - - - - - - - -
"""
ROWS = [line.split() for line in TAKES.strip().splitlines()]
MODELS_OF_COLUMNS: Dict[str, Tuple[str, Optional[str]]] = {
    "Nova": ("Deepgram", "nova-3"),
    "Flux": ("Deepgram", "flux"),
}


def test_the_engines() -> None:
    """The table and the type for editors name the engines of the service, in one order."""
    assert list(ENGINES) == NAMES
    assert list(get_args(TranscriptionEngine)) == NAMES
    assert [engine.name for engine in ENGINES.values()] == NAMES


def test_the_formats() -> None:
    """The table and the type for editors name the formats of the service, in one order."""
    assert list(INPUT_FORMATS) == FORMATS
    assert list(get_args(InputFormat)) == FORMATS


@pytest.mark.parametrize("column", COLUMNS)
def test_who_takes_what(column: str) -> None:
    """An engine takes the formats that the service's documentation says, and no others."""
    name, model = MODELS_OF_COLUMNS.get(column, (column, None))
    taken = {row[0] for row in ROWS if row[1 + COLUMNS.index(column)] == "y"}
    assert {one for one in FORMATS if takes_format(ENGINES[name], model, one)} == taken


def test_the_table_of_formats_is_whole() -> None:
    """The table above has a line for every format."""
    assert {row[0] for row in ROWS} == set(FORMATS)


@pytest.mark.parametrize("name", ["xAI", "AssemblyAI", "Humain", "Cohere", "Brandnew"])
def test_the_server_decides_what_nobody_has_said(name: str) -> None:
    """An engine whose formats nobody has told counts as taking them all."""
    assert all(takes_format(engine_named(name), None, input_format) for input_format in FORMATS)


def test_every_engine_takes_linear16() -> None:
    """linear16 is the one format that fits everywhere."""
    assert all(takes_format(engine, None, "linear16") for engine in ENGINES.values())
    assert takes_format(ENGINES["Deepgram"], "flux-multi", "linear16")


@pytest.mark.parametrize(
    ("input_format", "engines"),
    [
        ("g729", ["Deepgram"]),
        ("webm_opus", ["Deepgram", "Google"]),
        ("alaw", ["Deepgram", "Soniox", "Reson8"]),
        ("no such format", []),
    ],
)
def test_engines_for_a_format(input_format: str, engines: List[str]) -> None:
    """For an error message: the engines that are known to take a format."""
    assert list(engines_taking(input_format)) == engines


def test_who_closes() -> None:
    """Three engines are told the end by CloseStream and then close; all others never close."""
    enders = {"Deepgram", "Speechmatics", "Soniox"}
    assert {engine.name for engine in ENGINES.values() if engine.close_stream} == enders
    assert {engine.name for engine in ENGINES.values() if engine.closes} == enders


def test_quiet_periods() -> None:
    """Silence for 5 s after a final is the end with Telnyx's own engine, 3 s with the others."""
    periods = {engine.name: engine.quiet_period for engine in ENGINES.values()}
    assert periods.pop("Telnyx") == 5.0
    assert set(periods.values()) == {3.0}


def test_checked_paces() -> None:
    """A file is sent at the pace that somebody has checked, real time for most engines."""
    paces = {engine.name: engine.pace for engine in ENGINES.values()}
    assert (paces.pop("Telnyx"), paces.pop("Deepgram")) == (6.0, 2.5)
    assert set(paces.values()) == {1.0}


def test_trailing_silence() -> None:
    """Engines that flush on CloseStream need no silence, Soniox needs 2 s, the others 1 s."""
    seconds = {engine.name: engine.trailing_silence for engine in ENGINES.values()}
    assert (seconds.pop("Deepgram"), seconds.pop("Speechmatics")) == (0.0, 0.0)
    assert seconds.pop("Soniox") == 2.0
    assert set(seconds.values()) == {1.0}


def test_who_sends_interims() -> None:
    """Four engines are known to send interims, Telnyx's own is known not to."""
    known: Dict[Optional[bool], Set[str]] = {True: set(), False: set(), None: set()}
    for engine in ENGINES.values():
        known[engine.interims].add(engine.name)
    assert known[True] == {"Deepgram", "Speechmatics", "Soniox", "Reson8"}
    assert known[False] == {"Telnyx"}


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("Deepgram", ["nova-3", "nova-2", "flux", "flux-multi"]),
        ("Telnyx", ["openai/whisper-tiny", "openai/whisper-large-v3-turbo"]),
        ("Google", ["latest_long", "phone_call", "medical_dictation", "medical_conversation"]),
        ("Azure", ["azure/fast", "fast"]),
        ("Speechmatics", ["speechmatics/standard", "speechmatics/linden-1"]),
        ("Soniox", ["soniox/stt-rt-v4"]),
        ("xAI", ["xai/grok-stt"]),
        ("AssemblyAI", ["assemblyai/universal-streaming"]),
        ("Parakeet", ["nvidia/parakeet-v3"]),
        ("Reson8", ["reson8/turns"]),
        ("Humain", ["humain/realtime"]),
        ("Cohere", ["cohere/ar-stt"]),
    ],
)
def test_known_models(name: str, models: List[str]) -> None:
    """An engine knows its models by their exact names, and a family of them by its beginning."""
    for model in models:
        assert ENGINES[name].knows(model)
    for model in ("", "nova", "whisper", "medical", models[0].upper(), models[0] + "-x"):
        assert not ENGINES[name].knows(model)


def test_an_unknown_engine_knows_every_model() -> None:
    """Where no models are known, none can be wrong."""
    assert engine_named("Brandnew").knows("anything")


@pytest.mark.parametrize(
    ("model", "expected"),
    [("flux", True), ("flux-multi", True), ("flux-2", True), ("nova-3", False), (None, False)],
)
def test_flux(model: Optional[str], expected: bool) -> None:
    """The Flux family is told by the beginning of the name, so that its next member is in it."""
    variant = ENGINES["Deepgram"].variant(model)
    assert [variant.heeds(name) for name in END_OF_TURN] == [expected] * 3
    assert variant.takes("mp3") is not expected
    assert variant.refusal == ("40006" if expected else "40002")


# Who takes which option; what is not said here is ignored.
HEEDS = """
Deepgram                            endpointing keyterm keywords redact
Deepgram nova-3                     endpointing keyterm redact
Deepgram nova-2                     endpointing keywords redact
Deepgram nova                       endpointing keywords redact
Deepgram flux                       endpointing keyterm redact eot
Deepgram flux-multi                 endpointing keyterm redact eot
Telnyx
Google                              endpointing
Azure                               region
xAI                                 endpointing
AssemblyAI
Speechmatics                        endpointing
Speechmatics speechmatics/standard  endpointing
Speechmatics speechmatics/linden-1
Soniox                              endpointing
Parakeet
Reson8
Humain
Cohere
"""
EOT = {"eot": END_OF_TURN}


@pytest.mark.parametrize("line", HEEDS.strip().splitlines())
def test_who_takes_which_option(line: str) -> None:
    """An engine takes the options that the documentation says, by model where it depends on it."""
    who, words = line[:36].split(), line[36:].split()
    engine = ENGINES[who[0]].variant(who[1]) if who[1:] else ENGINES[who[0]]
    taken = {option for word in words for option in EOT.get(word, (word,))}
    assert {one for one in (*ENGINE_OPTIONS, *END_OF_TURN) if engine.heeds(one)} == taken


def test_the_default_model() -> None:
    """Without a model an engine is what it is with the server's default."""
    deepgram = ENGINES["Deepgram"]
    assert deepgram.variant(None) == deepgram.variant("nova-3")._replace(model=None)
    assert engine_named("Brandnew").variant(None) == engine_named("Brandnew")


def test_a_model_that_may_be_new() -> None:
    """Of a model that is not in the table is true what is true of its engine at large."""
    assert ENGINES["Deepgram"].variant("nova-9") == ENGINES["Deepgram"]._replace(model="nova-9")


def test_who_takes_an_option_as_text() -> None:
    """For a message: the engines that take an option, with their models where these differ."""
    assert engines_heeding("region") == "Azure"
    assert engines_heeding("keywords") == "Deepgram nova-2"
    assert engines_heeding("endpointing") == (
        "Deepgram nova-3, Deepgram nova-2, Deepgram flux, Deepgram flux-multi, Google, xAI, "
        "Speechmatics speechmatics/standard, Soniox"
    )
    assert engines_finalizing() == "Deepgram"


def test_variants() -> None:
    """Each engine stands in the list once, or once with each of its models if these differ."""
    assert [str(each) for each in variants()[:5]] == [
        *("Deepgram nova-3", "Deepgram nova-2", "Deepgram flux", "Deepgram flux-multi", "Telnyx")
    ]
    assert {each.name for each in variants()} == set(ENGINES)


def test_models_for_editors() -> None:
    """What editors offer as ``model`` are the models of the table, in its order, and any text."""
    literal, anything = get_args(Model)
    known = [model for engine in ENGINES.values() for model in engine.models]
    assert list(get_args(literal)) == [model for model in known if not model.endswith("*")]
    assert anything is str


def test_languages() -> None:
    """Flux hears English only; linden-1 refuses to guess."""
    limits = {str(each): (each.language, sorted(each.not_languages)) for each in variants()}
    assert limits.pop("Deepgram flux") == ("en", [])
    assert limits.pop("Speechmatics speechmatics/linden-1") == (
        None,
        ["auto", "auto_detect", "multi"],
    )
    assert set(map(str, limits.values())) == {"(None, [])"}


def test_who_is_alone_in_what() -> None:
    """What only one engine does, as far as it is known."""
    alone = {
        feature: [engine.name for engine in ENGINES.values() if getattr(engine, feature)]
        for feature in (
            *("finalize", "keep_alive", "speech_final", "bare_finals", "always_interims"),
            *("whole_turns", "needs_pause", "endpointing_ms"),
        )
    }
    assert alone == {
        "finalize": ["Deepgram"],
        "keep_alive": ["Deepgram"],
        "speech_final": ["Deepgram"],
        "bare_finals": ["Telnyx"],
        "whole_turns": ["Telnyx", "Reson8"],
        "always_interims": ["Reson8"],
        "needs_pause": ["Soniox"],
        "endpointing_ms": ["Soniox"],
    }
    assert ENGINES["Soniox"].endpointing_ms == (500, 3000)


def test_flux_is_deepgrams() -> None:
    """A model of another engine that happens to be called flux takes what its engine takes."""
    assert takes_format(ENGINES["Telnyx"], "flux", "mp3")


@pytest.mark.parametrize("name", NAMES)
def test_engines_by_name(name: str) -> None:
    """A known engine is found by its name."""
    assert engine_named(name) is ENGINES[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_wrong_case(name: str) -> None:
    """A known name in the wrong case is an error that shows the right one, never a new engine."""
    for wrong in {name.lower(), name.upper(), name.swapcase()} - {name}:
        with pytest.raises(ConfigurationError, match="case-sensitive") as caught:
            engine_named(wrong)
        assert repr(wrong) in str(caught.value)
        assert repr(name) in str(caught.value)


def test_an_unknown_engine() -> None:
    """Of an engine that is not in the table nothing is taken for granted.

    It is told the end by CloseStream, which harms none and which it may need to flush, but it
    is not relied upon to close.
    """
    assert engine_named("Brandnew") == Engine(
        "Brandnew",
        models=(),
        options=None,
        close_stream=True,
        finalize=True,
        closes=False,
        interims=None,
        formats=None,
        pace=1.0,
        trailing_silence=1.0,
        quiet_period=3.0,
    )
    assert "Brandnew" not in ENGINES


def test_raw_formats() -> None:
    """Raw formats are those whose rate nothing but ``sample_rate`` tells; all can be written."""
    assert set(SILENT_SAMPLE) == RAW_FORMATS == {"linear16", "linear32", "mulaw", "alaw"}


@pytest.mark.parametrize(
    ("input_format", "encoding", "size"),
    [("linear16", "s16", 2), ("linear32", "f32", 4), ("mulaw", "mulaw", 1), ("alaw", "alaw", 1)],
)
def test_silent_samples(input_format: str, encoding: str, size: int) -> None:
    """The silence that is sent behind raw audio is one whole sample, and silent."""
    sample = SILENT_SAMPLE[input_format]
    assert len(sample) == size
    assert is_silent(to_linear16(sample * 10, encoding))


def test_who_must_be_told_the_rate() -> None:
    """Google reads the sample rate from WAV and FLAC only; the others from any container."""
    for engine in ENGINES.values():
        needed = {one for one in FORMATS if engine.needs_rate_of(one)}
        assert needed == (set(FORMATS) - {"wav", "flac"} if engine.name == "Google" else set())


def test_the_rates_that_an_engine_takes() -> None:
    """An engine takes the rates that the codec has, and any where the codec has no say."""
    for engine in ENGINES.values():
        rates = {one: engine.rates_of(one) for one in FORMATS}
        speex = (16000,) if engine.name == "Google" else CODEC_RATES["speex"]
        assert rates == {**dict.fromkeys(FORMATS, ()), **CODEC_RATES, "speex": speex}
    linden = ENGINES["Speechmatics"].variant("speechmatics/linden-1")
    assert {linden.rates_of(one) for one in FORMATS} == {(16000,)}


def test_codec_rates() -> None:
    """The rates of codecs that have few are those of the codecs' own standards."""
    assert CODEC_RATES["g729"] == CODEC_RATES["amr_nb"] == (8000,)
    assert CODEC_RATES["amr_wb"] == (16000,)
    assert CODEC_RATES["speex"] == (8000, 16000, 32000)
    for kind in ("opus", "ogg_opus", "webm_opus"):
        assert CODEC_RATES[kind] == (8000, 12000, 16000, 24000, 48000)
    assert set(CODEC_RATES) <= set(FORMATS) - RAW_FORMATS


@pytest.mark.parametrize("engine", ENGINES.values(), ids=lambda engine: engine.name)
def test_an_engine_cannot_be_changed(engine: Engine) -> None:
    """The table is the same for every stream of the process: nobody can change an entry."""
    before = repr(engine)
    with pytest.raises(AttributeError):
        engine.pace = 100.0  # type: ignore[misc]
    assert repr(engine) == before
