"""SRT and WebVTT: what is shown, from when to when."""

from __future__ import annotations

import time
from typing import Any, List, Tuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._captions import Cue, Spoken, _word_times, cues, to_srt, to_vtt

LONG = (
    "The quick brown fox jumps over the lazy dog, and then it goes home, as foxes do when the day "
    "is over. Nobody saw it again that year, and nobody cared very much about that."
)

Times = List[Tuple[float, float]]


def times(*spoken: Spoken) -> Times:
    """When the cues are shown, in seconds."""
    return [(cue.start / 1000, cue.end / 1000) for cue in cues(spoken)]


def text_of(shown: List[Cue]) -> str:
    """All that is shown."""
    return " ".join(line for cue in shown for line in cue.lines)


def timed_words(text: str, start: float, each: float, pause: float = 0.0) -> List[Any]:
    """The words of a text with times, one after the other."""
    step = each + pause
    return [
        (word, start + step * i, start + step * i + each) for i, word in enumerate(text.split())
    ]


# -- the files --------------------------------------------------------------------------------


def test_srt_as_it_is_written() -> None:
    """A number, the times, the lines and a blank line for each cue."""
    spoken = [Spoken("Hello world.", 0.5, 2.25), Spoken("Good bye.", 3661.0, 3663.0)]
    assert to_srt(spoken) == (
        "1\n00:00:00,500 --> 00:00:02,250\nHello world.\n\n"
        "2\n01:01:01,000 --> 01:01:03,000\nGood bye.\n"
    )


def test_vtt_as_it_is_written() -> None:
    """The same without numbers, behind a header, and with escapes."""
    spoken = [Spoken("Q & A: 1 < 2", 0.5, 2.25), Spoken("a --> b", 3661.0, 3663.0)]
    assert to_vtt(spoken) == (
        "WEBVTT\n\n"
        "00:00:00.500 --> 00:00:02.250\nQ &amp; A: 1 &lt; 2\n\n"
        "01:01:01.000 --> 01:01:03.000\na --&gt; b\n"
    )


@pytest.mark.parametrize("spoken", [[], [Spoken("", 1.0, 2.0)], [Spoken(" \n\0", 1.0, 2.0)]])
def test_nothing_said(spoken: List[Spoken]) -> None:
    """What has no text is left out; without any, SRT is empty and WebVTT its header."""
    assert (cues(spoken), to_srt(spoken), to_vtt(spoken)) == ([], "", "WEBVTT\n")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("one\n\ntwo\r\n\u2028three", "one two three"),
        ("a\0b\x1bc\ud800d", "abcd"),
        ("--> a --\0> b", "→ a → b"),
        ("a <i>b</i> c", "a ‹i›b‹/i› c"),
        ("a < b, c > d", "a ‹ b, c › d"),
        ("1 < 2 and {", "1 < 2 and {"),
        ("{\\an8}up", "(\\an8)up"),
        ("C:\\New", "C:\\\u2060New"),
        ("Q & A &amp;", "Q & A &amp;"),
    ],
)
def test_srt_has_no_markup(said: str, shown: str) -> None:
    """What would end a cue, or be taken for markup by some player, is shown by what looks alike."""
    assert to_srt([Spoken(said, 0.0, 2.0)]).splitlines()[2:] == [shown]


# -- times ------------------------------------------------------------------------------------


def test_times_are_those_of_the_speech() -> None:
    """What was said in a time that people need for it is shown in exactly that."""
    spoken = [Spoken("hello world", 0.5, 2.0), Spoken("and again", 2.0, 3.25), Spoken("so", 5, 7)]
    assert times(*spoken) == [(0.5, 2.0), (2.0, 3.25), (5.0, 7.0)]


def test_a_long_text_is_shared_out_by_letters() -> None:
    """Several cues for one text touch each other, and each gets the time of its letters."""
    shown = cues([Spoken(LONG, 10.0, 20.0)])
    letters = [len("".join(cue.lines).replace(" ", "")) for cue in shown]
    assert text_of(shown) == LONG and len(shown) == 3
    begin, place = 10_000, 0
    for cue, count in zip(shown, letters):
        place += count
        assert cue.start == begin
        assert cue.end == pytest.approx(10_000 + 10_000 * place / sum(letters), abs=1)
        begin = cue.end
    assert begin == 20_000


def test_a_long_text_is_shared_out_by_its_words() -> None:
    """Where words have times, a cue is shown from its first to its last word."""
    words = timed_words(LONG, 100.0, each=0.3, pause=0.1)
    shown = cues([Spoken(LONG, 90.0, 200.0, words)])
    assert text_of(shown) == LONG
    place = 0
    for cue in shown:
        count = len(" ".join(cue.lines).split())
        assert cue.start == round(words[place][1] * 1000)
        assert cue.end == round(words[place + count - 1][2] * 1000)
        place += count


@pytest.mark.parametrize(
    "words",
    [
        timed_words(LONG.lower().replace(",", "").replace(".", ""), 100.0, 0.3),
        [word for word in timed_words(LONG, 100.0, 0.3) if word[0] not in ("brown", "year,")],
        [
            (word, None if word == "fox" else start, end)
            for word, start, end in timed_words(LONG, 100.0, 0.3)
        ],
        [("unheard", 90.0, 91.0), *timed_words(LONG, 100.0, 0.3), ("", 200.0, 200.0)],
    ],
    ids=["without signs", "some missing", "some without time", "some that are not in the text"],
)
def test_words_need_not_be_those_of_the_text(words: List[Any]) -> None:
    """Words are found in the text as far as they are in it, and the others do no harm."""
    expected = times(Spoken(LONG, 90.0, 200.0, timed_words(LONG, 100.0, 0.3)))
    for found, right in zip(times(Spoken(LONG, 90.0, 200.0, words)), expected):
        assert found == pytest.approx(right, abs=0.2)


@pytest.mark.parametrize(
    "words",
    [
        [(word, 0.0, 0.0) for word in LONG.split()],
        [(word, 15.0, 15.0) for word in LONG.split()],
        [(word, None, None) for word in LONG.split()],
        [("nothing", 12.0, 13.0)],
    ],
    ids=["zero", "all at once", "none", "others"],
)
def test_times_of_words_that_can_not_be_true(words: List[Any]) -> None:
    """Where the words' times are of no use, letters share out the time."""
    assert times(Spoken(LONG, 10.0, 20.0, words)) == times(Spoken(LONG, 10.0, 20.0))


def test_a_word_that_stands_far_off() -> None:
    """A word of the list that is not where it should be is not looked for everywhere."""
    words = [("end", 90.0, 91.0), *timed_words(LONG, 100.0, 0.3)]
    text = f"{LONG} The end."
    assert (
        times(Spoken(text, 90.0, 200.0, words))[0] == times(Spoken(LONG, 90.0, 200.0, words[1:]))[0]
    )


def test_signs_around_words() -> None:
    """Signs are said with the word that they touch, and the list may be without them."""
    text = " ".join(f"«{word}»" for word in LONG.split())
    expected = times(Spoken(text, 90.0, 200.0, timed_words(text, 100.0, 0.3, 0.2)))
    bare = timed_words(LONG, 100.0, 0.3, 0.2)
    assert times(Spoken(text, 90.0, 200.0, bare)) == expected
    for start, end in expected:
        assert any(start == pytest.approx(word[1], abs=0.001) for word in bare)
        assert any(end == pytest.approx(word[2], abs=0.001) for word in bare)


def test_letters_that_grow() -> None:
    """A letter that is two when it is small does not move the words behind it."""
    said = LONG.replace("o", "İ")
    own = timed_words(said, 100.0, 0.3)
    small = [(word.replace("T", "t"), start, end) for word, start, end in own]
    expected = times(Spoken(LONG, 90.0, 200.0, timed_words(LONG, 100.0, 0.3)))
    assert times(Spoken(said, 90.0, 200.0, small)) == expected


@settings(deadline=None)
@example("a,-b", [("a", 5.0, 6.0), ("-b", 7.0, 8.0)])
@given(
    st.text("ab,-. ", max_size=60),
    st.lists(st.tuples(st.text("ab,-", max_size=4), st.floats(0.0, 20.0), st.floats(0.0, 20.0))),
)
def test_times_of_words_rise(text: str, words: List[Any]) -> None:
    """Whatever the words and their times, places and times found rise, within the text and time."""
    known = _word_times(Spoken(" ".join(text.split()), 5.0, 15.0, words))
    assert [place for place, _ in known] == sorted(place for place, _ in known)
    assert [when for _, when in known] == sorted(when for _, when in known)
    assert all(0 <= place <= len(text) and 5.0 <= when <= 15.0 for place, when in known)


def test_words_stay_within_their_text() -> None:
    """Times of words that lie outside, or go back, are moved to where they can be."""
    words = [("one", 5.0, 6.0), ("two", 3.0, 4.0), ("three", 50.0, 60.0)]
    assert times(Spoken("one two three", 10.0, 20.0, words)) == [(10.0, 20.0)]


def test_a_short_cue_stays_for_a_second() -> None:
    """A cue is shown for a second at least, if the next one starts no sooner."""
    assert times(Spoken("yes", 1.0, 1.2)) == [(1.0, 2.0)]
    assert times(Spoken("yes", 1.0, 1.2), Spoken("indeed so", 1.6, 3.0)) == [(1.0, 1.6), (1.6, 3.0)]


def test_a_cue_stays_until_it_is_read() -> None:
    """A fast speaker's cue stays for a second per twenty letters, if there is room."""
    text = "a" * 40 + " " + "b" * 20
    assert times(Spoken(text, 0.0, 1.5)) == [(0.0, 3.0)]
    assert times(Spoken(text, 0.0, 1.5), Spoken("next", 2.5, 4.0))[0] == (0.0, 2.5)


def test_finals_that_came_all_at_once() -> None:
    """Texts whose times can't be true share the stretch that they touch, by their letters."""
    spoken = [
        Spoken("aaaa", 0.0, 10.0),
        Spoken("bbbbbb", 10.0, 10.0),
        Spoken("cc dd ee ff gg", 10, 10),
    ]
    assert times(*spoken) == [(0.0, 2.0), (2.0, 5.0), (5.0, 10.0)]


def test_what_follows_them() -> None:
    """A text with enough time of its own shares nothing with those that came all at once."""
    spoken = [Spoken("aaaa", 0.0, 10.0), Spoken("bbbb", 10.0, 10.0), Spoken("cccc", 10.0, 14.0)]
    assert times(*spoken) == [(0.0, 5.0), (5.0, 10.0), (10.0, 14.0)]


def test_texts_without_any_time() -> None:
    """If there is nothing to share, what is free behind them is taken, a second for each."""
    spoken = [Spoken("aa", 10.0, 10.0), Spoken("bb", 10.0, 10.0)]
    assert times(*spoken) == [(10.0, 11.0), (11.0, 12.0)]
    assert times(*spoken, Spoken("cc", 10.5, 12.0)) == [(10.0, 10.25), (10.25, 10.5), (10.5, 12.0)]


def test_a_pause_before_a_text() -> None:
    """Where only bounds are known, a cue is not shown in a pause that its text can't fill."""
    bounded = Spoken("Yes, of course.", 0.0, 60.0, is_bounded=True)
    assert times(bounded) == [(48.5, 60.0)]
    assert times(bounded._replace(start=50.0)) == [(50.0, 60.0)]
    assert times(bounded._replace(words=[("Yes", 3.0, 3.5)]))[0][0] == 3.0
    assert times(Spoken("Yes, of course.", 0.0, 60.0)) == [(0.0, 60.0)]


def test_only_neighbours_share() -> None:
    """A text without time that stands alone takes nothing from the one far before it."""
    spoken = [Spoken("aaaa", 0.0, 2.0), Spoken("bbbb", 60.0, 60.0), Spoken("cccc", 65.0, 66.0)]
    assert times(*spoken) == [(0.0, 2.0), (60.0, 61.0), (65.0, 66.0)]


def test_what_overlaps_ends_when_the_next_starts() -> None:
    """Of two texts at one time the first gives way, unless nothing would be left of it."""
    assert times(Spoken("a", 0.0, 5.0), Spoken("b", 3.0, 6.0)) == [(0.0, 3.0), (3.0, 6.0)]
    assert times(Spoken("a", 0.0, 5.0), Spoken("b", 0.0, 6.0)) == [(0.0, 3.0), (3.0, 6.0)]


def test_times_that_go_back() -> None:
    """The order is that of the texts: none starts before the one before it, none before zero."""
    spoken = [Spoken("a", -5.0, 2.0), Spoken("b", 3.0, 1.0), Spoken("c", 1.0, 5.0)]
    assert times(*spoken) == [(0.0, 2.0), (3.0, 4.0), (4.0, 5.0)]
    spoken = [Spoken("a", 10.0, 12.0), Spoken("b", 12.0, 13.0), Spoken("c", 5.0, 30.0)]
    assert times(*spoken) == [(10.0, 11.0), (11.0, 12.0), (12.0, 30.0)]


# -- whatever was said ------------------------------------------------------------------------

SECONDS = st.floats(-10.0, 40_000.0)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.builds(Spoken, st.text(), SECONDS, SECONDS), max_size=8))
def test_any_text_at_all(said: List[Spoken]) -> None:
    """Control signs, markup and odd blanks keep the file valid, cue by cue."""
    shown = cues(said)
    for cue, following in zip(shown, shown[1:]):
        assert cue.end <= following.start
    assert all(cue.start < cue.end for cue in shown)
    for cue in shown:
        assert 1 <= len(cue.lines) <= 2
        assert all(0 < len(line) <= 42 and line == line.strip() for line in cue.lines)
    assert to_srt(said).count(" --> ") == to_vtt(said).count(" --> ") == len(shown)
    for lines in (to_srt(said).split("\n"), to_vtt(said).split("\n")):
        assert not any(a == b == "" for a, b in zip(lines, lines[1:]))


def test_many_texts_are_fast() -> None:
    """Ten thousand texts take a second or two, not minutes; so does one of as many letters."""
    said = [Spoken(LONG, 10.0 * i, 10.0 * i + 9.0) for i in range(10_000)]
    started = time.process_time()
    assert to_srt(said).count("-->") == 30_000
    assert to_vtt([Spoken(LONG * 10_000, 0.0, 1e5)]).count("-->") > 20_000
    assert to_vtt([Spoken("ก" * 100_000, 0.0, 1e5)]).count("-->") > 1_000
    # Quadratic work would take hours; this bound is for slow machines.
    assert time.process_time() - started < 60.0
