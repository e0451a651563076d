"""The options of a ``Transcriber``: one immutable value that has checked itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, List, Mapping, Optional, Sequence, Tuple, Union
from urllib.parse import urlsplit

from ._audio_format import INPUT_FORMATS, RAW_FORMATS, raw_format
from ._engines import (
    ENGINES,
    Engine,
    engine_named,
    engines_taking,
    is_flux,
    knows_model,
    takes_format,
)
from ._errors import ConfigurationError
from ._retry import RetryPolicy, retry_policy

QueryValue = Union[str, int, float, bool, Sequence[str]]

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

# Parameters of other Telnyx or Deepgram interfaces: this socket ignores them without a word,
# so a user who sets one would only see that it does nothing.
_WITHOUT_EFFECT = frozenset(
    "encoding transcription_model diarize smart_format punctuate channels vad_events "
    "utterance_end_ms".split()
)

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, eq=False)
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

    def __post_init__(self) -> None:
        for name in ("keyterm", "keywords", "redact"):
            object.__setattr__(self, name, _texts(name, getattr(self, name)))
        for name in ("transcription_engine", "model", "language", "region"):
            _check_text(name, getattr(self, name), optional=name != "transcription_engine")
        for name in _DURATIONS:
            _check_duration(name, getattr(self, name))
        _check_key(self.api_key)
        _check_url(self.url)
        check_proxy(self.proxy)
        retry_policy(self.reconnect)
        _check_format(self)
        _check_overflow(self)
        _check_engine_options(self)
        _check_linden(self)
        _check_end_of_turn(self)
        _check_extra_query(self.extra_query)
        if self.extra_query is not None:
            object.__setattr__(self, "extra_query", dict(self.extra_query))

    @property
    def engine(self) -> Engine:
        """What is known of the engine."""
        return engine_named(self.transcription_engine)

    def doubts(self) -> List[str]:
        """What looks wrong but may be new: one sentence each, for a warning."""
        doubts = []
        engine = self.engine
        if engine.name not in ENGINES:
            doubts.append(
                f"transcription_engine={engine.name!r} is not known here; it may be new, the "
                f"service will decide. Known: {', '.join(ENGINES)}"
            )
        if self.model is not None and not knows_model(engine, self.model):
            doubts.append(
                f"model={self.model!r} is not known for {engine.name}; it may be new, the "
                f"service will decide. Known: {', '.join(engine.models)}"
            )
        for name in sorted(_WITHOUT_EFFECT.intersection(self.extra_query or ())):
            doubts.append(f"extra_query: this service ignores {name!r}")
        return doubts


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


def is_number(value: object) -> bool:
    """Whether it is an int or a float, finite, and not a bool."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int larger than any float
        return False


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _texts(name: str, value: Union[str, Sequence[str], None]) -> Optional[Tuple[str, ...]]:
    if value is None:
        return None
    try:
        texts = (value,) if isinstance(value, str) else tuple(value)
    except TypeError:
        texts = ()
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ConfigurationError(f"{name}={value!r}: give a string or a list of strings")
    return texts


def _check_text(name: str, value: object, optional: bool) -> None:
    if value is None and optional:
        return
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{name}={value!r}: give a string that is not empty")


def _check_duration(name: str, value: object) -> None:
    if value is None and name == "quiet_period":
        return
    least = "0 or more" if name in ("connect_spacing", "replay_seconds") else "above 0"
    if not is_number(value) or value < 0 or (value == 0 and least == "above 0"):  # type: ignore[operator]
        raise ConfigurationError(f"{name}={value!r}: give a number of seconds, {least}")


def _check_key(key: Optional[str]) -> None:
    """A key goes into a header: nothing may be in it that ends or splits one."""
    if key is None:
        return
    if not isinstance(key, str) or not key:
        raise ConfigurationError("api_key is empty: give the key, or leave api_key out")
    if key.lower().startswith("bearer "):
        raise ConfigurationError("api_key starts with 'Bearer ': give the key alone")
    if not all("!" <= letter <= "~" for letter in key):
        raise ConfigurationError(
            "api_key holds a blank, a line break or another character that no key has: "
            "was it read from a file with its line end? Use key.strip()"
        )


def _check_url(url: Optional[str]) -> None:
    if url is None:
        return
    try:
        parts = urlsplit(url)
        # `.port` is read for its ValueError.
        usable = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except (ValueError, AttributeError, TypeError):
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise ConfigurationError(f"url={url!r}: give ws://host… or wss://host…")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ConfigurationError(
            "url: it may hold no user name, password or fragment; the key goes into api_key"
        )


def check_proxy(proxy: Optional[str]) -> None:
    """Raise ``ConfigurationError`` unless it is ``None`` or an ``http://`` proxy URL."""
    if proxy is None:
        return
    try:
        parts = urlsplit(proxy)
        usable = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except (ValueError, AttributeError, TypeError):
        usable = False
    if not usable:
        # The value may hold a password, so it is not repeated.
        raise ConfigurationError(
            "proxy: give http://host:port or http://user:password@host:port; "
            "other kinds of proxy (socks, https) are not supported"
        )


def _check_format(options: Options) -> None:
    input_format, rate = options.input_format, options.sample_rate
    if rate is not None and (not _is_whole(rate) or rate <= 0):
        raise ConfigurationError(f"sample_rate={rate!r}: give a whole number of Hz above 0")
    if input_format is None:
        return
    if input_format not in INPUT_FORMATS:
        raise ConfigurationError(
            f"input_format={input_format!r} is not a format of the service"
            f"{_format_hint(input_format)}. Give one of: {', '.join(INPUT_FORMATS)}"
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
        raise ConfigurationError(f"overflow={overflow!r}: give 'block' or 'drop_oldest'")
    if overflow == "drop_oldest" and input_format not in (None, *RAW_FORMATS):
        raise ConfigurationError(
            f"overflow='drop_oldest': {input_format} can't be cut without damage to the rest; "
            f"only raw audio can ({', '.join(sorted(RAW_FORMATS))})"
        )


def _format_hint(input_format: object) -> str:
    if isinstance(input_format, str) and input_format.lower() in ("pcm", "raw", "s16le", "l16"):
        return " (16-bit little-endian samples are 'linear16')"
    if isinstance(input_format, str) and input_format.lower() in ("pcmu", "ulaw", "g711"):
        return " (G.711 is 'mulaw' or 'alaw')"
    return ""


def check_takes(options: Options, input_format: str) -> None:
    """Raise ``ConfigurationError`` when the engine is known not to take the format."""
    if takes_format(options.engine, options.model, input_format):
        return
    who = f"{options.engine.name} {options.model}" if options.model else options.engine.name
    others = ", ".join(engines_taking(input_format))
    raise ConfigurationError(
        f"input_format={input_format!r}: {who} does not take it. Engines that do: {others}. "
        "Every engine takes linear16"
    )


def _check_rate_is_told(options: Options, input_format: str) -> None:
    if options.sample_rate is None and options.engine.needs_rate_of(input_format):
        raise ConfigurationError(
            f"input_format={input_format!r}: {options.engine.name} reads the sample rate from the "
            "headers of WAV and FLAC only; give sample_rate= in Hz as well"
        )


def _check_linden(options: Options) -> None:
    if options.model != "speechmatics/linden-1":
        return
    if options.sample_rate not in (None, 16000):
        raise ConfigurationError(
            f"sample_rate={options.sample_rate}: speechmatics/linden-1 takes 16000 Hz only"
        )
    if options.language in ("auto", "multi"):
        raise ConfigurationError(
            f"language={options.language!r}: speechmatics/linden-1 wants one language, "
            "for example 'en'"
        )


def _check_engine_options(options: Options) -> None:
    interims, engine = options.interim_results, options.engine
    if interims is not None and not isinstance(interims, bool):
        raise ConfigurationError(f"interim_results={interims!r}: give True or False")
    if interims and engine.interims is False:
        raise ConfigurationError(
            f"interim_results=True: {engine.name} sends no interims; leave the option out"
        )
    endpointing = options.endpointing
    if endpointing is None or endpointing is False:
        return
    if not _is_whole(endpointing) or endpointing < 0:
        raise ConfigurationError(f"endpointing={endpointing!r}: give milliseconds, or False")
    if engine.name == "Soniox" and not 500 <= endpointing <= 3000:
        raise ConfigurationError(f"endpointing={endpointing}: Soniox takes 500 to 3000 ms")


def _check_end_of_turn(options: Options) -> None:
    limits = (
        ("eot_threshold", 0.5, 0.9),
        ("eager_eot_threshold", 0.3, 0.9),
        ("eot_timeout_ms", 500, 10000),
    )
    for name, low, high in limits:
        value = getattr(options, name)
        if value is None:
            continue
        if not is_number(value) or not low <= value <= high:
            raise ConfigurationError(f"{name}={value!r}: give a number from {low} to {high}")
        if options.engine.name in ENGINES and not is_flux(options.model):
            raise ConfigurationError(
                f"{name} is for Deepgram's Flux models: add model='flux', or leave it out"
            )
    if options.eot_timeout_ms is not None and not _is_whole(options.eot_timeout_ms):
        raise ConfigurationError(f"eot_timeout_ms={options.eot_timeout_ms!r}: give an int")
    eager, sure = options.eager_eot_threshold, options.eot_threshold
    if eager is not None and sure is not None and eager > sure:
        raise ConfigurationError(
            f"eager_eot_threshold={eager} is above eot_threshold={sure}: it may be at most equal"
        )


def _check_extra_query(extra: object) -> None:
    if extra is None:
        return
    if not isinstance(extra, Mapping) or not all(isinstance(name, str) for name in extra):
        raise ConfigurationError(f"extra_query={extra!r}: give a mapping of names to values")
    for name in extra:
        if name in QUERY_OPTIONS:
            raise ConfigurationError(f"extra_query: {name!r} has an option of its own; use that")
        given = extra[name]
        values = given if isinstance(given, (list, tuple)) else [given]
        if not all(isinstance(value, (str, int, float)) for value in values):
            raise ConfigurationError(
                f"extra_query: {name}={given!r}: give a string, a number, a bool or a list of them"
            )
