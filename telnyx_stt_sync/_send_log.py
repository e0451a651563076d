"""How far the audio had been sent at any time of the last seconds."""

from __future__ import annotations

from typing import List, NamedTuple, Tuple

# Seconds from the sending of a word to the final with it, at the most that is reckoned with.
# Finals were seen to lag by 0.3 to 2 s; the socket's send buffer of 64 KiB may hold two more.
LOOK_BACK = 10.0

# Sends within so many seconds share an entry: ten seconds take a hundred, however many the sends.
GRAIN = 0.1


class Bounds(NamedTuple):
    """What a final says about places in the audio, in bytes of the stream.

    Everything that has not been heard when it comes lies past ``low``, if the
    recogniser lags by no more than ``LOOK_BACK`` seconds. Its own words lie before
    ``high``, whatever the recogniser does.
    """

    low: int
    high: int


class SendLog:
    """The times and positions of one connection's sends.

    Positions are bytes of the stream's audio as it goes on the wire, counted
    across all connections. Times are seconds of one monotonic clock.
    Owner: who has the turn.
    """

    def __init__(self, position: int, now: float) -> None:
        self.start = self.position = position
        # Times and positions, both rising; the first is older than LOOK_BACK, or the start.
        # At most LOOK_BACK / GRAIN of them: a deque would take seven times the memory of a few.
        self._entries: List[Tuple[float, int]] = [(now, position)]

    def __repr__(self) -> str:
        return f"<SendLog {self.start}..{self.position}>"

    def sent(self, size: int, now: float) -> None:
        """So many bytes more were handed to the connection."""
        self.position += size
        entries = self._entries
        # An entry stands for the time of its first send and the position after its last, so the
        # positions of past times are rounded up, by a tenth of a second at the most.
        if now - entries[-1][0] < GRAIN and len(entries) > 1:
            entries[-1] = (entries[-1][0], self.position)
        else:
            entries.append((now, self.position))
        while len(entries) > 2 and entries[1][0] <= now - LOOK_BACK:
            del entries[0]

    def bounds(self, now: float) -> Bounds:
        """Those of a final that comes now."""
        low = self.start
        for time, position in self._entries:
            if time > now - LOOK_BACK:
                break
            low = position
        return Bounds(low, self.position)
