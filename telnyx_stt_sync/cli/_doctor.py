"""``telnyx-stt doctor``: where on the way to the first frame something is wrong."""

from __future__ import annotations

import argparse
import os
import platform
import ssl
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .. import __version__
from .._errors import ConfigurationError
from .._options import Options
from .._request import SERVICE_URL
from ._advice import advice
from ._arguments import add_options, given_options, in_flags
from ._checks import Check, checks
from ._console import Console
from ._scrub import Scrubber, in_one_line

if TYPE_CHECKING:
    SubParsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    SubParsers = Any

EPILOG = """\
The steps: the key, the proxy, the look-up of the name, TCP, the proxy's
tunnel, TLS, the upgrade with the key, and the first frame that answers 2.5
seconds of speech, which count on your account. The key and the proxy's
password are never shown.

exit status: 0 all is well, 1 something failed, 2 usage.
"""


def add_parser(subparsers: SubParsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "doctor",
        help="find out why it does not work",
        usage="%(prog)s [options]",
        description="Try each step from here to the first frame of the service, with its time,\n"
        "and say how to mend the one that fails.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_options(parser, without=_NOT_FOR_ONE_CONNECTION)
    parser.set_defaults(run=run)


# It sends audio of its own over one connection.
_NOT_FOR_ONE_CONNECTION = (
    *("input_format", "sample_rate", "connect_spacing", "drain_timeout", "quiet_period"),
    *("reconnect", "max_attempts", "max_elapsed", "replay_seconds", "buffer_seconds"),
    *("ping_interval", "ping_timeout"),
)


def run(args: argparse.Namespace) -> int:
    """Go through the steps; returns the exit status."""
    console = Console(Scrubber.for_command(args))
    with console.taking_messages():
        try:
            options = Options(input_format="linear16", sample_rate=16_000, **given_options(args))
        except ConfigurationError as exc:
            console.say(in_one_line(in_flags(str(exc))))
            return 2
        console.report(f"{_versions()}\n")
        for doubt in options.doubts():
            console.say(doubt)
        host = _host(options)
        failed = has_proxy = False
        for check in checks(options):
            failed = failed or check.error is not None
            has_proxy = has_proxy or (check.name == "proxy" and check.detail not in ("", "none"))
            console.report(_line(check, host, has_proxy))
        console.report("\nsomething is wrong: see above" if failed else "\nall is well")
        return 1 if failed else 0


def _host(options: Options) -> str:
    url = options.url or os.environ.get("TELNYX_STT_URL") or SERVICE_URL
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # what the first check will say
        return ""


def _line(check: Check, host: str, has_proxy: bool) -> str:
    took = "" if check.seconds is None else f"{check.seconds * 1000:.0f} ms"
    state, what = (
        ("ok", check.detail) if check.error is None else ("FAILED", in_flags(str(check.error)))
    )
    line = f"{check.name:<12}{state:<7}{took:>9}  {in_one_line(what)}"
    if check.error is not None:
        line += f"\n{'':<12}to mend it: {advice(check, host, has_proxy=has_proxy)}"
    return line


def _versions() -> str:
    return (
        f"telnyx_stt_sync {__version__}, Python {platform.python_version()} on "
        f"{platform.system()}, websocket-client {metadata.version('websocket-client')}, "
        f"{ssl.OPENSSL_VERSION}"
    )
