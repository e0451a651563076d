"""When in the audio words were said, judged by how much had been sent when they were heard."""

from __future__ import annotations

from typing import List, Tuple

from ._words import words as words_of

# Seconds of audio that a word takes: 150 words a minute are the pace of talks in English.
WORD_SECONDS = 0.4
# That it takes at the least: nobody says more than five words, or Chinese letters, a second.
LEAST_WORD_SECONDS = 0.2

# By so many first words a final and its interims know each other, although one may change.
_FIRST_WORDS = 3

# Utterances whose finals may be owed at one time; some engines may never send a final for some.
_MOST_UTTERANCES = 10


class _Utterance:
    """The interims of a final that is still to come."""

    def __init__(self, words: List[str], position: float) -> None:
        # The first interim comes when its words were said.
        self.start = position - WORD_SECONDS * len(words)
        self.change(words, position)

    def change(self, words: List[str], position: float) -> None:
        """Its newest interim."""
        # Unless they were held up on their way, as by a final that is late.
        self.start = min(self.start, position - LEAST_WORD_SECONDS * len(words))
        self.words = words
        self.end = position  # where the newest words ended; not moved on by the same once more

    def is_left_by(self, words: List[str]) -> bool:
        """Whether an interim begins another utterance, because the final of this one is late."""
        return len(words) < len(self.words) and words[0] != self.words[0]

    def belongs_to(self, words: List[str]) -> bool:
        """Whether a final is that of these interims."""
        return not set(words[:_FIRST_WORDS]).isdisjoint(self.words[:_FIRST_WORDS])


class SpeechTimes:
    """Start and end of what one stream hears, where the service does not tell them.

    Without interims all that is known is where words can't lie: before the end of the final
    before theirs, and past what had been sent when theirs came. Interims come sooner than
    finals, and the first one of an utterance shows when somebody began to speak.

    Owner: who has the turn. Times are seconds of audio; ``position`` is how much had been sent.
    """

    def __init__(self) -> None:
        self._utterances: List[_Utterance] = []  # not final yet, oldest first
        self._last_end = 0.0  # of the newest final

    def interim(self, text: str, position: float) -> Tuple[float, float]:
        """An interim came: its start and end."""
        end = max(position, self._last_end)
        words = words_of(text)
        if not words:
            return self._last_end, end
        if not self._utterances or self._utterances[-1].is_left_by(words):
            self._utterances.append(_Utterance(words, position))
            del self._utterances[:-_MOST_UTTERANCES]
        elif words != self._utterances[-1].words:
            self._utterances[-1].change(words, position)
        return max(self._last_end, self._utterances[-1].start), end

    def final(self, text: str, position: float) -> Tuple[float, float]:
        """A final came, perhaps without text: its start and end."""
        words = words_of(text) if self._utterances else []
        start, end = self._last_end, position
        for index, utterance in enumerate(self._utterances):
            if utterance.belongs_to(words):
                more = len(words) - len(utterance.words)
                start = utterance.start
                end = min(position, utterance.end + WORD_SECONDS * max(0, more))
                del self._utterances[:index]
                break
        start = max(self._last_end, start)
        self.ended(end)
        return start, self._last_end

    def ended(self, end: float) -> None:
        """A final ended there."""
        del self._utterances[:1]
        self._last_end = max(self._last_end, end)
