"""When a connection can't be opened: what is tried again, how often, and what the user sees."""

from __future__ import annotations

import io
import itertools
import logging
import socket
import threading
import time
from typing import Any, Callable, List, Tuple, Type

import pytest

from telnyx_stt_sync import (
    AuthenticationError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    RetryPolicy,
    StreamStateError,
    Transcriber,
    Transcription,
    TranscriptionTimeout,
)
from telnyx_stt_sync.emulator import Emulator
from tests.embedding.house import unused_port
from tests.faults.client import (
    AUDIO,
    SOON,
    TEXT,
    Calls,
    every_way,
    file,
    live,
    transcriber,
)

How = Callable[[Transcriber], Transcription]

# Refusals that pass.
TEMPORARY = ["too_many_requests", "unavailable", "too_many_requests=0", "unavailable=0"]


@pytest.mark.parametrize("fault", TEMPORARY)
@every_way
def test_overload_passes(how: How, fault: str, caplog: pytest.LogCaptureFixture) -> None:
    """start() and transcribe_file() keep to the policy, too: overload is tried again."""
    calls = Calls()
    with Emulator(faults=f"{fault}@1-2") as emulator:
        result = how(transcriber(emulator, calls))
        assert len(emulator.sessions) == 3
    assert result.text == TEXT
    assert result.stats.reconnects == 0
    assert calls.connects == [0]
    assert [(type(error), attempt) for error, attempt, _ in calls.reconnects] == [
        (ConnectError, 1),
        (ConnectError, 2),
    ]
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 2


@every_way
def test_overload_lasts(how: How) -> None:
    """At the end of the policy the last refusal is raised; it says how many attempts there were."""
    calls = Calls()
    with Emulator(faults="unavailable") as emulator:
        with pytest.raises(ConnectError) as caught:
            how(transcriber(emulator, calls))
        assert len(emulator.sessions) == 4
    assert (caught.value.status, caught.value.attempts) == (503, 4)
    assert caught.value.is_temporary
    assert calls.errors == []
    assert calls.connects == []


@every_way
def test_retry_after(how: How) -> None:
    """What the server asks for with ``Retry-After`` is waited for."""
    calls = Calls()
    with Emulator(faults="too_many_requests=1@1") as emulator:
        started = time.monotonic()
        how(transcriber(emulator, calls))
    assert time.monotonic() - started >= 1.0
    ((error, _, delay),) = calls.reconnects
    assert isinstance(error, ConnectError)
    assert (error.retry_after, delay) == (1.0, 1.0)


@every_way
def test_retry_after_beyond_the_policy(how: How) -> None:
    """A ``Retry-After`` that the policy has no time for fails at once."""
    calls = Calls()
    with Emulator(faults="too_many_requests=61") as emulator:
        with pytest.raises(ConnectError, match="429") as caught:
            how(transcriber(emulator, calls))
        assert len(emulator.sessions) == 1
    assert caught.value.retry_after == 61.0
    assert calls.reconnects == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("unauthorized", AuthenticationError),
        ("forbidden", AuthenticationError),
        ("redirect", ConnectError),
    ],
)
@every_way
def test_refusals_that_do_not_pass(how: How, fault: str, kind: Type[ConnectError]) -> None:
    """A refused key and a redirect are not tried again."""
    calls = Calls()
    with Emulator(faults=fault) as emulator:
        with pytest.raises(kind) as caught:
            how(transcriber(emulator, calls))
        assert len(emulator.sessions) == 1
    assert not caught.value.is_temporary
    assert calls.reconnects == []


@every_way
def test_a_certificate_that_is_not_trusted(how: How) -> None:
    """A certificate for another host is refused, says what to do, and is not tried again."""
    calls = Calls()
    with Emulator(faults="wrong_certificate", tls=True) as emulator:
        with pytest.raises(ConnectError, match="certificate is not trusted"):
            how(transcriber(emulator, calls))
        assert emulator.sessions == []
    assert calls.reconnects == []


def test_refused_connects() -> None:
    """A refused connect is tried again as often as the policy says."""
    calls = Calls()
    stt = Transcriber(
        "key",
        url=f"ws://127.0.0.1:{unused_port()}",
        input_format="linear16",
        sample_rate=16000,
        connect_spacing=0.0,
        reconnect=SOON,
        on_reconnect=calls.on_reconnect,
    )
    with pytest.raises(ConnectError) as caught:
        stt.start()
    assert caught.value.attempts == 4
    assert [attempt for _, attempt, _ in calls.reconnects] == [1, 2, 3]


def test_connects_that_time_out() -> None:
    """``connect_timeout`` is for each attempt; a peer that never answers is tried again."""
    calls = Calls()
    policy = RetryPolicy(max_attempts=1, initial=0.0, jitter=0.0)
    with Emulator(faults="slow_handshake=5@1") as emulator:
        result = file(transcriber(emulator, calls, connect_timeout=1.0, reconnect=policy))
    assert result.text == TEXT
    assert len(calls.reconnects) == 1


@pytest.mark.parametrize(("code", "attempts"), [("EAI_NONAME", 1), ("EAI_AGAIN", 4)])
def test_a_name_that_is_not_found(
    code: str, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that nobody knows is more likely misspelt than on its way; the resolver may come back."""

    def fail(*arguments: Any, **more: Any) -> Any:
        raise socket.gaierror(getattr(socket, code), "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    stt = Transcriber(
        "key",
        url="wss://nowhere.invalid",
        input_format="linear16",
        sample_rate=16000,
        connect_spacing=0.0,
        reconnect=SOON,
    )
    with pytest.raises(ConnectError, match=r"nowhere\.invalid") as caught:
        stt.start()
    assert caught.value.attempts == attempts


def test_a_name_that_was_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that was found before will be found again: a reconnect goes on asking for it."""
    calls = Calls()
    look_up, look_ups = socket.getaddrinfo, itertools.count()

    def fail_twice(*arguments: Any, **more: Any) -> Any:
        if next(look_ups) in (1, 2):
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        return look_up(*arguments, **more)

    monkeypatch.setattr(socket, "getaddrinfo", fail_twice)
    with Emulator(faults="cut_after_finals=2@1") as emulator:
        assert file(transcriber(emulator, calls)).text == TEXT
    assert len(calls.reconnects) == 3


# -- the waits ----------------------------------------------------------------------------

PATIENT = RetryPolicy(initial=60.0, maximum=60.0, max_elapsed=600.0)


def test_close_during_the_wait(limit: float) -> None:
    """close() ends the wait for the next connect at once; finish() then says why."""
    calls = Calls()
    waiting = threading.Event()
    with Emulator(faults="cut_after_finals=2@1") as emulator:
        stt = transcriber(
            emulator, calls, reconnect=PATIENT, on_reconnect=lambda *facts: waiting.set()
        ).start()
        stt.send(AUDIO[:200_000])
        assert waiting.wait(limit)
        assert stt.is_open
        started = time.monotonic()
        stt.close()
        assert time.monotonic() - started < 3.0
        with pytest.raises(StreamStateError):
            stt.finish()
        assert stt.result is not None
        assert stt.result.ended_by == "closed"


def test_close_during_the_wait_of_start(limit: float) -> None:
    """close() from another thread ends a start() that is being tried again."""
    waiting = threading.Event()
    calls = Calls()
    with Emulator(faults="unavailable") as emulator:
        stt = transcriber(
            emulator, calls, reconnect=PATIENT, on_reconnect=lambda *facts: waiting.set()
        )
        failures: List[BaseException] = []

        def start() -> None:
            try:
                stt.start()
            except StreamStateError as exc:
                failures.append(exc)

        thread = threading.Thread(target=start)
        thread.start()
        assert waiting.wait(limit)
        stt.close()
        thread.join(limit)
        assert not thread.is_alive()
        assert len(failures) == 1


@pytest.mark.parametrize("fault", ["cut_after_finals=2@1", "unavailable"])
def test_the_timeout_of_a_call_during_the_wait(fault: str) -> None:
    """The timeout of transcribe_file() counts during the wait for the next connect."""
    calls = Calls()
    with Emulator(faults=fault) as emulator:
        stt = transcriber(emulator, calls, reconnect=PATIENT)
        started = time.monotonic()
        with pytest.raises(TranscriptionTimeout):
            stt.transcribe_file(io.BytesIO(AUDIO), timeout=0.5)
        assert time.monotonic() - started < 4.0


def test_finish_with_a_timeout_during_the_wait(limit: float) -> None:
    """finish(timeout) keeps its timeout, with what was heard."""
    calls = Calls()
    waiting = threading.Event()
    with Emulator(faults="cut_after_finals=2@1") as emulator:
        stt = transcriber(
            emulator, calls, reconnect=PATIENT, on_reconnect=lambda *facts: waiting.set()
        ).start()
        stt.send(AUDIO[:200_000])
        assert waiting.wait(limit)
        with pytest.raises(TranscriptionTimeout) as caught:
            stt.finish(timeout=0.2)
    assert caught.value.partial is not None
    assert caught.value.partial.text


class StuckLookUp:
    """The system's resolver, which hangs in every look-up until it may go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, limit: float) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._look_up, self._limit = socket.getaddrinfo, limit
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        self.begun.set()
        self.go_on.wait(self._limit)
        return self._look_up(*arguments, **more)


def stuck_in_a_look_up(
    emulator: Emulator, stuck: Callable[[], StuckLookUp], limit: float, **options: Any
) -> Tuple[Transcriber, StuckLookUp]:
    """A live stream in which words were heard, and whose reconnect hangs in a name look-up."""
    stt = transcriber(emulator, Calls(), **options).start()
    look_up = stuck()
    stt.send(AUDIO[:200_000])
    assert look_up.begun.wait(limit)
    return stt, look_up


def test_finish_with_a_timeout_during_a_look_up(
    monkeypatch: pytest.MonkeyPatch, limit: float
) -> None:
    """... also while a name look-up hangs, which nothing can interrupt."""
    with Emulator(faults="cut_after_finals=2@1") as emulator:
        stt, look_up = stuck_in_a_look_up(emulator, lambda: StuckLookUp(monkeypatch, limit), limit)
        begun = time.monotonic()
        with pytest.raises(TranscriptionTimeout) as caught:
            stt.finish(timeout=0.2)
        took = time.monotonic() - begun
        look_up.go_on.set()
        stt.close()
    assert took < 2.0
    assert caught.value.partial is not None
    assert caught.value.partial.text


def test_close_during_a_look_up(monkeypatch: pytest.MonkeyPatch, limit: float) -> None:
    """close() does not wait for the resolver."""
    with Emulator(faults="cut_after_finals=2@1") as emulator:
        stt, look_up = stuck_in_a_look_up(emulator, lambda: StuckLookUp(monkeypatch, limit), limit)
        begun = time.monotonic()
        stt.close()
        took = time.monotonic() - begun
        look_up.go_on.set()
    assert took < 1.0
    assert stt.result is not None
    assert stt.result.ended_by == "closed"


def test_connect_timeout_during_a_look_up(monkeypatch: pytest.MonkeyPatch, limit: float) -> None:
    """``connect_timeout`` is for the look-up, too: finish() ends with the policy, not with it."""
    with Emulator(faults="cut_after_finals=2@1") as emulator:
        stt, look_up = stuck_in_a_look_up(
            emulator, lambda: StuckLookUp(monkeypatch, limit), limit, connect_timeout=0.5
        )
        begun = time.monotonic()
        with pytest.raises(ConnectionLostError, match="look-up") as caught:
            stt.finish()
        took = time.monotonic() - begun
        look_up.go_on.set()
    assert took < 5.0
    assert caught.value.is_temporary
    assert caught.value.partial is not None
    assert caught.value.partial.text


def test_audio_is_taken_during_the_wait(limit: float) -> None:
    """send() goes on taking audio while the connection is away, as far as the buffer goes."""
    calls = Calls()
    waiting = threading.Event()
    policy = RetryPolicy(initial=2.0, maximum=2.0, jitter=0.0)
    with Emulator(faults="cut_after_finals=2@1") as emulator:
        stt = transcriber(
            emulator,
            calls,
            reconnect=policy,
            buffer_seconds=60.0,
            on_reconnect=lambda *facts: waiting.set(),
        ).start()
        stt.send(AUDIO[:200_000])
        assert waiting.wait(limit)
        stt.send(AUDIO[200_000:], timeout=0.0)
        assert stt.stats.reconnects == 0
        assert stt.finish().text == TEXT
        assert stt.stats.reconnects == 1


# -- the policy ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reconnect",
    [None, 1, 3.0, "yes", RetryPolicy(0), RetryPolicy(True), RetryPolicy(1.5)]  # type: ignore[arg-type]
    + [RetryPolicy(3, value) for value in (-1.0, float("nan"), "1", None)],  # type: ignore[arg-type]
    ids=repr,
)
def test_policies_that_make_no_sense(reconnect: object) -> None:
    """They are refused when the object is made."""
    with pytest.raises(ConfigurationError):
        Transcriber(reconnect=reconnect)  # type: ignore[arg-type]


def test_the_policy_of_telnyx() -> None:
    """The default is what Telnyx advises: 250 ms, 500 ms, 1 s, 2 s, then 5 s at most."""
    assert RetryPolicy() == (8, 60.0, 0.25, 5.0, 0.5)


def test_a_loss_for_each_call_of_many() -> None:
    """Files of several threads reconnect each for itself."""
    calls = Calls()
    texts: List[str] = []
    with Emulator(faults="cut_after_finals=6@1-4") as emulator:
        stt = transcriber(emulator, calls)
        threads = [threading.Thread(target=lambda: texts.append(file(stt).text)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert texts == [TEXT] * 4
    assert len(calls.reconnects) == 4


def test_a_stream_of_chunks() -> None:
    """``stream()`` goes on over a reconnect, too."""
    calls = Calls()
    chunks = [AUDIO[start : start + 3200] for start in range(0, len(AUDIO), 3200)]
    with Emulator(faults="cut_after_finals=9@1") as emulator:
        stt = transcriber(emulator, calls)
        heard = list(stt.stream(chunks))
    assert " ".join(transcript.text for transcript in heard if transcript.is_final) == TEXT
    assert calls.reconnects == []


def test_losses_of_two_streams_in_a_row() -> None:
    """A Transcriber whose stream was lost for good can start another."""
    calls = Calls()
    with Emulator(faults=["cut_after_finals=2@1", "unavailable@2-5"]) as emulator:
        stt = transcriber(emulator, calls)
        with pytest.raises(ConnectionLostError):
            live(stt)
        assert live(stt).text == TEXT
