"""How much a process grows by transcribing a file of 200 MB. To reach: less than 24 MB."""

from __future__ import annotations

import math
import os
import resource
import tempfile

from telnyx_stt_sync import Transcriber
from tests.benchmarks.peer import peer

FILE_BYTES = 200_000_000


def peak_kilobytes() -> int:
    """The largest size that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    """Send a small file, so that all code is loaded, then the large one."""
    with peer() as server, tempfile.TemporaryDirectory() as folder:
        sizes = []
        url = server.url + "/discard"
        stt = Transcriber("key", url=url, input_format="linear16", sample_rate=16000)
        for size in (1_000_000, FILE_BYTES):
            path = os.path.join(folder, "audio.raw")
            with open(path, "wb") as file:
                for _ in range(0, size, 1_000_000):
                    file.write(os.urandom(1_000_000))
            stt.transcribe_file(path, speed=math.inf)
            sizes.append(peak_kilobytes())
    print(f"200 MB file: grew by {(sizes[1] - sizes[0]) / 1024:.1f} MiB")


if __name__ == "__main__":
    main()
