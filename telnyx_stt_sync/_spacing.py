"""The distance in time between the connects of one process."""

from __future__ import annotations

import os
import threading
from typing import Dict


class Spacing:
    """Hands out the moments at which a connect may begin, each ``seconds`` after the last.

    Two sessions that open within milliseconds of each other can leave one
    dead: it takes audio and never answers (seen live, reported in public).
    Any thread may call it. Times are seconds of one monotonic clock.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards `_free_at`
        self._free_at = 0.0

    def delay(self, seconds: float, now: float) -> float:
        """How long to wait before a connect that wants ``seconds`` for itself."""
        with self._lock:
            start = max(now, self._free_at)
            self._free_at = start + seconds
        return start - now


# All streams of a process share one. It is found by the process's number, because a forked child
# may have inherited the parent's with its lock held.
_of_process: Dict[int, Spacing] = {}


def spacing() -> Spacing:
    """The one of this process."""
    return _of_process.setdefault(os.getpid(), Spacing())
