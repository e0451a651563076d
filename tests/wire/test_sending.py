"""Audio on its way in: buffers of every kind, a full queue, several threads."""

from __future__ import annotations

import array
import hashlib
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, List

import pytest

from telnyx_stt_sync import (
    BufferFullError,
    ConfigurationError,
    ConnectionLostError,
    StreamStateError,
    TelnyxSTTError,
    Transcriber,
)
from telnyx_stt_sync._outcome import Outcome
from telnyx_stt_sync._stream import Stream
from tests.embedding.house import wait_until
from tests.wire.client import AT_ONCE, SPEECH, live, speech, transcriber
from tests.wire.peer import Link, Peer
from tests.wire.steps import (
    close,
    final,
    read_audio,
    read_to_close_stream,
    read_until_gone,
    reset,
    stall,
    wait,
)

CHUNK = speech(0.5)

ONE_WORD = (read_to_close_stream(), final("word"), close())


def fill(stt: Transcriber) -> None:
    """Send until there is no room any more."""
    before = -1
    while stt.stats.sent_bytes > before:  # or the I/O thread was only late
        before = stt.stats.sent_bytes
        with pytest.raises(BufferFullError):
            while True:
                stt.send(CHUNK, timeout=0.2)


# -- what may be sent ---------------------------------------------------------------------

SAMPLES = array.array("h", range(1000, 2000))


@pytest.mark.parametrize(
    "audio",
    [
        pytest.param(SAMPLES.tobytes(), id="bytes"),
        pytest.param(bytearray(SAMPLES.tobytes()), id="bytearray"),
        pytest.param(memoryview(SAMPLES.tobytes()), id="memoryview"),
        pytest.param(SAMPLES, id="array"),
        pytest.param(memoryview(SAMPLES), id="view of an array"),
        pytest.param(array.array("H", SAMPLES), id="unsigned"),
        pytest.param(memoryview(SAMPLES.tobytes()).cast("B", (100, 20)), id="two dimensions"),
        pytest.param(
            memoryview(array.array("h", [n for s in SAMPLES for n in (s, 0)]))[::2], id="strided"
        ),
    ],
)
def test_buffers(audio: Any) -> None:
    """Whatever has 16-bit samples or bytes in it is sent as those bytes."""
    with Peer(*ONE_WORD) as peer:
        live(transcriber(peer.url), audio)
        assert bytes(peer.finished().audio) == SAMPLES.tobytes()


def test_buffer_may_be_used_again() -> None:
    """What was given to send() is copied: the caller may write over it."""
    buffer = bytearray(640)
    expected = bytearray()
    with Peer(*ONE_WORD, receive_buffer=8192) as peer:
        with transcriber(peer.url) as stt:
            for number in range(200):
                buffer[:] = bytes([number]) * 640
                expected += buffer
                stt.send(buffer)
                stt.send(memoryview(buffer))
                expected += buffer
                buffer[:] = bytes(640)
        assert peer.finished().audio == expected


@pytest.mark.parametrize("audio", ["text", None, 5, 0.5, [1, 2, 3], object()])
def test_what_is_no_audio(audio: Any) -> None:
    """What is no buffer is a TypeError; nothing was taken, and the stream goes on."""
    with Peer(*ONE_WORD) as peer:
        with transcriber(peer.url) as stt:
            with pytest.raises(TypeError, match=type(audio).__name__):
                stt.send(audio)
            stt.send(SPEECH)
        assert bytes(peer.finished().audio) == SPEECH


@pytest.mark.parametrize("letter", ["f", "d", "i", "q"])
def test_other_samples(letter: str) -> None:
    """Samples of another type than linear16 are refused with the way out; the stream goes on."""
    with Peer(*ONE_WORD) as peer:
        with transcriber(peer.url) as stt:
            with pytest.raises(ConfigurationError, match="astype"):
                stt.send(array.array(letter, [0, 1]))
            stt.send(SPEECH)
        assert bytes(peer.finished().audio) == SPEECH


def test_floats_where_they_belong() -> None:
    """linear32 is floats, and takes them."""
    samples = array.array("f", [0.25] * 100)
    with Peer(*ONE_WORD) as peer:
        live(transcriber(peer.url, input_format="linear32"), samples)
        assert bytes(peer.finished().audio) == samples.tobytes()


def test_nothing_is_nothing() -> None:
    """Empty audio is taken and not sent."""
    with Peer(*ONE_WORD) as peer:
        with transcriber(peer.url) as stt:
            for empty in (b"", bytearray(), memoryview(b""), array.array("h")):
                stt.send(empty)
            stt.send(SPEECH)
        assert peer.finished().audio_frames == [len(SPEECH)]


def test_samples_are_not_cut() -> None:
    """However the caller cuts the audio, each frame holds whole samples."""
    arrived = threading.Semaphore(0)

    def step(link: Link) -> None:
        for _ in range(40):
            link.read_frame()
            arrived.release()

    with Peer(step, *ONE_WORD) as peer:
        with transcriber(peer.url) as stt:
            for index in range(0, 280, 7):
                stt.send(SPEECH[index : index + 7])
                assert arrived.acquire(timeout=20)
        link = peer.finished()
    assert bytes(link.audio) == SPEECH[:280]
    assert link.audio_frames == [6, 8] * 20


def test_half_a_sample_at_the_end() -> None:
    """A last byte that is no whole sample is sent, not swallowed."""
    with Peer(*ONE_WORD) as peer:
        live(transcriber(peer.url), SPEECH + b"\1")
        assert bytes(peer.finished().audio) == SPEECH + b"\1"


def test_audio_goes_out_at_once() -> None:
    """Each chunk goes out when it is sent, without waiting for more."""
    arrived = threading.Semaphore(0)

    def step(link: Link) -> None:
        for _ in range(20):
            link.read_frame()
            arrived.release()

    with Peer(step, *ONE_WORD) as peer:
        with transcriber(peer.url) as stt:
            for _ in range(20):
                stt.send(SPEECH[:640])
                assert arrived.acquire(timeout=20)
        assert peer.finished().audio_frames == [640] * 20


# -- a full queue -------------------------------------------------------------------------


def test_no_room() -> None:
    """Without room in time: BufferFullError, nothing was taken, and the stream goes on."""
    go_on = threading.Event()
    with Peer(wait(go_on), *ONE_WORD, receive_buffer=8192) as peer:
        stt = transcriber(peer.url, buffer_seconds=1.0).start()
        fill(stt)
        accepted = stt.stats.accepted_bytes
        for timeout in (0, -1, 0.05):
            with pytest.raises(BufferFullError, match="buffer_seconds"):
                stt.send(CHUNK, timeout=timeout)
        assert stt.stats.accepted_bytes == accepted
        assert stt.is_open
        go_on.set()
        stt.send(SPEECH)
        assert stt.finish().text == "word"
        audio = peer.finished().audio
    expected = CHUNK * (accepted // len(CHUNK)) + SPEECH
    assert hashlib.sha256(audio).digest() == hashlib.sha256(expected).digest()


@pytest.mark.parametrize("timeout", ["1", math.nan, True], ids=str)
def test_a_timeout_that_is_no_number(timeout: Any) -> None:
    """A wrong timeout is refused whatever the rest of the call is; the stream goes on."""
    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url)
        told = r"timeout=.*: give a number of seconds"
        with pytest.raises(ConfigurationError, match=told):
            stt.send("no audio", timeout=timeout)  # type: ignore[arg-type]
        stt.start()
        for call in (stt.finish, partial(stt.send, SPEECH), partial(stt.transcribe_file, "none")):
            with pytest.raises(ConfigurationError, match=told):
                call(timeout=timeout)
        assert stt.stats.accepted_bytes == 0
        stt.send(SPEECH, timeout=math.inf)
        assert stt.finish(timeout=math.inf).text == "word"
        assert peer.finished().audio == SPEECH


def test_send_waits_for_room() -> None:
    """Without a timeout send() waits until the peer reads on; every byte arrives."""
    go_on = threading.Event()
    with Peer(wait(go_on), *ONE_WORD, receive_buffer=8192) as peer:
        stt = transcriber(peer.url, buffer_seconds=1.0).start()
        fill(stt)
        before = stt.stats.accepted_bytes
        with ThreadPoolExecutor(1) as pool:
            sending = pool.submit(stt.send, CHUNK)
            assert not sending.done()
            go_on.set()
            sending.result(20)
        assert stt.finish().text == "word"
        assert len(peer.finished().audio) == before + len(CHUNK)


def test_chunk_larger_than_the_buffer() -> None:
    """A chunk larger than the whole buffer is taken when the buffer is empty."""
    audio = speech(5.0)
    with Peer(*ONE_WORD) as peer:
        live(transcriber(peer.url, buffer_seconds=0.1), audio)
        assert bytes(peer.finished().audio) == audio


def blocked(stt: Transcriber, how_many: int) -> List[TelnyxSTTError]:
    """The errors of threads whose send() waits for room until something frees them."""
    errors: List[TelnyxSTTError] = []

    def send() -> None:
        try:
            while True:
                stt.send(CHUNK)
        except TelnyxSTTError as exc:
            errors.append(exc)

    threads = [threading.Thread(target=send) for _ in range(how_many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    return errors


def test_close_frees_senders() -> None:
    """close() frees every send() that waits for room: StreamStateError."""
    with Peer(stall, receive_buffer=8192) as peer:
        stt = transcriber(peer.url, buffer_seconds=1.0).start()
        fill(stt)
        closer = threading.Timer(0.1, stt.close)
        closer.start()
        started = time.monotonic()
        errors = blocked(stt, 4)
        closer.join()
        assert time.monotonic() - started < AT_ONCE
    assert [type(error) for error in errors] == [StreamStateError] * 4


def test_loss_frees_senders() -> None:
    """A lost connection frees every send() that waits for room: ConnectionLostError."""
    go_on = threading.Event()
    with Peer(wait(go_on), reset, receive_buffer=8192) as peer:
        stt = transcriber(peer.url, buffer_seconds=1.0, on_error=lambda error: None).start()
        fill(stt)
        breaker = threading.Timer(0.1, go_on.set)
        breaker.start()
        errors = blocked(stt, 4)
        breaker.join()
    assert [type(error) for error in errors] == [ConnectionLostError] * 4


def test_finish_frees_senders() -> None:
    """finish() in another thread refuses the audio that still waits for room."""
    go_on = threading.Event()
    with Peer(wait(go_on), *ONE_WORD, receive_buffer=8192) as peer:
        stt = transcriber(peer.url, buffer_seconds=1.0).start()
        fill(stt)
        accepted = stt.stats.accepted_bytes
        with ThreadPoolExecutor(1) as pool:
            finisher = threading.Timer(0.1, lambda: results.append(pool.submit(stt.finish)))
            results: List[Any] = []
            finisher.start()
            errors = blocked(stt, 4)
            finisher.join()
            go_on.set()
            assert results[0].result(20).text == "word"
        assert len(peer.finished().audio) == accepted
    assert [type(error) for error in errors] == [StreamStateError] * 4


def test_live_stream_that_dies_while_idle() -> None:
    """A loss while nobody sends is told by on_error, and by the next send()."""
    failed = threading.Event()
    with Peer(read_audio(1), reset) as peer:
        stt = transcriber(peer.url, on_error=lambda error: failed.set()).start()
        stt.send(SPEECH)
        assert failed.wait(20)
        with pytest.raises(ConnectionLostError):
            stt.send(SPEECH)
        assert not stt.is_open


# -- threads ------------------------------------------------------------------------------


def test_many_senders() -> None:
    """Chunks of several threads arrive whole, each thread's in its order."""
    size, count = 1000, 60

    def send(number: int) -> None:
        for index in range(count):
            stt.send(bytes([number, index]) * (size // 2))

    with Peer(*ONE_WORD) as peer:
        with transcriber(peer.url, buffer_seconds=0.5) as stt:
            with ThreadPoolExecutor(6) as pool:
                list(pool.map(send, range(6)))
        audio = bytes(peer.finished().audio)
    chunks = [audio[at : at + size] for at in range(0, len(audio), size)]
    assert all(chunk == chunk[:2] * (size // 2) for chunk in chunks)
    for number in range(6):
        order = [chunk[1] for chunk in chunks if chunk[0] == number]
        assert order == list(range(count))


def test_senders_and_close() -> None:
    """close() under the hands of many senders: each gets a StreamStateError, none hangs."""
    with Peer(read_until_gone) as peer:
        stt = transcriber(peer.url, buffer_seconds=0.5).start()
        closer = threading.Timer(0.05, stt.close)
        closer.start()
        errors = blocked(stt, 6)
        closer.join()
    assert [type(error) for error in errors] == [StreamStateError] * 6


def test_right_before_on_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sends before on_error is told, though the stream is lost already, hears it as well."""
    heard: List[Exception] = []
    tell = Stream._tell_end

    # A moment that no peer can meet.
    def send_and_tell(stream: Stream, outcome: Outcome) -> None:
        try:
            stt.send(CHUNK, timeout=0.0)
        except ConnectionLostError as exc:
            heard.append(exc)
        tell(stream, outcome)

    monkeypatch.setattr(Stream, "_tell_end", send_and_tell)
    told: List[Exception] = []
    with Peer(read_audio(1), reset) as peer:
        stt = transcriber(peer.url, on_error=told.append).start()
        stt.send(CHUNK)
        wait_until(lambda: bool(told))
        stt.close()
    assert heard == told
