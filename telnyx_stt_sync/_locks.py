"""Locks, and the exceptions that signal handlers raise in between."""

from __future__ import annotations

import contextlib
import threading


def let_go(lock: threading.RLock) -> None:
    """Free a lock, should this thread still have it after an exception out of its ``with``.

    Up to Python 3.9 a signal handler may raise between the last line under a lock and its
    release. Whoever waits for it then would wait for ever.
    """
    with contextlib.suppress(RuntimeError):  # as a rule this thread has not
        lock.release()


def is_held(lock: threading.RLock) -> bool:
    """Whether this thread has a lock, which only a signal handler has to ask."""
    return lock._is_owned()  # type: ignore[attr-defined,no-any-return]  # as Condition asks it
