"""What happens to live audio that comes faster than the network takes it."""

from __future__ import annotations

import io
import math
import threading
import time
from typing import Any, Callable, Dict, List

import pytest

from telnyx_stt_sync import (
    AudioDroppedError,
    BufferFullError,
    ConfigurationError,
    ConnectionLostError,
    RequestRejectedError,
    TelnyxSTTError,
    Transcriber,
    TranscriptionTimeout,
)
from telnyx_stt_sync.emulator import Emulator, word_audio
from tests.faults.client import AUDIO, BYTES_PER_SECOND, SOON, Calls, transcriber
from tests.wire.peer import Peer
from tests.wire.steps import read_audio, stall, text, wait

SECOND = bytes([0, 16]) * 16_000


def test_blocking() -> None:
    """A full buffer makes ``send(timeout=…)`` wait, then raise; nothing of the chunk was taken."""
    calls = Calls()
    with Emulator(faults="half_open_after=1") as emulator:
        stt = transcriber(emulator, calls, buffer_seconds=2.0).start()
        with pytest.raises(BufferFullError, match="buffer_seconds"):
            for _ in range(1000):
                stt.send(SECOND, timeout=0.2)
        accepted = stt.stats.accepted_bytes
        with pytest.raises(BufferFullError):
            stt.send(SECOND, timeout=0.0)
        assert stt.stats.accepted_bytes == accepted
        stt.close()


def test_dropping(limit: float) -> None:
    """With ``drop_oldest`` send() never waits; what was dropped is told once for each gap."""
    calls = Calls()
    words = [f"word{number}" for number in range(200)]
    audio = word_audio(words, seconds_per_word=0.1)
    go_on = threading.Event()
    with Emulator(faults="unavailable@2-3") as emulator:
        stt = transcriber(
            emulator,
            calls,
            overflow="drop_oldest",
            buffer_seconds=5.0,
            on_reconnect=lambda *facts: go_on.set(),
        ).start()
        stt.send(audio[:32000])
        wait_until(lambda: stt.stats.sent_bytes == 32000, limit)
        started = time.monotonic()
        hold(stt, audio[32000:])
        assert time.monotonic() - started < limit
        result = stt.finish()
    (error,) = calls.errors
    assert type(error) is AudioDroppedError
    assert error.seconds == result.stats.dropped_seconds > 0
    ((start, end),) = result.gaps
    assert end - start == pytest.approx(error.seconds)
    assert start >= 1.0
    assert result.stats.dropped_bytes % 2 == 0
    assert result.stats.accepted_bytes == result.stats.sent_bytes + result.stats.dropped_bytes
    heard = result.text.split()
    # A word that was cut is not heard; all others are, in order, without those in the gap.
    assert heard == [word for word in words if word in heard]
    assert heard[-1] == words[-1]
    assert len(words) - len(heard) <= error.seconds / 0.1 + 2
    assert result.complete


def hold(stt: Transcriber, audio: bytes) -> None:
    """Send audio in odd chunks while the I/O thread can't take any."""
    stream: Any = stt._live
    original = stream._audio.pop
    stream._audio.pop = lambda size: b""
    try:
        for start in range(0, len(audio), 3201):
            stt.send(audio[start : start + 3201], timeout=0.0)
    finally:
        stream._audio.pop = original
        stream._waker.wake()


def wait_until(is_true: Callable[[], bool], limit: float) -> None:
    """Look until it is so."""
    deadline = time.monotonic() + limit
    while not is_true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_gap_at_the_end() -> None:
    """What is dropped and followed by nothing more is told as well, when the stream ends."""
    calls = Calls()
    with Peer(stall) as peer:
        stt = Transcriber(
            "key",
            url=peer.url,
            input_format="linear16",
            sample_rate=16000,
            reconnect=False,
            overflow="drop_oldest",
            buffer_seconds=0.5,
            on_error=calls.errors.append,
        ).start()
        hold(stt, SECOND * 3)
        stt.close()
    kinds = [type(error) for error in calls.errors]
    assert kinds.count(AudioDroppedError) == 1


def test_containers_are_not_cut() -> None:
    """Audio in a container can't be dropped in part: a configuration error."""
    with pytest.raises(ConfigurationError, match="only raw audio"):
        Transcriber(input_format="mp3", overflow="drop_oldest")


@pytest.mark.parametrize("overflow", ["drop", "", None, True])
def test_other_ways(overflow: Any) -> None:
    """There are two ways to overflow."""
    with pytest.raises(ConfigurationError, match="overflow"):
        Transcriber(overflow=overflow)


def test_files_are_never_dropped() -> None:
    """``drop_oldest`` is for live audio: a file waits for the network."""
    calls = Calls()
    with Emulator(faults="real_time=200") as emulator:
        stt = transcriber(emulator, calls, overflow="drop_oldest", buffer_seconds=0.1)
        result = stt.transcribe_file(io.BytesIO(AUDIO), speed=math.inf)
    assert result.audio_seconds == len(AUDIO) / BYTES_PER_SECOND
    assert calls.errors == []


class Producer:
    """A thread that sends until the stream is over."""

    def __init__(self, stt: Transcriber) -> None:
        self._stt = stt
        self.blocked = threading.Event()  # it waits for room
        self.failures: List[BaseException] = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            while True:
                try:
                    self._stt.send(SECOND, timeout=0.1)  # less than it takes to be lost
                except BufferFullError:
                    self.blocked.set()
                    self._stt.send(SECOND)
        except TelnyxSTTError as exc:
            self.failures.append(exc)

    def is_freed(self, limit: float) -> bool:
        """Whether it ended, with the one error that it got."""
        self.thread.join(limit)
        return not self.thread.is_alive() and len(self.failures) == 1


@pytest.mark.parametrize("end", ["closed", "finished", "lost", "retries used up"])
def test_a_blocked_producer_is_freed(end: str, limit: float) -> None:
    """Every way in which a stream can end frees the producer that waits for room."""
    calls = Calls()
    options: Dict[str, Any] = {"buffer_seconds": 1.0, "reconnect": False}
    if end in ("lost", "retries used up"):
        options.update(ping_interval=0.2, ping_timeout=0.3, reconnect=end != "lost" and SOON)
    with Emulator(faults=["half_open_after=64000@1", "unavailable@2-"]) as emulator:
        stt = transcriber(emulator, calls, **options).start()
        producer = Producer(stt)
        assert producer.blocked.wait(limit)
        if end == "closed":
            stt.close()
        elif end == "finished":
            with pytest.raises(TranscriptionTimeout):
                stt.finish(timeout=0.3)
        assert producer.is_freed(limit)
        if end in ("lost", "retries used up"):
            assert isinstance(producer.failures[0], ConnectionLostError)
            stt.close()  # waits for the callbacks
            assert len(calls.reconnects) == (0 if end == "lost" else 3)


def test_a_rejection_frees_the_producer(limit: float) -> None:
    """So does an error of the service, although our own audio can't go out."""
    blocked = threading.Event()
    rejection = {"errors": [{"code": "40002", "title": "no"}]}
    with Peer(read_audio(64000), wait(blocked), text(rejection), stall) as peer:
        stt = Transcriber(
            "key",
            url=peer.url,
            input_format="linear16",
            sample_rate=16000,
            buffer_seconds=1.0,
            on_error=lambda error: None,
        ).start()
        producer = Producer(stt)
        assert producer.blocked.wait(limit)
        blocked.set()
        assert producer.is_freed(limit)
        assert isinstance(producer.failures[0], RequestRejectedError)
