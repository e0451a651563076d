"""The benchmarks run, with sizes that say nothing about speed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import ROWS, main
from tests.benchmarks.contenders import CONTENDERS
from tests.benchmarks.table import OURS, Row, Target, at_least, at_most, chart, markdown

# What a slow link should do; and memory, when a stream finds room that others have left.
MAY_BE_ZERO = (
    "reconnects",
    "audio dropped",
    "memory of each stream as it begins",
    "memory of each stream at the end, what it keeps included",
    "memory that it adds",
)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads sizes from /proc")
@pytest.mark.parametrize("name", ROWS)
def test_each_row(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each gives a figure of ours and, where they can do it, of those others that are installed."""
    rows = main(["--smoke", name])
    assert rows
    for row in rows:
        assert row.figures[OURS] > 0 or row.name in MAY_BE_ZERO
    # Sessions run on a clock of their own, which the others do not have.
    assert all("websocket-client" in row.figures for row in rows[:1]) != (name == "sessions")
    assert "| " + rows[0].name in capsys.readouterr().out


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
    assert ROW._replace(target=target).reached == reached


def test_chart(tmp_path: Path) -> None:
    """A picture is drawn."""
    pytest.importorskip("matplotlib")
    path = tmp_path / "chart.png"
    chart([ROW, ROW._replace(name="other")], str(path))
    assert path.read_bytes().startswith(b"\x89PNG")
