"""Other people's parsers of SRT and WebVTT, all with one answer: what is shown, and when."""

from __future__ import annotations

import io
from typing import Any, Callable, Dict, List, NamedTuple

import pysrt
import pytest
import srt
import webvtt


class Shown(NamedTuple):
    """A cue as a parser reads it: from when to when, in milliseconds, which lines."""

    start: int
    end: int
    lines: List[str]

    @property
    def text(self) -> str:
        """The lines in one."""
        return " ".join(self.lines)


Parser = Callable[[str], List[Shown]]


def by_srt(captions: str) -> List[Shown]:
    """SRT by ``srt``, which is told to complain of what it would otherwise mend."""
    cues = list(srt.parse(captions))
    assert [cue.index for cue in cues] == list(range(1, len(cues) + 1))
    assert srt.compose(cues, reindex=False) == captions + "\n" * bool(cues)
    return [
        Shown(
            round(cue.start.total_seconds() * 1000),
            round(cue.end.total_seconds() * 1000),
            cue.content.split("\n"),
        )
        for cue in cues
    ]


def by_pysrt(captions: str) -> List[Shown]:
    """SRT by ``pysrt``."""
    cues = pysrt.from_string(captions, error_handling=pysrt.ERROR_RAISE)
    return [Shown(cue.start.ordinal, cue.end.ordinal, cue.text.split("\n")) for cue in cues]


def by_webvtt(captions: str) -> List[Shown]:
    """WebVTT by ``webvtt-py``."""
    cues = webvtt.from_buffer(io.StringIO(captions)).captions
    return [
        Shown(
            _milliseconds(cue.start), _milliseconds(cue.end), [_plain(line) for line in cue.lines]
        )
        for cue in cues
    ]


def by_ffmpeg_srt(captions: str) -> List[Shown]:
    """SRT by FFmpeg, decoded: without what it takes for markup."""
    return _by_ffmpeg(captions, "srt")


def by_ffmpeg_vtt(captions: str) -> List[Shown]:
    """WebVTT by FFmpeg, likewise."""
    return _by_ffmpeg(captions, "webvtt")


SRT_PARSERS: Dict[str, Parser] = {"srt": by_srt, "pysrt": by_pysrt, "ffmpeg": by_ffmpeg_srt}
VTT_PARSERS: Dict[str, Parser] = {"webvtt-py": by_webvtt, "ffmpeg": by_ffmpeg_vtt}


def _by_ffmpeg(captions: str, container: str) -> List[Shown]:
    av = pytest.importorskip("av", "15", "PyAV, which carries FFmpeg, is not installed")
    shown = []
    with av.open(io.BytesIO(captions.encode()), format=container) as file:
        for packet in file.demux(file.streams.subtitles[0]):
            for each in packet.decode():
                assert packet.time_base == file.streams.subtitles[0].time_base
                factor = packet.time_base * 1000
                start = int(packet.pts * factor)
                shown.append(Shown(start, start + int(packet.duration * factor), _of_ass(each)))
    return shown


def _of_ass(subtitle: Any) -> List[str]:
    """The lines of what FFmpeg makes of every text: a line of ASS, the text in the tenth field."""
    text = subtitle.ass.decode().split(",", 8)[8]
    return [_of_ass_line(line) for line in text.split("\\N")]


def _of_ass_line(line: str) -> str:
    # How FFmpeg writes what would otherwise be a sign of ASS; we do the same in SRT.
    return line.replace("\\{{}", "{").replace("\\\u2060", "\\")


def _milliseconds(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)


def _plain(line: str) -> str:
    return line.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
