"""What each engine can do: the one table behind validation, pacing and the end of a stream.

The facts are those of Telnyx's documentation, its SDK and public reports up to
October 2026. ``None`` in the table means "nobody has said": the server decides.
No other module names an engine or a model.
"""

from __future__ import annotations

from typing import Any, Dict, Literal, Optional, Tuple, Union

from ._audio_format import INPUT_FORMATS
from ._engine import END_OF_TURN, Engine
from ._errors import ConfigurationError

TranscriptionEngine = Literal[
    "Deepgram",
    "Telnyx",
    "Google",
    "Azure",
    "xAI",
    "AssemblyAI",
    "Speechmatics",
    "Soniox",
    "Parakeet",
    "Reson8",
    "Humain",
    "Cohere",
]

# The names are there for editors to complete; any other may be new.
Model = Union[
    Literal[
        "nova-3",
        "nova-2",
        "flux",
        "flux-multi",
        "openai/whisper-tiny",
        "openai/whisper-large-v3-turbo",
        "latest_long",
        "latest_short",
        "command_and_search",
        "phone_call",
        "video",
        "default",
        "azure/fast",
        "fast",
        "xai/grok-stt",
        "assemblyai/universal-streaming",
        "speechmatics/standard",
        "speechmatics/linden-1",
        "soniox/stt-rt-v4",
        "nvidia/parakeet-v3",
        "reson8/turns",
        "humain/realtime",
        "cohere/ar-stt",
    ],
    str,
]

_FLUX = frozenset(
    {"linear16", "linear32", "wav", "mulaw", "alaw", "ogg", "webm", "ogg_opus", "opus"}
)
_GOOGLE = frozenset("linear16 wav mp3 mulaw flac ogg_opus webm_opus amr_nb amr_wb speex".split())
_SONIOX = frozenset("linear16 linear32 wav mp3 mulaw alaw flac ogg webm".split())


_NOVA_3: Dict[str, Any] = {"options": frozenset({"endpointing", "keyterm", "redact"})}
_NOVA_2: Dict[str, Any] = {"options": frozenset({"endpointing", "keywords", "redact"})}
_FLUX_MULTI: Dict[str, Any] = {
    "formats": _FLUX,
    "refusal": "40006",
    "options": frozenset({"endpointing", "keyterm", "redact", *END_OF_TURN}),
}
_LINDEN: Dict[str, Any] = {
    "sample_rates": (16000,),
    "options": frozenset(),
    "not_languages": frozenset({"auto", "auto_detect", "multi"}),
}

_ALL = (
    Engine(
        "Deepgram",
        models=("nova-3", "nova-2", "flux", "flux-multi"),
        variants=(
            ("nova-3", _NOVA_3),
            ("nova-2", _NOVA_2),
            ("nova", _NOVA_2),
            ("flux", {**_FLUX_MULTI, "language": "en"}),
            ("flux*", _FLUX_MULTI),
        ),
        formats=frozenset(INPUT_FORMATS),
        options=frozenset({"endpointing", "keyterm", "keywords", "redact"}),
        pace=2.5,
        interims=True,
        speech_final=True,
        close_stream=True,
        closes=True,
        finalize=True,
        keep_alive=True,
        trailing_silence=0.0,
    ),
    Engine(
        "Telnyx",
        models=("openai/whisper-tiny", "openai/whisper-large-v3-turbo"),
        formats=frozenset({"linear16", "linear32", "wav", "mp3"}),
        pace=6.0,
        interims=False,
        whole_turns=True,
        bare_finals=True,
        # One final per utterance, each after some thought: the others need less.
        quiet_period=5.0,
    ),
    Engine(
        "Google",
        models=(
            "latest_long",
            "latest_short",
            "command_and_search",
            "phone_call",
            "video",
            "default",
            "medical_*",
        ),
        formats=_GOOGLE,
        codec_rates=(("speex", (16000,)),),
        reads_rate=frozenset({"wav", "flac"}),
        options=frozenset({"endpointing"}),
    ),
    Engine(
        "Azure",
        models=("azure/fast", "fast"),
        formats=frozenset({"linear16", "wav", "mp3"}),
        options=frozenset({"region"}),
    ),
    Engine("xAI", models=("xai/grok-stt",), options=frozenset({"endpointing"})),
    Engine("AssemblyAI", models=("assemblyai/universal-streaming",)),
    Engine(
        "Speechmatics",
        models=("speechmatics/standard", "speechmatics/linden-1"),
        variants=(("speechmatics/linden-1", _LINDEN),),
        formats=frozenset("linear16 linear32 wav mp3 mulaw flac ogg".split()),
        options=frozenset({"endpointing"}),
        interims=True,
        close_stream=True,
        closes=True,
        trailing_silence=0.0,
    ),
    Engine(
        "Soniox",
        models=("soniox/stt-rt-v4",),
        formats=_SONIOX,
        options=frozenset({"endpointing"}),
        endpointing_ms=(500, 3000),
        interims=True,
        close_stream=True,
        closes=True,
        trailing_silence=2.0,
        needs_pause=True,
    ),
    Engine(
        "Parakeet",
        models=("nvidia/parakeet-v3",),
        formats=frozenset({"linear16", "linear32", "wav", "mp3"}),
    ),
    Engine(
        "Reson8",
        models=("reson8/turns",),
        formats=frozenset({"linear16", "linear32", "mulaw", "alaw"}),
        interims=True,
        always_interims=True,
        whole_turns=True,
    ),
    Engine("Humain", models=("humain/realtime",)),
    Engine("Cohere", models=("cohere/ar-stt",)),
)

ENGINES: Dict[str, Engine] = {engine.name: engine for engine in _ALL}


def engine_named(name: str) -> Engine:
    """The engine of that name; one that knows nothing about a name not in the table.

    Raises ``ConfigurationError`` for a known name in the wrong case: names are
    case-sensitive, and the service would answer error 40007.
    """
    if name in ENGINES:
        return ENGINES[name]
    for known in ENGINES:
        if known.lower() == name.lower():
            raise ConfigurationError(
                f"transcription_engine={name!r}: the names are case-sensitive; write {known!r}"
            )
    # Engines that do not know CloseStream ignore it, and one that does may need it to flush.
    # Finalize is ignored likewise, and only sent when the user wants it.
    return Engine(name, options=None, close_stream=True, finalize=True)


def takes_format(engine: Engine, model: Optional[str], input_format: str) -> bool:
    """Whether the engine takes the format with that model, as far as it is known."""
    return engine.variant(model).takes(input_format)


def engines_taking(input_format: str) -> Tuple[str, ...]:
    """The names of the engines that are known to take the format."""
    return tuple(
        engine.name
        for engine in ENGINES.values()
        if engine.formats is not None and input_format in engine.formats
    )


def variants() -> Tuple[Engine, ...]:
    """Every engine, and in place of one whose models differ: each of its models."""
    return tuple(
        variant
        for engine in ENGINES.values()
        for variant in (map(engine.variant, engine.models) if engine.variants else (engine,))
    )


def engines_heeding(option: str) -> str:
    """The engines, or their models, that are known to take an option: for a message."""
    known = (each for each in variants() if each.options is not None and option in each.options)
    return ", ".join(map(str, known))


def engines_finalizing() -> str:
    """The engines that can be asked for a final: for a message."""
    return ", ".join(engine.name for engine in ENGINES.values() if engine.finalize)
