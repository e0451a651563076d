"""What is missing is told by name: as a skip, or as a failure where everything has to be there."""

from __future__ import annotations

import pytest

from tests.examples import house


@pytest.mark.parametrize("required", [False, True])
def test_what_is_missing(required: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A skip hides nothing in the project's own check."""
    monkeypatch.setattr(house, "REQUIRED", required)
    outcome = pytest.fail.Exception if required else pytest.skip.Exception
    with pytest.raises(outcome, match="no_such_module"):
        house.module("no_such_module")
    with pytest.raises(outcome, match="no-such-program"):
        house.program("no-such-program", "nor-this")


def test_what_is_there() -> None:
    """Modules and programs that are there are given."""
    assert house.module("json").__name__ == "json"
    assert house.program("no-such-program", "python3").endswith("python3")
