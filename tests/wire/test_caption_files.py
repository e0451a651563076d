"""SRT and WebVTT of real recordings, read as a player reads them."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, List

import pytest

from telnyx_stt_sync import Transcription
from telnyx_stt_sync.emulator import Emulator
from tests.wire.client import transcriber

for module in ("av", "srt", "pysrt", "webvtt"):
    pytest.importorskip(module, reason=f"{module}, which reads captions, is not installed")
parsers = pytest.importorskip("tests.caption_parsers")


def words(text: str) -> List[str]:
    """The words of a text, without case and punctuation."""
    return re.findall(r"[a-z']+", text.lower())


def assert_played(result: Transcription, folder: Path) -> None:
    """FFmpeg, and everybody else, reads from the files what was heard, in the recording's time."""
    texts = []
    for suffix, captions, readers in (
        ("srt", result.to_srt(), parsers.SRT_PARSERS),
        ("vtt", result.to_vtt(), parsers.VTT_PARSERS),
    ):
        path = folder / f"captions.{suffix}"
        path.write_text(captions, encoding="utf-8")
        for read in readers.values():
            cues = read(path.read_text(encoding="utf-8"))
            texts.append([cue.text for cue in cues])
            assert " ".join(texts[-1]) == result.text
            for cue, following in zip(cues, cues[1:]):
                assert cue.start < cue.end <= following.start
            assert cues[-1].start / 1000 < result.audio_seconds
            assert all(len(line) <= 42 for cue in cues for line in cue.lines)
    assert all(each == texts[0] for each in texts)


def test_recordings_as_they_are_said(recordings: Any, tmp_path: Path) -> None:
    """Captions of real recordings hold their words, whatever reads them."""
    names = ["jfk.flac", "thunderstorms.wav", "librivox-0870.wav"]
    for entry in recordings.entries:
        if entry["file"] in names:
            names.remove(entry["file"])
            with Emulator(transcripts=[entry["text"]]) as emulator:
                stt = transcriber(emulator.url, input_format=None, sample_rate=None)
                result = stt.transcribe_file(recordings.path(entry["file"]), speed=math.inf)
            assert words(result.text) == words(entry["text"])
            assert_played(result, tmp_path)
    assert not names


def test_a_recording_that_is_recognised(recordings: Any, tmp_path: Path) -> None:
    """Captions of what a real recogniser hears at the pace of speech stand where it was said."""
    pytest.importorskip("pocketsphinx", reason="the real recogniser is not installed")
    with Emulator(recogniser="pocketsphinx") as emulator:
        stt = transcriber(emulator.url, input_format=None, sample_rate=None, interim_results=True)
        result = stt.transcribe_file(recordings.path("cards-005.wav"), speed=1)
    assert words(result.text) == "eight of spades four of clubs seven of hearts".split()
    assert_played(result, tmp_path)
    # Of the 3.5 s of this recording, all but the first and the last quarter second is speech.
    segments = result.segments
    assert (segments[0].start, segments[-1].end) == pytest.approx((0.25, 3.25), abs=1.0)
