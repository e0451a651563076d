"""When a recogniser that works at a given speed would be done with a piece of audio."""

from __future__ import annotations


class Pace:
    """A queue of audio that is worked off at ``speed`` × real time; ``inf`` is at once.

    It only computes: nothing waits here, and ``now`` (seconds, any monotonic
    clock) is an argument.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        # Seconds of audio that were put in.
        self._audio = 0.0
        # When everything that was put in is done; 0.0 before the first audio.
        self.busy_until = 0.0

    def audio_received(self, seconds: float, now: float) -> None:
        """``seconds`` more of audio have arrived."""
        self._audio += seconds
        self.busy_until = max(now, self.busy_until) + seconds / self._speed

    def done_at(self, position: float) -> float:
        """When the audio up to ``position`` seconds is done."""
        return self.busy_until - max(0.0, self._audio - position) / self._speed
