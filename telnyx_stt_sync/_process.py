"""Which process this is, without a system call every 20 ms."""

from __future__ import annotations

import os

# Of this process; a child that was forked gets its own.
pid = os.getpid()


def _note_fork() -> None:
    global pid
    pid = os.getpid()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_note_fork)
