"""The recogniser that hears what it was told to: a script, or audio that carries its words."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from ._audio_clock import AudioClock
from ._recogniser import Heard, OnDone, OnError, OnHeard
from ._script import Script
from ._word_listener import WordListener

DEFAULT_SCRIPT: Tuple[str, ...] = (
    "Hello, this is the local emulator speaking.",
    "It says these two sentences whatever it is given to hear.",
)


class ScriptedRecogniser:
    """Says the given utterances, a word for every 0.3 s of audio, on every stream anew.

    Where a linear16 or WAV stream turns out to carry words as data (see
    ``word_audio``), exactly those are heard in place of the script. Needs no
    thread: results come within ``feed()``.
    """

    def __init__(self, transcripts: Sequence[str] = DEFAULT_SCRIPT) -> None:
        # A text is a sequence too, of letters: nobody means that.
        one = isinstance(transcripts, str)
        self._transcripts = (str(transcripts),) if one else tuple(transcripts)

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
        self._script = Script(transcripts)
        self._words = WordListener()
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
