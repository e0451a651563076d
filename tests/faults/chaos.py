"""Streams that are cut three times at random, over real sockets against the emulator.

As a longer run by hand, 200 seeds of each kind:

    python -m tests.faults.chaos --seeds 200 --jobs 24

Streams of 400 to 1,200 words of a 200-word vocabulary in random order; finals lag by 0.3 to
2 s; files at 24 × real time and unpaced, live audio at 6 ×; plain and TLS in turn. It prints a
line for each stream that is not whole, and exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import io
import math
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import List, NamedTuple, Sequence

from telnyx_stt_sync import TelnyxSTTError, Transcriber, Transcription
from telnyx_stt_sync.emulator import Emulator, word_audio

BYTES_PER_SECOND = 32_000
CHUNK_SECONDS = 0.1
KINDS = ("file 24x", "file unpaced", "live 6x")


class Report(NamedTuple):
    """What came of one stream."""

    seed: int
    kind: str
    words: int
    is_whole: bool  # every word once, in order, none marked
    known_at_cuts: List[int]
    replayed_seconds: float
    seconds: float
    error: str


def run(seed: int, kind: str, *, seconds_per_word: float = 0.3, tls: bool = False) -> Report:
    """One stream, from making its words to comparing them."""
    chance = random.Random(f"{seed} {kind}")
    words = [f"word{chance.randrange(200)}" for _ in range(chance.randint(400, 1200))]
    every = chance.randint(4, 10)
    audio = word_audio(
        words, seconds_per_word=seconds_per_word, pause_every=every, pause_seconds=0.3
    )
    lag = chance.uniform(0.3, 2.0)
    finals = len(words) // every
    faults = [f"slow_finals={lag:.2f}", *cuts(chance, kind, finals, len(audio), lag)]
    told: List[str] = []
    known: List[int] = []
    started, error, result = time.monotonic(), "", None
    with Emulator(faults=faults, tls=tls, record=False) as emulator:
        stt = Transcriber(
            "any-key",
            url=emulator.url,
            input_format="linear16",
            sample_rate=16_000,
            ssl_context=emulator.ssl_context,
            replay_seconds=600.0,
            on_transcript=lambda transcript: told.extend(transcript.text.split()),
            on_reconnect=lambda *facts: known.append(len(told)),
        )
        try:
            result = transcribe(stt, kind, audio)
        except TelnyxSTTError as exc:
            error = repr(exc)
    marked = result is not None and any(segment.replayed for segment in result.segments)
    return Report(
        seed,
        kind,
        len(words),
        result is not None and result.text.split() == words == told and not marked,
        known,
        0.0 if result is None else result.stats.replayed_seconds,
        time.monotonic() - started,
        error,
    )


def cuts(chance: random.Random, kind: str, finals: int, size: int, lag: float) -> Sequence[str]:
    """Three: between two finals, or after so much audio that words are known by then."""
    if kind != "live 6x":
        after = sorted(chance.sample(range(1, max(5, finals - 2)), 3))
        return [f"cut_after_finals={count}@{number}" for number, count in enumerate(after, 1)]
    # What is sent again comes first: ten seconds of wall time and the lag, at 6 ×.
    again = 6 * (11.0 + lag) * BYTES_PER_SECOND
    step = size / 4
    ends = []
    for number in (1, 2, 3):
        place = (0 if number == 1 else min(again, step * (number - 1))) + chance.uniform(
            0.6, 1
        ) * step
        way = chance.choice(["reset_after={}", "close_after={}:1006", "close_after={}:1011"])
        ends.append(f"{way.format(int(place) // 2 * 2)}@{number}")
    return ends


def transcribe(stt: Transcriber, kind: str, audio: bytes) -> Transcription:
    """By the way that the kind names."""
    if kind == "file 24x":
        return stt.transcribe_file(io.BytesIO(audio), speed=24.0)
    if kind == "file unpaced":
        return stt.transcribe_file(io.BytesIO(audio), speed=math.inf)
    size = int(CHUNK_SECONDS * BYTES_PER_SECOND)
    stt.start()
    started = time.monotonic()
    for number, start in enumerate(range(0, len(audio), size)):
        time.sleep(max(0.0, started + number * CHUNK_SECONDS / 6 - time.monotonic()))
        stt.send(audio[start : start + size])
    return stt.finish()


def main() -> int:
    """The run by hand."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=24)
    parser.add_argument("--kind", choices=KINDS, action="append")
    given = parser.parse_args()
    failed = 0
    for kind in given.kind or KINDS:
        with ThreadPoolExecutor(given.jobs) as pool:
            runs = [pool.submit(run, seed, kind, tls=bool(seed % 2)) for seed in range(given.seeds)]
            reports = [one.result() for one in as_completed(runs)]
        bad = [report for report in reports if not report.is_whole]
        for report in bad:
            print("not whole:", report)
        count = sum(len(report.known_at_cuts) for report in reports)
        blind = sum(known == 0 for report in reports for known in report.known_at_cuts)
        print(
            f"{kind}: {len(reports)} streams, {sum(report.words for report in reports)} words, "
            f"{count} cuts ({blind} before the first word), {len(bad)} not whole; "
            f"{sum(report.replayed_seconds for report in reports) / len(reports):.0f} s sent again "
            f"in the mean"
        )
        failed += len(bad)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
