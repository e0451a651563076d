"""What every test may rely on: time limits, real recordings, and a clean house afterwards."""

from __future__ import annotations

import gc
import json
import os
import signal
import threading
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set

import pytest

pytest_plugins = ["pytester", "telnyx_stt_sync.emulator.pytest_plugin"]

# Kinds of time in tests, in seconds, stretched by TELNYX_STT_TEST_SLOWNESS on a slow machine:
# LIMIT is a wait for something that is sure to come; reaching it is a failure.
SLOWNESS = float(os.environ.get("TELNYX_STT_TEST_SLOWNESS", "1"))
LIMIT = 20.0 * SLOWNESS


# A shell that starts a job in the background has it ignore Ctrl-C, and all its children: here
# tests would wait for ever for what they interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def limit() -> float:
    """Seconds to wait for something that is sure to come."""
    return LIMIT


@pytest.fixture(autouse=True)
def no_key_and_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own settings do not reach the tests."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("TELNYX_API_KEY", "TELNYX_STT_URL"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """After each test there is no thread, no descriptor and no child process more than before."""
    threads_before = set(threading.enumerate())
    descriptors_before = _descriptors()
    yield
    left = [thread for thread in threading.enumerate() if thread not in threads_before]
    for thread in left:
        thread.join(LIMIT)
    left = [thread for thread in left if thread.is_alive()]
    assert not left, f"threads left behind: {left}"
    if _descriptors() - descriptors_before:
        # Perhaps only in a cycle that waits to be collected; every time would cost minutes.
        gc.collect()
    extra = _descriptors() - descriptors_before
    assert not extra, f"descriptors left behind: {extra}"


def _descriptors() -> Set[str]:
    """Open sockets and pipes by the kernel's names for them; nothing where /proc is not there."""
    kinds = ("socket:", "pipe:")
    names: Set[str] = set()
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        return names
    for entry in folder.iterdir():
        try:
            target = os.readlink(entry)
        except OSError:  # the descriptor that listed the folder
            continue
        if target.startswith(kinds):
            names.add(target)
    return names


@pytest.fixture(scope="session")
def recordings() -> Recordings:
    """Real speech with its texts, from the folder that TELNYX_STT_TEST_AUDIO names."""
    folder = os.environ.get("TELNYX_STT_TEST_AUDIO")
    if not folder:
        pytest.skip("TELNYX_STT_TEST_AUDIO does not name the folder with the real recordings")
    return Recordings(Path(folder))


class Recordings:
    """The recordings of one folder and its ``manifest.json``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: List[Dict[str, Any]] = json.loads((folder / "manifest.json").read_text())

    def path(self, name: str) -> Path:
        """The file of that name."""
        return self.folder / name
