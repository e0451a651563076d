"""Pipes of every kind as files, and what on_progress is told of files, pipes and replays."""

from __future__ import annotations

import contextlib
import io
import math
import os
import selectors
import socket
import stat
import subprocess
import sys
import threading
from typing import IO, Any, Callable, ContextManager, Iterator, List, Optional, Tuple

import pytest

from telnyx_stt_sync import (
    RetryPolicy,
    ServerError,
    StreamStateError,
    Transcriber,
    Transcription,
    TranscriptionTimeout,
)
from telnyx_stt_sync.emulator import Emulator
from tests.conftest import LIMIT
from tests.unit.containers import chunk, flac, fmt, id3, mp3, ogg, riff
from tests.wire.client import BYTES_PER_SECOND, speech

Told = List[Tuple[float, Optional[float]]]

SECONDS = 3.0
SPEECH = speech(SECONDS)
TEXT = "one two three four five six"


def wav(size: Optional[int] = None) -> bytes:
    """Three seconds of WAV, with the size that a program writes that knows it, or does not."""
    return riff(fmt(1, rate=16000), chunk(b"data", SPEECH, size=size))


@contextlib.contextmanager
def written(data: bytes, sink: IO[bytes]) -> Iterator[None]:
    """Data on its way into a pipe by a thread of its own."""

    def write() -> None:
        with sink, contextlib.suppress(BrokenPipeError):
            for start in range(0, len(data), 5000):
                sink.write(data[start : start + 5000])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@contextlib.contextmanager
def os_pipe(data: bytes) -> Iterator[IO[bytes]]:
    """One of the operating system's, as sys.stdin.buffer is."""
    read_end, write_end = os.pipe()
    with written(data, os.fdopen(write_end, "wb")), os.fdopen(read_end, "rb") as source:
        yield source


@contextlib.contextmanager
def unbuffered_pipe(data: bytes) -> Iterator[IO[bytes]]:
    """The same without a buffer, so that each read may give less than was asked for."""
    read_end, write_end = os.pipe()
    with written(data, os.fdopen(write_end, "wb")), os.fdopen(read_end, "rb", 0) as source:
        yield source


@contextlib.contextmanager
def output_of_a_program(data: bytes) -> Iterator[IO[bytes]]:
    """What another program writes."""
    echo = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"
    program = subprocess.Popen(
        [sys.executable, "-c", echo], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert program.stdin is not None and program.stdout is not None
    with program, written(data, program.stdin):
        yield program.stdout


@contextlib.contextmanager
def socket_file(data: bytes) -> Iterator[IO[bytes]]:
    """What comes over a connection."""
    near, far = socket.socketpair()
    with far, near, written(data, far.makefile("wb")), near.makefile("rb") as source:
        # The thread closes its file, and this the connection itself.
        far.close()
        yield source


@contextlib.contextmanager
def no_pipe(data: bytes) -> Iterator[IO[bytes]]:
    """A file, which knows its size and can go back."""
    yield io.BytesIO(data)


Open = Callable[[bytes], ContextManager[IO[bytes]]]

PIPES: List[Open] = [os_pipe, unbuffered_pipe, output_of_a_program, socket_file]
each_pipe = pytest.mark.parametrize("opened", PIPES, ids=lambda pipe: pipe.__name__)


def heard(
    opened: Open, data: bytes, faults: Any = (), **options: Any
) -> Tuple[Transcription, bytes, Told]:
    """The result, all bytes that reached the emulator in the last session, and the progress."""
    told: Told = []
    with Emulator(transcripts=[TEXT], faults=faults) as emulator, opened(data) as source:
        stt = Transcriber(
            "key",
            url=emulator.url,
            connect_spacing=0,
            reconnect=RetryPolicy(initial=0.01, jitter=0),
            **options,
        )
        result = stt.transcribe_file(
            source, speed=math.inf, on_progress=lambda sent, total: told.append((sent, total))
        )
        audio = bytes(emulator.sessions[-1].audio)
    assert [sent for sent, _ in told] == sorted({sent for sent, _ in told}), "not forwards"
    assert len({total for _, total in told}) == 1
    return result, audio, told


@each_pipe
@pytest.mark.parametrize("size", [None, 0xFFFFFFFF, 0x7FFFFFFF])
def test_wav_from_a_pipe(opened: Open, size: Optional[int]) -> None:
    """WAV from a pipe is sent to its end, whether or not its header knows where that is."""
    result, audio, told = heard(opened, wav(size))
    assert (result.text, audio) == (TEXT, SPEECH)
    total = SECONDS if size is None else None
    assert told[-1] == (SECONDS, total)


@each_pipe
def test_samples_from_a_pipe(opened: Open) -> None:
    """Raw samples from a pipe are sent to the end; how many there are nobody knows before."""
    result, audio, told = heard(opened, SPEECH, input_format="linear16", sample_rate=16000)
    assert (result.text, audio) == (TEXT, SPEECH)
    assert told[-1] == (SECONDS, None)


@pytest.mark.parametrize(
    "data",
    [
        mp3() * 25,
        id3(bytes(3000))[:20] + bytes(2990) + mp3() * 25,
        flac() + bytes(12_000),
        ogg(b"OpusHead\1\1" + bytes(9), 48000) + bytes(12_000),
    ],
    ids=["mp3", "mp3 with a picture", "flac", "ogg"],
)
@pytest.mark.parametrize("opened", [os_pipe, no_pipe], ids=["pipe", "file"])
def test_containers_from_a_pipe(data: bytes, opened: Open) -> None:
    """Compressed audio from a pipe goes as its bytes, as it would from a file."""
    result, audio, told = heard(opened, data)
    assert result.text == TEXT
    assert audio == (data[3010:] if data.startswith(b"ID3") else data)
    sent, total = told[-1]
    assert total is None or sent == pytest.approx(total)


@contextlib.contextmanager
def stalled(data: bytes, kind: str = "pipe") -> Iterator[IO[bytes]]:
    """A pipe that gives no more than this, and does not end for as long as a test may take."""
    near, far = socket.socketpair()
    read_end, write_end = os.pipe()
    with near, far, open(read_end, "rb", 0 if kind == "unbuffered" else -1) as pipe:
        with open(write_end, "wb", 0) as sink:

            def end() -> None:
                sink.close()
                far.shutdown(socket.SHUT_RDWR)

            sink.write(data)
            far.sendall(data)
            timer = threading.Timer(LIMIT, end)
            timer.start()
            try:
                with near.makefile("rb") as connection:
                    yield connection if kind == "socket" else pipe
                assert not sink.closed, "waited for the pipe"
            finally:
                timer.cancel()
                timer.join()


RAW: Any = {"input_format": "linear16", "sample_rate": 16000}


def test_timeout_on_a_stalled_pipe() -> None:
    """The timeout ends the call also while a pipe gives nothing; what was heard is told."""
    with Emulator(transcripts=["one", "two"]) as emulator, stalled(SPEECH[:16_000]) as source:
        stt = Transcriber("key", url=emulator.url, connect_spacing=0, **RAW)
        with pytest.raises(TranscriptionTimeout) as caught:
            stt.transcribe_file(source, speed=math.inf, timeout=2.5)
    assert caught.value.partial is not None and caught.value.partial.text == "one"
    assert caught.value.partial.ended_by == "timeout"


# Stalls at every place: in the head, exactly where a read ends, and elsewhere.
STALLS = pytest.mark.parametrize(
    ("data", "options"),
    [
        (b"", {}),
        (wav()[:44], {}),
        (wav()[:4096], {}),
        (wav()[:12_096], {}),
        (b"", RAW),
        (SPEECH[:64], RAW),
        (SPEECH[:8064], RAW),
        (SPEECH[:10_000], RAW),
    ],
    ids=lambda value: len(value) if isinstance(value, bytes) else "raw" if value else "wav",
)
each_kind = pytest.mark.parametrize("kind", ["pipe", "unbuffered", "socket"])


@STALLS
@each_kind
def test_timeout_wherever_it_stalls(kind: str, data: bytes, options: Any) -> None:
    """The timeout holds for pipes and sockets, wherever they stall."""
    with Emulator() as emulator, stalled(data, kind) as source:
        stt = Transcriber("key", url=emulator.url, connect_spacing=0, **options)
        with pytest.raises(TranscriptionTimeout):
            stt.transcribe_file(source, speed=math.inf, timeout=0.3)


@each_kind
@pytest.mark.parametrize("data", [b"", wav()[:4096]])
def test_close_while_it_stalls(kind: str, data: bytes) -> None:
    """close() ends a call that waits for a pipe or a socket."""
    with Emulator() as emulator, stalled(data, kind) as source:
        stt = Transcriber("key", url=emulator.url, connect_spacing=0)
        is_reading, is_done = threading.Event(), threading.Event()

        def close() -> None:
            is_reading.wait(LIMIT)
            while not is_done.wait(0.05):
                stt.close()

        def begun(sent: float, total: Optional[float]) -> None:
            is_reading.set()

        if not data:
            is_reading.set()
        closes = threading.Thread(target=close)
        closes.start()
        try:
            with pytest.raises(StreamStateError):
                stt.transcribe_file(source, speed=math.inf, on_progress=begun)
        finally:
            is_done.set()
            closes.join()


@each_kind
def test_leaving_a_batch_that_stalls(kind: str) -> None:
    """Leaving the loop over many files also ends those that wait for pipes and sockets."""
    with Emulator(transcripts=["one"]) as emulator, stalled(b"", kind) as source:
        stt = Transcriber("key", url=emulator.url, connect_spacing=0)
        results = stt.transcribe_files([source, io.BytesIO(wav())], speed=math.inf)
        assert next(results).error is None
        results.close()  # type: ignore[attr-defined]
        assert [each for each in threading.enumerate() if "stt-file" in each.name] == []


def test_failure_on_a_stalled_pipe() -> None:
    """A stream that fails ends the call also while a pipe gives nothing."""
    with Emulator(faults=["server_error=no more"]) as emulator, stalled(SPEECH[:1000]) as source:
        stt = Transcriber("key", url=emulator.url, connect_spacing=0, **RAW)
        with pytest.raises(ServerError, match="no more"):
            stt.transcribe_file(source, speed=math.inf)


def test_where_pipes_can_not_be_waited_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows a pipe can only be read, and so it is."""

    class Windows(selectors.DefaultSelector):
        def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
            if isinstance(fileobj, int) and stat.S_ISFIFO(os.fstat(fileobj).st_mode):
                refused.append(fileobj)
                raise OSError("not a socket")
            return super().register(fileobj, events, data)

    refused: List[int] = []
    monkeypatch.setattr(selectors, "DefaultSelector", Windows)
    result, audio, _ = heard(os_pipe, wav())
    assert (result.text, audio) == (TEXT, SPEECH)
    assert refused


def test_progress_of_a_file() -> None:
    """The progress of a file goes up to its length, which is told from the first call on."""
    _, _, told = heard(no_pipe, wav())
    assert told[-1] == (SECONDS, SECONDS)
    assert len(told) >= len(SPEECH) / 16_000


@pytest.mark.parametrize("opened", [no_pipe, os_pipe], ids=["file", "pipe"])
def test_progress_over_a_reconnect(opened: Open) -> None:
    """What is sent once more is not told once more, and at the end all of it was told."""
    faults = [f"reset_after={BYTES_PER_SECOND}@1", "real_time=20"]
    result, audio, told = heard(opened, wav(), faults=faults)
    assert result.stats.reconnects == 1
    assert (result.text, audio) == (TEXT, SPEECH)
    assert told[-1] == (SECONDS, SECONDS)


def test_progress_that_nobody_can_be_told() -> None:
    """An on_progress that can't be called is refused before anything is opened."""
    with Emulator() as emulator:
        with pytest.raises(ValueError, match="on_progress='bar': give a function"):
            Transcriber("key", url=emulator.url).transcribe_file(
                io.BytesIO(wav()),
                on_progress="bar",  # type: ignore[arg-type]
            )
        assert emulator.sessions == []


def test_a_file_that_was_cut_short(caplog: pytest.LogCaptureFixture) -> None:
    """Of a WAV file that is shorter than its header says, what is there is sent, with a warning."""
    result, audio, _ = heard(no_pipe, wav(size=10 * BYTES_PER_SECOND))
    assert (result.text, audio) == (TEXT, SPEECH)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "its header tells of 10.0 s of audio, and 3.0 s are there" in record.message
