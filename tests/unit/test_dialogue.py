"""A session of the emulated service, played by plain calls at invented times."""

from __future__ import annotations

import json
from typing import Any, List, Optional

import pytest

from telnyx_stt_sync._engines import ENGINES
from telnyx_stt_sync.emulator import Heard
from telnyx_stt_sync.emulator._audio_clock import AudioClock
from telnyx_stt_sync.emulator._dialogue import Dialogue, State, Timing
from telnyx_stt_sync.emulator._engine_behaviour import EngineBehaviour
from telnyx_stt_sync.emulator._fault import FaultPlan
from telnyx_stt_sync.emulator._faults import as_faults
from telnyx_stt_sync.emulator._outbox import Action, Close, Reset, Send, SendRaw, Vanish
from telnyx_stt_sync.emulator._silent_tail import SilentTail

SECOND = bytes(32000)
CLOSE_STREAM = '{"type": "CloseStream"}'


class FakeRecognition:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.calls: List[str] = []
        self.audio = 0

    def feed(self, audio: bytes) -> None:
        self.audio += len(audio)

    def finalize(self) -> None:
        self.calls.append("finalize")

    def end(self) -> None:
        self.calls.append("end")

    def close(self) -> None:
        self.calls.append("close")


class Script(FakeRecognition):
    """A recognition with a rest to say, as a script has."""

    def flush(self) -> None:
        self.calls.append("flush")


class Play:
    """A dialogue that began at 100.0, and its recognition."""

    def __init__(
        self,
        engine: str = "Deepgram",
        *faults: str,
        recognition: Optional[FakeRecognition] = None,
        interims: bool = True,
        tail: Optional[SilentTail] = None,
    ) -> None:
        plan = FaultPlan(as_faults(faults), 1)
        self.recognition = recognition or FakeRecognition()
        self.dialogue = Dialogue(
            EngineBehaviour(ENGINES[engine], interims),
            plan,
            AudioClock("linear16", 16000),
            self.recognition if plan.hears else None,
            now=100.0,
            timing=Timing(),
            tail=tail,
        )

    def is_in(self, state: State) -> bool:
        return self.dialogue.state is state

    def final(self, text: str, now: float, end: float = 0.0) -> None:
        self.dialogue.heard(Heard(text, True, 0.0, end, 0.98, True), now)

    def interim(self, text: str, now: float) -> None:
        self.dialogue.heard(Heard(text, False, 0.0, 0.0, 0.84), now)

    def tick(self, now: float) -> List[Any]:
        """What is done: transcripts as text, other frames as they are, and other actions."""
        return [readable(action) for action in self.dialogue.tick(now)]


def readable(action: Action) -> Any:
    if not isinstance(action, Send) or isinstance(action.payload, bytes):
        return action
    frame = json.loads(action.payload)
    return frame.get("transcript", frame)


def test_what_is_heard_is_sent_at_once() -> None:
    """Without faults, a frame goes out in the tick that follows."""
    play = Play()
    play.dialogue.audio(SECOND, 100.5)
    play.interim("one", 100.5)
    play.final("one two", 100.5)
    assert play.tick(100.5) == ["one", "one two"]
    assert play.tick(100.6) == []
    assert play.dialogue.deadline is None
    assert play.recognition.audio == 32000


def test_close_stream_flushes_and_closes() -> None:
    """After CloseStream come the remaining finals, then a close with 1000."""
    play = Play()
    play.dialogue.audio(SECOND, 100.5)
    play.dialogue.text(CLOSE_STREAM, 100.0)
    assert play.is_in(State.ENDING)
    assert play.recognition.calls == ["end"]
    play.final("one", 101.0)
    play.final("two", 101.0)
    assert play.tick(101.0) == ["one", "two"]
    play.dialogue.done(101.5)
    assert play.tick(101.5) == [Close(1000)]
    assert play.is_in(State.OVER)
    assert play.dialogue.deadline is None


def test_second_close_stream_and_late_audio_are_ignored() -> None:
    """After CloseStream, nothing of the client's changes anything."""
    play = Play()
    play.dialogue.text(CLOSE_STREAM, 100.0)
    play.dialogue.text(CLOSE_STREAM, 100.0)
    play.dialogue.text('{"type": "Finalize"}', 100.0)
    play.dialogue.audio(SECOND, 101.0)
    assert play.recognition.calls == ["end"]
    assert play.recognition.audio == 0


def test_nothing_is_done_after_the_end() -> None:
    """Once the close was handed out, there are no actions any more."""
    play = Play("Deepgram", "close_after=10:1006")
    play.dialogue.audio(bytes(10), 100.0)
    play.final("lost?", 100.0)
    assert play.tick(100.0) == ["lost?", Close(1006)]
    play.final("lost", 100.1)
    play.dialogue.done(100.1)
    assert play.tick(200.0) == []


def test_finalize_is_deepgram_s_alone() -> None:
    """Deepgram's Finalize reaches the recogniser; to others it is any text."""
    for engine, calls in (("Deepgram", ["finalize"]), ("Soniox", []), ("Telnyx", [])):
        play = Play(engine)
        play.dialogue.text('{"type":"Finalize"}', 100.0)
        assert play.recognition.calls == calls


@pytest.mark.parametrize(
    "text", ["", "{", "null", "[]", "17", '"CloseStream"', '{"type": 1}', '{"type":"KeepAlive"}']
)
def test_other_text_is_ignored(text: str) -> None:
    """KeepAlive and whatever is no command have no effect."""
    play = Play()
    play.dialogue.text(text, 100.0)
    assert play.recognition.calls == []
    assert play.tick(100.0) == []
    assert play.dialogue.state is State.LISTENING


def test_engine_that_never_closes_flushes_when_idle() -> None:
    """CloseStream is ignored; half a second without audio makes finals of what is pending."""
    play = Play("Telnyx")
    play.dialogue.audio(SECOND, 101.0)
    play.dialogue.text(CLOSE_STREAM, 100.0)
    assert play.recognition.calls == []
    assert play.dialogue.deadline == 101.5
    assert play.tick(101.4) == []
    assert play.recognition.calls == []
    play.tick(101.5)
    assert play.recognition.calls == ["finalize"]
    play.tick(110.0)
    assert play.recognition.calls == ["finalize"]


def test_idle_flush_of_a_script_says_its_rest() -> None:
    """A recognition that has a rest to say is asked for it."""
    play = Play("Telnyx", recognition=Script())
    play.dialogue.audio(SECOND, 101.0)
    play.tick(101.5)
    assert play.recognition.calls == ["flush"]


def test_audio_after_a_flush_is_flushed_again() -> None:
    """Audio that goes on after a break is followed by another flush."""
    play = Play("Azure")
    play.dialogue.audio(SECOND, 101.0)
    play.tick(101.5)
    play.dialogue.audio(SECOND, 102.0)
    assert play.dialogue.deadline == 102.5
    play.tick(102.5)
    assert play.recognition.calls == ["finalize", "finalize"]


def test_engine_that_never_closes_holds_the_connection() -> None:
    """20 s after its last word it gives the connection up."""
    play = Play("Telnyx")
    play.dialogue.audio(SECOND, 101.0)
    play.tick(101.5)
    play.final("one", 103.0)
    assert play.tick(103.0) == [" one"]
    assert play.dialogue.deadline == 123.0
    assert play.tick(122.9) == []
    assert play.tick(123.0) == [Close(1000)]


def test_engine_that_closes_waits_for_ever() -> None:
    """Without CloseStream, Deepgram is left open: no idle limit is known."""
    play = Play("Deepgram")
    play.dialogue.audio(SECOND, 101.0)
    assert play.dialogue.deadline is None
    assert play.tick(10000.0) == []
    assert play.recognition.calls == []


def test_slow_finals_keep_their_distance() -> None:
    """While audio comes, each final is late by the same time, and nothing overtakes it."""
    play = Play("Deepgram", "slow_finals=2")
    play.final("one", 101.0)
    play.interim("next", 101.5)
    play.final("two", 101.6)
    assert play.dialogue.deadline == 103.0
    assert play.tick(102.9) == []
    assert play.tick(103.0) == ["one", "next"]
    assert play.tick(103.6) == ["two"]


def test_slow_finals_after_close_stream_come_one_by_one() -> None:
    """What CloseStream flushes comes with the whole delay between each, the close after all."""
    play = Play("Deepgram", "slow_finals=2")
    play.dialogue.audio(SECOND, 100.0)
    play.final("zero", 100.0)
    play.dialogue.text(CLOSE_STREAM, 100.0)
    for text in ("one", "two"):
        play.final(text, 101.0)
    play.dialogue.done(101.0)
    said = {now: play.tick(now) for now in (101.9, 102.0, 103.9, 104.0, 105.9, 106.0)}
    assert said == {
        101.9: [],
        102.0: ["zero"],
        103.9: [],
        104.0: ["one"],
        105.9: [],
        106.0: ["two", Close(1000)],
    }


def test_slow_finals_after_an_idle_flush_come_one_by_one() -> None:
    """So do those of an engine that never closes; the next audio ends that."""
    play = Play("Telnyx", "slow_finals=1")
    play.dialogue.audio(SECOND, 100.0)
    play.tick(100.5)
    play.final("one", 100.5)
    play.final("two", 100.5)
    assert play.tick(101.5) == [" one"]
    assert play.tick(102.4) == []
    assert play.tick(102.5) == [" two"]


def test_real_time_answers_when_the_audio_is_worked_off() -> None:
    """However fast audio comes, what it holds is answered at real time, and so is the close."""
    play = Play("Deepgram", "real_time")
    for _ in range(10):
        play.dialogue.audio(SECOND, 100.0)
    play.final("two seconds in", 100.0, end=2.0)
    play.final("the end", 100.0, end=10.0)
    play.dialogue.text(CLOSE_STREAM, 100.0)
    play.dialogue.done(100.0)
    assert play.tick(101.9) == []
    assert play.tick(102.0) == ["two seconds in"]
    assert play.tick(109.9) == []
    assert play.tick(110.0) == ["the end", Close(1000)]


def test_real_time_waits_for_audio_that_is_late() -> None:
    """Audio that comes after a break is not worked off before it came."""
    play = Play("Deepgram", "real_time=2")
    play.dialogue.audio(SECOND, 100.0)
    play.dialogue.audio(SECOND, 110.0)
    play.final("one", 110.0, end=2.0)
    assert play.dialogue.deadline == 110.5


def test_real_time_moves_the_idle_flush() -> None:
    """An engine that never closes is idle when it has worked off what came."""
    play = Play("Telnyx", "real_time")
    play.dialogue.audio(SECOND * 4, 100.0)
    assert play.dialogue.deadline == 104.5


def test_trigger_by_audio_fires_at_its_byte() -> None:
    """A fault at N bytes gets exactly N to the recogniser, and what they brought goes first."""
    play = Play("Deepgram", "reset_after=100")
    assert play.dialogue.piece_limit == 100
    play.dialogue.audio(bytes(60), 100.0)
    assert play.tick(100.0) == []
    assert play.dialogue.piece_limit == 40
    play.dialogue.audio(bytes(40), 100.0)
    play.final("one", 100.0)
    assert play.tick(100.0) == ["one", Reset()]
    assert play.recognition.audio == 100


def test_peer_that_vanishes_says_no_more() -> None:
    """After half_open_after's bytes come its words, then nothing for ever."""
    play = Play("Telnyx", "half_open_after=10")
    play.dialogue.audio(bytes(10), 100.0)
    play.final("one", 100.0)
    assert play.tick(100.0) == [" one", Vanish()]
    assert play.dialogue.deadline is None
    assert play.tick(1000.0) == []


def test_cut_stands_right_behind_its_final() -> None:
    """Of finals that come together, those up to the N-th are sent; interims do not count."""
    play = Play("Deepgram", "cut_after_finals=2")
    play.dialogue.audio(SECOND, 100.0)
    play.interim("o", 100.0)
    play.final("one", 100.0)
    assert play.tick(100.0) == ["o", "one"]
    play.final("two", 101.0)
    play.interim("th", 101.0)
    play.final("three", 101.0)
    assert play.tick(101.0) == ["two", Close(1006)]
    assert play.is_in(State.OVER)


def test_cut_waits_for_its_final() -> None:
    """A final that is late is not overtaken by the cut that follows it."""
    play = Play("Deepgram", "cut_after_finals=1", "slow_finals=2")
    play.final("one", 100.0)
    assert play.tick(101.9) == []
    assert play.tick(102.0) == ["one", Close(1006)]


def test_late_close_comes_after_the_last_final() -> None:
    """Finals come in time; the close comes so much later, even if the finals are late too."""
    play = Play("Deepgram", "late_close=5", "slow_finals=1")
    play.dialogue.audio(SECOND, 100.0)
    play.dialogue.text(CLOSE_STREAM, 100.0)
    play.final("one", 100.0)
    play.dialogue.done(100.0)
    assert play.tick(101.0) == ["one"]
    assert play.dialogue.deadline == 106.0
    assert play.tick(106.0) == [Close(1000)]


def test_silent_close_is_an_end_as_usual() -> None:
    """Nothing that is heard is sent, and CloseStream is answered by the close."""
    play = Play("Deepgram", "silent_close")
    play.dialogue.audio(SECOND, 100.0)
    play.interim("o", 100.0)
    play.dialogue.text(CLOSE_STREAM, 100.0)
    play.final("one", 100.0)
    play.dialogue.done(100.0)
    assert play.tick(100.0) == [Close(1000)]


def test_silent_close_of_an_engine_that_never_closes() -> None:
    """There it is the end of the hold, 20 s after the audio."""
    play = Play("Telnyx", "silent_close")
    play.dialogue.audio(SECOND, 100.0)
    play.tick(100.5)
    play.final("one", 100.5)
    assert play.tick(100.5) == []
    assert play.tick(120.0) == [Close(1000)]


def test_repeated_trigger_keeps_its_distance() -> None:
    """Fragments come again and again; a moment that was missed is not made up for."""
    play = Play("Deepgram", "endless_fragments")
    (begin,) = play.tick(100.0)
    assert isinstance(begin, SendRaw)
    assert play.dialogue.deadline == pytest.approx(100.01)
    (burst,) = play.tick(100.5)
    assert play.tick(100.505) == []
    assert play.dialogue.deadline == pytest.approx(100.51)
    assert play.tick(100.6) == [burst]


def test_dead_session_closes_without_a_word() -> None:
    """The dead fault hears nothing and closes with 1000 after its time."""
    play = Play("Telnyx", "dead=3")
    play.dialogue.audio(SECOND, 101.0)
    play.dialogue.text(CLOSE_STREAM, 100.0)
    assert play.recognition.calls == []
    assert play.dialogue.deadline == 103.0
    assert play.tick(103.0) == [Close(1000)]


def test_silent_session_never_ends() -> None:
    """The silent fault hears nothing, answers nothing and never closes."""
    for engine in ("Deepgram", "Telnyx"):
        play = Play(engine, "silent")
        play.dialogue.audio(SECOND, 101.0)
        play.dialogue.text(CLOSE_STREAM, 100.0)
        assert play.dialogue.deadline is None
        assert play.tick(10000.0) == []
        assert play.recognition.audio == 0


def test_recogniser_that_fails_ends_the_session() -> None:
    """A recogniser's error is an {"error"} frame and a close with 1011."""
    play = Play()
    play.dialogue.audio(SECOND, 100.0)
    play.dialogue.failed("not audio", 100.0)
    play.dialogue.done(100.0)
    assert play.tick(100.0) == [{"error": "not audio"}, Close(1011)]


def test_illegal_transition_is_a_bug() -> None:
    """A finished session cannot be moved anywhere, and stays what it is."""
    play = Play("Deepgram", "close_after=1")
    play.dialogue.audio(b"x", 100.0)
    play.tick(100.0)
    with pytest.raises(RuntimeError, match="OVER -> LISTENING"):
        play.dialogue._move(State.LISTENING)
    assert play.dialogue.state is State.OVER


LOUD = b"\x00\x40" * 16000


@pytest.mark.parametrize(
    ("silence", "expected"), [(bytes(32000), False), (bytes(65000), True)], ids=["1 s", "2 s"]
)
def test_the_last_words_need_a_pause(silence: bytes, expected: bool) -> None:
    """Where a pause is needed, what the end brings is final only behind one of that length."""
    play = Play("Soniox", tail=SilentTail("linear16", 16000))
    play.dialogue.audio(LOUD, 101.0)
    play.final("before", 101.0)
    play.dialogue.audio(silence, 102.0)
    play.dialogue.text(CLOSE_STREAM, 103.0)
    play.final("last", 103.0)
    play.dialogue.done(103.0)
    frames = [json.loads(action.payload) for action in sent(play, 103.0)]
    assert [(frame["transcript"], frame["is_final"]) for frame in frames] == [
        ("before", True),
        ("last", expected),
    ]


def sent(play: Play, now: float) -> List[Any]:
    """The frames that are sent by then."""
    return [action for action in play.dialogue.tick(now) if isinstance(action, Send)]


def test_the_end_may_be_an_interim() -> None:
    """With ``ends_with_interim`` the last words alone are an interim, and 1005 follows."""
    play = Play("Deepgram", "ends_with_interim", interims=False)
    play.final("one", 101.0)
    play.dialogue.text(CLOSE_STREAM, 102.0)
    play.final("two", 102.0)
    play.final("three", 102.0)
    play.dialogue.done(102.0)
    actions = play.dialogue.tick(102.0)
    frames = [json.loads(str(action.payload)) for action in actions if isinstance(action, Send)]
    assert [(frame["transcript"], frame["is_final"]) for frame in frames] == [
        ("one", True),
        ("two", True),
        ("three", False),
    ]
    assert actions[-1] == Close(1005)


def test_nothing_to_end_with() -> None:
    """With ``ends_with_interim`` and no last words there is just the close without a code."""
    play = Play("Deepgram", "ends_with_interim")
    play.dialogue.text(CLOSE_STREAM, 102.0)
    play.dialogue.done(102.0)
    assert play.tick(102.0) == [Close(1005)]


def test_hold() -> None:
    """``hold`` says how long an engine that never closes holds an idle connection."""
    play = Play("Telnyx", "hold=2")
    assert play.tick(101.9) == []
    assert play.tick(102.0) == [Close(1000)]


def test_idle_timeout() -> None:
    """With ``idle_timeout`` a connection without audio is closed; KeepAlive counts where known."""
    for engine, end in (("Deepgram", 108.0), ("Telnyx", 105.0)):
        play = Play(engine, "idle_timeout=4")
        play.dialogue.audio(SECOND, 101.0)
        play.dialogue.text('{"type":"KeepAlive"}', 104.0)
        assert play.tick(end - 0.1) == []
        assert play.dialogue.deadline is not None and play.dialogue.deadline <= end
        assert play.tick(end) == [Close(1011)]


def test_no_idle_timeout_in_the_end() -> None:
    """Once the end was told, an idle connection is nothing to close for."""
    play = Play("Deepgram", "idle_timeout=4")
    play.dialogue.text(CLOSE_STREAM, 101.0)
    assert play.tick(110.0) == []


def part(text: str, *, is_final: bool = True, ends: bool = False) -> Heard:
    """A part of a turn."""
    return Heard(text, is_final, 0.0, 0.1, 0.9, ends)


def told(play: Play, now: float) -> List[Any]:
    """The texts that are sent by then, and whether they are final."""
    frames = [json.loads(str(action.payload)) for action in sent(play, now)]
    return [(frame["transcript"].strip(), frame["is_final"]) for frame in frames]


def test_whole_turns() -> None:
    """Reson8 sends one final for a turn, and interims that hold all of it; Telnyx no interims."""
    expected = [("one", False), ("one two", False), ("one two three", True), ("four", False)]
    for engine in ("Reson8", "Telnyx"):
        play = Play(engine)
        play.dialogue.heard(part("one"), 101.0)
        play.dialogue.heard(part("two", is_final=False), 101.0)
        play.dialogue.heard(part("two three", ends=True), 101.0)
        play.dialogue.heard(part("four", is_final=False), 101.0)
        shown = expected if engine == "Reson8" else [each for each in expected if each[1]]
        assert told(play, 101.0) == shown


def test_a_turn_that_ends_with_the_audio() -> None:
    """A turn that no pause has ended becomes final when nothing more comes, and then the hold."""
    play = Play("Telnyx", "hold=3")
    play.dialogue.audio(SECOND, 101.0)
    play.dialogue.heard(part("one"), 101.0)
    assert told(play, 101.4) == []
    assert told(play, 101.5) == []  # the recogniser is asked for the rest: it has none
    assert told(play, 101.9) == []
    assert play.dialogue.deadline == 102.0
    assert told(play, 102.0) == [("one", True)]
    assert play.tick(104.9) == []
    assert play.tick(105.0) == [Close(1000)]


def test_an_open_turn_is_owed() -> None:
    """A connection with an open turn is not given up, however short the hold."""
    play = Play("Telnyx", "hold=0.1")
    play.dialogue.audio(SECOND, 101.0)
    play.dialogue.heard(part("one"), 101.0)
    assert [play.tick(now) for now in (101.5, 101.8)] == [[], []]
    assert play.tick(102.0) == [" one"]


def test_a_turn_goes_on_with_the_audio() -> None:
    """As long as audio comes, an open turn stays open."""
    play = Play("Telnyx")
    for second in range(5):
        play.dialogue.audio(SECOND, 101.0 + second * 0.4)
        play.dialogue.heard(part(str(second)), 101.0 + second * 0.4)
        assert told(play, 101.0 + second * 0.4 + 0.3) == []
