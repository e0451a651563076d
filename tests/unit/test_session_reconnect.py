"""One stream over several connections, call by call: no socket, no thread, no clock.

The audio has a word in every second, and a final with it half a second later, unless said
otherwise; connecting again always works at the first attempt, after a quarter of a second.
"""

from __future__ import annotations

import json
import math
from typing import Any, Callable, List, Optional, Sequence, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync import _connection as connection
from telnyx_stt_sync._actions import (
    Action,
    Failed,
    Finished,
    Reconnecting,
    SendClose,
    SendPing,
    SendText,
    TranscriptHeard,
    UtteranceEnded,
    Warn,
)
from telnyx_stt_sync._audio_format import RAW_FORMATS, raw_format
from telnyx_stt_sync._engines import ENGINES
from telnyx_stt_sync._errors import (
    AudioDroppedError,
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    RequestRejectedError,
    ServerError,
    TranscriptionTimeout,
)
from telnyx_stt_sync._events import Stats, Transcript, Transcription
from telnyx_stt_sync._options import Options
from telnyx_stt_sync._phase import Phase
from telnyx_stt_sync._retry import RetryPolicy
from telnyx_stt_sync._session import Session

RATE = 32_000  # bytes a second
SECOND = b"\x00\x40" * 16_000  # of linear16, loud
SPEECH = [f"w{number}" for number in range(100)]


def frame(text: str, is_final: bool = True, **facts: Any) -> bytes:
    """The payload of a transcript frame."""
    return json.dumps({"transcript": text, "is_final": is_final, **facts}).encode()


def _time(deadline: Optional[float]) -> float:
    return math.inf if deadline is None else deadline


class Stream:
    """A session, its clock, and what it has told to do."""

    def __init__(
        self,
        engine: str = "Deepgram",
        input_format: str = "linear16",
        *,
        rewinds: bool = False,
        **options: Any,
    ) -> None:
        rate = 16_000 if input_format in RAW_FORMATS else None
        options.setdefault("ping_interval", 1000.0)
        made = Options(
            transcription_engine=engine, input_format=input_format, sample_rate=rate, **options
        )
        audio_format = raw_format(input_format, rate)
        self.now = 100.0
        self.session = Session(made, audio_format, 100.0, rewinds=rewinds, chance=lambda: 0.0)
        self.actions: List[Action] = []

    def open(self) -> None:
        """A connection is open, a second later."""
        self.now += 1
        self.session.opened(self.now)

    def do(self, actions: Sequence[Action]) -> List[Action]:
        """Remember what is to be done."""
        self.actions += actions
        return list(actions)

    def send(self, audio: bytes = SECOND) -> None:
        """Audio goes out, in a second; whoever sleeps is told if something is due sooner for it."""
        self.now += 1
        before = self.session.deadline
        is_sooner = self.session.audio_sent(audio, self.now)
        assert is_sooner or _time(self.session.deadline) >= _time(before)
        self.session.audio_written(self.now)

    def replay(self, limit: int = RATE) -> bytes:
        """Send all that is to be sent again, a piece in a second."""
        pieces: List[bytes] = []
        while True:
            piece = self.session.next_replay(limit)
            if not piece:
                return b"".join(pieces)
            assert len(piece) <= limit
            self.send(piece)
            pieces.append(piece)

    def hear(self, text: str, is_final: bool = True, **facts: Any) -> List[Action]:
        """A transcript comes."""
        return self.do(self.session.text_received(frame(text, is_final, **facts), self.now))

    def speak(self, words: Sequence[str]) -> None:
        """Audio with these words goes out, and the finals come."""
        for word in words:
            self.send()
            self.now += 0.5
            self.hear(word)
            self.now -= 0.5

    def replay_and_hear(self) -> None:
        """Send again what is to be sent again; the words in it come again."""
        while True:
            place = self.session.position
            piece = self.session.next_replay(RATE)
            if not piece:
                return
            self.send(piece)
            self.hear(SPEECH[place // RATE])

    def close(self, code: int = 1011, reason: str = "") -> List[Action]:
        """The peer closes."""
        return self.do(self.session.close_received(code, reason, self.now))

    def lose(self) -> Reconnecting:
        """The connection breaks; another one is wanted."""
        return again(self.do(self.session.connection_broken("the cable was cut", self.now)))

    def end(self) -> List[Action]:
        """The last audio was handed over, and all went out a second later."""
        actions = self.do(self.session.input_ended(self.now))
        self.now += 1
        self.session.all_out(self.now)
        return actions

    def tick(self, seconds: float = 0.0) -> List[Action]:
        """Time goes by."""
        self.now += seconds
        return self.do(self.session.tick(self.now))

    @property
    def told(self) -> List[Transcript]:
        """The finals that were told."""
        heard = [part.transcript for part in self.actions if isinstance(part, TranscriptHeard)]
        return [transcript for transcript in heard if transcript.is_final]

    @property
    def stats(self) -> Stats:
        """The counters."""
        return self.session.stats()

    def result(self, finished: Finished) -> Transcription:
        """All that was heard."""
        return self.session.transcription(finished)


def streaming(engine: str = "Deepgram", seconds: int = 2, **options: Any) -> Stream:
    """It is open, and audio went out."""
    stream = Stream(engine, **options)
    stream.open()
    for _ in range(seconds):
        stream.send()
    return stream


def draining(engine: str = "Deepgram", **options: Any) -> Stream:
    """The audio has ended."""
    stream = streaming(engine, **options)
    stream.end()
    return stream


def again(actions: Sequence[Action]) -> Reconnecting:
    """Another connection is wanted, and nothing else."""
    (action,) = actions
    assert isinstance(action, Reconnecting)
    return action


def over(actions: Sequence[Action]) -> Finished:
    """It is over, and that is all."""
    (action,) = actions
    assert isinstance(action, Finished)
    return action


def texts(transcripts: Sequence[Transcript]) -> List[str]:
    """What they say."""
    return [transcript.text for transcript in transcripts]


# -- a loss -----------------------------------------------------------------------------------


@pytest.mark.parametrize("stage", [streaming, draining])
@pytest.mark.parametrize(
    "loss",
    [
        lambda stream: stream.session.connection_broken("why", stream.now),
        lambda stream: stream.close(1006),
        lambda stream: stream.close(1011, "no more"),
        lambda stream: stream.close(4000),
    ],
)
def test_a_loss(stage: Callable[[], Stream], loss: Callable[[Stream], List[Action]]) -> None:
    """A connection that breaks, or is closed as none should be, is followed by another one."""
    stream = stage()
    stream.hear("a")
    action = again(loss(stream))
    assert isinstance(action.error, ConnectionLostError)
    assert (action.attempt, action.delay, action.start) == (1, 0.25, 0)
    assert stream.session.phase is Phase.CONNECTING
    assert stream.session.deadline is None
    assert stream.tick(1000.0) == []
    assert repr(stream.session).startswith("<Session CONNECTING")


@pytest.mark.parametrize("code", [1000, 1001, 1005])
@pytest.mark.parametrize("ended", [False, True])
def test_a_close_before_the_end(code: int, ended: bool) -> None:
    """Before all audio and CloseStream are out even a normal close is a loss."""
    stream = streaming()
    stream.hear("a")
    if ended:
        stream.session.input_ended(stream.now)
    action = again(stream.close(code))
    assert "before the end of the audio" in str(action.error)


@pytest.mark.parametrize("code", [1000, 1001, 1005])
def test_a_close_before_the_end_was_read(code: int) -> None:
    """Audio can wait in buffers on the way: whoever answers pings has to have answered the last."""
    stream = streaming()
    stream.session.audio_sent(SECOND * 3, stream.now)
    (first,) = [action for action in stream.tick(0.0) if isinstance(action, SendPing)]
    stream.session.pong_received(first.payload, stream.now)
    stream.hear("a")
    *_, last, close_stream = stream.session.input_ended(stream.now)
    assert isinstance(last, SendPing) and isinstance(close_stream, SendText)
    stream.session.all_out(stream.now)
    action = again(stream.close(code))
    assert "before the end of the audio" in str(action.error)


@pytest.mark.parametrize("answers", [True, False])
def test_a_close_after_the_end_was_read(answers: bool) -> None:
    """The pong to the last ping is the proof; who never answered one is believed without."""
    stream = streaming()
    stream.session.audio_sent(SECOND * 3, stream.now)
    stream.hear("a")
    actions = [*stream.tick(0.0), *stream.session.input_ended(stream.now)]
    stream.session.all_out(stream.now)
    for ping in (action for action in actions if isinstance(action, SendPing)):
        if answers:
            stream.session.pong_received(ping.payload, stream.now)
    stream.session.all_out(stream.now)
    assert over(stream.close(1000)).ended_by == "server_close"


def unread(stream: Stream, words: str) -> None:
    """All audio goes out and the words come, but the last ping is not answered."""
    for action in stream.tick(0.0):
        if isinstance(action, SendPing):
            stream.session.pong_received(action.payload, stream.now)
    stream.hear(words)
    stream.end()


def test_a_peer_that_does_not_answer_the_last_ping() -> None:
    """It is believed when the same happens again and nothing new was heard."""
    words = SPEECH[:40]
    stream = streaming(seconds=40)
    unread(stream, " ".join(words[:20]))
    again(stream.close(1000))
    stream.open()
    stream.replay()
    unread(stream, " ".join(words))  # more than before: so it may have been cut before
    assert again(stream.close(1000)[-1:]).attempt == 1
    stream.open()
    stream.replay()
    unread(stream, " ".join(words))
    *_, finished = stream.close(1000)
    assert finished == Finished("server_close")
    assert stream.result(finished).text == " ".join(words)


def test_an_idle_peer_that_does_not_answer_the_last_ping() -> None:
    """An engine that never closes is taken to have read all in time to be waited for."""
    stream = streaming("Telnyx", seconds=3, drain_timeout=12.0)
    unread(stream, "a")
    assert stream.tick(5.9) == []
    assert stream.tick(0.1) == []
    assert stream.tick(9.9) == []
    assert stream.tick(0.1) == [SendClose()]


def test_silence_counts_from_when_the_end_was_read() -> None:
    """An engine that never closes is not done while it has yet to read the last audio."""
    stream = streaming("Telnyx")
    stream.session.audio_sent(SECOND * 3, stream.now)
    stream.hear("a")
    first, last = [
        action.payload
        for action in [*stream.tick(0.0), *stream.session.input_ended(stream.now)]
        if isinstance(action, SendPing)
    ]
    stream.session.pong_received(first, stream.now)
    stream.session.all_out(stream.now)
    assert stream.tick(9.0) == []
    stream.session.pong_received(last, stream.now)
    stream.session.all_out(stream.now)
    assert stream.tick(9.9) == []
    assert stream.tick(0.1) == [SendClose()]


def test_a_dead_peer() -> None:
    """A peer that does not answer pings is a loss like any other."""
    stream = streaming("Telnyx", ping_interval=5.0, ping_timeout=4.0)
    assert stream.tick(5.0) == [SendPing()]
    assert "pings" in str(again(stream.tick(4.0)).error)


def test_without_reconnecting() -> None:
    """With ``reconnect=False`` a loss is the end, and no audio is kept."""
    stream = streaming(reconnect=False)
    assert stream.session.next_replay(RATE) == b""
    finished = over(stream.close(1011))
    assert type(finished.error) is ConnectionLostError
    assert stream.session.phase is Phase.CLOSED


def test_what_comes_behind_a_loss() -> None:
    """Signs of life, and audio that had been written, mean nothing without a connection."""
    stream = streaming()
    stream.lose()
    stream.session.ping_received(stream.now)
    stream.session.audio_written(stream.now)
    stream.session.all_out(stream.now)
    stream.session.no_more_audio(stream.now)
    stream.session.binary_received(b"?", stream.now)
    assert stream.stats.frames == 1
    assert stream.session.phase is Phase.CONNECTING
    assert stream.session.deadline is None


# -- the next connection ----------------------------------------------------------------------


def test_the_next_connection() -> None:
    """It streams, with what was not answered first and in pieces, and then what is new."""
    stream = Stream()
    stream.open()
    audio = bytes(range(1, 251)) * 300
    stream.send(audio)
    assert stream.session.next_replay(RATE) == b""
    stream.lose()
    stream.open()
    assert stream.session.phase is Phase.STREAMING
    assert stream.session.position == 0
    assert stream.replay(16_000) == audio
    assert stream.session.position == len(audio)
    stream.send()
    assert stream.session.next_replay(RATE) == b""


def test_a_source_that_goes_back() -> None:
    """A source that goes back by itself is told from where, and nothing is kept of it."""
    stream = Stream(rewinds=True)
    stream.open()
    stream.speak(SPEECH[:60])
    start = stream.lose().start
    assert 0 < start < 60 * RATE
    assert start % 2 == 0
    stream.open()
    assert stream.session.position == start
    assert stream.session.next_replay(RATE) == b""


def test_finals_are_asked_for_again() -> None:
    """Where a final was asked for, it is asked for again when that audio was sent again."""
    stream = streaming(seconds=2)
    stream.session.finalize()
    stream.send()
    stream.lose()
    stream.open()
    assert stream.session.finals_due() == []
    assert stream.replay() == SECOND * 2
    assert stream.session.has_replay
    assert stream.session.finals_due() == [SendText('{"type":"Finalize"}')]
    assert stream.session.finals_due() == []
    assert stream.replay() == SECOND
    assert (stream.session.has_replay, stream.session.finals_due()) == (False, [])


def test_a_final_asked_for_at_the_very_end() -> None:
    """One that stands behind all that was sent is asked for again behind it."""
    stream = streaming(seconds=2)
    stream.session.finalize()
    stream.lose()
    stream.open()
    assert stream.replay() == SECOND * 2
    assert stream.session.has_replay
    assert stream.session.finals_due() == [SendText('{"type":"Finalize"}')]
    assert (stream.replay(), stream.session.has_replay) == (b"", False)


def test_finals_of_audio_that_is_gone() -> None:
    """Where the audio is no longer kept, nothing is asked for."""
    stream = streaming(seconds=2, replay_seconds=1.0)
    stream.session.finalize()
    stream.hear("one")
    stream.now += 60
    stream.send()
    stream.hear("two")
    assert stream.session.finalize() == [SendText('{"type":"Finalize"}')]
    assert "1/1" in repr(stream.session._final_requests)


def test_words_that_come_again() -> None:
    """Words that come again are not told again, and those that were on their way are."""
    stream = Stream()
    stream.open()
    stream.speak(SPEECH[:60])
    stream.send()
    stream.send()
    assert stream.lose().start == 34 * RATE
    stream.open()
    stream.replay_and_hear()
    stream.speak(SPEECH[62:70])
    assert texts(stream.told) == SPEECH[:70]
    assert not any(transcript.replayed for transcript in stream.told)


def test_words_that_are_held_back_at_the_end() -> None:
    """What the known words are held back for is settled when the service has said all."""
    endings: List[Tuple[str, Callable[[Stream], List[Action]]]] = [
        ("Deepgram", lambda stream: stream.close(1000)),
        ("Telnyx", lambda stream: stream.tick(5.0)),
    ]
    for engine, ending in endings:
        stream = Stream(engine)
        stream.open()
        stream.speak(["no"] * 3)
        stream.lose()
        stream.open()
        stream.replay()
        stream.end()
        assert stream.hear("no no") == []
        *told, last = [action for action in ending(stream) if not isinstance(action, SendPing)]
        assert [type(action) for action in told] == [TranscriptHeard] * len(told)
        assert isinstance(last, (Finished, SendClose))


def test_the_last_interim() -> None:
    """An interim behind known words is told when the service has said all."""
    stream = Stream()
    stream.open()
    stream.speak(SPEECH[:20])
    stream.lose()
    stream.open()
    stream.replay()
    stream.end()
    for word in SPEECH[:18]:
        assert stream.hear(word) == []
    assert stream.hear("w18 w", False) == []
    *_, told, finished = stream.close(1000)
    assert isinstance(told, TranscriptHeard)
    assert (told.transcript.text, told.transcript.is_final) == ("w18 w", False)
    assert isinstance(finished, Finished)


def test_the_end_of_an_utterance_that_came_again() -> None:
    """An end of utterance is told once, though the words before it come twice."""
    stream = streaming()
    stream.hear("a b c", speech_final=True)
    stream.lose()
    stream.open()
    stream.replay()
    assert stream.hear("a b c", speech_final=True) == []
    (told, ended) = stream.hear("d", speech_final=True)
    assert isinstance(told, TranscriptHeard)
    assert isinstance(ended, UtteranceEnded)


def test_the_end_of_an_utterance_that_had_not_come() -> None:
    """An end of utterance that only comes with the second copy of its words is told."""
    stream = streaming()
    stream.hear("a b c")
    stream.lose()
    stream.open()
    stream.replay()
    (ended,) = stream.hear("a b c", speech_final=True)
    assert isinstance(ended, UtteranceEnded)


def test_times_of_the_service() -> None:
    """Times count from the start of the stream, wherever the connection began."""
    stream = Stream()
    stream.open()
    for place, word in enumerate(SPEECH[:60]):
        stream.send()
        stream.hear(word, start_time=place + 0.25, duration=0.5)
    start = stream.lose().start
    stream.open()
    stream.replay()
    for place in range(start // RATE, 61):
        if place == 60:
            stream.send()
        entry = {"word": SPEECH[place], "start": place - start / RATE + 0.25}
        stream.hear(
            SPEECH[place], start_time=place - start / RATE + 0.25, duration=0.5, words=[entry]
        )
    assert texts(stream.told) == SPEECH[:61]
    last = stream.told[-1]
    assert (last.start, last.end, last.timing) == (60.25, 60.75, "server")
    assert last.words[0].start == 60.25


def test_estimated_times() -> None:
    """Estimated times never go back, although the audio does."""
    stream = Stream()
    stream.open()
    stream.speak(SPEECH[:30])
    stream.lose()
    stream.open()
    stream.replay_and_hear()
    stream.speak(SPEECH[30:40])
    times = [(transcript.start, transcript.end) for transcript in stream.told]
    assert times == [(float(place), float(place + 1)) for place in range(40)]


# -- the end, again ---------------------------------------------------------------------------


def test_a_drain_begins_again() -> None:
    """A loss while the last finals are owed means audio again, and then the whole end again."""
    stream = draining(drain_timeout=20.0)
    stream.hear("a")
    stream.lose()
    stream.open()
    assert stream.session.phase is Phase.STREAMING
    assert stream.tick(2.0) == []
    stream.replay()
    assert stream.end() == [SendText('{"type":"CloseStream"}')]
    stream.hear("a")
    assert stream.hear("b") != []
    assert stream.session.deadline == stream.now + 20.0
    assert over(stream.close(1000)) == Finished("server_close")
    assert texts(stream.told) == ["a", "b"]


def test_a_drain_that_times_out_on_the_second_connection() -> None:
    """Time that passed on an earlier connection does not count."""
    stream = draining(drain_timeout=20.0)
    assert stream.tick(19.0) != [Finished("timeout")]
    stream.lose()
    stream.open()
    stream.replay()
    stream.end()
    stream.tick(19.0)
    goodbye, finished = stream.tick(1.0)
    assert isinstance(goodbye, SendClose)
    assert isinstance(finished, Finished)
    assert type(finished.error) is TranscriptionTimeout


def test_a_session_that_never_answered() -> None:
    """ "1000, and not one frame although audio was sent" is tried once more, then believed."""
    stream = draining()
    action = again(stream.close(1000))
    assert "without a single answer" in str(action.error)
    stream.open()
    assert stream.replay() == SECOND * 2
    stream.end()
    finished = over(stream.close(1000))
    assert finished == Finished("server_close")
    assert stream.result(finished).complete


def test_a_session_that_never_answers_after_one_that_did() -> None:
    """What was heard in between makes it the first one of its kind again."""
    stream = draining()
    again(stream.close(1000))
    stream.open()
    stream.replay()
    stream.hear("a")
    stream.lose()
    stream.open()
    stream.replay()
    stream.end()
    assert "without a single answer" in str(again(stream.close(1000)).error)


@pytest.mark.parametrize("code", [1006, 1008, 1011, 4000])
def test_an_idle_engine_that_is_closed(code: int) -> None:
    """An engine that never says that it is done is closed in silence: once a loss, then its end."""
    stream = draining("Telnyx", seconds=40)
    for again_and_again in (False, True):
        if again_and_again:
            stream.open()
            stream.replay()
            stream.end()
        stream.hear(" ".join(SPEECH[:40]))
        stream.now += 1.0
        if not again_and_again:
            assert "complete" in str(again(stream.close(code)).error)
    *_, finished = stream.close(code)
    assert finished == Finished("quiet")
    assert stream.result(finished).complete
    assert stream.result(finished).text == " ".join(SPEECH[:40])


@pytest.mark.parametrize(("engine", "silence"), [("Telnyx", 0.9), ("Deepgram", 1.0)])
def test_closes_that_are_always_losses(engine: str, silence: float) -> None:
    """Right behind a final, or from an engine that says when it is done, it never is the end."""
    stream = draining(engine, seconds=40)
    for _ in range(3):
        stream.hear(" ".join(SPEECH[:40]))
        stream.now += silence
        assert again(stream.close(1011)[-1:]).attempt >= 1
        stream.open()
        stream.replay()
        stream.end()


def test_a_connection_that_carries_no_audio() -> None:
    """Where all was heard before the loss, nothing is sent again, and no answer is owed."""
    stream = streaming(replay_seconds=0)
    stream.hear("a")
    stream.now += 10.0
    stream.hear("")
    assert stream.lose().start == 2 * RATE
    stream.open()
    assert stream.replay() == b""
    assert stream.end() == [SendText('{"type":"CloseStream"}')]
    assert over(stream.close(1000)) == Finished("server_close")


def test_a_silent_connection_that_carries_no_audio() -> None:
    """Nor by an engine that never closes: 10 s of silence are the end then, not a timeout."""
    stream = streaming("Telnyx", replay_seconds=0)
    stream.hear("a")
    stream.now += 10.0
    stream.hear("")
    assert stream.lose().start == 2 * RATE
    stream.open()
    stream.end()
    assert stream.tick(9.0) == []
    assert stream.tick(1.0) == [SendClose()]
    assert over(stream.close(1000)) == Finished("quiet")


@pytest.mark.parametrize(
    ("payload", "kind"),
    [({"errors": [{"code": "40007"}]}, RequestRejectedError), ({"error": "oops"}, ServerError)],
)
@pytest.mark.parametrize("stage", [streaming, draining])
def test_errors_of_the_service(payload: object, kind: type, stage: Callable[[], Stream]) -> None:
    """What the service refuses it would refuse again."""
    stream = stage()
    finished = over(stream.session.text_received(json.dumps(payload).encode(), stream.now))
    assert type(finished.error) is kind


def test_stop_while_connecting() -> None:
    """Without a connection there is nobody to say goodbye to."""
    stream = streaming()
    stream.hear("a")
    stream.lose()
    finished = Finished("closed")
    assert stream.session.stop(finished, stream.now) == [finished]
    assert stream.session.phase is Phase.CLOSED
    assert stream.result(finished).text == "a"
    assert stream.session.stop(finished, stream.now) == []


# -- connecting fails -------------------------------------------------------------------------


def test_a_first_connect_that_fails() -> None:
    """What may pass is tried again, also before the first connection; what the server asks for."""
    stream = Stream()
    error = ConnectError("busy", status=429, is_temporary=True, retry_after=3.0)
    action = again(stream.session.connect_failed(error, stream.now))
    assert (action.error, action.attempt, action.delay) == (error, 1, 3.0)
    assert stream.session.phase is Phase.CONNECTING
    assert not stream.session.was_open
    stream.open()
    assert stream.session.was_open


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key(status: int) -> None:
    """A key that is refused is refused again, at first and later on."""
    for was_open in (False, True):
        stream = Stream()
        if was_open:
            stream.open()
            stream.send()
            stream.lose()
        error = AuthenticationError("no such key", status=status)
        finished = over(stream.session.connect_failed(error, stream.now))
        assert finished == Finished("error", error)
        assert stream.session.phase is Phase.CLOSED


def test_giving_up() -> None:
    """When no attempt is left, the error is the loss with why it could not be mended."""
    stream = streaming(reconnect=RetryPolicy(max_attempts=2))
    stream.lose()
    error = ConnectError("refused", is_temporary=True)
    again(stream.session.connect_failed(error, stream.now))
    finished = over(stream.session.connect_failed(error, stream.now))
    assert type(finished.error) is ConnectionLostError
    assert finished.error.__cause__ is error
    result = stream.result(finished)
    assert (result.complete, result.ended_by, result.gaps) == (False, "error", ())


def test_time_with_a_connection() -> None:
    """Only time without a connection counts against ``max_elapsed``."""
    stream = streaming(reconnect=RetryPolicy(max_elapsed=10.0))
    stream.lose()
    stream.open()
    stream.now += 100.0
    assert stream.lose().attempt == 2
    stream.now += 9.0
    error = ConnectError("refused", is_temporary=True)
    over(stream.session.connect_failed(error, stream.now))


@pytest.fixture
def never_stable(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection lives long enough to count as one that works."""
    monkeypatch.setattr(connection, "STABLE_SECONDS", 1e9)


@pytest.mark.usefixtures("never_stable")
def test_new_words_give_new_attempts() -> None:
    """Only a new final starts the policy over; one that was known does not."""
    stream = Stream(reconnect=RetryPolicy(max_attempts=2))
    stream.open()
    stream.speak(SPEECH[:10])
    assert stream.lose().attempt == 1
    stream.open()
    stream.replay_and_hear()
    assert stream.lose().attempt == 2
    stream.open()
    stream.replay_and_hear()
    stream.speak(SPEECH[10:11])
    assert stream.lose().attempt == 1


@pytest.mark.usefixtures("never_stable")
def test_doubtful_words_give_none() -> None:
    """Words that may have been told before show nothing new."""
    stream = Stream(replay_seconds=20.0)
    stream.open()
    stream.speak(["no"] * 60)
    assert stream.lose().start == 40 * RATE
    stream.open()
    stream.replay()
    for _ in range(21):
        stream.hear("no")
    assert [transcript.replayed for transcript in stream.told[60:]] == [True] * 12
    assert stream.lose().attempt == 2


@pytest.mark.parametrize(("rewinds", "attempt"), [(False, 1), (True, 2)])
def test_a_live_connection_that_worked_for_a_while(rewinds: bool, attempt: int) -> None:
    """An idle live stream may be closed ever again; a file would be sent again for ever."""
    stream = streaming(rewinds=rewinds)
    assert stream.lose().attempt == 1
    stream.open()
    stream.now += 9.0
    stream.session.ping_received(stream.now)
    assert stream.lose().attempt == 2
    stream.open()
    stream.now += 10.0
    stream.session.ping_received(stream.now)
    assert stream.lose().attempt == (attempt if attempt == 1 else 3)


def test_an_answer_that_is_overdue() -> None:
    """What is held back is told when all that was sent again must have been heard."""
    stream = Stream()
    stream.open()
    stream.speak(SPEECH[:40])
    first = stream.lose().start // RATE
    stream.open()
    stream.replay()
    for word in [*SPEECH[first:38], "x38", SPEECH[39], "yes"]:
        stream.hear(word)
    assert len(stream.told) == 40
    assert stream.session.deadline is not None
    stream.now += 9.0
    stream.session.ping_received(stream.now)
    assert [
        one for one in stream.session.tick(stream.now) if isinstance(one, TranscriptHeard)
    ] == []
    stream.now += 1.0
    told = [one for one in stream.session.tick(stream.now) if isinstance(one, TranscriptHeard)]
    assert told[-1].transcript.text == "yes"
    stream.hear("hello")
    assert stream.told[-1].text == "hello"


# -- what a connection is due -----------------------------------------------------------------


@pytest.mark.parametrize("engine", list(ENGINES))
def test_keep_alive(engine: str) -> None:
    """Deepgram is told after 4 s without audio that we are there, on every connection."""
    stream = streaming(engine)
    expected = [SendText('{"type":"KeepAlive"}')] * (engine == "Deepgram")
    for _ in range(2):
        stream.hear("a")
        assert stream.tick(3.9) == []
        assert stream.tick(0.2) == expected
        assert stream.tick(3.9) == []
        stream.lose()
        assert stream.tick(10.0) == []
        stream.open()


def test_no_keep_alive_behind_the_end() -> None:
    """Behind CloseStream nothing is sent."""
    stream = draining()
    stream.hear("a")
    assert stream.tick(10.0) == []


@pytest.mark.parametrize("engine", ["Telnyx", "Speechmatics"])
def test_a_mute_connection(engine: str) -> None:
    """After 15 s of audio without a frame there is one warning for each connection."""
    stream = streaming(engine)
    for _ in range(2):
        stream.tick(13.0)
        (warning,) = stream.tick(2.0)
        assert isinstance(warning, Warn)
        assert stream.tick(2.0) == []
        stream.lose()
        stream.open()
        stream.replay()


# -- what is lost -----------------------------------------------------------------------------


def test_dropped_audio() -> None:
    """Audio that was dropped goes to ``on_error``, is counted, and is a gap; the stream goes on."""
    stream = streaming()
    (action,) = stream.session.audio_dropped(RATE // 2)
    assert isinstance(action, Failed)
    assert type(action.error) is AudioDroppedError
    assert action.error.seconds == 0.5
    stream.send()
    assert stream.session.phase is Phase.STREAMING
    assert (stream.stats.dropped_bytes, stream.stats.dropped_seconds) == (RATE // 2, 0.5)
    assert stream.stats.sent_bytes == 3 * RATE
    assert stream.result(Finished("closed")).gaps == ((2.0, 2.5),)
    (told,) = stream.hear("a")
    assert isinstance(told, TranscriptHeard)
    assert told.transcript.end == 3.5


def test_dropped_while_connecting() -> None:
    """Audio that was dropped without a connection lay behind all that was sent."""
    stream = streaming()
    stream.lose()
    stream.session.audio_dropped(RATE)
    stream.open()
    stream.replay()
    assert stream.result(Finished("closed")).gaps == ((2.0, 3.0),)


def test_counters() -> None:
    """Reconnects, and audio that was sent again, are counted."""
    stream = streaming(seconds=3)
    stream.lose()
    stream.open()
    stream.replay()
    stream.send()
    stream.lose()
    stream.open()
    assert stream.stats.reconnects == 2
    assert (stream.stats.replayed_bytes, stream.stats.replayed_seconds) == (3 * RATE, 3.0)
    assert (stream.stats.sent_bytes, stream.stats.sent_seconds) == (4 * RATE, 4.0)


def test_the_time_of_the_upload() -> None:
    """The wait for another connection is no part of the time in which the audio went out."""
    stream = streaming(seconds=3)
    stream.lose()
    stream.now += 50.0
    stream.open()
    stream.replay()
    stream.end()
    stream.hear("a")
    stream.close(1000)
    assert stream.stats.upload_seconds == 6.0


@pytest.mark.parametrize(
    ("replay_seconds", "seconds", "end"), [(2.0, 5, 3.0), (0, 5, 5.0), (2.00004, 5, 3.0)]
)
def test_more_than_is_kept(replay_seconds: float, seconds: int, end: float) -> None:
    """A live stream that can't be made up for ends, with what may be lost as a gap.

    Kept are whole samples.
    """
    stream = streaming(seconds=seconds, replay_seconds=replay_seconds)
    finished = over(stream.session.connection_broken("why", stream.now))
    assert type(finished.error) is ConnectionLostError
    assert "replay_seconds" in str(finished.error)
    assert stream.result(finished).gaps == ((0.0, end),)


def test_a_cut_sample_at_the_end() -> None:
    """Audio that ends in the middle of a sample is sent again from a whole one on."""
    stream = streaming(seconds=5, replay_seconds=2.0)
    stream.send(b"\0")
    stream.now += 10.0
    stream.hear("a")
    assert stream.lose().start == 3 * RATE + 2
    stream.open()
    assert len(stream.replay()) == 2 * RATE - 1


def test_a_container() -> None:
    """A live stream in a container whose start is gone ends."""
    stream = streaming(seconds=5, input_format="webm", replay_seconds=2.0)
    finished = over(stream.session.connection_broken("why", stream.now))
    assert "from its start only" in str(finished.error)


def test_a_replay_that_misses() -> None:
    """If the known words do not come again, it says goodbye and begins further back."""
    stream = Stream()
    stream.open()
    stream.speak(SPEECH[:60])
    assert stream.lose().start == 34 * RATE
    stream.open()
    stream.replay()
    payload = json.dumps([{"transcript": f"x{n}", "is_final": True} for n in range(100)])
    goodbye, action = stream.do(stream.session.text_received(payload.encode(), stream.now))
    assert goodbye == SendClose()
    assert isinstance(action, Reconnecting)
    assert (action.attempt, action.start) == (2, 0)
    assert "does not join on" in str(action.error)
    stream.open()
    stream.replay_and_hear()
    stream.speak(SPEECH[60:62])
    assert texts(stream.told) == SPEECH[:62]


def test_a_replay_that_misses_at_the_end() -> None:
    """It goes further back, too, when the service thinks that it was all."""
    stream = Stream()
    stream.open()
    stream.speak(SPEECH[:60])
    stream.lose()
    stream.open()
    stream.replay()
    stream.end()
    stream.hear("x")
    goodbye, action = stream.close(1000)
    assert (goodbye, type(action)) == (SendClose(), Reconnecting)
    assert stream.session.phase is Phase.CONNECTING


def test_words_that_do_not_join_on() -> None:
    """If nothing is left to go back to, the stream ends, with a gap."""
    stream = Stream(replay_seconds=26.0)
    stream.open()
    stream.speak(SPEECH[:60])
    assert stream.lose().start == 34 * RATE
    stream.open()
    stream.replay()
    payload = json.dumps([{"transcript": f"x{n}", "is_final": True} for n in range(100)])
    goodbye, *told, finished = stream.do(stream.session.text_received(payload.encode(), stream.now))
    assert goodbye == SendClose()
    assert isinstance(finished, Finished)
    assert type(finished.error) is ConnectionLostError
    assert "does not join on" in str(finished.error)
    result = stream.result(finished)
    assert result.gaps == ((0.0, 34.0),)
    # What came is told none the less; it may be known words.
    assert len(told) == len(result.segments) - 60 > 20
    assert all(segment.replayed for segment in result.segments[60:80])


def test_words_that_may_be_known() -> None:
    """Words that can't be told apart from known ones are told, marked as such."""
    stream = streaming(seconds=20)
    for _ in range(20):
        stream.hear("no")
    stream.lose()
    stream.open()
    stream.replay()
    for _ in range(19):
        stream.hear("no")
    stream.end()
    stream.close(1000)
    assert [transcript.replayed for transcript in stream.told[20:]] == [True] * len(
        stream.told[20:]
    )


# -- everything that may happen -----------------------------------------------------------------

OFTEN = ["send", "hear"] * 4 + ["end", "broken"] * 2
SELDOM = "interim empty array binary pong drop wait out stop".split()
EVENTS = st.sampled_from(
    [*OFTEN, *SELDOM, "wait long", "close 1000", "close 1005", "close 1011"],
)


class Story:
    """What the I/O thread may make of a session, in any order that can be."""

    def __init__(self, engine: str, **options: Any) -> None:
        self.stream = Stream(engine, reconnect=RetryPolicy(max_attempts=4), **options)
        self.has_ended = False
        self.is_over = False

    def go_on(self, event: str, number: int) -> None:
        """One more event, if it can be now; a connection comes up, or not, as soon as it may."""
        stream, session = self.stream, self.stream.session
        if event == "stop":
            self.check(session.stop(Finished("closed"), stream.now))
        elif event == "drop":
            self.check(session.audio_dropped(number * 2))
        elif session.phase is Phase.CONNECTING:
            if number:
                stream.open()
            else:
                error = ConnectError("refused", is_temporary=event != "wait")
                self.check(session.connect_failed(error, stream.now))
        elif session.phase is Phase.STREAMING and event in ("send", "end"):
            self.send(event)
        else:
            self.check(self.happens(event, f"w{number}"))
        if not self.is_over:
            self.check(session.tick(stream.now))
        is_open = session.phase not in (Phase.CONNECTING, Phase.CLOSED)
        assert (session.deadline is not None) is is_open
        assert session.deadline is None or session.deadline > stream.now

    def send(self, event: str) -> None:
        """Audio: first what is to be sent again, then what is new, then its end."""
        stream, session = self.stream, self.stream.session
        self.has_ended = self.has_ended or event == "end"
        piece = session.next_replay(RATE) or (b"" if self.has_ended else SECOND)
        if piece:
            stream.send(piece)
        else:
            self.check(session.input_ended(stream.now))

    def happens(self, event: str, word: str) -> List[Action]:
        """Something that the peer or the clock does."""
        session, now = self.stream.session, self.stream.now
        if event.startswith("close"):
            return session.close_received(int(event[6:]), "", now)
        if event == "broken":
            return session.connection_broken("why", now)
        if event == "wait" or event == "wait long":
            self.stream.now += 1.0 if event == "wait" else 14.0
        elif event == "out":
            session.all_out(now)
        elif event == "binary":
            session.binary_received(b"?", now)
        elif event == "ping":
            session.ping_received(now)
        elif event == "array":
            payload = b"[" + b",".join([frame(word)] * 9) + b"]"
            return session.text_received(payload, now)
        elif event in ("hear", "interim", "empty"):
            text = "" if event == "empty" else word
            return session.text_received(frame(text, event != "interim"), now)
        return []

    def check(self, actions: List[Action]) -> None:
        """The last connection's word is the last, and so is the stream's."""
        assert not actions or not self.is_over
        last = (Finished, Reconnecting)
        assert not any(isinstance(action, last) for action in actions[:-1])
        phase = self.stream.session.phase
        if actions and isinstance(actions[-1], Reconnecting):
            assert phase is Phase.CONNECTING
        if actions and isinstance(actions[-1], Finished):
            self.is_over = True
        assert (phase is Phase.CLOSED) is self.is_over


@settings(deadline=None)
@given(
    engine=st.sampled_from(["Deepgram", "Telnyx", "Brandnew"]),
    replay_seconds=st.sampled_from([0, 3, 60]),
    events=st.lists(st.tuples(EVENTS, st.integers(0, 3)), max_size=60),
)
def test_any_story(engine: str, replay_seconds: float, events: List[Tuple[str, int]]) -> None:
    """Whatever happens in whatever order, it goes on or ends, once, and knows when to look again.

    Audio that was sent is counted once, and every final that was told is a segment.
    """
    story = Story(engine, replay_seconds=replay_seconds)
    for event, number in events:
        if story.is_over:
            break
        story.go_on(event, number)
    stats = story.stream.stats
    assert stats.sent_bytes % RATE == 0
    assert len(story.stream.result(Finished("closed")).segments) in (stats.finals, stats.finals + 1)


# -- ends while words are held back -------------------------------------------------------


def held_back() -> Stream:
    """Twenty words were told, the cut came, and some of them have been heard again, not quite."""
    stream = Stream()
    stream.open()
    stream.speak(SPEECH[:20])
    stream.lose()
    stream.open()
    stream.replay()
    stream.send()
    for word in [*SPEECH[:12], "x12", *SPEECH[13:18], "x18", "x19", "new"]:
        stream.hear(word)
    assert len(stream.told) == 20
    return stream


@pytest.mark.parametrize("end", ["closed", "failed", "given up", "refused later"])
def test_a_stream_that_ends_while_words_are_held_back(end: str) -> None:
    """However the stream ends, what was heard is in the result, marked where it is doubtful."""
    stream = held_back()
    if end == "closed":
        actions = stream.do(stream.session.stop(Finished("closed"), stream.now))
    elif end == "failed":
        payload = b'{"error": "out of order"}'
        actions = stream.do(stream.session.text_received(payload, stream.now))
    else:
        stream.lose()
        refused = ConnectError("refused", is_temporary=end == "given up")
        actions = stream.do(stream.session.connect_failed(refused, stream.now))
        while not isinstance(actions[-1], Finished):
            actions = stream.do(stream.session.connect_failed(refused, stream.now))
    finished = actions[-1]
    assert isinstance(finished, Finished)
    segments = stream.result(finished).segments
    assert [segment.text for segment in segments[-3:]] == ["x18", "x19", "new"]
    assert all(segment.replayed for segment in segments[20:])


def test_known_words_that_are_held_back_at_the_end() -> None:
    """A part of the known words, heard again when the stream ends, is not told again."""
    stream = Stream()
    stream.open()
    stream.speak(SPEECH[:40])
    first = stream.lose().start // RATE
    assert 0 < first < 30
    stream.open()
    stream.replay()
    for word in SPEECH[first:38]:
        stream.hear(word)
    assert stream.session.stop(Finished("closed"), stream.now) == [SendClose(), Finished("closed")]
    assert stream.result(Finished("closed")).text == " ".join(SPEECH[:40])
