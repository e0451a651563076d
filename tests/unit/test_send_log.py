"""Where the audio stood ten seconds ago. Times are made up."""

from __future__ import annotations

import pickle
from typing import List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._send_log import GRAIN, LOOK_BACK, Bounds, SendLog


def steady(seconds: int, start: int = 0) -> SendLog:
    """A connection that began at 100 and has sent 100 bytes at the end of each second."""
    log = SendLog(start, 100.0)
    for second in range(1, seconds + 1):
        log.sent(100, 100.0 + second)
    return log


def test_at_first() -> None:
    """Before anything is sent both bounds are where the connection began."""
    log = SendLog(500, 100.0)
    assert (log.start, log.position) == (500, 500)
    assert log.bounds(200.0) == Bounds(500, 500)


def test_the_newest_bound() -> None:
    """A final can only speak of what was sent before it came."""
    log = steady(3, start=500)
    assert (log.start, log.position) == (500, 800)
    assert log.bounds(103.0).high == 800


@pytest.mark.parametrize(
    ("now", "low"),
    [(105.0, 0), (110.9, 0), (111.0, 100), (111.9, 100), (115.0, 500), (130.0, 2000)],
)
def test_the_oldest_bound(now: float, low: int) -> None:
    """What was sent ten seconds before a final came has been heard by then."""
    assert steady(int(now - 100)).bounds(now).low == min(low, 100 * int(now - 100))


def test_the_oldest_bound_after_a_pause() -> None:
    """Where nothing was sent for long, all that was sent has been heard."""
    log = steady(3)
    assert log.bounds(112.5) == Bounds(200, 300)
    assert log.bounds(113.0) == Bounds(300, 300)


def test_before_ten_seconds() -> None:
    """In its first seconds a connection has surely heard nothing, wherever it began."""
    log = steady(9, start=500)
    assert log.bounds(109.0) == Bounds(500, 1400)


def test_a_send_right_after_the_start() -> None:
    """What was sent within a grain of the start does not count as sent at the start."""
    log = SendLog(0, 100.0)
    log.sent(100, 100.0 + GRAIN / 2)
    assert log.bounds(100.0 + LOOK_BACK) == Bounds(0, 100)
    assert log.bounds(100.0 + LOOK_BACK + GRAIN / 2) == Bounds(100, 100)


def test_memory_stays_flat() -> None:
    """However many sends, only those of the last ten seconds are kept, in grains."""
    log, sizes = SendLog(0, 100.0), []
    for number in range(20_000):
        log.sent(10, 100.0 + number / 200)
        if number in (4000, 19_999):
            sizes.append(len(pickle.dumps(log)))
    assert sizes[1] < sizes[0] * 1.2
    assert sizes[1] < 5000


def test_repr() -> None:
    """``repr`` shows what was sent over this connection."""
    assert repr(steady(2, start=50)) == "<SendLog 50..250>"


def sent_by(sends: List[Tuple[float, int]], time: float) -> int:
    """How much had been sent at that time."""
    return sum(size for at, size in sends if at <= time)


@settings(deadline=None)
@given(steps=st.lists(st.tuples(st.floats(0.0, 3.0), st.integers(1, 100)), max_size=60))
def test_any_sends(steps: List[Tuple[float, int]]) -> None:
    """The low bound is what had been sent ten seconds before, rounded up by a grain at most."""
    log, sends, now = SendLog(0, 100.0), [], 100.0
    for pause, size in steps:
        now += pause
        log.sent(size, now)
        sends.append((now, size))
        low, high = log.bounds(now)
        assert high == sent_by(sends, now)
        early, late = now - LOOK_BACK - 1e-9, now - LOOK_BACK + GRAIN + 1e-9
        assert sent_by(sends, early) <= low <= sent_by(sends, late)
