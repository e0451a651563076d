"""What an engine is like stands in the table, so nobody else asks for its name."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Dict, Iterator, List, Set

import telnyx_stt_sync
from telnyx_stt_sync._engines import ENGINES

PACKAGE = Path(telnyx_stt_sync.__file__).parent
TABLE = PACKAGE / "_engines.py"
# Without those that are plain words as well, such as "default".
MODELS = {
    model
    for engine in ENGINES.values()
    for model in engine.models
    if engine.variants or not model.isalpha()
}

# The company's name is in many a text; an engine it is only where it stands alone.
NAMES = re.compile(rf"\b(?:{'|'.join(sorted(set(ENGINES) - {'Telnyx'}))}|Flux)\b")

# Where a name may stand, and why.
ALLOWED: Dict[str, Set[str]] = {
    # help() and editors show the default of an option as it is written in the signature.
    "_transcriber.py": {"Deepgram"},
    "_options.py": {"Deepgram"},
}


def texts(path: Path) -> Iterator[str]:
    """Every text in a module's code; docstrings and comments are none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings:
                yield node.value


def names_in(text: str) -> Set[str]:
    """The engines and models that a text names."""
    found = {text} & (MODELS | {"Telnyx"})
    return found | set(NAMES.findall(text))


def test_only_the_table_names_engines() -> None:
    """No module but the table holds the name of an engine or a model."""
    named: Dict[str, List[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        found = set().union(*map(names_in, texts(path)))
        where = path.relative_to(PACKAGE).as_posix()
        if path != TABLE and found - ALLOWED.get(where, set()):
            named[where] = sorted(found)
    assert named == {}


def test_names_are_found() -> None:
    """The search sees the names in the table, and those that are allowed are there."""
    assert set().union(*map(names_in, texts(TABLE))) >= set(ENGINES) | MODELS
    for where, names in ALLOWED.items():
        assert set().union(*map(names_in, texts(PACKAGE / where))) == names


def test_the_default_engine() -> None:
    """The default that is written out is the first of the table."""
    assert {"Deepgram"} == set().union(*ALLOWED.values()) == {next(iter(ENGINES))}
