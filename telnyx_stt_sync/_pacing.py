"""When each byte of a file is due, so that it goes out at a given multiple of real time."""

from __future__ import annotations

import math
from typing import Optional

from ._errors import ConfigurationError
from ._values import is_number, is_unbounded, shown

# Seconds of audio that may be made up for at once after a wait. More would be a burst that
# nobody asked for: engines send fewer interims then, or none.
_CATCH_UP = 1.0


class Pacer:
    """The schedule of an upload at ``speed`` times real time; ``math.inf`` is at once.

    The first byte asked about is due at once, and every other by its distance
    from that, so errors do not add up. Times are seconds of one monotonic clock.
    Raises ``ConfigurationError`` for a speed that is not a number above 0.
    """

    def __init__(self, speed: float, bytes_per_second: float) -> None:
        if not (is_number(speed) or is_unbounded(speed)) or speed <= 0:
            raise ConfigurationError(
                f"speed={shown(speed)}: give a number above 0 (1 is real time), or math.inf for "
                "as fast as the service reads"
            )
        self._speed = speed
        self._pace = bytes_per_second * speed
        # When the byte at position 0 was or would have been due; None: nothing was asked yet.
        self._zero_at: Optional[float] = None

    def delay(self, position_bytes: int, now: float) -> float:
        """Seconds from ``now`` until the byte at ``position_bytes`` is due, 0 if it is."""
        if math.isinf(self._speed):
            return 0.0
        offset = position_bytes / self._pace
        if self._zero_at is None:
            self._zero_at = now - offset
        # A peer that did not read for a while moves the rest of the schedule.
        self._zero_at = max(self._zero_at, now - offset - _CATCH_UP / self._speed)
        return max(0.0, self._zero_at + offset - now)
