"""Rows of figures, and how they are shown: as a Markdown table and as a chart."""

from __future__ import annotations

import statistics
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence

from tests.benchmarks.contenders import CONTENDERS

OURS = "telnyx_stt_sync"
BARE = "websocket-client"
SDK = "telnyx SDK"


class Target(NamedTuple):
    """What is to be reached: ``rule`` in words, ``check`` with the figures by contender."""

    rule: str
    check: Callable[[Dict[str, float]], bool]


class Row(NamedTuple):
    """One line: the median of each contender's samples."""

    name: str
    unit: str
    figures: Dict[str, float]
    target: Optional[Target] = None
    note: str = ""

    @property
    def reached(self) -> str:
        """Whether the target is reached, for a reader."""
        if self.target is None:
            return ""
        try:
            return "yes" if self.target.check(self.figures) else "no"
        except KeyError:
            return "?"


def at_most(limit: float, of: str = BARE) -> Target:
    """At most so many times what the other needs."""
    return Target(f"≤ {limit:g} × {of}", lambda figures: figures[OURS] <= limit * figures[of])


def at_least(limit: float, of: str = BARE) -> Target:
    """At least so many times what the other does."""
    return Target(f"≥ {limit:g} × {of}", lambda figures: figures[OURS] >= limit * figures[of])


def under(limit: float, unit: str) -> Target:
    """No more than so much."""
    return Target(f"≤ {limit:g} {unit}", lambda figures: figures[OURS] <= limit)


def all_of(*targets: Target) -> Target:
    """Several at once."""
    return Target(
        ", ".join(target.rule for target in targets),
        lambda figures: all([target.check(figures) for target in targets]),
    )


def interleaved(
    runs: int, contenders: Sequence[str], measure: Callable[[str], float]
) -> Dict[str, float]:
    """The medians of so many measurements each, taken in turn."""
    facts = interleaved_facts(runs, contenders, lambda name: {"": measure(name)})
    return facts[""]


def interleaved_facts(
    runs: int, contenders: Sequence[str], measure: Callable[[str], Dict[str, float]]
) -> Dict[str, Dict[str, float]]:
    """The same for measurements that give several figures by name: for each its medians."""
    samples: Dict[str, List[Dict[str, float]]] = {name: [] for name in contenders}
    for _ in range(runs):
        for name, taken in samples.items():
            taken.append(measure(name))
    return by_fact({name: medians(taken) for name, taken in samples.items()})


def by_fact(figures: Dict[str, Dict[str, float]]) -> Dict[str, Dict[str, float]]:
    """Facts by contender → contenders by fact, in the order of the facts."""
    facts = {fact: None for of_one in figures.values() for fact in of_one}
    return {
        fact: {name: of_one[fact] for name, of_one in figures.items() if fact in of_one}
        for fact in facts
    }


def medians(samples: Sequence[Dict[str, float]]) -> Dict[str, float]:
    """Of each figure the median of all samples."""
    return {name: statistics.median(sample[name] for sample in samples) for name in samples[0]}


def markdown(rows: Sequence[Row]) -> str:
    """The table."""
    names = list(CONTENDERS)
    lines = [
        f"| | {' | '.join(names)} | to reach | reached |",
        f"|---|{'---:|' * len(names)}---|---|",
    ]
    for row in rows:
        cells = [_figure(row, name) for name in names]
        name = f"{row.name}, {row.unit}" + (f" ({row.note})" if row.note else "")
        rule = row.target.rule if row.target else ""
        lines.append(f"| {name} | {' | '.join(cells)} | {rule} | {row.reached} |")
    return "\n".join(lines)


def _figure(row: Row, name: str) -> str:
    value = row.figures.get(name)
    if value is None:
        return "–"
    ours = row.figures.get(OURS)
    shown = f"{value:.3g}" if value < 1000 else f"{value:.0f}"
    return shown if name == OURS or not ours or not value else f"{shown} ({ours / value:.2f} ×)"


def chart(rows: Sequence[Row], path: str) -> None:
    """Our figure over each other contender's, row by row, as a PNG; needs matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    others = [name for name in CONTENDERS if name != OURS]
    compared = [row for row in rows if any(name in row.figures for name in others)]
    figure, axes = pyplot.subplots(figsize=(9, 0.55 * len(compared) + 1.5))
    height = 0.8 / len(others)
    for index, other in enumerate(others):
        places: List[float] = []
        ratios: List[float] = []
        for place, row in enumerate(compared):
            if row.figures.get(other):
                places.append(place + (index - len(others) / 2) * height)
                ratios.append(row.figures[OURS] / row.figures[other])
        axes.barh(places, ratios, height, label=other)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_yticks(range(len(compared)))
    axes.set_yticklabels([f"{row.name} [{row.unit}]" for row in compared], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(f"{OURS} ÷ other")
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def facts(values: Dict[str, Any]) -> str:
    """Name and value, a line each."""
    return "\n".join(f"- {name}: {value}" for name, value in values.items())
