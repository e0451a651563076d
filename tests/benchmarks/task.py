"""One contender doing one thing, in a process of its own; prints its figure.

python -m tests.benchmarks.task CONTENDER TASK URL [CERTIFICATE] [NAME=NUMBER …]
"""

from __future__ import annotations

import os
import ssl
import statistics
import struct
import sys
import tempfile
import threading
import time
from typing import Callable, Dict, List, NamedTuple, Optional, Type

from tests.benchmarks.contenders import CONTENDERS, Arrivals, Contender

SECOND = 32_000  # bytes of linear16 at 16 kHz


class Entry(NamedTuple):
    """Who does it, and where."""

    contender: Type[Contender]
    url: str
    context: Optional[ssl.SSLContext]

    def open(self, arrivals: Arrivals) -> Contender:
        """An open live stream."""
        return self.contender(self.url, arrivals, self.context)


def listen(entry: Entry, busy: float = 0) -> float:
    """Median of how long finals are on their way, in ms. ``busy``: another thread computes."""
    over = threading.Event()
    if busy:
        threading.Thread(target=_compute, args=(over,), daemon=True).start()
    arrivals = Arrivals()
    entry.open(arrivals).finish()
    over.set()
    return statistics.median(arrivals.delays) / 1e6


def send(entry: Entry, chunk: float = 0.02, seconds: float = 5.0) -> float:
    """Median of how long chunks are on their way, in ms, at the pace of live audio."""
    arrivals = Arrivals()
    client = entry.open(arrivals)
    rest = bytes(int(chunk * SECOND) - 8)
    _pace(lambda: client.send(struct.pack("!q", time.monotonic_ns()) + rest), chunk, seconds, 1.0)
    client.finish()
    return float(statistics.median(arrivals.last["delays"])) / 1e6


def finish(entry: Entry) -> float:
    """How long after the last final was sent the result is in hand, in ms."""
    arrivals = Arrivals()
    client = entry.open(arrivals)
    client.send(bytes(SECOND))
    client.finish()
    return (time.monotonic_ns() - int(arrivals.last["channel"])) / 1e6


def cpu(entry: Entry, chunk: float = 0.02, seconds: float = 20.0, speed: float = 1.0) -> float:
    """CPU seconds for an hour of live audio; chunks come ``speed`` times as often as in life."""
    client = entry.open(Arrivals())
    audio = os.urandom(int(chunk * SECOND))  # not silence, which is looked at more closely
    start = time.process_time()
    _pace(lambda: client.send(audio), chunk, seconds, speed)
    taken = time.process_time() - start
    client.finish()
    return taken * 3600 / seconds


def upload(entry: Entry, frame: float = 8000, megabytes: float = 64) -> float:
    """MB/s of a file that is sent as fast as the server reads it, to the end of the stream."""
    count = int(megabytes * 1e6 / frame)
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(count):
            file.write(os.urandom(int(frame)))
        file.flush()
        send_file = entry.contender.upload(entry.url, entry.context, file.name, int(frame))
        start = time.perf_counter()
        send_file()
        return count * frame / 1e6 / (time.perf_counter() - start)


def _pace(send_one: Callable[[], None], chunk: float, seconds: float, speed: float) -> None:
    """Call it for each chunk of so many seconds of audio, when its time has come."""
    start = time.monotonic()
    for number in range(int(seconds / chunk)):
        wait = start + number * chunk / speed - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        send_one()


def _compute(over: threading.Event) -> None:
    """Keep the interpreter busy."""
    while not over.is_set():
        sum(range(1000))


TASKS: Dict[str, Callable[..., float]] = {
    task.__name__: task for task in (listen, send, finish, cpu, upload)
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
    print(TASKS[task](Entry(CONTENDERS[contender], url, context), **numbers))


if __name__ == "__main__":
    main(sys.argv[1:])
