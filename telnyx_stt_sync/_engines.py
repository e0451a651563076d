"""What each engine can do: the one table behind validation, pacing and the end of a stream.

The facts are those of Telnyx's documentation, its SDK and public reports up to
October 2026. ``None`` in the table means "nobody has said": the server decides.
"""

from __future__ import annotations

from typing import Dict, FrozenSet, Literal, NamedTuple, Optional, Tuple

from ._audio_format import CODEC_RATES, INPUT_FORMATS
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

# Where an engine takes fewer rates than the codec has.
_OWN_RATES: Dict[Tuple[str, str], Tuple[int, ...]] = {("Google", "speex"): (16000,)}

_NOVA = frozenset(INPUT_FORMATS)
_FLUX = frozenset(
    {"linear16", "linear32", "wav", "mulaw", "alaw", "ogg", "webm", "ogg_opus", "opus"}
)
_GOOGLE = frozenset("linear16 wav mp3 mulaw flac ogg_opus webm_opus amr_nb amr_wb speex".split())
_SONIOX = frozenset("linear16 linear32 wav mp3 mulaw alaw flac ogg webm".split())


class Engine(NamedTuple):
    """What one engine takes, and how a session with it ends.

    ``close_stream``: it is told the end of the audio by a ``CloseStream``
    frame. ``closes``: it then closes the connection when it has sent
    everything; the others stay open, so silence has to be read as the end.
    ``keep_alive``: a ``KeepAlive`` frame resets its idle timer.
    ``trailing_silence``: seconds of silence that it needs behind raw audio to
    let go of the last words. ``quiet_period``: how many seconds of silence,
    after a final, mean the end. ``pace``: the fastest upload, in × real time,
    that somebody has checked. ``interims``: ``False`` when it never sends any,
    ``None`` when nobody has said. ``formats``: what it takes, ``None`` when
    nobody has said. ``models``: the first is the server's default; a ``*``
    stands for any ending. ``reads_rate``: the formats whose sample rate it finds
    by itself, ``None`` for all that state it.
    """

    name: str
    models: Tuple[str, ...] = ()  # empty: nobody has said
    close_stream: bool = False
    closes: bool = False
    keep_alive: bool = False
    interims: Optional[bool] = None
    formats: Optional[FrozenSet[str]] = None
    pace: float = 1.0
    trailing_silence: float = 1.0
    quiet_period: float = 3.0
    reads_rate: Optional[FrozenSet[str]] = None

    def rates_of(self, input_format: str) -> Tuple[int, ...]:
        """The sample rates in Hz that it takes of a codec; empty: any."""
        return _OWN_RATES.get((self.name, input_format), CODEC_RATES.get(input_format, ()))

    def needs_rate_of(self, input_format: str) -> bool:
        """Whether ``sample_rate`` has to be given for a format that is not raw."""
        return self.reads_rate is not None and input_format not in self.reads_rate


ENGINES: Dict[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine(
            "Deepgram",
            models=("nova-3", "nova-2", "flux", "flux-multi"),
            close_stream=True,
            closes=True,
            keep_alive=True,
            interims=True,
            formats=_NOVA,
            pace=2.5,
            trailing_silence=0.0,
        ),
        Engine(
            "Telnyx",
            models=("openai/whisper-tiny", "openai/whisper-large-v3-turbo"),
            interims=False,
            formats=frozenset({"linear16", "linear32", "wav", "mp3"}),
            pace=6.0,
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
            reads_rate=frozenset({"wav", "flac"}),
        ),
        Engine(
            "Azure", models=("azure/fast", "fast"), formats=frozenset({"linear16", "wav", "mp3"})
        ),
        Engine("xAI", models=("xai/grok-stt",)),
        Engine("AssemblyAI", models=("assemblyai/universal-streaming",)),
        Engine(
            "Speechmatics",
            models=("speechmatics/standard", "speechmatics/linden-1"),
            close_stream=True,
            closes=True,
            interims=True,
            formats=frozenset("linear16 linear32 wav mp3 mulaw flac ogg".split()),
            trailing_silence=0.0,
        ),
        Engine(
            "Soniox",
            models=("soniox/stt-rt-v4",),
            close_stream=True,
            closes=True,
            interims=True,
            formats=_SONIOX,
            # No final without `endpointing` or about this much silence.
            trailing_silence=2.0,
        ),
        Engine(
            "Parakeet",
            models=("nvidia/parakeet-v3",),
            formats=frozenset({"linear16", "linear32", "wav", "mp3"}),
        ),
        Engine(
            "Reson8",
            models=("reson8/turns",),
            interims=True,
            formats=frozenset({"linear16", "linear32", "mulaw", "alaw"}),
        ),
        Engine("Humain", models=("humain/realtime",)),
        Engine("Cohere", models=("cohere/ar-stt",)),
    )
}


def knows_model(engine: Engine, model: str) -> bool:
    """Whether the model is one of the engine's; unknown engines know every model."""
    return not engine.models or any(
        model == known or (known.endswith("*") and model.startswith(known[:-1]))
        for known in engine.models
    )


def is_flux(model: Optional[str]) -> bool:
    """Whether a Deepgram model is of the Flux family, which takes fewer formats."""
    return model is not None and model.startswith("flux")


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
    return Engine(name, close_stream=True)


def takes_format(engine: Engine, model: Optional[str], input_format: str) -> bool:
    """Whether the engine takes the format, as far as it is known; unknown counts as yes."""
    if engine.name == "Deepgram" and is_flux(model):
        return input_format in _FLUX
    return engine.formats is None or input_format in engine.formats


def engines_taking(input_format: str) -> Tuple[str, ...]:
    """The names of the engines that are known to take the format."""
    return tuple(
        engine.name
        for engine in ENGINES.values()
        if engine.formats is not None and input_format in engine.formats
    )
