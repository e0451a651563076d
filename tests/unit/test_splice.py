"""The finals of one connection after the other, joined: nothing lost, nothing told twice.

The speech has a word in every 100 bytes of audio, and a final for each unless said otherwise;
1000 bytes are ten seconds.
"""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple, Union

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._events import Word
from telnyx_stt_sync._messages import TranscriptMessage
from telnyx_stt_sync._send_log import Bounds
from telnyx_stt_sync._splice import (
    ANCHOR_WORDS,
    Decision,
    GoBack,
    Lost,
    Splice,
    Told,
    _Final,
    _Known,
    _repeats,
)

WORD = 100
LOOK_BACK = 1000


def said(count: int, prefix: str = "w") -> List[str]:
    """So many words, no two of them alike."""
    return [f"{prefix}{number}" for number in range(count)]


SPEECH = said(200)


def message(text: str, *, is_final: bool = True, **facts: Any) -> TranscriptMessage:
    """A transcript."""
    return TranscriptMessage(
        text=text,
        is_final=is_final,
        confidence=None,
        speech_final=facts.get("speech_final", False),
        utterance_end=facts.get("utterance_end", False),
        words=facts.get("words", ()),
        start=facts.get("start"),
        end=facts.get("end"),
        raw={},
    )


def texts(decisions: Sequence[Decision]) -> List[str]:
    """What is told for sure, and nothing else was decided."""
    return [told(decision, replayed=False) for decision in decisions]


def doubtful(decisions: Sequence[Decision]) -> List[str]:
    """What is told as perhaps told before, and nothing else was decided."""
    return [told(decision, replayed=True) for decision in decisions]


def told(decision: Decision, *, replayed: bool) -> str:
    """The text of something that is told."""
    assert isinstance(decision, Told)
    assert decision.replayed is replayed
    return decision.message.text


def lost(decision: object) -> Lost:
    """Something that is lost."""
    assert isinstance(decision, Lost)
    return decision


class Stream:
    """A splice, and the connection that is open: it began at ``start`` and is at ``position``."""

    def __init__(self, *, can_cut: bool = True) -> None:
        self.splice = Splice(can_cut)
        self.start = self.position = 0

    def final(self, text: str, **facts: Any) -> List[Decision]:
        """A final with as much audio as it has words."""
        self.position += WORD * len(text.split())
        return self.at(max(self.start, self.position - LOOK_BACK), self.position, text, **facts)

    def at(self, low: int, high: int, text: str, **facts: Any) -> List[Decision]:
        """A final with these bounds."""
        return self.splice.add(message(text, **facts), Bounds(low, high))

    def interim(self, text: str) -> List[Decision]:
        """An interim."""
        bounds = Bounds(self.start, self.position)
        return self.splice.add(message(text, is_final=False), bounds)

    def say(self, words: Sequence[str], size: int = 1) -> List[Decision]:
        """Finals of so many words each."""
        decisions: List[Decision] = []
        for place in range(0, len(words), size):
            decisions += self.final(" ".join(words[place : place + size]))
        return decisions

    def cut(self, oldest: int = 0) -> Union[int, Lost]:
        """The connection is gone, and the next one begins where it is told to."""
        answer = self.splice.restart(oldest, self.position)
        if isinstance(answer, int):
            self.splice.begin()
        if isinstance(answer, int):
            self.start = self.position = answer
        return answer

    def said_from(self, place: int, end: int) -> List[str]:
        """The words of the speech from a place in the audio on."""
        return SPEECH[-(-place // WORD) : end]


def after(count: int, size: int = 1, oldest: int = 0) -> Stream:
    """So many words were told; then it was cut, and is open again."""
    stream = Stream()
    assert texts(stream.say(SPEECH[:count], size)) == [
        " ".join(SPEECH[place : min(count, place + size)]) for place in range(0, count, size)
    ]
    assert isinstance(stream.cut(oldest), int)
    return stream


# -- a stream that is never cut ---------------------------------------------------------------


def test_nothing_is_held_back() -> None:
    """On the first connection everything is told as it comes, and at the end nothing is left."""
    stream = Stream()
    assert texts(stream.interim("a")) == ["a"]
    assert texts(stream.final("a b")) == ["a b"]
    assert texts(stream.final("")) == [""]
    assert stream.splice.end() == []


def test_what_was_heard() -> None:
    """Finals move on what has been heard, empty ones too, interims do not, and never back."""
    stream = Stream()
    assert stream.splice.heard_past == 0
    stream.at(300, 900, "a")
    assert stream.splice.heard_past == 300
    stream.interim("b")
    assert stream.splice.heard_past == 300
    for low, high, past in ((500, 1500, 500), (700, 1700, 700), (600, 1800, 700)):
        stream.at(low, high, "")
        assert stream.splice.heard_past == past


def test_repr() -> None:
    """``repr`` shows how much is known; of empty finals in a row the last one counts."""
    stream = Stream()
    for text in ("a", "", "", "", "b"):
        stream.final(text)
    assert repr(stream.splice) == "<Splice finals=3 held=0>"
    stream.cut()
    stream.final("c")
    assert repr(stream.splice) == "<Splice finals=3 held=1>"


# -- where the next connection begins ---------------------------------------------------------


def test_nothing_was_heard() -> None:
    """Before the first final everything is sent again, and what comes is new."""
    stream = Stream()
    stream.position = 5000
    assert stream.cut() == 0
    assert texts(stream.interim("a")) == ["a"]
    assert texts(stream.final("a b")) == ["a b"]


def test_nothing_but_silence_was_heard() -> None:
    """Empty finals leave no words behind that could come again: what comes is new."""
    stream = Stream()
    stream.position = 5000
    stream.at(4000, 5000, "")
    assert stream.cut() == 0
    assert texts(stream.final("a")) == ["a"]


def test_enough_words_to_be_recognised() -> None:
    """It begins where the newest final had heard all that 16 known words do not follow."""
    stream = after(60)
    # The final of word 43 is followed by 16 more; ten seconds before it came, word 34 began.
    assert stream.start == WORD * (60 - ANCHOR_WORDS) - LOOK_BACK == 3400


@pytest.mark.parametrize("size", [1, 4, 20])
def test_finals_of_any_length(size: int) -> None:
    """Only behind a final it may begin, so long finals mean that more is sent again."""
    ends = range(size, 61, size)
    newest = max(end for end in ends if 60 - end >= ANCHOR_WORDS)
    assert after(60, size).start == WORD * newest - LOOK_BACK


@pytest.mark.parametrize("count", [1, 5, 16, 26])
def test_too_few_words(count: int) -> None:
    """Where too few words are known, it begins at the start."""
    assert after(count).start == 0


@pytest.mark.parametrize(("oldest", "start"), [(0, 3400), (3300, 3400), (3400, 3400), (3500, 3500)])
def test_where_audio_is_left(oldest: int, start: int) -> None:
    """It begins where audio is left at the earliest, and not before it has to."""
    assert after(60, oldest=oldest).start == start


@pytest.mark.parametrize(("period", "times"), [(8, 5), (10, 4), (11, 4)])
def test_words_that_were_said_before(period: int, times: int) -> None:
    """Where the last words also stand further ahead in what may be heard, it begins further back.

    There, they would be found too early, even without the first of them, which may be cut.
    """
    stream = Stream()
    words = [*SPEECH[:60], *said(period, "p") * times]
    stream.say(words)
    anchor = (times - 1) * period + 2
    assert stream.cut() == WORD * (len(words) - anchor) - LOOK_BACK
    assert stream.say(words[stream.start // WORD :]) == []
    assert texts(stream.say(["new"])) == ["new"]


def test_words_that_were_said_a_little_earlier() -> None:
    """Words that would be found too early only where too few can be heard do not matter."""
    stream = Stream()
    words = [*SPEECH[:60], *said(12, "p") * 4]
    stream.say(words)
    assert stream.cut() == WORD * (len(words) - ANCHOR_WORDS) - LOOK_BACK
    assert stream.say(words[stream.start // WORD :]) == []
    assert texts(stream.say(["new"])) == ["new"]


def test_words_that_were_said_long_before() -> None:
    """Words that were said where nothing will be heard again do not matter."""
    stream = Stream()
    phrase = said(20, "p")
    stream.say([*phrase, *SPEECH[:60], *phrase])
    assert stream.cut() == WORD * (100 - ANCHOR_WORDS) - LOOK_BACK


def test_all_words_are_one() -> None:
    """Where no words can be told apart, it begins at the start, or as near to it as it can."""
    for oldest in (0, 1500):
        stream = Stream()
        stream.say(["no"] * 60)
        assert stream.cut(oldest) == oldest


def test_a_recogniser_that_lags() -> None:
    """Words that came when by the clock nothing was left to hear show that the clock is wrong.

    Then no bound can be trusted, and it begins at the start.
    """
    stream = Stream()
    stream.say(SPEECH[:30])
    stream.at(stream.position, stream.position, SPEECH[30])
    stream.at(stream.position, stream.position, SPEECH[31])
    stream.position += 200
    stream.say(SPEECH[32:80])
    assert stream.cut() == 0


@pytest.mark.parametrize("late", [[""], [SPEECH[30]], [SPEECH[30], ""], ["", SPEECH[30]]])
def test_a_pause_is_no_lag(late: List[str]) -> None:
    """The last words and empty finals in a pause are no contradiction, unless words come last."""
    stream = Stream()
    stream.say(SPEECH[:30])
    for text in late:
        stream.at(stream.position, stream.position, text)
    count = len("".join(late)) // 3
    stream.position += WORD * count
    stream.say(SPEECH[30 + count : 80])
    if late == ["", SPEECH[30]]:
        assert stream.cut() == 0
        return
    assert stream.cut() == WORD * (80 - ANCHOR_WORDS) - LOOK_BACK


# -- the same words again ---------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 7, 30, 60])
@pytest.mark.parametrize("size", [1, 3, 16])
@pytest.mark.parametrize("again", [1, 5])
def test_no_word_is_lost_and_none_told_twice(count: int, size: int, again: int) -> None:
    """Whatever the lengths of the finals, known words are dropped, and all others told."""
    stream = after(count, size)
    words = stream.said_from(stream.start, 100)
    assert " ".join(texts(stream.say(words, again))).split() == SPEECH[count:100]


def test_known_words_are_held_back() -> None:
    """Nothing is told until the overlap is shown; then only what is new."""
    stream = after(20)
    assert stream.say(SPEECH[:19]) == []
    assert stream.say(SPEECH[19:20]) == []
    assert texts(stream.say(SPEECH[20:23])) == SPEECH[20:23]


def test_when_it_came() -> None:
    """What was held back says how far the audio had been sent when it came."""
    stream = after(20)
    places = {}
    for word in [*SPEECH[10:20], "x"]:
        assert stream.final(word) == []
        places[word] = stream.position
    told_late = [part for part in stream.splice.end() if isinstance(part, Told)]
    assert {part.message.text: part.position for part in told_late} == places
    (now,) = Stream().final("y")
    assert isinstance(now, Told) and now.position is None


def test_interims_are_held_back() -> None:
    """Interims in between would show known words: none is told before the overlap is shown."""
    stream = after(20)
    stream.say(SPEECH[:10])
    assert stream.interim("w10") == []
    assert stream.say(SPEECH[10:20]) == []
    assert texts(stream.interim("w20")) == ["w20"]


def test_the_last_interim_at_the_end() -> None:
    """An interim that came behind the held words is told when the stream ends."""
    stream = after(20)
    assert stream.say(SPEECH[:15]) == []
    assert stream.interim("x") == []
    assert stream.interim("x y") == []
    (interim,) = [part for part in stream.splice.end() if not is_final(part)]
    assert isinstance(interim, Told)
    assert interim.message.text == "x y"


def test_a_last_interim_with_known_words() -> None:
    """Known words are taken from an interim as well that no final follows."""
    stream = after(20)
    assert stream.say(SPEECH[:12]) == []
    assert stream.interim(" ".join(SPEECH[12:22])) == []
    (interim,) = stream.splice.end()
    assert isinstance(interim, Told)
    assert (interim.message.text, interim.replayed) == (" ".join(SPEECH[20:22]), False)


def test_an_interim_that_became_a_final() -> None:
    """An interim that a final followed is not told any more."""
    stream = after(20)
    stream.say(SPEECH[:10])
    stream.interim("w10")
    stream.say(SPEECH[10:15])
    assert all(is_final(part) for part in stream.splice.end())


def is_final(decision: Decision) -> bool:
    """Whether it tells a final."""
    assert isinstance(decision, Told)
    return decision.message.is_final


def test_a_final_with_known_and_new_words() -> None:
    """Of a final that is known in part the rest is told, as it was written, with its time."""
    stream = after(10)
    stream.say(SPEECH[:8])
    listed = [Word("W8,", 0.8, 0.85), Word("W9.", 0.9, 0.95), Word("New", 1.0, 1.1), Word("one!")]
    facts = {"words": tuple(listed), "start": 0.8, "end": 1.3}
    (decision,) = stream.final("W8, W9. New one!", **facts)
    assert texts([decision]) == ["New one!"]
    assert isinstance(decision, Told)
    assert decision.message.words == tuple(listed[2:])
    assert (decision.message.start, decision.message.end) == (1.0, 1.3)


def test_a_final_without_a_list_of_words() -> None:
    """Without times of its words a final in part keeps the time that it has."""
    stream = after(10)
    stream.say(SPEECH[:8])
    (decision,) = stream.final("w8 w9 new", start=0.8, end=1.3)
    assert isinstance(decision, Told)
    assert (decision.message.text, decision.message.start, decision.message.words) == (
        "new",
        0.8,
        (),
    )


def test_a_list_of_words_without_times() -> None:
    """Nor does a list without times take the service's time from a final in part."""
    stream = after(10)
    stream.say(SPEECH[:8])
    listed = (Word("w8"), Word("w9"), Word("new"))
    (decision,) = stream.final("w8 w9 new", words=listed, start=0.8, end=1.3)
    assert isinstance(decision, Told)
    assert (decision.message.words, decision.message.start) == (listed[2:], 0.8)


def test_listed_words_of_several() -> None:
    """An entry of the list may hold several words, or punctuation alone."""
    stream = after(10)
    stream.say(SPEECH[:8])
    listed = (Word("w8-w9", 0.8), Word("...", 0.9), Word("new", 1.0))
    (decision,) = stream.final("w8-w9 ... new", words=listed, start=0.8, end=1.3)
    assert isinstance(decision, Told)
    assert decision.message.text == "new"
    assert decision.message.words[-1:] == listed[2:]


def test_a_second_loss() -> None:
    """After an overlap was shown, the words from both connections are known."""
    stream = after(60)
    stream.say(stream.said_from(stream.start, 100))
    start = stream.cut()
    assert start == WORD * (100 - ANCHOR_WORDS) - LOOK_BACK
    assert texts(stream.say(stream.said_from(stream.start, 105))) == SPEECH[100:105]


def test_a_second_loss_behind_a_final_in_part() -> None:
    """Of a final that was known in part, the words are known once."""
    stream = after(10)
    stream.say(SPEECH[:8])
    assert texts(stream.final("w8 w9 w10 w11")) == ["w10 w11"]
    stream.cut()
    assert stream.say(SPEECH[:12]) == []
    assert texts(stream.say(SPEECH[12:14])) == SPEECH[12:14]


def test_a_second_loss_while_words_are_held_back() -> None:
    """What was held back is forgotten, because it will be heard again."""
    stream = after(60)
    first = stream.start
    assert stream.say(stream.said_from(first, 50)) == []
    stream.interim("w50")
    assert stream.cut() == first
    assert repr(stream.splice) == "<Splice finals=60 held=0>"
    assert texts(stream.say(stream.said_from(first, 63))) == SPEECH[60:63]


# -- ends of utterances, empty finals ---------------------------------------------------------


@pytest.mark.parametrize("mark", ["speech_final", "utterance_end"])
def test_the_end_of_the_last_known_utterance(mark: str) -> None:
    """If the last known words end an utterance now, that is told, without the words."""
    stream = after(10)
    assert stream.say(SPEECH[:9]) == []
    (decision,) = stream.final("w9", **{mark: True})
    assert isinstance(decision, Told)
    assert getattr(decision.message, mark)
    assert (decision.message.text, decision.message.words) == ("", ())


def test_the_end_of_an_earlier_utterance() -> None:
    """An utterance that ended among the known words has been told."""
    stream = after(10)
    stream.final("w0 w1 w2 w3", speech_final=True)
    assert stream.final("", utterance_end=True) == []
    assert stream.say(SPEECH[4:10]) == []


def test_an_empty_final_behind_the_known_words() -> None:
    """An empty final behind the last known word may be new, so it is told."""
    stream = after(10)
    # All but the last word, which alone would settle it.
    stream.say(SPEECH[:9])
    assert texts(stream.final("w9 new")) == ["new"]
    assert texts(stream.final("")) == [""]
    stream = Stream()
    stream.say(["no"] * 20)
    stream.cut()
    stream.say(["no"] * 19)
    assert stream.say(["no"]) == []
    assert texts(stream.final("")) == [""]


def test_empty_finals_of_a_replay_move_on_as_well() -> None:
    """What a connection has heard behind the known words counts from then on."""
    stream = after(10)
    stream.say(SPEECH[:10])
    stream.at(5000, 6000, "")
    assert stream.splice.heard_past == 5000


# -- the first word was cut; words differ -------------------------------------------------------


@pytest.mark.parametrize("first", [["junk"], []])
def test_the_first_word_was_cut(first: List[str]) -> None:
    """Audio that begins in the middle of a word may give another word, or none, for it."""
    stream = after(60)
    again = [*first, *stream.said_from(stream.start, 64)[1:]]
    assert texts(stream.say(again)) == SPEECH[60:64]


@pytest.mark.parametrize("place", [0, 5, 15, 22])
@pytest.mark.parametrize("change", ["another", "missing", "extra"])
def test_a_word_that_differs(place: int, change: str) -> None:
    """One word that is heard otherwise than before costs no new word, and repeats none."""
    stream = after(60)
    words = stream.said_from(stream.start, 70)
    if change == "extra":
        words.insert(place, "x")
    else:
        words[place : place + 1] = ["x"] * (change == "another")
    assert texts(stream.say(words)) == SPEECH[60:70]


def test_differences_at_the_start_of_the_stream() -> None:
    """When everything is heard again, up to half of it may differ."""
    stream = after(20)
    again = [*said(10, "x"), *SPEECH[10:20]]
    assert texts(stream.say([*again, *SPEECH[20:40]])) == SPEECH[20:40]


def test_the_last_known_word_differs() -> None:
    """Where the very last word differs, nobody knows what is new: those around it are marked."""
    stream = after(60)
    words = stream.said_from(stream.start, 70)
    words[25] = "x"
    decisions = stream.say(words)
    assert doubtful(decisions[:4]) == ["w58", "x", "w60", "w61"]
    assert texts(decisions[4:]) == SPEECH[62:70]


# -- doubt ------------------------------------------------------------------------------------


def all_alike(count: int, oldest: int) -> Stream:
    """So many times the same word was told; then it was cut, and only the newest audio is left."""
    stream = Stream()
    stream.say(["no"] * count)
    assert stream.cut(oldest) == oldest
    return stream


def test_what_can_not_be_told_apart() -> None:
    """Where all words are alike, those that may be new are told, marked as perhaps told before."""
    stream = all_alike(60, 4000)
    # Past 4000 there lie 20 words at the most, and 10 at least; and one may have been cut.
    assert stream.say(["no"] * 20) == []
    assert doubtful(stream.say(["no"])) == ["no"] * 12
    assert texts(stream.say(["no", "yes"])) == ["no", "yes"]


def test_doubt_within_a_final() -> None:
    """A final in which some words are doubtful is doubtful, an empty one is not."""
    stream = all_alike(60, 4000)
    decisions = stream.final(" ".join(["no"] * 15))
    assert decisions == []
    decisions = stream.final("no no no no no no yes")
    assert doubtful(decisions) == ["no no no no no no", "no no no no no no yes"]
    assert texts(stream.final("")) == [""]
    assert texts(stream.final("yes")) == ["yes"]


def test_an_empty_final_in_doubt() -> None:
    """An empty final between doubtful words holds none."""
    stream = all_alike(60, 4000)
    stream.say([*["no"] * 15])
    stream.final("")
    decisions = stream.say(["no"] * 6)
    assert doubtful(decisions[:6] + decisions[7:]) == ["no"] * 12
    assert texts(decisions[6:7]) == [""]


def test_doubt_that_lasts() -> None:
    """At an end that comes too early all that was heard may be known, and is marked."""
    stream = all_alike(60, 4000)
    stream.say(["no"] * 15)
    assert doubtful(stream.splice.end()) == ["no"] * 6


@pytest.mark.parametrize("more", [[], ["no"] * 4, SPEECH[:5]])
def test_a_loss_after_doubt(more: List[str]) -> None:
    """Of words that may stand twice nothing is concluded: what the last connection heard counts."""
    stream = all_alike(60, 4000)
    heard = [*["no"] * 21, *more]
    stream.say(heard)
    assert stream.cut() == 4000
    assert stream.say(heard) == []
    decisions = stream.say(["new"])
    # If all of them are alike, one of them may have been cut: it is told once more, marked.
    assert texts(decisions[-1:]) == ["new"]
    assert doubtful(decisions[:-1]) == ["no"] * ("w0" not in more)


# -- unproven ---------------------------------------------------------------------------------


def other(count: int) -> List[str]:
    """So many words that nobody has said."""
    return said(count, "x")


def until_decided(stream: Stream, words: Sequence[str]) -> Tuple[List[Decision], int]:
    """The first decisions, and how many words it took."""
    for number, word in enumerate(words, 1):
        decisions = stream.say([word])
        if decisions:
            return decisions, number
    return [], len(words)


def test_a_replay_that_misses() -> None:
    """If the known words do not come, it goes back further: to the oldest audio there is."""
    stream = after(60)
    assert stream.start == 3400
    decisions, _ = until_decided(stream, other(100))
    assert decisions == [GoBack()]
    assert stream.cut() == 0
    words = stream.said_from(0, 63)
    assert texts(stream.say(words)) == SPEECH[60:63]


def test_a_replay_that_misses_at_the_end() -> None:
    """At the end of the stream it is the same."""
    stream = after(60)
    assert stream.say(other(5)) == []
    assert stream.splice.end() == [GoBack()]


def test_all_of_it_and_still_unproven() -> None:
    """If all was heard again, and heard quite otherwise, all is told, marked."""
    stream = after(20)
    decisions, count = until_decided(stream, other(100))
    assert doubtful(decisions[:24]) == other(24)
    assert texts(decisions[24:]) == other(count)[24:]
    assert texts(stream.say(["new"])) == ["new"]


def test_all_of_it_at_the_end() -> None:
    """At the end of the stream what was heard otherwise is told, marked, if it is half of it."""
    stream = after(20)
    assert stream.say(other(10)) == []
    assert doubtful(stream.splice.end()) == other(10)


@pytest.mark.parametrize("count", [0, 1, 9])
def test_most_of_it_is_missing(count: int) -> None:
    """If the service has said all, and that is not half of what is known, words may be lost."""
    stream = after(20)
    stream.say(other(count))
    (decision,) = stream.splice.end()
    assert lost(decision).why == "most of it was not heard again"
    # What was told is told: what may be lost is what had not been heard, of what was sent.
    assert (lost(decision).start, lost(decision).end) == (1000, 2000)


def test_nothing_is_left_to_go_back_to() -> None:
    """If the known words do not come and there is no older audio, words may be lost."""
    stream = after(60, oldest=3400)
    decisions, _ = until_decided(stream, other(100))
    assert "replay_seconds" in lost(decisions[0]).why
    assert (lost(decisions[0]).start, lost(decisions[0]).end) == (0, 3400)


@pytest.mark.parametrize(("oldest", "most"), [(4700, 16), (5000, 13)])
def test_nothing_to_go_back_to_and_little_expected(oldest: int, most: int) -> None:
    """If hardly a known word had to come, what comes may be new or not, and is marked.

    13 or 10 words lie there at the most; an eighth may be heard as two, and two more.
    """
    stream = after(60, oldest=oldest)
    decisions, count = until_decided(stream, other(100))
    assert doubtful(decisions[:most]) == other(most)
    assert texts(decisions[most:]) == other(count)[most:]


def test_a_second_miss() -> None:
    """If they do not come from the oldest audio on either, words may be lost."""
    stream = after(60, oldest=3300)
    decisions, _ = until_decided(stream, other(100))
    assert decisions == [GoBack()]
    assert stream.cut(3300) == 3300
    decisions, _ = until_decided(stream, other(100))
    assert (lost(decisions[0]).start, lost(decisions[0]).end) == (0, 3300)


def test_a_miss_is_forgotten() -> None:
    """Once an overlap was shown, the next replay begins where it usually does."""
    stream = after(60)
    until_decided(stream, other(100))
    stream.cut()
    stream.say(SPEECH[:80])
    assert stream.cut() == WORD * (80 - ANCHOR_WORDS) - LOOK_BACK


# -- too little is kept -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "oldest", "gap"),
    [(0, 100, (0, 100)), (60, 6000, (5000, 6000)), (60, 7000, (5000, 7000))],
)
def test_audio_that_is_no_longer_there(words: int, oldest: int, gap: Tuple[int, int]) -> None:
    """What was not heard and can't be sent again is lost, from where to where is told."""
    stream = Stream()
    stream.say(SPEECH[:words])
    answer = lost(stream.cut(oldest))
    assert (answer.start, answer.end) == gap
    assert "replay_seconds" in answer.why


def test_just_enough() -> None:
    """If all that was not heard is there, and no known word is, what comes is new."""
    stream = Stream()
    stream.say(SPEECH[:60])
    stream.at(7000, 7000, "")
    assert stream.cut(6500) == 6500
    assert texts(stream.say(["new"])) == ["new"]


def test_a_few_known_words() -> None:
    """If what was not heard can't be sent again in full, an overlap that shows is told, marked."""
    stream = Stream()
    stream.say(SPEECH[:60])
    assert stream.cut(5100) == 5100
    again = stream.said_from(5100, 62)
    told = [decision for decision in stream.say(again) if isinstance(decision, Told)]
    assert [decision.message.text for decision in told] == again
    assert [decision.replayed for decision in told] == [True] * (len(again) - 2) + [False] * 2


def test_a_few_known_words_that_do_not_come() -> None:
    """If it does not show, words between the last that was told and the first may be lost."""
    stream = Stream()
    stream.say(SPEECH[:60])
    assert stream.cut(5100) == 5100
    decisions, _ = until_decided(stream, other(100))
    assert lost(decisions[0]).end == 5100


# -- formats that can't be cut ------------------------------------------------------------------


def test_a_container() -> None:
    """A format that can't be cut starts over, however much is known."""
    stream = Stream(can_cut=False)
    stream.say(SPEECH[:60])
    assert stream.cut() == 0
    assert texts(stream.say(SPEECH[:63])) == SPEECH[60:63]


@pytest.mark.parametrize("words", [0, 60])
def test_a_container_whose_start_is_gone(words: int) -> None:
    """If its start is no longer there, nothing can be sent again."""
    stream = Stream(can_cut=False)
    stream.say(SPEECH[:words])
    stream.position = 6000
    answer = lost(stream.cut(1))
    assert "from its start only" in answer.why
    assert (answer.start, answer.end) == (5000 if words else 0, 6000)


# -- in numbers -------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.sampled_from("ab"), max_size=25))
def test_repeats(known: List[str]) -> None:
    """For each distance from the end it is counted how many of the last words stand there."""
    for distance, length in enumerate(_repeats(known)):
        if distance:
            before = known[: len(known) - distance]
            assert known[len(known) - length :] == before[len(before) - length :]
            assert length == len(before) or known[-length - 1] != before[-length - 1]


def test_words_lie_before_later_words() -> None:
    """What came late on one connection lies before what came in time on the next one."""
    finals = [_Final("a", Bounds(0, 900)), _Final("b c", Bounds(100, 300))]
    known = _Known(finals, 0)
    assert known.words == ["a", "b", "c"]
    assert known.overlap(299) == (0, 3)
    assert known.overlap(300) == (0, 0)
    assert known.overlap(100) == (0, 3)
    assert known.overlap(50) == (0, 3)
    assert known.overlap(0) == (3, 3)
