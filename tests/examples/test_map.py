"""``examples/README.md`` is the map: every example is on it, with the command that it prints."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, List

import pytest

from tests.examples.house import EXAMPLES

# Where the docstring of an example that is a folder stands.
ENTRANCES = {"flask_live_captions": "app.py", "django_app": "manage.py"}


def rows() -> Dict[str, List[str]]:
    """By the name of the example: the commands of its row."""
    found = {}
    for line in (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines():
        match = re.match(r"\| [^|]+ \| `([\w.]+)/?`[^|]* \| `(.+)` \|$", line)
        if match:
            found[match[1]] = match[2].split(" && ")
    return found


def examples() -> List[str]:
    """The names of all that is there."""
    return sorted(
        path.name
        for path in EXAMPLES.iterdir()
        if path.suffix == ".py" or (path.is_dir() and not path.name.startswith(("_", ".")))
    )


def test_all_are_on_the_map() -> None:
    """Each example has a row, and no row is without its example."""
    assert sorted(rows()) == examples()


@pytest.mark.parametrize("name", examples())
def test_the_command(name: str) -> None:
    """The command of the row is the one at the top of the example."""
    path = EXAMPLES / name
    text = (path / ENTRANCES[name] if path.is_dir() else path).read_text(encoding="utf-8")
    for command in rows()[name]:
        assert re.search(rf"(?<![\w-]){re.escape(command)}(?!\S)", text), command


def test_links_of_the_tests() -> None:
    """Every rule of the main README's "In your program" names tests that are there."""
    table = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", table)
    assert len(named) > 10
    for file, test in named:
        assert f"def {test}(" in (EXAMPLES.parent / file).read_text(encoding="utf-8"), (file, test)
