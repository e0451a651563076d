"""Files: many at once on one object, and what can go wrong with one."""

from __future__ import annotations

import io
import math
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import List, Optional

import pytest

from telnyx_stt_sync import (
    AudioError,
    ConfigurationError,
    StreamStateError,
    TelnyxSTTError,
    Transcriber,
)
from tests.unit.containers import TAKEN, chunk, flac, fmt, mp3, riff
from tests.wire.client import AT_ONCE, BYTES_PER_SECOND, KEY, SPEECH, recording, speech, transcriber
from tests.wire.peer import Link, Peer, Step
from tests.wire.steps import close, final, read_to_close_stream, read_until_gone, stall

ONE_WORD: List[Step] = [read_to_close_stream(), final("word"), close()]


def say_the_size(link: Link) -> None:
    """Hear how much audio there was."""
    read_to_close_stream()(link)
    final(str(len(link.audio)))(link)
    close()(link)


def test_files_from_many_threads() -> None:
    """Many threads may transcribe files on one object, beside its live stream."""
    sizes = [2 * (1000 + 37 * number) for number in range(24)]
    with Peer(say_the_size) as peer:
        with transcriber(peer.url) as stt:
            stt.send(SPEECH)
            with ThreadPoolExecutor(8) as pool:
                files = (recording(bytes([7]) * size) for size in sizes)
                results = list(pool.map(lambda each: stt.transcribe_file(each), files))
        assert stt.result is not None and stt.result.text == str(len(SPEECH))
    assert [result.text for result in results] == [str(size) for size in sizes]


def test_close_ends_all() -> None:
    """close() ends live streams, files and generators alike, within seconds in all."""
    errors: List[type] = []
    audio = speech(60.0)
    with Peer(stall, receive_buffer=8192) as peer:
        stt = transcriber(peer.url).start()

        def one_file() -> None:
            with pytest.raises(StreamStateError) as caught:
                stt.transcribe_file(recording(audio), speed=math.inf)
            errors.append(caught.type)

        threads = [threading.Thread(target=one_file) for _ in range(6)]
        for thread in threads:
            thread.start()
        for index in range(len(threads)):
            peer.link(index + 1)
        started = time.monotonic()
        while any(thread.is_alive() for thread in threads):
            stt.close()
        assert time.monotonic() - started < 2 * AT_ONCE
        for thread in threads:
            thread.join()
    assert len(errors) == 6


# -- files --------------------------------------------------------------------------------


def test_path_that_is_not_there(tmp_path: Path) -> None:
    """A path that cannot be opened raises what open() raised, before anything is connected."""
    with Peer(*ONE_WORD) as peer:
        with pytest.raises(FileNotFoundError):
            transcriber(peer.url).transcribe_file(tmp_path / "missing.wav")
        assert peer.links == []


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "ogg"])
def test_a_file_of_a_rate_that_the_engine_does_not_take(kind: str, tmp_path: Path) -> None:
    """Whatever states the rate, the error names the file and says how to convert it."""
    wav = riff(fmt(1, rate=8000), chunk(b"data", SPEECH))
    path = tmp_path / "call"
    path.write_bytes({"wav": wav, "flac": flac(8000), "mp3": mp3(), "ogg": TAKEN["ogg_opus"]}[kind])
    rate = {"mp3": 24000, "ogg": 48000}.get(kind, 8000)
    with Peer(*ONE_WORD) as peer:
        stt = Transcriber(
            KEY,
            url=peer.url,
            transcription_engine="Speechmatics",
            model="speechmatics/linden-1",
        )
        with pytest.raises(ConfigurationError) as caught:
            stt.transcribe_file(path)
        assert peer.links == []
    assert f"call' has a sample rate of {rate} Hz, and Speechmatics" in str(caught.value)
    assert f"takes 16000 Hz only. Convert it: ffmpeg -i {path}" in str(caught.value)


def test_a_file_of_the_rate_that_the_engine_takes() -> None:
    """A file of the only rate that an engine takes is sent."""
    with Peer(*ONE_WORD) as peer:
        stt = Transcriber(
            KEY,
            url=peer.url,
            transcription_engine="Speechmatics",
            model="speechmatics/linden-1",
            connect_spacing=0,
        )
        assert stt.transcribe_file(io.BytesIO(flac()), speed=math.inf).text == "word"


def test_file_that_breaks() -> None:
    """A file that cannot be read on ends the stream and raises what it raised."""

    class Breaking(io.BytesIO):
        def read(self, size: Optional[int] = -1) -> bytes:
            if self.tell() >= 2 * BYTES_PER_SECOND:
                raise OSError("the disk is gone")
            return super().read(size)

    with Peer(read_until_gone) as peer:
        with pytest.raises(OSError, match="disk"):
            transcriber(peer.url).transcribe_file(Breaking(speech(10.0)), speed=math.inf)
        assert peer.finished().close_code == 1000


FILES = {
    "raw": speech(10.0),
    "wav": riff(fmt(1, rate=16000), chunk(b"data", speech(10.0))),
    "flac": flac() + bytes(300_000),
}


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("size", [5, 160_000])
def test_a_file_that_becomes_shorter(kind: str, size: int, tmp_path: Path) -> None:
    """A file that is cut while it is sent is no complete one: the end of what is left raises."""
    path = tmp_path / "call"
    path.write_bytes(FILES[kind])
    options = {} if kind == "raw" else {"input_format": None, "sample_rate": None}

    def cut(sent: float, total: Optional[float]) -> None:
        os.truncate(path, size)

    with Peer(final("word"), read_until_gone) as peer:
        with pytest.raises(AudioError, match="call' has become shorter") as caught:
            stt = transcriber(peer.url, **options)
            stt.transcribe_file(path, speed=math.inf, on_progress=cut)
    partial = caught.value.partial
    assert partial is not None and not partial.complete and partial.ended_by == "closed"


def test_a_file_that_grows(tmp_path: Path) -> None:
    """What is written to a file while it is sent is sent as well."""
    path = tmp_path / "call.raw"
    path.write_bytes(SPEECH)
    added = [SPEECH]

    def grow(sent: float, total: Optional[float]) -> None:
        with path.open("ab") as file:
            file.write(added.pop() if added else b"")

    with Peer(say_the_size) as peer:
        stt = transcriber(peer.url)
        result = stt.transcribe_file(path, speed=math.inf, on_progress=grow)
    assert result.text == str(2 * len(SPEECH))


def test_timeout_while_it_opens() -> None:
    """The timeout of transcribe_file() counts from the call: a slow opening uses it up."""
    with Peer(greeting=stall) as peer:
        started = time.monotonic()
        with pytest.raises(TelnyxSTTError):
            transcriber(peer.url).transcribe_file(recording(SPEECH), timeout=0.3)
        assert time.monotonic() - started < AT_ONCE


def test_timeout_while_it_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The timeout of transcribe_file() counts from the call: waiting to connect uses it up."""
    # The turns of this test are none of the next one's.
    monkeypatch.setattr("telnyx_stt_sync._spacing._of_process", {})
    with Peer(read_until_gone) as peer:
        first = transcriber(peer.url, connect_spacing=3.0).start()
        started = time.monotonic()
        with pytest.raises(TelnyxSTTError):
            transcriber(peer.url).transcribe_file(recording(SPEECH), timeout=0.2)
        assert time.monotonic() - started < AT_ONCE
        first.close()


def test_progress() -> None:
    """on_progress is told in the calling thread how far the file is; what it raises goes up."""
    told: List[float] = []
    threads: List[threading.Thread] = []

    def on_progress(sent: float, total: Optional[float]) -> None:
        threads.append(threading.current_thread())
        told.append(sent)
        assert total == pytest.approx(2.0)

    def stop(sent: float, total: Optional[float]) -> None:
        raise ZeroDivisionError

    with Peer(*ONE_WORD) as peer:
        stt = transcriber(peer.url)
        stt.transcribe_file(recording(speech(2.0)), speed=math.inf, on_progress=on_progress)
        with pytest.raises(ZeroDivisionError):
            stt.transcribe_file(recording(SPEECH), on_progress=stop)
    assert told == sorted(told) and told[-1] == pytest.approx(2.0)
    assert set(threads) == {threading.current_thread()}
