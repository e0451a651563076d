"""Every shape of text frame that the service is known to send, and junk between them."""

from __future__ import annotations

from typing import List, Tuple

import pytest

from tests.wire.client import end_of
from tests.wire.peer import Step, frame
from tests.wire.steps import close, final, raw, read_to_close_stream, text

JUNK: List[Step] = [
    text("this is not JSON"),
    text(""),
    text("[]"),
    text("{}"),
    text("null"),
    text("17"),
    text('"words"'),
    text("[" * 100_000),
    text({"transcript": {"text": 1}}),
    text({"transcript": None}),
    text({"transcript": ["a"], "is_final": True}),
    text({"type": "Metadata", "request_id": "x"}),
    text({"type": "error"}),
    text({"error": None, "errors": []}),
    text([["nested"], 1, None]),
    text('{"transcript": "no end'),
    text('{"confidence": NaN}'),
    raw(frame(0x1, b"\xff\xfe not UTF-8")),
    raw(frame(0x2, b"\0\1binary")),
    raw(frame(0x2, b"")),
]

SHAPES: List[Tuple[object, str]] = [
    (
        {"transcript": "The quick", "is_final": True, "speech_final": False, "confidence": 0.84},
        "The quick",
    ),
    (
        {"transcript": "Hello.", "is_final": True, "speech_final": True, "confidence": 0.98},
        "Hello.",
    ),
    ({"transcript": " Hello world.", "is_final": True, "confidence": None}, "Hello world."),
    ({"transcript": "one", "is_final": True, "confidence": 1}, "one"),
    ({"transcript": "none", "is_final": True}, "none"),
    ({"transcript": "", "is_final": True, "utterance_end": True}, ""),
    ({"transcript": "", "is_final": True, "speech_final": True}, ""),
    ({"type": "transcript", "transcript": "typed", "is_final": True}, "typed"),
    (
        [{"transcript": "in", "is_final": True}, {"transcript": "array", "is_final": True}],
        "in array",
    ),
    ({"transcript": "ünïcödé 漢字 🎉", "is_final": True, "unknown": {"a": [1]}}, "ünïcödé 漢字 🎉"),
    ({"transcript": "x", "is_final": True, "words": [{"word": "x", "start": 0, "end": 1}]}, "x"),
    (
        {"transcript": "odd", "is_final": True, "words": 5, "confidence": "high", "start_time": {}},
        "odd",
    ),
]


def test_shapes_and_junk() -> None:
    """Every known shape is heard, with everything else between; what is unknown is kept."""
    steps: List[Step] = []
    for number, (value, _) in enumerate(SHAPES):
        steps += [text(value), JUNK[number % len(JUNK)]]
    steps += JUNK[len(SHAPES) :]
    transcripts: List[str] = []
    result, _ = end_of(
        read_to_close_stream(),
        *steps,
        close(),
        on_transcript=lambda transcript: transcripts.append(transcript.text),
    )
    expected = " ".join(words for _, words in SHAPES if words)
    assert result.text == expected == " ".join(transcripts)
    assert b"\xff\xfe not UTF-8" in result.unknown_frames
    assert b"\0\1binary" in result.unknown_frames
    assert {"type": "Metadata", "request_id": "x"} in result.unknown_frames


@pytest.mark.parametrize("junk", JUNK, ids=[str(number) for number in range(len(JUNK))])
def test_junk(junk: Step) -> None:
    """Each odd frame by itself does nothing to what stands before and behind it."""
    result, _ = end_of(read_to_close_stream(), final("a"), junk, final("b"), close())
    assert result.text == "a b"
