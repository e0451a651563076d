"""Texts as words that can be compared."""

from __future__ import annotations

import re
import unicodedata
from typing import Iterator, List, Tuple

# Scripts without blanks between words: there each letter is a word.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# Not compiled before it is needed: that takes longer than most modules do to load.
_PIECE = f"[{_UNSPACED}]|[^\\s/_\\-\u2010-\u2015{_UNSPACED}]+"

# The same for ASCII: what parts words becomes a blank, anything else but letters and digits goes.
_IN_ASCII = {
    place: " " if char.isspace() or char in "/_-" else char.lower() if char.isalnum() else None
    for place, char in enumerate(map(chr, range(128)))
}


def words(text: str) -> List[str]:
    """The words without case, punctuation and different ways to write one letter."""
    if text.isascii():
        return text.translate(_IN_ASCII).split()
    return [word for _, word in _pieces(text)]


def drop_words(text: str, count: int) -> str:
    """The text as it was written, without its first ``count`` words."""
    if count <= 0:
        return text
    starts = [start for start, _ in _pieces(text)]
    return text[starts[count] :] if count < len(starts) else ""


def _pieces(text: str) -> Iterator[Tuple[int, str]]:
    for match in re.finditer(_PIECE, text):
        word = _plain(match.group())
        if word:
            yield match.start(), word


def _plain(piece: str) -> str:
    if not (piece.isascii() and piece.isalnum()):
        piece = unicodedata.normalize("NFKC", piece)
        # Marks stay: in many scripts they are the vowels.
        piece = "".join(char for char in piece if unicodedata.category(char)[0] in "LMN")
    return piece.casefold() if any(map(str.isalnum, piece)) else ""
