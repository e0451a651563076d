"""Many files inside other people's programs: their end, their forks, and what they keep."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import Any, Dict, Iterator, List

import pytest

from telnyx_stt_sync import FileResult, ForkedProcessError
from telnyx_stt_sync.emulator import word_audio
from tests.embedding.house import SECOND, descriptors, wait_until
from tests.embedding.test_exits import LATE, seconds_to_end
from tests.embedding.test_fork import forks, in_child, in_child_of_multiprocessing
from tests.embedding.test_many_streams import GROWTH, WARM_UP, emulator
from tests.wire.client import SPEECH, recording, transcriber
from tests.wire.peer import Link, Peer
from tests.wire.steps import close, final, read_to_close_stream, read_until_gone

ONE_WORD = [read_to_close_stream(), final("word"), close()]


class OneThenSilence:
    """A peer's script: the first connection is answered, the others are only listened to."""

    def __init__(self) -> None:
        self._numbers = itertools.count()

    def __call__(self, link: Link) -> None:
        for step in [read_until_gone] if next(self._numbers) else ONE_WORD:
            step(link)


# -- the end of the program ---------------------------------------------------------------

FILES = """
import io, itertools
stt = Transcriber(input_format="linear16", sample_rate=16000, connect_spacing=0)
sources = (io.BytesIO(bytes(320000 if number else 3200)) for number in itertools.count())
results = stt.transcribe_files(sources, max_workers=4)
"""

PROGRAMS: Dict[str, str] = {
    "kept": "next(results); come.set()",
    "dropped": "next(results); del results; come.set()",
    "in another thread": (
        "in_the_background(lambda: [come.set() for _ in results])\nassert come.wait(20)"
    ),
    "in a cycle": (
        "class Cycle: pass\n"
        "cycle = Cycle(); cycle.me = cycle; cycle.results = results; del results\n"
        "next(cycle.results); del cycle; come.set()"
    ),
    "files that hang": (
        "import threading\n"
        "class Hang:\n"
        "    def read(self, size):\n"
        "        threading.Event().wait()\n"
        "results = stt.transcribe_files([io.BytesIO(bytes(3200)), Hang()], max_workers=2)\n"
        "next(results); come.set()"
    ),
    "pipes that stall": (
        "import os\n"
        "reader, writer = os.pipe()\n"
        "hang = os.fdopen(reader, 'rb', closefd=False)\n"
        "results = stt.transcribe_files([io.BytesIO(bytes(3200)), hang], max_workers=2)\n"
        "next(results); come.set()"
    ),
    "a callback that sleeps": (
        "results = stt.transcribe_files(sources, on_progress=slept)\n"
        "in_the_background(lambda: next(results))"
    ),
}


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_program_that_forgets_its_results(name: str, tmp_path: Path, limit: float) -> None:
    """A program that does not read all results ends within a second, status 0, silently."""
    with Peer(OneThenSilence()) as peer:
        took = seconds_to_end(FILES + PROGRAMS[name], peer, tmp_path, limit)
        assert took < SECOND + LATE


# -- forks --------------------------------------------------------------------------------


@forks
def test_generator_in_a_child() -> None:
    """A child may not go on with its parent's generator, and harms nothing by trying."""
    go_on = threading.Event()
    numbers = itertools.count()

    def script(link: Link) -> None:
        if next(numbers):
            go_on.wait()
        wait_until(lambda: len(peer.links) >= 3)
        for step in ONE_WORD:
            step(link)

    with Peer(script) as peer:
        stt = transcriber(peer.url)
        results: Any = stt.transcribe_files([recording(SPEECH) for _ in range(6)], max_workers=3)
        next(results)  # while two more are under way, at the least

        def check() -> None:
            with pytest.raises(ForkedProcessError, match="transcribe_files"):
                next(results)
            stt.close()
            gc.collect()

        in_child(check)

        def drop() -> None:
            nonlocal results
            import atexit

            del results
            gc.collect()
            atexit._run_exitfuncs()

        in_child(drop)
        go_on.set()
        texts = [str(result.transcription) for result in results]
    assert texts == ["word"] * 5


@forks
def test_source_that_forks() -> None:
    """A child that is forked inside the sources does not go on with the generator either."""
    parent = os.getpid()
    children: List[int] = []

    def sources() -> Iterator[Any]:
        yield recording(SPEECH)
        with warnings.catch_warnings():
            # From Python 3.12 on a fork beside threads is a warning; that is what this is about.
            warnings.simplefilter("ignore", DeprecationWarning)
            children.append(os.fork())
        if os.getpid() != parent:
            signal.alarm(15)
        yield recording(SPEECH)

    with Peer(*ONE_WORD) as peer:
        try:
            results = list(transcriber(peer.url).transcribe_files(sources()))
        except ForkedProcessError:
            if os.getpid() != parent:
                os._exit(0)
            raise
        finally:
            if os.getpid() != parent:
                os._exit(1)
        assert len(peer.links) == 2
    assert [str(result.transcription) for result in results] == ["word"] * 2
    _, status = os.waitpid(children[0], 0)
    assert status == 0


@forks
@pytest.mark.parametrize("moment", ["before", "after", "meanwhile"])
def test_generator_of_its_own_in_a_child(moment: str, limit: float) -> None:
    """A child transcribes files on an object of its parent's, whatever that has run or runs."""
    silent = (1,) if moment == "meanwhile" else ()
    numbers = itertools.count()

    def script(link: Link) -> None:
        for step in [read_until_gone] if next(numbers) in silent else ONE_WORD:
            step(link)

    with Peer(script) as peer:
        stt = transcriber(peer.url)
        made = stt.transcribe_files([recording(SPEECH)])
        parents = stt.transcribe_files([recording(SPEECH) for _ in range(3)], max_workers=1)
        if moment == "after":
            assert len(list(parents)) == 3
        if moment == "meanwhile":
            next(parents)
            wait_until(lambda: len(peer.links) == 2)

        def check() -> None:
            results = list(stt.transcribe_files([recording(SPEECH) for _ in range(3)]))
            assert [str(result.transcription) for result in results] == ["word"] * 3
            assert str(next(made).transcription) == "word"

        in_child_of_multiprocessing(check, limit)


# -- what is kept -------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["", "reset_after=1000"], ids=["go well", "fail"])
def test_nothing_is_kept(fault: str) -> None:
    """After hundreds of files threads and descriptors are at the baseline, and memory is flat."""
    audio = word_audio("one two")
    with emulator(*filter(None, [fault])) as url:
        stt = transcriber(url)
        files = (recording(audio) for _ in itertools.count())
        results = stt.transcribe_files(files, max_workers=4, speed=float("inf"))

        def take(count: int) -> None:
            for result in itertools.islice(results, count):
                assert isinstance(result, FileResult)
                assert (result.error is None) == (not fault)

        take(WARM_UP)
        gc.collect()
        descriptors_before = descriptors()
        blocks_before = sys.getallocatedblocks()
        take(400)
        gc.collect()
        growth = sys.getallocatedblocks() - blocks_before
        assert growth < GROWTH
        results.close()  # type: ignore[attr-defined]
        after = descriptors()
        assert after is None or descriptors_before is None or after <= descriptors_before


def test_object_that_is_dropped_meanwhile() -> None:
    """The generator goes on when nobody else holds the Transcriber."""
    with Peer(*ONE_WORD) as peer:
        results = transcriber(peer.url).transcribe_files(recording(SPEECH) for _ in range(5))
        gc.collect()
        assert [str(result.transcription) for result in results] == ["word"] * 5
