"""What a session is going to do, in order, each thing not before its time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Deque, List, Optional, Tuple, Union


@dataclass(frozen=True)
class Send:
    """Send one frame: ``str`` goes as text, ``bytes`` as binary."""

    payload: Union[str, bytes]


@dataclass(frozen=True)
class Close:
    """Send a close frame. 1005 sends one without a code; 1006 ends TCP without one."""

    code: int = 1000
    reason: str = ""


@dataclass(frozen=True)
class Reset:
    """Break the TCP connection by RST."""


@dataclass(frozen=True)
class Vanish:
    """Take nothing in and let nothing out any more; TCP stays, as when the network has gone."""


@dataclass(frozen=True)
class StopReading:
    """Take nothing in any more; what there is to say still goes out."""


@dataclass(frozen=True)
class SendRaw:
    """Send bytes that need not make whole frames; nothing while the client has to catch up.

    A session's record does not have them.
    """

    data: bytes


Action = Union[Send, SendRaw, StopReading, Close, Reset, Vanish]


def ends_connection(action: Action) -> bool:
    """Whether nothing can follow the action."""
    return isinstance(action, (Close, Reset, Vanish))


class Outbox:
    """A first-in, first-out queue of actions with the time before which each must wait.

    An action never overtakes the one before it, so a late final holds back
    what follows it. Only the connection thread touches it.
    """

    def __init__(self) -> None:
        self._waiting: Deque[Tuple[float, Action]] = deque()
        # When the last action put in is due; 0.0 before the first.
        self.last_due = 0.0

    def put(self, action: Action, not_before: float) -> None:
        """Add an action that is due at ``not_before``, or later if it must wait for another."""
        self.last_due = max(self.last_due, not_before)
        self._waiting.append((self.last_due, action))

    def take_due(self, now: float) -> List[Action]:
        """Remove and return what is due."""
        due: List[Action] = []
        while self._waiting and self._waiting[0][0] <= now:
            due.append(self._waiting.popleft()[1])
        return due

    @property
    def next_due(self) -> Optional[float]:
        """When the next action is due, ``None`` when there is none."""
        return self._waiting[0][0] if self._waiting else None
