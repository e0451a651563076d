"""A fixture that lets code under test talk to the emulator in place of the service.

In ``conftest.py``::

    pytest_plugins = ["telnyx_stt_sync.emulator.pytest_plugin"]

In a test::

    @pytest.mark.telnyx_stt_emulator(transcripts=["hello world"], faults=["slow_finals=1"])
    def test_greeting(telnyx_stt_emulator):
        assert greeting_of("call.wav") == "hello world"
        assert telnyx_stt_emulator.sessions[0].query["language"] == "en"

The marker takes what ``Emulator`` takes; without it, the defaults apply.
"""

from __future__ import annotations

from typing import Any, Dict, Iterator

import pytest

from ._emulator import Emulator

MARKER = "telnyx_stt_emulator"
DEFAULT_KEY = "emulator-key"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, so that ``--strict-markers`` knows it."""
    config.addinivalue_line(
        "markers", f"{MARKER}(**options): arguments of the telnyx_stt_emulator fixture's Emulator"
    )


@pytest.fixture
def telnyx_stt_emulator(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Emulator]:
    """A running ``Emulator``, new for each test.

    For the time of the test ``TELNYX_STT_URL`` and ``TELNYX_API_KEY`` lead to
    it, so that a ``Transcriber()`` without arguments uses it. (With
    ``tls=True`` the code under test needs its ``ssl_context`` too.)
    """
    options = _options(request)
    with Emulator(**options) as emulator:
        monkeypatch.setenv("TELNYX_STT_URL", emulator.url)
        monkeypatch.setenv("TELNYX_API_KEY", options.get("api_key") or DEFAULT_KEY)
        yield emulator


def _options(request: pytest.FixtureRequest) -> Dict[str, Any]:
    """The markers' arguments; the one nearest to the test decides where two say the same."""
    options: Dict[str, Any] = {}
    for marker in request.node.iter_markers(MARKER):
        if marker.args:
            raise pytest.UsageError(f"@pytest.mark.{MARKER} takes keyword arguments only")
        options = {**marker.kwargs, **options}
    return options
