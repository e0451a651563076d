"""What ``telnyx-stt doctor`` printed, for tests."""

from __future__ import annotations

from typing import Dict

import pytest

from tests.wire.command import KEY, Done

# Seconds that a connect may take in the tests of its deadline, and how long is "in time".
SHORT, IN_TIME = 0.3, 5.0


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a key, unless a test takes it away."""
    monkeypatch.setenv("TELNYX_API_KEY", KEY)


def steps(done: Done) -> Dict[str, str]:
    """Step → ``ok`` or ``FAILED``; the key is in nothing that was printed."""
    assert KEY not in done.out + done.err
    found = {}
    for line in done.out.splitlines():
        words = line[12:].split()
        if words and words[0] in ("ok", "FAILED"):
            found[line[:12].strip()] = words[0]
    return found


def blamed(done: Done) -> str:
    """The one step that failed, which is the last but for a missing key."""
    assert done.status == 1
    failed = [step for step, state in steps(done).items() if state == "FAILED"]
    assert len(failed) == 1, done.out
    return failed[0]


def advised(done: Done) -> str:
    """The one line that says what to do."""
    (line,) = [line for line in done.out.splitlines() if "to mend it: " in line]
    return line.split("to mend it: ")[1]
