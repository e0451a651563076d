"""From the server's send to the callback, against a bare ``recv()`` loop.

Frames of about 300 bytes every 3 ms, in turn. To reach: at most twice bare plus 0.2 ms (medians).
"""

from __future__ import annotations

import json
import statistics
import time
from typing import List

import websocket

from telnyx_stt_sync import Transcriber, Transcript
from tests.benchmarks.peer import peer

RUNS = 7


def bare(url: str) -> List[float]:
    """Latencies in seconds of a loop around ``recv()`` and ``json.loads``."""
    client = websocket.create_connection(url, suppress_origin=True)
    latencies = []
    for text in iter(client.recv, ""):
        now = time.monotonic_ns()
        latencies.append((now - json.loads(text)["sent_ns"]) / 1e9)
    client.close()
    return latencies


def ours(url: str) -> List[float]:
    """Latencies in seconds as ``on_transcript`` sees them."""
    latencies = []

    def on_transcript(transcript: Transcript) -> None:
        latencies.append((time.monotonic_ns() - transcript.raw["sent_ns"]) / 1e9)

    stt = Transcriber(
        "key", url=url, input_format="linear16", sample_rate=16000, on_transcript=on_transcript
    )
    stt.start()
    stt.send(b"\0\0")
    stt.finish()
    return latencies


def main() -> None:
    """Print both medians, their tails and their ratio."""
    ours_all: List[float] = []
    bare_all: List[float] = []
    with peer() as url:
        for _ in range(RUNS):
            bare_all += bare(url + "/talk")
            ours_all += ours(url + "/talk")
    a, b = statistics.median(ours_all), statistics.median(bare_all)
    tail_a, tail_b = (statistics.quantiles(all_, n=100)[98] for all_ in (ours_all, bare_all))
    print(
        f"latency: {a * 1e3:.3f} ms (p99 {tail_a * 1e3:.3f}), bare recv {b * 1e3:.3f} ms "
        f"(p99 {tail_b * 1e3:.3f}), ratio {a / b:.2f}"
    )


if __name__ == "__main__":
    main()
