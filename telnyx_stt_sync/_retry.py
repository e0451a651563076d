"""Whether to connect again after a failure, and after how long."""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional

from ._errors import ConfigurationError
from ._values import is_number, is_unbounded, is_whole, shown


class RetryPolicy(NamedTuple):
    """How often and for how long a stream tries to connect again.

    ``max_attempts`` connects in a row without a new final between them, and
    ``max_elapsed`` seconds without a connection among them, are the limits.
    The waits are ``initial`` seconds, doubled each time up to ``maximum``, and
    0 to ``jitter`` seconds by chance on top. The waits are Telnyx's advice: 250 ms,
    500 ms, 1 s, 2 s, then at most 5 s, plus up to 500 ms.

    ``Transcriber`` raises ``ConfigurationError`` for values that make no sense.
    """

    max_attempts: int = 8
    max_elapsed: float = 60.0
    initial: float = 0.25
    maximum: float = 5.0
    jitter: float = 0.5


def retry_policy(reconnect: object) -> Optional[RetryPolicy]:
    """What the option ``reconnect`` means; ``None``: never again.

    Raises ``ConfigurationError``.
    """
    if isinstance(reconnect, bool):
        return RetryPolicy() if reconnect else None
    if not isinstance(reconnect, RetryPolicy):
        raise ConfigurationError(f"reconnect={shown(reconnect)}: give True, False or a RetryPolicy")
    attempts, *durations = reconnect
    if not is_whole(attempts) or attempts < 1:
        raise ConfigurationError(f"max_attempts={shown(attempts)}: give a whole number above 0")
    for name, value in zip(reconnect._fields[1:], durations):
        if not (is_number(value) or is_unbounded(value)) or value < 0:
            raise ConfigurationError(f"{name}={shown(value)}: give seconds, 0 or more")
    return reconnect


class Retries:
    """The failures in a row, and what the policy makes of the next one.

    Owner: the I/O thread. Times are seconds of one monotonic clock; ``chance``
    gives a number from 0 to 1. ``policy`` ``None``: there is no next time.
    """

    def __init__(self, policy: Optional[RetryPolicy], chance: Callable[[], float]) -> None:
        self._policy = policy
        self._chance = chance
        self.attempts = 0  # connects tried again since the last new final
        # Seconds without a connection since then; the present time without one is not in it.
        self._down = 0.0
        self._down_since: Optional[float] = None  # None: while there is a connection

    def __repr__(self) -> str:
        return f"<Retries attempts={self.attempts}>"

    def next_delay(self, now: float, retry_after: Optional[float] = None) -> Optional[float]:
        """Seconds to wait before the next connect; ``None``: give up.

        ``retry_after`` is what the server asked for; more than the policy has
        left is a reason to give up at once.
        """
        policy = self._policy
        if self._down_since is None:
            self._down_since = now
        if policy is None or self.attempts >= policy.max_attempts:
            return None
        # No sum of the other values is as long as 2 to the 60th of them.
        delay = min(policy.maximum, policy.initial * 2.0 ** min(self.attempts, 60))
        delay += policy.jitter * self._chance()
        delay = max(delay, retry_after or 0.0)
        if self._down + (now - self._down_since) + delay > policy.max_elapsed:
            return None
        self.attempts += 1
        return delay

    def connected(self, now: float) -> None:
        """There is a connection again."""
        if self._down_since is not None:
            self._down += now - self._down_since
            self._down_since = None

    def start_over(self) -> None:
        """A new final came: the connection works."""
        self.attempts = 0
        self._down = 0.0
