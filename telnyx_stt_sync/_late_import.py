"""Imports that come late, and a fork that comes meanwhile."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Iterator

# Held during late imports, and by whoever forks. Re-entrant, because an import may fork.
_lock = threading.RLock()
_is_registered = False


@contextlib.contextmanager
def without_forks() -> Iterator[None]:
    """For an import inside of a function: a fork by another thread waits until it is done.

    A child would inherit a module that is half imported, and nobody who goes on
    with it: whoever needs it there waits for ever, or gets what there is of it.
    """
    global _is_registered
    with _lock:
        if not _is_registered and hasattr(os, "register_at_fork"):
            _is_registered = True
            os.register_at_fork(
                before=_lock.acquire,
                after_in_parent=_lock.release,
                after_in_child=_lock.release,
            )
        yield
