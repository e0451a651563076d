"""At the interpreter's exit: open streams are ended, quickly and without a word."""

from __future__ import annotations

import atexit
import time
from typing import Callable, Dict, List, Protocol

# Seconds for all of them together.
PATIENCE = 0.9


class Closable(Protocol):
    """What a stream can do that matters here."""

    def abandon(self) -> None:
        """End it soon, without waiting."""

    def close(self, patience: float) -> None:
        """End it; wait ``patience`` seconds at most."""


# Single dict operations only, which need no lock: a lock could be held by another thread at the
# moment of a fork, and would stay so in the child.
_open: Dict[int, Closable] = {}
_hooks: List[Callable[[], None]] = []  # one, once the first stream was started


def end_at_exit(stream: Closable) -> None:
    """Have the stream ended at exit, unless it is forgotten before."""
    _open[id(stream)] = stream
    if not _hooks:
        _hooks.append(atexit.register(_end_all))


def forget(stream: Closable) -> None:
    """The stream has ended."""
    _open.pop(id(stream), None)


def _end_all() -> None:
    streams = list(_open.values())
    for stream in streams:
        stream.abandon()
    deadline = time.monotonic() + PATIENCE
    for stream in streams:
        stream.close(max(0.0, deadline - time.monotonic()))
