"""Options check themselves: what cannot work is refused before a socket opens."""

from __future__ import annotations

import dataclasses
import enum
import math
import pickle
import ssl
from types import MappingProxyType
from typing import Any, Dict, List

import pytest

from telnyx_stt_sync._audio_format import INPUT_FORMATS, RAW_FORMATS
from telnyx_stt_sync._engines import ENGINES, engine_named
from telnyx_stt_sync._errors import ConfigurationError
from telnyx_stt_sync._option_checks import check_proxy, timeout_of
from telnyx_stt_sync._options import QUERY_OPTIONS, Options
from telnyx_stt_sync._retry import RetryPolicy
from telnyx_stt_sync._values import shown

KEY = "KEY0123456789"
RAW: Dict[str, Any] = {"input_format": "linear16", "sample_rate": 16000}
FLUX: Dict[str, Any] = {"model": "flux"}
DURATIONS = (
    "connect_timeout drain_timeout quiet_period buffer_seconds ping_interval ping_timeout"
).split()


def test_defaults() -> None:
    """Nothing has to be given; these are the defaults."""
    options = Options()
    facts = {field.name: getattr(options, field.name) for field in dataclasses.fields(options)}
    assert {name: value for name, value in facts.items() if value is not None} == {
        "transcription_engine": "Deepgram",
        "connect_timeout": 10.0,
        "connect_spacing": 0.1,
        "drain_timeout": 30.0,
        "reconnect": True,
        "replay_seconds": 60.0,
        "buffer_seconds": 10.0,
        "overflow": "block",
        "ping_interval": 15.0,
        "ping_timeout": 10.0,
    }
    assert options.engine == ENGINES["Deepgram"].variant("nova-3")._replace(model=None)
    assert options.doubts() == []


ACCEPTED: List[Dict[str, Any]] = [
    {"api_key": KEY},
    {"api_key": "!~"},
    RAW,
    *({"input_format": name, "sample_rate": 8000} for name in RAW_FORMATS),
    *({"input_format": name} for name in set(INPUT_FORMATS) - RAW_FORMATS),
    *({"sample_rate": value} for value in (1, 1_000_000)),
    {"input_format": "opus", "sample_rate": 48000},
    {"input_format": "mp3", "sample_rate": 44100},
    {"language": "de-CH"},
    {"language": "multi"},
    {"region": "westeurope", "transcription_engine": "Azure"},
    *({"interim_results": value} for value in (True, False)),
    {"interim_results": False, "transcription_engine": "Telnyx"},
    {"interim_results": True, "transcription_engine": "Brandnew"},
    *({"endpointing": value} for value in (0, 10, 100, 86_400_000, False)),
    *({"endpointing": value, "transcription_engine": "Soniox"} for value in (500, 3000)),
    {"connect_spacing": 0},
    *({"replay_seconds": value} for value in (0, 0.5, 3600)),
    *({"reconnect": value} for value in (True, False, RetryPolicy(max_attempts=1))),
    *({"overflow": value} for value in ("block", "drop_oldest")),
    *(
        {"overflow": "drop_oldest", "input_format": name, "sample_rate": 8000}
        for name in sorted(RAW_FORMATS)
    ),
    {"overflow": "block", "input_format": "flac"},
    {"keyterm": "Telnyx"},
    {"keywords": ["a:2", "b"]},
    {"keywords": ["a,b"]},
    {"extra_query": {"keyterm": ["a", "b"], "keywords": "a,b"}},
    *({**FLUX, "language": value} for value in ("en", "en-US", "EN")),
    *({"model": "flux-multi", "language": value} for value in ("de", "multi")),
    {"transcription_engine": "Brandnew", "endpointing": False, "language": "auto"},
    {"redact": ("pci", "ssn")},
    *({**FLUX, "eot_threshold": value} for value in (0.5, 0.9)),
    *({**FLUX, "eager_eot_threshold": value} for value in (0.3, 0.9)),
    {**FLUX, "eager_eot_threshold": 0.7, "eot_threshold": 0.7},
    *({**FLUX, "eot_timeout_ms": value} for value in (500, 10000)),
    {"transcription_engine": "Brandnew", "eot_threshold": 0.7},
    {"model": "flux-multi", "eot_threshold": 0.7},
    {"extra_query": {"a": "b", "n": 1, "f": 0.5, "t": True, "l": ["x", "y"]}},
    {"extra_query": {}},
    {"url": "ws://localhost"},
    {"url": "wss://[::1]:8443/path?a=b"},
    {"url": "WSS://EXAMPLE.COM"},
    {"proxy": "http://proxy:3128"},
    {"proxy": "http://user:pass@[::1]:3128"},
    *({name: value} for name in DURATIONS for value in (0.001, 5, 3600.0, 1e9)),
    {"quiet_period": None},
    {"ssl_context": ssl.create_default_context()},
]


@pytest.mark.parametrize("given", ACCEPTED, ids=str)
def test_what_works_is_accepted(given: Dict[str, Any]) -> None:
    """Options that can work are taken, and the limits themselves belong to the range."""
    Options(**given)


# What is given → what the message must say: the value, the rule and the fix.
REFUSED: List[Any] = [
    ({"api_key": ""}, "give the key"),
    ({"api_key": 5}, "give the key"),
    ({"api_key": "Bearer KEY"}, "give the key alone"),
    ({"api_key": "bearer KEY"}, "give the key alone"),
    ({"api_key": "KEY\n"}, r"key\.strip\(\)"),
    ({"api_key": "K EY"}, "blank"),
    ({"api_key": "KEY\r\nX-Evil: 1"}, "line break"),
    ({"api_key": "KÖY"}, "another character"),
    ({"transcription_engine": "deepgram"}, "'deepgram'.*write 'Deepgram'"),
    ({"transcription_engine": ""}, "transcription_engine='': give a string"),
    ({"transcription_engine": None}, "transcription_engine=None: give a string"),
    ({"transcription_engine": ["Deepgram"]}, "transcription_engine=.*: give a string"),
    ({"model": " "}, "model=' ': give a string"),
    ({"model": 3}, "model=3: give a string"),
    ({"language": b"en"}, "language=b'en': give a string"),
    ({"region": ""}, "region='': give a string"),
    ({"input_format": "pcm"}, "'pcm'.*'linear16'.*Give one of: mp3, wav"),
    ({"input_format": "S16LE"}, "'S16LE'.*'linear16'"),
    ({"input_format": "ulaw"}, "'ulaw'.*'mulaw' or 'alaw'"),
    ({"input_format": "m4a"}, "'m4a'.*Give one of: mp3, wav"),
    ({"input_format": "WAV"}, "'WAV'.*Give one of: mp3, wav"),
    ({"input_format": ["wav"]}, "Give one of: mp3, wav"),
    *(({"input_format": name}, f"{name}.*give sample_rate=") for name in sorted(RAW_FORMATS)),
    ({"sample_rate": 0}, "sample_rate=0: give a whole number of Hz above 0"),
    ({"sample_rate": -8000}, "sample_rate=-8000: give a whole number"),
    ({"sample_rate": 16000.0}, r"sample_rate=16000\.0: give a whole number"),
    ({"sample_rate": True}, "sample_rate=True: give a whole number"),
    ({"sample_rate": "16000"}, "sample_rate='16000': give a whole number"),
    ({"input_format": "g729", "sample_rate": 16000}, "sample_rate=16000: g729 runs at 8000 Hz"),
    ({"input_format": "amr_wb", "sample_rate": 8000}, "sample_rate=8000: amr_wb runs at 16000"),
    ({"input_format": "speex", "sample_rate": 44100}, "44100: speex runs at 8000, 16000, 32000"),
    (
        {"transcription_engine": "Google", "input_format": "speex", "sample_rate": 8000},
        "sample_rate=8000: .*16000",
    ),
    ({"input_format": "opus", "sample_rate": 96000}, "sample_rate=96000: opus runs at 8000,"),
    (
        {"input_format": "mp3", **FLUX},
        "'mp3': Deepgram flux does not take it.*Engines that do: Deepgram, .*linear16",
    ),
    (
        {"input_format": "wav", "transcription_engine": "Reson8"},
        "'wav': Reson8 does not take it.*Every engine takes linear16",
    ),
    ({"interim_results": 1}, "interim_results=1: give True or False"),
    ({"interim_results": "true"}, "interim_results='true': give True or False"),
    (
        {"interim_results": True, "transcription_engine": "Telnyx"},
        "interim_results=True: Telnyx sends no interims; leave the option out",
    ),
    ({"endpointing": True}, "endpointing=True: give milliseconds, or False"),
    ({"endpointing": -1}, "endpointing=-1: give milliseconds"),
    ({"endpointing": 0.5}, r"endpointing=0\.5: give milliseconds"),
    ({"endpointing": 499, "transcription_engine": "Soniox"}, "=499: Soniox takes 500 to 3000"),
    ({"endpointing": 3001, "transcription_engine": "Soniox"}, "=3001: Soniox takes 500 to 3000"),
    ({"endpointing": False, "transcription_engine": "Soniox"}, "=False: Soniox takes 500.*leave"),
    *(
        ({name: value}, f"{name}=.*: on the wire a comma parts one entry from the next; give a li")
        for name in ("keyterm", "redact")
        for value in ("a,b", ["c", "a,b"])
    ),
    *(
        ({**FLUX, "language": value}, f"'{value}': Deepgram flux hears 'en' only.*nova-2, flux-mu")
        for value in ("de", "multi", "auto", "eng-US")
    ),
    ({"keyterm": ""}, "keyterm='': give a string or a list"),
    ({"keyterm": []}, r"keyterm=\[\]: give a string or a list"),
    ({"keywords": ["a", 5]}, r"keywords=\['a', 5\]: give a string or a list"),
    ({"keywords": 5}, "keywords=5: give a string or a list"),
    (
        {"keywords": {"snuffle": 5, "b": 1}},
        r"keywords=\{'snuffle'.*only the keys.*give a list: \['snuffle:5', 'b:1'\]$",
    ),
    *(
        ({name: value}, f"{name}=.*only the keys would be sent; give a list of its keys$")
        for name in ("keyterm", "redact")
        for value in ({"pci": 1}, MappingProxyType({"pci": 1}))
    ),
    *(
        ({name: value}, f"{name}=.*: give a string or a list of strings")
        for name in ("keyterm", "keywords", "redact")
        for value in (b"pci", bytearray(b"pci"), [b"pci"], {"pci", 5})
    ),
    ({"redact": ["pci", " "]}, r"redact=\['pci', ' '\]: give a string or a list"),
    ({**FLUX, "eot_threshold": 0.49}, r"eot_threshold=0\.49: give a number from 0\.5 to 0\.9"),
    ({**FLUX, "eot_threshold": 0.91}, r"eot_threshold=0\.91: give a number from 0\.5 to 0\.9"),
    ({**FLUX, "eot_threshold": math.nan}, "eot_threshold=nan: give a number"),
    ({**FLUX, "eot_threshold": "0.7"}, r"eot_threshold='0\.7': give a number"),
    ({**FLUX, "eager_eot_threshold": 0.2}, "eager_eot_threshold=.*from 0.3 to 0.9"),
    ({**FLUX, "eager_eot_threshold": 0.8, "eot_threshold": 0.7}, r"0\.8 is above .*0\.7"),
    ({**FLUX, "eot_timeout_ms": 499}, "eot_timeout_ms=499: give a number from 500 to 10000"),
    ({**FLUX, "eot_timeout_ms": 10001}, "eot_timeout_ms=10001: give a number from 500"),
    ({**FLUX, "eot_timeout_ms": 600.5}, r"eot_timeout_ms=600\.5: give an int"),
    *(
        (
            {**model, name: value},
            f"{name}: {who} does not take it; it is for Deepgram flux, Deepgram flux-multi. Give",
        )
        for model, who in (
            ({}, "Deepgram nova-3, the default model,"),
            ({"model": "nova-3"}, "Deepgram nova-3"),
            ({"model": "nova-9"}, "Deepgram nova-9"),
            ({"transcription_engine": "Telnyx"}, "Telnyx"),
        )
        for name, value in (("eot_threshold", 0.7), ("eot_timeout_ms", 500))
    ),
    ({"extra_query": "a=b"}, "extra_query='a=b': give a mapping"),
    ({"extra_query": {1: "a"}}, "extra_query=.*: give a mapping"),
    *(
        ({"extra_query": {"a": value}}, "extra_query: a=.*: give a string, a number, a bool or a")
        for value in (None, ["x", None], {"b": 1}, b"x")
    ),
    ({"keyterm": "a", "extra_query": {"keyterm": "b"}}, "'keyterm' has an option of its own"),
    ({"keywords": "a", "extra_query": {"keywords": "b"}}, "'keywords' has an option of its own"),
    ({"extra_query": {"redact": "pci"}}, "'redact' has an option of its own"),
    ({"extra_query": {"model": "nova-3"}}, "'model' has an option of its own; use that"),
    *(
        ({"url": url}, "give ws://host… or wss://host…")
        for url in (
            *("", "https://example.com", "example.com", "wss://", "wss://:443", "ws://h:0"),
            *("ws://h:99999", "ws://h:x", "wss://h/a b", "wss://h/\n", "wss://[::1", 5, b"ws://h"),
        )
    ),
    ({"url": "wss://user:secret@h"}, "no user name"),
    ({"url": "wss://h/#part"}, "fragment"),
    *(
        ({"proxy": proxy}, "give http://host:port")
        for proxy in ("", "socks5://h:1", "https://h:1", "proxy:3128", "http://", "http://h:0", 5)
    ),
    *(
        ({name: value}, f"{name}=.*: give a number of seconds, above 0")
        for name in DURATIONS
        for value in (0, -1.0, math.inf, math.nan, True, "5")
    ),
    *(
        ({"connect_spacing": value}, "connect_spacing=.*: give a number of seconds, 0 or more")
        for value in (-0.1, math.inf, True, "0.1", None)
    ),
    *(
        ({"replay_seconds": value}, "replay_seconds=.*: give a number of seconds, 0 or more")
        for value in (-0.1, math.inf, True, "0.1", None)
    ),
    *(
        ({"reconnect": value}, "reconnect=.*: give True, False or a RetryPolicy")
        for value in (None, 1, 3.0, "yes")
    ),
    ({"reconnect": RetryPolicy(max_attempts=0)}, "max_attempts=0: give a whole number above 0"),
    ({"reconnect": RetryPolicy(jitter=-1.0)}, r"jitter=-1\.0: give seconds, 0 or more"),
    *(
        ({"ssl_context": value}, "ssl_context=.*: give an ssl.SSLContext, or None for")
        for value in (True, False, "no", object(), ssl.SSLContext)
    ),
    *(
        ({"overflow": value}, "overflow=.*: give 'block' or 'drop_oldest'")
        for value in (None, True, "drop", "newest")
    ),
    *(
        (
            {"overflow": "drop_oldest", "input_format": name},
            f"overflow='drop_oldest': {name} can't be cut .* \\(alaw, linear16, linear32, mulaw",
        )
        for name in ("wav", "flac", "ogg_opus")
    ),
    *(
        ({name: value}, f"{name}=.*: at most 1000000000 seconds")
        for name in (*DURATIONS, "connect_spacing", "replay_seconds")
        for value in (1e9 + 1, 10**12, 1e300)
    ),
    ({"drain_timeout": 10**400}, "drain_timeout=.*…: give a number of seconds, above 0"),
    ({"drain_timeout": 10**5000}, "drain_timeout=.*: give a number"),
    ({"sample_rate": 1_000_001}, "sample_rate=1000001: at most 1000000 Hz"),
    ({"sample_rate": 10**400}, "sample_rate=10000000.*: at most 1000000 Hz"),
    ({"sample_rate": 10**5000}, "sample_rate=.*: at most 1000000 Hz"),
    ({"sample_rate": -(10**5000)}, "sample_rate=.*: give a whole number of Hz"),
    ({"endpointing": 86_400_001}, "endpointing=86400001: at most 86400000 ms; False: never"),
    ({"endpointing": 10**5000}, "endpointing=.*: at most 86400000 ms"),
    ({**FLUX, "eot_timeout_ms": 10**5000}, "eot_timeout_ms=.*: give a number f"),
    *(
        ({"extra_query": {"a": value}}, "extra_query: a=.*: give a string, a number, a bool or a")
        for value in (10**400, 10**5000, math.nan, [1, math.inf])
    ),
    *(
        ({name: "\udc80"}, rf"{name}='\\udc80': it holds half a character")
        for name in ("transcription_engine", "model", "language", "region")
    ),
    *(
        ({name: ["a", "b\udc80"]}, f"{name}=.*: it holds half a character")
        for name in ("keyterm", "keywords", "redact")
    ),
    ({"extra_query": {"\udc80": 1}}, r"extra_query: a name='\\udc80': it holds half a character"),
    *(
        ({"extra_query": {"a": value}}, r"extra_query: a='\\udc80': it holds half a character")
        for value in ("\udc80", ["b", "\udc80"])
    ),
    ({"input_format": "\udc80"}, r"input_format='\\udc80' is not a format of the service"),
    ({"api_key": "KEY\udc80"}, "another character that no key has"),
    ({"url": "wss://h/\udc80"}, "give ws://host"),
    *(
        ({"proxy": proxy}, "give http://host:port")
        for proxy in ("http://\udc80:1", "http://user:\udc80@h:1")
    ),
    ({**FLUX, "eot_timeout_ms": 10**400}, "eot_timeout_ms=.*: give a number from 500"),
    *(
        ({name: None}, f"{name}=None: give a number of seconds")
        for name in DURATIONS
        if name != "quiet_period"
    ),
]


@pytest.mark.parametrize(("given", "message"), REFUSED, ids=lambda value: shown(value)[:60])
def test_what_cannot_work_is_refused(given: Dict[str, Any], message: str) -> None:
    """Options that cannot work are refused with the value, the rule and the fix."""
    with pytest.raises(ConfigurationError, match=message):
        Options(**given)


@pytest.mark.parametrize(
    "input_format", sorted(set(INPUT_FORMATS) & (ENGINES["Google"].formats or set()))
)
def test_google_needs_the_rate(input_format: str) -> None:
    """Google is told the sample rate of everything but WAV and FLAC, which state it."""
    given: Dict[str, Any] = {"transcription_engine": "Google", "input_format": input_format}
    Options(sample_rate=8000 if input_format == "amr_nb" else 16000, **given)
    if input_format in ("wav", "flac"):
        Options(**given)
    else:
        with pytest.raises(ConfigurationError, match="sample_rate="):
            Options(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"language": "auto", "sample_rate": 16000},
        {"language": "multi", "sample_rate": 16000},
        {"language": "auto_detect", "sample_rate": 16000},
        {"sample_rate": 8000},
        {"input_format": "wav", "sample_rate": 44100},
    ],
    ids=str,
)
def test_the_limits_of_linden(given: Dict[str, Any]) -> None:
    """Speechmatics' linden-1 takes 16 kHz only, and neither ``auto`` nor ``multi``."""
    linden: Dict[str, Any] = {
        "transcription_engine": "Speechmatics",
        "model": "speechmatics/linden-1",
        "input_format": "linear16",
    }
    Options(**linden, sample_rate=16000, language="en")
    with pytest.raises(ConfigurationError, match="linden-1"):
        Options(**{**linden, **given})


def test_a_misspelt_option() -> None:
    """A misspelt option is a ``TypeError``, not a parameter that does nothing."""
    with pytest.raises(TypeError, match="sampel_rate"):
        Options(sampel_rate=16000)


@pytest.mark.parametrize("key", ["KEY with blank", "KEY\n", "Bearer KEY", "KÉY"])
def test_a_key_is_never_shown(key: str) -> None:
    """The message about an unusable key does not hold it."""
    with pytest.raises(ConfigurationError) as caught:
        Options(api_key=key)
    assert "KEY" not in str(caught.value)
    assert "KÉY" not in str(caught.value)


@pytest.mark.parametrize(
    "given", [{"proxy": "socks5://u:secret@h:1"}, {"url": "wss://u:secret@h"}], ids=str
)
def test_a_password_is_never_shown(given: Dict[str, Any]) -> None:
    """The message about an unusable proxy or URL does not hold its password."""
    with pytest.raises(ConfigurationError) as caught:
        Options(**given)
    assert "secret" not in str(caught.value)


def test_secrets_stay_out_of_repr() -> None:
    """``repr`` shows neither the key nor the proxy, which may hold a password."""
    shown = repr(Options(api_key=KEY, proxy="http://user:secret@h:1"))
    assert KEY not in shown
    assert "secret" not in shown
    assert "Deepgram" in shown


def test_options_cannot_be_changed() -> None:
    """Setting an option later is an error and changes nothing."""
    options = Options(api_key=KEY, **RAW)
    before = dict(vars(options))
    for name in before:
        with pytest.raises(AttributeError):
            setattr(options, name, None)
    assert vars(options) == before


def test_options_are_their_own() -> None:
    """Lists and mappings are copied: changing them later does not reach the options."""
    terms, more = ["a"], ["1"]
    extra: Dict[str, Any] = {"x": more}
    options = Options(keyterm=terms, extra_query=extra)
    terms.append("b")
    more.append("2")
    extra["y"] = "2"
    assert options.keyterm == ("a",)
    assert options.extra_query == {"x": ("1",)}


class Word(str, enum.Enum):
    """Texts by name, as a program may keep them."""

    ENGINE = "Deepgram"
    MODEL = "flux"
    FORMAT = "linear16"
    LANGUAGE = "en"
    REGION = "westeurope"
    TERM = "Telnyx"
    BLOCK = "block"
    URL = "wss://host"
    PROXY = "http://host:1"


class Number(enum.IntEnum):
    """Numbers by name."""

    RATE = 16000
    ENDPOINTING = 300
    EOT = 600


class Share(float):
    """A number that shows itself in a way of its own."""

    def __repr__(self) -> str:
        return "a share"


def test_enum_members_are_what_they_hold() -> None:
    """Members of a str or int enum, and other subclasses, become the plain value they hold."""
    given: Dict[str, Any] = {
        "api_key": Word.TERM,
        "transcription_engine": Word.ENGINE,
        "model": Word.MODEL,
        "input_format": Word.FORMAT,
        "sample_rate": Number.RATE,
        "language": Word.LANGUAGE,
        "region": Word.REGION,
        "endpointing": Number.ENDPOINTING,
        "keyterm": Word.TERM,
        "keywords": [Word.TERM, "b"],
        "eot_threshold": Share(0.7),
        "eot_timeout_ms": Number.EOT,
        "overflow": Word.BLOCK,
        "url": Word.URL,
        "proxy": Word.PROXY,
        "extra_query": {Word.TERM: Word.TERM, "n": Number.EOT, "l": [Word.TERM, Share(0.5)]},
    }
    options = Options(**given)
    for name in set(given) - {"keyterm", "keywords", "extra_query"}:
        value = getattr(options, name)
        assert type(value) in (str, int, float)
        assert value == given[name]
    assert repr(options.keyterm) == "('Telnyx',)"
    assert repr(options.keywords) == "('Telnyx', 'b')"
    assert repr(options.extra_query) == "{'Telnyx': 'Telnyx', 'n': 600, 'l': ('Telnyx', 0.5)}"


@pytest.mark.parametrize("name", ["keyterm", "keywords", "redact"])
def test_one_string_or_several(name: str) -> None:
    """Options that take a list take one string as well."""
    given: List[Dict[str, Any]] = [{name: "a"}, {name: ["a"]}, {name: ("a",)}]
    assert [getattr(Options(**one), name) for one in given] == [("a",)] * 3
    several: Dict[str, Any] = {name: iter(["b", "a"])}
    assert getattr(Options(**several), name) == ("b", "a")


@pytest.mark.parametrize("name", ["keyterm", "keywords", "redact"])
@pytest.mark.parametrize("kind", [set, frozenset])
def test_a_set_is_sorted(name: str, kind: Any) -> None:
    """A set goes out in the same order from every process."""
    words = [f"word{number:02}" for number in range(50)]
    given: Dict[str, Any] = {name: kind(words)}
    assert getattr(Options(**given), name) == tuple(words)


def test_options_pickle() -> None:
    """Options travel to another process, key and further parameters included."""
    options = Options(
        api_key=KEY, extra_query=MappingProxyType({"x": "1"}), keyterm=["a"], **FLUX, **RAW
    )
    assert vars(pickle.loads(pickle.dumps(options))) == vars(options)


DOUBTFUL: List[Any] = [
    ({"transcription_engine": "Brandnew"}, ["'Brandnew' is not known here.*Known: Deepgram, "]),
    ({"model": "nova-4"}, ["model='nova-4' is not known for Deepgram.*Known: nova-3"]),
    ({"transcription_engine": "Telnyx", "model": "nova-3"}, ["'nova-3' is not known for Telnyx"]),
    ({"transcription_engine": "Brandnew", "model": "any"}, ["'Brandnew' is not known here"]),
    *(
        ({"extra_query": {name: "true"}}, [f"this service ignores '{name}'"])
        for name in (
            *("encoding", "transcription_model", "diarize", "smart_format", "punctuate"),
            *("channels", "vad_events", "utterance_end_ms"),
        )
    ),
    ({"extra_query": {"punctuate": 1, "diarize": 1}}, ["'diarize'", "'punctuate'"]),
    (
        {"transcription_engine": "Soniox", "input_format": "mp3"},
        ["Soniox may keep the last words of mp3 audio to itself.* endpointing= is given"],
    ),
    (
        {"transcription_engine": "Reson8", "interim_results": False},
        ["interim_results=False: Reson8 sends interims all the same"],
    ),
    ({"redact": ["pci", "names"]}, ["redact='names' is not known.*Known: pci, ssn, numbers"]),
    (
        {"keywords": "a"},
        ["keywords: .*Deepgram nova-3, the default model, ignores it. It is for Deepgram nova-2$"],
    ),
    ({"keyterm": "a", "model": "nova-2"}, ["keyterm: .*Deepgram nova-2 ignores it. It is for"]),
    ({"keywords": "a", "model": "flux"}, ["keywords: .*Deepgram flux ignores it"]),
    ({"region": "westeurope"}, ["region: .* ignores it. It is for Azure$"]),
    (
        {"transcription_engine": "Telnyx", "redact": "pci", "endpointing": 100},
        ["endpointing: .*Telnyx ignores it", "redact: .*Telnyx ignores it"],
    ),
    (
        {
            "transcription_engine": "Speechmatics",
            "model": "speechmatics/linden-1",
            "endpointing": False,
        },
        ["endpointing: .*Speechmatics speechmatics/linden-1 ignores it"],
    ),
]


@pytest.mark.parametrize(("given", "messages"), DOUBTFUL, ids=lambda value: str(value)[:60])
def test_what_may_be_new_is_a_doubt(given: Dict[str, Any], messages: List[str]) -> None:
    """What cannot be judged without the service is accepted, with one sentence of doubt each."""
    doubts = Options(**given).doubts()
    assert len(doubts) == len(messages)
    for doubt, message in zip(doubts, messages):
        with pytest.raises(ConfigurationError, match=message):
            raise ConfigurationError(doubt)


@pytest.mark.parametrize(
    "given",
    [
        {"model": "nova-2"},
        {"transcription_engine": "Google", "model": "medical_dictation"},
        {"extra_query": {"brand_new_parameter": "1"}},
        {"keyterm": "a", "redact": ["pci", "ssn", "numbers"], "endpointing": False},
        {"keywords": "a:2", "model": "nova-2"},
        {"transcription_engine": "Azure", "region": "westeurope"},
        {"transcription_engine": "Google", "endpointing": 300},
        {"transcription_engine": "Soniox", **RAW},
        {"transcription_engine": "Reson8", "interim_results": True},
        {"interim_results": False},
        {"transcription_engine": "Soniox", "input_format": "mp3", "endpointing": 500},
        {"transcription_engine": "Speechmatics", "input_format": "mp3"},
    ],
    ids=str,
)
def test_what_is_known_is_no_doubt(given: Dict[str, Any]) -> None:
    """Known models, and parameters that may be new, raise no doubt."""
    assert Options(**given).doubts() == []


def test_the_engine_of_the_options() -> None:
    """``engine`` is the table's entry, or for a new name one that knows nothing."""
    assert Options(transcription_engine="Telnyx").engine == ENGINES["Telnyx"]
    assert Options(model="flux").engine == ENGINES["Deepgram"].variant("flux")
    assert Options(transcription_engine="Brandnew").engine == engine_named("Brandnew")


def test_query_options_are_options() -> None:
    """Whatever goes into the query under its own name is an option of that name."""
    assert set(QUERY_OPTIONS) <= {field.name for field in dataclasses.fields(Options)}
    assert len(set(QUERY_OPTIONS)) == len(QUERY_OPTIONS)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [(None, None), (math.inf, None), (0, 0.0), (2, 2.0), (0.5, 0.5), (-1, 0.0), (-math.pi, 0.0)],
)
def test_the_timeout_of_a_call(given: object, seconds: object) -> None:
    """``None`` and infinity are no bound; what is left of a time that has passed is 0."""
    assert timeout_of(given) == seconds


@pytest.mark.parametrize("given", ["5", math.nan, -math.inf, True, 1j, [1], 10**400])
def test_a_timeout_that_is_none(given: object) -> None:
    """Whatever is not a number of seconds is refused with the value and the rule."""
    with pytest.raises(ConfigurationError, match=r"timeout=.*: give a number of seconds, or"):
        timeout_of(given)


def test_a_proxy_found_later() -> None:
    """The proxy that the environment names is checked by the same rule."""
    check_proxy(None)
    check_proxy("http://h:1")
    with pytest.raises(ConfigurationError, match="http://host:port"):
        check_proxy("socks4://h:1")
