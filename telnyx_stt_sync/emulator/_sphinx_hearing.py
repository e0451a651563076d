"""The stream of sound cut into utterances, and what was understood of them."""

from __future__ import annotations

import random
import struct
from typing import Callable

from .._pcm import is_silent
from ._decoding import RATE
from ._recogniser import Heard, OnHeard
from ._sphinx_decoder import SphinxDecoder, new_endpointer

_BYTES_PER_SECOND = 2 * RATE

# A pause of so many seconds ends an utterance. 0.3 made 1 % more errors on recordings of
# people, 0.5 runs sentences together.
_PAUSE = 0.4

# The endpointer takes frames of 0.03 s and gives speech out as late as it looks back.
_PAUSE_FRAMES = round(_PAUSE / 0.03)

# One frame of the faintest noise. The endpointer takes digital silence for speech, up to
# seconds of it, and an utterance in front of it does not end.
_HISS = struct.pack("<480h", *random.Random(1).choices(range(-2, 3), k=480))

# An utterance without a pause is cut after so many seconds, at the quietest place of the
# last few. Decoding it takes a fifth of that, while nothing else is heard.
_LONGEST = 15.0
_CUT_WITHIN = 4.0

# Between two interims, in seconds of speech.
_INTERIM_EVERY = 0.3


class Hearing:
    """What was understood of one stream of 16 kHz mono PCM, told by ``on_heard``.

    Interims while an utterance goes on, a final when it ends, in order. One
    thread; ``on_heard`` is called within ``feed()`` and ``flush()``. The finals
    do not depend on how the audio is cut, nor on the interims.
    """

    def __init__(self, decoder: SphinxDecoder, on_heard: OnHeard) -> None:
        self._decoder = decoder
        self._on_heard = on_heard
        self._endpointer = new_endpointer(_PAUSE)
        # Where the endpointer's clock began, in bytes of the stream.
        self._origin = 0
        # Bytes of the stream that the endpointer has seen.
        self._seen = 0
        # Too little for the endpointer.
        self._rest = b""
        # The last frames, which the endpointer has seen but not given out.
        self._recent = bytearray()
        # The utterance so far, empty outside speech, and where in the stream it began.
        self._utterance = bytearray()
        self._began = 0
        self._interims = _Interims(decoder)

    @property
    def seconds(self) -> float:
        """How much audio was fed."""
        return (self._seen + len(self._rest)) / _BYTES_PER_SECOND

    def feed(self, pcm: bytes, *, behind: Callable[[], bool]) -> None:
        """Hear more. Interims are left out where ``behind()`` says that time is short."""
        self._rest += pcm
        size: int = self._endpointer.frame_bytes
        while len(self._rest) >= size:
            frame, self._rest = self._rest[:size], self._rest[size:]
            self._hear(frame, behind)

    def flush(self, *, ends_utterance: bool) -> None:
        """Say all that was heard, as if a pause came now."""
        audio = self._seen + len(self._rest)
        size: int = self._endpointer.frame_bytes
        for frame in [self._rest.ljust(size, b"\0")] + [_HISS] * _PAUSE_FRAMES:
            # In silence the detector fills up: a word too short to be noticed yet is noticed.
            speech = self._endpointer.process(frame)
            if speech is not None:
                self._extend(speech)
            if self._utterance and not self._endpointer.in_speech:
                break
        if self._utterance:
            self._finish(len(self._utterance), ends_utterance=ends_utterance)
        self._restart(audio)

    def _restart(self, position: int) -> None:
        self._rest = b""
        self._recent.clear()
        self._origin = self._seen = position
        self._endpointer = new_endpointer(_PAUSE)

    def _hear(self, frame: bytes, behind: Callable[[], bool]) -> None:
        """One frame of the endpointer, and what follows from it."""
        if is_silent(frame):
            frame = _HISS
        speech = self._endpointer.process(frame)
        self._seen += len(frame)
        self._recent += frame
        del self._recent[: -(_PAUSE_FRAMES - 1) * len(frame)]
        if speech is None:
            return
        self._extend(speech)
        if not self._endpointer.in_speech:
            self._finish(len(self._utterance), ends_utterance=True)
            return
        if len(self._utterance) >= _LONGEST * _BYTES_PER_SECOND:
            self._finish(_quietest(self._utterance), ends_utterance=False)
        self._interims.extend(frame, behind=behind())
        if self._interims.wants_beginning:
            self._interims.begin(bytes(self._utterance + self._recent))
        self._tell_interim()

    def _extend(self, speech: bytes) -> None:
        if not self._utterance:
            start = self._origin + round(self._endpointer.speech_start * _BYTES_PER_SECOND)
            self._began = start
        self._utterance += speech

    def _tell_interim(self) -> None:
        text = self._interims.next_text()
        if text:
            start, end = self._began / _BYTES_PER_SECOND, self._seen / _BYTES_PER_SECOND
            self._on_heard(Heard(text, False, start, end))

    def _finish(self, size: int, *, ends_utterance: bool) -> None:
        """Say what the first ``size`` bytes of the utterance are, as a final; keep the others."""
        pcm = bytes(self._utterance[:size])
        spoken = self._decoder.whole(pcm)
        began = self._began / _BYTES_PER_SECOND
        if spoken is not None:
            # flush() adds silence, which is not the stream's.
            start, end = began + spoken.start, min(began + spoken.end, self.seconds)
            heard = Heard(spoken.text, True, start, end, spoken.confidence, ends_utterance)
            self._on_heard(heard)
        elif self._interims.told:
            # An empty final takes back what the interims made of a noise.
            end = began + size / _BYTES_PER_SECOND
            self._on_heard(Heard("", True, began, end, None, ends_utterance))
        self._interims.end()
        del self._utterance[:size]
        self._began += size


class _Interims:
    """When to say what of the utterance that goes on."""

    def __init__(self, decoder: SphinxDecoder) -> None:
        self._decoder = decoder
        self._is_guessing = False
        # Until the end of the utterance.
        self._is_given_up = False
        # Bytes of speech since the last look, and what was said last.
        self._unsaid = 0
        self._text = ""

    @property
    def told(self) -> bool:
        """Whether something was said of this utterance."""
        return bool(self._text)

    @property
    def wants_beginning(self) -> bool:
        """Whether ``begin()`` is to be called: there may be interims, and none are under way."""
        return not self._is_guessing and not self._is_given_up

    def begin(self, audio: bytes) -> None:
        """Take the utterance up to now."""
        self._decoder.begin(audio)
        self._is_guessing = True
        self._unsaid = len(audio)

    def extend(self, audio: bytes, *, behind: bool) -> None:
        """The utterance went on, or begins."""
        if behind and not self._is_given_up:
            # For the rest of the utterance: the gap could not be filled later.
            self._is_given_up = True
            self._is_guessing = False
            self._decoder.abandon()
        if self._is_guessing:
            self._decoder.more(audio)
            self._unsaid += len(audio)

    def next_text(self) -> str:
        """What is to be said now; nothing most of the time."""
        if self._unsaid < _INTERIM_EVERY * _BYTES_PER_SECOND or not self._is_guessing:
            return ""
        self._unsaid = 0
        text = self._decoder.guess()
        if not text or text == self._text:
            return ""
        self._text = text
        return text

    def end(self) -> None:
        """The utterance is over."""
        self._is_guessing = self._is_given_up = False
        self._unsaid = 0
        self._text = ""


def _quietest(pcm: bytearray) -> int:
    """Where the last seconds of 16-bit PCM are quietest, in bytes."""
    step = _BYTES_PER_SECOND // 50
    first = len(pcm) - int(_CUT_WITHIN * _BYTES_PER_SECOND)
    loudness = [_loudness(pcm[at : at + step]) for at in range(first, len(pcm) - step + 1, step)]
    # Over five steps, 0.1 s: a stop consonant is silent for less.
    sums = [sum(loudness[at : at + 5]) for at in range(len(loudness) - 4)]
    return first + (sums.index(min(sums)) + 2) * step


def _loudness(pcm: bytearray) -> int:
    return sum(map(abs, struct.unpack(f"<{len(pcm) // 2}h", pcm)))
