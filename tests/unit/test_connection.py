"""One connection: its heartbeat, its KeepAlive, its silence and its end. Times are made up."""

from __future__ import annotations

import json
from typing import Any, List

import pytest

from telnyx_stt_sync._actions import Action, SendPing, SendText, Warn
from telnyx_stt_sync._connection import Connection
from telnyx_stt_sync._drain import Verdict
from telnyx_stt_sync._engines import ENGINES
from telnyx_stt_sync._options import Options

# Engines whose idle timer a KeepAlive resets, and all the others.
KEPT = ("Deepgram",)
NOT_KEPT = tuple(name for name in (*ENGINES, "Brandnew") if name not in KEPT)


def connection(engine: str = "Telnyx", **given: Any) -> Connection:
    """It was opened at 100; its pings are far away unless they are wanted."""
    given.setdefault("ping_interval", 1000.0)
    options = Options(transcription_engine=engine, **given)
    return Connection(options, options.engine, 100.0)


def due(made: Connection, *times: float) -> List[float]:
    """At which of these times something is due."""
    return [now for now in times if made.due(now)]


def only_text(actions: List[Action]) -> object:
    """The one control message that is due."""
    (action,) = actions
    assert isinstance(action, SendText)
    return json.loads(action.text)


# -- KeepAlive ------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", KEPT)
def test_keep_alive(engine: str) -> None:
    """After 4 s without audio the engine is told that we are there, and then every 4 s."""
    made = connection(engine)
    assert made.deadline == 104.0
    assert made.due(103.9) == []
    assert only_text(made.due(104.0)) == {"type": "KeepAlive"}
    assert made.deadline == 108.0
    assert due(made, 105.0, 107.9, 108.5, 112.4, 112.5) == [108.5, 112.5]


@pytest.mark.parametrize("engine", NOT_KEPT)
def test_engines_that_know_no_keep_alive(engine: str) -> None:
    """An engine without an idle timer of that kind gets no KeepAlive."""
    made = connection(engine)
    assert due(made, 104.0, 110.0, 200.0, 1000.0) == []


def test_audio_makes_keep_alive_needless() -> None:
    """Audio that is handed over or goes out moves it on; what comes in does not."""
    made = connection("Deepgram")
    made.audio_sent(100, 103.0)
    assert made.deadline == 107.0
    made.audio_written(105.0)
    assert made.deadline == 109.0
    made.frame_came(False, 108.0)
    made.control_came(108.5)
    assert made.deadline == 109.0


def test_keep_alive_until_the_end_of_the_audio() -> None:
    """Behind CloseStream there is no KeepAlive; before it, whatever the user says, there is."""
    made = connection("Deepgram")
    made.no_more_audio(101.0)
    assert len(made.due(104.0)) == 1
    made.input_ended(False, 105.0)
    made.audio_written(106.0)
    assert due(made, 109.0, 112.0, 120.0) == []


# -- a connection that never answers ----------------------------------------------------------


def test_mute() -> None:
    """Fifteen seconds of audio without any answer are worth a warning, once."""
    made = connection()
    made.audio_sent(100, 103.0)
    made.audio_sent(100, 110.0)
    assert made.deadline == 118.0
    assert made.due(117.9) == []
    (warning,) = made.due(118.0)
    assert isinstance(warning, Warn)
    assert "15 s" in warning.text
    assert "no frame" in warning.text
    made.audio_sent(100, 119.0)
    assert due(made, 120.0, 140.0, 200.0) == []


def test_an_idle_connection_is_not_mute() -> None:
    """Where nothing was said, no answer is due."""
    assert due(connection(), 115.0, 130.0, 200.0) == []


@pytest.mark.parametrize("has_final", [True, False])
def test_any_answer_will_do(has_final: bool) -> None:
    """One data frame shows that somebody listens, for as long as the connection lasts."""
    made = connection()
    made.audio_sent(100, 103.0)
    made.frame_came(has_final, 117.0)
    made.audio_sent(100, 118.0)
    assert due(made, 118.0, 140.0) == []


def test_pongs_are_no_answer() -> None:
    """A peer that answers pings and nothing else is mute all the same."""
    made = connection()
    made.audio_sent(100, 103.0)
    made.control_came(110.0)
    assert due(made, 118.0) == [118.0]


# -- heartbeat --------------------------------------------------------------------------------


def test_pings() -> None:
    """It is pinged after ``ping_interval``, and dead ``ping_timeout`` after that."""
    made = connection(ping_interval=15.0, ping_timeout=10.0)
    assert made.deadline == 115.0
    assert made.due(114.9) == []
    assert made.due(115.0) == [SendPing()]
    assert made.deadline == 125.0
    assert not made.is_dead(124.9)
    assert made.is_dead(125.0)


@pytest.mark.parametrize("name", ["audio_written", "control_came", "frame_came"])
def test_signs_of_life(name: str) -> None:
    """Bytes that go out, pongs and frames show life; audio that only waits does not."""
    made = connection(ping_interval=15.0, ping_timeout=10.0)
    made.audio_sent(100, 110.0)
    assert made.is_dead(125.0)
    facts = (False, 110.0) if name == "frame_came" else (110.0,)
    getattr(made, name)(*facts)
    assert not made.is_dead(134.9)
    assert made.is_dead(135.0)


# -- its end ----------------------------------------------------------------------------------


def test_audio_may_come_for_ever() -> None:
    """Before the end of the audio nothing is waited for, and nothing is all out."""
    made = connection()
    made.audio_sent(100, 101.0)
    made.all_out(102.0)
    assert not made.owes_nothing
    assert made.verdict(10_000.0) is Verdict.WAIT


def test_the_wait_for_the_last_finals() -> None:
    """It begins with the wish to end, and the audio that goes out, frames and the end move it."""
    made = connection(drain_timeout=20.0)
    made.no_more_audio(110.0)
    assert made.deadline == 130.0
    made.no_more_audio(115.0)
    assert made.deadline == 130.0, "it may be said again"
    made.audio_written(116.0)
    assert made.deadline == 136.0
    made.frame_came(False, 118.0)
    assert made.deadline == 138.0
    assert made.verdict(137.9) is Verdict.WAIT
    assert made.verdict(138.0) is Verdict.TIMEOUT


def test_what_is_out() -> None:
    """All is out when the last audio was handed over and has gone; saying it again is nothing."""
    made = connection()
    made.no_more_audio(110.0)
    made.all_out(111.0)
    assert not made.owes_nothing
    made.input_ended(False, 112.0)
    assert not made.owes_nothing
    made.all_out(113.0)
    assert made.owes_nothing
    made.frame_came(True, 114.0)
    made.all_out(118.0)
    assert made.verdict(118.9) is Verdict.WAIT
    assert made.verdict(119.0) is Verdict.QUIET


def test_input_that_ends_at_once() -> None:
    """The end of the audio is a wish to end as well."""
    made = connection(drain_timeout=20.0)
    made.audio_sent(100, 101.0)
    made.frame_came(False, 102.0)
    made.input_ended(False, 110.0)
    assert made.deadline == 130.0


def test_a_quiet_period_of_ones_own() -> None:
    """The quiet period that was given counts."""
    made = connection(quiet_period=2.0)
    made.input_ended(False, 110.0)
    made.all_out(110.0)
    made.frame_came(True, 112.0)
    assert made.verdict(114.0) is Verdict.QUIET


@pytest.mark.parametrize(
    ("frames", "only_silence", "verdict"),
    [(0, False, Verdict.WAIT), (1, False, Verdict.QUIET), (0, True, Verdict.QUIET)],
)
def test_what_its_silence_means(frames: int, only_silence: bool, verdict: Verdict) -> None:
    """After 10 s silence is the end if it ever said a word, or if there was nothing to hear."""
    made = connection()
    made.audio_sent(100, 101.0)
    for _ in range(frames):
        made.frame_came(False, 103.0)
    made.input_ended(only_silence, 110.0)
    made.all_out(110.0)
    assert made.verdict(120.0) is verdict


def test_a_connection_that_carried_no_audio() -> None:
    """Where all had been heard before it began, its silence is the end, not a failure."""
    made = connection("Telnyx", drain_timeout=30.0)
    made.input_ended(False, 110.0)
    made.all_out(110.0)
    assert made.deadline == 120.0
    assert made.verdict(120.0) is Verdict.QUIET


def test_counters() -> None:
    """It counts its own audio and its own frames; control frames are none."""
    made = connection()
    made.audio_sent(100, 101.0)
    made.audio_sent(50, 102.0)
    made.frame_came(True, 103.0)
    made.control_came(103.0)
    assert (made.sent, made.frames) == (150, 1)
