"""From places in what was sent to seconds of what was given."""

from __future__ import annotations

import pytest

from telnyx_stt_sync._timeline import Timeline


@pytest.mark.parametrize(("position", "seconds"), [(0, 0.0), (50, 0.5), (1000, 10.0)])
def test_nothing_dropped(position: int, seconds: float) -> None:
    """Where all was sent, seconds are bytes by the rate."""
    timeline = Timeline(100.0)
    assert timeline.seconds(position) == seconds
    assert timeline.dropped == 0


def test_dropped_audio_takes_its_time() -> None:
    """Audio that was dropped moves on the clock of what comes behind it, and of nothing before."""
    timeline = Timeline(100.0)
    assert timeline.drop(200, 300) == (2.0, 5.0)
    assert timeline.dropped == 300
    assert timeline.seconds(199) == 1.99
    assert timeline.seconds(200) == 5.0
    assert timeline.seconds(300) == 6.0


def test_drops_add_up() -> None:
    """Each drop begins where the clock stands by the ones before it."""
    timeline = Timeline(100.0)
    timeline.drop(200, 300)
    assert timeline.drop(400, 100) == (7.0, 8.0)
    assert timeline.dropped == 400
    assert [timeline.seconds(place) for place in (100, 300, 399, 400)] == [1.0, 6.0, 6.99, 8.0]


def test_drops_at_one_place() -> None:
    """What is dropped in two parts at one place is two stretches in a row."""
    timeline = Timeline(100.0)
    assert timeline.drop(200, 100) == (2.0, 3.0)
    assert timeline.drop(200, 50) == (3.0, 3.5)
    assert timeline.seconds(200) == 3.5


def test_a_drop_before_anything() -> None:
    """What is dropped before the first byte moves everything."""
    timeline = Timeline(100.0)
    assert timeline.drop(0, 100) == (0.0, 1.0)
    assert timeline.seconds(0) == 1.0


@pytest.mark.parametrize(
    ("start", "seconds", "offset"),
    [(0, 0.0, 0.0), (0, 1.99, 0.0), (0, 2.0, 3.0), (0, 9.0, 3.0), (100, 0.5, 1.0), (100, 1.0, 4.0)],
)
def test_times_of_a_connection(start: int, seconds: float, offset: float) -> None:
    """A time that counts what was sent from a place on is moved by it, and by drops in between."""
    timeline = Timeline(100.0)
    timeline.drop(200, 300)
    assert timeline.offset(start, seconds) == offset
