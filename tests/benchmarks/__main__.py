"""All benchmarks in one run: ``python -m tests.benchmarks``; the extra ``bench`` has the others.

``--smoke`` takes sizes that show only that everything runs; a figure of such a run means nothing.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import warnings
from typing import Callable, Dict, Iterator, List, Optional, Sequence

from tests.benchmarks import growth, links, one_stream
from tests.benchmarks.bench import SMOKE, Bench, Sizes
from tests.benchmarks.contenders import CONTENDERS, NEEDS
from tests.benchmarks.machine import machine
from tests.benchmarks.peer import peer
from tests.benchmarks.table import Line, chart, facts, markdown

ROWS: Dict[str, Callable[[Bench], Iterator[Line]]] = {
    measure.__name__: measure
    for measure in (
        one_stream.startup,
        one_stream.ending,
        one_stream.latency,
        one_stream.sending,
        one_stream.processor,
        one_stream.upload,
        growth.streams,
        growth.files,
        growth.sessions,
        links.links,
    )
}


def main(arguments: Optional[Sequence[str]] = None) -> List[Line]:
    """Measure, print the table, draw the chart."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", help=f"only these: {', '.join(ROWS)}")
    parser.add_argument("--smoke", action="store_true", help="only see whether it runs")
    parser.add_argument(
        "--stream-runs",
        type=int,
        metavar="N",
        default=Sizes().stream_runs,
        help="so many runs of the measurements that take a minute each (%(default)s)",
    )
    parser.add_argument("--chart", metavar="FILE", help="draw the ratios as a PNG")
    args = parser.parse_args(arguments)
    contenders = [name for name in CONTENDERS if importlib.util.find_spec(NEEDS[name])]
    for name in sorted(set(CONTENDERS) - set(contenders)):
        print(f"not measured, because {NEEDS[name]} is not installed: {name}", file=sys.stderr)
    rows: List[Line] = []
    with tempfile.TemporaryDirectory() as folder:
        certificate = os.path.join(folder, "certificate.pem")
        _make_certificate(certificate)
        with peer(certificate) as server:
            sizes = SMOKE if args.smoke else Sizes(stream_runs=args.stream_runs)
            bench = Bench(sizes, server, certificate, contenders)
            for name in args.rows or ROWS:
                for row in ROWS[name](bench):
                    rows.append(row)
                    print(f"{row.name} {row.note}: {row.figures}", file=sys.stderr)
    print(facts(machine()), markdown(rows), sep="\n\n")
    if args.chart:
        chart(rows, args.chart)
    return rows


def _make_certificate(path: str) -> None:
    """A certificate for localhost that trusts itself, its key, and its authority."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it is built on bids Python 3.8 farewell
        import trustme

    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(path)
    authority.cert_pem.write_to_path(path, append=True)


if __name__ == "__main__":
    main()
