"""A thousand streams in one process: nothing is left of them."""

from __future__ import annotations

import contextlib
import gc
import io
import itertools
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from telnyx_stt_sync import AuthenticationError, ConnectionLostError, Transcriber, Transcript
from telnyx_stt_sync.emulator import word_audio
from tests.embedding.house import descriptors, own_threads
from tests.wire.client import transcriber

ROOT = Path(__file__).resolve().parents[2]

AUDIO = word_audio("one two")

# What the first streams leave for good: caches, modules that are imported late.
WARM_UP = 50

# Blocks of memory that Python may hold more after hundreds of streams than before them; one Stream
# alone is 137. Measured: between -400 and 400.
GROWTH = 2000

SERVE = """
import sys
from telnyx_stt_sync.emulator import Emulator
with Emulator(transcripts=["one two"], faults=sys.argv[1:], record=False) as emulator:
    print(emulator.url, flush=True)
    sys.stdin.read()
"""


@contextlib.contextmanager
def emulator(*faults: str) -> Iterator[str]:
    """The URL of an emulator in another process, whose memory is not ours."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, *faults],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def check_growth(one_stream: Callable[[], None], count: int) -> None:
    """Threads and descriptors are at the baseline after so many streams, and memory is flat."""
    for _ in range(WARM_UP):
        one_stream()
    gc.collect()
    descriptors_before = descriptors()
    blocks_before = sys.getallocatedblocks()
    for _ in range(count - WARM_UP):
        one_stream()
    gc.collect()
    growth = sys.getallocatedblocks() - blocks_before
    assert own_threads() == []
    assert descriptors() == descriptors_before
    assert growth < GROWTH


def file(stt: Transcriber) -> str:
    """The text of a file."""
    return stt.transcribe_file(io.BytesIO(AUDIO), speed=math.inf).text


def live(stt: Transcriber) -> str:
    """The text of a live stream."""
    stt.start()
    stt.send(AUDIO)
    return stt.finish().text


def test_streams_that_go_well() -> None:
    """A thousand files and live streams by turns, on one object, with a callback."""
    heard: List[Transcript] = []
    with emulator() as url:
        stt = transcriber(url, reconnect=True, on_transcript=heard.append)
        turns = itertools.cycle([file, live])

        def one_stream() -> None:
            assert next(turns)(stt) == "one two"
            heard.clear()

        check_growth(one_stream, 1000)


@pytest.mark.parametrize(
    ("fault", "error"),
    [("reset_after=1000", ConnectionLostError), ("unauthorized", AuthenticationError)],
)
def test_streams_that_fail(fault: str, error: type) -> None:
    """The same for two hundred that are reset at once, or refused; each on an object of its own."""
    with emulator(fault) as url:
        turns = itertools.cycle([file, live])

        def one_stream() -> None:
            with pytest.raises(error):
                next(turns)(transcriber(url, on_error=lambda error: None))

        check_growth(one_stream, 200)
