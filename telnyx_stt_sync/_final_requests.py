"""Where in the audio the user asked for a final, so that a reconnect asks there again."""

from __future__ import annotations

from typing import List


class FinalRequests:
    """The places of a stream's ``Finalize`` frames, in bytes of its audio.

    A new connection gets them at the same places as the one before: the same audio is cut into
    finals in the same way, and who waits for one still gets it. Owner: who has the turn.
    """

    def __init__(self) -> None:
        self._places: List[int] = []
        self._sent = 0  # how many of them this connection has got

    def __repr__(self) -> str:
        return f"<FinalRequests {self._sent}/{len(self._places)} sent>"

    def add(self, place: int, oldest: int) -> None:
        """One was sent at ``place``; audio before ``oldest`` is never sent again."""
        self._places = [one for one in self._places if oldest < one < place] + [place]
        self._sent = len(self._places)

    def restart(self, start: int) -> None:
        """A connection is open whose audio begins at ``start``."""
        self._places = [place for place in self._places if place > start]
        self._sent = 0

    def is_due(self, position: int) -> bool:
        """Whether the audio up to ``position`` has to be followed by one."""
        return self._sent < len(self._places) and self._places[self._sent] <= position

    def take(self, position: int) -> bool:
        """The same; from now on it counts as sent."""
        is_due = self.is_due(position)
        self._sent += is_due
        return is_due

    def room(self, position: int, limit: int) -> int:
        """How many of ``limit`` bytes may be sent before the next one is due."""
        if self._sent == len(self._places):
            return limit
        return min(limit, self._places[self._sent] - position)
