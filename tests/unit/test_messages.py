"""Text frames of the service, classified by their keys; no frame, however odd, does harm."""

from __future__ import annotations

import functools
import json
import math
from typing import Any, Dict, List, Optional, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._errors import RequestRejectedError, ServerError
from telnyx_stt_sync._events import Word
from telnyx_stt_sync._messages import (
    FailureMessage,
    Message,
    TranscriptMessage,
    UnknownMessage,
    parse_text_frame,
)


def parse(frame: Any) -> Message:
    """The one message of a frame that is given as a JSON value."""
    (message,) = parse_text_frame(json.dumps(frame).encode())
    return message


def transcript(frame: Dict[str, Any]) -> TranscriptMessage:
    """The transcript of a frame that holds one."""
    message = parse(frame)
    assert type(message) is TranscriptMessage
    assert message.raw == frame
    return message


def failure(frame: Dict[str, Any]) -> Any:
    """The error of a frame that reports one."""
    message = parse(frame)
    assert type(message) is FailureMessage
    return message.error


def test_an_interim_as_seen_live() -> None:
    """An interim has text, may have a confidence, and is not final."""
    frame = {
        "transcript": "The quick brown",
        "is_final": False,
        "speech_final": False,
        "confidence": 0.84,
    }
    assert transcript(frame) == TranscriptMessage(
        text="The quick brown",
        is_final=False,
        confidence=0.84,
        speech_final=False,
        utterance_end=False,
        words=(),
        start=None,
        end=None,
        raw=frame,
    )


# Frames seen live → text, is_final, confidence, speech_final, utterance_end.
LIVE: List[Tuple[Dict[str, Any], Tuple[Any, ...]]] = [
    (
        {
            "transcript": "Hello from Telnyx.",
            "is_final": True,
            "speech_final": True,
            "confidence": 0.98,
        },
        ("Hello from Telnyx.", True, 0.98, True, False),
    ),
    (
        {"transcript": " Hello world.", "is_final": True, "confidence": None},
        ("Hello world.", True, None, False, False),
    ),
    (
        {"transcript": "", "is_final": True, "utterance_end": True},
        ("", True, None, False, True),
    ),
    (
        {"transcript": "", "is_final": True, "speech_final": True},
        ("", True, None, True, False),
    ),
    ({"transcript": "x"}, ("x", False, None, False, False)),
    ({"transcript": "x", "is_final": True, "confidence": 1}, ("x", True, 1.0, False, False)),
    (
        {"type": "transcript", "transcript": "x", "is_final": True, "brand_new": {}},
        ("x", True, None, False, False),
    ),
    ({"transcript": "x", "is_final": True, "error": None}, ("x", True, None, False, False)),
    ({"transcript": "x", "errors": []}, ("x", False, None, False, False)),
    ({"transcript": None, "is_final": True}, ("", True, None, False, False)),
    ({"utterance_end": True}, ("", True, None, False, True)),
    ({"transcript": "\u00a0\n x \t"}, ("x", False, None, False, False)),
]


@pytest.mark.parametrize(("frame", "expected"), LIVE, ids=str)
def test_transcripts(frame: Dict[str, Any], expected: Tuple[Any, ...]) -> None:
    """A transcript is known by its keys; its text is stripped, what is missing is not guessed."""
    message = transcript(frame)
    facts = (message.text, message.is_final, message.confidence, message.speech_final)
    assert (*facts, message.utterance_end) == expected


@pytest.mark.parametrize("boundary", ["speech_final", "utterance_end"])
def test_a_boundary_is_final(boundary: str) -> None:
    """Nothing follows the end of an utterance, so a frame that reports one is final."""
    assert transcript({"transcript": "x", "is_final": False, boundary: True}).is_final


@pytest.mark.parametrize("value", ["0.9", None, True, [0.9], math.nan, math.inf, -math.inf])
def test_an_odd_confidence(value: object) -> None:
    """A confidence that is not a finite number is none."""
    assert transcript_of(f'{{"transcript": "x", "confidence": {json.dumps(value)}}}') is None


def transcript_of(text: str) -> Optional[float]:
    """The confidence in a frame that is given as text."""
    (message,) = parse_text_frame(text.encode())
    assert isinstance(message, TranscriptMessage)
    return message.confidence


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1e999", "-1e999"])
def test_a_number_too_large(number: str) -> None:
    """A number that no float can hold is none."""
    assert transcript_of(f'{{"transcript": "x", "confidence": {number}}}') is None


WORDS = [
    {"word": "hello", "punctuated_word": "Hello,", "start": 0.5, "end": 1, "confidence": 0.9},
    {"text": "world"},
]


def test_words() -> None:
    """Words come in the form that stands in the transcript, with what is told of them."""
    words = transcript({"transcript": "Hello, world", "words": WORDS}).words
    assert words == (Word("Hello,", 0.5, 1.0, 0.9), Word("world"))


@pytest.mark.parametrize(
    "words", [None, 5, "hello", {}, [], [5, None, "hello"], [{}, {"word": 5}, {"word": ""}]]
)
def test_odd_words(words: object) -> None:
    """What is not a list of words with text is no words, and the transcript stands."""
    message = transcript({"transcript": "x", "words": words})
    assert (message.text, message.words) == ("x", ())


def test_words_that_no_file_takes() -> None:
    """Half characters in a word are replaced, as they are in the transcript."""
    message = transcript({"transcript": "a\ud83d", "words": [{"word": "a\ud83d"}]})
    assert (message.text, message.words) == ("a?", (Word("a?"),))


TIMES: List[Tuple[Dict[str, Any], Tuple[Optional[float], Optional[float]]]] = [
    ({}, (None, None)),
    ({"start_time": 1.5, "duration": 2}, (1.5, 3.5)),
    ({"start_time": 0, "duration": 2}, (0.0, 2.0)),
    # What can't be true is no time.
    ({"start_time": 0, "duration": 0}, (None, None)),
    ({"start_time": -1, "duration": 5}, (None, None)),
    ({"start_time": 5, "duration": -1}, (None, None)),
    (
        {"start_time": 0, "duration": 0, "words": [{"word": "a", "start": 1, "end": 2}]},
        (1.0, 2.0),
    ),
    ({"words": [{"word": "a", "start": 2, "end": 1}]}, (None, None)),
    ({"start_time": 1.5}, (None, None)),
    ({"duration": 1.5}, (None, None)),
    ({"start_time": "1.5", "duration": 2}, (None, None)),
    ({"words": [{"word": "a", "start": 1, "end": 2}]}, (1.0, 2.0)),
    (
        {"words": [{"word": "a", "start": 1, "end": 2}, {"word": "b", "start": 3, "end": 4}]},
        (1.0, 4.0),
    ),
    ({"words": [{"word": "a", "start": 1}]}, (None, None)),
    ({"words": [{"word": "a", "end": 1}]}, (None, None)),
    (
        {"start_time": 5, "duration": 1, "words": [{"word": "a", "start": 1, "end": 2}]},
        (5.0, 6.0),
    ),
]


@pytest.mark.parametrize(("facts", "expected"), TIMES, ids=str)
def test_times(facts: Dict[str, Any], expected: Tuple[Optional[float], Optional[float]]) -> None:
    """Times are those of the frame, else those of its first and last word, else none."""
    message = transcript({"transcript": "x", **facts})
    assert (message.start, message.end) == expected


@pytest.mark.parametrize(
    ("frame", "attributes", "message"),
    [
        (
            {
                "errors": [
                    {
                        "code": "40007",
                        "title": "Invalid Parameter",
                        "detail": "Unsupported transcription_engine 'telnyx'.",
                        "source": {"parameter": "transcription_engine"},
                    },
                    {"code": "40001"},
                ]
            },
            (
                *("40007", "Invalid Parameter", "Unsupported transcription_engine 'telnyx'."),
                "transcription_engine",
            ),
            "the service refused transcription_engine (error 40007): "
            "Unsupported transcription_engine 'telnyx'.",
        ),
        (
            {"errors": [{"code": 40003, "title": "Missing"}]},
            ("40003", "Missing", None, None),
            "the service refused the request (error 40003): Missing",
        ),
        (
            {"errors": [{"source": "x", "detail": "No."}]},
            (None, None, "No.", None),
            "the service refused the request: No.",
        ),
        (
            {"errors": [{}]},
            (None, None, None, None),
            "the service refused the request: it did not say why",
        ),
        (
            {"errors": {"code": "40001", "source": {}}},
            ("40001", None, None, None),
            "the service refused the request (error 40001): it did not say why",
        ),
        (
            {"errors": ["no such thing"]},
            (None, None, None, None),
            "the service refused the request: no such thing",
        ),
        (
            {"errors": "no such thing", "transcript": "x"},
            (None, None, None, None),
            "the service refused the request: no such thing",
        ),
    ],
    ids=range(7),
)
def test_rejections(frame: Dict[str, Any], attributes: Tuple[Any, ...], message: str) -> None:
    """An ``errors`` frame is the rejection that its first entry describes, as far as it does."""
    error = failure(frame)
    assert type(error) is RequestRejectedError
    assert (error.code, error.title, error.detail, error.parameter) == attributes
    assert str(error) == message


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        ({"error": "out of order"}, "out of order"),
        ({"type": "error", "error": "out of order"}, "out of order"),
        ({"error": {"message": "out of order", "code": 5}}, "out of order"),
        ({"error": {"detail": "out of order"}}, "out of order"),
        ({"error": {"code": 5}}, '{"code": 5}'),
        ({"error": ["a", "b"]}, "['a', 'b']"),
        ({"error": 500}, "500"),
        ({"error": True}, "True"),
    ],
    ids=str,
)
def test_server_errors(frame: Dict[str, Any], text: str) -> None:
    """An ``error`` frame is a failure of the service, with its text as far as there is one."""
    error = failure(frame)
    assert type(error) is ServerError
    assert error.message == text
    assert str(error) == f"the service reported an error: {text}"


@pytest.mark.parametrize(
    "frame",
    [
        *({}, None, True, 5, "transcript", {"type": "turn", "event": "EndOfTurn"}),
        *({"transcript": None}, {"transcript": None, "is_final": False}, {"transcript": 5}),
        *({"is_final": True}, {"transcript": ["x"], "is_final": True}),
        *({"error": ""}, {"error": None}, {"errors": []}, {"errors": None}),
    ],
    ids=str,
)
def test_unknown_frames(frame: object) -> None:
    """A frame of no known shape is kept as it came."""
    message = parse(frame)
    assert type(message) is UnknownMessage
    assert message.raw == frame
    assert type(message.raw) is type(frame)


@pytest.mark.parametrize(
    "payload",
    [b"", b" ", b"hello", b"{", b'{"transcript":', b"\xff\xfe", b'"\xe9"', b"\xef\xbb\xbf{}"],
)
def test_what_is_not_json(payload: bytes) -> None:
    """A text frame that is not UTF-8 or not JSON is kept as its bytes."""
    (message,) = parse_text_frame(payload)
    assert type(message) is UnknownMessage
    assert message.raw == payload


def test_an_array_of_frames() -> None:
    """A top-level array is its frames, each for itself, in order; nested ones are unknown."""
    frames = [{"transcript": "a"}, {"error": "b"}, 5, [{"transcript": "c"}], {"transcript": "d"}]
    first, second, third, fourth, fifth = parse_text_frame(json.dumps(frames).encode())
    assert isinstance(first, TranscriptMessage)
    assert isinstance(second, FailureMessage)
    assert isinstance(third, UnknownMessage)
    assert isinstance(fourth, UnknownMessage)
    assert isinstance(fifth, TranscriptMessage)
    assert (first.text, str(second.error)[-1], fifth.text) == ("a", "b", "d")
    assert (first.raw, third.raw, fourth.raw) == (frames[0], 5, frames[3])


def test_letters_outside_ascii() -> None:
    """Text comes as it was said, escaped or not."""
    for payload in ('{"transcript":"Grüß 👋"}', '{"transcript":"Gr\\u00fc\\u00df \\ud83d\\udc4b"}'):
        (message,) = parse_text_frame(payload.encode())
        assert isinstance(message, TranscriptMessage)
        assert message.text == "Grüß 👋"


@functools.lru_cache(maxsize=None)
def deepest_json() -> int:
    """How many arrays within each other ``json.loads`` takes on this interpreter, from here."""
    low, high = 1, 500_000
    while high - low > 1:
        depth = (low + high) // 2
        try:
            json.loads("[" * depth + "]" * depth)
            low = depth
        except RecursionError:
            high = depth
    return low


@pytest.mark.parametrize(
    "frame",
    [
        *('{"error":%s}', '{"error":{"x":%s}}', '{"error":{"message":%s}}', '{"errors":%s}'),
        *('{"errors":[%s]}', '{"errors":[{"code":%s}]}', '{"transcript":%s}', "[%s]"),
        *('{"transcript":"x","words":%s}', '{"errors":[{"source":{"parameter":%s}}]}'),
    ],
)
def test_deep_frames(frame: str) -> None:
    """No nesting is too deep: neither what the parser refuses nor what it just takes."""
    deepest = deepest_json()
    for depth in range(max(1, deepest - 6), deepest + 3):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            inner = opening * depth + "1" + closing * depth
            parse_text_frame((frame % inner).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
KEYS = (
    "transcript is_final speech_final utterance_end confidence words start_time duration "
    "error errors type code title detail source parameter word punctuated_word text start end "
    "message"
).split()
FRAMES = st.recursive(
    st.one_of(
        JSON,
        st.sampled_from([True, False, "x", 1e308, -1e308, math.nan, math.inf, 10**400]),
    ),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
    ),
    max_leaves=15,
)


def check(messages: List[Message]) -> None:
    """What holds for every message of every frame."""
    assert messages, "a frame was lost"
    for message in messages:
        if isinstance(message, FailureMessage):
            assert str(message.error)
        elif isinstance(message, TranscriptMessage):
            assert message.text == message.text.strip()
            assert (message.start is None) == (message.end is None)
            words = [number for word in message.words for number in (word.start, word.end)]
            for number in (message.confidence, message.start, message.end, *words):
                assert number is None or math.isfinite(number)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(payload: bytes) -> None:
    """No bytes make it raise, and each frame gives a message."""
    check(parse_text_frame(payload))


@settings(deadline=None, max_examples=300)
@given(FRAMES)
def test_any_json(frame: object) -> None:
    """No JSON makes it raise, each frame gives a message, and every number in one is finite."""
    check(parse_text_frame(json.dumps(frame).encode()))


def test_an_empty_array_is_kept() -> None:
    """An array without frames is a frame of no known shape: nothing that comes is lost."""
    (message,) = parse_text_frame(b"[]")
    assert type(message) is UnknownMessage
    assert message.raw == []


def test_times_that_overflow() -> None:
    """Times whose sum no float can hold are none."""
    message = transcript({"transcript": "x", "start_time": 1e308, "duration": 1e308})
    assert (message.start, message.end) == (None, None)
