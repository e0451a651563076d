"""The pytest plugin, in pytest runs of its own."""

from __future__ import annotations

import os

import pytest

CONFTEST = 'pytest_plugins = ["telnyx_stt_sync.emulator.pytest_plugin"]'

# What a user's code does: everything about the service comes from the environment.
CLIENT = """
import inspect, json, os
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

def heard():
    query = "transcription_engine=Deepgram&input_format=linear16&sample_rate=16000"
    options = {"proxy": None} if "proxy" in inspect.signature(connect).parameters else {}
    with connect(
        os.environ["TELNYX_STT_URL"] + "?" + query,
        additional_headers={"Authorization": "Bearer " + os.environ["TELNYX_API_KEY"]},
        **options,
    ) as client:
        finals = []
        try:
            client.send(bytes(9600))
            client.send('{"type": "CloseStream"}')
            while True:
                finals.append(json.loads(client.recv(20))["transcript"])
        except ConnectionClosed as exc:
            return finals, exc.rcvd.code
"""


def run(pytester: pytest.Pytester, tests: str) -> pytest.RunResult:
    """Run tests with the plugin, strictly."""
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(CLIENT + tests)
    return pytester.runpytest_inprocess("--strict-markers", "-W", "error", "-p", "no:cacheprovider")


def test_fixture_points_the_environment_at_an_emulator(pytester: pytest.Pytester) -> None:
    """With the fixture, code that reads the environment talks to the emulator."""
    result = run(
        pytester,
        """
def test_it(telnyx_stt_emulator):
    finals, code = heard()
    assert (len(finals), code) == (2, 1000)
    assert os.environ["TELNYX_STT_URL"] == telnyx_stt_emulator.url
    (session,) = telnyx_stt_emulator.sessions
    assert session.audio == bytes(9600)
""",
    )
    result.assert_outcomes(passed=1)


def test_environment_is_put_back(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the test the environment is what it was."""
    monkeypatch.setenv("TELNYX_STT_URL", "wss://example.org/")
    result = run(pytester, "\ndef test_it(telnyx_stt_emulator): heard()\n")
    result.assert_outcomes(passed=1)
    assert os.environ["TELNYX_STT_URL"] == "wss://example.org/"
    assert "TELNYX_API_KEY" not in os.environ


def test_marker_configures_the_emulator(pytester: pytest.Pytester) -> None:
    """The marker takes Emulator's arguments; each test has an emulator of its own."""
    result = run(
        pytester,
        """
@pytest.mark.telnyx_stt_emulator(transcripts=["hello", "world"])
def test_script(telnyx_stt_emulator):
    assert heard() == (["hello", "world"], 1000)

@pytest.mark.telnyx_stt_emulator(faults=["close_after=100:1013"])
def test_fault(telnyx_stt_emulator):
    assert heard() == ([], 1013)
    assert len(telnyx_stt_emulator.sessions) == 1

@pytest.mark.telnyx_stt_emulator(api_key="only-this", transcripts=["in"])
def test_key(telnyx_stt_emulator):
    assert os.environ["TELNYX_API_KEY"] == "only-this"
    assert heard() == (["in"], 1000)
""",
    )
    result.assert_outcomes(passed=3)


def test_nearest_marker_decides(pytester: pytest.Pytester) -> None:
    """A test's marker goes before its class's, argument by argument."""
    result = run(
        pytester,
        """
@pytest.mark.telnyx_stt_emulator(transcripts=["of the class"], api_key="k")
class TestIt:
    @pytest.mark.telnyx_stt_emulator(transcripts=["of the test"])
    def test_it(self, telnyx_stt_emulator):
        assert heard() == (["of the test"], 1000)
        assert os.environ["TELNYX_API_KEY"] == "k"
""",
    )
    result.assert_outcomes(passed=1)


def test_wrong_arguments_are_errors(pytester: pytest.Pytester) -> None:
    """A positional argument, or one that Emulator does not have, fails the test's setup."""
    result = run(
        pytester,
        """
@pytest.mark.telnyx_stt_emulator(["hello"])
def test_positional(telnyx_stt_emulator): pass

@pytest.mark.telnyx_stt_emulator(transcript=["hello"])
def test_misspelt(telnyx_stt_emulator): pass
""",
    )
    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*takes keyword arguments only*", "*unexpected keyword*"])


def test_no_emulator_without_the_fixture(pytester: pytest.Pytester) -> None:
    """The plugin alone changes nothing."""
    result = run(pytester, '\ndef test_it(): assert "TELNYX_STT_URL" not in os.environ\n')
    result.assert_outcomes(passed=1)
