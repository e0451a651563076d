"""A script: utterances that are said word by word as audio goes by."""

from __future__ import annotations

from typing import List, Sequence

from ._recogniser import Heard

SECONDS_PER_WORD = 0.3
INTERIM_CONFIDENCE = 0.84
FINAL_CONFIDENCE = 0.98


class Script:
    """The utterances of one stream, and how far they have been said. Pure."""

    def __init__(self, transcripts: Sequence[str]) -> None:
        self._utterances = tuple(transcripts)
        # Which utterance is being said, and how many of its words are.
        self._utterance = 0
        self._said = 0
        # How many of those words an earlier final has told.
        self._told = 0
        # How many words were said before this utterance.
        self._words_before = 0

    def advance(self, seconds: float) -> List[Heard]:
        """What so many seconds of audio bring that was not said before."""
        heard: List[Heard] = []
        # The small sum keeps 0.3 s of audio from being a hair less than a word.
        total = int(seconds / SECONDS_PER_WORD + 1e-6)
        while self._utterance < len(self._utterances):
            if self._words_before + self._said >= total:
                break
            self._said += 1
            heard.append(self._say())
        return heard

    def finalize(self) -> List[Heard]:
        """The words that were said and not yet told in a final, as one."""
        if self._utterance >= len(self._utterances) or self._said == self._told:
            return []
        text = " ".join(self._words()[self._told : self._said])
        final = self._heard(text, is_final=True, ends_utterance=False)
        self._told = self._said
        return [final]

    def flush(self, seconds: float) -> List[Heard]:
        """Every utterance that is not finished, each as a final that ends at ``seconds``."""
        heard: List[Heard] = []
        while self._utterance < len(self._utterances):
            self._said = max(1, len(self._words()))
            final = self._say()
            start = min(final.start, seconds)
            heard.append(Heard(final.text, True, start, seconds, FINAL_CONFIDENCE, True))
        return heard

    def _say(self) -> Heard:
        """Tell the words up to ``_said``: an interim, or the final at the utterance's end."""
        words = self._words()
        if self._said < len(words):
            return self._heard(" ".join(words[self._told : self._said]), is_final=False)
        rest = " ".join(words[self._told :])
        text = self._utterances[self._utterance] if self._told == 0 else rest
        final = self._heard(text, is_final=True, ends_utterance=True)
        self._words_before += self._said
        self._utterance += 1
        self._said = self._told = 0
        return final

    def _words(self) -> List[str]:
        return self._utterances[self._utterance].split()

    def _heard(self, text: str, *, is_final: bool, ends_utterance: bool = False) -> Heard:
        start = (self._words_before + self._told) * SECONDS_PER_WORD
        end = (self._words_before + self._said) * SECONDS_PER_WORD
        confidence = FINAL_CONFIDENCE if is_final else INTERIM_CONFIDENCE
        return Heard(text, is_final, start, end, confidence, ends_utterance)
