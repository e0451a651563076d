"""When bytes are due. Times are made up."""

from __future__ import annotations

import math
from typing import List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._errors import ConfigurationError
from telnyx_stt_sync._pacing import Pacer
from telnyx_stt_sync._values import shown


@pytest.mark.parametrize(
    "speed", [0, -1, -0.5, math.nan, -math.inf, True, False, "2", None, [1], 1j, 10**400]
)
def test_impossible_speeds(speed: object) -> None:
    """A speed that is not a number above 0 is refused with the value, the rule and the fix."""
    with pytest.raises(ConfigurationError, match=r"speed=.*: give a number above 0") as caught:
        Pacer(speed, 32000)  # type: ignore[arg-type]
    assert shown(speed) in str(caught.value)


def test_the_first_byte_is_due_at_once() -> None:
    """The schedule starts with the first question, wherever in the file that is."""
    assert Pacer(1, 1000).delay(0, now=50.0) == 0
    assert Pacer(1, 1000).delay(700, now=50.0) == 0


@pytest.mark.parametrize("speed", [0.5, 1, 2.5, 6])
def test_speed_is_a_multiple_of_real_time(speed: float) -> None:
    """A byte is due by its distance from the first, divided by the speed."""
    pacer = Pacer(speed, 1000)
    pacer.delay(0, now=10.0)
    assert pacer.delay(3000, now=10.0) == pytest.approx(3 / speed)
    assert pacer.delay(3000, now=10.0 + 1 / speed) == pytest.approx(2 / speed)


def test_what_is_due_does_not_wait() -> None:
    """A byte whose time has passed has no delay, never a negative one."""
    pacer = Pacer(1, 1000)
    pacer.delay(0, now=0.0)
    assert pacer.delay(500, now=0.75) == 0


def test_no_drift() -> None:
    """Sleeps that are always a little too long do not add up."""
    pacer = Pacer(1, 1000)
    now = 0.0
    for position in range(0, 100_000, 100):
        now += pacer.delay(position, now) + 0.003
    assert now == pytest.approx(99.9, abs=0.05)


def test_a_short_wait_is_made_up() -> None:
    """After a stall of less than a second of audio the old schedule goes on."""
    pacer = Pacer(2, 1000)
    pacer.delay(0, now=0.0)
    assert pacer.delay(100, now=0.4) == 0
    assert pacer.delay(2000, now=0.4) == pytest.approx(0.6)


def test_a_long_wait_moves_the_schedule() -> None:
    """After a long stall a second of audio may go at once, and then it goes on at speed."""
    pacer = Pacer(2, 1000)
    pacer.delay(0, now=0.0)
    assert pacer.delay(100, now=30.0) == 0
    assert pacer.delay(1100, now=30.0) == pytest.approx(0.0)
    assert pacer.delay(3100, now=30.0) == pytest.approx(1.0)


def test_going_back_is_not_a_reason_to_hurry() -> None:
    """Positions that are sent again go at speed too, after at most a second of audio at once."""
    pacer = Pacer(1, 1000)
    pacer.delay(0, now=0.0)
    pacer.delay(60_000, now=60.0)
    assert pacer.delay(30_000, now=60.0) == 0
    assert pacer.delay(33_000, now=60.0) == pytest.approx(2.0)


def test_infinite_speed_never_waits() -> None:
    """With math.inf every byte is due at once."""
    pacer = Pacer(math.inf, 1000)
    assert [pacer.delay(position, now=0.0) for position in (0, 10**12)] == [0, 0]


@settings(deadline=None)
@given(
    st.floats(min_value=0.1, max_value=100),
    st.lists(st.floats(min_value=0, max_value=3), min_size=1, max_size=50),
)
def test_never_more_than_a_second_ahead(speed: float, stalls: List[float]) -> None:
    """In any time no more goes out than the speed allows, a second more, and one chunk."""
    pacer = Pacer(speed, 1000)
    now, sent = 0.0, []
    for position, stall in enumerate(stalls):
        now += pacer.delay(position * 300, now) + stall
        sent.append((now, position * 300))
    for start, first in sent:
        for end, last in sent:
            if end >= start and last >= first:
                assert (last - first) / 1000 <= (end - start) * speed + 1.0 + 0.3 + 1e-6
