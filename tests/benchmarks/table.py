"""Rows of figures, and how they are shown: as a Markdown table and as a chart."""

from __future__ import annotations

import statistics
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Union

from tests.benchmarks.contenders import CONTENDERS

OURS = "telnyx_stt_sync"
BARE = "websocket-client"
SDK = "telnyx SDK"


class Target(NamedTuple):
    """What is to be reached: ``rule`` in words, ``check`` with the figures by contender."""

    rule: str
    check: Callable[[Dict[str, Any]], bool]

    def reached(self, figures: Dict[str, Any]) -> str:
        """Whether it is reached, for a reader."""
        try:
            return "yes" if self.check(figures) else "no"
        except KeyError:
            return "?"


class Row(NamedTuple):
    """One line: the median of each contender's samples."""

    name: str
    unit: str
    figures: Dict[str, float]
    target: Optional[Target] = None
    note: str = ""

    def cell(self, contender: str) -> str:
        """What stands under the contender."""
        value, ours = self.figures.get(contender), self.figures.get(OURS)
        if value is None:
            return "–"
        if contender == OURS or not ours or not value:
            return _shown(value)
        return f"{_shown(value)} ({ours / value:.2f} ×)"


class Series(NamedTuple):
    """One line of several medians of each contender: one for each size, which ``note`` names."""

    name: str
    unit: str
    figures: Dict[str, List[float]]
    target: Optional[Target] = None
    note: str = ""

    def cell(self, contender: str) -> str:
        """What stands under the contender."""
        return " / ".join(map(_shown, self.figures.get(contender, []))) or "–"


Line = Union[Row, Series]


def _shown(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:.0f}"


def at_most(limit: float, of: str = BARE) -> Target:
    """At most so many times what the other needs."""
    return Target(f"≤ {limit:g} × {of}", lambda figures: figures[OURS] <= limit * figures[of])


def at_least(limit: float, of: str = BARE) -> Target:
    """At least so many times what the other does."""
    return Target(f"≥ {limit:g} × {of}", lambda figures: figures[OURS] >= limit * figures[of])


def each_at_most(limit: float, unit: str, sizes: slice) -> Target:
    """At each of these sizes of a series at most so much."""
    return Target(f"≤ {limit:g} {unit}", lambda figures: max(figures[OURS][sizes]) <= limit)


def linear(noise: float) -> Target:
    """At no size of a series more than at the first, but for the noise."""
    return Target(
        f"≤ {noise:g} × the first", lambda figures: max(figures[OURS]) <= noise * figures[OURS][0]
    )


def flat(noise: float, unit: str) -> Target:
    """At no size of a series so much more than at the first."""
    return Target(
        f"≤ the first + {noise:g} {unit}",
        lambda figures: max(figures[OURS]) <= figures[OURS][0] + noise,
    )


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


def series(by_size: Sequence[Dict[str, Dict[str, float]]], fact: str) -> Dict[str, List[float]]:
    """The figures of a fact, size by size, of those contenders who have all."""
    names = by_size[0][fact]
    return {
        name: [facts[fact][name] for facts in by_size]
        for name in names
        if all(name in facts[fact] for facts in by_size)
    }


def markdown(lines: Sequence[Line]) -> str:
    """The table."""
    names = list(CONTENDERS)
    shown = [
        f"| | {' | '.join(names)} | to reach | reached |",
        f"|---|{'---:|' * len(names)}---|---|",
    ]
    for line in lines:
        name = line.name + (f", {line.unit}" if line.unit else "")
        name += f" ({line.note})" if line.note else ""
        cells = [line.cell(name) for name in names]
        target = line.target
        rule, reached = (target.rule, target.reached(line.figures)) if target else ("", "")
        shown.append(f"| {name} | {' | '.join(cells)} | {rule} | {reached} |")
    return "\n".join(shown)


def chart(lines: Sequence[Line], path: str) -> None:
    """What ours costs in what each other contender costs, row by row, as a PNG; with matplotlib."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker

    others = [name for name in CONTENDERS if name != OURS]
    rows = [line for line in lines if isinstance(line, Row)]
    compared = [row for row in rows if any(name in row.figures for name in others)]
    figure, axes = pyplot.subplots(figsize=(9, 0.5 * len(compared) + 1.5))
    height = 0.8 / len(others)
    for index, other in enumerate(others):
        places: List[float] = []
        beyond: List[float] = []
        for place, row in enumerate(compared):
            if row.figures.get(other):
                places.append(place + (index - (len(others) - 1) / 2) * height)
                beyond.append(_cost(row, other) - 1.0)
        axes.barh(places, beyond, height, left=1.0, label=f"against {other}")
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(ticker.FixedLocator([0.05, 0.1, 0.2, 0.5, 1, 2, 4]))
    axes.xaxis.set_major_formatter(ticker.FormatStrFormatter("%g ×"))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.grid(axis="x", linewidth=0.3)
    axes.set_yticks(range(len(compared)))
    axes.set_yticklabels([f"{row.name}, {row.note}".rstrip(", ") for row in compared], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel(f"what {OURS} needs: to the left of 1 less, to the right more")
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _cost(row: Row, other: str) -> float:
    """How much more of it ours needs than the other; of a speed, the other way round."""
    ratio = row.figures[OURS] / row.figures[other]
    return 1.0 / ratio if row.unit.endswith("/s") else ratio


def facts(values: Dict[str, Any]) -> str:
    """Name and value, a line each."""
    return "\n".join(f"- {name}: {value}" for name, value in values.items())
