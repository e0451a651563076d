"""The browser of the tests tells what it finds."""

from __future__ import annotations

import pytest

from telnyx_stt_sync import Transcript, Transcription
from tests.examples.chromium import Chromium

VTT = """WEBVTT

00:00:01.000 --> 00:00:02.500
Fish &amp; chips

00:00:03.000 --> 00:00:04.000
two
lines
"""


def test_values(chromium: Chromium) -> None:
    """Values come as they are, promises when they are kept; what is thrown is raised."""
    with chromium.page() as page:
        assert page.evaluate("({a: [1, 'x', null]})") == {"a": [1, "x", None]}
        assert page.evaluate("new Promise((resolve) => setTimeout(resolve, 10, 7))") == 7
        with pytest.raises(AssertionError, match="ReferenceError"):
            page.evaluate("missing")


def test_errors(chromium: Chromium) -> None:
    """Whatever stands red or yellow in the console is an error."""
    with chromium.page() as page:
        page.evaluate("console.log('fine')")
        assert page.errors == []
        page.evaluate("console.error('one'), console.warn('two'), console.assert(false, 'three')")
        page.evaluate("void Promise.reject(new Error('four'))")
        page.evaluate(
            "new Promise((resolve) => { const image = new Image(); image.src = 'http://[::1]:9/five';"
            "image.onerror = () => resolve() })"
        )
        text = "\n".join(page.errors)
    assert [word for word in ("one", "two", "three", "four", "ERR_") if word not in text] == []


def test_webvtt(chromium: Chromium) -> None:
    """The browser's parser says what a caption file holds, or that it is none."""
    with chromium.page() as page:
        assert page.cues(VTT) == [
            {"start": 1, "end": 2.5, "text": "Fish &amp; chips"},
            {"start": 3, "end": 4, "text": "two\nlines"},
        ]
        with pytest.raises(AssertionError, match="not a WebVTT file"):
            page.cues("1\n00:00:01,000 --> 00:00:02,000\nSubRip\n")


def test_captions(chromium: Chromium) -> None:
    """The browser shows of ``to_vtt()`` the texts at their times, whatever signs they hold."""
    said = [
        Transcript("Fish & chips < 5 € --> cheap", True, start=1.0, end=2.5),
        Transcript(
            "and then a text that needs two lines, because it is longer", True, start=4.0, end=8.0
        ),
        Transcript("不要 <b>bold</b>", True, start=9.0, end=10.0),
    ]
    vtt = Transcription(tuple(said), complete=True).to_vtt()
    with chromium.page() as page:
        cues = page.cues(vtt)
        texts = page.evaluate(
            f"{[cue['text'] for cue in cues]!r}.map((text) => new VTTCue(0, 1, text)"
            ".getCueAsHTML().textContent.replace(/\\n/g, ' '))"
        )
    assert texts == [segment.text for segment in said]
    assert [(cue["start"], cue["end"]) for cue in cues] == [(1, 2.5), (4, 8), (9, 10)]
