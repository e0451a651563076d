"""The latch: set once, waited for by any number of threads, and never left locked."""

from __future__ import annotations

import sys
import threading
import time
from types import FrameType
from typing import List, Optional

import pytest

from telnyx_stt_sync._latch import Latch
from tests.unit.alarms import alarms


def test_not_set() -> None:
    """It is not set at first, and a wait for it ends after its time."""
    latch = Latch()
    assert not latch.is_set()
    assert not latch.wait(0.0)
    assert not latch.wait(0.01)


def test_set() -> None:
    """Once it is set it stays so, however often it is set and waited for."""
    latch = Latch()
    latch.set()
    latch.set()
    assert latch.is_set() and latch.wait(0.0) and latch.wait(20.0)


def test_everybody_is_woken(limit: float) -> None:
    """Whoever waits is woken at once, not only the first."""
    latch = Latch()
    woken: List[bool] = []
    threads = [threading.Thread(target=lambda: woken.append(latch.wait(limit))) for _ in range(5)]
    for thread in threads:
        thread.start()
    time.sleep(0.02)
    started = time.monotonic()
    latch.set()
    for thread in threads:
        thread.join()
    assert woken == [True] * 5
    assert time.monotonic() - started < limit / 2


@pytest.mark.skipif(sys.platform == "win32", reason="no timers that raise signals")
def test_waits_that_are_interrupted() -> None:
    """A signal handler that raises, wherever in a wait, leaves nothing locked."""

    class Limit(Exception):
        pass

    def handler(number: int, frame: Optional[FrameType]) -> None:
        # Anywhere else an exception would hit pytest.
        code = None if frame is None else frame.f_code
        if code and "_latch" in code.co_filename and code.co_name in ("wait", "set"):
            raise Limit

    interrupted = 0
    with alarms(handler):
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            latch = Latch()
            try:
                for _ in range(20):
                    latch.wait(0.0)
                latch.wait(0.002)
            except Limit:
                interrupted += 1
            setter = threading.Thread(target=latch.set, daemon=True)
            setter.start()
            setter.join(5.0)
            assert latch.is_set() and not setter.is_alive()
    assert interrupted
