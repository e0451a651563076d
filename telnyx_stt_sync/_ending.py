"""What it means that the peer closes the connection: the end of the stream, or a loss."""

from __future__ import annotations

from typing import Optional

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

    Owner: the I/O thread.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._was_mute = False
        self._was_idle = False
        self._was_unread = False

    def final_came(self) -> None:
        """Something new was heard."""
        self._was_idle = self._was_unread = False

    def ended_by(
        self, code: int, connection: Optional[Connection], only_silence: bool, now: float
    ) -> Optional[EndedBy]:
        """How the stream has ended; ``None`` if it was lost.

        ``only_silence``: there was nothing to be heard in the audio.
        """
        if connection is None:
            return None
        if connection.is_unread and code in END_CODES:
            was_unread, self._was_unread = self._was_unread, True
            return "server_close" if was_unread else None
        if not connection.owes_nothing:
            return None
        if code in END_CODES and self._is_believed(connection, only_silence):
            return "server_close"
        if not self._engine.closes and connection.is_idle(now):
            was_idle, self._was_idle = self._was_idle, True
            return "quiet" if was_idle else None
        return None

    def _is_believed(self, connection: Connection, only_silence: bool) -> bool:
        if connection.frames or not connection.sent or only_silence:
            return True
        was_mute, self._was_mute = self._was_mute, True
        return was_mute
