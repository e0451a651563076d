"""After the last audio: how long to wait for finals, and what the silence then means."""

from __future__ import annotations

import enum
from typing import Optional

from ._engine import Engine

# Seconds without a frame that end a stream in which no final followed the end of the audio.
# Nothing is published; it is twice the longest quiet period.
SILENCE_WITHOUT_FINAL = 10.0

# Seconds without a frame after which a close may be that of an idle connection, and not that of a
# failure. No idle timeout is published; finals that belong together come closer than that.
IDLE_SECONDS = 1.0


class Verdict(enum.Enum):
    """What the wait has come to."""

    WAIT = "wait"
    QUIET = "quiet"  # the engine has said all it had to say, as far as silence can tell
    TIMEOUT = "timeout"  # something is owed, and nothing moves


class Drain:
    """The wait for the last finals.

    An engine that closes is waited for until it does; ``drain_timeout``
    seconds without progress are too long. An engine that never closes is done
    when nothing has come for ``quiet_period`` seconds, or for twice the
    longest gap between its frames, after a final that followed the end of the
    audio. Progress is a data frame in, or audio out; pings are none.
    Owner: who has the turn. Times are seconds of one monotonic clock.
    """

    def __init__(
        self, engine: Engine, drain_timeout: float, quiet_period: Optional[float], now: float
    ) -> None:
        self._engine = engine
        self._drain_timeout = drain_timeout
        self._quiet_period = engine.quiet_period if quiet_period is None else quiet_period
        self._progress_at = now
        self._out_at: Optional[float] = None  # None: audio or CloseStream is still to go out
        self._frame_at: Optional[float] = None  # None: no frame since all was out
        self._longest_gap = 0.0
        self._final_followed = False
        # Set when the last audio was handed over: whether this connection has answered at all, and
        # whether there was nothing to answer.
        self.any_frame = False
        self.only_silence = False

    @property
    def all_is_out(self) -> bool:
        """Whether everything we had to say has been written."""
        return self._out_at is not None

    def wrote(self, now: float) -> None:
        """Bytes of audio went out."""
        self._progress_at = now

    def all_out(self, now: float) -> None:
        """The last byte of audio and of ``CloseStream`` went out."""
        self._progress_at = self._out_at = now

    def frame(self, is_final: bool, now: float) -> None:
        """A data frame came in; ``is_final``: with a final in it."""
        self._progress_at = now
        self.any_frame = True
        if self._out_at is None:
            return
        if self._frame_at is not None:
            self._longest_gap = max(self._longest_gap, now - self._frame_at)
        self._frame_at = now
        self._final_followed = self._final_followed or is_final

    def is_idle(self, now: float) -> bool:
        """Whether everything is out, something was answered, and nothing has come for a while."""
        if self._out_at is None or not self.any_frame:
            return False
        since = self._out_at if self._frame_at is None else self._frame_at
        return now - since >= IDLE_SECONDS

    def verdict(self, now: float) -> Verdict:
        """What it has come to by now."""
        if now < self.deadline:
            return Verdict.WAIT
        return Verdict.QUIET if self._silence_ends_it else Verdict.TIMEOUT

    @property
    def deadline(self) -> float:
        """When the verdict falls unless something comes before."""
        if not self._silence_ends_it or self._out_at is None:
            return self._progress_at + self._drain_timeout
        since = self._out_at if self._frame_at is None else self._frame_at
        if self._final_followed:
            return since + max(self._quiet_period, 2 * self._longest_gap)
        return since + SILENCE_WITHOUT_FINAL

    @property
    def _silence_ends_it(self) -> bool:
        if self._engine.closes or self._out_at is None:
            return False
        # An engine that never said a word may be dead -- unless there was nothing to hear.
        return self.any_frame or self.only_silence
