"""The process that recognises speech, away from its parent's GIL: frames in, frames out.

Started by ``_sphinx_process`` as ``python -m``. The reader thread only fills the
inbox; everything else, and every byte of output, is the main thread's.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import threading
from collections import deque
from dataclasses import asdict
from typing import IO, Callable, Deque, Optional, Tuple

from . import _sphinx_wire as wire
from ._decoding import UndecodableAudioError, decode
from ._recogniser import Heard
from ._sphinx_decoder import SphinxDecoder
from ._sphinx_hearing import Hearing

# With more than so many seconds of audio waiting, interims are left out to catch up: then
# the finals alone keep up with audio at four times its pace.
_BEHIND_SECONDS = 4.0

# The parent hears of so many bytes at once that there is room for more.
_TAKEN_STEP = 16 * 1024


class Inbox:
    """What the parent sent and the main thread has not taken.

    ``_changed`` guards ``_frames`` and ``_waiting``; the rest belongs to the
    main thread. Not bounded here: the parent counts what is in it.
    """

    def __init__(self, source: IO[bytes], output: IO[bytes]) -> None:
        self._source = source
        self._output = output
        self._changed = threading.Condition()
        self._frames: Deque[wire.Frame] = deque()
        # Bytes of audio in `_frames`.
        self._waiting = 0
        # What is left of the frame that was taken last.
        self._piece = b""
        # Bytes of this stream that were taken, and how many the parent does not know of.
        self.taken = 0
        self._untold = 0
        self._ended = False
        # What to do when a final is asked for; None outside a stream.
        self._on_finalize: Optional[Callable[[], None]] = None

    def start(self) -> None:
        """Start to fill it."""
        # Daemon: it waits in a read that only the parent can end.
        threading.Thread(target=self._fill, name="inbox", daemon=True).start()

    @property
    def waiting(self) -> int:
        """How many bytes of audio have come and not been taken."""
        with self._changed:
            return self._waiting

    def next_stream(self) -> bytes:
        """Wait for the next stream; gives what ``OPEN`` says."""
        kind, payload = self._next_frame()
        if kind != wire.OPEN:
            raise RuntimeError(f"bug: frame {kind!r} between two streams")
        self._piece = b""
        self.taken = self._untold = 0
        self._ended = False
        return payload

    def read(self, size: int) -> bytes:
        """1 to ``size`` bytes of the stream's audio, none at its end. Waits, and finalizes."""
        while not self._piece and not self._ended:
            self._take_frame()
        piece, self._piece = self._piece[:size], self._piece[size:]
        self.taken += len(piece)
        self._untold += len(piece)
        if self._untold >= _TAKEN_STEP:
            wire.write_frame(self._output, wire.TAKEN, b"%d" % self._untold)
            self._untold = 0
        return piece

    def on_finalize(self, call: Callable[[], None]) -> None:
        """What ``read()`` calls when it meets a wish for a final."""
        self._on_finalize = call

    def drain(self) -> None:
        """Take the rest of the stream."""
        while self.read(_TAKEN_STEP):
            pass

    def _take_frame(self) -> None:
        kind, payload = self._next_frame()
        if kind == wire.AUDIO:
            self._piece = payload
        elif kind == wire.FINALIZE and self._on_finalize is not None:
            self._on_finalize()
        elif kind == wire.END:
            self._ended = True

    def _next_frame(self) -> wire.Frame:
        with self._changed:
            # Woken by the reader thread, which ends the process when nothing more can come.
            self._changed.wait_for(lambda: bool(self._frames))
            kind, payload = self._frames.popleft()
            if kind == wire.AUDIO:
                self._waiting -= len(payload)
            return kind, payload

    def _fill(self) -> None:
        try:
            while True:
                frame = wire.read_frame(self._source)
                if frame is None:
                    return
                with self._changed:
                    self._frames.append(frame)
                    if frame[0] == wire.AUDIO:
                        self._waiting += len(frame[1])
                    self._changed.notify()
        finally:
            # The parent is gone, or has had enough: nobody wants what is being decoded.
            os._exit(0)


class Session:
    """One stream, from ``OPEN`` to ``DONE``."""

    def __init__(self, decoder: SphinxDecoder, inbox: Inbox, output: IO[bytes]) -> None:
        self._inbox = inbox
        self._output = output
        self._hearing = Hearing(decoder, self._tell)

    def run(self, opened: bytes) -> None:
        """Recognise the stream that ``opened`` describes.

        What else may be raised ends the process: the decoder may be in any
        state. The parent then tells the session.
        """
        query = json.loads(opened)
        self._inbox.on_finalize(self._finalize)
        fault = self._listen(query["input_format"], query["sample_rate"])
        # Also after a fault: what was heard before the audio went bad is good.
        self._hearing.flush(ends_utterance=True)
        if fault is not None:
            wire.write_frame(self._output, wire.ERROR, fault.encode())
        self._inbox.drain()
        wire.write_frame(self._output, wire.DONE)

    def _listen(self, input_format: str, sample_rate: Optional[int]) -> Optional[str]:
        """Hear the stream to its end, or to where it can't be decoded; then the reason."""
        try:
            for pcm in decode(input_format, sample_rate, self._inbox.read):
                self._hearing.feed(pcm, behind=self._is_behind)
        except UndecodableAudioError as exc:
            return str(exc)
        return None

    def _finalize(self) -> None:
        self._hearing.flush(ends_utterance=False)

    def _is_behind(self) -> bool:
        # How long the waiting audio is shows in what was taken, whatever the format.
        seconds_per_byte = self._hearing.seconds / max(1, self._inbox.taken)
        return self._inbox.waiting * seconds_per_byte > _BEHIND_SECONDS

    def _tell(self, heard: Heard) -> None:
        wire.write_frame(self._output, wire.HEARD, json.dumps(asdict(heard)).encode())


def main() -> None:
    """Load, say so, and recognise one stream after the other until the input ends."""
    # The parent decides; a Ctrl-C in its terminal goes to the whole group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, output = _claim_pipes()
    inbox = Inbox(source, output)
    # Before the model, so that a parent that goes away does not wait for it.
    inbox.start()
    try:
        decoder = SphinxDecoder()
        importlib.import_module("miniaudio")
    except Exception as exc:
        wire.write_frame(output, wire.FAILED, f"{type(exc).__name__}: {exc}".encode())
        return
    wire.write_frame(output, wire.READY)
    while True:
        opened = inbox.next_stream()
        Session(decoder, inbox, output).run(opened)


def _claim_pipes() -> Tuple[IO[bytes], IO[bytes]]:
    """Standard input and output, for frames alone.

    What else is printed goes to standard error. The interpreter's own objects
    would be in the way when it ends: it waits for a reader of ``sys.stdin``.
    """
    source, output = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return source, output


if __name__ == "__main__":
    main()
