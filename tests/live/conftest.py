"""A key of the user's, a notebook for what is seen, and where it lies in the end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator, List

import pytest

from tests.live.notebook import Notebook
from tests.live.recorder import Recorder

# Read before the fixtures of the other tests take them away.
KEY = os.environ.get("TELNYX_API_KEY", "")
URL = os.environ.get("TELNYX_STT_URL", "")
PROXIES = {name: os.environ[name] for name in os.environ if name.lower().endswith("_proxy")}
FOLDER = os.environ.get("TELNYX_STT_LIVE_FOLDER", "")

_notebooks: List[Notebook] = []


@pytest.fixture(scope="session")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    """The notebook of this run."""
    if not KEY:
        pytest.skip("TELNYX_API_KEY is not set: these tests talk to the service")
    folder = Path(FOLDER) if FOLDER else tmp_path_factory.mktemp("live")
    folder.mkdir(parents=True, exist_ok=True)
    made = Notebook(folder, KEY)
    _notebooks.append(made)
    yield made
    made.close()


@pytest.fixture(autouse=True)
def environment(no_key_and_no_proxy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own key, address and proxies are back."""
    for name, value in {"TELNYX_API_KEY": KEY, "TELNYX_STT_URL": URL, **PROXIES}.items():
        if value:
            monkeypatch.setenv(name, value)


@pytest.fixture
def recorder(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """What listens in on the streams of a test."""
    made = Recorder()
    made.install(monkeypatch)
    return made


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was seen, and where the frames are."""
    for each in _notebooks:
        terminalreporter.section("what was seen")
        for line in each.lines():
            terminalreporter.write_line(line)
        terminalreporter.write_line(f"frames and answers: {each.folder}")
