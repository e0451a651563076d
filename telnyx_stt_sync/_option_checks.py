"""What one option may be, whatever the others are."""

from __future__ import annotations

from typing import Any, Collection, Dict, Mapping, Optional, Sequence, Tuple, Union
from urllib.parse import urlsplit

from ._engine import Engine
from ._errors import ConfigurationError
from ._values import is_number, is_unbounded, is_whole, plain, shown

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

# The options that go into the query as one value with commas; other lists are a repeated key.
COMMA_LISTS = ("keyterm", "redact")

# Some thirty years and a day, which are as good as for ever; where they are multiplied, or turned
# into text, nothing overflows.
_MOST_SECONDS = 1e9
_MOST_ENDPOINTING_MS = 86_400_000


def texts_of(name: str, value: Union[str, Sequence[str], None]) -> Optional[Tuple[str, ...]]:
    """The strings of an option that takes one or several; ``None`` stays ``None``.

    A set has no order, and one of its own in each process: it is sorted.
    """
    if value is None:
        return None
    if isinstance(value, Mapping):
        fix = f": {_pairs_of(value)}" if name == "keywords" else " of its keys"
        raise ConfigurationError(
            f"{name}={shown(value)}: of a mapping only the keys would be sent; give a list{fix}"
        )
    try:
        texts = (value,) if isinstance(value, str) else tuple(value)
    except TypeError:
        texts = ()
    if not texts or not all(isinstance(text, str) and text.strip() for text in texts):
        raise ConfigurationError(f"{name}={shown(value)}: give a string or a list of strings")
    for text in texts:
        _check_utf8(name, text)
    if name in COMMA_LISTS and any("," in text for text in texts):
        raise ConfigurationError(
            f"{name}={shown(value)}: on the wire a comma parts one entry from the next; give a list"
        )
    plain_texts = (plain(text) for text in texts)
    return tuple(sorted(plain_texts) if isinstance(value, (set, frozenset)) else plain_texts)


def _pairs_of(intensities: Mapping[Any, Any]) -> str:
    """How words and their intensities are written."""
    return shown([f"{plain(word)}:{plain(value)}" for word, value in intensities.items()])


def check_text(name: str, value: object, optional: bool) -> None:
    """Raise ``ConfigurationError`` unless it is text."""
    if value is None and optional:
        return
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{name}={shown(value)}: give a string that is not empty")
    _check_utf8(name, value)


def _check_utf8(name: str, text: str) -> None:
    if not _is_utf8(text):
        raise ConfigurationError(
            f"{name}={shown(text)}: it holds half a character (a lone surrogate), as comes of "
            "bytes that were decoded with another encoding than theirs"
        )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def check_duration(name: str, value: object) -> None:
    """Raise ``ConfigurationError`` unless it is a number of seconds that the option takes."""
    if value is None and name == "quiet_period":
        return
    least = "0 or more" if name in ("connect_spacing", "replay_seconds") else "above 0"
    if not is_number(value) or value < 0 or (value == 0 and least == "above 0"):  # type: ignore[operator]
        raise ConfigurationError(f"{name}={shown(value)}: give a number of seconds, {least}")
    if value > _MOST_SECONDS:  # type: ignore[operator]
        raise ConfigurationError(f"{name}={shown(value)}: at most {_MOST_SECONDS:.0f} seconds")


def timeout_of(value: object) -> Optional[float]:
    """The ``timeout`` of a call in seconds, ``None`` for no bound. Raises ``ConfigurationError``.

    One below 0 is 0: it is what is left of a time that has passed.
    """
    if value is None or is_unbounded(value):
        return None
    if not is_number(value):
        raise ConfigurationError(
            f"timeout={shown(value)}: give a number of seconds, or None for no bound"
        )
    return max(0.0, float(value))  # type: ignore[arg-type]


def check_key(key: Optional[str]) -> None:
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


def check_url(url: Optional[str]) -> None:
    """Raise ``ConfigurationError`` unless it is ``None`` or a WebSocket URL without secrets."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        # `.port` is read for its ValueError.
        usable = parts.scheme in ("ws", "wss") and bool(parts.hostname) and parts.port != 0
    except (ValueError, AttributeError, TypeError):
        usable = False
    if "@" in str(url) and not (usable and url.isprintable() and " " not in url):
        # It may hold a password, so it is not repeated.
        raise ConfigurationError("url: give ws://host… or wss://host…, without user and password")
    if not usable or not url.isprintable() or " " in url:
        raise ConfigurationError(f"url={shown(url)}: give ws://host… or wss://host…")
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
        usable = usable and _is_utf8(proxy)
    except (ValueError, AttributeError, TypeError):
        usable = False
    if not usable:
        # The value may hold a password, so it is not repeated.
        raise ConfigurationError(
            "proxy: give http://host:port or http://user:password@host:port; "
            "other kinds of proxy (socks, https) are not supported"
        )


def check_ssl_context(context: object) -> None:
    """Raise ``ConfigurationError`` unless it is ``None`` or can secure a socket."""
    # Judged by what it can do: it may be another library's, and pure modules know no ssl.
    if context is None or (hasattr(context, "wrap_socket") and not isinstance(context, type)):
        return
    raise ConfigurationError(
        f"ssl_context={shown(context)}: give an ssl.SSLContext, or None for Python's default"
    )


def format_hint(input_format: object) -> str:
    """What the service calls a format that goes by another name elsewhere."""
    if isinstance(input_format, str) and input_format.lower() in ("pcm", "raw", "s16le", "l16"):
        return " (16-bit little-endian samples are 'linear16')"
    if isinstance(input_format, str) and input_format.lower() in ("pcmu", "ulaw", "g711"):
        return " (G.711 is 'mulaw' or 'alaw')"
    return ""


def check_endpointing(endpointing: Union[int, bool, None], engine: Engine) -> None:
    """Raise ``ConfigurationError`` unless the engine takes it."""
    if endpointing is None:
        return
    if endpointing is not False and (not is_whole(endpointing) or endpointing < 0):
        raise ConfigurationError(f"endpointing={shown(endpointing)}: give milliseconds, or False")
    if endpointing > _MOST_ENDPOINTING_MS:
        raise ConfigurationError(
            f"endpointing={shown(endpointing)}: at most {_MOST_ENDPOINTING_MS} ms; False: never"
        )
    if engine.endpointing_ms is None:
        return
    least, most = engine.endpointing_ms
    if not least <= endpointing <= most:
        raise ConfigurationError(
            f"endpointing={endpointing}: {engine} takes {least} to {most} ms; to switch it off, "
            "leave it out"
        )


def extra_query_of(extra: object, options: Collection[str]) -> Optional[Dict[str, Any]]:
    """What goes into the query beside these options, in a mapping of its own."""
    if extra is None:
        return None
    if not isinstance(extra, Mapping) or not all(isinstance(name, str) for name in extra):
        raise ConfigurationError(f"extra_query={shown(extra)}: give a mapping of names to values")
    return {plain(name): _query_value(name, extra[name], options) for name in extra}


def _query_value(name: str, given: Any, options: Collection[str]) -> Any:
    if name in options:
        raise ConfigurationError(f"extra_query: {name!r} has an option of its own; use that")
    _check_utf8("extra_query: a name", name)
    values = given if isinstance(given, (list, tuple)) else [given]
    if not all(isinstance(value, (str, bool)) or is_number(value) for value in values):
        raise ConfigurationError(
            f"extra_query: {name}={shown(given)}: give a string, a number, a bool or a list of them"
        )
    for value in values:
        if isinstance(value, str):
            _check_utf8(f"extra_query: {name}", value)
    return plain(given) if values is not given else tuple(plain(value) for value in values)
