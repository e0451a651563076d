"""The queue of audio: bounded, endable, cut at whole samples; from one thread and from many."""

from __future__ import annotations

import struct
import sys
import threading
import time
from functools import partial
from types import FrameType
from typing import Any, Callable, Dict, List, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._audio_queue import AudioQueue, QueueEnded, QueueFull, QueueRewound
from tests.unit.alarms import alarms


class Woken:
    """Counts the wake-ups of a consumer."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


def queue(max_bytes: int = 10, unit: int = 2, wake: Callable[[], None] = Woken()) -> AudioQueue:
    """A queue of 5 samples of 2 bytes."""
    return AudioQueue(max_bytes, unit, wake)


def run(target: Callable[[], object]) -> threading.Thread:
    """A thread that runs it."""
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    return thread


def test_first_in_first_out() -> None:
    """Audio comes out in the order in which it went in, whatever the pieces."""
    audio = queue()
    for chunk in (b"abc", b"d", b"efghij"):
        audio.put(chunk)
    assert audio.pop(4) + audio.pop(4) + audio.pop(100) == b"abcdefghij"
    assert audio.pop(100) == b""


def test_an_empty_queue() -> None:
    """An empty queue has nothing to take and nothing to do, and is not at its end."""
    audio = queue()
    assert audio.pop(100) == b""
    assert (audio.has_work, audio.is_drained, audio.accepted) == (False, False, 0)


def test_a_mark_keeps_its_place() -> None:
    """A mark comes behind what was put before it, in front of what was put after it."""
    audio = queue()
    audio.put(b"abcd")
    audio.mark()
    audio.put(b"efgh")
    assert not audio.take_mark()
    assert audio.pop(100) == b"abcd"
    assert audio.pop(100) == b""
    assert audio.take_mark()
    assert not audio.take_mark()
    assert audio.pop(100) == b"efgh"


def test_a_mark_within_a_sample() -> None:
    """Part of a sample in front of a mark goes with its rest, behind the mark."""
    audio = queue()
    audio.put(b"abc")
    audio.mark()
    audio.put(b"d")
    assert (audio.pop(100), audio.take_mark(), audio.pop(100)) == (b"ab", True, b"cd")


def test_marks_at_one_place() -> None:
    """Several marks at one place are one; at another place it is another."""
    audio = queue()
    for _ in range(3):
        audio.mark()
    audio.put(b"ab")
    audio.mark()
    assert (audio.take_mark(), audio.take_mark()) == (True, False)
    assert (audio.pop(100), audio.take_mark(), audio.take_mark()) == (b"ab", True, False)


def test_a_mark_is_work() -> None:
    """The consumer is woken for a mark, and has work as long as one can be taken."""
    woken = Woken()
    audio = queue(wake=woken)
    audio.mark()
    assert (woken.count, audio.has_work) == (1, True)
    assert audio.take_mark()
    assert not audio.has_work


def test_a_mark_behind_audio_that_gives_way() -> None:
    """When the audio in front of a mark gives way, the mark is next."""
    audio = AudioQueue(4, 2, Woken(), drops=True)
    audio.put(b"ab")
    audio.mark()
    audio.put(b"cdef")
    audio.put(b"gh")
    assert (audio.take_mark(), audio.pop(100), audio.gap) == (True, b"efgh", 4)


def test_marks_and_the_end() -> None:
    """A mark set before the end is still told, none can be set behind it, and close() drops it."""
    audio = queue()
    audio.put(b"abc")
    audio.mark()
    audio.end()
    with pytest.raises(QueueEnded):
        audio.mark()
    assert (audio.pop(100), audio.take_mark(), audio.pop(100)) == (b"abc", True, b"")
    assert audio.is_drained
    closed = queue()
    closed.mark()
    closed.close()
    assert not closed.take_mark()


@given(
    st.lists(
        st.one_of(st.integers(1, 7), st.just("mark"), st.tuples(st.just("pop"), st.integers(1, 9))),
        max_size=40,
    )
)
def test_marks_among_anything(steps: List[Any]) -> None:
    """Whatever is put, marked and taken: each mark comes where it was set, to the sample."""
    audio = queue(max_bytes=1000)
    put = taken = 0
    wanted: List[int] = []
    told: List[int] = []

    def take(limit: int) -> int:
        if audio.take_mark():
            told.append(taken)
        return len(audio.pop(limit))

    for step in steps:
        if step == "mark":
            audio.mark()
            wanted.append(put - put % 2)
        elif isinstance(step, int):
            audio.put(bytes(step))
            put += step
        else:
            taken += take(step[1])
    while audio.has_work:
        taken += take(4)
    assert taken == put - put % 2
    assert sorted(set(told)) == sorted(set(wanted))


def test_pieces_are_whole_samples() -> None:
    """Until the end, a sample is never cut apart: what is left over waits for its rest."""
    audio = queue()
    audio.put(b"abc")
    assert audio.pop(100) == b"ab"
    assert audio.pop(100) == b""
    assert not audio.has_work
    audio.put(b"d")
    assert audio.has_work
    assert audio.pop(100) == b"cd"
    audio.put(b"efgh")
    assert audio.pop(3) == b"ef"


def test_the_end_of_a_cut_sample() -> None:
    """After the end the rest of a sample comes out as well: nothing is lost."""
    audio = queue()
    audio.put(b"abcde")
    audio.end()
    assert audio.pop(3) == b"ab"
    assert audio.pop(100) == b"cde"
    assert audio.is_drained


def test_no_room() -> None:
    """What does not fit is refused when the time is up, and nothing of it was taken."""
    audio = queue()
    audio.put(b"0123456789")
    for timeout in (0, -1, 0.01):
        with pytest.raises(QueueFull):
            audio.put(b"x", timeout)
    assert audio.accepted == 10
    assert audio.pop(100) == b"0123456789"


def test_the_time_that_was_given() -> None:
    """A producer waits for room as long as it was told to, neither less nor for ever."""
    audio = queue()
    audio.put(b"0123456789")
    before = time.monotonic()
    with pytest.raises(QueueFull):
        audio.put(b"x", 0.25)
    assert time.monotonic() - before >= 0.25


def test_it_may_be_filled_to_the_brim() -> None:
    """The bound itself is allowed."""
    audio = queue(max_bytes=10)
    audio.put(b"012345678", 0)
    audio.put(b"9", 0)
    with pytest.raises(QueueFull):
        audio.put(b"x", 0)


def test_a_chunk_that_never_fits() -> None:
    """A chunk larger than the bound is let into an empty queue, and only then."""
    audio = queue()
    audio.put(b"x" * 100, 0)
    with pytest.raises(QueueFull):
        audio.put(b"y" * 100, 0)
    assert audio.pop(1000) == b"x" * 100
    audio.put(b"y" * 100, 0)
    assert audio.accepted == 200


@pytest.mark.parametrize("size", [10, 100])
def test_a_cut_sample_blocks_nobody(size: int) -> None:
    """A rest that cannot be taken before more comes does not keep more from coming."""
    audio = queue(max_bytes=10)
    audio.put(b"abc")
    assert audio.pop(100) == b"ab"
    audio.put(b"x" * size, 0)
    assert audio.pop(2) == b"cx"


def test_nothing_is_nothing() -> None:
    """Empty audio takes no place, and an ended queue with nothing else in it is at its end."""
    audio = queue()
    audio.put(b"")
    assert (audio.has_work, audio.accepted, audio.pop(100)) == (False, 0, b"")
    audio.end()
    assert audio.is_drained


def test_room_comes(limit: float) -> None:
    """A producer that waits for room goes on as soon as there is some."""
    audio = queue()
    audio.put(b"0123456789")
    producer = run(lambda: audio.put(b"ab"))
    assert audio.pop(2) == b"01"
    producer.join(limit)
    assert not producer.is_alive()
    assert audio.pop(100) == b"23456789ab"


@pytest.mark.parametrize("discard", [False, True])
def test_the_end_refuses_audio(discard: bool) -> None:
    """After the end nothing is taken any more, room or not; ending again changes nothing."""
    audio = queue()
    for _ in range(2):
        audio.close() if discard else audio.end()
        for chunk in (b"ab", b"x" * 100):
            with pytest.raises(QueueEnded):
                audio.put(chunk)
    assert audio.accepted == 0
    assert audio.is_drained


def test_the_end_lets_the_rest_out() -> None:
    """What was in the queue at its end still comes out; only then is it drained."""
    audio = queue()
    audio.put(b"abcd")
    audio.end()
    assert (audio.is_drained, audio.has_work) == (False, True)
    assert audio.pop(2) == b"ab"
    assert not audio.is_drained
    assert audio.pop(2) == b"cd"
    assert audio.is_drained
    assert audio.pop(2) == b""


def test_an_end_that_discards() -> None:
    """Discarding drops what waits, also when the end came before; what was accepted stays so."""
    audio = queue()
    audio.put(b"abcd")
    audio.end()
    audio.close()
    assert (audio.pop(100), audio.is_drained, audio.accepted) == (b"", True, 4)


@pytest.mark.parametrize("discard", [False, True])
def test_the_end_frees_who_waits(discard: bool, limit: float) -> None:
    """Producers that wait for room learn of the end at once, all of them."""
    audio = queue()
    audio.put(b"0123456789")
    freed: List[int] = []

    def produce(number: int) -> None:
        with pytest.raises(QueueEnded):
            audio.put(b"ab")
        freed.append(number)

    producers = [run(partial(produce, number)) for number in range(3)]
    audio.close() if discard else audio.end()
    for producer in producers:
        producer.join(limit)
    assert sorted(freed) == [0, 1, 2]
    assert audio.accepted == 10


def test_when_the_consumer_is_woken() -> None:
    """The consumer is woken when there is something to do that was not there before."""
    woken = Woken()
    audio = queue(wake=woken)
    audio.put(b"a")
    audio.put(b"b")
    first = woken.count
    assert first >= 1
    audio.put(b"cd")
    assert woken.count == first, "it had work already"
    audio.pop(100)
    audio.put(b"ef")
    assert woken.count == first + 1
    audio.end()
    assert woken.count == first + 2


def test_the_consumer_is_woken_without_a_lock(limit: float) -> None:
    """``wake`` may look at the queue, from any thread: no lock is held while it runs."""
    seen: List[bool] = []

    def wake() -> None:
        thread = run(lambda: seen.append(audio.has_work))
        thread.join(limit)
        assert not thread.is_alive()

    audio = queue(wake=wake)
    audio.put(b"ab")
    audio.end()
    assert seen == [True, True]


def test_repr() -> None:
    """``repr`` shows how full it is and whether it was ended."""
    audio = queue()
    audio.put(b"ab")
    assert repr(audio) == "<AudioQueue 2/10 bytes, ended=False>"
    audio.close()
    assert repr(audio) == "<AudioQueue 0/10 bytes, ended=True>"


# -- a full queue that drops --------------------------------------------------------------------


def dropping(max_bytes: int = 10, unit: int = 2) -> AudioQueue:
    """A queue of 5 samples in which the oldest give way."""
    return AudioQueue(max_bytes, unit, Woken(), drops=True)


def test_the_oldest_gives_way() -> None:
    """Where there is no room, as many of the oldest samples are dropped as it takes, no more."""
    audio = dropping()
    audio.put(b"0123456789", 0)
    audio.put(b"abcd", 0)
    assert audio.accepted == 14
    assert audio.pop(100) == b"456789abcd"
    assert audio.gap == 4


def test_whole_samples_give_way() -> None:
    """A sample is never cut apart: room for one byte costs two."""
    audio = dropping()
    audio.put(b"0123456789", 0)
    audio.put(b"a", 0)
    assert audio.pop(8) == b"23456789"
    assert audio.gap == 2
    audio.put(b"b", 0)
    assert audio.pop(100) == b"ab"


def test_the_rest_of_a_sample_stays() -> None:
    """What is not a whole sample yet is not dropped, because the next byte belongs to it."""
    audio = dropping()
    audio.put(b"012345678", 0)
    audio.put(b"x" * 9, 0)
    audio.put(b"y" * 20, 0)
    audio.end()
    taken = audio.pop(100)
    assert (audio.gap + len(taken), taken[-20:]) == (38, b"y" * 20)
    assert audio.gap % 2 == 0


def test_the_gap_lies_before_what_was_taken() -> None:
    """Drops add up until audio is taken, and are told once."""
    audio = dropping()
    audio.put(b"0123456789", 0)
    assert audio.pop(2) == b"01"
    assert audio.gap == 0
    audio.put(b"abcd", 0)
    audio.put(b"ef", 0)
    assert audio.pop(0) == b""
    assert audio.gap == 4
    assert audio.pop(100) == b"6789abcdef"
    assert audio.gap == 0


def test_a_dropping_queue_that_was_ended() -> None:
    """After the end nothing is dropped for what is refused."""
    audio = dropping()
    audio.put(b"0123456789", 0)
    audio.end()
    with pytest.raises(QueueEnded):
        audio.put(b"ab", 0)
    assert (audio.pop(100), audio.gap) == (b"0123456789", 0)


@settings(deadline=None)
@given(
    unit=st.sampled_from([1, 2, 4]),
    steps=st.lists(st.one_of(st.binary(min_size=1, max_size=20), st.integers(4, 20)), max_size=30),
)
def test_nothing_but_the_gaps_is_missing(unit: int, steps: List[object]) -> None:
    """What comes out is what went in, less the gaps that were told, cut at whole samples."""
    audio = AudioQueue(16, unit, Woken(), drops=True)
    given, place = b"", 0

    def take(size: int) -> None:
        nonlocal place
        piece = audio.pop(size)
        assert audio.gap % unit == 0
        place += audio.gap
        assert given[place : place + len(piece)] == piece
        place += len(piece)

    for step in steps:
        if isinstance(step, bytes):
            audio.put(step, 0)
            given += step
        elif isinstance(step, int):
            take(step)
    audio.end()
    take(1000)
    assert place == len(given)


# -- past the queue ---------------------------------------------------------------------------


def test_past_the_queue() -> None:
    """Audio that nothing is in front of need not go through it; it counts, and marks know of it."""
    woken = Woken()
    audio = queue(wake=woken)
    assert audio.bypass(100)
    assert (audio.accepted, audio.has_work, woken.count) == (100, False, 0)
    audio.mark()
    assert audio.take_mark()


BEFORE: Dict[str, Callable[[AudioQueue], object]] = {
    "audio": lambda audio: audio.put(b"ab"),
    "part of a sample": lambda audio: audio.put(b"a"),
    "a mark": lambda audio: audio.mark(),
    "the end": lambda audio: audio.end(),
    "a rewind": lambda audio: audio.rewind(0),
    "the close": lambda audio: audio.close(),
}


@pytest.mark.parametrize("before", BEFORE)
def test_nothing_is_overtaken(before: str) -> None:
    """What comes behind something has to be put, or refused."""
    audio = queue()
    BEFORE[before](audio)
    accepted = audio.accepted
    assert not audio.bypass(4)
    assert audio.accepted == accepted


def test_part_of_a_sample_does_not_go_past() -> None:
    """It has to wait for its rest."""
    audio = queue()
    assert not audio.bypass(3)


# -- back again -------------------------------------------------------------------------------


def test_a_rewind() -> None:
    """What waits is dropped, and the producer learns from where to put everything again."""
    audio = queue()
    audio.put(b"abcdef")
    assert audio.pop(4) == b"abcd"
    audio.rewind(2)
    assert (audio.pop(100), audio.has_work, audio.is_drained) == (b"", False, False)
    with pytest.raises(QueueRewound):
        audio.put(b"gh")
    assert audio.next_rewind(0) == 2
    audio.put(b"cdef")
    audio.put(b"gh")
    assert audio.pop(100) == b"cdefgh"
    assert audio.next_rewind(0) is None


def test_accepted_counts_once() -> None:
    """What was put again is counted once, and what was new on top."""
    audio = queue()
    audio.put(b"abcdef")
    audio.rewind(2)
    audio.next_rewind(0)
    assert audio.accepted == 6
    audio.put(b"cd")
    assert audio.accepted == 6
    audio.put(b"efgh")
    assert audio.accepted == 8


def test_a_rewind_after_the_end() -> None:
    """An end is taken back by a rewind, and holds again when the producer has come to it again."""
    audio = queue()
    audio.put(b"abcd")
    audio.end()
    assert audio.pop(100) == b"abcd"
    audio.rewind(0)
    assert (audio.is_ended, audio.is_drained) == (False, False)
    assert audio.next_rewind(0) == 0
    audio.put(b"abcd")
    audio.end()
    assert audio.is_ended
    assert audio.pop(100) == b"abcd"
    assert audio.is_drained


def test_an_end_that_comes_too_late() -> None:
    """A producer that ends without having seen the rewind has not ended."""
    audio = queue()
    audio.put(b"abcd")
    audio.rewind(0)
    audio.end()
    assert not audio.is_ended
    assert audio.next_rewind(0) == 0
    audio.end()
    assert audio.is_ended


def test_the_last_rewind_counts() -> None:
    """Of two rewinds that the producer has not seen the later one is followed."""
    audio = queue()
    audio.put(b"abcd")
    audio.rewind(2)
    audio.rewind(0)
    assert audio.next_rewind(0) == 0
    assert audio.next_rewind(0) is None


def test_a_rewind_after_the_close() -> None:
    """A closed queue stays closed: nothing is put again."""
    audio = queue()
    audio.put(b"abcd")
    audio.close()
    audio.rewind(0)
    assert audio.is_drained
    assert audio.next_rewind(10) is None
    with pytest.raises(QueueEnded):
        audio.put(b"ab")


def test_a_close_after_a_rewind() -> None:
    """A close takes back a rewind that nobody has followed."""
    audio = queue()
    audio.put(b"abcd")
    audio.rewind(2)
    audio.close()
    assert audio.next_rewind(10) is None
    with pytest.raises(QueueEnded):
        audio.put(b"ab")


def test_the_time_given_to_a_rewind() -> None:
    """A producer waits for a rewind as long as it was told to."""
    before = time.monotonic()
    assert queue().next_rewind(0.25) is None
    assert time.monotonic() - before >= 0.25


@pytest.mark.parametrize("call", ["rewind", "close"])
def test_a_rewind_frees_who_waits(call: str, limit: float) -> None:
    """Who waits for room, or for a rewind, learns of one at once, and of the end."""
    audio = queue()
    audio.put(b"0123456789")
    freed: List[object] = []

    def produce() -> None:
        with pytest.raises((QueueRewound, QueueEnded)) as caught:
            audio.put(b"ab")
        freed.append(caught.type)

    producer = run(produce)
    audio.rewind(4) if call == "rewind" else audio.close()
    producer.join(limit)
    assert freed == [QueueRewound if call == "rewind" else QueueEnded]
    waiting = queue()
    waiter = run(lambda: freed.append(waiting.next_rewind(limit)))
    waiting.rewind(4) if call == "rewind" else waiting.close()
    waiter.join(limit)
    assert freed[1] == (4 if call == "rewind" else None)


@settings(deadline=None)
@given(
    unit=st.sampled_from([1, 2, 4]),
    steps=st.lists(
        st.one_of(
            st.binary(min_size=1, max_size=20),
            st.tuples(st.binary(min_size=1, max_size=20)),
            st.integers(4, 20),
        ),
        max_size=30,
    ),
)
def test_what_goes_in_comes_out(unit: int, steps: List[object]) -> None:
    """Every byte that was accepted comes out once and in order, in whole samples until the end."""
    audio = AudioQueue(16, unit, Woken())
    accepted, taken = b"", b""
    for step in steps:
        if isinstance(step, bytes):
            try:
                audio.put(step, 0)
            except QueueFull:
                assert audio.has_work, "it is full, and there is nothing to take"
                continue
            accepted += step
        elif isinstance(step, tuple):
            if audio.bypass(len(step[0])):
                assert taken == accepted, "it overtakes what waits"
                accepted += step[0]
                taken += step[0]
        elif isinstance(step, int):
            piece = audio.pop(step)
            assert len(piece) <= step
            assert len(piece) % unit == 0
            taken += piece
        assert audio.accepted == len(accepted)
        assert audio.has_work is (len(accepted) - len(taken) >= unit)
    audio.end()
    while not audio.is_drained:
        taken += audio.pop(7)
    assert taken == accepted


RECORD = struct.Struct("<BI3x")  # producer, number: 8 bytes, a whole number of samples


class Producer(threading.Thread):
    """Puts numbered records until the queue is ended; ``accepted`` says how many were taken."""

    def __init__(self, audio: AudioQueue, number: int) -> None:
        super().__init__(daemon=True)  # a test that fails must still end
        self.accepted = 0
        self._audio = audio
        self._number = number

    def run(self) -> None:
        """Chunks of one to five records; they stay together."""
        while True:
            size = 1 + self.accepted % 5
            numbers = range(self.accepted, self.accepted + size)
            try:
                self._audio.put(b"".join(RECORD.pack(self._number, n) for n in numbers))
            except QueueEnded:
                return
            self.accepted += size


@pytest.mark.parametrize(("max_bytes", "unit"), [(16, 1), (100, 4), (4000, 8)])
def test_many_producers(max_bytes: int, unit: int, limit: float) -> None:
    """Four producers, a slow consumer, ended half-way: nothing lost, doubled or reordered."""
    work = threading.Event()
    audio = AudioQueue(max_bytes, unit, work.set)
    producers = [Producer(audio, number) for number in range(4)]
    for producer in producers:
        producer.start()
    taken = bytearray()
    pops, deadline = 0, time.monotonic() + limit
    try:
        while not audio.is_drained:
            assert time.monotonic() < deadline
            if len(taken) > 300_000:
                audio.end()
            work.clear()
            if not audio.has_work:
                assert work.wait(limit), "nobody woke the consumer"
                continue
            pops += 1
            taken += audio.pop(8 + pops % 60)
    finally:
        audio.end()  # frees the producers when something above failed
    for producer in producers:
        producer.join(limit)
        assert not producer.is_alive()
    expected = [0] * 4
    for number, index in RECORD.iter_unpack(taken):
        assert index == expected[number]
        expected[number] += 1
    assert expected == [producer.accepted for producer in producers]
    assert audio.accepted == len(taken)
    assert len(taken) > 300_000


FILES = ("_audio_queue.py", "threading.py")


@pytest.mark.skipif(sys.platform == "win32", reason="no timers that raise signals")
@pytest.mark.skipif(
    sys.version_info < (3, 11),
    reason="the interpreter itself may take a signal between a with block and its release",
)
def test_interrupted_put() -> None:
    """A signal handler that raises, wherever in put(), does not leave the queue locked."""

    class Limit(Exception):
        pass

    def handler(number: int, frame: Optional[FrameType]) -> None:
        # Anywhere else an exception would hit pytest.
        names = []
        while frame is not None and frame.f_code.co_filename.endswith(FILES):
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        if "put" in names:
            raise Limit

    queue = AudioQueue(max_bytes=1 << 30, unit=2, wake=lambda: None)
    interrupted = 0
    with alarms(handler):
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            try:
                for _ in range(100):
                    queue.put(b"ab")
            except Limit:
                interrupted += 1
    assert interrupted > 10
    consumer = threading.Thread(target=queue.pop, args=(2,), daemon=True)
    consumer.start()
    consumer.join(5.0)
    assert not consumer.is_alive(), "put() left the lock to nobody"
