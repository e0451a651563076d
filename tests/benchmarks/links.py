"""Live audio and a file over slow links, which are simulated: see ``relay``."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Dict, Iterator, List, Tuple
from urllib.parse import urlsplit

from tests.benchmarks.bench import Bench
from tests.benchmarks.relay import Link, relay
from tests.benchmarks.table import BARE, OURS, Series, by_fact, medians, series

LINKS = [
    Link("100 ms", 0.1),
    Link("300 ms", 0.3),
    Link("100 ms, 1 % loss", 0.1, loss=0.01),
    Link("100 ms, 64 kbit/s", 0.1, bytes_per_second=8000),
]


def links(bench: Bench) -> Iterator[Series]:
    """What the user of a mobile link sees. All links at once: nearly all of it is waiting."""
    names = bench.of(OURS, BARE)
    cases = [(link, name) for link in LINKS for name in names]
    samples: Dict[Tuple[Link, str], List[Dict[str, float]]] = {case: [] for case in cases}
    with ExitStack() as stack, ThreadPoolExecutor(len(cases)) as pool:
        port = urlsplit(bench.peer.url).port
        assert port is not None
        ports = {link: stack.enter_context(relay(link, port)) for link in LINKS}

        def measure(case: Tuple[Link, str]) -> Dict[str, float]:
            link, name = case
            url = f"ws://127.0.0.1:{ports[link]}/live/0.2/stamps"
            seconds = bench.sizes.link_seconds
            return dict(bench.run(name, "link", url, False, seconds=seconds))

        for _ in range(bench.sizes.runs):
            for case, figures in zip(cases, pool.map(measure, cases)):
                samples[case].append(figures)
    by_size = [by_fact({name: medians(samples[link, name]) for name in names}) for link in LINKS]
    note = "simulated link: " + " / ".join(link.name for link in LINKS)
    for fact in by_size[0]:
        name, _, unit = fact.rpartition(", ")
        yield Series(name, unit, series(by_size, fact), None, note)
