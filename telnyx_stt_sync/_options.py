"""The options of a ``Transcriber``: one immutable value that has checked itself."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, List, Mapping, Optional, Sequence, Union

from ._audio_format import INPUT_FORMATS, MAX_SAMPLE_RATE, RAW_FORMATS, raw_format
from ._engine import END_OF_TURN, ENGINE_OPTIONS, Engine
from ._engines import ENGINES, engine_named, engines_heeding, engines_taking
from ._errors import ConfigurationError
from ._option_checks import (
    check_duration,
    check_endpointing,
    check_key,
    check_proxy,
    check_ssl_context,
    check_text,
    check_url,
    extra_query_of,
    format_hint,
    texts_of,
)
from ._retry import RetryPolicy, retry_policy
from ._values import is_number, is_whole, plain, shown

QueryScalar = Union[str, int, float, bool]
QueryValue = Union[QueryScalar, Sequence[QueryScalar]]

# The options that go into the query under their own names, in this order.
QUERY_OPTIONS = (
    "transcription_engine",
    "model",
    "input_format",
    "sample_rate",
    "language",
    "interim_results",
    "endpointing",
    "keyterm",
    "keywords",
    "redact",
    "region",
    "eot_threshold",
    "eager_eot_threshold",
    "eot_timeout_ms",
)

# Lists of which nobody has settled how they are written: keys repeated, or one with commas. They
# may also be given through ``extra_query``, a list as a repeated key and a string as it is.
_WRITTEN_EITHER_WAY = ("keyterm", "keywords")

# What may be redacted; more may come.
_REDACTABLE = ("pci", "ssn", "numbers")

# Parameters of other Telnyx or Deepgram interfaces: this socket ignores them without a word,
# so a user who sets one would only see that it does nothing.
_WITHOUT_EFFECT = frozenset(
    "encoding transcription_model diarize smart_format punctuate channels vad_events "
    "utterance_end_ms".split()
)

_DURATIONS = (
    "connect_timeout",
    "connect_spacing",
    "drain_timeout",
    "quiet_period",
    "replay_seconds",
    "buffer_seconds",
    "ping_interval",
    "ping_timeout",
)


# What dataclass would write and compile for so many fields takes longer than any other module.
@dataclass(frozen=True, eq=False, init=False, repr=False)
class Options:
    """Everything that a stream needs to know. Secrets are kept out of ``repr``.

    Raises ``ConfigurationError`` with the value, the rule and the fix. What
    cannot be judged without the service (a new engine, a new model) is in
    ``doubts()`` instead.
    """

    api_key: Optional[str] = field(default=None, repr=False)  # None: from the environment
    transcription_engine: str = "Deepgram"
    model: Optional[str] = None
    input_format: Optional[str] = None  # None: only files, which say what they are
    sample_rate: Optional[int] = None
    language: Optional[str] = None
    interim_results: Optional[bool] = None
    endpointing: Union[int, bool, None] = None
    keyterm: Union[str, Sequence[str], None] = None
    keywords: Union[str, Sequence[str], None] = None
    redact: Union[str, Sequence[str], None] = None
    region: Optional[str] = None
    eot_threshold: Optional[float] = None
    eager_eot_threshold: Optional[float] = None
    eot_timeout_ms: Optional[int] = None
    extra_query: Optional[Mapping[str, QueryValue]] = None
    url: Optional[str] = None  # None: from the environment, else the service
    connect_timeout: float = 10.0
    connect_spacing: float = 0.1
    drain_timeout: float = 30.0
    quiet_period: Optional[float] = None  # None: by engine
    reconnect: Union[bool, RetryPolicy] = True
    replay_seconds: float = 60.0
    buffer_seconds: float = 10.0
    overflow: str = "block"
    ping_interval: float = 15.0
    ping_timeout: float = 10.0
    ssl_context: Any = None
    proxy: Optional[str] = field(default=None, repr=False)  # None: from the environment

    def __init__(self, **given: Any) -> None:
        for known in fields(self):
            value = given.pop(known.name, known.default)
            object.__setattr__(self, known.name, plain(value))
        if given:
            raise TypeError(f"no such options: {', '.join(given)}")
        for name in ("keyterm", "keywords", "redact"):
            object.__setattr__(self, name, texts_of(name, getattr(self, name)))
        for name in ("transcription_engine", "model", "language", "region"):
            check_text(name, getattr(self, name), optional=name != "transcription_engine")
        for name in _DURATIONS:
            check_duration(name, getattr(self, name))
        check_key(self.api_key)
        check_url(self.url)
        check_proxy(self.proxy)
        check_ssl_context(self.ssl_context)
        retry_policy(self.reconnect)
        _check_format(self)
        _check_overflow(self)
        _check_engine_options(self)
        _check_language(self)
        _check_end_of_turn(self)
        extra_query = extra_query_of(self.extra_query, self._names_taken())
        object.__setattr__(self, "extra_query", extra_query)

    def __repr__(self) -> str:
        told = (f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
        return f"Options({', '.join(told)})"

    @property
    def engine(self) -> Engine:
        """What is known of the engine with this model."""
        return engine_named(self.transcription_engine).variant(self.model)

    def doubts(self) -> List[str]:
        """What looks wrong but may be new: one sentence each, for a warning."""
        doubts = []
        engine = self.engine
        if engine.name not in ENGINES:
            doubts.append(
                f"transcription_engine={engine.name!r} is not known here; it may be new, the "
                f"service will decide. Known: {', '.join(ENGINES)}"
            )
        if self.model is not None and not engine.knows(self.model):
            doubts.append(
                f"model={self.model!r} is not known for {engine.name}; it may be new, the "
                f"service will decide. Known: {', '.join(engine.models)}"
            )
        for name in ENGINE_OPTIONS:
            if getattr(self, name) is not None and not engine.heeds(name):
                doubts.append(
                    f"{name}: as far as is known {_default(engine)} ignores it. "
                    f"It is for {engines_heeding(name)}"
                )
        if self.interim_results is False and engine.always_interims:
            doubts.append(f"interim_results=False: {engine} sends interims all the same")
        if engine.needs_pause and self.endpointing is None:
            if self.input_format not in (None, *RAW_FORMATS):
                doubts.append(
                    f"{engine} may keep the last words of {self.input_format} audio to itself, "
                    "unless that ends with some seconds of silence or endpointing= is given"
                )
        for kind in sorted(set(self.redact or ()).difference(_REDACTABLE)):
            doubts.append(
                f"redact={kind!r} is not known here; it may be new, the service will decide. "
                f"Known: {', '.join(_REDACTABLE)}"
            )
        for name in sorted(_WITHOUT_EFFECT.intersection(self.extra_query or ())):
            doubts.append(f"extra_query: this service ignores {name!r}")
        return doubts

    def _names_taken(self) -> List[str]:
        """The names that ``extra_query`` may not hold."""
        free = [name for name in _WRITTEN_EITHER_WAY if getattr(self, name) is None]
        return [name for name in QUERY_OPTIONS if name not in free]


def _check_format(options: Options) -> None:
    input_format, rate = options.input_format, options.sample_rate
    if rate is not None and (not is_whole(rate) or rate <= 0):
        raise ConfigurationError(f"sample_rate={shown(rate)}: give a whole number of Hz above 0")
    if rate is not None and rate > MAX_SAMPLE_RATE:
        raise ConfigurationError(f"sample_rate={shown(rate)}: at most {MAX_SAMPLE_RATE} Hz")
    rates = options.engine.sample_rates
    if rate is not None and rates and rate not in rates:
        raise ConfigurationError(
            f"sample_rate={rate}: {options.engine} takes {', '.join(map(str, rates))} Hz only"
        )
    if input_format is None:
        return
    if input_format not in INPUT_FORMATS:
        raise ConfigurationError(
            f"input_format={shown(input_format)} is not a format of the service"
            f"{format_hint(input_format)}. Give one of: {', '.join(INPUT_FORMATS)}"
        )
    raw_format(input_format, rate)  # says so when the rate is missing
    allowed = options.engine.rates_of(input_format)
    if rate is not None and allowed and rate not in allowed:
        raise ConfigurationError(
            f"sample_rate={rate}: {input_format} runs at {', '.join(map(str, allowed))} Hz"
        )
    check_takes(options, input_format)
    _check_rate_is_told(options, input_format)


def _check_overflow(options: Options) -> None:
    overflow, input_format = options.overflow, options.input_format
    if overflow not in ("block", "drop_oldest"):
        raise ConfigurationError(f"overflow={shown(overflow)}: give 'block' or 'drop_oldest'")
    if overflow == "drop_oldest" and input_format not in (None, *RAW_FORMATS):
        raise ConfigurationError(
            f"overflow='drop_oldest': {input_format} can't be cut without damage to the rest; "
            f"only raw audio can ({', '.join(sorted(RAW_FORMATS))})"
        )


def check_takes(options: Options, input_format: str) -> None:
    """Raise ``ConfigurationError`` when the engine is known not to take the format."""
    if options.engine.takes(input_format):
        return
    others = ", ".join(engines_taking(input_format))
    raise ConfigurationError(
        f"input_format={input_format!r}: {options.engine} does not take it. Engines that do: "
        f"{others}. Every engine takes linear16"
    )


def _check_rate_is_told(options: Options, input_format: str) -> None:
    engine = options.engine
    if options.sample_rate is None and engine.needs_rate_of(input_format):
        readable = " and ".join(sorted(engine.reads_rate or ()))
        raise ConfigurationError(
            f"input_format={input_format!r}: {engine} reads the sample rate from the headers of "
            f"{readable} only; give sample_rate= in Hz as well"
        )


def _check_language(options: Options) -> None:
    engine, language = options.engine, options.language
    if language is None:
        return
    if engine.language is not None and language.split("-")[0].lower() != engine.language:
        others = [one for one in engine.models if not ENGINES[engine.name].variant(one).language]
        raise ConfigurationError(
            f"language={language!r}: {engine} hears {engine.language!r} only; these models hear "
            f"more: {', '.join(others)}"
        )
    if language in engine.not_languages:
        raise ConfigurationError(
            f"language={language!r}: {engine} wants one language, for example 'en'"
        )


def _check_engine_options(options: Options) -> None:
    interims, engine = options.interim_results, options.engine
    if interims is not None and not isinstance(interims, bool):
        raise ConfigurationError(f"interim_results={shown(interims)}: give True or False")
    if interims and engine.interims is False:
        raise ConfigurationError(
            f"interim_results=True: {engine} sends no interims; leave the option out"
        )
    check_endpointing(options.endpointing, engine)


def _check_end_of_turn(options: Options) -> None:
    for name, (low, high) in zip(END_OF_TURN, ((0.5, 0.9), (0.3, 0.9), (500, 10000))):
        value = getattr(options, name)
        if value is None:
            continue
        if not is_number(value) or not low <= value <= high:
            raise ConfigurationError(f"{name}={shown(value)}: give a number from {low} to {high}")
        if not options.engine.heeds(name):
            raise ConfigurationError(
                f"{name}: {_default(options.engine)} does not take it; it is for "
                f"{engines_heeding(name)}. Give model= as well, or leave it out"
            )
    if options.eot_timeout_ms is not None and not is_whole(options.eot_timeout_ms):
        raise ConfigurationError(f"eot_timeout_ms={options.eot_timeout_ms!r}: give an int")
    eager, sure = options.eager_eot_threshold, options.eot_threshold
    if eager is not None and sure is not None and eager > sure:
        raise ConfigurationError(
            f"eager_eot_threshold={eager} is above eot_threshold={sure}: it may be at most equal"
        )


def _default(engine: Engine) -> str:
    """The engine and its model, the server's default where none was chosen and it matters."""
    if engine.model is None and engine.variants:
        return f"{engine.name} {engine.models[0]}, the default model,"
    return str(engine)
