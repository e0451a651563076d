"""finalize(): a final now, of exactly the audio that was sent before."""

from __future__ import annotations

import json
import queue
import threading
import time
from typing import List, Tuple

import pytest

from telnyx_stt_sync import ConfigurationError, ConnectionLostError, StreamStateError, Transcript
from telnyx_stt_sync._engines import ENGINES
from telnyx_stt_sync._transport import Transport
from telnyx_stt_sync.emulator import Emulator
from tests.wire.client import AT_ONCE, BYTES_PER_SECOND, SPEECH, speech, transcriber
from tests.wire.peer import Link, Peer
from tests.wire.steps import close, final, read_to_close_stream, reset, tell, wait

FINALIZE = '{"type":"Finalize"}'
CLOSE_STREAM = '{"type":"CloseStream"}'
TWO_WORDS = bytes(int(0.6 * BYTES_PER_SECOND))
both_transports = pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])


@both_transports
def test_a_final_now(tls: bool, limit: float) -> None:
    """The words sent before come as a final, the stream goes on, and no word is lost."""
    heard: queue.Queue[Transcript] = queue.Queue()
    with Emulator(transcripts=["one two three four"], tls=tls) as emulator:
        stt = transcriber(
            emulator.url, ssl_context=emulator.ssl_context, on_transcript=heard.put
        ).start()
        stt.send(TWO_WORDS)
        stt.finalize()
        first = heard.get(timeout=limit)
        assert (first.text, first.is_final, first.speech_final) == ("one two", True, False)
        stt.send(TWO_WORDS)
        assert stt.finish().text == "one two three four"
        kinds = [json.loads(text)["type"] for text in emulator.sessions[0].text_frames]
    assert kinds == ["Finalize", "CloseStream"]


def read_in_order(seen: List[Tuple[str, int]], link: Link) -> None:
    """Write down how much audio came before each text frame, up to CloseStream."""
    while not link.texts or "CloseStream" not in link.texts[-1]:
        count = len(link.texts)
        link.read_frame()
        if len(link.texts) > count:
            seen.append((link.texts[-1], len(link.audio)))


@pytest.mark.parametrize("drops", [False, True])
def test_behind_a_backlog(drops: bool) -> None:
    """With audio waiting to be sent it waits behind it, in front of what comes later."""
    seen: List[Tuple[str, int]] = []
    reads = threading.Event()
    with Peer(wait(reads), lambda link: read_in_order(seen, link), final("x"), close()) as peer:
        stt = transcriber(
            peer.url, buffer_seconds=60.0, overflow="drop_oldest" if drops else "block"
        )
        stt.start()
        for _ in range(2):
            stt.send(speech(10.0) + b"\0")  # not whole samples
            started = time.monotonic()
            stt.finalize()
            stt.finalize()
            assert time.monotonic() - started < AT_ONCE
        reads.set()
        stt.finish()
    ten = 10 * BYTES_PER_SECOND
    assert seen == [
        (FINALIZE, ten),
        (FINALIZE, 2 * ten + 2),
        (CLOSE_STREAM, 2 * ten + 2),
    ]


def test_what_was_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the audio before it gave way, it still comes, before what came behind it."""
    seen: List[Tuple[str, int]] = []
    reads = threading.Event()
    with Peer(wait(reads), lambda link: read_in_order(seen, link), final("x"), close()) as peer:
        stt = transcriber(
            peer.url, buffer_seconds=5.0, overflow="drop_oldest", on_error=lambda error: None
        ).start()
        for _ in range(100):
            stt.send(speech(1.0))
        with monkeypatch.context() as patch:
            # The two kernels may take some more at any time.
            patch.setattr(Transport, "flush", lambda transport: 0)
            stt.finalize()
            for _ in range(30):
                stt.send(speech(1.0))
        reads.set()
        stt.finish()
    assert [text for text, _ in seen] == [FINALIZE, CLOSE_STREAM]
    assert seen[1][1] - seen[0][1] == 5 * BYTES_PER_SECOND


def test_from_a_callback(limit: float) -> None:
    """A callback may ask for it."""

    def ask(transcript: Transcript) -> None:
        if transcript.text == "one two":
            stt.finalize()

    with Emulator(transcripts=["one two three four five"]) as emulator:
        stt = transcriber(emulator.url, interim_results=True, on_transcript=ask)
        stt.start()
        stt.send(TWO_WORDS)
        session = emulator.sessions[0]
        assert session.wait_for(lambda one: FINALIZE in one.text_frames, limit)
        assert stt.finish().segments[0].text == "one two"


@pytest.mark.parametrize("engine", sorted(set(ENGINES) - {"Deepgram"}))
def test_engines_that_cannot(engine: str) -> None:
    """Elsewhere it is an error that says where it works, open stream or not."""
    with pytest.raises(ConfigurationError, match=rf"{engine} can't .* Engines that can: Deepgram$"):
        transcriber("ws://localhost:1", transcription_engine=engine).finalize()


def test_when_there_is_no_stream() -> None:
    """Before start(), after finish() and after close() there is nothing to ask."""
    with Peer(read_to_close_stream(), final("word"), close()) as peer:
        stt = transcriber(peer.url)
        with pytest.raises(StreamStateError, match=r"call start\(\)"):
            stt.finalize()
        stt.start()
        stt.send(SPEECH)
        stt.finalize()
        stt.finish()
        with pytest.raises(StreamStateError, match="start"):
            stt.finalize()
    with Peer(read_to_close_stream(), final("word"), close()) as peer:
        stt = transcriber(peer.url).start()
        stt.close()
        with pytest.raises(StreamStateError, match="start"):
            stt.finalize()


def test_while_it_finishes(limit: float) -> None:
    """While finish() waits in another thread it is too late: the last finals come without."""
    finishes, goes_on = threading.Event(), threading.Event()
    script = (read_to_close_stream(), tell(finishes), wait(goes_on), final("word"), close())
    with Peer(*script) as peer:
        stt = transcriber(peer.url).start()
        stt.send(SPEECH)
        finisher = threading.Thread(target=stt.finish)
        finisher.start()
        assert finishes.wait(limit)
        with pytest.raises(StreamStateError, match=r"finalize\(\) after finish\(\)"):
            stt.finalize()
        goes_on.set()
        finisher.join()


def test_after_a_failure(limit: float) -> None:
    """After the stream has failed it raises what ended it, as send() does."""
    failed = threading.Event()
    with Peer(reset) as peer:
        stt = transcriber(peer.url, on_close=lambda result: failed.set())
        stt.start()
        assert failed.wait(limit)
        with pytest.raises(ConnectionLostError):
            stt.finalize()
