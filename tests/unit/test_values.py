"""What a value is, whatever it is given for."""

from __future__ import annotations

import enum
import math
from typing import Any

import pytest

from telnyx_stt_sync._values import is_number, is_unbounded, is_whole, plain, shown


class Word(str, enum.Enum):
    """A text by name, with a ``str()`` of its own."""

    NOVA = "nova-3"

    def __str__(self) -> str:
        return "a model"


class Number(enum.IntEnum):
    """A number by name."""

    TEN = 10


class Share(float):
    """A number with a conversion of its own."""

    def __float__(self) -> float:
        return 0.0


@pytest.mark.parametrize(
    ("given", "expected"),
    [(Word.NOVA, "nova-3"), (Number.TEN, 10), (Share(0.5), 0.5), ("a", "a"), (1, 1), (0.5, 0.5)],
)
def test_the_plain_value(given: Any, expected: Any) -> None:
    """A subclass of str, int or float gives the value that it holds, whatever it says of itself."""
    value = plain(given)
    assert type(value) is type(expected)
    assert value == expected


@pytest.mark.parametrize("given", [True, False, None, b"a", ["a"], object()])
def test_everything_else_stays(given: Any) -> None:
    """What is no text and no number is left as it is; ``True`` does not become 1."""
    assert plain(given) is given


def test_what_a_message_shows() -> None:
    """A message shows the ``repr``: the beginning of a long one, and also of what has none."""
    assert shown("\udc80") == r"'\udc80'"
    assert shown("x" * 198) == repr("x" * 198)
    assert shown("x" * 199) == f"'{'x' * 199}…"
    assert len(shown(10**5000)) <= 201
    assert len(shown([-(10**5000)])) <= 201


def test_what_a_number_is() -> None:
    """A number is finite as a float, and neither a bool nor a text."""
    assert all(map(is_number, (0, -1, 0.5, 10**308, Number.TEN)))
    assert not any(map(is_number, (True, None, "1", 1j, math.nan, math.inf, 10**309)))
    assert is_unbounded(math.inf)
    assert not any(map(is_unbounded, (-math.inf, math.nan, 10**400, None, True)))
    assert is_whole(10**400) and is_whole(Number.TEN)
    assert not is_whole(True) and not is_whole(1.0)
