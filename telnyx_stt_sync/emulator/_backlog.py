"""Messages of a client that were read and not processed yet."""

from __future__ import annotations

from collections import deque
from typing import Deque, Optional, Union


class Backlog:
    """Text frames and audio in the order in which they came; audio comes out in pieces.

    Only the connection thread touches it.
    """

    def __init__(self) -> None:
        self._messages: Deque[Union[str, memoryview]] = deque()
        # How many bytes of audio are in it.
        self.audio_bytes = 0

    def __bool__(self) -> bool:
        return bool(self._messages)

    def put(self, message: Union[str, bytes]) -> None:
        """Add a text frame or audio."""
        if isinstance(message, str):
            self._messages.append(message)
        elif message:
            self._messages.append(memoryview(message))
            self.audio_bytes += len(message)

    def take(self, max_bytes: int) -> Optional[Union[str, bytes]]:
        """The next text frame, or up to ``max_bytes`` of the next audio; ``None`` when empty."""
        if not self._messages:
            return None
        message = self._messages.popleft()
        if isinstance(message, str):
            return message
        piece, rest = message[:max_bytes], message[max_bytes:]
        if rest:
            self._messages.appendleft(rest)
        self.audio_bytes -= len(piece)
        return bytes(piece)
