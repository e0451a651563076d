"""What follows from a failure: another connection, or the end of the stream."""

from __future__ import annotations

from typing import Callable, NamedTuple, Optional, Union

from ._actions import Reconnecting
from ._errors import AuthenticationError, ConnectError, ConnectionLostError, TelnyxSTTError
from ._replay import Replay
from ._retry import Retries, RetryPolicy
from ._splice import Lost


class GivenUp(NamedTuple):
    """The stream ends with ``error``. ``lost`` is the audio that it can't make up for, if any."""

    error: TelnyxSTTError
    lost: Optional[Lost] = None


class Recovery:
    """Decides whether to connect again, by the policy and by what can be sent again.

    Owner: who has the turn. Times are seconds of one monotonic clock.
    """

    def __init__(
        self, policy: Optional[RetryPolicy], chance: Callable[[], float], replay: Replay
    ) -> None:
        self._retries = Retries(policy, chance)
        self._replay = replay
        self._loss: Optional[ConnectionLostError] = None  # None: nothing was lost yet
        self._lost_at = 0  # how far the audio had been sent then

    def connected(self, now: float) -> None:
        """A connection is open."""
        self._retries.connected(now)

    def final_came(self, has_text: bool) -> None:
        """A final came that is new: the connection works, and the policy starts over."""
        # An empty one is progress, too, if it answers audio that no connection carried before.
        if has_text or self._replay.position > self._lost_at:
            self._retries.start_over()

    def was_stable(self) -> None:
        """The connection of a live stream worked for a while: the policy starts over.

        Not that of a file, which would be sent again and again. Live audio
        either goes on, or comes to the end of what is kept.
        """
        self._retries.start_over()

    def connect_failed(self, error: ConnectError, now: float) -> Union[Reconnecting, GivenUp]:
        """A connection could not be opened."""
        error.attempts = self._retries.attempts + 1
        delay = None
        if error.is_temporary:
            delay = self._retries.next_delay(now, error.retry_after)
        if delay is not None:
            return self._reconnecting(error, delay)
        loss = self._loss
        if loss is None or isinstance(error, AuthenticationError):
            return GivenUp(error)
        told = f"{loss}, and connecting again failed: {error}"
        lost = ConnectionLostError(told, code=loss.code, reason=loss.reason)
        lost.__cause__ = error
        lost.is_temporary = error.is_temporary
        return GivenUp(lost)

    def connection_lost(
        self, error: ConnectionLostError, now: float
    ) -> Union[Reconnecting, GivenUp]:
        """The connection is gone before its time."""
        delay = self._retries.next_delay(now)
        if delay is None:
            return GivenUp(error)
        self._loss, self._lost_at = error, self._replay.furthest
        start = self._replay.restart()
        if isinstance(start, Lost):
            return beyond_repair(error, start)
        return self._reconnecting(error, delay)

    def _reconnecting(self, error: TelnyxSTTError, delay: float) -> Reconnecting:
        return Reconnecting(error, self._retries.attempts, delay, self._replay.next_start)


def beyond_repair(error: ConnectionLostError, lost: Lost) -> GivenUp:
    """The end of a stream in which something was lost for good."""
    told = ConnectionLostError(f"{error}; {lost.why}", code=error.code, reason=error.reason)
    return GivenUp(told, lost)
