"""``telnyx-stt demo``: real recognition through the real client, without a key."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from .. import Transcriber, Transcript, Transcription
from ..emulator import Emulator

if TYPE_CHECKING:
    SubParsers = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    SubParsers = Any

RECORDING = os.path.join(os.path.dirname(__file__), "demo.wav")

NEXT = """\
That was the emulator, on this machine. With a key of Telnyx's it is the service:

    export TELNYX_API_KEY=...          (Windows: set TELNYX_API_KEY=...)
    telnyx-stt doctor                  (is everything in place?)
    telnyx-stt transcribe call.wav
"""


def add_parser(subparsers: SubParsers) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "demo",
        help="hear it work: no key, no network",
        description=(
            "Start the emulator with a real recogniser on this machine, and transcribe the "
            "recording that comes with the package (synthetic speech) through the real client."
        ),
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demo; returns the exit status."""
    try:
        emulator = Emulator(recogniser="pocketsphinx").start()
    except (ImportError, RuntimeError) as exc:
        print(f"telnyx-stt: {exc}", file=sys.stderr)
        return 1
    try:
        _report(_transcribe(emulator.url))
    finally:
        emulator.stop()
    print(NEXT, end="")
    return 0


def _transcribe(url: str) -> Transcription:
    print(f"Emulator at {url}")
    print(f"Transcribing {os.path.basename(RECORDING)} at the pace of speech …\n", flush=True)
    transcriber = Transcriber("demo", url=url, interim_results=True)
    show = _Display(sys.stdout.isatty())
    return transcriber.transcribe_file(RECORDING, speed=1.0, on_transcript=show)


def _report(result: Transcription) -> None:
    stats = result.stats
    print(f"\nText:      {result.text}")
    print(f"Ended by:  {result.ended_by}, complete: {'yes' if result.complete else 'no'}")
    print(
        f"Heard:     {result.audio_seconds:.1f} s of audio, {stats.interims} interims, "
        f"{stats.finals} finals"
    )
    print(f"Waited:    {stats.drain_seconds:.2f} s from the last audio to the result\n")


class _Display:
    """Shows what is heard as it comes. Called by the stream's callback thread only.

    On a terminal an interim is rewritten in place until its final comes;
    elsewhere only finals are shown.
    """

    def __init__(self, is_terminal: bool) -> None:
        self._is_terminal = is_terminal

    def __call__(self, transcript: Transcript) -> None:
        if transcript.is_final:
            self._rewrite(f"  {transcript.text}\n")
        elif self._is_terminal:
            # An interim longer than the line would wrap, and a wrapped line cannot be rewritten.
            width = shutil.get_terminal_size().columns - 4
            self._rewrite(f"… {transcript.text[-width:]}")

    def _rewrite(self, text: str) -> None:
        # ECMA-48: carriage return, then "erase in line" to its end.
        start = "\r\x1b[K" if self._is_terminal else ""
        print(start + text, end="", flush=True)
