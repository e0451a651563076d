"""The benchmarks run, with sizes that say nothing about speed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, List

import pytest

from tests.benchmarks.__main__ import ROWS, main
from tests.benchmarks.bench import SMOKE, Bench
from tests.benchmarks.contenders import CONTENDERS
from tests.benchmarks.peer import peer
from tests.benchmarks.table import (
    OURS,
    Row,
    Series,
    Target,
    at_least,
    at_most,
    chart,
    each_at_most,
    flat,
    linear,
    markdown,
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads sizes from /proc")
@pytest.mark.parametrize("name", ROWS)
def test_each_row(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each gives a figure of ours and, where they can do it, of those others that are installed."""
    rows = main(["--smoke", name])
    assert rows
    for row in rows:
        assert OURS in row.figures
    # Sessions run on a clock of their own, which the others do not have.
    assert ("websocket-client" in rows[0].figures) == (name != "sessions")
    assert "| " + rows[0].name in capsys.readouterr().out


@pytest.mark.parametrize(("name", "runs"), [(OURS, 1), ("websockets", 3)])
def test_a_run_that_hangs(name: str, runs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of another is tried again, ours never."""
    limits: List[float] = []

    def hang(command: List[str], timeout: float, **options: Any) -> None:
        limits.append(timeout)
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(subprocess, "run", hang)
    with peer() as server, pytest.raises(subprocess.TimeoutExpired):
        Bench(SMOKE, server, "").task("cpu", "/live")(name)
    assert limits == [60.0] * runs


ROW = Row("row", "s", {OURS: 3.0, "websocket-client": 2.0}, at_most(1.5), "note")


def test_table() -> None:
    """A line has our figure, those of the others with the ratio, and whether that is enough."""
    line = markdown([ROW]).splitlines()[-1]
    assert line == "| row, s (note) | 3 | – | 2 (1.50 ×) | – | – | ≤ 1.5 × websocket-client | yes |"
    assert len(markdown([ROW]).splitlines()[0].split("|")) == len(CONTENDERS) + 5


@pytest.mark.parametrize(
    ("target", "reached"),
    [(at_most(1.4), "no"), (at_least(1.5), "yes"), (at_least(1.6), "no"), (None, ""),
     (at_most(1.0, "telnyx SDK"), "?")],
)  # fmt: skip
def test_targets(target: Target, reached: str) -> None:
    """Reached, missed, not set, or nobody to compare with."""
    line = markdown([ROW._replace(target=target)]).splitlines()[-1]
    assert line.endswith(f"| {reached} |")


SERIES = Series("series", "s", {OURS: [3.0, 3.3, 9.0], "websocket-client": [1.0, 1.0, 1.0]})


def test_series() -> None:
    """A line has a figure for each size, and no ratio."""
    line = markdown([SERIES]).splitlines()[-1]
    assert line == "| series, s | 3 / 3.3 / 9 | – | 1 / 1 / 1 | – | – |  |  |"


@pytest.mark.parametrize(
    ("target", "reached"),
    [(linear(3.0), "yes"), (linear(2.9), "no"), (flat(6.0, "s"), "yes"), (flat(5.9, "s"), "no"),
     (each_at_most(3.3, "s", slice(2)), "yes"), (each_at_most(3.3, "s", slice(1, None)), "no")],
)  # fmt: skip
def test_targets_of_series(target: Target, reached: str) -> None:
    """What grows too fast, or is too much at one of the sizes, does not reach it."""
    assert target.reached(SERIES.figures) == reached


def test_chart(tmp_path: Path) -> None:
    """A picture is drawn."""
    pytest.importorskip("matplotlib")
    path = tmp_path / "chart.png"
    chart([ROW, ROW._replace(name="other"), SERIES], str(path))
    assert path.read_bytes().startswith(b"\x89PNG")
