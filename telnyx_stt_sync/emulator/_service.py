"""What all connections of one emulator share: its settings and the record of its sessions."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Callable, Dict, List, Mapping, Optional, Tuple

from ._fault import Fault, FaultPlan
from ._query import Query
from ._recogniser import Recogniser
from ._rejections import rejection
from ._session import Session
from ._upgrade import Refusal, early_refusal, refusal


@dataclass(frozen=True)
class Service:
    """The emulator's settings, as its connections need them. Immutable."""

    # Called by a connection's thread, once per session.
    recogniser_for: Callable[[Query], Recogniser]
    faults: Tuple[Fault, ...] = ()
    engine: Optional[str] = None
    api_key: Optional[str] = None

    def refusal(
        self, path: str, query: Query, headers: Mapping[str, str], plan: FaultPlan
    ) -> Optional[Refusal]:
        """What refuses the upgrade, ``None`` when nothing does."""
        refused = refusal(path, headers, self.api_key) or plan.refusal
        if refused is None and plan.rejects_early:
            return early_refusal(rejection(query, self.engine))
        return refused


class SessionLog:
    """The sessions in the order in which their requests came. Any thread may use it."""

    def __init__(self, *, record: bool = True) -> None:
        self._record = record
        # Guards `_sessions`, and wakes who waits for one to be answered.
        self._changed = threading.Condition()
        self._sessions: List[Session] = []

    def add(self, path: str, query: Query, headers: Dict[str, str]) -> Session:
        """Record a request; gives it its number."""
        with self._changed:
            index = len(self._sessions) + 1
            session = Session(index, path, query, headers, record=self._record)
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
        with self._changed:
            if not self._changed.wait_for(lambda: self._answers() >= count, timeout):
                raise TimeoutError(f"{self._answers()} of {count} sessions after {timeout} s")
            return list(self._sessions)

    def _answers(self) -> int:
        """How many requests were answered. Requires holding ``_changed``."""
        return sum(session.status is not None for session in self._sessions)
