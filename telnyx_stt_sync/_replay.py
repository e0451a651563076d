"""What is sent again after a reconnect, and what of the answer is new."""

from __future__ import annotations

from typing import List, Optional, Union

from ._messages import TranscriptMessage
from ._send_log import LOOK_BACK, SendLog
from ._splice import Decision, Lost, Splice
from ._tape import Tape


class Replay:
    """The audio and the finals of a stream across its connections.

    With ``capacity`` that many bytes of the newest audio are kept to be sent again;
    with ``None`` the source goes back by itself. ``can_cut``: audio may be sent again from
    any sample on, which is ``unit`` bytes. Positions are bytes of the stream's audio.
    Owner: who has the turn.
    """

    def __init__(self, capacity: Optional[int], *, can_cut: bool, unit: int = 1) -> None:
        self._tape = None if capacity is None else Tape(capacity, unit)
        self._splice = Splice(can_cut)
        self._sends = SendLog(0, 0.0)
        self.next_start = 0  # where the audio of the next connection begins
        self.furthest = 0  # how far any connection got
        self._again = 0  # how far it had got when this connection was opened
        # When the answer to what was sent again is due; None: not all of it was sent yet.
        self._due_at: Optional[float] = None
        self.replayed = 0  # bytes that were sent again

    def __repr__(self) -> str:
        return f"<Replay position={self.position} {self._splice!r}>"

    @property
    def rewinds(self) -> bool:
        """Whether the source goes back by itself."""
        return self._tape is None

    @property
    def oldest(self) -> int:
        """Nothing before this is ever sent again."""
        return 0 if self._tape is None else self._tape.start

    @property
    def position(self) -> int:
        """How far the audio of this connection was sent."""
        return self._sends.position

    @property
    def start(self) -> int:
        """Where the audio of this connection began."""
        return self._sends.start

    def opened(self, now: float) -> None:
        """A connection is open."""
        self._sends = SendLog(self.next_start, now)
        self._splice.begin()
        self._again = self.furthest
        self._due_at = None
        self._note_end(now)

    @property
    def has_more(self) -> bool:
        """Whether audio is kept here that is to be sent again."""
        return self._tape is not None and self.position < self._tape.end

    def next_piece(self, limit: int) -> bytes:
        """Audio to send again, before anything new."""
        if self._tape is None or not self.has_more:
            return b""
        return self._tape.read(self.position, limit)

    def sent(self, audio: bytes, now: float) -> bool:
        """Audio was handed to the connection; returns whether it has a ``deadline`` from now on."""
        sends, size = self._sends, len(audio)
        known = self.furthest - sends.position
        sends.sent(size, now)
        if known > 0:
            self.replayed += min(size, known)
        elif self._tape is not None:
            self._tape.append(audio)
        if sends.position > self.furthest:
            self.furthest = sends.position
        return self._due_at is None and self._note_end(now)

    def heard(self, message: TranscriptMessage, now: float) -> List[Decision]:
        """A transcript came: what to tell of it."""
        return self._splice.add(message, self._sends.bounds(now))

    @property
    def deadline(self) -> Optional[float]:
        """When to ask for what is ``overdue()``; ``None``: nothing is held back."""
        return self._due_at if self._splice.is_holding else None

    def overdue(self, now: float) -> List[Decision]:
        """What can be told of what is held back, when all sent again must have been heard."""
        if self.deadline is None or now < self.deadline:
            return []
        self._due_at = now + LOOK_BACK  # to look again, if nothing can be told yet
        return self._splice.overdue()

    def ended(self) -> List[Decision]:
        """The service has said all that it had to say: what is left to tell."""
        return self._splice.end()

    def given_up(self) -> List[Decision]:
        """The stream ends before its time: what was heard and is not told yet."""
        return self._splice.give_up()

    def restart(self) -> Union[int, Lost]:
        """The connection is gone: where the next one begins, if it can make up for it."""
        start = self._splice.restart(self.oldest, self.furthest)
        if not isinstance(start, Lost):
            self.next_start = start
        return start

    def _note_end(self, now: float) -> bool:
        is_end = self.position >= self._again
        if is_end:
            self._due_at = now + LOOK_BACK
        return is_end
