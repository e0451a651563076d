"""What it means that the peer closes the connection: the end of the stream, or a loss."""

from __future__ import annotations

from typing import List, Optional

from ._connection import Connection
from ._engine import Engine
from ._events import EndedBy

# Close codes that mean "that was all" once everything we had to say is out: normal, going away,
# and a close frame without a code (RFC 6455, section 7.4.1).
END_CODES = frozenset({1000, 1001, 1005})


class Ending:
    """Judges the close frames of one stream, over all its connections.

    Three kinds of close can mean either. They count as a loss once, and are believed when
    they come again and nothing new was heard in between: a session that takes audio
    and never answers is closed normally; an engine that never says that it is done may be
    closed with any code when it has been idle for a while; and a peer that answers pings may
    close normally before it has answered the last one.

    Owner: who has the turn.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._doubted: List[str] = []  # the kinds that came since something new was heard

    def final_came(self) -> None:
        """Something new was heard."""
        self._doubted.clear()

    def ended_by(
        self, code: int, connection: Optional[Connection], only_silence: bool, now: float
    ) -> Optional[EndedBy]:
        """How the stream has ended; ``None`` if it was lost.

        ``only_silence``: there was nothing to be heard in the audio.
        """
        if connection is None:
            return None
        is_normal = code in END_CODES
        if is_normal and connection.is_unread:
            return "server_close" if self._comes_again("unread") else None
        if not connection.owes_nothing:
            return None
        if is_normal:
            has_answered = connection.frames or not connection.sent or only_silence
            if has_answered or self._comes_again("mute"):
                return "server_close"
        if not self._engine.closes and connection.is_idle(now):
            return "quiet" if self._comes_again("idle") else None
        return None

    def _comes_again(self, kind: str) -> bool:
        """Whether there was a close of that kind before; from now on there was."""
        came_before = kind in self._doubted
        self._doubted.append(kind)
        return came_before
