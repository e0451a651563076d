"""When to ping, and when a peer counts as dead. Times are made up."""

from __future__ import annotations

from typing import List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._heartbeat import Heartbeat


def heartbeat() -> Heartbeat:
    """A heartbeat of 15 s and 10 s that began at 100."""
    return Heartbeat(15.0, 10.0, 100.0)


def test_the_first_ping() -> None:
    """The first ping is due one interval after the start, not before."""
    beat = heartbeat()
    assert beat.deadline == 115.0
    assert not beat.ping_due(114.999)
    assert beat.ping_due(115.0)


def test_one_ping_an_interval() -> None:
    """A ping that was due is due again an interval later, however late it was asked about."""
    beat = heartbeat()
    assert beat.ping_due(117.0)
    assert not beat.ping_due(117.0)
    assert not beat.ping_due(131.9)
    assert beat.ping_due(132.0)


def test_no_ping_to_a_peer_that_talks() -> None:
    """A frame moves the next ping to an interval after it."""
    beat = heartbeat()
    beat.heard(110.0)
    assert not beat.ping_due(124.9)
    assert beat.ping_due(125.0)


def test_audio_going_out_does_not_delay_pings() -> None:
    """Bytes that go out say nothing about the peer's answers, so pings go on."""
    beat = heartbeat()
    beat.wrote(114.0)
    assert beat.ping_due(115.0)


def test_a_silent_peer_is_dead() -> None:
    """A peer is dead when nothing moved for interval and timeout together, not before."""
    beat = heartbeat()
    assert not beat.is_dead(124.999)
    assert beat.is_dead(125.0)


@pytest.mark.parametrize("sign", ["heard", "wrote"])
def test_a_sign_of_life(sign: str) -> None:
    """A frame in *or* bytes out keep a peer alive for interval and timeout together."""
    beat = heartbeat()
    getattr(beat, sign)(110.0)
    assert not beat.is_dead(134.999)
    assert beat.is_dead(135.0)


def test_our_own_pings_prove_nothing() -> None:
    """A ping that was sent does not keep an idle connection alive."""
    beat = heartbeat()
    assert beat.ping_due(115.0)
    assert beat.is_dead(125.0)


def test_a_slow_up_link() -> None:
    """While bytes go out a peer that says nothing for minutes is not dead."""
    beat = heartbeat()
    for now in range(100, 400, 20):
        assert not beat.is_dead(float(now))
        beat.wrote(float(now))
    assert beat.is_dead(380.0 + 25.0)


@pytest.mark.parametrize(
    ("calls", "deadline"),
    [
        ([], 115.0),
        ([("ping_due", 115.0)], 125.0),
        ([("ping_due", 115.0), ("heard", 116.0)], 131.0),
        ([("ping_due", 115.0), ("wrote", 116.0)], 130.0),
        ([("wrote", 110.0)], 115.0),
        ([("heard", 110.0)], 125.0),
    ],
)
def test_when_to_look_again(calls: List[Tuple[str, float]], deadline: float) -> None:
    """The deadline is the next ping or the peer's death, whichever comes first."""
    beat = heartbeat()
    for name, now in calls:
        getattr(beat, name)(now)
    assert beat.deadline == deadline


CALLS = st.lists(
    st.tuples(st.sampled_from(["heard", "wrote", "ping_due"]), st.floats(0.0, 30.0)), max_size=20
)


@settings(deadline=None)
@given(CALLS)
def test_there_is_something_to_do_at_the_deadline(calls: List[Tuple[str, float]]) -> None:
    """At the deadline a ping is due or the peer is dead, so nobody looks in vain for ever."""
    beat, now = heartbeat(), 100.0
    for name, pause in calls:
        now += pause
        getattr(beat, name)(now)
    now = beat.deadline
    assert beat.is_dead(now) or (beat.ping_due(now) and beat.deadline > now)


def test_a_ping_that_is_wanted() -> None:
    """It is due at once, even if something is heard before; then all is as ever."""
    beat = heartbeat()
    beat.want_ping(103.0)
    beat.heard(103.5)
    assert beat.deadline == 103.0
    assert beat.ping_due(103.5)
    assert not beat.ping_due(103.5)
    beat.heard(104.0)
    assert beat.deadline == 119.0
