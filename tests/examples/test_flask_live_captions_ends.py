"""How captions end, other than as they should: each end is told, and there is a way back."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest

from telnyx_stt_sync.emulator import Emulator
from tests.conftest import LIMIT
from tests.embedding.house import unused_port
from tests.examples.captions_page import (
    MICROPHONE,
    find_app,
    find_chromium,
    opened,
    press_button,
    served,
    start,
    status,
    wait_for_finals,
    wait_for_state,
)
from tests.examples.chromium import Chromium


def told(**message: object) -> str:
    """What the page does when the server says that."""
    return f"socket.onmessage({{data: {json.dumps(json.dumps(message))}}})"


def test_a_refused_microphone(log: Path, tmp_path: Path) -> None:
    """A user who says no is told what the page lacks; nobody is called."""
    find_app()
    refuse = ["--use-fake-ui-for-media-stream=deny", *MICROPHONE]
    with Emulator() as emulator, served(emulator.url, log) as url:
        with Chromium(find_chromium(), tmp_path / "profile", refuse) as browser:
            with opened(browser, url) as page:
                press_button(page)
                wait_for_state(page, "error")
                assert status(page).startswith("This page may not use the microphone.")
        assert emulator.sessions == []


def test_a_server_that_goes_and_comes_back(chromium: Chromium, log: Path) -> None:
    """The page says that it is alone, keeps its text, and goes on with the new server."""
    port = unused_port()
    with Emulator(transcripts=["hello"]) as emulator, contextlib.ExitStack() as stack:
        first = stack.enter_context(contextlib.ExitStack())
        url = first.enter_context(served(emulator.url, log, port))
        page = stack.enter_context(opened(chromium, url))
        start(page)
        wait_for_finals(page, 1)
        first.close()
        wait_for_state(page, "error")
        assert status(page) == "The server is gone, or cannot be reached."
        press_button(page)
        page.wait_for("seen.states.slice(-2).join() === 'connecting,error'")
        assert status(page) == "The server is gone, or cannot be reached."
        # Of a file that does not come the browser itself complains.
        (complaint,) = page.errors
        assert "worklet.js (Network error)" in complaint
        page.errors.clear()
        stack.enter_context(served(emulator.url, log, port))
        start(page)
        assert wait_for_finals(page, 2) == ["hello", "hello"]


@pytest.mark.parametrize(
    ("fault", "state"), [("slow_handshake=0.01@1", "connecting"), ("slow_finals=60", "finishing")]
)
def test_who_does_not_wait(fault: str, state: str, chromium: Chromium, log: Path) -> None:
    """The button ends the waiting for a service that takes its time, at the start and the end."""
    with Emulator(faults=fault) as emulator:
        with served(emulator.url, log) as url, opened(chromium, url) as page:
            press_button(page)
            if state == "finishing":
                page.wait_for("interim.textContent")
                press_button(page)
            wait_for_state(page, state)
            page.wait_for("window.socket")
            if state == "finishing":
                page.evaluate(told(kind="reconnecting"))
                assert page.evaluate("document.body.dataset.state") == state
            press_button(page)
            wait_for_state(page, "idle")
            (session,) = emulator.wait_for_sessions(1, LIMIT)
            if state == "connecting":
                assert session.closed.wait(LIMIT)
            start(page)


def test_a_start_that_is_taken_back(chromium: Chromium, log: Path) -> None:
    """Who presses the button again at once has the microphone off, and has called nobody."""
    with Emulator() as emulator, served(emulator.url, log) as url:
        with opened(chromium, url) as page:
            # In one go: a moment later the socket is open.
            page.evaluate("for (const _ of [1, 2]) document.getElementById('button').click()")
            wait_for_state(page, "idle")
            page.wait_for("tracks[0]?.readyState === 'ended'")
            start(page)
            assert page.evaluate("tracks[1].readyState") == "live"
            press_button(page)
            wait_for_state(page, "idle")
            assert page.evaluate("tracks[1].readyState") == "ended"
        assert len(emulator.sessions) == 1


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (told(kind="error", reason="it broke"), "It broke."),
        (told(kind="stopped"), "No sound came from the microphone."),
        ("tracks[0].dispatchEvent(new Event('ended'))", "The microphone is gone."),
        (
            "Object.defineProperty(socket, 'bufferedAmount', {get: () => 400_000})",
            "The network to the server is too slow, or gone.",
        ),
    ],
    ids=["error", "silence", "microphone", "network"],
)
def test_other_ends(event: str, says: str, chromium: Chromium, log: Path) -> None:
    """Whatever ends the captions is told, and they can be started again."""
    with Emulator() as emulator, served(emulator.url, log) as url:
        with opened(chromium, url) as page:
            start(page)
            page.wait_for("window.socket")
            page.evaluate(event)
            wait_for_state(page, "error")
            assert status(page) == says
            start(page)


def test_a_gap(chromium: Chromium, log: Path) -> None:
    """Words that are missing are told between those that are there."""
    with Emulator(transcripts=["hello"]) as emulator, served(emulator.url, log) as url:
        with opened(chromium, url) as page:
            start(page)
            wait_for_finals(page, 1)
            page.evaluate(told(kind="gap", seconds=2.07))
            lines = page.evaluate("finals.innerText").split("\n\n")
    assert lines == ["hello", "2.1 seconds were not heard"]
