"""What the library has open in this process: its threads, and the descriptors of the process."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import sys
import threading
import time
from typing import Callable, List, Optional

from tests.conftest import LIMIT, SLOWNESS

# How long "within a second" may take here.
SECOND = 1.0 * SLOWNESS


def own_threads() -> List[str]:
    """The names of the library's threads that run."""
    names = (thread.name for thread in threading.enumerate())
    return [name for name in names if name.startswith(("telnyx-stt-io", "telnyx-stt-cb"))]


def descriptors() -> Optional[int]:
    """How many descriptors of every kind are open; ``None`` where the system does not tell."""
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else None


def unused_port() -> int:
    """A port on which nobody listens, of those that no system gives out by itself."""
    while True:
        port = random.randrange(20_000, 32_000)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def wait_until(is_so: Callable[[], bool], seconds: float = LIMIT) -> float:
    """Wait for something that is sure to come; how long it took."""
    started = time.monotonic()
    while not is_so():
        took = time.monotonic() - started
        assert took < seconds, f"not within {seconds:g} s"
        time.sleep(0.005)
    return time.monotonic() - started
