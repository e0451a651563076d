"""The streams of one ``Transcriber``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable, Dict, List, Optional, Protocol

from ._events import Transcription

if TYPE_CHECKING:
    from ._stream import Stream


class Running(Protocol):
    """A stream, or what has streams of its own."""

    def abandon(self) -> None:
        """End it soon, without waiting."""

    def close(self) -> None:
        """End it, and wait for that, within limits."""


class OpenStreams:
    """Those that run, and what the one that ended last has heard.

    It does not know the ``Transcriber``, so a running stream keeps none alive.
    Single dict operations only: they need no lock, and ``close()`` may come
    from a signal handler.
    """

    def __init__(self) -> None:
        self._running: Dict[int, Running] = {}
        self._closings = 0
        self.latest: Optional[Transcription] = None  # None: no stream has ended yet

    def add(self, stream: Running) -> None:
        """A stream is about to be started."""
        self._running[id(stream)] = stream

    def ended(self, stream: Stream) -> None:
        """A stream has ended, or failed to open."""
        self.remove(stream)
        if stream.outcome is not None and stream.outcome.transcription is not None:
            self.latest = stream.outcome.transcription

    def remove(self, stream: Running) -> None:
        """It runs no more."""
        self._running.pop(id(stream), None)

    def running(self) -> List[Running]:
        """Those that run now."""
        return list(self._running.values())

    def watch(self) -> Callable[[], bool]:
        """Gives a function that tells whether all were ended since."""
        before = self._closings
        return lambda: self._closings != before

    def abandon(self) -> None:
        """End them all soon, without waiting."""
        self._closings += 1
        for stream in self.running():
            stream.abandon()
