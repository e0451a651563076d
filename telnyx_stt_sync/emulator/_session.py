"""What the emulator saw and said on one connection, for tests to read."""

from __future__ import annotations

import threading
import time
from typing import Callable, Dict, List, Optional, Union

from ._query import Query


class Session:
    """The record of one connection. Written by its connection thread, readable from any.

    Attributes that never change: ``index`` (1 for the emulator's first
    connection), ``path``, ``query`` and ``headers`` (names in lower case; an
    ``Origin`` stands here too). ``closed`` is a ``threading.Event`` that is
    set when the connection is over.

    With ``Emulator(record=False)``, ``audio``, ``text_frames`` and ``frames``
    stay empty.
    """

    def __init__(
        self, index: int, path: str, query: Query, headers: Dict[str, str], *, record: bool = True
    ) -> None:
        self._record = record
        self.index = index
        self.path = path
        self.query = query
        self.headers = headers
        self.closed = threading.Event()
        # Guards every attribute below.
        self._changed = threading.Condition()
        self._changes = 0
        self._audio = bytearray()
        self._audio_bytes = 0
        self._text_frames: List[str] = []
        self._frames: List[Union[str, bytes]] = []
        # None until the request has been answered.
        self._status: Optional[int] = None
        # None while the connection is open, and for ever if it was refused.
        self._close_code: Optional[int] = None
        # None while the connection is open, and if nobody sent a close frame.
        self._closed_by: Optional[str] = None

    @property
    def status(self) -> Optional[int]:
        """The HTTP status that answered the request: 101, or that of the refusal."""
        with self._changed:
            return self._status

    @property
    def audio(self) -> bytes:
        """All audio received so far (a copy)."""
        with self._changed:
            return bytes(self._audio)

    @property
    def audio_bytes(self) -> int:
        """How many bytes of audio were received so far."""
        with self._changed:
            return self._audio_bytes

    @property
    def text_frames(self) -> List[str]:
        """The text frames received so far, as they came."""
        with self._changed:
            return list(self._text_frames)

    @property
    def frames(self) -> List[Union[str, bytes]]:
        """The frames sent so far, as they went out; binary ones are ``bytes``."""
        with self._changed:
            return list(self._frames)

    @property
    def close_code(self) -> Optional[int]:
        """The code of the first close frame; 1005 if it had none, 1006 without a close frame.

        ``None`` while the connection is open, and for a refused request.
        """
        with self._changed:
            return self._close_code

    @property
    def closed_by(self) -> Optional[str]:
        """Who sent the first close frame: ``"client"``, ``"server"``, or ``None`` for nobody."""
        with self._changed:
            return self._closed_by

    def wait_for(self, condition: Callable[[Session], bool], timeout: float = 5.0) -> bool:
        """Wait until ``condition(session)`` holds; ``False`` after ``timeout`` seconds.

        The condition is called by the waiting thread, after each change, with
        no lock held.
        """
        deadline = time.monotonic() + timeout
        changes = self._changes_now()
        while not condition(self):
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return False
            changes = self._wait_for_change(changes, remaining)
        return True

    def _changes_now(self) -> int:
        with self._changed:
            return self._changes

    def _wait_for_change(self, seen: int, timeout: float) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self._changes != seen, timeout)
            return self._changes

    def _note_change(self) -> None:
        """Requires holding ``_changed``."""
        self._changes += 1
        self._changed.notify_all()

    # What follows is called by the connection thread only.

    def answered(self, status: int) -> None:
        """The request was answered with that HTTP status."""
        with self._changed:
            self._status = status
            self._note_change()

    def received(self, message: Union[str, bytes]) -> None:
        """A text frame came, or audio."""
        with self._changed:
            if isinstance(message, bytes):
                self._audio_bytes += len(message)
            if self._record and isinstance(message, bytes):
                self._audio += message
            elif self._record and isinstance(message, str):
                self._text_frames.append(message)
            self._note_change()

    def frame_sent(self, frame: Union[str, bytes]) -> None:
        """A frame was handed to the socket."""
        with self._changed:
            if self._record:
                self._frames.append(frame)
            self._note_change()

    def ended(self, close_code: Optional[int], closed_by: Optional[str]) -> None:
        """The connection is over. Only the first call counts."""
        with self._changed:
            if self.closed.is_set():
                return
            self._close_code = close_code
            self._closed_by = closed_by
            self.closed.set()
            self._note_change()

    def __repr__(self) -> str:
        end = f"closed {self.close_code}" if self.closed.is_set() else "open"
        return (
            f"<Session {self.index}: HTTP {self.status}, {self.audio_bytes} bytes of audio, "
            f"{len(self.frames)} frames sent, {end}>"
        )
