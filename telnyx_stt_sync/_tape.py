"""The audio that was sent last, kept so that it can be sent again."""

from __future__ import annotations


class Tape:
    """The last ``capacity`` bytes of a stream's audio, by position; it begins at a whole sample.

    Owner: who has the turn.
    """

    def __init__(self, capacity: int, unit: int) -> None:
        self._capacity = capacity
        self._unit = unit  # bytes of one sample
        self._audio = bytearray()
        self.start = 0  # position of the oldest byte that is kept

    def __repr__(self) -> str:
        return f"<Tape {self.start}..{self.end}>"

    @property
    def end(self) -> int:
        """The position behind the newest byte."""
        return self.start + len(self._audio)

    def append(self, audio: bytes) -> None:
        """Keep this audio; as much of the oldest is dropped as there is too much."""
        self._audio += audio
        excess = len(self._audio) - self._capacity
        if excess <= 0:
            return
        # The last piece of a stream may end in the middle of a sample.
        excess = min(-(-excess // self._unit) * self._unit, len(self._audio))
        del self._audio[:excess]
        self.start += excess

    def read(self, position: int, size: int) -> bytes:
        """At most ``size`` bytes from ``position`` on, which must be kept; none at the end."""
        offset = position - self.start
        return bytes(self._audio[offset : offset + size])
