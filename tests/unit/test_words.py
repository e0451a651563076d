"""Words that are one however they are written."""

from __future__ import annotations

from typing import List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._words import drop_words, words

HINDI = "\u0939\u093f\u0928\u094d\u0926\u0940 \u0939\u0942"

# A text → its words.
TEXTS = [
    ("", []),
    (" \t\n", []),
    ("hello world", ["hello", "world"]),
    ("Hello,  WORLD!", ["hello", "world"]),
    ("... - !? \u2014 ,", []),
    ("a ... b", ["a", "b"]),
    ("I don't, I\u2019m", ["i", "dont", "im"]),
    ("twenty-one", ["twenty", "one"]),
    ("and/or snake_case", ["and", "or", "snake", "case"]),
    ("then\u2014now and 1\u20132", ["then", "now", "and", "1", "2"]),
    ("$5.00 at 10:30", ["500", "at", "1030"]),
    ("A B2 c3D", ["a", "b2", "c3d"]),
    # One letter written in two ways, letters of full width, and two spellings of one sound.
    ("caf\u00e9 cafe\u0301", ["caf\u00e9", "caf\u00e9"]),
    ("\uff21\uff22\uff23 \ufb01ne", ["abc", "fine"]),
    ("Stra\u00dfe STRASSE", ["strasse", "strasse"]),
    # Vowel signs are marks, and they are what tells words apart.
    (
        HINDI,
        HINDI.split(),
    ),
    ("\u0301 a", ["a"]),
    # Without blanks between words each letter stands for itself.
    ("\u4f60\u597d\uff0c\u4e16\u754c\u3002", ["\u4f60", "\u597d", "\u4e16", "\u754c"]),
    ("ABC\u306e\u672c", ["abc", "\u306e", "\u672c"]),
    ("\u0e44\u0e17\u0e22", ["\u0e44", "\u0e17", "\u0e22"]),
    ("\uc548\ub155 \uc138\uacc4", ["\uc548\ub155", "\uc138\uacc4"]),
    (
        "\u041c\u0438\u0440!",
        ["\u043c\u0438\u0440"],
    ),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_words(text: str, expected: List[str]) -> None:
    """Case, punctuation and the way a letter is written make no difference; anything else does."""
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "count", "rest"),
    [
        ("One, two, three.", 0, "One, two, three."),
        ("One, two, three.", -1, "One, two, three."),
        ("One, two, three.", 1, "two, three."),
        ("One, two, three.", 2, "three."),
        ("One, two, three.", 3, ""),
        ("One, two, three.", 9, ""),
        ("twenty-one pilots", 1, "one pilots"),
        ("a ... b", 1, "b"),
        ("... a", 0, "... a"),
        ("\u4f60\u597d\uff0c\u4e16\u754c\u3002", 2, "\u4e16\u754c\u3002"),
        ("", 1, ""),
    ],
)
def test_words_are_dropped(text: str, count: int, rest: str) -> None:
    """What is left stands as it was written, from its first word on."""
    assert drop_words(text, count) == rest


@settings(deadline=None)
@given(text=st.text(max_size=30), count=st.integers(0, 6))
def test_any_text(text: str, count: int) -> None:
    """Dropping words drops exactly these from the words of any text."""
    assert words(drop_words(text, count)) == words(text)[count:]


@settings(deadline=None)
@given(text=st.text(max_size=30))
def test_words_of_words(text: str) -> None:
    """A word is never empty, and holds no blank."""
    for word in words(text):
        assert word
        assert word.split() == [word]


@settings(deadline=None)
@given(text=st.text(st.characters(max_codepoint=127), max_size=30))
def test_plain_text(text: str) -> None:
    """The words of a text do not depend on what else stands behind it."""
    assert words(text) == words(text + " \u00e9")[:-1]
