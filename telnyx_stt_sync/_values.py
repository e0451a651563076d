"""What a value is, whatever it is given for: the plain one in it, a number, a text to show."""

from __future__ import annotations

import math
from typing import Any

# An error shows so many characters of a value.
_SHOWN = 200


def plain(value: Any) -> Any:
    """The str, int or float that an enum member or another subclass of these holds.

    What ``str()`` gives of an enum member is its name, and may depend on the Python version.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__int__(value)
    if isinstance(value, float):
        return float.__float__(value)
    return value


def shown(value: object) -> str:
    """The ``repr`` of a value for a message; of a long one, the beginning."""
    try:
        text = repr(value)
    except ValueError:  # Python turns no int of thousands of digits into text
        return "an int of thousands of digits"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def is_number(value: object) -> bool:
    """Whether it is an int or a float, finite, and not a bool."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an int larger than any float
        return False


def is_unbounded(value: object) -> bool:
    """Whether it is infinity."""
    return isinstance(value, float) and value == math.inf


def is_whole(value: object) -> bool:
    """Whether it is an int, and not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)
