"""The options of a ``Transcriber`` on a command line: under its names, with its defaults."""

from __future__ import annotations

import argparse
import inspect
import re
from typing import Any, Callable, Dict, FrozenSet, List, Match, NamedTuple, Optional, Tuple

from .. import RetryPolicy, Transcriber
from .._audio_format import INPUT_FORMATS
from .._engines import ENGINES, engines_heeding

# What has no place on a command line: an object of Python's, and what to do with audio that comes
# faster than it goes, which a command that waits for its input never sees.
NOT_OFFERED: FrozenSet[str] = frozenset({"ssl_context", "overflow"})

_DEFAULTS = {
    name: parameter.default for name, parameter in inspect.signature(Transcriber).parameters.items()
}

# Those of RetryPolicy that are options of their own.
_RETRY_LIMITS = ("max_attempts", "max_elapsed")


class _Argument(NamedTuple):
    """One option; ``metavar`` ``None`` is a switch that gives ``const``."""

    name: str  # the Transcriber's
    help: str
    metavar: Optional[str] = None
    read: Callable[[str], Any] = str
    repeats: bool = False
    flags: Tuple[str, ...] = ()  # empty: from the name
    const: Any = None
    choices: Optional[Tuple[str, ...]] = None


def _milliseconds(text: str) -> Any:
    if text == "false":
        return False
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: give milliseconds, or 'false'") from None


def _parameter(text: str) -> Tuple[str, str]:
    name, found, value = text.partition("=")
    if not name or not found:
        raise argparse.ArgumentTypeError(f"{text!r}: give NAME=VALUE")
    return name, value


def _key_in_file(path: str) -> str:
    # Neither message repeats the argument: somebody may have put the key itself there.
    try:
        with open(path, encoding="utf-8") as file:
            key = file.read().strip()
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "it is not text"
        raise argparse.ArgumentTypeError(f"the file cannot be read: {reason}") from None
    if not key:
        raise argparse.ArgumentTypeError("the file is empty")
    return key


def _for(option: str) -> str:
    """Which engines an option is for."""
    return f" (for {engines_heeding(option)})"


_SERVICE: Tuple[_Argument, ...] = (
    _Argument(
        "transcription_engine",
        f"{', '.join(ENGINES)}",
        "NAME",
        flags=("--engine", "--transcription-engine"),
    ),
    _Argument("model", "one of the engine's models; left out: the engine's own choice", "NAME"),
    _Argument("language", "for example en-US; multi or auto where the engine knows them", "TAG"),
    _Argument(
        "input_format",
        f"for raw audio, which does not say what it is: {', '.join(INPUT_FORMATS)}",
        "NAME",
        choices=INPUT_FORMATS,
    ),
    _Argument("sample_rate", "for raw audio, for example 16000", "HZ", int),
    _Argument("keyterm", f"a term to expect; repeatable{_for('keyterm')}", "TERM", str, True),
    _Argument("keywords", f"a word to expect; repeatable{_for('keywords')}", "WORD[:N]", str, True),
    _Argument("redact", f"pci, ssn or numbers; repeatable{_for('redact')}", "WHAT", str, True),
    _Argument("endpointing", "silence that ends an utterance, or 'false'", "MS", _milliseconds),
    _Argument("interim_results", "ask for words before they are final", const=True),
    _Argument(
        "interim_results",
        "ask for none, also where the service sends some by itself",
        flags=("--no-interim-results",),
        const=False,
    ),
    _Argument("region", f"where to recognise{_for('region')}", "NAME"),
    _Argument(
        "eot_threshold",
        f"how sure to be of the end of a turn, 0.5-0.9{_for('eot_threshold')}",
        "X",
        float,
    ),
    _Argument("eager_eot_threshold", "the same for a first guess, 0.3-0.9", "X", float),
    _Argument("eot_timeout_ms", "silence that ends a turn, 500-10000", "MS", int),
    _Argument(
        "extra_query",
        "any further parameter of the service; repeatable",
        "NAME=VALUE",
        _parameter,
        True,
    ),
)

_CONNECTION: Tuple[_Argument, ...] = (
    _Argument(
        "api_key",
        "read the API key from a file in place of TELNYX_API_KEY. There is no option for the key "
        "itself: everybody on the machine could read it in the list of processes",
        "FILE",
        _key_in_file,
        flags=("--api-key-file",),
    ),
    _Argument("url", "another service; default: TELNYX_STT_URL, else Telnyx", "URL"),
    _Argument(
        "proxy",
        "http://host:port; default: what https_proxy and no_proxy say, which is the better place "
        "for one with a password",
        "URL",
    ),
    _Argument("connect_timeout", "for look-up, TCP, TLS and upgrade together", "SECONDS", float),
    _Argument("connect_spacing", "between two connects", "SECONDS", float),
    _Argument("drain_timeout", "without progress after the end of the audio", "SECONDS", float),
    _Argument(
        "quiet_period",
        "silence that ends an engine that never says so; default: by engine, 3 or 5",
        "SECONDS",
        float,
    ),
    _Argument(
        "reconnect",
        "give a recording up when its connection is lost",
        flags=("--no-reconnect",),
        const=False,
    ),
    _Argument("max_attempts", "reconnects in a row", "N", int),
    _Argument("max_elapsed", "without a connection, then give up", "SECONDS", float),
    _Argument("replay_seconds", "of a pipe: what is kept for a reconnect", "SECONDS", float),
    _Argument("buffer_seconds", "audio that may wait to be sent", "SECONDS", float),
    _Argument("ping_interval", "silence before the service is pinged", "SECONDS", float),
    _Argument("ping_timeout", "after that it is lost", "SECONDS", float),
)


def add_options(parser: argparse.ArgumentParser, without: Tuple[str, ...] = ()) -> None:
    """Add all of them, in two groups of the help text, but for those named in ``without``."""
    service = parser.add_argument_group(
        "what to ask of the service", "Under the service's own names; sent only when given."
    )
    connection = parser.add_argument_group("connection")
    for group, arguments in ((service, _SERVICE), (connection, _CONNECTION)):
        for argument in arguments:
            if argument.name not in without:
                _add(group, argument)


def given_options(args: argparse.Namespace) -> Dict[str, Any]:
    """What was given on the command line, as keywords for ``Transcriber``."""
    names = {argument.name for argument in (*_SERVICE, *_CONNECTION)}
    given = {name: value for name, value in vars(args).items() if name in names}
    limits = {name: given.pop(name) for name in _RETRY_LIMITS if name in given}
    if limits:
        given.setdefault("reconnect", RetryPolicy(**limits))
    if "extra_query" in given:
        given["extra_query"] = _by_name(given["extra_query"])
    return given


def in_flags(message: str) -> str:
    """A message of the library in the words of the command line: ``--sample-rate`` for its name."""

    def flag(match: Match[str]) -> str:
        flags = _FLAGS[match.group(1)]
        return f"{flags} " if match.group(2) else flags

    return _NAMED.sub(flag, message)


def _flag(argument: _Argument) -> str:
    return (*argument.flags, "--" + argument.name.replace("_", "-"))[0]


# A switch has no value to go with it, and its name may mean the opposite.
_FLAGS = {one.name: _flag(one) for one in (*_SERVICE, *_CONNECTION) if one.metavar is not None}
_FLAGS.update({name: f"--{name}" for name in ("channel", "speed", "timeout")})
_FLAGS["max_workers"] = "--jobs"
_NAMED = re.compile(rf"\b({'|'.join(_FLAGS)})=(?=([^\s).,;]?))")


def _by_name(pairs: List[Tuple[str, str]]) -> Dict[str, Any]:
    values: Dict[str, List[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: found if len(found) > 1 else found[0] for name, found in values.items()}


def _add(group: Any, argument: _Argument) -> None:
    flags = argument.flags or ("--" + argument.name.replace("_", "-"),)
    # What is not given is not there, so that the Transcriber's own default holds.
    common = {"dest": argument.name, "default": argparse.SUPPRESS}
    if argument.metavar is None:
        group.add_argument(
            *flags, action="store_const", const=argument.const, help=argument.help, **common
        )
        return
    group.add_argument(
        *flags,
        action="append" if argument.repeats else "store",
        metavar=argument.metavar,
        type=argument.read,
        choices=argument.choices,
        help=argument.help + _default(argument.name),
        **common,
    )


def _default(name: str) -> str:
    default = RetryPolicy()._asdict()[name] if name in _RETRY_LIMITS else _DEFAULTS[name]
    return "" if default is None else f" (default: {default})"
