"""Many files over real sockets: results and reasons, and nothing left behind."""

from __future__ import annotations

import io
import math
import signal
import sys
import threading
import time
import wave
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Set, Tuple

import pytest

from telnyx_stt_sync import (
    AudioError,
    AuthenticationError,
    ConfigurationError,
    ConnectionLostError,
    FileResult,
    StreamStateError,
    Transcriber,
    Transcript,
)
from telnyx_stt_sync.emulator import Emulator, word_audio
from tests.embedding.house import wait_until
from tests.wire.client import AT_ONCE, KEY, RATE, SPEECH, recording, speech, transcriber
from tests.wire.peer import Link, Peer, Step
from tests.wire.steps import (
    close,
    final,
    interrupt,
    read_audio,
    read_to_close_stream,
    read_until_gone,
    reset,
    tell,
)

ONE_WORD: List[Step] = [read_to_close_stream(), final("word"), close()]


def wav(path: Path, words: str) -> Path:
    """A WAV file that carries its words as data."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(word_audio(words))
    return path


def own_threads() -> List[str]:
    """The names of all of the library's threads that run."""
    names = [thread.name for thread in threading.enumerate()]
    kinds = ("telnyx-stt-io", "telnyx-stt-cb", "telnyx-stt-file")
    return [name for name in names if name.startswith(kinds)]


def batch_of(stt: Transcriber, sources: Any, **options: Any) -> Iterator[FileResult]:
    """Many files, as fast as the peer reads."""
    return stt.transcribe_files(sources, **{"speed": math.inf, **options})


# -- a folder -----------------------------------------------------------------------------


def test_a_folder(tmp_path: Path) -> None:
    """Of 20 files, one broken, one a text and one empty, come 17 texts and three reasons."""
    expected: Dict[str, str] = {}
    for number in range(17):
        words = f"file{number} has these words"
        expected[wav(tmp_path / f"{number:02}.wav", words).name] = words
    (tmp_path / "broken.wav").write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    (tmp_path / "notes.txt").write_text("Not audio at all, but a text of some length.\n" * 20)
    (tmp_path / "empty.wav").write_bytes(b"")
    texts: Dict[str, str] = {}
    reasons: Dict[str, Exception] = {}
    with Emulator() as emulator:
        stt = Transcriber(KEY, url=emulator.url, connect_spacing=0.0)
        for source, transcription, error in batch_of(stt, tmp_path.iterdir()):
            assert isinstance(source, Path)
            if transcription is not None:
                texts[source.name] = transcription.text
            else:
                assert error is not None
                reasons[source.name] = error
        assert len(emulator.sessions) == 17
    assert texts == expected
    assert sorted(reasons) == ["broken.wav", "empty.wav", "notes.txt"]
    assert isinstance(reasons["empty.wav"], AudioError)
    assert isinstance(reasons["broken.wav"], AudioError)
    assert isinstance(reasons["notes.txt"], (AudioError, ConfigurationError))
    assert own_threads() == []


def test_each_kind_of_source(tmp_path: Path) -> None:
    """Paths of every kind and file objects may be mixed; what is none of them is its own error."""
    path = wav(tmp_path / "a.wav", "one two")
    bad: Any = 4711
    with path.open("rb") as file, Emulator() as emulator:
        stt = Transcriber(KEY, url=emulator.url, connect_spacing=0.0)
        sources: List[Any] = [path, str(path), str(path).encode(), file, bad, tmp_path / "none.wav"]
        results = list(batch_of(stt, sources))
        assert not file.closed
    assert [str(each.transcription) for each in results if each.transcription] == ["one two"] * 4
    errors = {type(result.error) for result in results if result.error is not None}
    assert errors == {TypeError, FileNotFoundError}


def test_many_tiny_files(limit: float) -> None:
    """A thousand files of a tenth of a second, over as many connections, take seconds."""
    audio = word_audio("tiny")
    with Emulator(record=False) as emulator:
        stt = Transcriber(
            KEY, url=emulator.url, input_format="linear16", sample_rate=RATE, connect_spacing=0.0
        )
        started = time.monotonic()
        files = (recording(audio) for _ in range(1000))
        texts = [str(result.transcription) for result in batch_of(stt, files)]
        print(f"1000 files in {time.monotonic() - started:.1f} s")
        assert time.monotonic() - started < limit
    assert texts == ["tiny"] * 1000


def test_a_lost_connection() -> None:
    """A connection that breaks for good is one file's error, with what had been heard of it."""

    def script(link: Link) -> None:
        if len(peer.links) == 2:
            for step in (read_audio(1), final("so far"), reset):
                step(link)
        for step in ONE_WORD:
            step(link)

    with Peer(script) as peer:
        sources = [recording(SPEECH) for _ in range(4)]
        results = list(batch_of(transcriber(peer.url), sources, max_workers=1))
    errors = [result.error for result in results]
    assert isinstance(errors[1], ConnectionLostError)
    assert errors[1].partial is not None and errors[1].partial.text == "so far"
    assert [errors[0], errors[2], errors[3]] == [None] * 3


# -- options ------------------------------------------------------------------------------


def test_callbacks_of_each_file() -> None:
    """on_transcript and on_progress are called for each file, in threads of its own."""
    heard: List[str] = []
    progress: List[Tuple[str, float, Optional[float]]] = []

    def on_progress(sent: float, total: Optional[float]) -> None:
        progress.append((threading.current_thread().name, sent, total))

    def on_transcript(transcript: Transcript) -> None:
        assert threading.current_thread().name.startswith("telnyx-stt-cb")
        heard.append(transcript.text)

    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url, on_transcript=lambda transcript: heard.append("wrong"))
        sources = [recording(speech(seconds)) for seconds in (0.2, 0.4, 0.6)]
        results = list(batch_of(stt, sources, on_transcript=on_transcript, on_progress=on_progress))
        assert stt.result is not None and stt.result.text == "word"
    assert heard == ["word"] * 3 and len(results) == 3
    totals: Set[Optional[float]] = {total for _, _, total in progress}
    assert totals == {0.2, 0.4, 0.6}
    assert all(name.startswith("telnyx-stt-file") for name, _, _ in progress)
    for total in totals:
        assert max(sent for _, sent, of in progress if of == total) == total


def test_progress_that_raises() -> None:
    """What on_progress raises is the error of its file."""

    def on_progress(sent: float, total: Optional[float]) -> None:
        if total == 0.4:
            raise ZeroDivisionError

    with Peer(*ONE_WORD) as peer:
        sources = [recording(speech(seconds)) for seconds in (0.2, 0.4, 0.6)]
        results = list(batch_of(transcriber(peer.url), sources, on_progress=on_progress))
    errors = {result.source: result.error for result in results}
    assert [type(errors[source]) for source in sources] == [
        type(None),
        ZeroDivisionError,
        type(None),
    ]


def test_timeout_and_speed() -> None:
    """timeout and speed hold for each file, from its own start."""
    with Peer(read_until_gone) as peer:
        sources = [recording(speech(60.0)) for _ in range(3)]
        stt = transcriber(peer.url)
        results = list(stt.transcribe_files(sources, timeout=1.0, speed=1.0, max_workers=1))
        sizes = [len(peer.finished(number).audio) for number in range(3)]
    assert [isinstance(result.error, TimeoutError) for result in results] == [True] * 3
    assert all(0 < size < 6 * RATE for size in sizes)


def test_channel(tmp_path: Path) -> None:
    """channel holds for each file: one that has no such channel is an error of its own."""
    path = wav(tmp_path / "mono.wav", "one")
    with Emulator() as emulator:
        stt = Transcriber(KEY, url=emulator.url)
        (result,) = batch_of(stt, [path], channel=1)
    assert isinstance(result.error, ConfigurationError)


@pytest.mark.parametrize(
    "options",
    [
        *({"max_workers": 0}, {"speed": 0}, {"speed": "fast"}, {"on_transcript": "print"}),
        *({"timeout": "1"}, {"timeout": math.nan}),
        *({"channel": "0"}, {"channel": -1}, {"on_progress": "print"}),
    ],
    ids=str,
)
def test_options_that_suit_no_file(options: Any) -> None:
    """What no file can work with is raised by the call itself, before any file."""
    stt = transcriber("ws://127.0.0.1:1/x")
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        stt.transcribe_files([], **options)


def test_no_key() -> None:
    """Without a key the call itself says so."""
    with pytest.raises(ConfigurationError, match="TELNYX_API_KEY"):
        Transcriber().transcribe_files(["call.wav"])


def test_a_refused_key() -> None:
    """The service sees a refused key as often as there are workers, not once for each file."""
    refusals: List[Link] = []

    def refuse(link: Link) -> None:
        link.read_head()
        refusals.append(link)
        link.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")

    with Peer(greeting=refuse) as peer:
        stt = transcriber(peer.url)
        sources = (recording(SPEECH) for _ in range(300))
        results = list(batch_of(stt, sources, max_workers=3))
    assert len(results) == 300
    assert all(isinstance(result.error, AuthenticationError) for result in results)
    assert 1 <= len(refusals) <= 3


# -- the end ------------------------------------------------------------------------------


class QuickThenSlow:
    """A peer's script: the first connection is answered at once, the others never."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.links: List[Link] = []

    def __call__(self, link: Link) -> None:
        with self._lock:
            self.links.append(link)
            is_first = len(self.links) == 1
        if is_first:
            wait_until(lambda: len(self.links) >= 3)
        for step in ONE_WORD if is_first else [read_until_gone]:
            step(link)


def test_left_early() -> None:
    """Leaving the loop ends the streams that run, before the next statement; others go on."""
    script = QuickThenSlow()
    live = speech(0.1)
    with Peer(*ONE_WORD) as other, Peer(script) as peer:
        with transcriber(other.url) as stt:
            stt.send(live)
            results = batch_of(transcriber(peer.url), iter(lambda: recording(SPEECH), None))
            for result in results:
                assert str(result.transcription) == "word"
                break
            started = time.monotonic()
            del results, result
            assert time.monotonic() - started < AT_ONCE
            assert not [name for name in own_threads() if "file" in name]
            assert len([name for name in own_threads() if "io" in name]) == 1
            assert stt.is_open
        assert stt.result is not None and stt.result.text == "word"
        for index in range(1, len(peer.links)):
            assert peer.finished(index).close_code in (1000, None)


def test_left_early_beside_others_of_the_same_object() -> None:
    """Leaving one generator ends neither another one nor the live stream of the same object."""
    go_on = threading.Event()
    begun: List[Link] = []
    one_by_one = threading.Lock()

    def script(link: Link) -> None:
        with one_by_one:
            number = len(begun)
            begun.append(link)
        if number == 0:
            wait_until(lambda: len(begun) == 4)
        elif number < 4:
            read_until_gone(link)
            return
        else:
            go_on.wait()
        for step in ONE_WORD:
            step(link)

    with Peer(script) as peer:
        stt = transcriber(peer.url)
        one = batch_of(stt, [recording(SPEECH) for _ in range(4)], max_workers=4)
        next(one)
        stt.start()
        stt.send(SPEECH)
        two = batch_of(stt, [recording(SPEECH) for _ in range(3)])
        texts: List[str] = []
        reads = threading.Thread(
            target=lambda: texts.extend(str(result.transcription) for result in two)
        )
        reads.start()
        wait_until(lambda: len(begun) == 8)
        one.close()  # type: ignore[attr-defined]
        go_on.set()
        reads.join()
        assert stt.finish().text == "word"
    assert texts == ["word"] * 3


@pytest.mark.skipif(sys.platform == "win32", reason="signals to one's own thread")
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_interrupted(error: type) -> None:
    """Ctrl-C, or what a signal handler raises, while it waits: all ends, and it goes on up."""

    def handler(number: int, frame: object) -> None:
        raise error

    before = signal.signal(signal.SIGINT, handler)
    try:
        with Peer(read_to_close_stream(), interrupt, read_until_gone) as peer:
            sources = [recording(SPEECH)] + [recording(speech(60.0)) for _ in range(3)]
            results = transcriber(peer.url).transcribe_files(sources, speed=1.0, max_workers=2)
            with pytest.raises(error):
                next(results)
            assert own_threads() == []
            assert list(results) == []
    finally:
        signal.signal(signal.SIGINT, before)


def test_closed_by_another_thread() -> None:
    """close() gives those that run a StreamStateError with what was heard, then raises one."""
    heard = threading.Semaphore(0)
    steps = (read_audio(1), final("so far"), tell(heard.release), read_until_gone)
    with Peer(*steps) as peer:
        stt = transcriber(peer.url)
        results = batch_of(stt, iter(lambda: recording(speech(1.0)), None), max_workers=2)
        took: List[float] = []

        def end() -> None:
            heard.acquire()
            heard.acquire()
            wait_until(lambda: stt_heard(stt) == 2 and batch_running(stt)._owed == 4)
            started = time.monotonic()
            stt.close()
            took.append(time.monotonic() - started)

        ends = threading.Thread(target=end)
        ends.start()
        errors: List[Any] = []
        with pytest.raises(StreamStateError, match="close"):
            for result in results:
                errors.append(result.error)
        ends.join()
        assert own_threads() == [] and took[0] < AT_ONCE
        assert len(peer.links) == 2
        # The object can be used again.
        assert stt.result is not None and stt.result.ended_by == "closed"
    assert [type(error) for error in errors] == [StreamStateError] * 4
    partials = [str(error.partial) for error in errors if error.partial is not None]
    assert partials == ["so far"] * 2


def stt_heard(stt: Transcriber) -> int:
    """How many finals the streams of its batch have brought."""
    streams: Any = list(batch_running(stt)._streams.values())
    return sum(stream.stats().finals for stream in streams)


def batch_running(stt: Transcriber) -> Any:
    """The only one."""
    (batch,) = stt._streams.running()
    return batch


def test_closed_by_a_callback() -> None:
    """close() in on_transcript returns at once, and ends the loop like any other close()."""
    took: List[float] = []

    def on_transcript(transcript: Transcript) -> None:
        started = time.monotonic()
        stt.close()
        took.append(time.monotonic() - started)

    with Peer(read_audio(1), final("word"), read_until_gone) as peer:
        stt = transcriber(peer.url)
        with pytest.raises(StreamStateError):
            list(batch_of(stt, [recording(SPEECH)] * 2, max_workers=1, on_transcript=on_transcript))
    assert took and took[0] < 1.0


def test_two_at_once() -> None:
    """Two generators from two threads on one object keep apart."""
    with Emulator() as emulator:
        stt = Transcriber(
            KEY, url=emulator.url, input_format="linear16", sample_rate=RATE, connect_spacing=0.0
        )
        texts: Dict[str, List[str]] = {}

        def run(name: str) -> None:
            files = [recording(word_audio(f"{name} {number}")) for number in range(20)]
            results = batch_of(stt, files, max_workers=4)
            texts[name] = sorted(str(result.transcription) for result in results)

        threads = [threading.Thread(target=run, args=(name,)) for name in ("left", "right")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name in ("left", "right"):
        assert texts[name] == sorted(f"{name} {number}" for number in range(20))


def test_connects_keep_their_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a batch connect connect_spacing apart, as all streams of a process do."""
    monkeypatch.setattr("telnyx_stt_sync._spacing._of_process", {})
    times: List[float] = []

    def greet(link: Link) -> None:
        times.append(time.monotonic())
        link.read_head()
        link.send(link.accept_head())

    with Peer(*ONE_WORD, greeting=greet) as peer:
        stt = transcriber(peer.url, connect_spacing=0.2)
        before = time.monotonic()
        assert len(list(batch_of(stt, [recording(SPEECH) for _ in range(4)]))) == 4
    assert len(times) == 4
    assert all(at - before >= number * 0.2 for number, at in enumerate(sorted(times)))


def test_memory_is_flat() -> None:
    """However many files there were, nothing of them is kept but what the results hold."""
    kept: List[FileResult] = []
    with Emulator(faults=["unauthorized"], record=False) as emulator:
        stt = Transcriber(KEY, url=emulator.url, input_format="linear16", sample_rate=RATE)
        kept.extend(batch_of(stt, [io.BytesIO(SPEECH) for _ in range(3)]))
    for result in kept:
        assert result.error is not None
        step = result.error.__traceback__
        while step is not None:
            assert not step.tb_frame.f_locals
            step = step.tb_next
