"""``telnyx-stt``: its subcommands, and what happens around each of them."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Optional, Sequence, TextIO

from .. import __version__
from . import _demo, _doctor, _emulate, _transcribe

# What a shell makes of a process that SIGINT ended: 128 + 2.
INTERRUPTED = 130

EPILOG = """\
the first three:
  telnyx-stt demo                   hear it work: no key, no network
  telnyx-stt doctor                 is the way to the service free, the key good?
  telnyx-stt transcribe call.wav    with the key in TELNYX_API_KEY

`telnyx-stt COMMAND --help` shows the options of each.
"""


def main(argv: Optional[Sequence[str]] = None) -> int:
    """Run the command; returns its exit status: 0 done, 1 failed, 2 usage, 130 interrupted."""
    if sys.stderr is None:  # `2>&-`; the number must not go to a socket
        sys.stderr = open(os.devnull, "w")
    try:
        return _run(argv)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read our output has seen enough
        return 1
    except OSError as exc:
        reason = exc.strerror if exc.filename is None else f"{exc.filename}: {exc.strerror}"
        print(f"telnyx-stt: {reason}", file=sys.stderr)
        return 1
    finally:
        for stream in (sys.stdout, sys.stderr):
            _let_go(stream)


def _run(argv: Optional[Sequence[str]]) -> int:
    parser = build_parser()
    args = parser.parse_args(argv)
    if args.run is None:  # a first look at it
        parser.print_help(sys.stderr)
        return 2
    for stream in (sys.stdout, sys.stderr):
        # A transcript may hold letters that the terminal's encoding lacks.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    status: int = args.run(args)
    if sys.stdout is not None:
        sys.stdout.flush()
    return status


def _let_go(stream: Optional[TextIO]) -> None:
    """See that the interpreter does not fail at its end with what a stream does not take."""
    if stream is not None:
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="telnyx-stt",
        description="Telnyx speech-to-text from the command line.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = parser.add_subparsers(title="commands")
    parser.set_defaults(run=None)
    _demo.add_parser(subparsers)
    _transcribe.add_parser(subparsers)
    _doctor.add_parser(subparsers)
    _emulate.add_parser(subparsers)
    return parser
