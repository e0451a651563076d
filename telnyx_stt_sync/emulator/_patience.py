"""How long a connection waits for its client."""

from __future__ import annotations

from typing import Optional

# Seconds for the request to come, for a close frame to be answered, and for the second
# direction of the TCP connection to end when the first has.
REQUEST_TIMEOUT = 10.0
CLOSE_TIMEOUT = 5.0
LINGER = 1.0


class Patience:
    """When to give a client up. Only the connection thread touches it.

    ``now`` is seconds of any monotonic clock.
    """

    def __init__(self, now: float) -> None:
        # When the server gives up although the client has not; None while the session is open.
        self.gives_up_at: Optional[float] = now + REQUEST_TIMEOUT
        self._closing = False
        self._ended = False

    def requested(self) -> None:
        """The request came: from now on, the session says how long it takes."""
        self.gives_up_at = None

    def closing(self, now: float) -> None:
        """The server's close frame is unanswered. Only the first call counts."""
        if not self._closing and not self._ended:
            self._closing = True
            self.gives_up_at = now + CLOSE_TIMEOUT

    def half_ended(self, now: float) -> bool:
        """One direction of the connection ended; whether this is the first call."""
        if self._ended:
            return False
        self._ended = True
        self.gives_up_at = now + LINGER
        return True

    def is_over(self, now: float) -> bool:
        """Whether the client has had its time."""
        return self.gives_up_at is not None and now >= self.gives_up_at
