"""Everything heard so far: transcript messages in, ``Transcript`` events and segments out."""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

from ._actions import Heard, TranscriptHeard, UtteranceEnded
from ._events import Timing, Transcript, Word
from ._messages import TranscriptMessage
from ._speech_times import SpeechTimes

# Frames of no known shape that are kept for the user to look at.
KEPT_UNKNOWN_FRAMES = 100


class TranscriptLog:
    """The finals in order, the interim that may still become one, and the counters.

    Interims replace each other, finals are append-only, and an empty final is
    a boundary, not text. The counters count what has text.
    Owner: who has the turn; the counters may be read by any.
    """

    def __init__(self) -> None:
        self._segments: List[Transcript] = []
        self._interim: Optional[Transcript] = None  # None: a final has followed the last one
        self._said_since_boundary = False
        self._unknown: List[Any] = []
        self._times = SpeechTimes()
        self.interims = 0
        self.finals = 0

    def __repr__(self) -> str:
        return f"<TranscriptLog finals={self.finals} interims={self.interims}>"

    def add(
        self,
        message: TranscriptMessage,
        audio_seconds: float,
        *,
        offset: float = 0.0,
        replayed: bool = False,
    ) -> List[Heard]:
        """Take in a message that came when ``audio_seconds`` of audio had been sent.

        ``offset``: where in the audio its connection began, in seconds. ``replayed``:
        words of it may have been told before.
        """
        transcript = self._transcript(message, audio_seconds, offset, replayed)
        heard: List[Heard] = []
        self._remember(transcript, message)
        if transcript.text:
            self._said_since_boundary = True
            heard.append(TranscriptHeard(transcript))
        # Deepgram may tell one boundary twice: on the final, and in an empty one after it.
        is_boundary = message.speech_final or message.utterance_end or not transcript.text
        if message.is_final and is_boundary and self._said_since_boundary:
            self._said_since_boundary = False
            heard.append(UtteranceEnded(transcript))
        return heard

    def segments(self) -> Tuple[Transcript, ...]:
        """The finals, and the interim that no final followed, if there is one."""
        return (*self._segments, *([self._interim] if self._interim else ()))

    def keep_unknown(self, raw: Any) -> None:
        """Keep a frame of no known shape for the user to look at, unless there are many."""
        if len(self._unknown) < KEPT_UNKNOWN_FRAMES:
            self._unknown.append(raw)

    def unknown(self) -> Tuple[Any, ...]:
        """The frames of no known shape."""
        return tuple(self._unknown)

    def _remember(self, transcript: Transcript, message: TranscriptMessage) -> None:
        if not message.is_final:
            self.interims += bool(transcript.text)
            self._interim = transcript if transcript.text else None
            return
        self.finals += bool(transcript.text)
        # An end of utterance without text says nothing about the interim before it.
        if transcript.text or not message.utterance_end:
            self._interim = None
        if transcript.text:
            self._segments.append(transcript)

    def _transcript(
        self, message: TranscriptMessage, audio_seconds: float, offset: float, replayed: bool
    ) -> Transcript:
        start, end, timing = self._when(message, audio_seconds, offset)
        return Transcript(
            text=message.text,
            is_final=message.is_final,
            confidence=message.confidence,
            speech_final=message.speech_final,
            start=start,
            end=end,
            timing=timing,
            words=tuple(_moved(word, offset) for word in message.words)
            if offset
            else message.words,
            replayed=replayed,
            raw=message.raw,
        )

    def _when(
        self, message: TranscriptMessage, audio_seconds: float, offset: float
    ) -> Tuple[float, float, Timing]:
        times = self._times
        if message.start is not None and message.end is not None:
            start, end = message.start + offset, message.end + offset
            if message.is_final:
                times.ended(end)
            return start, end, "server"
        # An end of utterance without text is told when it comes, and is no final.
        if message.is_final and (message.text or not message.utterance_end):
            return (*times.final(message.text, audio_seconds), "estimated")
        return (*times.interim(message.text, audio_seconds), "estimated")


def _moved(word: Word, offset: float) -> Word:
    """The word with times that count from the start of the stream."""
    return word._replace(
        start=None if word.start is None else word.start + offset,
        end=None if word.end is None else word.end + offset,
    )
