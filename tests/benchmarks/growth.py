"""What becomes of it with many streams, large files and long sessions."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from typing import Dict, Iterator, Optional

from tests.benchmarks.bench import Bench
from tests.benchmarks.table import (
    BARE,
    OURS,
    Row,
    interleaved_facts,
    under,
)

# What is linear may be so much above it at a larger size: noise, and caches that are too small.
NOISE = 1.25

# MB by which memory may grow with a file, however large it is: the noise.
FLAT = 8.0

# From so many streams on they are measured for long.
MANY = 100

# kB that a stream may take; ms by which audio and finals may be late at a hundred streams.
STREAM_MEMORY = {False: 60.0, True: 130.0}
LATE = 100.0

STREAM_FACTS = {
    "audio late by": ("audio late by, 99 %", "ms"),
    "finals late by": ("finals late by, 99 %", "ms"),
    "CPU": ("CPU for an hour of each stream", "s"),
    "memory": ("memory of each stream as it begins", "kB"),
    "memory at the end": ("memory of each stream at the end, what it keeps included", "kB"),
    "threads": ("threads of each stream", ""),
    "descriptors": ("descriptors of each stream", ""),
}


def streams(bench: Bench) -> Iterator[Row]:
    """Live streams in one process: 100 ms chunks, five finals a second each."""
    for tls in (False, True):
        least: Dict[str, float] = {}
        for count in bench.sizes.streams:
            seconds = bench.sizes.stream_seconds if count >= MANY else bench.sizes.seconds
            measure = bench.task("many", "/live/0.2/stamps", tls, streams=count, seconds=seconds)
            facts = interleaved_facts(bench.sizes.runs, bench.of(OURS, BARE), measure)
            least = least or {fact: figures[OURS] for fact, figures in facts.items()}
            targets = {
                "audio late by": under(LATE, "ms") if count <= MANY else None,
                "finals late by": under(LATE, "ms") if count <= MANY else None,
                "CPU": under(NOISE * least["CPU"], "s"),
                "memory": under(STREAM_MEMORY[tls], "kB") if count >= MANY else None,
            }
            wire = "TLS" if tls else "plain"
            for fact, (name, unit) in STREAM_FACTS.items():
                note = f"{count} at once, {wire}"
                yield Row(name, unit, facts[fact], targets.get(fact), note)


def files(bench: Bench) -> Iterator[Row]:
    """A file sent as fast as the server reads it, and the most memory that this takes."""
    smallest: Optional[Dict[str, float]] = None
    for megabytes in bench.sizes.file_megabytes:
        measure = bench.task("file", "/discard", megabytes=megabytes)
        facts = interleaved_facts(bench.sizes.runs, bench.of(OURS, BARE), measure)
        memory = facts["memory"]
        smallest = smallest or memory
        note = f"{megabytes} MB"
        yield Row("seconds for a MB of a file", "s", facts["time"], None, note)
        yield Row("memory at most", "MB", memory, under(smallest[OURS] + FLAT, "MB"), note)


def sessions(bench: Bench) -> Iterator[Row]:
    """Live sessions on a clock that is only counted."""
    least: Dict[str, float] = {}
    for minutes in bench.sizes.session_minutes:
        facts = interleaved_facts(bench.sizes.runs, [OURS], partial(_session, minutes))
        cpu = facts["CPU for an hour"]
        least = least or cpu
        note = f"{minutes} min, simulated"
        yield Row("CPU for an hour of a session", "s", cpu, under(NOISE * least[OURS], "s"), note)
        yield Row("memory that it adds", "MB", facts["memory"], None, note)


def _session(minutes: float, _: str) -> Dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.session", str(minutes)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return dict(json.loads(done.stdout))
