"""``telnyx-stt transcribe``: files in, their text out."""

from __future__ import annotations

import argparse
import logging
import math
import sys
import warnings
from typing import TYPE_CHECKING, Any

from .. import TelnyxSTTError, Transcriber
from .._audio_format import INPUT_FORMATS
from .._engines import ENGINES

if TYPE_CHECKING:
    SubParsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    SubParsers = Any


def add_parser(subparsers: SubParsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "transcribe",
        help="print what is said in files",
        description="Print what is said in files. The key comes from TELNYX_API_KEY.",
        epilog="Exit status: 0 all done, 1 some failed (the reasons are on standard error).",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="WAV, MP3, FLAC, Ogg, …")
    parser.add_argument(
        "--engine",
        default="Deepgram",
        metavar="NAME",
        help=f"{', '.join(ENGINES)} (default: %(default)s)",
    )
    parser.add_argument("--model", metavar="NAME", help="default: the engine's own")
    parser.add_argument("--language", metavar="TAG", help="for example en-US")
    parser.add_argument(
        "--input-format", metavar="NAME", choices=INPUT_FORMATS, help="for raw audio: linear16, …"
    )
    parser.add_argument("--sample-rate", metavar="HZ", type=int, help="for raw audio")
    parser.add_argument(
        "--speed",
        type=_speed,
        metavar="X",
        help="pace of the upload, × real time, or 'max'; default: what is known to work",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Transcribe one file after the other; returns the exit status."""
    try:
        transcriber = _transcriber(args)
    except TelnyxSTTError as exc:
        print(f"telnyx-stt: {exc}", file=sys.stderr)
        return 2
    failed = 0
    for name in args.files:
        if len(args.files) > 1:
            print(f"==> {name} <==", flush=True)
        try:
            print(transcriber.transcribe_file(name, speed=args.speed).text, flush=True)
        except (TelnyxSTTError, OSError) as exc:
            failed += 1
            _report(name, exc)
    return 1 if failed else 0


def _transcriber(args: argparse.Namespace) -> Transcriber:
    logging.basicConfig(format="telnyx-stt: %(message)s", level=logging.WARNING)
    with warnings.catch_warnings(record=True) as doubts:
        warnings.simplefilter("always")
        transcriber = Transcriber(
            transcription_engine=args.engine,
            model=args.model,
            language=args.language,
            input_format=args.input_format,
            sample_rate=args.sample_rate,
        )
    for doubt in doubts:
        print(f"telnyx-stt: {doubt.message}", file=sys.stderr)
    return transcriber


def _report(name: str, exc: Exception) -> None:
    reason = exc.strerror if isinstance(exc, OSError) and exc.strerror else exc
    print(f"telnyx-stt: {name}: {reason}", file=sys.stderr)
    partial = getattr(exc, "partial", None)
    if partial is not None and partial.text:
        print(f"telnyx-stt: {name}: heard before that: {partial.text}", file=sys.stderr)


def _speed(text: str) -> float:
    try:
        return math.inf if text == "max" else float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number, or 'max'") from None
