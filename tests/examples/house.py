"""What the examples' tests need, and what it means if it is not there."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

# Set where everything has to be there: then nothing may be skipped.
REQUIRED = bool(os.environ.get("TELNYX_STT_TEST_ALL_EXAMPLES"))


def module(name: str) -> Any:
    """A module of the extra ``examples``; without it the tests that ask are skipped by its name."""
    try:
        return importlib.import_module(name)
    except ImportError:
        _missing(f"the module {name} (extra `examples`)")


def program(*names: str) -> str:
    """The path of the first of these programs that is there; without any the tests are skipped.

    What pip has put beside this Python counts, wherever the shell looks.
    """
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    for name in names:
        path = shutil.which(name, path=places)
        if path is not None:
            return path
    _missing(f"the program {names[0]}")


def _missing(what: str) -> NoReturn:
    if REQUIRED:
        pytest.fail(f"{what} is missing, and TELNYX_STT_TEST_ALL_EXAMPLES is set")
    pytest.skip(f"needs {what}")
