"""What becomes of it with many streams, large files and long sessions."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from typing import Dict, Iterator, Sequence

from tests.benchmarks.bench import Bench
from tests.benchmarks.table import (
    BARE,
    OURS,
    Series,
    each_at_most,
    flat,
    interleaved_facts,
    linear,
    series,
)

# What is linear may be so much above it at a larger size: noise, and caches that are too small.
NOISE = 1.25

# MB by which memory may grow with a file, however large it is: the noise.
FLAT = 8.0

# From so many streams on they are measured for long, and without the others.
MANY = 100

# kB that a stream may take; ms by which audio and finals may be late at a hundred streams.
STREAM_MEMORY = {False: 60.0, True: 130.0}
LATE = 100.0


def streams(bench: Bench) -> Iterator[Series]:
    """Live streams in one process: 100 ms chunks, five finals a second each."""
    sizes = bench.sizes.streams
    upto = sum(count <= MANY for count in sizes)
    for tls in (False, True):
        note = f"{shown(sizes)} streams, {'TLS' if tls else 'plain'}"
        by_size = []
        for count in sizes:
            is_many = count >= MANY
            seconds = bench.sizes.stream_seconds if is_many else bench.sizes.seconds
            measure = bench.task("many", "/live/0.2/stamps", tls, streams=count, seconds=seconds)
            names = bench.of(*([OURS] if is_many else [OURS, BARE]))
            runs = bench.sizes.stream_runs if is_many else bench.sizes.runs
            by_size.append(interleaved_facts(runs, names, measure))
        late = each_at_most(LATE, f"ms up to {MANY}", slice(upto))
        memory = each_at_most(STREAM_MEMORY[tls], f"kB from {MANY} on", slice(upto - 1, None))
        for fact, name, unit, target in (
            ("audio late by", "audio late by, 99 %", "ms", late),
            ("finals late by", "finals late by, 99 %", "ms", late),
            ("CPU", "CPU for an hour of each", "s", linear(NOISE)),
            ("memory", "memory of each, open", "kB", memory),
            ("memory at the end", "memory of each, with audio and finals kept", "kB", None),
            ("threads", "threads of each", "", None),
            ("descriptors", "descriptors of each", "", None),
        ):
            yield Series(name, unit, series(by_size, fact), target, note)


def files(bench: Bench) -> Iterator[Series]:
    """A file sent as fast as the server reads it, and the most memory that this takes."""
    sizes = bench.sizes.file_megabytes
    by_size = []
    for megabytes in sizes:
        measure = bench.task("file", "/discard", megabytes=megabytes)
        names = bench.of(OURS, BARE)
        by_size.append(interleaved_facts(bench.sizes.runs, names, measure))
    note = f"file of {shown(sizes)} MB"
    yield Series("time for a MB", "s", series(by_size, "time"), linear(NOISE), note)
    yield Series("memory at most", "MB", series(by_size, "memory"), flat(FLAT, "MB"), note)


def sessions(bench: Bench) -> Iterator[Series]:
    """Live sessions on a clock that is only counted."""
    sizes = bench.sizes.session_minutes
    by_size = [
        interleaved_facts(bench.sizes.runs, [OURS], partial(_session, minutes)) for minutes in sizes
    ]
    note = f"session of {shown(sizes)} min, simulated"
    for fact, name, unit, target in (
        ("CPU for an hour", "CPU for an hour", "s", linear(NOISE)),
        ("memory in silence", "memory that it adds in silence", "MB", flat(FLAT, "MB")),
        ("memory", "memory that it adds with its transcript", "MB", None),
    ):
        yield Series(name, unit, series(by_size, fact), target, note)


def shown(sizes: Sequence[int]) -> str:
    """For a reader."""
    return " / ".join(map(str, sizes))


def _session(minutes: float, _: str) -> Dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.session", str(minutes)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return dict(json.loads(done.stdout))
