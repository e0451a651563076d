"""Many live streams in one process: how late, how much of the machine, whether any failed."""

from __future__ import annotations

import os
import resource
import ssl
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, List, Optional, Type

from tests.benchmarks.contenders import Arrivals, Contender
from tests.benchmarks.pace import paced

CHUNK = 0.1  # seconds
CHUNK_BYTES = 3200

# Chunks after which a stream counts as open, and next to nothing is kept.
WARM = 1

# A machine that needs so many times as long is too small for so many streams: no more is sent.
TOO_LONG = 1.5


def crowd(
    contender: Type[Contender],
    url: str,
    context: Optional[ssl.SSLContext],
    streams: float = 100,
    seconds: float = 60.0,
) -> Dict[str, float]:
    """So many streams, 100 ms chunks at the pace of live audio, their times spread evenly.

    All figures but the lateness are for each stream; CPU in seconds for an hour, lateness in ms,
    memory in kB: what the process has grown by since a first stream had come and gone.
    """
    _allow_descriptors()
    count = int(streams)
    warm_up(contender, url, context)
    memory, threads, descriptors = resident(), threading.active_count(), _descriptors()
    arrivals = [Arrivals() for _ in range(count)]
    clients = [contender(url, heard, context) for heard in arrivals]
    running, sent = 0.0, 0
    cpu, started = time.process_time(), time.monotonic()
    for due in paced(CHUNK / count, seconds):
        if time.monotonic() - started > TOO_LONG * seconds:
            break
        clients[sent % count].send(struct.pack("!q", due) + bytes(CHUNK_BYTES - 8))
        if sent == WARM * count:
            running = resident()
        sent += 1
    assert running, "too many even to open"
    cpu, taken = time.process_time() - cpu, time.monotonic() - started
    figures = {
        "CPU": 3600 * cpu / taken / count,
        "memory": (running - memory) / count,
        "memory at the end": (resident() - memory) / count,
        "threads": (threading.active_count() - threads) / count,
        "descriptors": (_descriptors() - descriptors) / count,
    }
    # All at once: as long as one of them is not told, the server sends it finals.
    with ThreadPoolExecutor(count) as pool:
        list(pool.map(lambda client: client.finish(), clients))
    finals = [delay for heard in arrivals for delay in heard.delays]
    audio = [delay for heard in arrivals for delay in heard.last["delays"]]
    assert len(audio) == sent, "audio was lost"
    figures["finals late by"] = percentile(finals) / 1e6
    figures["audio late by"] = percentile(audio) / 1e6
    return figures


def warm_up(contender: Type[Contender], url: str, context: Optional[ssl.SSLContext]) -> None:
    """Have everything imported, and one stream behind it."""
    client = contender(url, Arrivals(), context)
    client.send(struct.pack("!q", time.monotonic_ns()) + bytes(CHUNK_BYTES - 8))
    client.finish()


def percentile(samples: List[int], percent: int = 99) -> float:
    """So many of hundred are no larger."""
    return sorted(samples)[len(samples) * percent // 100]


def resident() -> float:
    """Memory of this process now, in kB."""
    return _status("VmRSS")


def peak() -> float:
    """The most that it has had; not the resource usage, which begins with the parent's."""
    return _status("VmHWM")


def _status(name: str) -> float:
    with open("/proc/self/status") as file:
        return next(float(line.split()[1]) for line in file if line.startswith(name))


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def _allow_descriptors() -> None:
    """As many as this user may have: a stream takes a few, and 1024 are the usual limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
