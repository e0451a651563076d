"""The distance between connects, with given times."""

from __future__ import annotations

import threading
from typing import List

from telnyx_stt_sync._spacing import Spacing, spacing


def test_first_waits_for_nobody() -> None:
    """The first connect may begin at once."""
    assert Spacing().delay(0.1, now=50.0) == 0.0


def test_each_gets_a_turn() -> None:
    """Connects wanted at one moment begin one distance after the other."""
    turns = Spacing()
    delays = [turns.delay(0.25, now=50.0) for _ in range(4)]
    assert delays == [0.0, 0.25, 0.5, 0.75]


def test_late_comers_do_not_wait() -> None:
    """After a pause the next connect begins at once again."""
    turns = Spacing()
    turns.delay(0.25, now=50.0)
    assert turns.delay(0.25, now=50.25) == 0.0
    assert turns.delay(0.25, now=60.0) == 0.0


def test_zero_is_no_distance() -> None:
    """A stream that wants no distance still keeps to that of the one before."""
    turns = Spacing()
    turns.delay(0.25, now=50.0)
    assert turns.delay(0.0, now=50.0) == 0.25
    assert turns.delay(0.0, now=50.0) == 0.25


def test_turns_from_many_threads() -> None:
    """No two threads get the same turn."""
    turns = Spacing()
    delays: List[float] = []
    threads = [
        threading.Thread(target=lambda: delays.append(turns.delay(1.0, now=0.0))) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(delays) == [float(number) for number in range(20)]


def test_one_for_the_process() -> None:
    """All streams of a process share one."""
    assert spacing() is spacing()
