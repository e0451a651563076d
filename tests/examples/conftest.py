"""What the examples' tests share: the extra that they need, and a browser with a microphone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Iterator

import pytest

from tests.examples import house
from tests.examples.captions_page import MICROPHONE, find_app, find_chromium
from tests.examples.chromium import Chromium

# What needs none of the frameworks.
FOR_ALL = ("test_house", "test_map")


@pytest.fixture(autouse=True)
def extra_is_installed(request: pytest.FixtureRequest) -> None:
    """Without the extra ``examples`` all is skipped, also what could do without."""
    if request.path.stem not in FOR_ALL:
        house.module("flask")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """A browser that plays the recording to every page that may use the microphone."""
    find_app()
    program = find_chromium()
    profile = tmp_path_factory.mktemp("chromium")
    with Chromium(program, profile, ["--use-fake-ui-for-media-stream", *MICROPHONE]) as browser:
        yield browser


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where the tests leave what the page looks like."""
    folder = Path(os.environ.get("TELNYX_STT_TEST_PICTURES", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """What the server of the page says."""
    return tmp_path / "server.log"
