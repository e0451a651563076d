"""``telnyx-stt transcribe``: recordings in, their text out."""

from __future__ import annotations

import argparse
import math
import os
import sys
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

from .. import ConfigurationError, Transcriber
from ._arguments import add_options, given_options, in_flags
from ._batch import Batch
from ._console import Console
from ._output import CAPTIONS, FORMATS, OutputFolder
from ._recordings import STANDARD_INPUT, Recordings
from ._scrub import Scrubber, in_one_line

if TYPE_CHECKING:
    SubParsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    SubParsers = Any

# INTERRUPTED is what a shell makes of a process that SIGINT ended: 128 + 2.
DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

# Of a folder full of other things not every name is worth a line.
MOST_LEFT_OUT = 20

NO_KEY = """\
there is no API key. Telnyx's portal makes one; then:
    export TELNYX_API_KEY=...          (Windows: set TELNYX_API_KEY=...)
or give --api-key-file FILE. Without a key there is `telnyx-stt demo`."""

EPILOG = """\
examples:
  telnyx-stt transcribe call.wav
  telnyx-stt transcribe calls --output texts    a folder; again: what is new
  telnyx-stt transcribe talk.mp3 --format srt > talk.srt
  telnyx-stt transcribe *.wav --format json | jq .text
  ffmpeg -v error -i talk.m4a -f wav - | telnyx-stt transcribe -

With --output, a/x.wav goes to DIR/a/x.wav.txt, and what is there is done: it
is not transcribed again without --force, unless the recording has changed. A
transcript appears only when it is whole, so a call that was interrupted can
simply be made again.

exit status: 0 all done, 1 some failed (why is on standard error), 2 usage,
130 interrupted.
"""


def add_parser(subparsers: SubParsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "transcribe",
        help="write down what is said in recordings",
        usage="%(prog)s [options] FILE [FILE ...]",
        description="Write down what is said in recordings. The API key comes from the\n"
        "environment variable TELNYX_API_KEY.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a recording (WAV, MP3, FLAC, Ogg, WebM, AMR), a folder, of which everything is taken "
        "that is audio by its name, a pattern such as '**/*.wav', or - for standard input",
    )
    parser.add_argument("--format", choices=FORMATS, default="txt", help="default: %(default)s")
    parser.add_argument("--output", metavar="DIR", help="write one file for each recording")
    parser.add_argument("--force", action="store_true", help="also what DIR holds already")
    parser.add_argument(
        "--jobs", type=_jobs, default=8, metavar="N", help="recordings at a time (%(default)s)"
    )
    parser.add_argument(
        "--speed",
        type=_speed,
        metavar="X",
        help="pace of the upload in × real time, or 'max'; default: the fastest that is known to "
        "work with the engine, but 1 for srt and vtt, because the times of captions are estimates "
        "that a faster upload makes useless",
    )
    parser.add_argument(
        "--channel", type=int, metavar="N", help="only this channel of WAV, from 0; default: all"
    )
    parser.add_argument(
        "--timeout", type=float, metavar="SECONDS", help="for one recording (default: none)"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress, and failures only")
    add_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Transcribe what was named; returns the exit status."""
    console = Console(Scrubber.for_command(args), quiet=args.quiet)
    with console.taking_messages():
        try:
            return _run(args, console)
        except _UsageError as exc:
            console.say(str(exc))
            return USAGE


class _UsageError(Exception):
    """What cannot be meant; nothing has been done yet."""


def _run(args: argparse.Namespace, console: Console) -> int:
    options = given_options(args)
    recordings = _recordings(args, options)
    folder = None if args.output is None else _output_folder(args, recordings)
    transcriber = _transcriber(options)
    waiting = recordings.found
    if folder is not None:
        undone, failures = folder.undone([one.name for one in waiting], force=args.force)
        recordings.give_up(failures)
        waiting = [one for one in waiting if one.name in undone]
    if waiting and not options.get("api_key") and not os.environ.get("TELNYX_API_KEY"):
        console.say(NO_KEY)
        return FAILED
    if waiting and folder is not None:
        _insist(folder.probe, args.output)
    batch = Batch(console, folder, args.format, waiting, is_one=recordings.is_single)
    try:
        if waiting:
            batch.run(transcriber, jobs=args.jobs, file_options=_file_options(args))
    except ConfigurationError as exc:  # what the environment holds
        raise _UsageError(in_flags(str(exc))) from None
    return _sum_up(console, recordings, batch, folder)


def _sum_up(
    console: Console, recordings: Recordings, batch: Batch, folder: Optional[OutputFolder]
) -> int:
    """Say what became of all, unless that is plain to see; returns the exit status."""
    failures = recordings.failures + batch.failures
    left_out = _left_out(recordings, folder)
    counts = [
        *batch.counts(),
        (len(recordings.found) - batch.size, "done already"),
        (len(failures), "failed"),
        (len(left_out), "left out"),
    ]
    told = ", ".join(f"{count} {what}" for count, what in counts if count)
    if not batch.size and not failures:
        console.note(f"nothing to do: {told}. With --force they are done again")
    elif folder is not None or not _is_one(recordings) or batch.was_interrupted:
        (console.say if failures or batch.was_interrupted else console.note)(told)
    for name, reason in failures:
        # The library's own messages name the file.
        console.say(reason if repr(name) in reason else f"{in_one_line(name)}: {reason}")
    for path, reason in left_out[:MOST_LEFT_OUT]:
        console.note(f"{in_one_line(path)}: left out, because {reason}")
    if batch.could_not_connect:
        console.note("`telnyx-stt doctor` looks where the connection fails")
    if batch.was_interrupted:
        return INTERRUPTED
    return FAILED if failures else DONE


def _recordings(args: argparse.Namespace, options: Dict[str, Any]) -> Recordings:
    recordings = Recordings(takes_raw="input_format" in options)
    if STANDARD_INPUT in args.files:
        if args.output is not None:
            raise _UsageError(
                "standard input has no name for a file in --output: leave --output out, and send "
                "the output to a file"
            )
        if sys.stdin is None or sys.stdin.isatty():
            raise _UsageError("standard input is the terminal: send audio into it, from a pipe")
    for name in args.files:
        recordings.add(name)
    if args.format in CAPTIONS and args.output is None and not recordings.is_single:
        raise _UsageError(
            f"{args.format} of several recordings needs --output DIR: their times would run into "
            "each other"
        )
    return recordings


def _is_one(recordings: Recordings) -> bool:
    return len(recordings.found) + len(recordings.failures) == 1


def _output_folder(args: argparse.Namespace, recordings: Recordings) -> OutputFolder:
    folder = OutputFolder(args.output, args.format)
    clash = folder.clash([one.name for one in recordings.found])
    if clash:
        raise _UsageError(f"{clash}: transcribe them into two folders")
    _insist(folder.make, args.output)
    return folder


def _insist(step: Callable[[], None], output: str) -> None:
    try:
        step()
    except OSError as exc:
        raise _UsageError(f"--output {output}: {exc.strerror or exc}") from None


def _transcriber(options: Dict[str, Any]) -> Transcriber:
    try:
        return Transcriber(**options)
    except ConfigurationError as exc:
        raise _UsageError(in_flags(str(exc))) from None


def _file_options(args: argparse.Namespace) -> Dict[str, Any]:
    speed = args.speed
    if speed is None and args.format in CAPTIONS:
        speed = 1.0
    return {"speed": speed, "channel": args.channel, "timeout": args.timeout}


def _left_out(recordings: Recordings, folder: Optional[OutputFolder]) -> List[Tuple[str, str]]:
    """The files of folders that were not looked at; what this command wrote there is not meant."""
    ours = set()
    if folder is not None:
        ours = {os.path.abspath(folder.path_for(one.name)) for one in recordings.found}
    return [left for left in recordings.left_out if os.path.abspath(left[0]) not in ours]


def _speed(text: str) -> float:
    try:
        speed = math.inf if text == "max" else float(text)
    except ValueError:
        speed = math.nan
    if not speed > 0:
        raise argparse.ArgumentTypeError(f"{text!r}: give a number above 0, or 'max'")
    return speed


def _jobs(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: give a whole number above 0")
    return int(text)
