"""Texts in blocks of two lines: what fits, where it breaks, and that nothing is lost."""

from __future__ import annotations

import re
import unicodedata
from typing import List

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._wrapping import LINE_COLUMNS, blocks


def columns(line: str) -> int:
    """How wide a line is: letters of double width count two."""
    return sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in line)


def lines(text: str) -> List[List[str]]:
    """The lines of each block."""
    return [list(block.lines) for block in blocks(text)]


def test_a_short_text_is_one_line() -> None:
    """What fits one line stays in one, up to the last column."""
    assert lines("hello") == [["hello"]]
    assert lines("a" * 20 + " " + "b" * 21) == [["a" * 20 + " " + "b" * 21]]
    assert lines("a" * 20 + " " + "b" * 22) == [["a" * 20, "b" * 22]]


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_no_text_is_no_block(text: str) -> None:
    """Nothing is said, nothing is shown."""
    assert lines(text) == []


def test_two_lines_are_of_about_equal_width() -> None:
    """A second line holds more than the one word that did not fit the first."""
    assert lines("the quick brown fox jumps over the lazy dog again") == [
        ["the quick brown fox jumps", "over the lazy dog again"]
    ]


def test_lines_break_behind_a_sentence() -> None:
    """A break falls rather at the end of a sentence or clause than exactly in the middle."""
    assert lines("So it was not to be. Nobody in the house had known") == [
        ["So it was not to be.", "Nobody in the house had known"]
    ]
    assert lines("as soon as it rains, nobody in the house goes out") == [
        ["as soon as it rains,", "nobody in the house goes out"]
    ]


def test_blocks_share_a_long_text() -> None:
    """The last block holds no single word, and a block ends with a clause where one ends."""
    text = (
        "Call me Ishmael. Some years ago, never mind how long precisely, I thought I would sail "
        "about a little. It is a way I have of driving off the spleen."
    )
    assert lines(text) == [
        ["Call me Ishmael. Some years ago,", "never mind how long precisely,"],
        ["I thought I would sail about a little. It", "is a way I have of driving off the spleen."],
    ]


def test_a_word_longer_than_a_line() -> None:
    """Such a word is cut where it must be, and what follows goes on behind it."""
    assert lines("x" * 100 + " end") == [["x" * 42], ["x" * 42, "x" * 16 + " end"]]


def test_letters_of_double_width() -> None:
    """Chinese needs no blanks to break, counts two columns a letter, and keeps signs in place."""
    text = "今天我们要讲的是一个很长的故事，这个故事里没有任何空格，但是有标点符号。"
    shown = lines(text)
    assert "".join("".join(block) for block in shown) == text
    for block in shown:
        assert all(columns(line) <= LINE_COLUMNS for line in block)
        assert not any(line.startswith(("，", "。")) for line in block)


def test_a_text_that_two_lines_can_not_hold() -> None:
    """A text that two full lines would hold, but not its words, is cut near the middle."""
    word = "a" * 15
    assert lines(" ".join([word] * 5)) == [[word, f"{word} {word}"], [f"{word} {word}"]]


def test_japanese_small_letters_stay_where_they_are() -> None:
    """No line starts with a small kana or a sign of length, none ends with a bracket that opens."""
    for text in ("ちゃー" * 50, "「い" * 50, "あ「ちゃー」、" * 30):
        for shift in range(3):
            for block in lines("あ" * shift + text):
                for line in block:
                    assert line[0] not in "ゃー」、" and not line.endswith("「")


def test_korean_breaks_at_blanks() -> None:
    """Hangul is written with blanks, and breaks there alone."""
    text = "안녕하세요 여러분 오늘은 아주 긴 문장을 하나 읽어 드리겠습니다 감사합니다"
    assert " ".join(line for block in lines(text) for line in block) == text


@pytest.mark.parametrize(
    ("letter", "signs"),
    [("e\u0301", 2), ("👩\u200d🚀", 3), ("👍\U0001f3fd", 2), ("क्ष", 3)],
    ids=["accent", "joined emoji", "skin tone", "conjunct"],
)
def test_letters_of_several_signs_stay_whole(letter: str, signs: int) -> None:
    """A word that has to be cut is not cut within a letter, at the sign that belongs to another."""
    assert len(letter) == signs
    for shift in range(6):
        for block in lines("x" * shift + letter * 40):
            for line in block:
                assert unicodedata.category(line[0])[0] != "M"
                assert line[0] not in "\u200d\U0001f3fd" and line[-1] != "\u200d"


def test_a_letter_of_endless_signs_is_cut() -> None:
    """The limit of a line holds even where there is no place to cut."""
    shown = lines("a" + "\u0301" * 100)
    assert [len(line) for block in shown for line in block] == [42, 42, 17]


def test_letters_are_counted() -> None:
    """Each block says which letters of the text it holds, blanks left out."""
    text = "ab cd " * 40
    first, *others = blocks(text)
    assert first.start == 0
    end = first.end
    for block in others:
        assert block.start == end
        end = block.end
    assert end == len(text.replace(" ", ""))
    assert all(
        len("".join(block.lines).replace(" ", "")) == block.end - block.start
        for block in [first, *others]
    )


LETTERS = st.sampled_from("ab,. 𝒳e\u0301漢字、「」ーっ한שלم👩\u200d🚀ก็")


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(max_size=400), st.text(LETTERS, max_size=400)))
def test_whatever_the_text(text: str) -> None:
    """No block has more than two lines, no line is too wide or empty, and every letter is there."""
    shown = blocks(text)
    for block in shown:
        assert 1 <= len(block.lines) <= 2
        assert all(0 < columns(line) <= LINE_COLUMNS for line in block.lines)
        assert all(line == line.strip() for line in block.lines)
    letters = "".join(line for block in shown for line in block.lines)
    assert "".join(letters.split()) == "".join(text.split())


@settings(deadline=None, max_examples=100)
@given(st.lists(st.text("abcé", min_size=1, max_size=42), min_size=1, max_size=60))
def test_words_that_fit_are_never_cut(words: List[str]) -> None:
    """Read line by line, the text has the words that it had, and single blanks between."""
    shown = [line for block in blocks(" ".join(words)) for line in block.lines]
    assert " ".join(shown).split(" ") == words
    assert not any(re.search("  ", line) for line in shown)
