"""The chaos of ``chaos.py``, a little of it: real sockets, real threads, plain and TLS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.faults.chaos import KINDS, run


def test_streams_that_are_cut() -> None:
    """Streams that are cut three times at random lose no word and repeat none."""
    with ThreadPoolExecutor(2 * len(KINDS)) as pool:
        runs = [
            pool.submit(run, seed, kind, seconds_per_word=0.06, tls=bool(seed % 2))
            for seed in (1, 2)
            for kind in KINDS
        ]
        reports = [one.result() for one in runs]
    assert [report for report in reports if not report.is_whole] == []
    assert all(len(report.known_at_cuts) == 3 for report in reports)
    assert all(known > 0 for report in reports for known in report.known_at_cuts)
