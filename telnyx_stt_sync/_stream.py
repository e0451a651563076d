"""One stream as user threads see it: two threads behind, and the waits for what they do."""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import os
import threading
import time
from dataclasses import replace
from typing import Callable, Iterator, Optional, Protocol

from ._actions import Failed, Finished, TranscriptHeard
from ._audio_format import AudioFormat
from ._audio_queue import WAIT_SLICE, AudioQueue, QueueEnded, QueueFull, QueueRewound
from ._callbacks import Callbacks
from ._delivery import Delivery
from ._dial import Aborted
from ._errors import (
    BufferFullError,
    ConnectError,
    ForkedProcessError,
    StreamStateError,
    TelnyxSTTError,
    TranscriptionTimeout,
)
from ._event_queue import Closed
from ._events import Stats, Transcript, Transcription
from ._exit_hook import end_at_exit, forget
from ._latch import Latch
from ._options import Options
from ._outcome import Outcome
from ._waker import Waker
from ._worker import Worker

logger = logging.getLogger("telnyx_stt_sync")

# How long close() waits for the threads. The I/O thread needs a moment; a callback may take longer.
CLOSE_WAIT = 3.0

# An interrupted start leaves the I/O thread this long to show that it runs.
START_GRACE = 0.5

# Callbacks that are not done when the timeout of finish() passes get this much more.
CALLBACK_GRACE = 0.25

# Between two looks of close(), which may run in a signal handler and so may take no lock.
POLL = 0.005

_IN_THE_MIDDLE = (
    "this signal handler came in the middle of another call of this stream, which has to end "
    "first: call close(), set a flag, or raise"
)

_numbers = itertools.count(1)


class StreamOwner(Protocol):
    """Where a stream is entered as long as it runs. Any thread may call it."""

    def add(self, stream: Stream) -> None:
        """A stream is about to be started."""

    def ended(self, stream: Stream) -> None:
        """A stream has ended, or failed to open."""

    def watch(self) -> Callable[[], bool]:
        """Gives a function that tells whether all was closed since; it takes no lock."""


class Stream:
    """One stream. ``options`` are complete: key, URL and format are set.

    | what | who touches it |
    |---|---|
    | worker, with session and transport | who has the turn: see ``Worker`` |
    | audio queue, delivery, waker | any thread: they guard themselves |
    | ``outcome`` | written once by the I/O thread, before ``_finished`` is set |

    References go downwards only: the threads keep the stream alive, and nothing
    in here knows the ``Transcriber``. Callbacks may know it, so those of a live
    stream are its owner's: the stream keeps none alive, until it is orphaned.
    """

    def __init__(
        self,
        options: Options,
        audio_format: AudioFormat,
        callbacks: Callbacks,
        owner: StreamOwner,
        *,
        is_live: bool = False,
        collects: bool = False,
        rewinds: bool = False,
    ) -> None:
        number = next(_numbers)
        self.outcome: Optional[Outcome] = None  # None: not over
        self._options = options
        self._bytes_per_second = audio_format.bytes_per_second
        self._is_live = is_live  # its failure goes to on_error, beside being raised
        self._owner = owner
        self._pid = os.getpid()
        self._waker = Waker()
        self._audio = AudioQueue(
            max_bytes=max(1, int(options.buffer_seconds * audio_format.bytes_per_second)),
            unit=audio_format.unit,
            wake=self._waker.wake,
            drops=options.overflow == "drop_oldest" and is_live,
        )
        self._opening_over = Latch()  # it is open, or it failed to open
        self._finished = Latch()  # outcome written, last callback returned
        self._delivery = Delivery(
            f"telnyx-stt-cb-{number}",
            callbacks,
            weakly=is_live,
            collects=collects,  # for transcripts()
            on_end=self._finished.set,
        )
        self._worker = Worker(
            f"stream {number}",
            options,
            audio_format,
            self._audio,
            self._waker,
            tell=self._delivery.tell,
            deliver=self._delivery.wake,
            on_open=self._opening_over.set,
            rewinds=rewinds,
        )
        # A daemon, so that a program that forgets to close can end.
        self._io_thread = threading.Thread(
            target=self._run_io, name=f"telnyx-stt-io-{number}", daemon=True
        )
        owner.add(self)

    def __repr__(self) -> str:
        return f"<Stream {self._worker!r} over={self.is_over}>"

    # -- for user threads -----------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """Whether it has ended, last callbacks perhaps excepted."""
        return self.outcome is not None

    @property
    def is_open(self) -> bool:
        """Whether it was opened and has not ended."""
        return self._opening_over.is_set() and not self.is_over

    @property
    def was_closed(self) -> bool:
        """Whether it was ended by ``close()``."""
        return self.outcome is not None and self.outcome.was_closed

    def start(self, give_up_at: float = math.inf) -> None:
        """Open it. Blocks for its turn and ``connect_timeout``, as often as the policy tries.

        Raises ``ConnectError``, and ``TranscriptionTimeout`` at ``give_up_at``
        (``time.monotonic()``).
        """
        try:
            end_at_exit(self)
            self._delivery.start()
            self._io_thread.start()
        except BaseException as exc:
            self._give_up_starting(exc)
            raise
        left = None if math.isinf(give_up_at) else give_up_at - time.monotonic()
        if not self._wait_for(self._opening_over, left):
            self.close()
            raise TranscriptionTimeout("the timeout passed before the stream was open")
        if self.outcome is not None and self.outcome.transcription is None:
            self.join()
            assert self.outcome.error is not None
            raise self.outcome.error

    def send(self, audio: bytes, timeout: Optional[float]) -> None:
        """Queue audio; waits up to ``timeout`` seconds for room, ``None``: as long as it takes."""
        if self._worker.pushing or os.getpid() != self._pid:
            self.check_caller()
        try:
            if self._worker.push(audio):
                return
            if not self._holds_a_lock:
                self._audio.put(audio, timeout)
                return
        except QueueFull:
            raise BufferFullError(
                f"no room for {len(audio)} bytes of audio within {timeout:g} s: the buffer holds "
                f"{self._options.buffer_seconds:g} s (buffer_seconds), and the network takes "
                "audio more slowly than it comes"
            ) from None
        except QueueEnded:
            pass
        except QueueRewound:
            raise
        except BaseException as exc:
            self._close_for(exc)
            raise
        # What is raised here ends nothing, and frees no lock of the call that was interrupted.
        self._check_that_it_can_end()
        # Outside of the except clause, which would become the context of a shared error.
        raise self._too_late("send() after finish(): the stream takes no more audio")

    def finalize(self) -> None:
        """Ask for a final of what was sent so far. Never waits."""
        self.check_caller()
        try:
            return self._audio.mark()
        except QueueEnded:
            pass
        except BaseException:
            self._let_go()
            raise
        raise self._too_late("finalize() after finish(): the last finals come without")

    def end_input(self) -> None:
        """No more audio will come. Idempotent."""
        self.check_caller()
        try:
            self._audio.end()
        except BaseException:
            self._let_go()
            raise

    def finish(self, timeout: Optional[float]) -> Transcription:
        """``end_input()`` and ``result()``; an exception between or in them ends the stream."""
        self.check_caller()
        self._check_that_it_can_end()
        if threading.current_thread() is self._delivery.thread:
            raise StreamStateError(
                "finish() cannot be called from a callback: it would wait for itself. "
                "Call close(), or finish() in another thread"
            )
        with self.closing_on_exception():
            self._audio.end()
            return self.result(timeout)

    def next_rewind(self, give_up_at: float) -> Optional[int]:
        """Wait until a file has to be sent again from some position, in bytes.

        ``None``: the stream is over, or ``time.monotonic()`` has come to ``give_up_at``.
        """
        return self._audio.next_rewind(give_up_at - time.monotonic())

    def result(self, timeout: Optional[float] = None) -> Transcription:
        """Wait for the end and return what was heard, or raise what went wrong.

        Blocks until the last callback has returned. After ``timeout`` seconds
        the stream is ended and ``TranscriptionTimeout`` raised.
        """
        if self._wait_for(self._finished, timeout):
            self.join()
        else:
            self._worker.request_stop(Finished("timeout"))
            self._poll(lambda: self.is_over, CLOSE_WAIT)
            self._wait_for(self._finished, CALLBACK_GRACE)
        if self.outcome is None:
            raise TranscriptionTimeout("the timeout that was given has passed")
        transcription = self.outcome.result()
        if not self._finished.is_set():
            raise TranscriptionTimeout(
                f"the callback {self._delivery.running} has not returned within the timeout that "
                "was given",
                partial=transcription,
            )
        return transcription

    def wait(self, seconds: float) -> bool:
        """Wait ``seconds`` at most for the end; ``True`` when it has come."""
        return self._wait_for(self._finished, seconds)

    def close(self, patience: float = CLOSE_WAIT) -> None:
        """End it now; waits ``patience`` seconds at most. Safe in callbacks and signal handlers."""
        if os.getpid() != self._pid:
            return
        self.abandon()
        own = threading.current_thread() in (self._io_thread, self._delivery.thread)
        if not (own or self._is_in_send or self._holds_a_lock):
            self._poll(self._is_gone, patience)

    @property
    def callback_thread(self) -> Optional[threading.Thread]:
        """The thread that calls the callbacks; ``None`` without any."""
        return self._delivery.thread

    def abandon(self) -> None:
        """End it soon, without waiting."""
        if os.getpid() == self._pid:
            self._worker.request_stop(Finished("closed"))

    def orphan(self, callbacks: Callbacks) -> None:
        """End it soon, because its owner is going; until ``on_close`` its callbacks stay."""
        # Afterwards it would only hold up the collection of everything that refers to it.
        if not self._finished.is_set():
            self._delivery.hand_over(callbacks)
            self.abandon()

    def join(self) -> None:
        """Wait for the threads, which have nothing left to do."""
        for thread in (self._io_thread, self._delivery.thread):
            if thread is not None and thread.ident and thread is not threading.current_thread():
                thread.join(CLOSE_WAIT)

    def stats(self) -> Stats:
        """The counters so far."""
        stats = self._worker.stats()
        accepted = self._audio.accepted  # behind the others: nothing is sent before it is accepted
        return stats._replace(
            accepted_bytes=accepted,
            accepted_seconds=accepted / self._bytes_per_second,
        )

    def transcripts(self, wait: bool) -> Iterator[Transcript]:
        """What was heard and not yet taken; with ``wait``, until the stream is over."""
        while True:
            event = self._delivery.take(wait)
            if event is None:
                return
            if isinstance(event, TranscriptHeard):
                yield event.transcript

    @contextlib.contextmanager
    def closing_on_exception(self) -> Iterator[None]:
        """End the stream when its user leaves by an exception."""
        try:
            yield
        except BaseException as exc:
            self._close_for(exc)
            raise

    def check_caller(self) -> None:
        """Raise ``ForkedProcessError`` in a child of the process that started the stream.

        And ``StreamStateError`` in a signal handler that came in the middle of ``send()``.
        """
        if os.getpid() != self._pid:
            raise ForkedProcessError(
                "this stream belongs to the parent process: start one of your own after the fork"
            )
        if self._is_in_send:
            raise StreamStateError(_IN_THE_MIDDLE)

    def _check_that_it_can_end(self) -> None:
        """Raise ``StreamStateError`` in a signal handler that came while its thread held a lock.

        The I/O thread may need it for whatever is to be waited for.
        """
        if self._holds_a_lock:
            raise StreamStateError(_IN_THE_MIDDLE)

    @property
    def _is_in_send(self) -> bool:
        """Whether this thread is, which only a signal handler can ask."""
        return threading.get_ident() in self._worker.pushing and not self.is_over

    @property
    def _holds_a_lock(self) -> bool:
        """Whether this thread was interrupted under one that the I/O thread may need to end."""
        return any(shared.is_held for shared in (self._audio, self._waker, self._delivery))

    # -- in the threads -------------------------------------------------------------------

    def _run_io(self) -> None:
        finished: Optional[Finished] = None
        error: Optional[TelnyxSTTError] = None
        try:
            finished = self._worker.run()
        except Aborted:
            error = StreamStateError("the stream was closed before it was open")
        except TelnyxSTTError as exc:
            error = exc
        except Exception as exc:
            logger.exception("bug in telnyx_stt_sync")
            error = TelnyxSTTError(f"bug in telnyx_stt_sync: {exc!r}")
            error.__cause__ = exc
        finally:
            self._release(finished, error)

    def _release(self, finished: Optional[Finished], error: Optional[TelnyxSTTError]) -> None:
        """Write the outcome and free everybody who waits."""
        try:
            if finished is None and self._opening_over.is_set():
                finished = Finished("error", error)
            outcome = self._outcome(finished, error)
            if finished is not None and finished.ended_by == "closed":
                self._delivery.discard()
            self.outcome = outcome  # nothing that was discarded is told behind this
            self._audio.close()  # before anybody is told: whoever then sends hears the same
            self._owner.ended(self)
            if self.outcome.transcription is not None:
                self._tell_end(self.outcome)
        finally:
            forget(self)
            self._audio.close()
            self._waker.close()
            self._delivery.end()
            self._opening_over.set()
            if not self._delivery.is_running:
                self._finished.set()

    def _outcome(self, finished: Optional[Finished], error: Optional[TelnyxSTTError]) -> Outcome:
        if finished is None:
            return Outcome(None, error)
        transcription = replace(self._worker.transcription(finished), stats=self.stats())
        if finished.error is not None:
            finished.error.partial = transcription
        return Outcome(transcription, finished.error)

    def _tell_end(self, outcome: Outcome) -> None:
        assert outcome.transcription is not None
        if outcome.error is not None and self._is_live:
            self._delivery.tell(Failed(outcome.error))
        self._delivery.tell(Closed(outcome.transcription))

    # -- inside ---------------------------------------------------------------------------

    def _close_for(self, exc: BaseException) -> None:
        """End the stream because of this; one of ours is given what had been heard."""
        self._let_go()
        if self.is_over:  # nothing is left to end, and callbacks go on by themselves
            self._poll(lambda: not self._io_thread.is_alive(), CLOSE_WAIT)
        else:
            self.close()
        if self.outcome is not None and isinstance(exc, TelnyxSTTError):
            exc.partial = exc.partial or self.outcome.transcription

    def _let_go(self) -> None:
        """An exception came out of one of these; up to Python 3.9 a lock may not be free."""
        for shared in (self._worker, self._audio, self._waker, self._delivery):
            shared.let_go()

    def _too_late(self, why: str) -> BaseException:
        """The error for who still wants something of a stream that was ended."""
        return StreamStateError(why) if self.outcome is None else self.outcome.refusal()

    def _give_up_starting(self, exc: BaseException) -> None:
        """Free everything when a thread could not be started, or the start was interrupted."""
        self.abandon()
        self._poll(lambda: self.is_over, START_GRACE)
        if not self.is_over and not self._io_thread.is_alive():
            # The I/O thread does not run, so this thread may do its last work.
            self._release(None, ConnectError(f"the stream was not started: {exc!r}"))
        if isinstance(exc, RuntimeError):  # no more threads, or the interpreter is on its way out
            self.join()
            raise ConnectError(f"no thread could be started: {exc}") from exc

    def _wait_for(self, event: Latch, timeout: Optional[float]) -> bool:
        """Wait in slices."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = WAIT_SLICE if deadline is None else deadline - time.monotonic()
            if event.wait(max(0.0, min(left, WAIT_SLICE))):
                return True
            if left <= 0:
                return False

    def _poll(self, is_done: Callable[[], bool], patience: float) -> None:
        # No join(): this may run in a signal handler that interrupted one, and its lock is not
        # re-entrant.
        deadline = time.monotonic() + patience
        while not is_done() and time.monotonic() < deadline:
            time.sleep(POLL)

    def _is_gone(self) -> bool:
        running = self._io_thread.is_alive() or self._delivery.is_running
        return self._finished.is_set() and not running
