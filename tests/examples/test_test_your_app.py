"""``test_your_app.py``: its tests pass, in either way to run them, and notice a broken program."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LIMIT
from tests.examples import house

SOURCE = (house.EXAMPLES / "test_your_app.py").read_text()
PLUGIN = "telnyx_stt_sync.emulator.pytest_plugin"


def run(folder: Path, *options: str) -> str:
    """What pytest says in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(house.EXAMPLES.parent)},
        capture_output=True,
        text=True,
        timeout=3 * LIMIT,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("way", ["conftest.py", "option"])
def test_they_pass(way: str, tmp_path: Path) -> None:
    """With the line in conftest.py, as in a project, and with the option, as in the example."""
    (tmp_path / "test_your_app.py").write_text(SOURCE)
    if way == "conftest.py":
        (tmp_path / "conftest.py").write_text(f'pytest_plugins = ["{PLUGIN}"]\n')
        said = run(tmp_path, "--strict-markers")
    else:
        said = run(tmp_path, "-p", PLUGIN)
    assert "5 passed" in said, said


@pytest.mark.parametrize(
    ("right", "wrong", "fails"),
    [
        ('language="en"', 'language="de"', "test_message"),
        ("RetryPolicy(initial=0.05, max_attempts=2)", "False", "test_lost_connection"),
        (
            "except AuthenticationError:\n        raise",
            "except OSError:\n        raise",
            "test_wrong",
        ),
        ("error.partial.text if error.partial else", "", "test_half_a_message"),
    ],
)
def test_they_fail(right: str, wrong: str, fails: str, tmp_path: Path) -> None:
    """A program that does not do what it should makes one of them fail."""
    assert right in SOURCE
    (tmp_path / "test_your_app.py").write_text(SOURCE.replace(right, wrong))
    said = run(tmp_path, "-p", PLUGIN, "-k", fails)
    assert "1 failed" in said, said
