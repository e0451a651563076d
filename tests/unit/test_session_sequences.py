"""A session told what happens in whole sequences, as the I/O thread tells it. Times are made up."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._actions import (
    Action,
    Finished,
    SendAudio,
    SendClose,
    SendPing,
    TranscriptHeard,
)
from telnyx_stt_sync._audio_format import raw_format
from telnyx_stt_sync._errors import ConnectionLostError, TranscriptionTimeout
from telnyx_stt_sync._options import Options
from telnyx_stt_sync._phase import Phase
from telnyx_stt_sync._session import Session

LOUD, SILENT = b"\x00\x40", b"\x00\x00"


def heard(words: str, is_final: bool = True) -> bytes:
    """The payload of a transcript frame."""
    return json.dumps({"transcript": words, "is_final": is_final}).encode()


A, INTERIM = heard("a"), heard("a", False)


def connecting(engine: str, **options: Any) -> Session:
    """A session that began at 0, and does not connect again unless it is told to."""
    options.setdefault("reconnect", False)
    made = Options(
        transcription_engine=engine, input_format="linear16", sample_rate=16000, **options
    )
    return Session(made, raw_format("linear16", 16000), 0.0)


def streaming(engine: str, audio: bytes = LOUD, **options: Any) -> Session:
    """It was opened at 1, and audio went out at 2."""
    session = connecting(engine, **options)
    session.opened(1.0)
    session.audio_sent(audio, 2.0)
    session.audio_written(2.0)
    return session


def ending(engine: str, audio: bytes = LOUD, **options: Any) -> Session:
    """The last audio was handed over at 3."""
    session = streaming(engine, audio, **options)
    session.input_ended(3.0)
    return session


# What happens: (when, what, details).
Event = Tuple[float, str, Any]


def tell(session: Session, what: str, details: Any, now: float) -> List[Action]:
    """Tell a session of one thing that happened."""
    if what == "close":
        return session.close_received(details, "", now)
    if what == "broken":
        return session.connection_broken("the connection broke", now)
    if what == "text":
        return session.text_received(details, now)
    done: Dict[str, Callable[[], None]] = {
        "binary": lambda: session.binary_received(details, now),
        "ping": lambda: session.ping_received(now),
        "written": lambda: session.audio_written(now),
        "out": lambda: session.all_out(now),
    }
    done[what]()
    return []


def play(session: Session, events: List[Event], answers: bool = True) -> List[Tuple[float, Action]]:
    """Tell what happens and tick at every deadline until it is over.

    ``answers`` says whether the peer answers pings. Returns what the session
    wanted done, and when.
    """
    left, done = list(events), []
    while True:
        deadline = session.deadline
        assert deadline is not None
        if left and left[0][0] <= deadline:
            now, what, details = left.pop(0)
            actions = tell(session, what, details, now)
        else:
            now = deadline
            actions = session.tick(now)
        for action in actions:
            done.append((now, action))
            if isinstance(action, Finished):
                assert action is actions[-1]
                assert session.phase is Phase.CLOSED
                return done
            if isinstance(action, SendPing) and answers:
                session.pong_received(action.payload, now)


def end_of(session: Session, events: List[Event], answers: bool = True) -> Tuple[float, Finished]:
    """When and how it ends; where silence is the end, when the library began to close."""
    done = play(session, events, answers)
    when, finished = done[-1]
    assert isinstance(finished, Finished)
    if finished.ended_by == "quiet":
        ((when, _),) = [one for one in done if isinstance(one[1], SendClose)]
        assert done[-1][0] == when + 1.0
    return when, finished


OUT: Event = (10.0, "out", None)

# Engine, further options, what comes → the end by silence. All was out at 10. Telnyx has a quiet
# period of 5 s, the others of 3 s.
QUIET: List[Tuple[str, Dict[str, Any], List[Event], float]] = [
    ("Telnyx", {}, [OUT, (14.0, "text", A)], 19.0),
    ("Google", {}, [OUT, (14.0, "text", A)], 17.0),
    ("Brandnew", {}, [OUT, (14.0, "text", A)], 17.0),
    # The second final comes seconds after the first, and may be followed by a third.
    ("Telnyx", {}, [OUT, (14.0, "text", A), (18.5, "text", A)], 27.5),
    ("Telnyx", {}, [OUT, (14.0, "text", A), (18.5, "text", A), (27.0, "text", A)], 44.0),
    ("Telnyx", {}, [OUT, (14.0, "text", A), (15.0, "text", A)], 20.0),
    # Finals ahead of the end of the audio do not end the wait, nor do interims.
    ("Telnyx", {}, [(2.5, "text", A), OUT], 20.0),
    ("Telnyx", {}, [(9.9, "text", A), OUT], 20.0),
    ("Telnyx", {}, [(9.9, "text", A), OUT, (14.0, "text", A)], 19.0),
    ("Telnyx", {}, [OUT, (12.0, "text", INTERIM)], 22.0),
    (
        "Reson8",
        {},
        [OUT, (12.0, "text", INTERIM), (13.0, "text", INTERIM), (13.5, "text", A)],
        16.5,
    ),
    ("Google", {}, [OUT, (12.0, "text", b'{"type":"turn"}')], 22.0),
    ("Google", {}, [OUT, (12.0, "binary", b"?")], 22.0),
    ("Google", {}, [OUT, (12.0, "text", b"not JSON")], 22.0),
    # Pongs are no frames.
    ("Google", {}, [OUT, (14.0, "text", A), (15.0, "ping", None)], 17.0),
    # A quiet period of the user's own; a longer gap between frames still counts twice.
    ("Google", {"quiet_period": 0.5}, [OUT, (14.0, "text", A)], 14.5),
    ("Google", {"quiet_period": 8.0}, [OUT, (14.0, "text", A)], 22.0),
    ("Google", {"quiet_period": 1.0}, [OUT, (12.0, "text", INTERIM), (14.0, "text", A)], 18.0),
    # A frame with a final somewhere in an array is a final.
    ("Google", {}, [OUT, (14.0, "text", b"[" + INTERIM + b"," + A + b"]")], 17.0),
]


@pytest.mark.parametrize(("engine", "options", "events", "end"), QUIET, ids=range(len(QUIET)))
def test_silence_is_the_end(
    engine: str, options: Dict[str, Any], events: List[Event], end: float
) -> None:
    """With engines that never close, silence is the end: long enough, and after a final.

    Long enough is the quiet period or twice the longest gap between frames since the end of the
    audio, and 10 s where no final followed it.
    """
    session = ending(engine, **options)
    assert end_of(session, events) == (end, Finished("quiet"))
    result = session.transcription(Finished("quiet"))
    assert (result.complete, result.ended_by) == (True, "quiet")


# Engine, audio, what comes → the end by timeout; drain_timeout is 12 s, and pings are answered.
TIMEOUTS: List[Tuple[str, List[Event], float]] = [
    ("Deepgram", [OUT], 22.0),
    ("Deepgram", [OUT, (14.0, "text", A)], 26.0),
    ("Deepgram", [OUT, (14.0, "text", b"?"), (20.0, "binary", b"?")], 32.0),
    ("Deepgram", [OUT, (14.0, "ping", None), (20.0, "ping", None)], 22.0),
    ("Deepgram", [(14.0, "text", A), (20.0, "text", A), (30.0, "ping", None)], 32.0),
    ("Telnyx", [OUT], 22.0),
    ("Telnyx", [OUT, (14.0, "ping", None)], 22.0),
    # Audio that does not get out.
    ("Telnyx", [], 15.0),
    ("Telnyx", [(4.0, "text", A)], 16.0),
    ("Telnyx", [(4.0, "text", A), (7.0, "written", None), (9.0, "ping", None)], 19.0),
]


@pytest.mark.parametrize(("engine", "events", "end"), TIMEOUTS, ids=range(len(TIMEOUTS)))
def test_drain_timeout(engine: str, events: List[Event], end: float) -> None:
    """Frames in and audio out are progress, pings are none; without progress time runs out."""
    session = ending(engine, drain_timeout=12.0)
    when, finished = end_of(session, events)
    assert (when, finished.ended_by) == (end, "timeout")
    assert type(finished.error) is TranscriptionTimeout
    result = session.transcription(finished)
    assert (result.complete, result.text) == (False, " ".join("a" for e in events if e[2] is A))


@pytest.mark.parametrize("drain_timeout", [12.0, 300.0])
def test_silent_audio(drain_timeout: float) -> None:
    """Silent audio and no answer is an empty result after 10 s, however patient the user is."""
    session = ending("Telnyx", SILENT, drain_timeout=drain_timeout)
    assert end_of(session, [OUT]) == (20.0, Finished("quiet"))
    assert session.transcription(Finished("quiet")).text == ""


@pytest.mark.parametrize("sign", ["text", "binary", "ping", "written"])
def test_signs_of_life(sign: str) -> None:
    """Any frame in, a pong included, and any audio out keep the connection for 25 s more."""
    when, finished = end_of(streaming("Soniox"), [(26.9, sign, A)], answers=False)
    assert (when, finished.ended_by) == (51.9, "error")
    assert type(finished.error) is ConnectionLostError


def test_pings() -> None:
    """A silent connection is pinged every interval, and lives as long as it is answered."""
    done = play(streaming("Soniox"), [(100.0, "broken", None)])
    pings = [now for now, action in done if isinstance(action, SendPing)]
    assert pings == [16.0, 31.0, 46.0, 61.0, 76.0, 91.0]
    assert done[-1][0] == 100.0


# -- everything that the I/O thread can do ------------------------------------------------

PeerFrame = Tuple[str, Any]


class Loop:
    """The I/O thread's loop, step for step, around a session; what it meets is made up.

    The session must not raise; it must end once, say so last, and always know
    when it wants to be asked again.
    """

    def __init__(self, engine: str) -> None:
        self.session = connecting(engine)
        self.now = 1.0
        self.session.opened(self.now)
        self.finished: Optional[Finished] = None
        self.waiting: List[bool] = []  # frames that are not out yet: whether they are audio
        self.finals: List[str] = []  # told

    def turn(
        self,
        pause: float = 0.0,
        stop: bool = False,
        frames: Union[List[PeerFrame], None] = None,
        audio: Union[bytes, None] = None,
        ends: bool = False,
        takes: str = "all",
    ) -> None:
        """One turn. ``frames`` is ``None`` for a connection that broke."""
        self.now += pause
        if stop:
            self.do(self.session.stop(Finished("closed"), self.now))
            return
        for what, details in [("broken", None)] if frames is None else frames:
            if self.finished is None:
                self.do(tell(self.session, what, details, self.now))
        if self.session.phase is Phase.STREAMING and not self.waiting:
            if audio:
                self.session.audio_sent(audio, self.now)
                self.waiting.append(True)
            elif ends:
                self.do(self.session.input_ended(self.now))
        taken = {"nothing": 0, "a bit": 1, "all": len(self.waiting)}[takes]
        if any(self.waiting[:taken]):
            self.session.audio_written(self.now)
        if takes == "all":
            self.waiting.clear()
        if self.session.phase is Phase.DRAINING and not self.waiting:
            self.session.all_out(self.now)
        if self.finished is None:
            self.do(self.session.tick(self.now))
            deadline = self.session.deadline
            assert self.finished or (deadline is not None and deadline > self.now)

    def do(self, actions: List[Action]) -> None:
        """Carry out what the session wants."""
        for action in actions:
            assert self.finished is None, "something to do after the end"
            if isinstance(action, Finished):
                self.finished = action
            elif isinstance(action, TranscriptHeard):
                self.finals += [action.transcript.text] * action.transcript.is_final
            else:
                self.waiting.append(isinstance(action, SendAudio))
        assert (self.session.phase is Phase.CLOSED) is (self.finished is not None)


FRAMES = st.sampled_from(
    [
        *(("text", A), ("text", heard("b")), ("text", INTERIM), ("text", heard("", True))) * 3,
        *(("text", b"?"), ("text", b"[]"), ("binary", b"?"), ("ping", None)) * 3,
        *(("text", b'{"error":"x"}'), ("text", b'{"errors":[{}]}')),
        ("text", b"[" + A + b',{"error":"x"},' + A + b"]"),
        *(("close", code) for code in (1000, 1005, 1006, 1011)),
    ]
)
TURNS = st.fixed_dictionaries(
    {
        "pause": st.sampled_from([0.0, 0.1, 1.0, 4.0, 16.0]),
        "stop": st.sampled_from([False] * 15 + [True]),
        "frames": st.one_of(*[st.lists(FRAMES, max_size=3)] * 15, st.none()),
        "audio": st.sampled_from([b"", b"", LOUD, SILENT]),
        "ends": st.booleans(),
        "takes": st.sampled_from(["nothing", "a bit", "all"]),
    }
)
ENGINES = st.sampled_from(["Deepgram", "Soniox", "Telnyx", "Google", "Brandnew"])


@settings(deadline=None, max_examples=400)
@given(engine=ENGINES, turns=st.lists(TURNS, max_size=12))
def test_whatever_the_io_thread_meets(engine: str, turns: List[Dict[str, Any]]) -> None:
    """No sequence that the I/O thread can meet raises, loses a final, or goes on for ever."""
    loop = Loop(engine)
    for turn in turns:
        if loop.finished is None:
            loop.turn(**turn)
    longest = 2 * (loop.now - 1.0) + 60.0
    last = loop.now
    while loop.finished is None:
        # From here on nobody says anything any more.
        deadline = loop.session.deadline
        assert deadline is not None
        is_streaming = loop.session.phase is Phase.STREAMING
        loop.turn(0.0 if is_streaming else deadline - loop.now, frames=[], ends=True)
        assert loop.now <= last + longest
    result = loop.session.transcription(loop.finished)
    assert [part.text for part in result.segments if part.is_final] == loop.finals
    assert [part.is_final for part in result.segments].count(False) <= 1
    assert result.complete is (loop.finished.ended_by in ("server_close", "quiet"))
    assert (loop.finished.error is not None) is (loop.finished.ended_by in ("error", "timeout"))
