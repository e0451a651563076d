"""Captions of times that can't be: they are written all the same."""

from __future__ import annotations

import math

import pytest

from telnyx_stt_sync import Transcript, Transcription
from telnyx_stt_sync._captions import Cue, Spoken, cues, to_srt, to_vtt

NUMBERS = [math.inf, -math.inf, math.nan, 1e308, -1e308, 1.0]


@pytest.mark.parametrize("start", NUMBERS)
@pytest.mark.parametrize("end", NUMBERS)
def test_times_that_are_none(start: float, end: float) -> None:
    """Whatever stands for a time, of a text or of a word, both texts are there, in order."""
    said = [
        Spoken("one word", start, end, words=[("one", start, end), ("word", end, start)]),
        Spoken("another", 2.0, 3.0),
    ]
    first, second = cues(said)
    assert (first.lines, second.lines) == (("one word",), ("another",))
    assert 0 <= first.start < first.end <= second.start < second.end
    assert "another" in to_srt(said) and "another" in to_vtt(said)


def test_an_end_that_nobody_knows() -> None:
    """An end that is no number leaves the text where it starts, for as long as it takes to read."""
    assert cues([Spoken("one", 1.0, math.inf)]) == [Cue(1000, 2000, ("one",))]


def test_a_transcript_made_by_hand() -> None:
    """The public methods take such times as well."""
    heard = Transcription(segments=(Transcript("one", is_final=True, start=0.0, end=math.inf),))
    assert "00:00:00,000 --> 00:00:01,000" in heard.to_srt()
    assert "00:00.000 --> " in heard.to_vtt()
