"""The recogniser that hears what it was told to: a script, or audio that carries its words."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from ._audio_clock import AudioClock
from ._recogniser import Heard, OnDone, OnError, OnHeard
from ._word_audio import HeardWord, WordDecoder

DEFAULT_SCRIPT: Tuple[str, ...] = (
    "Hello, this is the local emulator speaking.",
    "It says these two sentences whatever it is given to hear.",
)

SECONDS_PER_WORD = 0.3
INTERIM_CONFIDENCE = 0.84
FINAL_CONFIDENCE = 0.98

# Word audio: a final at every so many words, or where so many seconds carry none.
WORDS_PER_FINAL = 8
PAUSE_SECONDS = 0.25


class ScriptedRecogniser:
    """Says the given utterances, a word for every 0.3 s of audio, on every stream anew.

    Where a linear16 or WAV stream turns out to carry words as data (see
    ``word_audio``), exactly those are heard in place of the script. Needs no
    thread: results come within ``feed()``.
    """

    def __init__(self, transcripts: Sequence[str] = DEFAULT_SCRIPT) -> None:
        self._transcripts = tuple(transcripts)

    def open(
        self,
        input_format: str,
        sample_rate: Optional[int],
        *,
        on_heard: OnHeard,
        on_done: OnDone,
        on_error: OnError,
    ) -> ScriptedRecognition:
        """Start from the first utterance. Never calls ``on_error``."""
        clock = AudioClock(input_format, sample_rate)
        return ScriptedRecognition(self._transcripts, clock, on_heard, on_done)

    def close(self) -> None:
        """Nothing to release."""


class ScriptedRecognition:
    """One stream. Calls its callbacks within ``feed``, ``finalize``, ``flush`` and ``end``."""

    def __init__(
        self, transcripts: Sequence[str], clock: AudioClock, on_heard: OnHeard, on_done: OnDone
    ) -> None:
        self._clock = clock
        self._script = _Script(transcripts)
        self._words = _WordListener()
        self._on_heard = on_heard
        self._on_done = on_done
        self._closed = False

    def feed(self, audio: bytes) -> None:
        """Take audio; at once hears what it brings."""
        audio = self._clock.take(audio)
        heard: List[Heard] = []
        if self._clock.pcm_rate is not None:
            heard = self._words.listen(audio, self._clock.pcm_rate)
        if not self._words.noticed:
            heard = self._script.advance(self._clock.seconds)
        self._tell(heard)

    def finalize(self) -> None:
        """Make a final of what was said so far of the current utterance."""
        if self._words.noticed:
            self._tell(self._words.finalize(ends_utterance=False))
        else:
            self._tell(self._script.finalize())

    def flush(self) -> None:
        """Say all the rest of the script, as finals; nothing when no audio has come."""
        if self._words.noticed:
            self._tell(self._words.finalize(ends_utterance=True))
        elif self._clock.seconds > 0:
            self._tell(self._script.flush(self._clock.seconds))

    def end(self) -> None:
        """Say all the rest, then ``on_done``."""
        self._tell(self._words.finish())
        self.flush()
        if not self._closed:
            self._on_done()

    def close(self) -> None:
        """Hear nothing more."""
        self._closed = True

    def _tell(self, heard: List[Heard]) -> None:
        for each in heard:
            if not self._closed:
                self._on_heard(each)


class _Script:
    """The utterances, and how far they have been said."""

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


class _WordListener:
    """Makes interims and finals of the words that word audio carries."""

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
