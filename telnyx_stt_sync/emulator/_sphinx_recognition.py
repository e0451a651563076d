"""One stream that a worker process recognises."""

from __future__ import annotations

import logging
import threading
from typing import Any, Callable, Optional

from typing_extensions import Protocol

from . import _sphinx_wire as wire
from ._recogniser import Heard, OnDone, OnError, OnHeard
from ._sphinx_process import SphinxProcess

logger = logging.getLogger("telnyx_stt_sync.emulator")

# Audio that a worker may have waiting, in bytes: 65 s of 16 kHz linear16, decoded in 15 s
# when it comes in one burst. It bounds memory.
_MAX_WAITING_BYTES = 2 * 1024 * 1024


class Pool(Protocol):
    """Where a recognition gets its worker from."""

    @property
    def is_foreign(self) -> bool:
        """Whether this process is a forked child of the one that it belongs to."""

    def acquire(self, recognition: SphinxRecognition, *, wait: bool) -> Optional[SphinxProcess]:
        """A worker that is free; ``None`` when there is none, or the recognition is closed."""

    def give_back(self, worker: SphinxProcess) -> None:
        """A worker is free again, or has ended."""

    def forget(self, recognition: SphinxRecognition) -> None:
        """A recognition is over or was closed."""


class SphinxRecognition:
    """One stream. See ``Recognition``; the callbacks are called by its worker's thread.

    ``_changed`` guards every attribute below it.
    """

    def __init__(
        self,
        pool: Pool,
        input_format: str,
        sample_rate: Optional[int],
        *,
        on_heard: OnHeard,
        on_done: OnDone,
        on_error: OnError,
    ) -> None:
        self._pool = pool
        self._input_format = input_format
        self._sample_rate = sample_rate
        self._on_heard = on_heard
        self._on_done = on_done
        self._on_error = on_error
        # Set when the worker's thread will call nothing any more.
        self._over = threading.Event()
        self._changed = threading.Condition()
        # None until one is free.
        self._worker: Optional[SphinxProcess] = None
        # Bytes of audio that were sent and that the worker has not taken.
        self._waiting = 0
        self._ended = False
        self._closed = False
        # The worker ended before the stream did.
        self._lost = False
        self._failed = False

    # The session's thread

    def begin(self, *, wait: bool) -> Optional[SphinxProcess]:
        """Get a worker unless there is one; ``None`` when there is none, or after ``close()``.

        Raises ``RuntimeError`` when a worker can't be started.
        """
        while self._worker is None:
            worker = self._pool.acquire(self, wait=wait)
            if worker is None:
                return None
            # One that ended just now is not taken; then there is room for another.
            self._take_up(worker)
        return self._worker

    def feed(self, audio: bytes) -> None:
        """Take bytes in the session's format, cut anywhere.

        Blocks as long as all workers are busy, or ours has 2 MB waiting;
        ``close()`` releases it. Raises ``RuntimeError`` when a worker can't be
        started.
        """
        worker = self.begin(wait=True)
        if worker is None:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._is_deaf or self._waiting < _MAX_WAITING_BYTES)
            if self._is_deaf or self._ended:
                return
            self._waiting += len(audio)
        worker.send(wire.AUDIO, audio)

    def finalize(self) -> None:
        """Ask for a final of what was heard so far; nothing happens after ``end()``.

        Blocks as long as all workers are busy.
        """
        worker = self.begin(wait=True)
        with self._changed:
            # After end() the worker may be idle, which this would kill, or work for another.
            if self._is_deaf or self._ended:
                return
        if worker is not None:
            worker.send(wire.FINALIZE)

    def end(self) -> None:
        """Say that no more audio comes. Blocks as long as all workers are busy."""
        worker = self.begin(wait=True)
        with self._changed:
            if self._ended:
                return
            self._ended = True
            self._changed.notify_all()
        if worker is not None:
            worker.send(wire.END)

    # Any thread

    @property
    def is_closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Stop now; idempotent. A worker in the middle of a stream is killed.

        Waits for a callback that is running, unless that is the caller.
        """
        if self._pool.is_foreign:
            return
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._pool.forget(self)
        worker = self._worker
        if worker is not None:
            worker.abandon(self)
            if not worker.is_own_thread:
                # Set by the worker's thread, at the latest when the killed process ends.
                self._over.wait()

    # The worker's thread

    def heard(self, heard: Heard) -> None:
        """Something was understood."""
        self._call(self._on_heard, heard)

    def taken(self, size: int) -> None:
        """The worker took so much out of its inbox."""
        with self._changed:
            self._waiting -= size
            self._changed.notify_all()

    def failed(self, text: str) -> None:
        """The audio can't be understood."""
        if not self._failed:
            self._failed = True
            self._call(self._on_error, text)

    def done(self) -> None:
        """All was said."""
        self._call(self._on_done)
        self._pool.forget(self)
        self._over.set()

    def lost(self, text: str) -> None:
        """The worker is gone in the middle of the stream: killed by us, or by accident."""
        with self._changed:
            self._lost = True
            self._changed.notify_all()
        self.failed(text)
        with self._changed:
            # Woken by end() or close(), one of which every session comes to.
            self._changed.wait_for(lambda: self._ended or self._closed)
        self.done()

    @property
    def _is_deaf(self) -> bool:
        return self._closed or self._lost

    def _take_up(self, worker: SphinxProcess) -> None:
        """Let it work for us, unless it has ended, or we have been closed."""
        with self._changed:
            if not self._closed and worker.serve(self):
                self._worker = worker
        if self._worker is None:
            self._pool.give_back(worker)
        else:
            worker.open(self._input_format, self._sample_rate)

    def _call(self, callback: Callable[..., None], *args: Any) -> None:
        """The one place where the session's functions are called."""
        if self._closed:
            return
        try:
            callback(*args)
        except Exception:
            logger.exception("a callback of the recogniser raised")
