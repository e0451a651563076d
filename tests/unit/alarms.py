"""A signal that comes again and again."""

from __future__ import annotations

import contextlib
import signal
from types import FrameType
from typing import Callable, Iterator, Optional


@contextlib.contextmanager
def alarms(handler: Callable[[int, Optional[FrameType]], None]) -> Iterator[None]:
    """Have ``handler`` called every half millisecond."""
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        # The last may be on its way to a thread that has no processor yet, and by default would
        # end the whole process then. To ignore the signal drops it.
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, before)
