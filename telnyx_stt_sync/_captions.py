"""Lines and times → SRT and WebVTT."""

from __future__ import annotations

import math
import re
import unicodedata
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import Container, Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ._wrapping import blocks

# A cue stays for a second at least, and for one per twenty letters, if nothing follows that soon:
# people read 17 to 20 letters a second (Netflix asks for 5/6 s and 20 letters a second).
LEAST_SECONDS = 1.0
READ_PER_SECOND = 20.0

# Nobody says so many letters in a second: fast speakers reach 30. Such times can't be true.
MOST_PER_SECOND = 100.0

# Nor so few, some seconds for thinking apart: then there was a pause before it.
LEAST_PER_SECOND = 2.0
THINKING_SECONDS = 5.0

# A word of the list is looked for within so many letters of where it is expected.
_SEARCH_LETTERS = 40

# A thousand hours: nothing is shown later.
_LATEST = 3_600_000.0

# Only in pairs are these taken for markup.
_ANGLES, _BRACES = str.maketrans("<>", "‹›"), str.maketrans("{}", "()")
_LINE_BREAK_SIGN = re.compile(r"\\(?=[Nnh])")
_WORD_JOINER = "\u2060"

# (text, start, end): of one word, in seconds; None where nobody knows.
TimedWord = Tuple[str, Optional[float], Optional[float]]


class Spoken(NamedTuple):
    """What was said in one stretch of audio, in seconds.

    ``is_bounded``: it was said between ``start`` and ``end``, and nobody knows since when.
    """

    text: str
    start: float
    end: float
    words: Sequence[TimedWord] = ()
    is_bounded: bool = False


class Cue(NamedTuple):
    """One or two lines that are shown from ``start`` to ``end``, in milliseconds."""

    start: int
    end: int
    lines: Tuple[str, ...]


def to_srt(spoken: Iterable[Spoken]) -> str:
    """SubRip. What players would take for markup is replaced by what looks alike."""
    shown = []
    safe = (each._replace(text=_srt_text(_clean(each.text))) for each in spoken)
    for number, cue in enumerate(cues(safe), 1):
        times = f"{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}"
        shown.append("\n".join((str(number), times, *cue.lines, "")))
    return "\n".join(shown)


def to_vtt(spoken: Iterable[Spoken]) -> str:
    """WebVTT."""
    shown = ["WEBVTT\n"]
    for cue in cues(spoken):
        times = f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}"
        shown.append("\n".join((times, *map(_vtt_text, cue.lines), "")))
    return "\n".join(shown)


def cues(spoken: Iterable[Spoken]) -> List[Cue]:
    """Cues in order, none before the end of the one before it; nothing for what has no text.

    What is too long for one cue is shared out by the times of its words, without them by letters.
    """
    timed: List[Cue] = []
    for each in _believable(_in_order(spoken)):
        timeline = _Timeline(each)
        for block in blocks(each.text):
            start = _milliseconds(timeline.start_of(block.start))
            if timed:
                start = max(start, timed[-1].start + 1)
            timed.append(Cue(start, _milliseconds(timeline.end_of(block.end)), block.lines))
    nexts = [cue.start for cue in timed[1:]]
    return [cue._replace(end=_end(cue, start)) for cue, start in zip(timed, [*nexts, None])]


def _end(cue: Cue, following: Optional[int]) -> int:
    """How long to show a cue, so that it can be read; until the next one at the most."""
    seconds = max(LEAST_SECONDS, sum(map(len, cue.lines)) / READ_PER_SECOND)
    end = max(cue.end, cue.start + _milliseconds(seconds))
    return end if following is None else min(end, following)


class _Timeline:
    """When each letter of a text was said. Letters are counted without the blanks."""

    def __init__(self, spoken: Spoken) -> None:
        known = [(0, spoken.start), *_word_times(spoken), (_letters(spoken.text), spoken.end)]
        self._places = [place for place, _ in known]
        self._times = [time for _, time in known]

    def start_of(self, place: int) -> float:
        """When the letter behind the place begins."""
        return self._between(bisect_right(self._places, place) - 1, place)

    def end_of(self, place: int) -> float:
        """When the letter before the place ends."""
        return self._between(bisect_left(self._places, place) - 1, place)

    def _between(self, index: int, place: int) -> float:
        """From the known time of that index to the next one, in proportion."""
        first, last = self._places[index : index + 2]
        begin, end = self._times[index : index + 2]
        return begin + (end - begin) * (place - first) / (last - first)


def _word_times(spoken: Spoken) -> List[Tuple[int, float]]:
    """The places in the text where words of the list begin and end, and when; rising."""
    parts = spoken.text.split()
    text = _folded("".join(parts))
    starts = set(accumulate(map(len, parts)))  # where a blank is left out
    known: List[Tuple[int, float]] = []
    reached, place, time = 0, 0, spoken.start
    for word, start, end in spoken.words:
        word = _folded("".join(word.split()))
        found = text.find(word, reached, reached + len(word) + _SEARCH_LETTERS) if word else -1
        if found < 0:
            continue
        reached = found + len(word)
        # Signs before and behind it are part of it: the list may be without them.
        first = _sign_start(text, place, found)
        place = _sign_end(text, starts, reached)
        for where, when in ((first, start), (place, end)):
            if when is not None:
                time = min(max(time, when), spoken.end)
                known.append((where, time))
    # Times that can't be true are worse than none.
    if known and known[-1][1] - known[0][1] < (known[-1][0] - known[0][0]) / MOST_PER_SECOND:
        return []
    return known


def _sign_start(text: str, least: int, place: int) -> int:
    """Where the signs begin that stand before a place and are no letters."""
    while place > least and not text[place - 1].isalnum():
        place -= 1
    return max(least, place)


def _sign_end(text: str, starts: Container[int], place: int) -> int:
    """Where those end that stand behind it, before the next blank."""
    while place < len(text) and place not in starts and not text[place].isalnum():
        place += 1
    return place


def _in_order(spoken: Iterable[Spoken]) -> List[Spoken]:
    """What has text, none starting before the one before it, nor going on when the next starts."""
    said: List[Spoken] = []
    latest = 0.0
    for each in spoken:
        text = _clean(each.text)
        if text:
            latest = _time(each.start, latest)
            end = _time(each.end, latest)
            said.append(each._replace(text=text, start=latest, end=end))
    for index, (each, following) in enumerate(zip(said, said[1:])):
        said[index] = each._replace(end=min(each.end, following.start))
    return said


def _time(seconds: float, least: float) -> float:
    """A time that can be written; what is no number says nothing."""
    return min(max(least, seconds), _LATEST) if math.isfinite(seconds) else least


def _believable(said: Sequence[Spoken]) -> Iterator[Spoken]:
    """The same; where one had no time to be said, it shares that of its neighbours.

    Finals that come all at once, as they do when a file is sent at full speed, leave their whole
    time to the first of them.
    """
    groups: List[List[Spoken]] = []
    is_open = False  # nothing in the last group had time enough
    for each in said:
        is_fast = _is_fast(each.end - each.start, [each])
        if groups and each.start <= groups[-1][-1].end and (is_fast or is_open):
            groups[-1].append(each)
            is_open = is_open and is_fast
        else:
            groups.append([each])
            is_open = is_fast
    starts = [group[0].start for group in groups[1:]]
    for group, following in zip(groups, [*starts, None]):
        yield from map(_shortened, group) if len(group) == 1 else _shared(group, following)


def _shortened(each: Spoken) -> Spoken:
    """The same without the pause before it: its end is known better than its start."""
    if not each.is_bounded or _word_times(each):
        return each
    longest = THINKING_SECONDS + _letters(each.text) / LEAST_PER_SECOND
    return each._replace(start=max(each.start, each.end - longest))


def _shared(group: Sequence[Spoken], following: Optional[float]) -> Iterator[Spoken]:
    """The time of all of them by their letters; if it is too short, what is free behind it, too."""
    start, end = group[0].start, group[-1].end
    size = sum(_letters(each.text) for each in group)
    if _is_fast(end - start, group):
        needed = start + max(LEAST_SECONDS * len(group), size / READ_PER_SECOND)
        end = needed if following is None else max(end, min(needed, following))
    done = 0
    for each in group:
        begin, done = done, done + _letters(each.text)
        part = (end - start) / size
        yield each._replace(start=start + part * begin, end=start + part * done, words=())


def _is_fast(seconds: float, said: Sequence[Spoken]) -> bool:
    """Whether so much can't be said in that time."""
    return seconds < sum(_letters(each.text) for each in said) / MOST_PER_SECOND


def _letters(text: str) -> int:
    return len(text) - text.count(" ")


def _clean(text: str) -> str:
    """The text in one line, without what no text file should hold."""
    if not text.isprintable():
        text = "".join(sign for sign in text if sign.isspace() or not _is_control(sign))
    return " ".join(text.split())


def _is_control(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cs")


def _folded(text: str) -> str:
    """In small letters, where they are as many."""
    if text.isascii():
        return text.lower()
    return "".join(sign.lower() if len(sign.lower()) == 1 else sign for sign in text)


def _srt_text(text: str) -> str:
    """SRT knows no escapes, and no standard: what some player takes for markup has to go."""
    text = text.replace("-->", "→")
    if 0 <= text.find("<") < text.rfind(">"):
        text = text.translate(_ANGLES)
    if 0 <= text.find("{") < text.rfind("}"):
        text = text.translate(_BRACES)
    return _LINE_BREAK_SIGN.sub(f"\\\\{_WORD_JOINER}", text)


def _vtt_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _clock(milliseconds: int, point: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{rest:03}"
