"""Where in the audio words lie, judged by the interims and finals that came."""

from __future__ import annotations

from typing import List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._speech_times import SpeechTimes

# What came: text, whether it is final, and how many seconds of audio had been sent.
Story = List[Tuple[str, bool, float]]


def tell(story: Story) -> List[Tuple[float, float]]:
    """The times of the finals of a story."""
    times = SpeechTimes()
    finals = []
    for text, is_final, position in story:
        found = times.final(text, position) if is_final else times.interim(text, position)
        if is_final:
            finals.append(found)
    return finals


def about(*expected: Tuple[float, float]) -> List[object]:
    """These times, but for what floats leave."""
    return [pytest.approx(times) for times in expected]


def test_finals_alone() -> None:
    """Without interims, a final begins where the last one ended, and ends where the audio stood."""
    assert tell([("a b", True, 2.0), ("c", True, 7.0)]) == [(0.0, 2.0), (2.0, 7.0)]


def test_the_first_interim_shows_the_start() -> None:
    """Somebody began to speak so long before the first interim as its words take."""
    story = [("one", False, 5.4), ("one two", False, 5.8), ("One two.", True, 5.9)]
    assert tell(story) == about((5.0, 5.8))


def test_a_late_final() -> None:
    """A final that says what an interim has said ended when the interim came."""
    story = [("one", False, 5.4), ("one two", False, 5.8), ("one two", True, 9.0)]
    assert tell(story) == about((5.0, 5.8))


def test_words_that_no_interim_had() -> None:
    """What the final has more than the last interim takes its time, at the most until it came."""
    assert tell([("one", False, 1.4), ("one two three", True, 9.0)]) == about((1.0, 2.2))
    assert tell([("one", False, 1.4), ("one two three", True, 1.6)]) == about((1.0, 1.6))
    assert tell([("one two", False, 1.8), ("one", True, 9.0)]) == about((1.0, 1.8))


def test_the_same_interim_once_more() -> None:
    """In a pause an engine repeats itself: that moves nothing on."""
    story = [("one", False, 1.4), ("One.", False, 3.0), ("one", False, 5.0), ("one", True, 6.0)]
    assert tell(story) == about((1.0, 1.4))


def test_interims_that_were_held_up() -> None:
    """Interims that come all at once began as long before as the last one's words take at least."""
    story = [("one", False, 5.0), ("one two", False, 5.0), ("one two three", False, 5.0)]
    assert tell([*story, ("one two three", True, 5.0)]) == about((4.4, 5.0))


def test_an_interim_that_is_changed() -> None:
    """An interim may hear other words than the one before; it is the same utterance."""
    story = [
        ("for", False, 1.4),
        ("forty", False, 1.6),
        ("forty two is", False, 2.4),
        ("forty two", False, 2.6),
        ("forty-two", True, 2.7),
    ]
    assert tell(story) == about((1.0, 2.6))


def test_finals_that_lag_behind_the_next_interims() -> None:
    """Interims of the next utterance that come before the final of this one are not its own."""
    story = [
        ("one", False, 1.4),
        ("one two three", False, 2.2),
        ("four", False, 4.4),
        ("one two three", True, 4.5),
        ("four five", False, 4.8),
        ("six", False, 6.4),
        ("four five", True, 6.9),
        ("six", True, 9.0),
    ]
    assert tell(story) == about((1.0, 2.2), (4.0, 4.8), (6.0, 6.4))


def test_an_utterance_without_final() -> None:
    """Interims whose final never came do not count for the next final."""
    story = [
        ("noise is there", False, 1.4),
        ("one", False, 5.4),
        ("one two", False, 5.8),
        ("one two", True, 6.0),
        ("one two", True, 9.0),
    ]
    assert tell(story) == about((5.0, 5.8), (5.8, 9.0))


@pytest.mark.parametrize(("count", "end"), [(10, 1.4), (11, 50.0)])
def test_utterances_that_are_never_final(count: int, end: float) -> None:
    """Of utterances that wait for their finals the newest ten are kept, and no more."""
    story: Story = [
        (f"a{number} b{number} c{number}" + " x" * (20 - number), False, 1.4 + number)
        for number in range(count)
    ]
    first = story[0][0]
    assert tell([*story, (first, True, 50.0)]) == [(0.0, end)]


def test_an_empty_final_takes_interims_back() -> None:
    """An empty final says that there was nothing up to there."""
    story = [("noise", False, 1.4), ("", True, 3.0), ("noise again", True, 9.0)]
    assert tell(story) == about((0.0, 3.0), (3.0, 9.0))


def test_a_final_of_other_words() -> None:
    """A final that has nothing of its interims is bounded like one without any."""
    story = [("wreck a nice", False, 1.4), ("beach", True, 3.0), ("beach", True, 4.0)]
    assert tell(story) == about((0.0, 3.0), (3.0, 4.0))


def test_interims_have_times_of_their_own() -> None:
    """An interim begins where its utterance does and ends with the audio."""
    times = SpeechTimes()
    assert times.interim("one", 5.4) == pytest.approx((5.0, 5.4))
    assert times.interim("one two", 5.8) == pytest.approx((5.0, 5.8))
    assert times.interim("", 6.0) == (0.0, 6.0)


def test_times_that_the_service_gave() -> None:
    """What follows a final of known time begins there at the soonest; its interims are done."""
    times = SpeechTimes()
    times.interim("one", 1.4)
    times.ended(3.0)
    times.ended(2.0)
    assert times.final("one", 8.0) == (3.0, 8.0)
    assert times.interim("two", 2.0) == (8.0, 8.0)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("ab c", max_size=8),
            st.sampled_from(["interim", "final", "known"]),
            st.floats(0.0, 5.0),
        )
    )
)
def test_whatever_comes(story: List[Tuple[str, str, float]]) -> None:
    """Finals are in order, none ends before it begins or past what had been sent."""
    times = SpeechTimes()
    position = last_end = 0.0
    for text, kind, more in story:
        position += more
        if kind == "known":
            times.ended(position - 0.1)
            last_end = max(last_end, position - 0.1)
            continue
        start, end = (times.final if kind == "final" else times.interim)(text, position)
        assert last_end <= start <= end <= max(position, last_end)
        if kind == "final":
            last_end = end
