"""SRT and WebVTT as other people's parsers read them, a player's own among them."""

from __future__ import annotations

from typing import Any, Iterable, List, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._captions import Spoken, cues, to_srt, to_vtt
from tests.unit.test_captions import LONG, SECONDS, timed_words

for module in ("srt", "pysrt", "webvtt"):
    pytest.importorskip(module, reason=f"the parser {module} is not installed")
parsers = pytest.importorskip("tests.caption_parsers")


every_srt_parser = pytest.mark.parametrize("parser", ["srt", "pysrt", "ffmpeg"])
every_vtt_parser = pytest.mark.parametrize("parser", ["webvtt-py", "ffmpeg"])


NASTY = [
    Spoken("5", 0.0, 2.0),
    Spoken("7\n\n8\n00:00:01,000 --> 00:00:02,000", 2.0, 4.0),
    Spoken("-->", 5.0, 6.0),
    Spoken("NOTE a", 7.0, 9.0),
    Spoken("WEBVTT", 9.0, 11.0),
    Spoken("<b>x</b> < i > {\\an8} {b} {y:i} \\N \\h \\n", 11.0, 15.0),
    Spoken("Q & A &amp; &lt; &nbsp; \\", 16.0, 19.0),
    Spoken("e\u0301 👩\u200d🚀 𝒳𝒴 שלום עולם مرحبا", 20.0, 23.0),
    Spoken("x" * 100, 30.0, 37.0),
    Spoken(LONG, 360_000.0, 360_010.0),
]


def assert_srt(parser: str, said: List[Spoken]) -> None:
    """The parser reads the cues that were made, with the words that were said."""
    assert_read(parsers.SRT_PARSERS[parser](to_srt(said)), said, map(plain, texts(said)))


def assert_vtt(parser: str, said: List[Spoken]) -> None:
    """The same of WebVTT."""
    assert_read(parsers.VTT_PARSERS[parser](to_vtt(said)), said, texts(said))


def assert_read(read: Any, said: List[Spoken], expected: Iterable[str]) -> None:
    """A parser's cues are those that were made, keep all limits, and say what is expected."""
    assert [(cue.start, cue.end) for cue in read] == [(cue.start, cue.end) for cue in cues(said)]
    for cue, following in zip(read, read[1:]):
        assert cue.end <= following.start
    assert all(cue.start < cue.end for cue in read)
    assert all(1 <= len(cue.lines) <= 2 for cue in read)
    assert all(0 < len(line) <= 42 for cue in read for line in cue.lines)
    letters = "".join(cue.text for cue in read).replace("\u2060", "")
    assert "".join(letters.split()) == "".join("".join(expected).split())


def texts(said: List[Spoken]) -> List[str]:
    """What was said, piece by piece."""
    return [each.text for each in said]


def plain(text: str) -> str:
    """A text as SRT shows it, where angles and braces stand in pairs."""
    return text.replace("-->", "→").translate(str.maketrans("<>{}", "‹›()"))


@every_srt_parser
def test_nasty_texts_in_srt(parser: str) -> None:
    """Whatever was said, parsers of SRT read what was said, and when."""
    assert_srt(parser, NASTY)


@every_vtt_parser
def test_nasty_texts_in_vtt(parser: str) -> None:
    """Whatever was said, parsers of WebVTT read what was said, and when."""
    assert_vtt(parser, NASTY)


@every_srt_parser
def test_srt_without_cues(parser: str) -> None:
    """Captions of a silence are valid, too."""
    assert parsers.SRT_PARSERS[parser](to_srt([])) == []


@every_vtt_parser
def test_vtt_without_cues(parser: str) -> None:
    """The same of WebVTT."""
    assert parsers.VTT_PARSERS[parser](to_vtt([])) == []


# Blanks stand between words alone; markup is above. Marks alone are no text that anybody says.
SAID = st.text(
    st.characters(
        exclude_categories=["Cc", "Cs", "Cf", "Zs", "Zl", "Zp"], exclude_characters="<>{}\\"
    )
)
TEXTS = st.lists(SAID, max_size=30).map(" ".join)
WORDS = st.lists(
    st.tuples(SAID, st.one_of(st.none(), SECONDS), st.one_of(st.none(), SECONDS)), max_size=5
)


@st.composite
def any_speech(draw: st.DrawFn) -> List[Spoken]:
    """Texts with times that may make no sense, and words that may not be theirs."""
    said = []
    for _ in range(draw(st.integers(0, 8))):
        text, start, size = draw(TEXTS), draw(SECONDS), draw(st.floats(-1.0, 30.0))
        own: Optional[List[Any]] = timed_words(text, start, 0.3) if draw(st.booleans()) else None
        said.append(Spoken(text, start, start + size, draw(WORDS) if own is None else own))
    return said


@every_srt_parser
@settings(deadline=None, max_examples=100)
@given(said=any_speech())
def test_any_speech_in_srt(parser: str, said: List[Spoken]) -> None:
    """Whatever the texts and times: no overlap, no line too long, and parsers read all of it."""
    assert_srt(parser, said)


@every_vtt_parser
@settings(deadline=None, max_examples=100)
@given(said=any_speech())
def test_any_speech_in_vtt(parser: str, said: List[Spoken]) -> None:
    """The same of WebVTT."""
    assert_vtt(parser, said)
