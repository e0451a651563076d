"""The overlap of two runs of words: what is known of a connection's first words."""

from __future__ import annotations

import pickle
from typing import List, Optional, Sequence, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._alignment import LEAD, PROOF, Alignment, Join


def said(count: int, prefix: str = "w") -> List[str]:
    """So many words, no two of them alike."""
    return [f"{prefix}{number}" for number in range(count)]


KNOWN = said(40)
FRESH = said(30, "new")


def alignment(
    known: Sequence[str] = KNOWN,
    overlap: Tuple[int, int] = (8, 30),
    *,
    may_cut: bool = False,
) -> Alignment:
    """From so many of the last of 40 different words to so many are expected again."""
    return Alignment(list(known), *overlap, may_cut=may_cut)


def hear(made: Alignment, words: Sequence[str]) -> Tuple[Optional[Join], int]:
    """The answer, and how many words it took."""
    for number, word in enumerate(words, 1):
        join = made.hear(word)
        if join is not None:
            return join, number
    return None, len(words)


def answer(made: Alignment, words: Sequence[str]) -> Optional[Join]:
    """The answer when these were all the words; it may come before the end."""
    join, _ = hear(made, words)
    return join or made.end()


# -- all words agree --------------------------------------------------------------------------


@pytest.mark.parametrize("again", [8, 9, 15, 30])
@pytest.mark.parametrize("fewest", [0, 8])
def test_the_same_words_again(again: int, fewest: int) -> None:
    """Where no other overlap agrees, it is found with its last word, however long it is.

    It is in doubt where none of it is sure to come: then it may have been said once more.
    """
    made = alignment(overlap=(fewest, 30))
    known = again if fewest else 0
    assert hear(made, [*KNOWN[-again:], *FRESH]) == (Join(known, again), again)


@pytest.mark.parametrize(("refrain", "known"), [(False, 35), (True, 0)])
def test_many_words_that_are_not_sure_to_come(refrain: bool, known: int) -> None:
    """Nobody says 32 words once more, word for word, unless their end is a refrain."""
    before = KNOWN[-32:] if refrain else []
    made = alignment([*before, *said(20, "b"), *KNOWN], (0, 38))
    assert hear(made, [*KNOWN[-35:], *FRESH]) == (Join(known, 35), 35)


def test_an_answer_that_is_overdue() -> None:
    """When all known words have been heard by now, one more need not come to be sure."""
    made = alignment(overlap=(20, 30))
    heard = [*changed(KNOWN[-20:], 5), "new"]
    assert hear(made, heard)[0] is None
    assert made.overdue() == Join(20, 20)
    assert alignment(overlap=(20, 30)).overdue() is None
    made = alignment(overlap=(20, 30))
    hear(made, [*KNOWN[-20:-5], "new"])
    assert made.overdue() is None


def test_an_exact_answer_that_is_overdue() -> None:
    """While a longer overlap agrees, all that was heard is in doubt."""
    phrase = said(9, "p")
    made = alignment([*phrase, *KNOWN, *phrase], (9, 58))
    assert hear(made, phrase)[0] is None
    assert made.overdue() == Join(9, 9)
    assert hear(made, KNOWN[:1])[0] is None
    assert made.overdue() == Join(9, 10)


def test_an_overlap_that_may_be_longer() -> None:
    """As long as a longer overlap agrees, the answer waits for the word that settles it."""
    phrase = said(9, "p")
    made = alignment([*phrase, *KNOWN, *phrase], (9, 58))
    assert hear(made, [*phrase, "new"]) == (Join(9, 9), 10)
    longer = [KNOWN[-1], *phrase]
    made = alignment([*phrase, *KNOWN, *phrase], (9, 58))
    assert hear(made, [*longer, "new"]) == (Join(10, 10), 10)


@pytest.mark.parametrize("again", [31, 35, 40])
def test_more_than_may_come(again: int) -> None:
    """More words than may be heard again, by their bounds, are no overlap in which all agree."""
    made = alignment()
    join, count = hear(made, [*KNOWN[-again:], *FRESH])
    assert join is None or join.known < again or count > again


@pytest.mark.parametrize("again", range(8))
def test_too_few_words_prove_nothing(again: int) -> None:
    """Less than eight words that agree may do so by chance, so nothing is believed."""
    made = alignment(overlap=(0, 30))
    assert answer(made, [*KNOWN[len(KNOWN) - again :], *FRESH]) is None


@pytest.mark.parametrize("count", [1, 2, 7, 20])
def test_where_the_number_is_known(count: int) -> None:
    """Where it is certain how many words come again, a single one needs no proof."""
    made = alignment(KNOWN[:count], (count, count))
    assert hear(made, KNOWN[:count]) == (Join(count, count), count)


def test_none_has_to_come_again() -> None:
    """Where none may be heard again and none is, eight words of proof are still missing."""
    assert answer(alignment(overlap=(0, 12)), FRESH) is None


def test_none_is_expected() -> None:
    """Where the only word that may come again may have been cut away, none may come."""
    assert answer(alignment(overlap=(1, 1), may_cut=True), FRESH) == Join(0, 0)


# -- the first word was cut -------------------------------------------------------------------


@pytest.mark.parametrize("first", [["junk"], []])
@pytest.mark.parametrize("again", [9, 15, 30])
def test_a_cut_word(first: List[str], again: int) -> None:
    """The first word may be heard as another or not at all when audio began in its middle."""
    heard = [*first, *KNOWN[-again + 1 :]]
    made = alignment(overlap=(9, 30), may_cut=True)
    assert answer(made, [*heard, *FRESH]) == Join(len(heard), len(heard))


def test_no_word_is_cut_at_the_start() -> None:
    """Where the audio begins at its start, the first word is whole: a missing one is missing."""
    again = KNOWN[:20]
    assert hear(alignment(again, (20, 20)), again[1:])[0] is None
    made = alignment(again, (20, 20), may_cut=True)
    assert hear(made, [*again[1:], "new"])[0] == Join(19, 19)


def test_a_cut_word_where_the_number_is_known() -> None:
    """A word that was cut away is one less of the number that is known."""
    made = alignment(KNOWN, (10, 10), may_cut=True)
    assert hear(made, [*KNOWN[-9:], "new"])[0] == Join(9, 9)


@pytest.mark.parametrize("may_cut", [True, False])
def test_a_cut_word_is_not_held_against_an_overlap(may_cut: bool) -> None:
    """Another first word is no difference where it may have been cut, the first and no other."""
    join = answer(alignment(overlap=(3, 3), may_cut=may_cut), ["x0", KNOWN[-2], "x2"])
    assert (join is not None) is may_cut
    assert answer(alignment(overlap=(40, 40), may_cut=may_cut), said(40, "x")) is None


# -- the speaker repeats himself --------------------------------------------------------------


def test_words_that_were_said_twice() -> None:
    """Where the last words stand twice in what was known, both overlaps are possible."""
    phrase = said(10, "p")
    made = alignment([*KNOWN, *phrase, *phrase], (10, 20))
    join = answer(made, [*phrase, *phrase, *FRESH])
    assert join == Join(10, 20)


def test_words_that_were_said_twice_and_once_more() -> None:
    """Where none has to come again, the last words may have been said for the third time."""
    phrase = said(10, "p")
    made = alignment([*KNOWN, *phrase, *phrase], (0, 10))
    assert answer(made, [*phrase, *FRESH]) == Join(0, 10)


def test_a_chance_agreement_is_no_rival() -> None:
    """A shorter overlap that agrees is no rival if the words before do not repeat."""
    again = ["a", *said(9, "p"), "a"]
    made = alignment([*KNOWN, *again], (8, 20))
    assert answer(made, [*again, *FRESH]) == Join(11, 11)


def test_all_words_are_the_same() -> None:
    """Where all words are one word, everything between the bounds is doubtful."""
    made = alignment(["no"] * 20, (8, 15))
    assert hear(made, ["no"] * 15)[0] == Join(8, 15)


@pytest.mark.parametrize("count", [10, 12, 14])
def test_all_words_are_the_same_to_the_end(count: int) -> None:
    """At the end of the stream, all that was heard may be known: an overlap may have gone on."""
    made = alignment(["no"] * 20, (8, 15))
    assert answer(made, ["no"] * count) == Join(8, count)


def test_the_end_in_the_middle_of_an_overlap() -> None:
    """A longer overlap that was cut by the end may be the true one: then words are doubtful."""
    phrase = said(9, "p")
    made = alignment([*phrase, *KNOWN, *phrase], (9, 58))
    assert hear(made, [*phrase, KNOWN[0]]) == (None, 10)
    assert made.end() == Join(9, 10)


# -- words differ -----------------------------------------------------------------------------


def changed(words: Sequence[str], *places: int) -> List[str]:
    """Other words in these places."""
    return [f"x{place}" if place in places else word for place, word in enumerate(words)]


@pytest.mark.parametrize("place", [0, 1, 7, 14, 16])
def test_another_word(place: int) -> None:
    """A word that is heard as another does not hide the overlap."""
    heard = changed(KNOWN[-20:], place)
    assert answer(alignment(overlap=(16, 30)), [*heard, *FRESH]) == Join(20, 20)


@pytest.mark.parametrize("place", [1, 7, 14, 16])
def test_a_word_that_is_not_heard_again(place: int) -> None:
    """A word that is missing shortens the overlap by one."""
    heard = KNOWN[-20:]
    del heard[place]
    assert answer(alignment(overlap=(16, 30)), [*heard, *FRESH]) == Join(19, 19)


@pytest.mark.parametrize("place", [1, 7, 14, 17])
def test_a_word_that_is_heard_as_two(place: int) -> None:
    """A word too many makes the overlap longer by one."""
    heard = [*KNOWN[-20:]]
    heard.insert(place, "extra")
    assert answer(alignment(overlap=(16, 30)), [*heard, *FRESH]) == Join(21, 21)


def test_words_in_a_row_that_are_not_heard_again() -> None:
    """Each word that is missing counts as one difference, no more."""
    heard = KNOWN[-20:]
    del heard[8:14]
    assert answer(alignment(overlap=(16, 30)), [*heard, *FRESH]) == Join(14, 14)


@pytest.mark.parametrize("may_cut", [True, False])
def test_differences_where_none_has_to_come_again(may_cut: bool) -> None:
    """The overlap is found among all from none to the most, and in doubt."""
    made = alignment(overlap=(0, 30), may_cut=may_cut)
    join, count = hear(made, [*changed(KNOWN[-20:], 5), *FRESH])
    assert join == Join(0, 20)
    assert count <= 20 + LEAD


def test_several_words() -> None:
    """A fifth of the words may differ."""
    heard = changed(KNOWN[-20:], 2, 7, 8, 13)
    assert answer(alignment(overlap=(16, 30)), [*heard, *FRESH]) == Join(20, 20)


@pytest.mark.parametrize(
    ("places", "known"), [((19,), 19), ((18,), 18), ((17,), 19), ((18, 19), 18)]
)
def test_the_last_words_differ(places: Tuple[int, ...], known: int) -> None:
    """Where the very last words differ nobody can tell which are new: these are doubtful."""
    heard = changed(KNOWN[-20:], *places)
    join = answer(alignment(overlap=(16, 30)), [*heard, *FRESH])
    assert join is not None
    assert join.known <= known
    assert join.doubtful >= 20


def test_a_missing_last_word() -> None:
    """Where the very last word is not heard again, the first new one is not lost for it."""
    join = answer(alignment(overlap=(16, 30)), [*KNOWN[-20:-1], *FRESH])
    assert join is not None
    assert join.known <= 19 <= join.doubtful


def test_differences_at_the_end_of_the_stream() -> None:
    """What would have come is not held against an overlap when the stream is over."""
    heard = changed(KNOWN[-20:], 3)
    assert answer(alignment(overlap=(16, 30)), heard) == Join(20, 20)
    assert answer(alignment(overlap=(20, 20)), changed(KNOWN[-20:], 3, 9)) == Join(20, 20)


def test_differences_at_an_early_end_of_the_stream() -> None:
    """Known words that were not heard again before the end leave no room for new ones."""
    join = answer(alignment(overlap=(16, 30)), changed(KNOWN[-20:-2], 3))
    assert join is not None
    assert 16 <= join.known <= join.doubtful == 18


def test_an_end_before_the_known_words_are_through() -> None:
    """Words that agree until the stream ends before its time are known, but for the last."""
    for overlap in ((20, 20), (18, 30)):
        assert answer(alignment(KNOWN, overlap), KNOWN[-20:-6]) == Join(13, 14)


def test_an_end_long_before_the_known_words_are_through() -> None:
    """That holds as well if very many are missing, but not if it is more than half of them."""
    for count, is_believed in ((60, True), (45, False)):
        made = alignment(said(100), (100, 100))
        join = answer(made, changed(said(100)[:count], 5))
        assert (join is not None) is is_believed


@pytest.mark.parametrize("overlap", [(1, 1), (20, 20), (0, 30), (8, 30)])
def test_nothing_at_all(overlap: Tuple[int, int]) -> None:
    """Where not one word is heard again, nothing is believed."""
    assert alignment(overlap=overlap).end() is None


def test_quite_other_words() -> None:
    """Where nothing agrees, nothing is believed."""
    assert answer(alignment(), said(35, "x")) is None


def test_half_of_the_words_must_agree() -> None:
    """Where the number is known, an overlap in which fewer agree than differ is not believed."""
    heard = changed(KNOWN, *range(0, 40, 2))
    assert answer(alignment(overlap=(40, 40)), heard) is not None
    heard = changed(KNOWN, *range(0, 40, 2), 1, 3)
    assert answer(alignment(overlap=(40, 40)), heard) is None


def test_differences_and_repetitions() -> None:
    """An overlap far from the best that is only a little behind is a rival."""
    phrase = said(10, "p")
    made = alignment([*KNOWN, *phrase, *phrase, *phrase], (16, 30))
    heard = [*changed(phrase, 4), *phrase, *changed(phrase, 2, 3, 5, 6), *FRESH]
    assert answer(made, heard) == Join(20, 30)


def test_when_differences_are_settled() -> None:
    """The overlap must be ahead of all others by four points, which takes a few new words."""
    made = alignment(overlap=(16, 30))
    join, count = hear(made, [*changed(KNOWN[-20:], 7), *FRESH])
    assert (join, count) == (Join(20, 20), 22)


def test_a_long_stretch_that_differs() -> None:
    """Words in a row that differ do not end an overlap to which there is nothing better."""
    known = said(100)
    heard = [*known[:10], *said(35, "x"), *known[45:]]
    assert answer(alignment(known, (100, 100)), heard) == Join(100, 100)


def test_what_is_far_behind_is_given_up() -> None:
    """Overlaps that are far behind the best one cost nothing any more."""
    made = alignment(said(1000), (0, 1000))
    sizes = []
    for number, word in enumerate(changed(said(200), 5), 1):
        assert made.hear(word) is None
        if number in (10, 40, 200):
            sizes.append(len(pickle.dumps(made)))
    assert sizes[1] < sizes[0] / 2
    assert sizes[2] < sizes[0] / 2


# -- what it knows of itself --------------------------------------------------------------------


def test_not_in_vain() -> None:
    """As long as all words agree somewhere, an answer may come."""
    made = alignment()
    hear(made, KNOWN[-30:-5])
    assert not made.is_vain


def test_in_vain() -> None:
    """Forty words and fewer than eight that agree show that there is no overlap."""
    made = alignment(said(300), (0, 300))
    for number, word in enumerate(said(41, "x"), 1):
        assert made.hear(word) is None
        assert made.is_vain is (number > 5 * PROOF)


def test_in_vain_when_the_number_is_known() -> None:
    """Where the number is known, all that may come is waited for, and a few words more."""
    made = alignment(KNOWN, (40, 40))
    assert made.reach == 47
    for number, word in enumerate(said(60, "x"), 1):
        assert made.hear(word) is None
        assert made.is_vain is (number > made.reach + LEAD)


def test_an_overlap_that_may_still_come() -> None:
    """With eight points some overlap is in sight, so forty words alone are no reason to stop."""
    made = alignment(said(300), (0, 300))
    hear(made, changed(said(60), 5))
    assert not made.is_vain


@pytest.mark.parametrize(("most", "reach"), [(8, 11), (16, 20), (40, 47)])
def test_reach(most: int, reach: int) -> None:
    """An eighth of the words may be heard as two, and two more."""
    assert alignment(overlap=(0, most)).reach == reach


@pytest.mark.parametrize(("fewest", "missed"), [(0, False), (7, False), (8, True), (30, True)])
def test_whether_failing_means_something(fewest: int, missed: bool) -> None:
    """Where eight words should have been heard again, not to find them means something."""
    assert alignment(overlap=(fewest, 30)).has_missed is missed


def test_whether_enough_was_heard() -> None:
    """Less than half of what should have been heard again is too little to judge."""
    made = alignment(overlap=(20, 30))
    assert made.is_too_short
    hear(made, said(9, "x"))
    assert made.is_too_short
    made.hear("x")
    assert not made.is_too_short


@settings(deadline=None)
@given(st.data())
def test_the_promise(data: st.DataObject) -> None:
    """If the same words are heard again, no word is lost, and none repeated without a mark.

    However few different words there are: the true overlap lies between the words
    that are known for sure and the doubtful ones, if it is long enough to be shown.
    """
    vocabulary = said(data.draw(st.sampled_from([1, 2, 3, 30])))
    word = st.sampled_from(vocabulary)
    known = data.draw(st.lists(word, min_size=10, max_size=40))
    overlap = data.draw(st.integers(10, len(known)))
    fewest = data.draw(st.integers(0, overlap))
    most = data.draw(st.integers(overlap, len(known)))
    cut = data.draw(st.sampled_from(["no", "junk", "missing"]))
    again = known[len(known) - overlap :]
    if cut != "no":
        again = [*(["junk"] if cut == "junk" else []), *again[1:]]
    made = Alignment(known, fewest, most, may_cut=cut != "no" or data.draw(st.booleans()))
    join = answer(made, [*again, *data.draw(st.lists(word, max_size=20))])
    assert join is not None
    assert join.known <= len(again) <= join.doubtful
