"""The recogniser that hears what is said: pocketsphinx, in processes of its own."""

from __future__ import annotations

import importlib.util
import itertools
import os
import threading
from typing import List, Optional, Set

from ._recogniser import OnDone, OnError, OnHeard
from ._sphinx_process import SphinxProcess, cannot_start
from ._sphinx_recognition import SphinxRecognition

# A worker takes 190 MB and, while somebody speaks, a third of a processor or more.
MAX_WORKERS = 4

_PACKAGES = ("pocketsphinx", "miniaudio")


class SphinxRecogniser:
    """Recognises English speech with pocketsphinx, each stream in a process of its own.

    A process is started when a stream needs one, and used again. When
    ``max_workers`` are busy, a further stream waits in its first ``feed()``.
    Needs the packages pocketsphinx and miniaudio. Any thread may use it.

    ``_changed`` guards every attribute below it.
    """

    def __init__(self, *, max_workers: int = MAX_WORKERS) -> None:
        """Raises ``RuntimeError`` when a package is missing. Starts nothing."""
        if max_workers < 1:
            raise ValueError(f"max_workers={max_workers}: at least 1 is needed")
        for name in _PACKAGES:
            if importlib.util.find_spec(name) is None:
                raise RuntimeError(cannot_start(f"there is no package {name}"))
        self._max_workers = max_workers
        self._numbers = itertools.count(1)
        self._pid = os.getpid()
        self._changed = threading.Condition()
        # The processes that run, and how many are about to.
        self._workers: Set[SphinxProcess] = set()
        self._starting = 0
        # Those that work for nobody.
        self._idle: List[SphinxProcess] = []
        self._recognitions: Set[SphinxRecognition] = set()
        self._closed = False

    def open(
        self,
        input_format: str,
        sample_rate: Optional[int],
        *,
        on_heard: OnHeard,
        on_done: OnDone,
        on_error: OnError,
    ) -> SphinxRecognition:
        """Start to recognise one stream; see ``Recogniser.open``.

        Blocks for about a second where a process has to be started. Raises
        ``RuntimeError`` when it cannot be, and after ``close()``.
        """
        recognition = SphinxRecognition(
            self, input_format, sample_rate, on_heard=on_heard, on_done=on_done, on_error=on_error
        )
        with self._changed:
            if self._closed:
                raise RuntimeError("the recogniser was closed")
            self._recognitions.add(recognition)
        try:
            recognition.begin(wait=False)
        except BaseException:
            recognition.close()
            raise
        return recognition

    def close(self) -> None:
        """Close every recognition and end every process; idempotent, any thread.

        Takes a fraction of a second, and waits for a callback that is running,
        unless that is the caller. In a forked child it does nothing.
        """
        if self.is_foreign:
            return
        with self._changed:
            self._closed = True
            recognitions = list(self._recognitions)
            self._changed.notify_all()
        for recognition in recognitions:
            recognition.close()
        with self._changed:
            # To create a process takes milliseconds; from then on it is in the set.
            self._changed.wait_for(lambda: self._starting == 0)
            workers = list(self._workers)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join()

    @property
    def is_foreign(self) -> bool:
        """Whether this process is a forked child of the one that it belongs to."""
        return os.getpid() != self._pid

    def acquire(self, recognition: SphinxRecognition, *, wait: bool) -> Optional[SphinxProcess]:
        """A free process, started if need be; ``None`` when there is none, or nobody wants it.

        With ``wait`` it blocks until one is free or the recognition is closed.
        Raises ``RuntimeError`` or ``OSError`` when one can't be started.
        """
        with self._changed:
            if wait:
                self._changed.wait_for(lambda: recognition.is_closed or self._has_room)
            if self._closed or recognition.is_closed or not self._has_room:
                return None
            if self._idle:
                return self._idle.pop()
            self._starting += 1
        return self._start()

    def give_back(self, worker: SphinxProcess) -> None:
        """A process is free again, or has ended. Its thread calls this, too."""
        with self._changed:
            if not worker.is_usable:
                self._workers.discard(worker)
                self._idle = [each for each in self._idle if each is not worker]
            elif worker not in self._idle:
                self._idle.append(worker)
            self._changed.notify_all()

    def forget(self, recognition: SphinxRecognition) -> None:
        """A recognition is over or was closed."""
        with self._changed:
            self._recognitions.discard(recognition)
            self._changed.notify_all()

    def __repr__(self) -> str:
        with self._changed:
            state = "closed, " if self._closed else ""
            streams, workers = len(self._recognitions), len(self._workers)
        return f"<SphinxRecogniser, {state}{streams} streams, {workers} processes>"

    @property
    def _has_room(self) -> bool:
        """Whether a process is free or may be started. Requires holding ``_changed``."""
        return bool(self._idle) or len(self._workers) + self._starting < self._max_workers

    def _start(self) -> Optional[SphinxProcess]:
        """Start a process; ``_starting`` counts it already. ``None`` if closed meanwhile."""
        worker: Optional[SphinxProcess] = None
        try:
            worker = SphinxProcess(next(self._numbers), on_free=self.give_back)
        finally:
            with self._changed:
                self._starting -= 1
                if worker is not None:
                    self._workers.add(worker)
                    if self._closed:
                        worker.kill()
                self._changed.notify_all()
        try:
            worker.wait_until_ready()
        except BaseException as exc:
            worker.kill()
            worker.join()
            self.give_back(worker)
            if self._closed and isinstance(exc, RuntimeError):
                return None
            raise
        return worker
