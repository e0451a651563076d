"""The wait for the last finals, engine by engine. Times are made up."""

from __future__ import annotations

from typing import List, Optional, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._drain import Drain, Verdict
from telnyx_stt_sync._engines import ENGINES, engine_named

CLOSING = ("Deepgram", "Speechmatics", "Soniox")
NEVER_CLOSING = tuple(name for name in ENGINES if name not in CLOSING)


def drain(
    engine: str,
    *,
    quiet_period: Optional[float] = None,
    drain_timeout: float = 30.0,
    any_frame: bool = False,
    only_silence: bool = False,
) -> Drain:
    """A drain that began at 100."""
    made = Drain(engine_named(engine), drain_timeout, quiet_period, 100.0)
    made.any_frame = any_frame
    made.only_silence = only_silence
    return made


def falls(made: Drain, verdict: Verdict, at: float) -> None:
    """The verdict falls at that time and not before."""
    assert made.deadline == at
    assert made.verdict(at - 0.001) is Verdict.WAIT
    assert made.verdict(at) is verdict


@pytest.mark.parametrize("engine", [*ENGINES, "Brandnew"])
@pytest.mark.parametrize("any_frame", [True, False])
def test_nothing_goes_out(engine: str, any_frame: bool) -> None:
    """Audio that does not get out is a timeout with every engine: silence means nothing yet."""
    made = drain(engine, any_frame=any_frame)
    assert not made.all_is_out
    falls(made, Verdict.TIMEOUT, 130.0)


@pytest.mark.parametrize("engine", [*ENGINES, "Brandnew"])
def test_audio_that_goes_out_is_progress(engine: str) -> None:
    """Bytes that go out start the timeout again."""
    made = drain(engine)
    made.wrote(110.0)
    falls(made, Verdict.TIMEOUT, 140.0)


@pytest.mark.parametrize("engine", [*ENGINES, "Brandnew"])
def test_not_one_frame(engine: str) -> None:
    """An engine that never said a word may be dead: a timeout, for every kind of engine."""
    made = drain(engine)
    made.all_out(105.0)
    assert made.all_is_out
    falls(made, Verdict.TIMEOUT, 135.0)


@pytest.mark.parametrize("engine", CLOSING)
def test_closing_engines_are_waited_for(engine: str) -> None:
    """Engines that close never end by silence: frames start the timeout again, that is all."""
    made = drain(engine, any_frame=True, only_silence=True)
    made.all_out(105.0)
    falls(made, Verdict.TIMEOUT, 135.0)
    made.frame(True, 110.0)
    falls(made, Verdict.TIMEOUT, 140.0)


@pytest.mark.parametrize("engine", [*NEVER_CLOSING, "Brandnew"])
def test_quiet_after_a_final(engine: str) -> None:
    """Engines that never close are done a quiet period after a final that followed the audio."""
    made = drain(engine)
    made.all_out(105.0)
    made.frame(True, 110.0)
    falls(made, Verdict.QUIET, 115.0 if engine == "Telnyx" else 113.0)


# Frames behind the end of the audio, which was out at 105, as (time, is final) → the end.
# The engine is Telnyx, with a quiet period of 5 s.
SERIES: List[Tuple[List[Tuple[float, bool]], float]] = [
    ([], 115.0),
    ([(107.0, False)], 117.0),
    ([(107.0, False), (112.0, False)], 122.0),
    ([(112.0, True)], 117.0),
    ([(112.0, True), (113.0, True)], 118.0),
    ([(109.0, True), (112.0, True)], 118.0),
    ([(107.0, True), (111.5, True)], 120.5),
    ([(107.0, True), (111.5, True), (112.0, True)], 121.0),
    ([(107.0, True), (108.0, False)], 113.0),
    ([(107.0, False), (110.0, True)], 116.0),
    ([(105.0, True)], 110.0),
]


@pytest.mark.parametrize(("frames", "end"), SERIES)
def test_how_long_silence_lasts(frames: List[Tuple[float, bool]], end: float) -> None:
    """The wait after a final is the quiet period or twice the longest gap between frames since.

    Without a final behind the audio it is 10 s after the last frame, or after the audio.
    """
    made = drain("Telnyx", any_frame=True)
    made.all_out(105.0)
    for now, is_final in frames:
        assert made.verdict(now) is Verdict.WAIT
        made.frame(is_final, now)
    falls(made, Verdict.QUIET, end)


@pytest.mark.parametrize("is_final", [True, False])
def test_frames_before_the_end_of_the_audio(is_final: bool) -> None:
    """A frame that came before all was out is progress, but its final ends nothing."""
    made = drain("Telnyx")
    made.frame(is_final, 104.0)
    assert made.deadline == 134.0
    made.all_out(105.0)
    falls(made, Verdict.QUIET, 115.0)


def test_the_gap_begins_with_the_first_frame_behind_the_audio() -> None:
    """A gap lies between two frames behind the audio, so a slow first answer makes none."""
    made = drain("Telnyx")
    made.frame(True, 101.0)
    made.all_out(105.0)
    made.frame(True, 114.0)
    falls(made, Verdict.QUIET, 119.0)


def test_a_quiet_period_of_ones_own() -> None:
    """A quiet period that was given takes the place of the engine's, shorter or longer."""
    for period in (0.5, 20.0):
        made = drain("Telnyx", quiet_period=period)
        made.all_out(105.0)
        made.frame(True, 110.0)
        falls(made, Verdict.QUIET, 110.0 + period)


def test_silent_audio() -> None:
    """Where there was nothing to hear, an engine that says nothing is done after 10 s."""
    made = drain("Telnyx", only_silence=True)
    made.all_out(105.0)
    falls(made, Verdict.QUIET, 115.0)


def test_a_drain_timeout_of_ones_own() -> None:
    """The timeout that was given counts, from the last progress."""
    made = drain("Deepgram", drain_timeout=2.0)
    made.all_out(105.0)
    made.frame(False, 106.5)
    falls(made, Verdict.TIMEOUT, 108.5)


EVENTS = st.lists(
    st.tuples(st.sampled_from(["wrote", "out", "final", "interim"]), st.floats(0.0, 20.0)),
    max_size=15,
)


@settings(deadline=None)
@given(
    engine=st.sampled_from([*ENGINES, "Brandnew"]),
    only_silence=st.booleans(),
    any_frame=st.booleans(),
    events=EVENTS,
)
def test_a_verdict_always_falls(
    engine: str, only_silence: bool, any_frame: bool, events: List[Tuple[str, float]]
) -> None:
    """Whatever came, with nothing more to come the verdict falls at the deadline, and in time."""
    made = drain(engine, only_silence=only_silence, any_frame=any_frame)
    now = 100.0
    for name, pause in events:
        now += pause
        if name == "wrote":
            made.wrote(now)
        elif name == "out":
            made.all_out(now)
        else:
            made.frame(name == "final", now)
    verdict = made.verdict(made.deadline)
    assert verdict is not Verdict.WAIT
    assert made.deadline <= now + max(30.0, 2 * sum(pause for _, pause in events))
    if verdict is Verdict.QUIET:
        assert engine not in CLOSING
        assert made.all_is_out
