"""One engine: what it takes, what it sends, how a session with it ends."""

# Annotations are not postponed here: as text, each would be compiled again when its class is made.

from typing import Any, FrozenSet, Mapping, NamedTuple, Optional, Tuple

from ._audio_format import CODEC_RATES

# The options that some engines take and the others ignore, as far as it is known.
ENGINE_OPTIONS = ("endpointing", "keyterm", "keywords", "redact", "region")

# The options that other engines do not ignore but refuse.
END_OF_TURN = ("eot_threshold", "eager_eot_threshold", "eot_timeout_ms")


class Engine(NamedTuple):
    """What one engine takes with one of its models, what it sends, how a session with it ends.

    ``models``: the first is the server's default; a ``*`` stands for any ending.
    ``model``: the one that the rest is about; ``None`` for whatever they have in common.
    ``variants``: what is different with some of them; the first whose name fits counts.

    What it takes. ``formats``: ``None`` when nobody has said. ``refusal``: the code of the error
    for any other. ``sample_rates``: in Hz, empty for any. ``codec_rates``: where it takes fewer
    rates than the codec has. ``reads_rate``: the formats whose sample rate it finds by itself,
    ``None`` for all that state it. ``options``: which of ``ENGINE_OPTIONS`` and ``END_OF_TURN`` it
    takes, ``None`` when nobody has said. ``endpointing_ms``: the range it takes, ``None`` for any
    and ``False``. ``language``: the only one that it hears. ``not_languages``: what it refuses.
    ``pace``: the fastest upload, in × real time, that somebody has checked.

    What it sends. ``interims``: ``False`` when it never sends any, ``None`` when nobody has said.
    ``always_interims``: also when they were not asked for. ``speech_final``: frames say whether
    the speaker paused. ``whole_turns``: one final for each turn of the speaker, and interims that
    hold all of it so far. ``bare_finals``: finals begin with a blank and have no confidence.

    How it is told, and how it ends. ``close_stream``: a ``CloseStream`` frame tells it the end of
    the audio. ``closes``: it then closes the connection when it has sent everything; the others
    stay open, so silence has to be read as the end. ``finalize``: a ``Finalize`` frame makes it
    send a final. ``keep_alive``: a ``KeepAlive`` frame resets its idle timer.
    ``trailing_silence``: seconds of silence that it needs behind raw audio and WAV to let go of
    the last words. ``needs_pause``: without that silence, or ``endpointing``, it keeps them even
    at the end. ``quiet_period``: how many seconds of silence, after a final, mean the end.
    """

    name: str
    models: Tuple[str, ...] = ()  # empty: nobody has said
    model: Optional[str] = None
    variants: Tuple[Tuple[str, Mapping[str, Any]], ...] = ()
    formats: Optional[FrozenSet[str]] = None
    refusal: str = "40002"
    sample_rates: Tuple[int, ...] = ()
    codec_rates: Tuple[Tuple[str, Tuple[int, ...]], ...] = ()
    reads_rate: Optional[FrozenSet[str]] = None
    options: Optional[FrozenSet[str]] = frozenset()
    endpointing_ms: Optional[Tuple[int, int]] = None
    language: Optional[str] = None
    not_languages: FrozenSet[str] = frozenset()
    pace: float = 1.0
    interims: Optional[bool] = None
    always_interims: bool = False
    speech_final: bool = False
    whole_turns: bool = False
    bare_finals: bool = False
    close_stream: bool = False
    closes: bool = False
    finalize: bool = False
    keep_alive: bool = False
    trailing_silence: float = 1.0
    needs_pause: bool = False
    quiet_period: float = 3.0

    def variant(self, model: Optional[str]) -> "Engine":
        """The engine with that model; ``None``: with the server's default."""
        name = model or (self.models[0] if self.models else None)
        for pattern, changes in self.variants:
            if name is not None and _fits(name, pattern):
                return self._replace(model=model, **changes)
        return self if model == self.model else self._replace(model=model)

    def __str__(self) -> str:
        return f"{self.name} {self.model}" if self.model else self.name

    def knows(self, model: str) -> bool:
        """Whether the model is one of its own; an unknown engine knows every model."""
        return not self.models or any(_fits(model, pattern) for pattern in self.models)

    def takes(self, input_format: str) -> bool:
        """Whether it takes the format, as far as it is known; unknown counts as yes."""
        return self.formats is None or input_format in self.formats

    def heeds(self, option: str) -> bool:
        """Whether an option has an effect, as far as it is known; unknown counts as yes."""
        return self.options is None or option in self.options

    def rates_of(self, input_format: str) -> Tuple[int, ...]:
        """The sample rates in Hz that it takes of a codec; empty: any."""
        own = dict(self.codec_rates).get(input_format, self.sample_rates)
        return own or CODEC_RATES.get(input_format, ())

    def needs_rate_of(self, input_format: str) -> bool:
        """Whether ``sample_rate`` has to be given for a format that is not raw."""
        return self.reads_rate is not None and input_format not in self.reads_rate


def _fits(model: str, pattern: str) -> bool:
    return model == pattern or (pattern.endswith("*") and model.startswith(pattern[:-1]))
