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


def expected() -> Dict[int, str]:
    """Line → what mypy has to say there."""
    lines = enumerate(USES.read_text(encoding="utf-8").splitlines(), 1)
    found = ((number, line.partition("# E: ")[2]) for number, line in lines)
    return {number: message for number, message in found if message}


def reported(folder: Path) -> Dict[int, List[str]]:
    """Line → the errors that mypy reports there."""
    pytest.importorskip("mypy", reason="mypy is not there for this Python")
    copy = folder / "uses.py"
    copy.write_text(USES.read_text(encoding="utf-8"), encoding="utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--strict",
            "--config-file=",
            "--cache-dir=cache",
            "uses.py",
        ],
        cwd=folder,
        env=dict(os.environ, MYPYPATH=str(ROOT)),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stderr == ""
    errors: Dict[int, List[str]] = {}
    for file, number, message in re.findall(r"^(\S+?):(\d+): error: (.*)$", done.stdout, re.M):
        assert file == "uses.py", f"an error in the package itself: {message}"
        errors.setdefault(int(number), []).append(message)
    return errors


def test_right_and_wrong_uses(tmp_path: Path) -> None:
    """Each wrong use is an error on its line that names the argument; right ones are none."""
    errors = reported(tmp_path)
    assert sorted(errors) == sorted(expected())
    for number, pattern in expected().items():
        assert re.search(pattern, " ".join(errors[number])), (pattern, errors[number])
