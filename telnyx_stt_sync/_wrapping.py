"""A text → blocks of two lines that fit on a screen."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from typing import Iterator, List, NamedTuple, Sequence, Tuple

# Columns of a line: what subtitle guidelines (Netflix, EBU) agree on for Latin letters.
LINE_COLUMNS = 42

# How many columns nearer to the middle a break is worth that falls behind such a sign.
_SENTENCE_BONUS, _CLAUSE_BONUS = 24, 10
_SENTENCE_ENDS = tuple(".?!…。？！؟।")
_CLAUSE_ENDS = tuple(",;:，、；：،؛")

# Scripts in which a line may end between any two letters: Japanese and Chinese.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
# Small letters and signs of length, which belong to the letter before them.
_TAILS = "ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶー々ゝゞヽヾ・"
_OPENING = "「『【〈《〔（［｛“‘("
# One letter with what belongs to it, or a run without such letters.
_UNSPACED = re.compile(f"[{_OPENING}]*[{_CJK}](?:[{_TAILS}]|[^\\w{_OPENING}])*|[^{_CJK}]+")
_HAS_CJK = re.compile(f"[{_CJK}]")

_JOINER = "\u200d"
_SKIN_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"


class Block(NamedTuple):
    """One or two lines; ``start`` and ``end`` count the letters of the text, blanks left out."""

    lines: Tuple[str, ...]
    start: int
    end: int


class _Piece(NamedTuple):
    """What no line break divides; ``gap`` is 1 if a blank stands before it, else 0."""

    text: str
    gap: int


def blocks(text: str) -> List[Block]:
    """The text, cut into as few blocks as do, of about equal size, rather between sentences.

    No line is wider than ``LINE_COLUMNS``, where letters of double width, as the Chinese are,
    count two; what is longer without a blank is cut where it must be.
    """
    paragraph = _Paragraph(list(_pieces(text)))
    return list(paragraph.blocks())


class _Paragraph:
    """Pieces and where they stand."""

    def __init__(self, pieces: Sequence[_Piece]) -> None:
        self._pieces = pieces
        # Up to each piece: columns, blanks included, and letters.
        self._columns, self._letters = [0], [0]
        for piece in pieces:
            self._columns.append(self._columns[-1] + piece.gap + _width(piece.text))
            self._letters.append(self._letters[-1] + len(piece.text))

    def blocks(self) -> Iterator[Block]:
        """All of it, in order."""
        start, count = 0, len(self._pieces)
        while start < count:
            end = self._block_end(start)
            yield Block(self._lines(start, end), self._letters[start], self._letters[end])
            start = end

    def _width(self, start: int, end: int) -> int:
        """Columns of these pieces in one line."""
        return self._columns[end] - self._columns[start] - self._pieces[start].gap

    def _line_end(self, start: int) -> int:
        """How far a line reaches."""
        most = self._columns[start] + self._pieces[start].gap + LINE_COLUMNS
        return bisect_right(self._columns, most) - 1

    def _block_end(self, start: int) -> int:
        """Where to end a block: all if it fits, else so that the others get as much to hold."""
        count = len(self._pieces)
        furthest = self._line_end(start)
        if furthest < count:
            furthest = self._line_end(furthest)
        if furthest == count:
            return count
        rest = self._width(start, count)
        share = rest / max(2, -(-rest // (2 * LINE_COLUMNS)))
        return min(
            range(start + 1, furthest + 1),
            key=lambda end: abs(self._width(start, end) - share) - self._bonus(end),
        )

    def _lines(self, start: int, end: int) -> Tuple[str, ...]:
        """These pieces in one line if they fit, else in two of about equal width."""
        if self._width(start, end) <= LINE_COLUMNS:
            return (self._text(start, end),)
        furthest = self._line_end(start)
        middle = min(
            (at for at in range(start + 1, furthest + 1) if self._width(at, end) <= LINE_COLUMNS),
            key=lambda at: abs(self._width(start, at) - self._width(at, end)) - self._bonus(at),
        )
        return self._text(start, middle), self._text(middle, end)

    def _text(self, start: int, end: int) -> str:
        return "".join(" " * piece.gap + piece.text for piece in self._pieces[start:end]).lstrip()

    def _bonus(self, end: int) -> int:
        before = self._pieces[end - 1].text
        if before.endswith(_SENTENCE_ENDS):
            return _SENTENCE_BONUS
        return _CLAUSE_BONUS if before.endswith(_CLAUSE_ENDS) else 0


def _pieces(text: str) -> Iterator[_Piece]:
    for word in text.split():
        gap = 1
        for part in _UNSPACED.findall(word) if _HAS_CJK.search(word) else (word,):
            for piece in _cut(part):
                yield _Piece(piece, gap)
                gap = 0


def _cut(word: str) -> Iterator[str]:
    """The word, in parts that fit a line."""
    start = columns = 0
    for at, sign in enumerate(word):
        columns += _width(sign)
        if columns > LINE_COLUMNS:
            # Not within a letter that is written with several signs, if there is another place.
            places = range(at, start, -1)
            end = next((place for place in places if _starts_letter(word, place)), at)
            yield word[start:end]
            start, columns = end, _width(word[end : at + 1])
    yield word[start:]


def _starts_letter(word: str, at: int) -> bool:
    """Whether what stands there does not belong to what stands before."""
    sign = word[at]
    joined = sign == _JOINER or sign in _SKIN_TONES or word[at - 1] == _JOINER
    return not joined and not unicodedata.category(sign).startswith("M")


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return len(text) + sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
