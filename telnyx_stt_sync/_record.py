"""Everything that a stream has to tell of itself: what was heard, when, and how much."""

from __future__ import annotations

from typing import List, Tuple

from ._actions import Finished, Heard
from ._chronicle import Chronicle
from ._errors import AudioDroppedError
from ._events import Stats, Transcription
from ._replay import Replay
from ._splice import Lost, Told
from ._timeline import Timeline
from ._transcript_log import TranscriptLog


class Record:
    """The transcripts, gaps and counters of a stream.

    Owner: who has the turn; ``stats()`` may be called by any: it only reads.
    """

    def __init__(
        self, replay: Replay, bytes_per_second: float, now: float, *, rate_guessed: bool = False
    ) -> None:
        self.chronicle = Chronicle(now)
        self.log = TranscriptLog()
        self._replay = replay
        self._rate = bytes_per_second
        self._rate_guessed = rate_guessed
        self._timeline = Timeline(bytes_per_second)
        self._gaps: List[Tuple[float, float]] = []

    def __repr__(self) -> str:
        return f"{self._replay!r} {self.log!r}"

    def tell(self, told: Told, now: float) -> List[Heard]:
        """A transcript came that is to be told."""
        if told.message.text:
            self.chronicle.text_came(now)
        timeline, replay, message = self._timeline, self._replay, told.message
        offset = 0.0
        if message.words or message.start is not None:
            offset = timeline.offset(replay.start, message.start or 0.0)
        return self.log.add(
            message,
            timeline.seconds(replay.position if told.position is None else told.position),
            offset=offset,
            replayed=told.replayed,
        )

    def drop(self, size: int) -> AudioDroppedError:
        """So many bytes of audio were dropped behind what was sent."""
        start, end = self._timeline.drop(self._replay.furthest, size)
        self._gaps.append((start, end))
        return AudioDroppedError(
            f"{end - start:.2f} s of audio were dropped, from {start:.2f} s on: more came than "
            "buffer_seconds holds while the network did not take it",
            seconds=end - start,
        )

    def lose(self, lost: Lost) -> None:
        """What was said there may be lost."""
        seconds = self._timeline.seconds
        self._gaps.append((seconds(lost.start), seconds(lost.end)))

    def stats(self) -> Stats:
        """The counters so far."""
        sent, replayed = self._replay.furthest, self._replay.replayed
        dropped = self._timeline.dropped
        return self.chronicle.fill(
            Stats(
                sent_bytes=sent,
                sent_seconds=sent / self._rate,
                dropped_bytes=dropped,
                dropped_seconds=dropped / self._rate,
                replayed_bytes=replayed,
                replayed_seconds=replayed / self._rate,
                interims=self.log.interims,
                finals=self.log.finals,
                rate_guessed=self._rate_guessed,
            )
        )

    def transcription(self, finished: Finished) -> Transcription:
        """All that was heard, and how it ended."""
        return Transcription(
            segments=self.log.segments(),
            complete=finished.error is None and finished.ended_by in ("server_close", "quiet"),
            ended_by=finished.ended_by,
            gaps=tuple(self._gaps),
            audio_seconds=self._replay.furthest / self._rate,
            stats=self.stats(),
            unknown_frames=self.log.unknown(),
        )
