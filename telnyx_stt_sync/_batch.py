"""Many files: each on a stream of its own, several at once, results as they end."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
import threading
import time
import traceback
from collections import deque
from typing import Callable, Deque, Dict, Iterable, Iterator, List, Optional, Set

from ._audio_queue import WAIT_SLICE
from ._errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    ForkedProcessError,
    StreamStateError,
)
from ._events import Transcription
from ._exit_hook import end_at_exit, forget
from ._file_result import FileResult
from ._open_streams import OpenStreams
from ._reader import Source
from ._stream import CLOSE_WAIT, POLL, Stream, StreamOwner
from ._values import is_whole, shown

# Sources that are taken and whose results are not given out, for each worker: one is at work,
# another is there when that ends.
TAKEN_PER_WORKER = 2

# Far more threads than a process has use for; a place for each is kept from the start.
MOST_WORKERS = 10_000

# Transcribes a source on a stream that it enters with its owner.
Transcribe = Callable[[Source, StreamOwner], Transcription]

_numbers = itertools.count(1)
_NO_MORE = object()


class Batch:
    """One call of ``transcribe_files()``: a generator, and the threads that work for it.

    | what | who touches it |
    |---|---|
    | sources, ``_owed``, ``_exhausted``, ``_workers`` | the thread that asks for the next result |
    | ``_waiting``, ``_results``, ``_places`` | any: single operations only |
    | ``_streams``, ``_callback_threads`` | the same |
    | ``_closed_at``, ``_refused``, ``_failure`` | any: written once |

    No locks, so a signal handler may raise anywhere, or call ``close()``. The threads do
    not know the generator: whoever drops it ends them.

    Raises ``ConfigurationError`` and ``TypeError`` for what cannot work with any file.
    """

    def __init__(
        self,
        sources: Iterable[Source],
        max_workers: int,
        transcribe: Transcribe,
        owner: OpenStreams,
    ) -> None:
        if not is_whole(max_workers) or not 1 <= max_workers <= MOST_WORKERS:
            raise ConfigurationError(
                f"max_workers={shown(max_workers)}: give a whole number from 1 to {MOST_WORKERS}; "
                "so many files are transcribed at once"
            )
        if isinstance(sources, (str, bytes, os.PathLike)) or hasattr(sources, "read"):
            raise TypeError(
                f"sources={sources!r:.80} is one file: give an iterable of files, such as a list, "
                "or call transcribe_file()"
            )
        self._pid = os.getpid()
        self._sources = iter(sources)
        self._transcribe = transcribe
        self._owner = owner
        self._owed = 0  # sources that were taken and whose results are not given out
        self._most_owed = TAKEN_PER_WORKER * max_workers
        self._exhausted = False
        self._workers: List[threading.Thread] = []
        self._waiting: Deque[Source] = deque()
        self._results: Deque[FileResult] = deque()
        # One for each worker that may be started.
        self._places: Deque[None] = deque([None] * max_workers)
        self._streams: Dict[int, Stream] = {}
        # Of the streams that were begun last; theirs may go on a little longer than they do.
        self._callback_threads: Deque[threading.Thread] = deque(maxlen=self._most_owed)
        # Free when there may be something new for whoever waits for results; guards nothing.
        self._gate = threading.Lock()
        self._gate.acquire()
        self._closed_at: Optional[float] = None  # None: nobody wants it to end early
        self._refused: Optional[AuthenticationError] = None  # None: the key was not refused
        self._failure: Optional[BaseException] = None  # None: nothing that ends all

    # -- for the thread that wants the results ---------------------------------------------

    def results(self) -> Iterator[FileResult]:
        """The results as the files end. Nothing is started, or taken, before the first."""
        self._pid = os.getpid()
        try:
            self._owner.add(self)
            end_at_exit(self)
            while self._take_sources():
                yield self._next_result()
            if self._closed_at is not None:
                raise self._was_closed()
        finally:
            self.close()
            self._owner.remove(self)
            forget(self)

    def _take_sources(self) -> bool:
        """Take sources until a result is there; whether one is, or will be.

        What is there goes first: neither waits for the next source nor is lost by its failure.
        """
        self._check_process()
        while self._wants_source():
            source = next(self._sources, _NO_MORE)
            self._check_process()
            if source is _NO_MORE:
                self._exhausted = True
                break
            self._owed += 1
            self._waiting.append(source)  # type: ignore[arg-type]
            self._start_worker()
        return self._owed > 0

    def _wants_source(self) -> bool:
        is_over = self._exhausted or self._closed_at is not None or self._failure is not None
        return not is_over and not self._results and self._owed < self._most_owed

    def _next_result(self) -> FileResult:
        """Wait for a result, in slices."""
        while not self._results:
            self._check_process()
            if self._failure is not None:
                raise self._failure
            if self._closed_at is not None and time.monotonic() > self._closed_at + CLOSE_WAIT:
                raise self._was_closed()
            if self._waiting:
                self._start_worker()  # there was no place before, or no thread to be had
            self._gate.acquire(timeout=WAIT_SLICE)
        self._owed -= 1
        return self._results.popleft()

    def _start_worker(self) -> None:
        """Start a worker if there may be one more. Raises ``ConnectError`` if there is none."""
        try:
            self._places.pop()
        except IndexError:
            return  # the first that is free takes what waits
        # A daemon, so that a program that drops the generator can end.
        name = f"telnyx-stt-file-{next(_numbers)}"
        worker = threading.Thread(target=self._work, name=name, daemon=True)
        self._workers = [each for each in self._workers if each.is_alive()]
        try:
            self._workers.append(worker)
            worker.start()
        except RuntimeError as exc:  # no more threads, or the interpreter is on its way out
            self._workers.remove(worker)
            self._places.append(None)
            if not self._workers:
                raise ConnectError(f"no thread could be started: {exc}") from exc

    def _check_process(self) -> None:
        if os.getpid() != self._pid:
            raise ForkedProcessError(
                "this generator belongs to the parent process: call transcribe_files() after "
                "the fork"
            )

    def _was_closed(self) -> StreamStateError:
        return StreamStateError("close() was called: transcribe_files() takes no more sources")

    # -- for every thread ------------------------------------------------------------------

    def add(self, stream: Stream) -> None:
        """A stream of a file is about to be started."""
        self._streams[id(stream)] = stream
        if stream.callback_thread is not None:
            self._callback_threads.append(stream.callback_thread)
        if self._closed_at is not None:  # before or after abandon() has looked: one of both
            stream.abandon()

    def ended(self, stream: Stream) -> None:
        """The stream of a file has ended, or failed to open."""
        self._streams.pop(id(stream), None)
        self._owner.ended(stream)

    def watch(self) -> Callable[[], bool]:
        """Gives a function that tells whether it was closed."""
        return lambda: self._closed_at is not None

    def abandon(self) -> None:
        """End it soon, without waiting: the streams that run, and what was not begun."""
        if os.getpid() != self._pid:
            return
        if self._closed_at is None:
            self._closed_at = time.monotonic()
        for stream in list(self._streams.values()):
            stream.abandon()

    def close(self, patience: float = CLOSE_WAIT) -> None:
        """End it now; waits for the threads, unless in a callback of theirs.

        It waits ``patience`` seconds at most, and no longer than 3 s after the first request.
        """
        self.abandon()
        if self._closed_at is None or threading.current_thread() in list(self._callback_threads):
            return
        deadline = min(time.monotonic() + patience, self._closed_at + CLOSE_WAIT)
        for stream in list(self._streams.values()):
            stream.close(max(0.0, deadline - time.monotonic()))
        # At the interpreter's end threads stand still, and would seem to run for ever.
        while not sys.is_finalizing() and self._works() and time.monotonic() < deadline:
            time.sleep(POLL)

    def _works(self) -> bool:
        current = threading.current_thread()
        return any(worker.is_alive() for worker in self._workers if worker is not current)

    # -- in the workers --------------------------------------------------------------------

    def _work(self) -> None:
        """Transcribe what waits, to the last; then leave the place to another."""
        while self._waiting and self._failure is None:
            try:
                source = self._waiting.popleft()
            except IndexError:  # another was faster
                break
            result = self._result(source)
            if result is not None:
                _forget_variables(result.error)
                self._results.append(result)
            self._wake()
        self._places.append(None)
        self._wake()  # a source may have come that found no place, and no worker that looked

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # it stands open already
            self._gate.release()

    def _result(self, source: Source) -> Optional[FileResult]:
        """What becomes of a file; ``None``: what came up is no matter of a file."""
        try:
            self._check_chances()
            return FileResult(source, self._transcribe(source, self), None)
        except Exception as exc:
            if isinstance(exc, AuthenticationError) and self._refused is None:
                self._refused = exc
            return FileResult(source, None, exc)
        except BaseException as exc:  # sys.exit() in on_progress: it ends the loop over the results
            self._failure = exc
            return None

    def _check_chances(self) -> None:
        """Raise what is known to await every file."""
        if self._closed_at is not None:
            raise StreamStateError("close() was called before this file was begun")
        refused = self._refused
        if refused is not None:
            raise AuthenticationError(
                f"not tried, because the key was refused for another file: {refused}",
                status=refused.status,
                body=refused.body,
                attempts=0,
            )


def _forget_variables(error: Optional[BaseException]) -> None:
    """Empty the frames of its traceback: whoever keeps errors keeps no files and streams."""
    seen: Set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__
