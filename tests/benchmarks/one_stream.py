"""What is measured of one stream: each row a function of the sizes and the server."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from typing import Dict, Iterator, List

from tests.benchmarks.bench import Bench
from tests.benchmarks.table import (
    BARE,
    OURS,
    SDK,
    Row,
    Target,
    all_of,
    at_least,
    at_most,
    interleaved,
)

# What a new process does up to its first audio, as a user would write it.
FIRST_BYTE: Dict[str, str] = {
    OURS: """
from telnyx_stt_sync import Transcriber
stt = Transcriber("key", url={url!r}, input_format="linear16", sample_rate=16000).start()
stt.send(bytes(3200))
stt.finish()
""",
    SDK: """
from telnyx.lib import SpeechToTextStreamParams, SpeechToTextWS
params = SpeechToTextStreamParams(input_format="linear16", sample_rate=16000)
client = SpeechToTextWS("key", params, base_url={http!r})
client.connect()
client.send(bytes(3200))
client._ws.send({close!r})
for event in client.events():
    pass
client.close()
""",
    BARE: """
import websocket
client = websocket.create_connection({url!r}, header=["Authorization: Bearer key"])
client.send_binary(bytes(3200))
client.send({close!r})
while client.recv():
    pass
""",
    "websockets": """
from websockets.sync.client import connect
with connect({url!r}, additional_headers={{"Authorization": "Bearer key"}}) as client:
    client.send(bytes(3200))
    client.send({close!r})
    for message in client:
        pass
""",
}

# Not the resource usage of the child, which begins with the size of its parent.
PEAK = """
import re
print(re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read()).group(1))
"""


def startup(bench: Bench) -> Iterator[Row]:
    """A new process up to its first byte of audio at the server, and how large it becomes."""
    url = bench.peer.url + "/first"
    names = bench.of(*FIRST_BYTE)
    sizes: Dict[str, List[float]] = {name: [] for name in names}

    def measure(name: str) -> float:
        code = FIRST_BYTE[name].format(
            url=url, http=url.replace("ws:", "http:"), close='{"type":"CloseStream"}'
        )
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="")
        start = time.monotonic_ns()
        process = subprocess.Popen(
            [sys.executable, "-c", code + PEAK],
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        arrived: int = bench.peer.line()
        output, _ = process.communicate()
        assert process.returncode == 0, name
        sizes[name].append(int(output) / 1024)
        return (arrived - start) / 1e9

    for name in names:
        measure(name)  # compiles it
        sizes[name].clear()
    # The machine's pace changes between processes: more of them, for they are short.
    figures = interleaved(3 * bench.sizes.runs, names, measure)
    yield Row(
        "new process to first audio byte", "s", figures, all_of(at_most(0.15, SDK), at_most(1.5))
    )
    memory = {name: statistics.median(taken) for name, taken in sizes.items()}
    yield Row("memory of that process", "MB", memory, at_most(0.4, SDK))


def ending(bench: Bench) -> Iterator[Row]:
    """From the last final on the wire to the result in hand."""
    figures = interleaved(bench.sizes.runs, bench.of(), bench.task("finish", "/discard"))
    target = Target(f"≤ {BARE} + 2 ms", lambda figures: figures[OURS] <= figures[BARE] + 2.0)
    yield Row("last final → result in hand", "ms", figures, target)


def latency(bench: Bench) -> Iterator[Row]:
    """From the server's send to the callback."""
    path = f"/talk/{bench.sizes.frames}/0.003"
    for busy, note, target in (
        (0, "idle process", all_of(at_most(1.5), BELOW_SDK)),
        (1, "with a busy thread", None),
    ):
        measure = bench.task("listen", path, frames=bench.sizes.frames, busy=busy)
        # It differs from process to process by more than between neighbours: three times as many.
        runs = bench.sizes.runs * (1 if busy else 3)
        figures = interleaved(runs, bench.of(), measure)
        yield Row("server's send → callback", "ms", figures, target, note)


def sending(bench: Bench) -> Iterator[Row]:
    """From ``send()`` to the server, chunks of 20 ms."""
    names = bench.of(OURS, BARE, "websockets", "raw socket")
    measure = bench.task("send", "/stamps", seconds=bench.sizes.seconds)
    figures = interleaved(bench.sizes.runs, names, measure)
    yield Row("send() → byte at the server", "ms", figures, at_most(2.0))


def processor(bench: Bench) -> Iterator[Row]:
    """CPU seconds for an hour of live audio with a transcript a second, which is much for speech.

    The many streams of ``growth`` have five.
    """
    seconds = bench.sizes.seconds
    for tls in (False, True):
        for chunk, limit in ((0.02, 1.5), (0.1, 1.3)):
            measure = bench.task("cpu", "/live/1", tls, chunk=chunk, seconds=seconds)
            figures = interleaved(bench.sizes.runs, bench.over(tls), measure)
            target = at_most(limit) if tls else all_of(at_most(limit), BELOW_SDK)
            note = f"{chunk * 1000:g} ms chunks, a final a second, {'TLS' if tls else 'plain'}"
            yield Row("CPU for an hour of live audio", "s", figures, target, note)


def upload(bench: Bench) -> Iterator[Row]:
    """A file sent as fast as the server reads it."""
    for tls in (False, True):
        measure = bench.task("upload", "/discard", tls, megabytes=bench.sizes.megabytes)
        # Less than half a second each: more of them.
        figures = interleaved(3 * bench.sizes.runs, bench.over(tls), measure)
        yield Row("unpaced file", "MB/s", figures, at_least(0.9), "TLS" if tls else "plain")


BELOW_SDK = Target(f"< {SDK}", lambda figures: figures[OURS] < figures[SDK])
