"""One contender doing one thing, in a process of its own; prints its figure, or several by name.

python -m tests.benchmarks.task CONTENDER TASK URL [CERTIFICATE] [NAME=NUMBER …]
"""

from __future__ import annotations

import json
import os
import ssl
import statistics
import struct
import sys
import tempfile
import threading
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Type

from tests.benchmarks.contenders import CONTENDERS, Arrivals, Contender
from tests.benchmarks.crowd import crowd, peak, percentile, warm_up
from tests.benchmarks.pace import paced

SECOND = 32_000  # bytes of linear16 at 16 kHz


class Entry(NamedTuple):
    """Who does it, and where."""

    contender: Type[Contender]
    url: str
    context: Optional[ssl.SSLContext]

    def open(self, arrivals: Arrivals, **options: Any) -> Contender:
        """An open live stream."""
        return self.contender(self.url, arrivals, self.context, **options)


def listen(entry: Entry, frames: float, busy: float = 0) -> float:
    """Median of how long finals of a live stream are on their way, in ms.

    ``busy``: another thread computes.
    """
    over = threading.Event()
    if busy:
        threading.Thread(target=_compute, args=(over,), daemon=True).start()
    arrivals = Arrivals(enough=frames)
    client = entry.open(arrivals)
    arrivals.enough.wait()
    client.finish()
    over.set()
    return statistics.median(arrivals.delays) / 1e6


def send(entry: Entry, chunk: float = 0.02, seconds: float = 5.0) -> float:
    """Median of how long chunks are on their way, in ms, at the pace of live audio."""
    arrivals = Arrivals()
    client = entry.open(arrivals)
    rest = bytes(int(chunk * SECOND) - 8)
    for _ in paced(chunk, seconds):
        client.send(struct.pack("!q", time.monotonic_ns()) + rest)
    client.finish()
    return float(statistics.median(arrivals.last["delays"])) / 1e6


def finish(entry: Entry) -> float:
    """How long after the last final was sent the result is in hand, in ms."""
    arrivals = Arrivals()
    client = entry.open(arrivals)
    client.send(bytes(SECOND))
    client.finish()
    return (time.monotonic_ns() - int(arrivals.last["channel"])) / 1e6


def cpu(entry: Entry, chunk: float = 0.02, seconds: float = 20.0) -> float:
    """CPU seconds for an hour of live audio."""
    client = entry.open(Arrivals())
    audio = os.urandom(int(chunk * SECOND))  # not silence, which is looked at more closely
    start = time.process_time()
    for _ in paced(chunk, seconds):
        client.send(audio)
    taken = time.process_time() - start
    client.finish()
    return taken * 3600 / seconds


def upload(entry: Entry, frame: float = 8000, megabytes: float = 64) -> float:
    """MB/s of a file that is sent as fast as the server reads it, to the end of the stream."""
    with tempfile.NamedTemporaryFile() as file:
        block = os.urandom(int(frame) * 100)
        count = max(1, int(megabytes * 1e6 / len(block)))
        for _ in range(count):
            file.write(block)
        file.flush()
        send_file = entry.contender.upload(entry.url, entry.context, file.name, int(frame))
        start = time.perf_counter()
        send_file()
        return count * len(block) / 1e6 / (time.perf_counter() - start)


def file(entry: Entry, megabytes: float = 64) -> Dict[str, float]:
    """Seconds for a MB of a file, and the most MB that the process has had."""
    return {"time": 1 / upload(entry, megabytes=megabytes), "memory": peak() / 1024}


def _compute(over: threading.Event) -> None:
    """Keep the interpreter busy."""
    while not over.is_set():
        sum(range(1000))


def many(entry: Entry, **numbers: float) -> Dict[str, float]:
    """Many live streams at once."""
    return crowd(entry.contender, entry.url, entry.context, **numbers)


def link(entry: Entry, seconds: float = 20.0) -> Dict[str, float]:
    """A telephone's audio live, 64 kbit/s in chunks of 100 ms; how it fares on its way."""
    warm_up(entry.contender, entry.url, entry.context)
    arrivals = Arrivals()
    called = time.monotonic_ns()
    client = entry.open(arrivals, input_format="mulaw", sample_rate=8000)
    opened = time.monotonic_ns()
    for due in paced(0.1, seconds):
        client.send(struct.pack("!q", due) + bytes(792))
    ended = time.monotonic_ns()
    client.finish()
    return {
        "call → open stream, ms": (opened - called) / 1e6,
        "audio on its way, median, ms": statistics.median(arrivals.last["delays"]) / 1e6,
        "audio on its way, 99 %, ms": percentile(arrivals.last["delays"]) / 1e6,
        "final on its way, 99 %, ms": percentile(arrivals.delays) / 1e6,
        "last audio → result in hand, ms": (time.monotonic_ns() - ended) / 1e6,
        **client.troubles(),
    }


TASKS: Dict[str, Callable[..., Any]] = {
    task.__name__: task for task in (listen, send, finish, cpu, upload, file, many, link)
}


def main(arguments: List[str]) -> None:
    """Run what the command line asks for."""
    contender, task, url, *more = arguments
    numbers: Dict[str, float] = {}
    context: Optional[ssl.SSLContext] = None
    for given in more:
        name, is_number, value = given.partition("=")
        if is_number:
            numbers[name] = float(value)
        else:
            context = ssl.create_default_context(cafile=given)
    print(json.dumps(TASKS[task](Entry(CONTENDERS[contender], url, context), **numbers)))


if __name__ == "__main__":
    main(sys.argv[1:])
