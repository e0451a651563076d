"""What one turn of a speaker brings, for engines that send one final for the whole of it."""

from __future__ import annotations

from dataclasses import replace
from typing import List, Optional

from ._recogniser import Heard


class Turn:
    """Joins what a recogniser tells in parts. Only the connection thread touches it."""

    def __init__(self) -> None:
        self._parts: List[Heard] = []

    @property
    def is_open(self) -> bool:
        """Whether something was heard that no final has told yet."""
        return bool(self._parts)

    def join(self, heard: Heard) -> Heard:
        """The turn so far; final only when the speaker has paused."""
        whole = self._whole([*self._parts, heard])
        if not heard.is_final:
            return whole
        if heard.ends_utterance:
            self._parts = []
            return whole
        self._parts.append(heard)
        return replace(whole, is_final=False)

    def end(self) -> Optional[Heard]:
        """The turn as it is, as a final; ``None`` when none is open."""
        parts, self._parts = self._parts, []
        return replace(self._whole(parts), ends_utterance=True) if parts else None

    def _whole(self, parts: List[Heard]) -> Heard:
        text = " ".join(part.text for part in parts)
        return replace(parts[-1], text=text, start=parts[0].start)
