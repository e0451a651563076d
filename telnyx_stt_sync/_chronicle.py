"""When what happened in a stream, and how often."""

from __future__ import annotations

from typing import Optional

from ._events import Stats


class Chronicle:
    """The moments and counters from which the statistics are made.

    Owner: who has the turn; ``fill`` may be called by any: it only reads. Times
    are seconds of one monotonic clock.
    """

    def __init__(self, now: float) -> None:
        self._started_at = now
        self._opened_at: Optional[float] = None  # None: never connected
        self._first_text_at: Optional[float] = None  # None: no text yet
        self._input_ended_at: Optional[float] = None  # None: before the end of the audio
        self._ended_at: Optional[float] = None  # None: not over
        self._sending_since: Optional[float] = None  # None: not connected, or all was sent
        self._sent_for = 0.0  # the same before that, in seconds
        self._frames = 0
        self._opened = 0

    @property
    def was_open(self) -> bool:
        """Whether there ever was a connection."""
        return self._opened_at is not None

    def opened(self, now: float) -> None:
        """A connection is open."""
        self._opened += 1
        if self._opened_at is None:
            self._opened_at = now
        self._sending_since = now

    def lost(self, now: float) -> None:
        """The connection is gone."""
        self._no_more_sent(now)

    def frame_came(self) -> None:
        """A data frame came."""
        self._frames += 1

    def text_came(self, now: float) -> None:
        """Text was heard."""
        if self._first_text_at is None:
            self._first_text_at = now

    def input_ended(self, now: float) -> None:
        """The last audio was handed to the connection."""
        self._input_ended_at = now
        self._no_more_sent(now)

    def ended(self, now: float) -> None:
        """The stream is over."""
        self._ended_at = now
        self._no_more_sent(now)

    def fill(self, stats: Stats) -> Stats:
        """The statistics with what stands in here."""
        opened, first, ended = self._opened_at, self._first_text_at, self._ended_at
        drained_from = self._input_ended_at
        return stats._replace(
            frames=self._frames,
            reconnects=max(0, self._opened - 1),
            connect_seconds=None if opened is None else opened - self._started_at,
            first_transcript_seconds=None if first is None or opened is None else first - opened,
            upload_seconds=None if ended is None or opened is None else self._sent_for,
            drain_seconds=None if ended is None or drained_from is None else ended - drained_from,
        )

    def _no_more_sent(self, now: float) -> None:
        if self._sending_since is not None:
            self._sent_for += now - self._sending_since
            self._sending_since = None
