"""``import telnyx_stt_sync`` against ``import websocket``: CPU time, new processes, in turn.

To reach: at most 1.5 times. websocket-client itself comes with the first ``Transcriber``.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from typing import Dict, List

RUNS = 21
CODE = "import time; start = time.process_time(); import {}; print(time.process_time() - start)"


def seconds(module: str) -> float:
    """What the import costs in a new process."""
    command = [sys.executable, "-c", CODE.format(module)]
    # Installed packages are compiled; a tree that never is would be measured compiling.
    environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="")
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return float(done.stdout)


def main() -> None:
    """Print both medians and their ratio."""
    times: Dict[str, List[float]] = {"telnyx_stt_sync": [], "websocket": []}
    for module in times:
        seconds(module)  # compiles it
    for _ in range(RUNS):
        for module, taken in times.items():
            taken.append(seconds(module))
    ours, bare = (statistics.median(taken) for taken in times.values())
    print(f"import: {ours * 1000:.1f} ms, websocket {bare * 1000:.1f} ms, ratio {ours / bare:.2f}")


if __name__ == "__main__":
    main()
