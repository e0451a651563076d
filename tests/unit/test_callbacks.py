"""The one place where the user's functions are called, and what becomes of their failures."""

from __future__ import annotations

import logging
import pickle
from typing import Any, Callable, List, Tuple

import pytest

from telnyx_stt_sync._actions import Failed, Reconnecting, TranscriptHeard, UtteranceEnded
from telnyx_stt_sync._callbacks import Callbacks
from telnyx_stt_sync._errors import CallbackError, ConfigurationError, TelnyxSTTError
from telnyx_stt_sync._event_queue import Closed, Connected, Event
from telnyx_stt_sync._events import Transcript, Transcription

TRANSCRIPT = Transcript("a", True)
TRANSCRIPTION = Transcription((TRANSCRIPT,), ended_by="quiet")
ERROR = TelnyxSTTError("it went wrong")

# Event → which callback it goes to, with what.
EVENTS: List[Tuple[Event, str, Tuple[object, ...]]] = [
    (TranscriptHeard(TRANSCRIPT), "on_transcript", (TRANSCRIPT,)),
    (UtteranceEnded(TRANSCRIPT), "on_utterance_end", (TRANSCRIPT,)),
    (Failed(ERROR), "on_error", (ERROR,)),
    (Connected(3), "on_connect", (3,)),
    (Reconnecting(ERROR, 2, 0.5, 64000), "on_reconnect", (ERROR, 2, 0.5)),
    (Closed(TRANSCRIPTION), "on_close", (TRANSCRIPTION,)),
]
NAMES = [name for _, name, _ in EVENTS]
every_event = pytest.mark.parametrize(("event", "name", "arguments"), EVENTS, ids=NAMES)
every_name = pytest.mark.parametrize("name", NAMES)


class Calls:
    """Callbacks that write down how they were called."""

    def __init__(self) -> None:
        self.made: List[Tuple[str, Any]] = []

    def named(self, name: str) -> Callable[..., None]:
        """A callback of that name."""
        return lambda *arguments: self.made.append((name, arguments))


def failing(exception: BaseException) -> Callable[..., None]:
    """A callback that raises."""

    def fail(*arguments: object) -> None:
        raise exception

    return fail


@every_event
def test_each_event_has_its_callback(
    event: Event, name: str, arguments: Tuple[object, ...]
) -> None:
    """An event goes to the callback that is for it, once, with what it carries, and to no other."""
    calls = Calls()
    Callbacks(**{name: calls.named(name) for name in NAMES}).deliver(event)
    assert calls.made == [(name, arguments)]


@every_event
def test_an_event_nobody_wants(
    event: Event, name: str, arguments: Tuple[object, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """Without its callback an event is dropped in silence, but an error is logged."""
    calls = Calls()
    Callbacks(**{other: calls.named(other) for other in NAMES if other != name}).deliver(event)
    assert calls.made == []
    assert bool(caplog.records) is (name == "on_error")


def test_an_error_without_on_error(caplog: pytest.LogCaptureFixture) -> None:
    """Without ``on_error`` an error is logged at ERROR, with its traceback."""
    Callbacks().report(ERROR)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("telnyx_stt_sync", logging.ERROR)
    assert record.getMessage() == "it went wrong"
    assert record.exc_info is not None
    assert record.exc_info[1] is ERROR


def test_an_error_with_on_error(caplog: pytest.LogCaptureFixture) -> None:
    """With ``on_error`` an error goes there, and is not logged as well."""
    calls = Calls()
    Callbacks(on_error=calls.named("on_error")).report(ERROR)
    assert calls.made == [("on_error", (ERROR,))]
    assert caplog.records == []


@pytest.mark.parametrize("event", [event for event, name, _ in EVENTS if name != "on_error"])
def test_a_callback_raises(event: Event, caplog: pytest.LogCaptureFixture) -> None:
    """What a callback raises is logged with its traceback and told to ``on_error``, once each."""
    calls = Calls()
    cause = KeyError("oops")
    names = [name for name in NAMES if name != "on_error"]
    fail = failing(cause)
    Callbacks(on_error=calls.named("on_error"), **dict.fromkeys(names, fail)).deliver(event)
    ((_, (error,)),) = calls.made
    assert type(error) is CallbackError
    assert error.__cause__ is cause
    (name,) = [name for known, name, _ in EVENTS if known is event]
    assert str(error) == f"{name} raised KeyError: 'oops'"
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, str(error))
    assert record.exc_info is not None
    assert record.exc_info[1] is error


def test_a_callback_raises_and_nobody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Without ``on_error``, what a callback raises is logged, once."""
    Callbacks(on_transcript=failing(KeyError("oops"))).deliver(TranscriptHeard(TRANSCRIPT))
    (record,) = caplog.records
    assert record.getMessage() == "on_transcript raised KeyError: 'oops'"
    assert record.exc_info is not None
    assert type(record.exc_info[1]) is CallbackError


@pytest.mark.parametrize(
    "event", [Failed(ERROR), TranscriptHeard(TRANSCRIPT)], ids=["own", "other"]
)
def test_on_error_raises(event: Event, caplog: pytest.LogCaptureFixture) -> None:
    """``on_error`` is never told of its own failure: that is logged, and that is all."""
    calls = Calls()

    def on_error(error: TelnyxSTTError) -> None:
        calls.made.append(("on_error", error))
        raise ValueError("no, really")

    Callbacks(on_error=on_error, on_transcript=failing(KeyError("oops"))).deliver(event)
    assert len(calls.made) == 1
    assert caplog.records[-1].getMessage() == "on_error raised"
    assert caplog.records[-1].exc_info is not None
    assert str(caplog.records[-1].exc_info[1]) == "no, really"


@every_event
def test_nothing_a_callback_raises_gets_out(
    event: Event, name: str, arguments: Tuple[object, ...]
) -> None:
    """``sys.exit()`` in a callback does not end the thread that has the rest to deliver."""
    calls = Calls()
    callbacks = Callbacks(**{name: failing(SystemExit(1))})
    callbacks.deliver(event)
    if name != "on_error":
        callbacks.on_error = calls.named("on_error")
        callbacks.deliver(event)
        ((_, (error,)),) = calls.made
        assert type(error.__cause__) is SystemExit


@every_name
@pytest.mark.parametrize("wrong", ["print", 5, True, object()], ids=str)
def test_what_cannot_be_called(name: str, wrong: Any) -> None:
    """What is not a function is refused when it is given, not when it would be called."""
    with pytest.raises(ConfigurationError, match=f"^{name}=.*: give a function, or None$"):
        Callbacks(**{name: wrong})


@every_name
def test_whether_there_is_anything_to_call(name: str) -> None:
    """Callbacks are true when there is at least one, so that no thread is started for none."""
    assert Callbacks(**{name: print})
    assert not Callbacks()


def test_another_on_transcript() -> None:
    """A copy with another ``on_transcript`` keeps the rest and leaves the first as it was."""
    calls = Calls()
    first = Callbacks(
        *(calls.named(name) for name in ("heard", "failed", "ended", "lost", "closed"))
    )
    second = first.with_on_transcript(calls.named("heard otherwise"))
    for event, _, _ in EVENTS:
        second.deliver(event)
    first.deliver(TranscriptHeard(TRANSCRIPT))
    assert [name for name, _ in calls.made] == [
        *("heard otherwise", "ended", "failed", "lost", "closed"),
        "heard",
    ]


def test_another_on_transcript_that_cannot_be_called() -> None:
    """The other ``on_transcript`` is checked as well."""
    with pytest.raises(ConfigurationError, match="on_transcript='print'"):
        Callbacks().with_on_transcript("print")  # type: ignore[arg-type]


def test_pickle() -> None:
    """Without callbacks, or with those that pickle, they travel to another process."""
    assert not pickle.loads(pickle.dumps(Callbacks()))
    assert pickle.loads(pickle.dumps(Callbacks(on_close=print))).on_close is print
