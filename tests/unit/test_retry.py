"""How long to wait before the next connect, and when to give up. Times are made up."""

from __future__ import annotations

import math
from typing import Any, List, Optional

import pytest

from telnyx_stt_sync._errors import ConfigurationError
from telnyx_stt_sync._retry import Retries, RetryPolicy, retry_policy


def retries(chance: float = 0.0, **values: Any) -> Retries:
    """Those of a policy, without luck."""
    return Retries(RetryPolicy(**values), lambda: chance)


def delays(made: Retries, count: int) -> List[Optional[float]]:
    """The next delays, all asked for at 100: no time passes."""
    return [made.next_delay(100.0) for _ in range(count)]


# -- the option ---------------------------------------------------------------------------


def test_on_and_off() -> None:
    """``True`` is the default policy, ``False`` none, and a policy is itself."""
    own = RetryPolicy(max_attempts=2)
    assert retry_policy(True) == RetryPolicy(8, 60.0, 0.25, 5.0, 0.5)
    assert retry_policy(False) is None
    assert retry_policy(own) is own


@pytest.mark.parametrize(
    "given",
    [
        RetryPolicy(max_attempts=1),
        RetryPolicy(max_elapsed=0, initial=0, maximum=0, jitter=0),
        RetryPolicy(max_elapsed=math.inf),
    ],
)
def test_policies_that_make_sense(given: RetryPolicy) -> None:
    """The limits themselves are allowed, and there need not be a limit in time."""
    assert retry_policy(given) is given


def policy(**values: Any) -> RetryPolicy:
    """A policy of any values, whatever their types."""
    return RetryPolicy(**values)


# What is given → how the message begins.
REFUSED: List[Any] = [
    *((value, f"reconnect={value!r}: give True, False or a RetryPolicy") for value in (1, 0)),
    (None, "reconnect=None: give True, False or a RetryPolicy"),
    ((8, 60.0, 0.25, 5.0, 0.5), "reconnect=(8, 60.0, 0.25, 5.0, 0.5): give True, False or a"),
    (policy(jitter=10**400), "jitter=1000000"),
    *(
        (policy(max_attempts=value), f"max_attempts={value!r}: give a whole number")
        for value in (0, -1, 2.0, True, "3", None)
    ),
    *(
        (policy(**{name: value}), f"{name}={value!r}: give seconds, 0 or more")
        for name in ("max_elapsed", "initial", "maximum", "jitter")
        for value in (-0.1, math.nan, -math.inf, True, "1", None)
    ),
]


@pytest.mark.parametrize(("given", "told"), REFUSED, ids=lambda value: str(value)[:60])
def test_policies_that_make_none(given: Any, told: str) -> None:
    """What makes no sense is refused with its name, its value and the rule."""
    with pytest.raises(ConfigurationError) as caught:
        retry_policy(given)
    assert str(caught.value).startswith(told)


# -- how long -----------------------------------------------------------------------------


def test_the_waits() -> None:
    """A quarter of a second, doubled each time, never more than 5 s, and then an end."""
    assert delays(retries(), 9) == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0, None]


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_luck(chance: float) -> None:
    """Up to half a second by chance comes on top, beyond the longest wait as well."""
    longer = [0.5 * chance + delay for delay in (0.25, 0.5, 1.0, 2.0, 4.0, 5.0)]
    assert delays(retries(chance), 6) == longer


def test_a_policy_of_ones_own() -> None:
    """All numbers of a policy count."""
    made = retries(1.0, max_attempts=4, initial=1.0, maximum=3.0, jitter=0.25)
    assert delays(made, 5) == [1.25, 2.25, 3.25, 3.25, None]


def test_very_many_attempts() -> None:
    """However often it was tried, the wait is the longest one, not an overflow."""
    made = retries(max_attempts=2000, max_elapsed=math.inf)
    assert delays(made, 2000)[6:] == [5.0] * 1994


# -- whether ------------------------------------------------------------------------------


def test_never() -> None:
    """Without a policy there is no next time."""
    made = Retries(None, lambda: 0.0)
    assert made.next_delay(100.0) is None
    assert made.attempts == 0


def test_attempts_are_counted() -> None:
    """Each delay that was given counts as an attempt; a refusal does not."""
    made = retries(max_attempts=2)
    counts = []
    for _ in range(3):
        made.next_delay(100.0)
        counts.append(made.attempts)
    assert counts == [1, 2, 2]
    assert repr(made) == "<Retries attempts=2>"


def test_time_without_a_connection() -> None:
    """The next connect must begin within ``max_elapsed`` seconds of the first failure."""
    made = retries(max_elapsed=10.0, initial=1.0, maximum=1.0)
    assert made.next_delay(100.0) == 1.0
    assert made.next_delay(109.0) == 1.0
    assert made.next_delay(109.1) is None
    assert made.next_delay(109.1) is None


def test_time_with_a_connection() -> None:
    """Seconds with a connection count for nothing, those without one in between add up."""
    made = retries(max_elapsed=10.0, initial=1.0, maximum=1.0)
    assert made.next_delay(100.0) == 1.0
    made.connected(106.0)
    made.connected(150.0)
    assert made.next_delay(500.0) == 1.0
    assert made.next_delay(503.0) == 1.0
    assert made.next_delay(503.1) is None


def test_a_connection_alone_proves_nothing() -> None:
    """A connection that opens and breaks at once is one more failure in a row."""
    made = retries(max_attempts=3)
    for now, delay in ((100.0, 0.25), (101.0, 0.5), (102.0, 1.0), (103.0, None)):
        made.connected(now - 0.5)
        assert made.next_delay(now) == delay


def test_start_over() -> None:
    """After a new final the waits, the attempts and the time start over."""
    made = retries(max_attempts=2, max_elapsed=10.0, jitter=0.0)
    assert delays(made, 3) == [0.25, 0.5, None]
    made.connected(109.0)
    made.start_over()
    assert made.attempts == 0
    assert made.next_delay(200.0) == 0.25
    assert made.next_delay(209.0) == 0.5


def test_start_over_and_the_present_gap() -> None:
    """A gap that began after the new final is counted from its own beginning."""
    made = retries(max_elapsed=10.0)
    made.next_delay(100.0)
    made.connected(109.0)
    made.start_over()
    made.next_delay(200.0)
    made.connected(204.0)
    made.next_delay(300.0)
    assert made.next_delay(305.5) is None


# -- what the server asks for ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("retry_after", "delay"), [(None, 0.75), (0.0, 0.75), (0.5, 0.75), (3.0, 3.0), (60.0, 60.0)]
)
def test_retry_after(retry_after: Optional[float], delay: float) -> None:
    """What the server asks for is waited, if it is longer than what would be waited anyway."""
    assert retries(1.0).next_delay(100.0, retry_after) == delay


def test_retry_after_beyond_the_policy() -> None:
    """A server that asks for more than the policy has left is a reason to give up at once."""
    made = retries()
    assert made.next_delay(100.0, 60.1) is None
    assert made.attempts == 0
    made.next_delay(100.0)
    assert made.next_delay(140.0, 20.0) == 20.0
    assert made.next_delay(140.0, 20.1) is None
