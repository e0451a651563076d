"""``mypy --strict`` in a user's project accepts right uses of the package and finds wrong ones."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

USES = Path(__file__).with_name("typed_uses.py")
ROOT = Path(__file__).parents[2]

# File → line → what mypy has to say there.
Errors = Dict[str, Dict[int, List[str]]]


def snippets() -> List[str]:
    """The Python code of the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", readme, re.S)


def expected() -> Dict[int, str]:
    """Line of ``typed_uses.py`` → what mypy has to say there."""
    lines = enumerate(USES.read_text(encoding="utf-8").splitlines(), 1)
    found = ((number, line.partition("# E: ")[2]) for number, line in lines)
    return {number: message for number, message in found if message}


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Errors:
    """The errors that mypy reports in ``uses.py`` and in the README's code, ``readme0.py`` ….

    One run for all of it: most of its time goes into the libraries.
    """
    pytest.importorskip("mypy", reason="mypy is not there for this Python")
    folder = tmp_path_factory.mktemp("project")
    files = {"uses.py": USES.read_text(encoding="utf-8")}
    files.update({f"readme{number}.py": code for number, code in enumerate(snippets())})
    for name, code in files.items():
        (folder / name).write_text(code, encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file=",
            "--cache-dir=cache",
            *files,
        ],
        cwd=folder,
        env=dict(os.environ, MYPYPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stderr == ""
    errors: Errors = {}
    for file, number, message in re.findall(r"^(\S+?):(\d+): error: (.*)$", done.stdout, re.M):
        assert file in files, f"an error in the package itself: {message}"
        errors.setdefault(file, {}).setdefault(int(number), []).append(message)
    return errors


def test_right_and_wrong_uses(reported: Errors) -> None:
    """Each wrong use is an error on its line that names the argument; right ones are none."""
    errors = reported["uses.py"]
    assert sorted(errors) == sorted(expected())
    for number, pattern in expected().items():
        assert re.search(pattern, " ".join(errors[number])), (pattern, errors[number])


@pytest.mark.parametrize("number", range(len(snippets())))
def test_the_code_of_the_readme(number: int, reported: Errors) -> None:
    """What the README shows has no error, so nobody who copies it starts with one."""
    assert reported.get(f"readme{number}.py", {}) == {}
