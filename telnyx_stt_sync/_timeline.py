"""Positions in the audio that was sent → seconds of the audio that was given."""

from __future__ import annotations

from bisect import bisect_right
from typing import List, Tuple


class Timeline:
    """The clock of a stream's audio, which audio that was dropped moves on as well.

    Owner: who has the turn.
    """

    def __init__(self, bytes_per_second: float) -> None:
        self._rate = bytes_per_second
        # Where audio was dropped, in bytes of what was sent, and how much up to there.
        self._places: List[int] = []
        self._dropped: List[int] = []

    @property
    def dropped(self) -> int:
        """Bytes that were dropped so far."""
        return self._dropped[-1] if self._dropped else 0

    def drop(self, position: int, size: int) -> Tuple[float, float]:
        """So much was dropped behind ``position``; returns from when to when, in seconds."""
        start = self.seconds(position)
        self._places.append(position)
        self._dropped.append(self.dropped + size)
        return start, self.seconds(position)

    def seconds(self, position: int) -> float:
        """The time in the audio at a position."""
        if not self._places:
            return position / self._rate
        return self.offset(position, 0.0)

    def offset(self, start: int, seconds: float) -> float:
        """What to add to a time of a connection that began at ``start`` and knows of no drops."""
        index = bisect_right(self._places, start + seconds * self._rate)
        before = self._dropped[index - 1] if index else 0
        return (start + before) / self._rate
