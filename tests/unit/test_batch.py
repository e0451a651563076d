"""Many files at once: what is taken when, what is given out, and how it ends."""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import pickle
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator, List, Optional

import pytest

from telnyx_stt_sync import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    FileResult,
    ForkedProcessError,
    ServerError,
    StreamStateError,
    Transcription,
)
from telnyx_stt_sync._batch import Batch
from telnyx_stt_sync._exit_hook import _open
from telnyx_stt_sync._open_streams import OpenStreams
from telnyx_stt_sync._stream import StreamOwner
from tests.embedding.house import wait_until

DONE = Transcription(complete=True, ended_by="server_close")


def transcribed(source: Any, owner: StreamOwner) -> Transcription:
    """A file that goes well."""
    return DONE


def batch(
    sources: Iterable[Any],
    transcribe: Callable[[Any, StreamOwner], Transcription] = transcribed,
    *,
    max_workers: int = 2,
    owner: Optional[OpenStreams] = None,
) -> Batch:
    """One over a function in the place of the service."""
    return Batch(sources, max_workers, transcribe, owner or OpenStreams())


def file_threads() -> List[str]:
    """The names of the workers that run."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("telnyx-stt-file")]


class Held:
    """Files that last until they are let go; ``begun`` are those that were begun."""

    def __init__(self) -> None:
        self.begun: List[Any] = []
        self._go = threading.Event()

    def __call__(self, source: Any, owner: StreamOwner) -> Transcription:
        self.begun.append(source)
        self._go.wait()
        return DONE

    def let_go(self) -> None:
        """Have them all end."""
        self._go.set()

    def let_go_at(self, count: int) -> threading.Thread:
        """Have them all end when so many have begun; the thread that waits for that."""

        def wait() -> None:
            wait_until(lambda: len(self.begun) == count)
            self.let_go()

        thread = threading.Thread(target=wait)
        thread.start()
        return thread


# -- results ------------------------------------------------------------------------------


def test_every_file_has_its_result() -> None:
    """Each source comes back once, as the object that was given, with its transcription."""
    sources = [io.BytesIO() for _ in range(50)]
    results = list(batch(sources).results())
    assert {id(result.source) for result in results} == {id(source) for source in sources}
    assert len(results) == 50
    assert all(result.transcription is DONE and result.error is None for result in results)


def test_no_sources() -> None:
    """No sources, no results, and no thread for them."""
    assert list(batch([]).results()) == []


def test_results_come_as_they_end() -> None:
    """A file that takes long holds up no other."""
    slow_may_end = threading.Event()

    def transcribe(source: Any, owner: StreamOwner) -> Transcription:
        if source == "slow":
            slow_may_end.wait()
        return DONE

    results = batch(["slow", "a", "b", "c"], transcribe).results()
    quick = [next(results).source for _ in range(3)]
    slow_may_end.set()
    assert quick == ["a", "b", "c"]
    assert [result.source for result in results] == ["slow"]


@pytest.mark.parametrize(
    "error",
    [OSError("gone"), ServerError("overload", message="m"), TypeError("no file"), KeyError()],
)
def test_a_file_that_fails(error: Exception) -> None:
    """What a file raises stands in its result, and the others go on."""

    def transcribe(source: Any, owner: StreamOwner) -> Transcription:
        if source == "c":
            raise error
        return DONE

    results = {str(result.source): result for result in batch(iter("abcde"), transcribe).results()}
    assert sorted(results) == ["a", "b", "c", "d", "e"]
    assert results["c"] == FileResult("c", None, error)
    assert all(results[name].transcription for name in "abde")


def test_as_many_at_once_as_there_are_workers() -> None:
    """Never more than ``max_workers`` at once, and that many where there are enough files."""
    held = Held()
    results = batch(range(20), held, max_workers=3).results()
    ends = held.let_go_at(3)
    next(results)
    assert len(file_threads()) <= 3
    ends.join()
    assert len(list(results)) == 19


def test_fewer_files_than_workers() -> None:
    """No more threads than there are files."""
    held = Held()
    seen: List[int] = []

    def let_go() -> None:
        wait_until(lambda: len(held.begun) == 2)
        seen.append(len(file_threads()))
        held.let_go()

    ends = threading.Thread(target=let_go)
    ends.start()
    assert len(list(batch("ab".__iter__(), held, max_workers=8).results())) == 2
    ends.join()
    assert seen == [2]


def test_thousands_of_files(limit: float) -> None:
    """Five thousand files that take no time take little: threads are not the cost."""
    started = time.monotonic()
    assert sum(1 for _ in batch(range(5000), max_workers=8).results()) == 5000
    assert time.monotonic() - started < limit


def test_the_result_of_a_file() -> None:
    """``result()`` returns the transcription or raises the error, as often as it is asked."""
    assert FileResult("a.wav", DONE, None).result() is DONE
    error = ServerError("overload")
    failed = FileResult("a.wav", None, error)
    for _ in range(2):
        with pytest.raises(ServerError) as caught:
            failed.result()
        assert caught.value is error


def test_a_raised_error_keeps_no_result() -> None:
    """An error that ``result()`` raised goes with the last reference, without the collector."""
    error = ServerError("overload")
    kept = weakref.ref(error)
    failed = FileResult("a.wav", None, error)
    del error
    gc.disable()
    try:
        with contextlib.suppress(ServerError):
            failed.result()
        assert kept() is not None
        del failed
        assert kept() is None
    finally:
        gc.enable()


def test_result_pickles() -> None:
    """A result pickles, with an error and what it holds."""
    error = ServerError("overload", message="m", partial=DONE)
    copy = pickle.loads(pickle.dumps(FileResult("a.wav", None, error)))
    assert isinstance(copy, FileResult) and isinstance(copy.error, ServerError)
    assert (copy.source, copy.error.message, copy.error.partial) == ("a.wav", "m", DONE)


def test_kept_errors_keep_nothing_else() -> None:
    """Whoever keeps the errors of thousands of files keeps none of what they worked with."""

    class Expensive:
        pass

    gone: List[weakref.ref[Expensive]] = []

    def transcribe(source: Any, owner: StreamOwner) -> Transcription:
        expensive = Expensive()
        gone.append(weakref.ref(expensive))
        try:
            raise ValueError(source)
        except ValueError as exc:
            raise ServerError("no") from exc

    errors = [result.error for result in batch(range(5), transcribe).results()]
    assert [reference() for reference in gone] == [None] * 5
    assert all(error is not None and error.__traceback__ is not None for error in errors)


def test_error_that_is_its_own_cause() -> None:
    """A chain of errors that goes in a circle is followed once."""
    error = ServerError("no")
    error.__cause__ = error

    def transcribe(source: Any, owner: StreamOwner) -> Transcription:
        raise error

    assert next(batch(["a"], transcribe).results()).error is error


# -- what is taken, and when --------------------------------------------------------------


def test_endless_sources() -> None:
    """An endless iterable is taken only a little ahead of the results."""
    numbers = itertools.count()
    results = batch(numbers, max_workers=3).results()
    for count in range(1, 100):
        assert isinstance(next(results), FileResult)
        taken = int(repr(numbers)[6:-1])
        assert taken <= count + 2 * 3
    results.close()  # type: ignore[attr-defined]


def test_sources_ahead_while_all_work() -> None:
    """While the workers are busy, at most as many sources are taken again as there are workers."""
    held = Held()
    numbers = itertools.count()
    results = batch(numbers, held, max_workers=3).results()
    ends = held.let_go_at(3)
    next(results)
    ends.join()
    assert 3 <= int(repr(numbers)[6:-1]) <= 2 * 3
    results.close()  # type: ignore[attr-defined]


def test_sources_are_advanced_by_the_callers_thread() -> None:
    """The iterable may belong to a thread, as a database's cursor does."""
    threads: List[threading.Thread] = []

    def sources() -> Iterator[int]:
        for number in range(20):
            threads.append(threading.current_thread())
            yield number

    assert len(list(batch(sources()).results())) == 20
    assert set(threads) == {threading.current_thread()}


def test_results_before_sources() -> None:
    """A result that is there is given out before another source is asked for."""
    held = Held()
    numbers = itertools.count()
    one = batch(numbers, held)
    results = one.results()
    ends = held.let_go_at(2)
    next(results)
    ends.join()
    wait_until(lambda: len(one._results) > 0)
    taken = repr(numbers)
    next(results)
    assert repr(numbers) == taken
    results.close()  # type: ignore[attr-defined]


def test_nothing_before_the_first_next() -> None:
    """Neither a thread nor a source before the first result is asked for."""
    numbers = itertools.count()
    results = batch(numbers).results()
    assert repr(numbers) == "count(0)" and file_threads() == []
    del results


def test_sources_that_raise() -> None:
    """An exception of the iterable goes up, and what runs is ended."""
    held = Held()
    owner = OpenStreams()

    def sources() -> Iterator[str]:
        yield "a"
        wait_until(lambda: held.begun == ["a"])
        held.let_go()
        raise LookupError("no such folder")

    one = batch(sources(), held, owner=owner)
    with pytest.raises(LookupError, match="folder"):
        while True:
            next(one.results())
    assert file_threads() == [] and owner.running() == []


@pytest.mark.parametrize(
    "sources", ["call.wav", b"call.wav", Path("call.wav"), io.BytesIO(b"1\n2\n")], ids=repr
)
def test_one_file_instead_of_many(sources: Any) -> None:
    """A path or a file object, which could be iterated, is not taken for many files."""
    with pytest.raises(TypeError, match="is one file"):
        batch(sources)


def test_sources_that_are_none() -> None:
    """What cannot be iterated is a TypeError at once."""
    with pytest.raises(TypeError, match="iterable"):
        batch(7)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "number", [0, -1, 2.0, "8", True, None, 10_001, 10**400], ids=lambda value: str(value)[:9]
)
def test_max_workers_that_are_none(number: Any) -> None:
    """``max_workers`` is a whole number from 1 to 10,000; the error says so."""
    with pytest.raises(ConfigurationError, match=r"max_workers=.* from 1 to 10000;"):
        batch([], max_workers=number)


# -- the key was refused ------------------------------------------------------------------


def test_a_refused_key_is_not_tried_for_every_file() -> None:
    """After a refusal the others get the same error, each its own, without being tried."""
    tried: List[Any] = []

    def transcribe(source: Any, owner: StreamOwner) -> Transcription:
        tried.append(source)
        raise AuthenticationError("the key was refused", status=401, body="no", attempts=1)

    results = list(batch(range(1000), transcribe, max_workers=4).results())
    assert len(results) == 1000 and len(tried) <= 4
    errors = [result.error for result in results]
    assert len({id(error) for error in errors}) == 1000
    for error in errors:
        assert isinstance(error, AuthenticationError)
        assert (error.status, error.body, error.partial) == (401, "no", None)
    counts = [error.attempts for error in errors if isinstance(error, AuthenticationError)]
    assert counts.count(0) == 1000 - len(tried)
    assert "not tried" in str(errors[-1]) and "the key was refused" in str(errors[-1])


# -- the end ------------------------------------------------------------------------------


class Streamlike:
    """Stands for the stream of a file: it ends when it is told to."""

    outcome = None

    def __init__(self) -> None:
        self._over = threading.Event()
        self.abandoned = 0

    def abandon(self) -> None:
        self.abandoned += 1
        self._over.set()

    def close(self, patience: float = 3.0) -> None:
        self.abandon()

    callback_thread: Optional[threading.Thread] = None

    def run(self, owner: Any) -> None:
        """What transcribing does: until it is told to end."""
        owner.add(self)
        self._over.wait()
        owner.ended(self)
        raise StreamStateError("the stream was closed", partial=DONE)


class Streams:
    """Files whose streams last until they are ended."""

    def __init__(self) -> None:
        self.opened: List[Streamlike] = []

    def __call__(self, source: Any, owner: StreamOwner) -> Transcription:
        if source == "quick":
            wait_until(lambda: len(self.opened) == 1)
            return DONE
        stream = Streamlike()
        self.opened.append(stream)
        stream.run(owner)
        raise AssertionError


def leave_by_break(results: Iterator[FileResult]) -> None:
    for _ in results:
        break
    results.close()  # type: ignore[attr-defined]


def leave_by_exception(results: Iterator[FileResult]) -> None:
    with pytest.raises(ZeroDivisionError):
        for _ in results:
            raise ZeroDivisionError


def leave_by_forgetting(results: Iterator[FileResult]) -> None:
    next(results)


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_exception, leave_by_forgetting])
def test_left_early(leave: Callable[[Iterator[FileResult]], None]) -> None:
    """However it is left early, running streams are ended, no other is begun, no thread stays."""
    owner, streams = OpenStreams(), Streams()

    def use() -> None:
        sources = itertools.chain(["slow", "quick"], itertools.repeat("slow"))
        leave(batch(sources, streams, owner=owner).results())

    use()
    gc.collect()  # an exception that pytest keeps may keep the generator
    assert file_threads() == []
    assert all(stream.abandoned for stream in streams.opened)
    assert owner.running() == [] and not _open


def test_stream_that_is_added_after_the_end() -> None:
    """A file that was about to open its stream when all was ended does not keep it."""
    one = batch([])
    one.abandon()
    late: Any = Streamlike()
    one.add(late)
    assert late.abandoned == 1


def test_stream_that_has_ended() -> None:
    """A stream that has ended is told to the owner, and kept no longer."""
    told: List[Any] = []

    class Owner(OpenStreams):
        def ended(self, stream: Any) -> None:
            told.append(stream)

    one = batch([], owner=Owner())
    stream: Any = Streamlike()
    one.add(stream)
    one.ended(stream)
    one.abandon()
    assert told == [stream] and stream.abandoned == 0


def test_interrupted_while_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that comes up in the wait for a result ends all and goes on up."""
    owner, streams = OpenStreams(), Streams()
    one = batch(["slow"] * 9, streams, owner=owner)

    class Gate:
        def acquire(self, timeout: float) -> bool:
            assert 0 < timeout <= 0.2
            wait_until(lambda: len(streams.opened) == 2)
            raise KeyboardInterrupt

        def release(self) -> None:
            pass

    monkeypatch.setattr(one, "_gate", Gate())
    with pytest.raises(KeyboardInterrupt):
        next(one.results())
    assert file_threads() == [] and owner.running() == []
    assert len(streams.opened) == 2


def test_forked_while_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that finds itself in the wait for a result, as out of a signal handler, is told."""
    held = Held()
    one = batch(["a"], held)
    gate = one._gate
    process = one._pid

    class Gate:
        def acquire(self, timeout: float) -> bool:
            one._pid = -1
            return False

        def release(self) -> None:
            gate.release()

    monkeypatch.setattr(one, "_gate", Gate())
    with pytest.raises(ForkedProcessError):
        next(one.results())
    one._pid = process
    held.let_go()
    one.close()
    assert file_threads() == []


def test_forked_between_two_results() -> None:
    """A child gets no result of its parent's, not even one that is there."""
    one = batch(["a", "b"], max_workers=1)
    results = one.results()
    next(results)
    one._results.append(FileResult("b", DONE, None))
    process = one._pid
    one._pid = -1
    with pytest.raises(ForkedProcessError):
        next(results)
    one._pid = process
    one.close()


def test_forked_by_the_sources() -> None:
    """A child that is forked inside the sources begins none of them."""
    held = Held()
    one: Batch

    def sources() -> Iterator[str]:
        one._pid = -1
        yield "a"

    one = batch(sources(), held)
    with pytest.raises(ForkedProcessError):
        next(one.results())
    assert held.begun == [] and file_threads() == []


def test_close_in_a_child() -> None:
    """What is the parent's is not ended in a child."""
    one = batch(["a"])
    stream: Any = Streamlike()
    one.add(stream)
    one._pid = -1
    one.abandon()
    one.close()
    assert stream.abandoned == 0


def test_closed_from_outside() -> None:
    """close() of its owner: each source that was taken has a result, then a StreamStateError."""
    owner, streams = OpenStreams(), Streams()
    numbers = itertools.count()
    results = batch(numbers, streams, owner=owner).results()

    def close() -> None:
        wait_until(lambda: len(streams.opened) == 2 and repr(numbers) == "count(4)")
        for running in owner.running():
            running.close()

    closes = threading.Thread(target=close)
    closes.start()
    seen: List[FileResult] = []
    with pytest.raises(StreamStateError, match="close\\(\\) was called: transcribe_files"):
        for result in results:
            seen.append(result)
    closes.join()
    assert sorted(str(result.source) for result in seen) == ["0", "1", "2", "3"]
    assert all(isinstance(result.error, StreamStateError) for result in seen)
    partials = [
        result.error.partial for result in seen if isinstance(result.error, StreamStateError)
    ]
    assert partials.count(DONE) == 2 and partials.count(None) == 2
    assert file_threads() == [] and repr(numbers) == "count(4)"


def test_closed_between_two_results() -> None:
    """close() in the loop body, when all that was taken has ended: the next asks raises."""
    owner = OpenStreams()
    results = batch(itertools.count(), owner=owner).results()
    next(results)
    for running in owner.running():
        running.close()
    with pytest.raises(StreamStateError):
        for _ in range(5):
            next(results)
    assert list(results) == []


def test_a_file_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in a wait that nothing can interrupt does not hold up whoever closes, or waits."""
    monkeypatch.setattr("telnyx_stt_sync._batch.CLOSE_WAIT", 0.05)
    held, owner = Held(), OpenStreams()
    one = batch(["a"], held, owner=owner)

    def close() -> None:
        wait_until(lambda: held.begun == ["a"])
        one.close()

    closes = threading.Thread(target=close)
    closes.start()
    with pytest.raises(StreamStateError):
        next(one.results())
    closes.join()
    assert file_threads() != []
    # All who close have waited together.
    started = time.monotonic()
    one.close(patience=60.0)
    assert time.monotonic() - started < 20.0
    held.let_go()
    wait_until(lambda: not file_threads())


def test_close_at_the_end_of_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that stand still by then are not waited for."""
    held = Held()
    one = batch(["a"], held)
    took: List[float] = []

    def close() -> None:
        wait_until(lambda: held.begun == ["a"])
        monkeypatch.setattr("sys.is_finalizing", lambda: True)
        started = time.monotonic()
        one.close()
        took.append(time.monotonic() - started)
        held.let_go()

    closes = threading.Thread(target=close)
    closes.start()
    next(one.results())
    closes.join()
    assert took[0] < 2.0
    wait_until(lambda: not file_threads())


def test_close_by_a_worker() -> None:
    """close() from on_progress, which a worker calls, does not wait for that worker."""
    owner = OpenStreams()

    def transcribe(source: Any, streams: StreamOwner) -> Transcription:
        for running in owner.running():
            running.close()
        return DONE

    started = time.monotonic()
    results = batch(["a"], transcribe, owner=owner).results()
    assert next(results).transcription is DONE
    with pytest.raises(StreamStateError):
        next(results)
    assert time.monotonic() - started < 2.0


@pytest.mark.parametrize("has_ended", [False, True])
def test_close_by_a_callback(has_ended: bool) -> None:
    """close() from a callback of a file's stream returns at once: the file waits for it."""
    held, owner = Held(), OpenStreams()
    one = batch(["a"], held, owner=owner)
    stream: Any = Streamlike()
    took: List[float] = []

    def close() -> None:
        stream.callback_thread = threading.current_thread()
        one.add(stream)
        if has_ended:
            one.ended(stream)
        wait_until(lambda: held.begun == ["a"])
        started = time.monotonic()
        one.close()
        took.append(time.monotonic() - started)
        held.let_go()

    closes = threading.Thread(target=close)
    closes.start()
    assert next(one.results()).transcription is DONE
    closes.join()
    assert took[0] < 2.0 and bool(stream.abandoned) is not has_ended


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit])
def test_what_is_no_matter_of_a_file(error: type) -> None:
    """sys.exit() and the like in a file's callback end the loop over the results."""
    streams = Streams()

    def transcribe(source: Any, owner: StreamOwner) -> Transcription:
        if source == "bad":
            wait_until(lambda: len(streams.opened) == 1)
            raise error
        return streams(source, owner)

    with pytest.raises(error):
        next(batch(["slow", "bad", "slow"], transcribe).results())
    assert file_threads() == []


def test_no_file_after_that() -> None:
    """No file that waits is begun then."""
    begun: List[str] = []

    def transcribe(source: Any, owner: StreamOwner) -> Transcription:
        begun.append(source)
        wait_until(lambda: len(one._waiting) == 1)
        raise SystemExit

    one = batch("abc".__iter__(), transcribe, max_workers=1)
    with pytest.raises(SystemExit):
        next(one.results())
    assert begun == ["a"]


def test_no_source_after_that() -> None:
    """No more sources are taken then."""
    taken: List[str] = []

    def transcribe(source: Any, owner: StreamOwner) -> Transcription:
        raise SystemExit

    def sources() -> Iterator[str]:
        for name in "abcd":
            taken.append(name)
            yield name
            wait_until(lambda: one._failure is not None)

    one = batch(sources(), transcribe)
    with pytest.raises(SystemExit):
        next(one.results())
    assert len(taken) <= 2  # the second, if it was asked for before


# -- threads that cannot be started -------------------------------------------------------


def test_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not one thread can be started, that is a ConnectError that says so."""

    def start(self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", start)
    with pytest.raises(ConnectError, match="no thread could be started"):
        next(batch(["a"]).results())


def test_fewer_threads_than_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where fewer threads can be started than there are workers, those do all the work."""
    start = threading.Thread.start

    def start_one(self: threading.Thread) -> None:
        if file_threads():
            raise RuntimeError("can't start new thread")
        start(self)

    monkeypatch.setattr("threading.Thread.start", start_one)
    assert len(list(batch(range(200), max_workers=4).results())) == 200


def test_thread_that_can_be_started_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a thread cannot be started while another is about to end, it is tried again."""
    start = threading.Thread.start
    tries: List[bool] = []

    def start_later(self: threading.Thread) -> None:
        tries.append(True)
        if len(tries) == 1:
            raise RuntimeError("can't start new thread")
        start(self)

    one = batch(["a"], max_workers=1)
    one._workers.append(threading.current_thread())
    monkeypatch.setattr("threading.Thread.start", start_later)
    assert next(one.results()).transcription is DONE


def test_no_file_is_left_between_two_workers() -> None:
    """A source that comes while the last worker leaves is taken by it, or by a new one."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(200):
            assert len(list(batch(range(20), max_workers=1).results())) == 20
    finally:
        sys.setswitchinterval(interval)
