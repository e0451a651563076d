"""Unpaced upload of 64 MB against a bare ``send_binary`` loop over the same bytes.

The same peer, in turn, until it has closed. To reach: at most 1.3 times (medians).
"""

from __future__ import annotations

import math
import os
import statistics
import tempfile
import time
from typing import List

import websocket

from telnyx_stt_sync import ConnectionLostError, Transcriber
from tests.benchmarks.peer import peer

RUNS = 9
FILE_BYTES = 64_000_000
FRAME_BYTES = 8000


def bare(url: str, path: str) -> float:
    """Seconds that websocket-client takes, reading the same file."""
    client = websocket.create_connection(url, suppress_origin=True)
    start = time.perf_counter()
    with open(path, "rb") as file:
        for frame in iter(lambda: file.read(FRAME_BYTES), b""):
            client.send_binary(frame)
    client.send('{"type":"CloseStream"}')
    client.recv()
    taken = time.perf_counter() - start
    client.close()
    return taken


def ours(url: str, path: str) -> float:
    """Seconds that the library takes, connecting excluded."""
    stt = Transcriber("key", url=url, input_format="linear16", sample_rate=16000)
    start = time.perf_counter()
    try:
        stt.transcribe_file(path, speed=math.inf)
    except ConnectionLostError as exc:  # the peer closes without a word, which is no transcript
        assert exc.code == 1000 and exc.partial is not None, exc
        return time.perf_counter() - start - (exc.partial.stats.connect_seconds or 0.0)
    raise AssertionError("the peer was not to answer")


def main() -> None:
    """Print both medians and their ratio."""
    ours_taken: List[float] = []
    bare_taken: List[float] = []
    with peer() as url, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "audio.raw")
        with open(path, "wb") as file:
            file.write(os.urandom(FILE_BYTES))
        for _ in range(RUNS):
            bare_taken.append(bare(url + "/discard", path))
            ours_taken.append(ours(url + "/discard", path))
    ours_median, bare_median = statistics.median(ours_taken), statistics.median(bare_taken)
    print(
        f"upload: {FILE_BYTES / ours_median / 1e6:.0f} MB/s, bare send_binary with {FRAME_BYTES} "
        f"byte frames {FILE_BYTES / bare_median / 1e6:.0f} MB/s, time ratio "
        f"{ours_median / bare_median:.2f}"
    )


if __name__ == "__main__":
    main()
