"""Text frames of the service, damaged at random: a session takes them all, and says what it can."""

from __future__ import annotations

import json
import math
import re
from typing import List, Tuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telnyx_stt_sync._actions import Finished, SendClose, TranscriptHeard
from telnyx_stt_sync._audio_format import raw_format
from telnyx_stt_sync._messages import (
    FailureMessage,
    Message,
    TranscriptMessage,
    UnknownMessage,
    parse_text_frame,
)
from telnyx_stt_sync._options import Options
from telnyx_stt_sync._phase import Phase
from telnyx_stt_sync._session import Session
from tests.unit.fuzzing import DAMAGES, fuzzed, insert, overwrite, spoilt

# As seen live, as documented, and as the old SDK's class has them.
FRAMES = [
    b'{"transcript":"The quick brown","is_final":false,"speech_final":false,"confidence":0.84}',
    b'{"transcript":" Hello world.","is_final":true,"confidence":null}',
    b'{"transcript":"","is_final":true,"utterance_end":true}',
    b'{"transcript":"gr\\u00fc\\u00df dich","is_final":true,"start_time":1.5,"duration":0.25,'
    b'"words":[{"word":"gr\xc3\xbc\xc3\x9f","start":1.5,"end":1.6,"confidence":1},{"word":"dich"}]}',
    b'[{"transcript":"a","is_final":true},{"transcript":"b","is_final":false},{"type":"Metadata"}]',
    b'{"errors":[{"code":"40007","title":"Invalid Parameter","detail":"Unsupported engine",'
    b'"source":{"parameter":"transcription_engine"}}]}',
    b'{"errors":"text","error":"text"}',
    b'{"errors":[{"code":"40007","source":"text"},"text"]}',
    b'{"transcript":"a","is_final":true,"words":"text","start_time":0,"duration":"text"}',
    b'{"transcript":"a","words":["text",{"word":"a","start":0,"end":2.5}]}',
    b'["text",{"error":"text"}]',
    b'{"type":"error","error":{"message":"text","code":17}}',
]

# What has made readers of JSON fall over, to be put between or in place of the good bytes.
POISON = [
    b"[" * 100_000,
    b'{"transcript":' * 10_000,
    b"9" * 5_000,
    b"-1e999",
    b"NaN",
    b"Infinity",
    b'"\\ud800"',
    b"\\udfff",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\0",
    b'"is_final":true,',
    b'"transcript":"another",',
    b'"transcript":[],',
    b'"words":[null,7,{"word":7},{"word":"\\udc00"}],',
    b'"start_time":-1e308,"duration":1e308,',
    b'"confidence":"high",',
    b'"error":null,"errors":[],',
]
# What may stand in place of a value: the frame stays JSON, and means something else.
VALUES = [
    *(
        b"null",
        b"true",
        b"false",
        b"17",
        b"-1",
        b"1e308",
        b"-1e308",
        b"-1e999",
        b"NaN",
        b"Infinity",
    ),
    *(b'""', b'" "', b'"x"', b'"\\ud800"', b'"\\udc00\\ud800"', b'"' + b"x" * 5_000 + b'"'),
    *(b"[]", b"{}", b"[null]", b'[{"word":7}]', b'{"code":[]}', b"[" * 400 + b"]" * 400),
    *(b"9" * 5_000, b"0." + b"3" * 5_000),
]
_VALUE = re.compile(rb'(?<=[:\[,])("(?:[^"\\]|\\.)*"|true|false|null|[0-9.]+)(?!:)')


def replaced(frame: bytes, changes: List[Tuple[int, bytes]]) -> bytes:
    """The frame with some of its values replaced."""
    for place, value in changes:
        spans = [match.span() for match in _VALUE.finditer(frame)]
        if spans:
            start, end = spans[place % len(spans)]
            frame = frame[:start] + value + frame[end:]
    return frame


CHANGES = st.lists(st.tuples(st.integers(0, 20), st.sampled_from(VALUES)), max_size=4)
PLACED = st.tuples(
    st.sampled_from([insert, overwrite]),
    st.integers(min_value=0, max_value=200) | st.just(1),
    st.sampled_from(POISON),
)
# Most are still JSON; of the others there are many ways, but they all end the same way.
DAMAGED = st.one_of(
    st.builds(replaced, st.sampled_from(FRAMES), CHANGES),
    st.builds(replaced, st.sampled_from(FRAMES), CHANGES),
    st.builds(
        lambda frame, poison, damages: spoilt(spoilt(frame, poison), damages),
        st.sampled_from(FRAMES),
        st.lists(PLACED, max_size=1),
        st.just([]) | DAMAGES,
    ),
)


def check(message: Message) -> None:
    """All that a user may print, save or compute with is fit for it."""
    if isinstance(message, FailureMessage):
        error = message.error
        for text in (str(error), *(value for value in vars(error).values() if value)):
            assert str(text).encode()
    elif isinstance(message, TranscriptMessage):
        numbers = [message.confidence, message.start, message.end]
        for word in message.words:
            assert word.text.encode()
            numbers.extend((word.start, word.end, word.confidence))
        assert all(number is None or math.isfinite(number) for number in numbers)
        assert message.text.encode() == message.text.strip().encode()
    else:
        assert isinstance(message, UnknownMessage)


@pytest.mark.parametrize(
    "frame",
    [
        *('{"transcript":"%s","is_final":true}', '{"transcript":"x","words":[{"word":"%s"}]}'),
        *('{"error":"%s"}', '{"error":{"message":"%s"}}', '{"errors":"%s"}'),
        *('{"errors":["%s"]}', '{"errors":[{"detail":"%s","code":"%s","title":"%s"}]}'),
        '{"errors":[{"source":{"parameter":"%s"}}]}',
    ],
)
def test_half_characters(frame: str) -> None:
    """Of a character that JSON spells by half there is a question mark in what people read."""
    (message,) = parse_text_frame(frame.replace("%s", "good \\ud800").encode())
    assert not isinstance(message, UnknownMessage)
    check(message)
    assert "good ?" in str(message[0]) or "good ?" in repr(message)


def session_of(engine: str) -> Session:
    """A session in which a second of audio was sent."""
    options = Options(transcription_engine=engine, input_format="linear16", sample_rate=16000)
    session = Session(options, raw_format("linear16", 16000), 0.0)
    session.opened(1.0)
    session.audio_sent(b"\0\x40" * 16000, 2.0)
    session.audio_written(2.0)
    return session


@fuzzed
@given(DAMAGED)
def test_any_damaged_frame(payload: bytes) -> None:
    """A damaged frame is a message, whatever is left of it: nothing is raised, nothing is lost."""
    messages = parse_text_frame(payload)
    assert messages
    for message in messages:
        check(message)


@fuzzed
@example("Telnyx", [b"[" * 100_000, FRAMES[1]], True)
@given(
    st.sampled_from(["Deepgram", "Telnyx", "Reson8"]),
    st.lists(DAMAGED, max_size=3),
    st.booleans(),
)
def test_any_damaged_conversation(engine: str, payloads: List[bytes], ended: bool) -> None:
    """A session goes on after damaged frames, and ends as it would without them."""
    session = session_of(engine)
    now = 3.0
    if ended:
        session.input_ended(now)
        session.all_out(now)
    for payload in payloads:
        if session.phase in (Phase.STREAMING, Phase.DRAINING):
            for action in session.text_received(payload, now):
                assert isinstance(action, (TranscriptHeard, Finished, SendClose)) or action
                if isinstance(action, TranscriptHeard):
                    assert json.dumps(action.transcript.to_dict(), allow_nan=False)
        now += 0.5
    if session.phase is not Phase.CLOSED:
        session.stop(Finished("closed"), now)
    told = session.transcription(Finished("closed"))
    assert told.to_json().encode() and repr(told).encode()
    assert session.stats().frames <= len(payloads)


@pytest.mark.parametrize("digits", [400, 5_000, 1_000_000])
def test_numbers_of_any_length(digits: int) -> None:
    """A number of a million digits spoils nothing beside it, and takes no time."""
    (message,) = parse_text_frame(b'{"transcript":"x","is_final":true,"n":%s}' % (b"9" * digits))
    assert isinstance(message, TranscriptMessage)
    assert (message.text, message.is_final) == ("x", True)


def test_the_last_of_two_keys() -> None:
    """Of a key that stands twice the last one counts, as everywhere in Python."""
    (message,) = parse_text_frame(b'{"transcript":"x","transcript":"y","is_final":true}')
    assert isinstance(message, TranscriptMessage)
    assert message.text == "y"
