"""What all connections of one emulator share: its settings and the record of its sessions."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Callable, Dict, List, Optional, Tuple

from ._dialogue import Timing
from ._fault import Fault
from ._query import Query
from ._recogniser import Recogniser
from ._session import Session


@dataclass(frozen=True)
class Service:
    """The emulator's settings, as its connections need them. Immutable."""

    # Called by a connection's thread, once per session.
    recogniser_for: Callable[[Query], Recogniser]
    faults: Tuple[Fault, ...] = ()
    engine: Optional[str] = None
    api_key: Optional[str] = None
    timing: Timing = field(default_factory=Timing)


class SessionLog:
    """The sessions in the order in which their requests came. Any thread may use it."""

    def __init__(self) -> None:
        # Guards `_sessions`, and wakes who waits for one to be answered.
        self._changed = threading.Condition()
        self._sessions: List[Session] = []

    def add(self, path: str, query: Query, headers: Dict[str, str]) -> Session:
        """Record a request; gives it its number."""
        with self._changed:
            session = Session(len(self._sessions) + 1, path, query, headers)
            self._sessions.append(session)
            return session

    def answered(self, session: Session, status: int) -> None:
        """The session's request was answered with an HTTP status."""
        session.answered(status)
        with self._changed:
            self._changed.notify_all()

    @property
    def sessions(self) -> List[Session]:
        with self._changed:
            return list(self._sessions)

    def wait_for(self, count: int, timeout: float) -> List[Session]:
        """The sessions, once ``count`` requests were answered. Raises ``TimeoutError``."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while sum(each.status is not None for each in self._sessions) < count:
                if not self._changed.wait(deadline - time.monotonic()):
                    seen = len(self._sessions)
                    raise TimeoutError(f"{seen} of {count} sessions after {timeout} s")
            return list(self._sessions)
