"""The opening request of a stream: its URL with the query, and its headers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, List, Mapping, NamedTuple, Tuple
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from ._errors import ConfigurationError
from ._option_checks import COMMA_LISTS, LOOPBACK_HOSTS
from ._options import QUERY_OPTIONS, Options
from ._version import __version__

SERVICE_URL = "wss://api.telnyx.com/v2/speech-to-text/transcription"


class Request(NamedTuple):
    """What is sent to open a stream. The headers hold the key, so ``repr`` leaves them out."""

    url: str
    headers: Tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Request {self.url}>"


def with_environment(options: Options, environ: Mapping[str, str]) -> Options:
    """The options with key and URL filled in from ``TELNYX_API_KEY`` and ``TELNYX_STT_URL``.

    Raises ``ConfigurationError`` when there is no key anywhere, or when what the
    environment holds is unusable.
    """
    key = options.api_key
    if key is None:
        key = environ.get("TELNYX_API_KEY") or None
    if key is None:
        raise ConfigurationError(
            "no API key: set the environment variable TELNYX_API_KEY, or give api_key=. "
            "(The emulator takes any key.)"
        )
    url = options.url or environ.get("TELNYX_STT_URL") or SERVICE_URL
    try:
        return replace(options, api_key=key, url=url)
    except ConfigurationError as exc:
        source = "TELNYX_STT_URL" if options.api_key is not None else "the environment"
        raise ConfigurationError(f"{exc} (from {source})") from None


def exposes_key(url: str) -> bool:
    """Whether the key would cross a network in clear: plain ``ws://`` to another host."""
    parts = urlsplit(url)
    return parts.scheme == "ws" and parts.hostname not in LOOPBACK_HOSTS


def opening_request(options: Options) -> Request:
    """The request of complete options: key, URL and format are set."""
    assert options.url is not None and options.api_key is not None
    parts = urlsplit(options.url)
    query = "&".join(filter(None, [parts.query, urlencode(_query(options), quote_via=quote)]))
    url = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))
    headers = (
        f"Authorization: Bearer {options.api_key}",
        f"User-Agent: telnyx-stt-sync/{__version__}",
    )
    return Request(url, headers)


def _query(options: Options) -> List[Tuple[str, str]]:
    pairs: List[Tuple[str, str]] = []
    for name in QUERY_OPTIONS:
        value = getattr(options, name)
        # Telnyx's own engine once fell silent when it was told about interims, even "false".
        if value is None or (name == "interim_results" and options.engine.interims is False):
            continue
        # Documented: `keyterm` and `redact` are comma lists, `keywords` is a repeated key.
        pairs.extend(_pairs(name, ",".join(value) if name in COMMA_LISTS else value))
    for name, value in (options.extra_query or {}).items():
        pairs.extend(_pairs(name, value))
    return pairs


def _pairs(name: str, value: Any) -> List[Tuple[str, str]]:
    if isinstance(value, (tuple, list)):
        return [(name, _text(item)) for item in value]
    return [(name, _text(value))]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
