"""Peers that live, peers that are gone without a word, and how the one is told from the other."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import Any, Callable, List, Optional

import pytest

from telnyx_stt_sync import ConnectionLostError, Transcriber
from telnyx_stt_sync import _connection as connection
from telnyx_stt_sync import _delivery as delivery
from telnyx_stt_sync._spacing import Spacing
from telnyx_stt_sync._waker import Waker
from telnyx_stt_sync.emulator import Emulator
from tests.faults.client import (
    AUDIO,
    TEXT,
    Calls,
    both_transports,
    every_way,
    live,
    transcriber,
)
from tests.wire.peer import Link, Peer
from tests.wire.steps import (
    answer_close,
    close,
    final,
    ping_and_read,
    read_audio,
    read_to_close_stream,
    read_until_gone,
    tell,
    wait,
)

How = Callable[..., Any]


def raw_transcriber(url: str, **options: Any) -> Transcriber:
    """A ``Transcriber`` for a scripted peer."""
    given = {"input_format": "linear16", "sample_rate": 16_000, "reconnect": False}
    return Transcriber("key", url=url, connect_spacing=0.0, **{**given, **options})


# -- half-open connections ----------------------------------------------------------------


@both_transports
def test_half_open_and_idle(tls: bool, limit: float) -> None:
    """A connection that is gone without a word is noticed while nothing is sent over it."""
    calls = Calls()
    noticed = threading.Event()
    with Emulator(faults="half_open_after=2@1", tls=tls) as emulator:
        stt = transcriber(
            emulator,
            calls,
            ping_interval=0.3,
            ping_timeout=0.2,
            on_reconnect=lambda *facts: noticed.set(),
        ).start()
        stt.send(AUDIO[:32000])
        started = time.monotonic()
        assert noticed.wait(limit)
        # After 0.5 s; with the defaults it would be 25 s.
        assert time.monotonic() - started < 5.0
        stt.send(AUDIO[32000:])
        assert stt.finish().text == TEXT


@both_transports
def test_half_open_while_sending(tls: bool) -> None:
    """... and while audio waits that does not go out any more."""
    calls = Calls()
    with Emulator(faults="half_open_after=300000@1", tls=tls) as emulator:
        stt = transcriber(emulator, calls, ping_interval=0.6, ping_timeout=0.6)
        assert live(stt).text == TEXT
    ((error, _, _),) = calls.reconnects
    assert isinstance(error, ConnectionLostError)
    assert "pings" in str(error)


@every_way
def test_no_pongs(how: How) -> None:
    """Who hears and answers audio lives, whatever becomes of pings."""
    calls = Calls()
    with Emulator(faults=["no_pong", "real_time=20"]) as emulator:
        stt = transcriber(emulator, calls, ping_interval=0.6, ping_timeout=0.6)
        assert how(stt).text == TEXT
    assert calls.reconnects == []


def test_a_slow_up_link(limit: float) -> None:
    """At 32 kB/s behind unpaced audio pongs are late by seconds, and that is no sign of death."""
    rate, size = 32_000, 288_000

    def read_slowly(link: Link) -> None:
        while len(link.audio) < size:
            before = len(link.audio)
            read_audio(before + 1)(link)
            time.sleep((len(link.audio) - before) / rate)

    with Peer(read_slowly, final("all of it"), close(), receive_buffer=4096) as peer:
        # The kernels hold some 4 s of it, in which nothing moves for us.
        stt = raw_transcriber(peer.url, ping_interval=3.0, ping_timeout=3.0)
        stt.start()
        for _ in range(size // 8000):
            stt.send(bytes([0, 16]) * 4000)
        assert stt.finish().text == "all of it"
        assert peer.finished().pings


class Starved:
    """Once armed, keeps the I/O thread from the processor, once, when its wait has timed out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
        self.armed, self.begun, self.go_on = (threading.Event() for _ in range(3))
        self._seconds = seconds
        self._wait = Waker.wait
        monkeypatch.setattr(Waker, "wait", lambda *arguments: self._starve(*arguments))

    def _starve(self, waker: Waker, sock: Any, events: int, timeout: Optional[float]) -> int:
        before = time.monotonic()
        ready = self._wait(waker, sock, events, timeout)
        is_late = timeout is not None and time.monotonic() >= before + timeout > before
        if is_late and not ready and self.armed.is_set() and not self.begun.is_set():
            self.begun.set()
            assert self.go_on.wait(20)
            time.sleep(self._seconds)
        return ready


def test_a_machine_that_is_too_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No peer counts as silent before what has come from it is read, however late that is."""
    starved = Starved(monkeypatch, 1.1)
    steps = [read_to_close_stream(), tell(starved.armed), final("one"), wait(starved.begun)]
    with Peer(*steps, final("two"), tell(starved.go_on), close()) as peer:
        stt = raw_transcriber(peer.url, ping_interval=0.5, ping_timeout=0.5).start()
        stt.send(bytes([0, 16]) * 1600)
        assert stt.finish().text == "one two"


# -- KeepAlive ----------------------------------------------------------------------------


@pytest.fixture
def hasty_keep_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The interval of KeepAlive, 4 s, made short."""
    monkeypatch.setattr(connection, "KEEP_ALIVE_INTERVAL", 0.2)


@pytest.mark.usefixtures("hasty_keep_alive")
@pytest.mark.parametrize(("engine", "keeps"), [("Deepgram", True), ("Speechmatics", False)])
def test_silence(engine: str, keeps: bool) -> None:
    """In silence an engine that knows KeepAlive is told that we are there; no other is."""
    with Peer(read_to_close_stream(), final("a"), close(), answer_close) as peer:
        stt = raw_transcriber(peer.url, transcription_engine=engine).start()
        stt.send(bytes([0, 16]) * 100)
        time.sleep(0.7)
        stt.finish()
        texts = [json.loads(text)["type"] for text in peer.finished().texts]
    assert texts[-1] == "CloseStream"
    assert (texts.count("KeepAlive") >= 2) is keeps
    assert set(texts) <= {"KeepAlive", "CloseStream"}


def test_no_keep_alive_between_audio(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as audio goes out nothing else has to."""
    monkeypatch.setattr(connection, "KEEP_ALIVE_INTERVAL", 1.0)
    with Emulator() as emulator:
        stt = transcriber(emulator, Calls()).start()
        for start in range(0, 64_000, 3200):
            stt.send(AUDIO[start : start + 3200])
            time.sleep(0.08)
        stt.finish()
        assert [json.loads(text)["type"] for text in emulator.sessions[0].text_frames] == [
            "CloseStream"
        ]


# -- what the log says --------------------------------------------------------------------


def test_a_peer_that_never_answers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, limit: float
) -> None:
    """Audio for 15 s and no frame at all is a warning, once."""
    monkeypatch.setattr(connection, "MUTE_SECONDS", 0.2)
    with Peer(read_until_gone) as peer:
        stt = raw_transcriber(peer.url).start()
        for _ in range(30):
            stt.send(bytes([0, 16]) * 320)
            time.sleep(0.02)
        stt.close()
    told = [record for record in caplog.records if "no frame at all" in record.getMessage()]
    assert [record.levelno for record in told] == [logging.WARNING]


def test_a_peer_that_answers_is_not_told_of(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One frame is enough."""
    monkeypatch.setattr(connection, "MUTE_SECONDS", 1.0)
    with Peer(read_audio(640), final("a"), read_until_gone) as peer:
        stt = raw_transcriber(peer.url).start()
        for _ in range(60):
            stt.send(bytes([0, 16]) * 320)
            time.sleep(0.02)
        stt.close()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("slow", ["on_transcript", "on_reconnect"])
def test_a_slow_callback_is_named(
    slow: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A callback that takes longer than a second is named in the log, once for each stream."""
    assert delivery.SLOW_CALLBACK == 1.0
    monkeypatch.setattr(delivery, "SLOW_CALLBACK", 0.1)
    calls: List[Any] = []

    def sleep(*arguments: Any) -> None:
        if len(calls) < 2:
            time.sleep(0.11)
        calls.append(arguments)

    with Emulator(faults="cut_after_finals=2@1") as emulator:
        result = live(transcriber(emulator, Calls(), **{slow: sleep}))
    assert result.text == TEXT
    told = [record.getMessage() for record in caplog.records if "had to wait" in record.msg]
    assert len(told) == 1
    assert told[0].startswith(slow)


def test_a_callback_that_sleeps_delays_no_pong() -> None:
    """Pings are answered while a callback sleeps: it has a thread of its own."""
    answered = threading.Event()
    asleep = threading.Event()

    def on_transcript(transcript: Any) -> None:
        asleep.set()
        assert answered.wait(20)

    def ping_while_asleep(link: Link) -> None:
        assert asleep.wait(20)
        ping_and_read(b"are you there?")(link)
        answered.set()

    end = (read_to_close_stream(), close())
    with Peer(read_audio(640), final("a"), ping_while_asleep, *end) as peer:
        stt = raw_transcriber(peer.url, on_transcript=on_transcript).start()
        stt.send(bytes([0, 16]) * 320)
        assert stt.finish().text == "a"
        assert peer.finished().pongs == [b"are you there?"]


def test_the_connects_of_a_stream_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnects wait for their turn as first connects do (``connect_spacing``)."""
    asked: List[float] = []

    def delay(self: Spacing, seconds: float, now: float) -> float:
        asked.append(seconds)
        return 0.0

    monkeypatch.setattr(Spacing, "delay", delay)
    with Emulator(faults="cut_after_finals=2@1") as emulator:
        assert live(transcriber(emulator, Calls(), connect_spacing=0.4)).text == TEXT
    assert asked == [0.4, 0.4]
