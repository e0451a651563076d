"""One stream from opening to end, call by call: no socket, no thread, no clock.

How whole sequences of calls end, and when, stands in ``test_session_sequences.py``.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Tuple, Type

import pytest

from telnyx_stt_sync._actions import (
    Finished,
    SendAudio,
    SendClose,
    SendPing,
    SendText,
    TranscriptHeard,
    UtteranceEnded,
    Warn,
)
from telnyx_stt_sync._audio_format import RAW_FORMATS, raw_format
from telnyx_stt_sync._errors import (
    ConnectionLostError,
    RequestRejectedError,
    ServerError,
    TelnyxSTTError,
    TranscriptionTimeout,
)
from telnyx_stt_sync._options import Options
from telnyx_stt_sync._phase import Phase
from telnyx_stt_sync._session import Session
from tests.unit.containers import WAVS

CLOSING = ("Deepgram", "Speechmatics", "Soniox")
NEVER_CLOSING = ("Telnyx", "Google", "Parakeet", "Reson8", "xAI", "Brandnew")
LOUD = b"\x00\x40" * 8000  # half a second of linear16
SILENT = bytes(16000)
FINISHED = Finished("closed")

# By raw format: samples that are near zero, and one that is not.
SAMPLES = {
    "linear16": (b"\x10\x00\xf0\xff", b"\x11\x00"),
    "linear32": (b"\0\0\0\0\0\0\0\x80", b"\0\0\0\x3f"),
    "mulaw": (b"\xff\x7f", b"\x80"),
    "alaw": (b"\xd5\x55", b"\xaa"),
}


def text(frame: object) -> bytes:
    """The payload of a text frame."""
    return json.dumps(frame).encode()


def heard(words: str, is_final: bool = True, **facts: Any) -> bytes:
    """The payload of a transcript frame."""
    return text({"transcript": words, "is_final": is_final, **facts})


A = heard("a")


def connecting(engine: str = "Deepgram", input_format: str = "linear16", **options: Any) -> Session:
    """A session that began at 0, and does not connect again unless it is told to."""
    rate = 16000 if input_format in RAW_FORMATS else None
    options.setdefault("reconnect", False)
    made = Options(
        transcription_engine=engine, input_format=input_format, sample_rate=rate, **options
    )
    return Session(made, raw_format(input_format, rate), 0.0)


def streaming(engine: str = "Deepgram", audio: bytes = LOUD, **options: Any) -> Session:
    """It was opened at 1, and audio went out at 2."""
    session = connecting(engine, **options)
    session.opened(1.0)
    if audio:
        session.audio_sent(audio, 2.0)
        session.audio_written(2.0)
    return session


def ending(engine: str = "Deepgram", audio: bytes = LOUD, **options: Any) -> Session:
    """The last audio was handed over at 3."""
    session = streaming(engine, audio, **options)
    session.input_ended(3.0)
    return session


def draining(engine: str = "Deepgram", audio: bytes = LOUD, **options: Any) -> Session:
    """All there was to say was out at 10."""
    session = ending(engine, audio, **options)
    session.all_out(10.0)
    return session


def closing() -> Session:
    """The library has ended it, at 10."""
    session = streaming(audio=b"")
    session.input_ended(10.0)
    return session


def closed() -> Session:
    """It is over, since 10."""
    session = streaming()
    session.stop(FINISHED, 10.0)
    return session


PHASES: Dict[Phase, Callable[[], Session]] = {
    Phase.CONNECTING: connecting,
    Phase.STREAMING: streaming,
    Phase.DRAINING: draining,
    Phase.CLOSING: closing,
    Phase.CLOSED: closed,
}


def only(actions: List[Any]) -> Finished:
    """The end, which is all there is to do."""
    (finished,) = actions
    assert isinstance(finished, Finished)
    return finished


def lost(finished: Finished) -> ConnectionLostError:
    """The error of a stream that was lost."""
    assert finished.ended_by == "error"
    assert type(finished.error) is ConnectionLostError
    return finished.error


# -- the end of the audio -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("engine", "input_format", "silence", "close_stream"),
    [
        ("Deepgram", "linear16", b"", True),
        ("Speechmatics", "mulaw", b"", True),
        ("Soniox", "linear16", bytes(64000), True),
        ("Soniox", "alaw", b"\xd5" * 32000, True),
        ("Soniox", "mp3", b"", True),
        ("Telnyx", "linear16", bytes(32000), False),
        ("Telnyx", "linear32", bytes(64000), False),
        ("Telnyx", "mp3", b"", False),
        ("Reson8", "mulaw", b"\xff" * 16000, False),
        ("Google", "linear16", bytes(32000), False),
        ("Brandnew", "linear16", bytes(32000), True),
        ("Brandnew", "wav", b"", True),
    ],
)
def test_what_follows_the_audio(
    engine: str, input_format: str, silence: bytes, close_stream: bool
) -> None:
    """Behind the audio goes the silence that the engine needs, then CloseStream."""
    actions = streaming(engine, input_format=input_format).input_ended(3.0)
    assert [action.audio for action in actions if isinstance(action, SendAudio)] == (
        [silence] if silence else []
    )
    texts = [action.text for action in actions if isinstance(action, SendText)]
    assert [json.loads(told) for told in texts] == [{"type": "CloseStream"}] * close_stream
    assert len(actions) == bool(silence) + close_stream
    assert not close_stream or isinstance(actions[-1], SendText)


@pytest.mark.parametrize(("engine", "size"), [("Telnyx", 16_000), ("Soniox", 32_000)])
def test_what_follows_wav(engine: str, size: int) -> None:
    """Behind WAV goes that silence at its own rate and width, after a reconnect as well."""
    session = connecting(engine, input_format="wav", reconnect=True)
    for now in (1.0, 4.0):
        session.opened(now)
        session.audio_sent(WAVS["wav"], now)
        if now == 1.0:
            session.connection_broken("why", 2.0)
    actions = session.input_ended(5.0)
    assert [action.audio for action in actions if isinstance(action, SendAudio)] == [bytes(size)]


@pytest.mark.parametrize("engine", [*CLOSING, *NEVER_CLOSING])
def test_no_audio(engine: str) -> None:
    """A stream that got no audio ends at once, empty and complete, whatever the peer does."""
    answers: List[Callable[[Session], List[Any]]] = [
        lambda session: session.close_received(1000, "", 3.2),
        lambda session: session.close_received(1011, "", 3.2),
        lambda session: session.connection_broken("why", 3.2),
        lambda session: session.tick(4.0),
    ]
    for answer in answers:
        session = streaming(engine, b"")
        (action,) = session.input_ended(3.0)
        assert isinstance(action, SendClose)
        assert session.deadline == 4.0
        assert session.tick(3.9) == []
        assert only(answer(session)) == Finished("quiet")
        result = session.transcription(Finished("quiet"))
        assert (result.text, result.complete, result.segments) == ("", True, ())


# -- the peer closes ----------------------------------------------------------------------


@pytest.mark.parametrize("engine", [*CLOSING, *NEVER_CLOSING])
@pytest.mark.parametrize("code", [1000, 1001, 1005])
def test_the_server_says_that_it_was_all(engine: str, code: int) -> None:
    """Several finals may follow the audio; then 1000, 1001 or no code at all is the end."""
    session = draining(engine)
    for word in "abc":
        assert len(session.text_received(heard(word), 10.2)) == 1
    assert only(session.close_received(code, "", 10.6)) == Finished("server_close")
    result = session.transcription(Finished("server_close"))
    assert (result.text, result.complete, result.ended_by) == ("a b c", True, "server_close")
    assert all(segment.is_final for segment in result.segments)


@pytest.mark.parametrize("engine", ["Deepgram", "Telnyx"])
@pytest.mark.parametrize("code", [1002, 1006, 1008, 1011, 1012, 4000])
def test_any_other_code_is_a_loss(engine: str, code: int) -> None:
    """A close with another code is a loss, even when all was out and finals had come."""
    session = draining(engine)
    session.text_received(A, 10.2)
    finished = only(session.close_received(code, "no more", 10.4))
    error = lost(finished)
    assert (error.code, error.reason) == (code, "no more")
    assert str(code) in str(error)
    assert "no more" in str(error)
    assert "before the transcripts were complete" in str(error)
    result = session.transcription(finished)
    assert (result.text, result.complete, result.ended_by) == ("a", False, "error")


@pytest.mark.parametrize("stage", [streaming, ending, draining])
def test_a_broken_connection_is_a_loss(stage: Callable[[], Session]) -> None:
    """A TCP end without a close frame is a loss at any time, code 1006, with its cause told."""
    session = stage()
    session.text_received(A, 10.2)
    error = lost(only(session.connection_broken("the cable was cut", 10.4)))
    assert (error.code, error.reason) == (1006, "")
    assert "the cable was cut" in str(error)


@pytest.mark.parametrize("stage", [streaming, ending])
@pytest.mark.parametrize("code", [1000, 1001, 1005, 1011])
def test_a_close_before_the_end_is_a_loss(stage: Callable[[], Session], code: int) -> None:
    """A close is a loss until all audio and CloseStream are out, whatever its code."""
    session = stage()
    session.text_received(A, 4.0)
    error = lost(only(session.close_received(code, "", 4.5)))
    assert error.code == code
    assert "before the end of the audio" in str(error)


@pytest.mark.parametrize("engine", [*CLOSING, *NEVER_CLOSING])
def test_a_dead_socket(engine: str) -> None:
    """1000 without one frame although there was something to hear is a failure, not an end."""
    session = draining(engine)
    session.ping_received(16.0)
    error = lost(only(session.close_received(1000, "", 16.0)))
    assert error.code == 1000
    assert "without a single answer" in str(error)


@pytest.mark.parametrize("code", [1000, 1001, 1005])
def test_silent_audio_may_get_no_answer(code: int) -> None:
    """Where there was nothing to hear, an end without one frame is an end."""
    session = draining("Deepgram", SILENT)
    assert only(session.close_received(code, "", 11.0)) == Finished("server_close")
    assert session.transcription(Finished("server_close")).complete


@pytest.mark.parametrize("engine", ["Deepgram", "Telnyx"])
def test_an_interim_that_nothing_followed(engine: str) -> None:
    """An interim that no final followed at the end is kept, marked as not final."""
    session = draining(engine)
    session.text_received(A, 10.1)
    session.text_received(heard("b c", False), 10.2)
    result = session.transcription(only(session.close_received(1005, "", 10.3)))
    assert [(part.text, part.is_final) for part in result.segments] == [("a", True), ("b c", False)]
    assert (result.text, result.complete) == ("a b c", True)


def test_an_interim_that_became_a_final() -> None:
    """An interim that a final followed does not appear twice."""
    session = draining()
    session.text_received(heard("a b", False), 10.1)
    session.text_received(heard("a b c"), 10.2)
    assert session.transcription(Finished("server_close")).text == "a b c"


# -- time ---------------------------------------------------------------------------------


def test_the_library_closes_itself() -> None:
    """When silence was the end we close, and wait for the answer for one second at most."""
    answers: List[Callable[[Session], List[Any]]] = [
        lambda session: session.close_received(1006, "", 17.5),
        lambda session: session.connection_broken("why", 17.5),
        lambda session: session.tick(18.0),
    ]
    for answer in answers:
        session = draining("Google")
        session.text_received(A, 14.0)
        assert session.deadline == 17.0
        assert [type(action) for action in session.tick(17.0)] == [SendClose]
        assert session.phase is Phase.CLOSING
        assert session.tick(17.9) == []
        # Words that are on their way are kept.
        assert [type(action) for action in session.text_received(heard("b"), 17.4)] == [
            TranscriptHeard
        ]
        assert only(answer(session)) == Finished("quiet")
        assert session.transcription(Finished("quiet")).text == "a b"


@pytest.mark.parametrize("input_format", sorted(RAW_FORMATS))
def test_silent_recordings(input_format: str) -> None:
    """Raw audio that is all near zero gets an empty result, after 10 s or at the server's close."""
    audio = SAMPLES[input_format][0] * 1000
    session = draining("Reson8", audio, input_format=input_format)
    assert [type(action) for action in session.tick(20.0)] == [SendPing, Warn, SendClose]
    assert only(session.tick(21.0)) == Finished("quiet")
    session = draining("Deepgram", audio, input_format=input_format)
    assert only(session.close_received(1000, "", 11.0)) == Finished("server_close")


@pytest.mark.parametrize("input_format", [*sorted(RAW_FORMATS), "flac"])
@pytest.mark.parametrize("engine", ["Deepgram", "xAI"])
def test_not_one_frame(engine: str, input_format: str) -> None:
    """Audio with sound in it, or of unknown content, and no answer at all is a timeout."""
    session = streaming(engine, b"", input_format=input_format)
    silence, sound = SAMPLES.get(input_format, (b"\0\0", b"\0"))
    for audio in (silence * 50, silence * 50 + sound, silence * 50):
        session.audio_sent(audio, 2.0)
    session.input_ended(3.0)
    session.all_out(10.0)
    session.ping_received(30.0)
    assert [type(action) for action in session.tick(39.9)] == [Warn]
    goodbye, finished = session.tick(40.0)
    assert isinstance(goodbye, SendClose)
    assert isinstance(finished, Finished)
    assert finished.ended_by == "timeout"
    assert type(finished.error) is TranscriptionTimeout
    assert "30 s" in str(finished.error)
    assert "drain_timeout" in str(finished.error)


def test_audio_that_goes_out_is_progress() -> None:
    """After the end of the audio, what is still to go out and does moves the timeout on."""
    session = ending(drain_timeout=5.0)
    assert session.deadline == 8.0
    session.audio_written(7.0)
    assert session.deadline == 12.0


@pytest.mark.parametrize("stage", [streaming, draining])
def test_a_dead_peer(stage: Callable[[str], Session]) -> None:
    """A connection on which nothing moves is pinged once, then lost, after 15 s and 10 s."""
    session = stage("Soniox")
    assert session.deadline == 16.0
    assert [type(action) for action in session.tick(16.0)] == [SendPing]
    assert [type(action) for action in session.tick(17.0)] == [Warn]
    assert session.deadline == 27.0
    assert session.tick(26.9) == []
    error = lost(only(session.tick(27.0)))
    assert error.code == 1006
    assert "pings" in str(error)


# -- frames -------------------------------------------------------------------------------


def test_transcripts_are_told() -> None:
    """Interims, finals and ends of utterances are told in the order in which they came."""
    session = streaming()
    told = [
        *session.text_received(heard("a", False), 3.0),
        *session.text_received(heard(" a b", confidence=0.9, speech_final=True), 4.0),
        *session.text_received(heard("", utterance_end=True), 5.0),
    ]
    assert [type(action) for action in told] == [TranscriptHeard, TranscriptHeard, UtteranceEnded]
    final = told[1]
    assert isinstance(final, TranscriptHeard)
    assert (final.transcript.text, final.transcript.end) == ("a b", 0.5)


FAILURES: List[Tuple[object, Type[TelnyxSTTError]]] = [
    ({"errors": [{"code": "40007"}]}, RequestRejectedError),
    ({"error": "out of order"}, ServerError),
    ([{"transcript": "b", "is_final": True}, {"error": "x"}, {"errors": [{}]}], ServerError),
]


@pytest.mark.parametrize("stage", [streaming, ending, draining])
@pytest.mark.parametrize(("frame", "kind"), FAILURES, ids=["rejected", "failed", "array"])
def test_error_frames(
    stage: Callable[[], Session], frame: object, kind: Type[TelnyxSTTError]
) -> None:
    """An error frame ends the stream at any time, with what had been heard until then."""
    session = stage()
    session.text_received(A, 10.1)
    finished = session.text_received(text(frame), 10.2)[-1]
    assert isinstance(finished, Finished)
    assert (finished.ended_by, type(finished.error)) == ("error", kind)
    result = session.transcription(finished)
    assert result.text == ("a b" if isinstance(frame, list) else "a")
    assert (result.complete, result.ended_by) == (False, "error")


def test_unknown_frames() -> None:
    """Frames of unknown shape are kept as they came, the first hundred of them, and no others."""
    session = streaming()
    assert session.text_received(b"\xff", 3.0) == []
    assert session.text_received(text([{"type": "turn"}, {"transcript": "a"}, 5]), 3.0) != []
    session.binary_received(b"\x00", 3.0)
    for number in range(200):
        assert session.text_received(text({"n": number}), 3.0) == []
    kept = session.transcription(FINISHED).unknown_frames
    assert kept[:4] == (b"\xff", {"type": "turn"}, 5, b"\x00")
    assert kept[4:] == tuple({"n": number} for number in range(96))
    assert session.stats().frames == 203


def test_a_binary_frame_is_no_final() -> None:
    """A binary frame shows that the engine is at work, not that it is done."""
    session = draining("Telnyx")
    session.binary_received(b"?", 11.0)
    assert session.deadline == 21.0


@pytest.mark.parametrize(
    ("input_format", "is_guess"), [("linear16", False), ("g729", False), ("mp3", True)]
)
def test_a_guessed_rate(input_format: str, is_guess: bool) -> None:
    """Whether seconds follow from a guessed bit rate stands in the counters."""
    session = connecting(input_format=input_format)
    assert session.stats().rate_guessed is is_guess
    assert session.transcription(FINISHED).stats.rate_guessed is is_guess


def test_stats() -> None:
    """The counters count the user's audio, data frames, and text; durations begin as they say."""
    session = connecting("Telnyx")
    assert session.stats().connect_seconds is None
    session.opened(1.5)
    session.audio_sent(LOUD, 2.0)
    for payload, now in ((heard("", False), 2.0), (heard("a", False), 2.5), (A, 3.0)):
        session.text_received(payload, now)
    session.ping_received(3.5)
    session.input_ended(4.0)
    session.all_out(5.0)
    session.text_received(heard("b"), 6.0)
    finished = only(session.close_received(1000, "", 7.0))
    stats = session.stats()
    assert (stats.sent_bytes, stats.sent_seconds) == (16000, 0.5)
    assert (stats.frames, stats.interims, stats.finals) == (4, 1, 2)
    assert (stats.connect_seconds, stats.first_transcript_seconds) == (1.5, 1.0)
    assert (stats.upload_seconds, stats.drain_seconds) == (2.5, 3.0)
    assert session.transcription(finished).stats == stats
    assert session.transcription(finished).audio_seconds == 0.5


# -- stopping, and calls that make no sense ------------------------------------------------


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.CLOSED])
def test_stop(phase: Phase) -> None:
    """Stopping ends a stream at once with a close frame; one that has ended stays as it ended."""
    session = PHASES[phase]()
    finished = Finished("quiet") if phase is Phase.CLOSING else FINISHED
    goodbye = [] if phase is Phase.CONNECTING else [SendClose()]
    assert session.stop(FINISHED, 11.0) == [*goodbye, finished]
    assert session.phase is Phase.CLOSED
    assert session.transcription(finished).complete is (phase is Phase.CLOSING)


def test_a_final_is_asked_for() -> None:
    """The wish for a final goes out as a frame at once, and once."""
    session = streaming()
    assert session.finalize() == [SendText('{"type":"Finalize"}')]
    assert (session.finals_due(), session.next_replay(100), session.has_replay) == ([], b"", False)


def test_what_waits_when_no_more_comes() -> None:
    """After the last audio was given the drain timeout counts, though some is still to be sent."""
    session = streaming("Soniox", drain_timeout=5.0)
    session.no_more_audio(3.0)
    session.audio_written(4.0)
    session.ping_received(8.0)
    assert session.deadline == 9.0
    assert [type(action) for action in session.tick(9.0)] == [SendClose, Finished]


def test_after_the_end() -> None:
    """Once it is over nothing is due: stopping does nothing, ticks do nothing, for ever."""
    session = closed()
    assert session.stop(Finished("timeout"), 11.0) == []
    assert session.tick(16.0) == []
    assert session.deadline is None


def test_before_it_is_open() -> None:
    """While it connects nothing is due: connecting has its own deadline."""
    session = connecting()
    session.audio_written(1.0)
    session.ping_received(1.0)
    assert session.deadline is None
    assert session.tick(1000.0) == []


ILLEGAL: List[Tuple[str, List[Phase], Callable[[Session], object]]] = [
    ("opened", [p for p in Phase if p is not Phase.CONNECTING], lambda s: s.opened(11.0)),
    ("input_ended", [p for p in Phase if p is not Phase.STREAMING], lambda s: s.input_ended(11.0)),
    ("close_received", [Phase.CLOSED], lambda s: s.close_received(1000, "", 11.0)),
    ("connection_broken", [Phase.CLOSED], lambda s: s.connection_broken("why", 11.0)),
]


@pytest.mark.parametrize(("name", "phases", "call"), ILLEGAL, ids=lambda value: str(value)[:16])
def test_illegal_calls(name: str, phases: List[Phase], call: Callable[[Session], object]) -> None:
    """A call that the phase forbids is a bug, said with both phases, and changes nothing."""
    for phase in phases:
        session = PHASES[phase]()
        before = (repr(session), session.stats(), session.deadline)
        with pytest.raises(RuntimeError, match=f"^bug: {phase.name} -> [A-Z]+$"):
            call(session)
        assert session.phase is phase
        assert (repr(session), session.stats(), session.deadline) == before


def test_repr() -> None:
    """``repr`` shows the phase."""
    shown = [repr(make()).split()[1] for make in PHASES.values()]
    assert shown == ["CONNECTING", "STREAMING", "DRAINING", "CLOSING", "CLOSED"]


def test_audio_that_makes_something_due_sooner() -> None:
    """The first audio does, and that at which a ping is wanted; whoever sleeps has to know."""
    session = streaming(audio=b"")
    piece = bytes(16_000)
    told = []
    for number in range(6):
        before = session.deadline
        told.append(session.audio_sent(piece, 1.1 + number / 10))
        assert before is not None and session.deadline is not None
        assert told[-1] or session.deadline >= before
    assert told == [True, False, False, False, True, False]
    assert session.deadline == 1.5
