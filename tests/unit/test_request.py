"""The opening request: what goes into the URL, what into the headers, and where the key is not."""

from __future__ import annotations

import enum
import ssl
from typing import Any, Dict, List, Tuple
from urllib.parse import parse_qsl, urlsplit

import pytest

from telnyx_stt_sync import __version__
from telnyx_stt_sync._errors import ConfigurationError
from telnyx_stt_sync._options import Options
from telnyx_stt_sync._request import (
    SERVICE_URL,
    exposes_key,
    opening_request,
    with_environment,
)

KEY = "KEY0123456789"
Pairs = List[Tuple[str, str]]


class Chosen(str, enum.Enum):
    """A program's own name for a model."""

    NOVA = "nova-3"


def query(**given: Any) -> Pairs:
    """The query of a request with these options, decoded."""
    options: Dict[str, Any] = {"api_key": KEY, "url": "wss://host/path", **given}
    url = opening_request(Options(**options)).url
    return parse_qsl(urlsplit(url).query, keep_blank_values=True, strict_parsing=True)


# Options → what they become, beside the engine, which is always sent.
QUERIES: List[Tuple[Dict[str, Any], Pairs]] = [
    ({}, []),
    ({"input_format": "mp3"}, [("input_format", "mp3")]),
    (
        {"input_format": "linear16", "sample_rate": 16000},
        [("input_format", "linear16"), ("sample_rate", "16000")],
    ),
    ({"model": "nova-3"}, [("model", "nova-3")]),
    ({"language": "de-CH"}, [("language", "de-CH")]),
    ({"interim_results": True}, [("interim_results", "true")]),
    ({"interim_results": False}, [("interim_results", "false")]),
    ({"endpointing": 300}, [("endpointing", "300")]),
    ({"endpointing": 0}, [("endpointing", "0")]),
    ({"endpointing": False}, [("endpointing", "false")]),
    ({"keyterm": "Telnyx"}, [("keyterm", "Telnyx")]),
    ({"keyterm": ["Telnyx", "Flux Kompensator"]}, [("keyterm", "Telnyx,Flux Kompensator")]),
    ({"keywords": "a:2"}, [("keywords", "a:2")]),
    ({"keywords": ["a:2", "b"]}, [("keywords", "a:2"), ("keywords", "b")]),
    ({"redact": ("pci", "ssn")}, [("redact", "pci,ssn")]),
    (
        {"model": "flux", "eot_threshold": 0.7, "eager_eot_threshold": 0.5, "eot_timeout_ms": 900},
        [
            ("model", "flux"),
            ("eot_threshold", "0.7"),
            ("eager_eot_threshold", "0.5"),
            ("eot_timeout_ms", "900"),
        ],
    ),
    (
        {"extra_query": {"a": "b c&d=ü/?#", "n": 1, "f": 0.5, "t": True, "e": ""}},
        [("a", "b c&d=ü/?#"), ("n", "1"), ("f", "0.5"), ("t", "true"), ("e", "")],
    ),
    ({"extra_query": {"l": ["x", "y"]}}, [("l", "x"), ("l", "y")]),
    ({"extra_query": {"l": []}}, []),
    # An enum member goes out as what it holds, not under its name in the program.
    ({"model": Chosen.NOVA}, [("model", "nova-3")]),
    ({"keywords": [Chosen.NOVA]}, [("keywords", "nova-3")]),
    ({"extra_query": {"m": Chosen.NOVA, "l": [Chosen.NOVA]}}, [("m", "nova-3"), ("l", "nova-3")]),
]


@pytest.mark.parametrize(("given", "expected"), QUERIES, ids=lambda value: str(value)[:50])
def test_what_the_options_become(given: Dict[str, Any], expected: Pairs) -> None:
    """The engine is always sent, everything else only when it was set, under the wire's names."""
    assert query(**given) == [("transcription_engine", "Deepgram"), *expected]


def test_the_region() -> None:
    """Azure's region goes under its own name."""
    assert ("region", "westeurope") in query(transcription_engine="Azure", region="westeurope")


@pytest.mark.parametrize("engine", ["Telnyx", "Brandnew"])
def test_the_engine_is_always_sent(engine: str) -> None:
    """The engine is sent as it was written, known or not."""
    assert query(transcription_engine=engine) == [("transcription_engine", engine)]


def test_telnyx_is_not_told_about_interims() -> None:
    """An engine that sends no interims is not told about them: once that silenced it."""
    assert query(transcription_engine="Telnyx", interim_results=False) == [
        ("transcription_engine", "Telnyx")
    ]


def test_what_is_not_the_services_business_stays_here() -> None:
    """Time limits, proxy and the rest of the library's own options are not sent."""
    own: Dict[str, Any] = {
        "connect_timeout": 1.5,
        "drain_timeout": 1.5,
        "quiet_period": 1.5,
        "buffer_seconds": 1.5,
        "ping_interval": 1.5,
        "ping_timeout": 1.5,
        "proxy": "http://h:1",
        "ssl_context": ssl.create_default_context(),
    }
    assert query(**own) == query()


def test_lists_written_the_other_way() -> None:
    """``extra_query`` writes a list as a repeated key, and text with commas as it is."""
    extra = {"keyterm": ["a", "b c"], "keywords": "x:2,y"}
    assert query(extra_query=extra)[-3:] == [
        ("keyterm", "a"),
        ("keyterm", "b c"),
        ("keywords", "x:2,y"),
    ]


def test_blanks_are_percent_signs() -> None:
    """A blank goes as ``%20``: a plus sign is a blank in forms only."""
    options = Options(api_key=KEY, url="wss://h/", keyterm=["a b", "c+d"])
    assert opening_request(options).url.endswith("keyterm=a%20b%2Cc%2Bd")


@pytest.mark.parametrize(
    ("url", "start"),
    [
        ("wss://host/path", "wss://host/path?transcription_engine="),
        ("wss://host", "wss://host/?transcription_engine="),
        ("WSS://Host:8443/", "wss://Host:8443/?transcription_engine="),
        ("ws://[::1]:80/a/b?tenant=x", "ws://[::1]:80/a/b?tenant=x&transcription_engine="),
        ("wss://host/path?", "wss://host/path?transcription_engine="),
        (SERVICE_URL, "wss://api.telnyx.com/v2/speech-to-text/transcription?transcription_engine="),
    ],
)
def test_the_url_is_kept(url: str, start: str) -> None:
    """Host, port, path and query of the given URL stay; the options come behind."""
    assert opening_request(Options(api_key=KEY, url=url)).url.startswith(start)


def test_the_headers() -> None:
    """The key goes into the Authorization header, the library's version into User-Agent."""
    assert opening_request(Options(api_key=KEY, url="wss://h")).headers == (
        f"Authorization: Bearer {KEY}",
        f"User-Agent: telnyx-stt-sync/{__version__}",
    )


def test_the_key_stays_in_its_header() -> None:
    """Neither the URL nor ``repr`` of a request holds the key."""
    request = opening_request(Options(api_key=KEY, url="wss://h", extra_query={"a": "b"}))
    assert KEY not in request.url
    assert KEY not in repr(request)
    assert "wss://h/" in repr(request)


@pytest.mark.parametrize("given", [{"url": "wss://h"}, {"api_key": KEY}], ids=str)
def test_a_request_needs_key_and_url(given: Dict[str, Any]) -> None:
    """Options that were not completed make no request: that would be a bug."""
    with pytest.raises(AssertionError):
        opening_request(Options(**given))


@pytest.mark.parametrize(
    ("given", "environ", "key", "url"),
    [
        ({"api_key": KEY}, {}, KEY, SERVICE_URL),
        ({}, {"TELNYX_API_KEY": "E"}, "E", SERVICE_URL),
        ({"api_key": KEY}, {"TELNYX_API_KEY": "E"}, KEY, SERVICE_URL),
        ({"api_key": KEY}, {"TELNYX_API_KEY": "not\nusable"}, KEY, SERVICE_URL),
        ({"api_key": KEY}, {"TELNYX_STT_URL": "ws://localhost:1"}, KEY, "ws://localhost:1"),
        ({"api_key": KEY}, {"TELNYX_STT_URL": ""}, KEY, SERVICE_URL),
        ({"api_key": KEY, "url": "wss://h"}, {"TELNYX_STT_URL": "ws://localhost"}, KEY, "wss://h"),
        ({"api_key": KEY, "url": "wss://h"}, {"TELNYX_STT_URL": "nonsense"}, KEY, "wss://h"),
    ],
)
def test_the_environment_fills_in(
    given: Dict[str, Any], environ: Dict[str, str], key: str, url: str
) -> None:
    """What was given wins over the environment, which wins over the service's own address."""
    options = Options(**given)
    complete = with_environment(options, environ)
    assert (complete.api_key, complete.url) == (key, url)
    assert (options.api_key, options.url) == (given.get("api_key"), given.get("url"))


def test_the_other_options_stay() -> None:
    """Filling in changes nothing but key and URL."""
    options = Options(api_key=KEY, keyterm=["a"], extra_query={"x": "1"}, drain_timeout=3.0)
    expected = {**vars(options), "url": SERVICE_URL}
    assert vars(with_environment(options, {})) == expected


@pytest.mark.parametrize("environ", [{}, {"TELNYX_API_KEY": ""}], ids=str)
def test_no_key_anywhere(environ: Dict[str, str]) -> None:
    """Without a key the error says where to put one."""
    with pytest.raises(ConfigurationError, match=r"TELNYX_API_KEY, or give api_key="):
        with_environment(Options(), environ)


@pytest.mark.parametrize(
    ("given", "environ", "source"),
    [
        ({"api_key": KEY}, {"TELNYX_STT_URL": "https://h"}, "TELNYX_STT_URL"),
        ({}, {"TELNYX_API_KEY": "SECRET\n"}, "environment"),
        ({"url": "wss://h"}, {"TELNYX_API_KEY": "SECRET\n"}, "environment"),
    ],
)
def test_the_environment_holds_nonsense(
    given: Dict[str, Any], environ: Dict[str, str], source: str
) -> None:
    """An error about the environment says that it comes from there, and holds no key."""
    with pytest.raises(ConfigurationError, match=f"from .*{source}") as caught:
        with_environment(Options(**given), environ)
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("wss://api.telnyx.com", False),
        ("wss://localhost", False),
        ("ws://localhost:1", False),
        ("ws://LOCALHOST", False),
        ("ws://127.0.0.1/path", False),
        ("ws://[::1]:8080", False),
        ("ws://10.0.0.1", True),
        ("ws://api.telnyx.com", True),
        ("ws://localhost.example.com", True),
        ("WS://example.com", True),
    ],
)
def test_a_key_in_clear(url: str, expected: bool) -> None:
    """The key crosses a network in clear over plain ``ws://``, but not on this machine."""
    assert exposes_key(url) is expected
