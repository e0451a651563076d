"""The emulator with recognisers of one's own."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any, Callable, List, Optional

import pytest

from telnyx_stt_sync.emulator import Emulator, Heard
from tests.wire.emulator_client import (
    DEEPGRAM,
    LIMIT,
    TELNYX,
    WORD,
    Client,
    open_client,
    stop_quickly,
    talk,
)


class Threaded:
    """A recogniser whose callbacks come from another thread, as a real one's do."""

    def __init__(self, error: Optional[str] = None) -> None:
        self.error = error
        self.formats: List[object] = []
        self.recognitions_closed = 0
        self.closed = False

    def open(
        self,
        input_format: str,
        sample_rate: Optional[int],
        *,
        on_heard: Callable[[Heard], None],
        on_done: Callable[[], None],
        on_error: Callable[[str], None],
    ) -> ThreadedRecognition:
        self.formats.append((input_format, sample_rate))
        return ThreadedRecognition(self, on_heard, on_done, on_error)

    def close(self) -> None:
        self.closed = True


class ThreadedRecognition:
    def __init__(
        self,
        recogniser: Threaded,
        on_heard: Callable[[Heard], None],
        on_done: Callable[[], None],
        on_error: Callable[[str], None],
    ) -> None:
        self._recogniser = recogniser
        self._on_heard, self._on_done, self._on_error = on_heard, on_done, on_error

    def feed(self, audio: bytes) -> None:
        error = self._recogniser.error
        if error is not None:
            in_thread(self._on_error, error)

    def finalize(self) -> None:
        in_thread(self._on_heard, Heard("finalized", True, 0.0, 0.1))

    def end(self) -> None:
        in_thread(self._last_words)

    def close(self) -> None:
        self._recogniser.recognitions_closed += 1

    def _last_words(self) -> None:
        for text in ("last", "words"):
            self._on_heard(Heard(text, True, 0.0, 0.1))
        self._on_done()


def in_thread(function: Callable[..., None], *args: object) -> None:
    thread = threading.Thread(target=function, args=args)
    thread.start()
    thread.join()


def test_recogniser_of_one_s_own() -> None:
    """Any Recogniser will do; the emulator closes what it opened, and not what it was given."""
    recogniser = Threaded()
    with Emulator(recogniser=recogniser) as emulator:
        said = talk(emulator, WORD)
    assert (said.finals, said.close_code) == (["last", "words"], 1000)
    assert recogniser.formats == [("linear16", 16000)]
    assert recogniser.recognitions_closed > 0
    assert not recogniser.closed


def test_idle_engine_finalizes_the_recogniser() -> None:
    """For an engine that never closes, the recogniser is told when the audio has stopped."""
    with Emulator(recogniser=Threaded()) as emulator:
        with open_client(emulator, TELNYX) as client:
            client.send(WORD)
            assert json.loads(client.recv())["transcript"] == " finalized"


def test_recogniser_that_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A recogniser that raises costs its session, which closes with 1011, whatever it raised."""

    class Broken(ThreadedRecognition):
        def feed(self, audio: bytes) -> None:
            raise BrokenPipeError("the worker is gone")

    class BrokenRecogniser(Threaded):
        def open(self, *args: Any, **callbacks: Any) -> ThreadedRecognition:
            return Broken(self, **callbacks)

    with Emulator(recogniser=BrokenRecogniser()) as emulator:
        said = talk(emulator, WORD, end=None)
    assert (said.frames, said.close_code) == ([], 1011)
    assert "the worker is gone" in caplog.text


def test_recogniser_s_error_ends_the_session() -> None:
    """What a recogniser cannot understand is an {"error"} frame and a close with 1011."""
    with Emulator(recogniser=Threaded(error="not audio")) as emulator:
        said = talk(emulator, WORD, end=None)
    assert (said.json, said.close_code) == ([{"error": "not audio"}], 1011)


class Stuck:
    """A recogniser that takes nothing until it is closed."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    def open(self, *args: object, **callbacks: object) -> Stuck:
        return self

    def feed(self, audio: bytes) -> None:
        self.closed.wait(LIMIT)

    def finalize(self) -> None: ...

    def end(self) -> None: ...

    def close(self) -> None:
        self.closed.set()


def test_slow_recogniser_is_felt_through_tcp_alone() -> None:
    """While the recogniser is behind, little is read, and the client's sending stalls."""
    size, sent = 1 << 26, 0
    with Emulator(recogniser=Stuck()) as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
            sender = threading.Thread(target=_send_until_closed, args=(client, size))
            sender.start()
            (session,) = emulator.wait_for_sessions(1, LIMIT)
            session.wait_for(lambda it: it.audio_bytes > sent, timeout=LIMIT)
            sender.join(0.3)
            assert sender.is_alive()
            assert session.audio_bytes < size // 4
            stop_quickly(emulator)
            sender.join(LIMIT)
            assert not sender.is_alive()


def _send_until_closed(client: Client, size: int) -> None:
    try:
        for _ in range(size // 8192):
            client.send(bytes(8192))
    except OSError:
        return  # The emulator was stopped.
