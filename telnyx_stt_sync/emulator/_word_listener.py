"""What a recogniser makes of word audio: interims and finals."""

from __future__ import annotations

from typing import List

from ._recogniser import Heard
from ._script import FINAL_CONFIDENCE, INTERIM_CONFIDENCE
from ._word_audio import HeardWord, WordDecoder

# A final at every so many words, or where so many seconds carry none.
WORDS_PER_FINAL = 8
PAUSE_SECONDS = 0.25


class WordListener:
    """Makes interims and finals of the words that one stream carries. Pure."""

    def __init__(self) -> None:
        self._decoder = WordDecoder()
        # In Hz; 0 until the first audio.
        self._rate = 0
        # What was heard since the last final.
        self._pending: List[HeardWord] = []

    @property
    def noticed(self) -> bool:
        """Whether the stream is word audio."""
        return self._decoder.noticed

    def listen(self, audio: bytes, rate: int) -> List[Heard]:
        """What more audio brings."""
        self._rate = rate
        heard: List[Heard] = []
        for word in self._decoder.feed(audio):
            heard += self._pause_before(word.start)
            heard += self._add(word)
        return heard + self._pause_before(self._decoder.position)

    def finalize(self, *, ends_utterance: bool) -> List[Heard]:
        """The pending words as a final; nothing where there are none."""
        if not self._pending:
            return []
        final = self._heard(is_final=True, ends_utterance=ends_utterance)
        self._pending = []
        return [final]

    def finish(self) -> List[Heard]:
        """The words that only the end of the audio shows."""
        heard: List[Heard] = []
        for word in self._decoder.finish():
            heard += self._pause_before(word.start)
            heard += self._add(word)
        return heard

    def _pause_before(self, position: int) -> List[Heard]:
        """The final that a pause between the pending words and ``position`` makes."""
        if self._pending:
            silence = (position - self._pending[-1].end) / self._rate
            if silence >= PAUSE_SECONDS:
                return self.finalize(ends_utterance=True)
        return []

    def _add(self, word: HeardWord) -> List[Heard]:
        self._pending.append(word)
        if len(self._pending) >= WORDS_PER_FINAL:
            return self.finalize(ends_utterance=False)
        return [self._heard(is_final=False)]

    def _heard(self, *, is_final: bool, ends_utterance: bool = False) -> Heard:
        return Heard(
            text=" ".join(word.text for word in self._pending),
            is_final=is_final,
            start=self._pending[0].start / self._rate,
            end=self._pending[-1].end / self._rate,
            confidence=FINAL_CONFIDENCE if is_final else INTERIM_CONFIDENCE,
            ends_utterance=ends_utterance,
        )
