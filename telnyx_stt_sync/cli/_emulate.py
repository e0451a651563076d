"""``telnyx-stt emulate``: the local service from the command line."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any, List

from .._engines import ENGINES
from ..emulator import FAULTS, Emulator, parse_fault

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Subparsers = Any

# What to export as TELNYX_API_KEY where any key is let in.
ANY_KEY = "emulator-key"

# Waits come in slices: on Windows, Ctrl-C is only seen between two of them.
SLICE = 0.2

INTERRUPTED = 130

# What a shell returns for a command that it could not find.
NOT_FOUND = 127


def add_parser(subparsers: Subparsers) -> None:
    """Add the command ``emulate`` to those of the ``telnyx-stt`` parser."""
    parser = subparsers.add_parser(
        "emulate",
        help="run a local service that speaks the same wire, without a key or the network",
        usage="%(prog)s [options] [-- COMMAND ...]",
        description="Run a local speech-to-text service until Ctrl-C, or for as long as COMMAND "
        "runs, which then finds it by its environment. "
        "It says a script, whatever it hears, unless --recogniser is a real one.",
        epilog=f"Faults: {', '.join(sorted(FAULTS))}. "
        "Add @1, @1-3 or @2- for certain connections only.",
    )
    parser.add_argument(
        "--host", type=_host, default="127.0.0.1", help="address to listen on (%(default)s)"
    )
    parser.add_argument("--port", type=_port, default=0, help="port to listen on (any free one)")
    parser.add_argument(
        "--recogniser",
        choices=("scripted", "pocketsphinx"),
        default="scripted",
        help="what hears: a script that it says whatever comes, or a real one (%(default)s)",
    )
    parser.add_argument(
        "--engine",
        choices=tuple(ENGINES),
        metavar="NAME",
        help=f"play this engine whatever the client asks for: {', '.join(ENGINES)}",
    )
    parser.add_argument(
        "--transcript", action="append", metavar="TEXT", help="an utterance to say; repeatable"
    )
    parser.add_argument(
        "--fault",
        action="append",
        type=_fault,
        default=[],
        metavar="NAME[=VALUE]",
        help="something that goes wrong, see below; repeatable",
    )
    parser.add_argument("--key", help="the only API key to accept (any)")
    parser.add_argument(
        "command",
        nargs="*",
        metavar="COMMAND",
        help="a program to run with TELNYX_STT_URL and TELNYX_API_KEY set",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C, or until the command ends; returns the exit status."""
    try:
        emulator = Emulator(
            recogniser=args.recogniser,
            transcripts=args.transcript,
            faults=args.fault,
            engine=args.engine,
            api_key=args.key,
            host=args.host,
            port=args.port,
            record=False,
        ).start()
    except (ImportError, OSError, RuntimeError, ValueError) as exc:
        print(f"telnyx-stt emulate: {exc}", file=sys.stderr)
        return 1
    key = args.key or ANY_KEY
    try:
        if args.command:
            return _run_command(args.command, emulator.url, key)
        _announce(emulator.url, key)
        _wait_for_interrupt()
    finally:
        emulator.stop()
    return INTERRUPTED


def _run_command(command: List[str], url: str, key: str) -> int:
    """Run a program against the emulator; returns its exit status as a shell tells it."""
    environment = {**os.environ, "TELNYX_STT_URL": url, "TELNYX_API_KEY": key}
    try:
        process = subprocess.Popen(command, env=environment)
    except OSError as exc:
        print(f"telnyx-stt emulate: {command[0]}: {exc.strerror or exc}", file=sys.stderr)
        return NOT_FOUND
    while True:
        try:
            status = process.wait(SLICE)
        except subprocess.TimeoutExpired:
            continue
        except KeyboardInterrupt:
            # The terminal has interrupted the program as well; how it ends is its own business.
            continue
        return status if status >= 0 else 128 - status


def _announce(url: str, key: str) -> None:
    print(f"Listening on {url}")
    print("To use it from another shell:")
    print(f"export TELNYX_STT_URL={url}")
    print(f"export TELNYX_API_KEY={key}", flush=True)


def _wait_for_interrupt() -> None:
    never = threading.Event()
    try:
        while not never.wait(SLICE):
            pass
    except KeyboardInterrupt:
        pass  # The one way to end it.


def _host(text: str) -> str:
    if not text.strip():  # for a socket that is every address of the machine
        raise argparse.ArgumentTypeError("give an address; 0.0.0.0 is every one of this machine")
    return text


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r}: give a number from 0 to 65535")
    return int(text)


def _fault(text: str) -> Any:
    try:
        return parse_fault(text)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc
