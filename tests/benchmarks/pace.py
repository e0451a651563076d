"""The pace of live audio."""

from __future__ import annotations

import time
from typing import Iterator


def paced(interval: float, seconds: float) -> Iterator[int]:
    """One time every ``interval`` seconds, when it has come; nanoseconds of the monotonic clock."""
    started = time.monotonic_ns()
    for number in range(round(seconds / interval)):
        due = started + int(number * interval * 1e9)
        wait = (due - time.monotonic_ns()) / 1e9
        if wait > 0:
            time.sleep(wait)
        yield due
