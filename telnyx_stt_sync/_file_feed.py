"""A file into a stream: read, paced and sent by the thread that called ``transcribe_file()``."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from typing import Optional

from ._audio import AudioSource
from ._audio_queue import QueueRewound
from ._callbacks import OnProgress
from ._errors import BufferFullError, ConfigurationError, StreamStateError, TranscriptionTimeout
from ._pacing import Pacer
from ._stream import Stream

logger = logging.getLogger("telnyx_stt_sync")

# Paced audio goes in pieces of this much wall time, within these bounds: Telnyx advises frames
# of 2 to 8 kB, and 640 bytes are known to work. Unpaced audio goes in pieces that fill a frame.
PIECE_SECONDS = 0.1
LEAST_BYTES, MOST_BYTES = 640, 8000
UNPACED_BYTES = 16_000


def piece_bytes(speed: float, bytes_per_second: float) -> int:
    """How much audio to send at a time."""
    if math.isinf(speed):
        return UNPACED_BYTES
    return max(LEAST_BYTES, min(MOST_BYTES, int(PIECE_SECONDS * speed * bytes_per_second)))


class FileFeed:
    """One file on its way into one stream, at ``speed`` × real time. Owner: the calling thread.

    Raises ``ConfigurationError`` for a speed that is none, and for an ``on_progress`` that can't
    be called.
    """

    def __init__(self, audio: AudioSource, speed: float, on_progress: Optional[OnProgress]) -> None:
        if on_progress is not None and not callable(on_progress):
            raise ConfigurationError(f"on_progress={on_progress!r}: give a function, or None")
        if audio.doubt is not None:
            logger.warning("%s", audio.doubt)
        self._rate = audio.format.bytes_per_second
        self._speed = speed
        self._pacer = Pacer(speed, self._rate)
        self._audio = audio
        self._piece_bytes = piece_bytes(speed, self._rate)
        self._on_progress = on_progress
        self._position = 0  # bytes sent
        self._furthest = 0  # the same before the stream had to go back

    def run(self, stream: Stream, deadline: float) -> None:
        """Send all of it, and again what a reconnect asks for, until the stream is over.

        Blocks; returns at ``deadline`` at the latest, a ``time.monotonic()``, perhaps
        ``math.inf``. Raises what ended the stream, what reading the file or
        ``on_progress`` raises, and ``AudioError`` when the file has become shorter.
        """
        position = self._send_rest(stream, deadline)
        while position is not None:
            # Also to where it stands: a piece may have been read and not been taken.
            self._audio.seek(position)
            self._position = position
            self._pacer = Pacer(self._speed, self._rate)
            position = self._send_rest(stream, deadline)

    def _send_rest(self, stream: Stream, deadline: float) -> Optional[int]:
        """Send the file to its end and wait; returns where to start again, ``None``: nowhere."""
        with contextlib.suppress(QueueRewound):
            self._send_pieces(stream, deadline)
        return stream.next_rewind(deadline)

    def _send_pieces(self, stream: Stream, deadline: float) -> None:
        """Send the file to its end, unless the stream is over before, or time is up."""
        pieces = self._audio.chunks(self._piece_bytes)
        while True:
            try:
                piece = next(pieces, b"")
            except (StreamStateError, TranscriptionTimeout):
                return  # waiting for a pipe is of no use any more; result() says why
            if not piece:
                break
            if self._waited(stream, deadline) or not self._sent(stream, piece, deadline):
                return
            self._position += len(piece)
            if self._position > self._furthest and self._on_progress is not None:
                self._on_progress(self._position / self._rate, self._audio.total_seconds)
            self._furthest = max(self._furthest, self._position)
        stream.end_input()

    def _waited(self, stream: Stream, deadline: float) -> bool:
        """Wait until the next piece is due; ``True`` when it is not wanted any more."""
        now = time.monotonic()
        delay = min(self._pacer.delay(self._position, now), deadline - now)
        return (delay > 0 and stream.wait(delay)) or time.monotonic() >= deadline

    def _sent(self, stream: Stream, piece: bytes, deadline: float) -> bool:
        patience = None if math.isinf(deadline) else max(0.0, deadline - time.monotonic())
        try:
            stream.send(piece, patience)
        except BufferFullError:
            return False  # the deadline; result() says so
        return True
