"""When to ping, and when a peer counts as dead."""

from __future__ import annotations


class Heartbeat:
    """The rule of life: a peer is dead when nothing came *and* nothing went for too long.

    A silent peer alone proves nothing: on a slow up-link our pings queue
    behind audio, and as long as bytes go out somebody takes them. Bytes of
    our own pings do not count, or an idle connection would never be dead.
    Owner: who has the turn. Times are seconds of one monotonic clock.
    """

    def __init__(self, interval: float, timeout: float, now: float) -> None:
        self._interval = interval
        self._patience = interval + timeout
        self._moved_at = now  # heard, or audio bytes went out
        self._ping_at = now + interval
        self._is_wanted = False  # a ping is, whatever was heard

    def heard(self, now: float) -> None:
        """A frame of any kind came in."""
        self._moved_at = now
        if not self._is_wanted:
            self._ping_at = now + self._interval

    def wrote(self, now: float) -> None:
        """Bytes of audio went out."""
        self._moved_at = now

    def want_ping(self, now: float) -> None:
        """A ping is due now, even if something is heard before it is sent."""
        self._ping_at = now
        self._is_wanted = True

    def ping_due(self, now: float) -> bool:
        """Whether to send a ping now; asking moves the next one to an interval from now."""
        if now < self._ping_at:
            return False
        self._ping_at = now + self._interval
        self._is_wanted = False
        return True

    def is_dead(self, now: float) -> bool:
        """Whether the peer is to be given up."""
        return now >= self._moved_at + self._patience

    @property
    def deadline(self) -> float:
        """When to look again."""
        return min(self._ping_at, self._moved_at + self._patience)
