"""What the captions page is like to people: to read, to hear read out, to hold in a hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from telnyx_stt_sync.emulator import Emulator
from tests.examples.captions_page import (
    COLOURS,
    FILL,
    PHONE,
    contrast,
    opened,
    served,
    start,
    wait_for_finals,
)
from tests.examples.chromium import Chromium


def test_screen_readers(chromium: Chromium, log: Path) -> None:
    """Finals and the status are read out when they come; interims, which begin anew, are not."""
    with Emulator(transcripts=["hello", "so much to say here" + " and more" * 100]) as emulator:
        with served(emulator.url, log) as url, opened(chromium, url) as page:
            start(page)
            page.wait_for("seen.finals.length === 1 && interim.textContent.includes('much')")
            nodes = page.accessible()
    live = {node["role"]: node for node in nodes if node.get("live") == "polite"}
    assert set(live) == {"log", "status"}
    assert live["log"]["text"] == "hello"
    assert live["status"]["text"] == "Listening"
    assert any("so much" in node["text"] for node in nodes)
    assert not any(node.get("live") == "assertive" for node in nodes)
    buttons = [node for node in nodes if node["role"] == "button"]
    assert [(node["name"], node["focusable"]) for node in buttons] == [("Stop", True)]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours(scheme: str, chromium: Chromium, log: Path, pictures: Path) -> None:
    """All text has the contrast that WCAG AA asks for, in every state, on light and dark."""
    with served("ws://127.0.0.1:1", log) as url, opened(chromium, url) as page:
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        page.call("Emulation.setEmulatedMedia", features=features)
        page.call("Emulation.setDeviceMetricsOverride", **PHONE)
        page.evaluate(FILL)
        for state in ("idle", "connecting", "live", "reconnecting", "finishing", "error"):
            page.evaluate(f"document.body.dataset.state = '{state}'")
            page.screenshot(pictures / f"phone-{scheme}-{state}.png")
            for name, ink, paper in page.evaluate(COLOURS):
                assert contrast(ink, paper) >= 4.5, (state, name, ink, paper)


def test_a_phone(chromium: Chromium, log: Path) -> None:
    """On a narrow screen all fits, the button is for a thumb, and the newest line is in view."""
    script = [f"{'appointment' * 4}{number}" for number in range(10)]
    with Emulator(transcripts=script) as emulator, served(emulator.url, log) as url:
        with opened(chromium, url) as page:
            page.call("Emulation.setDeviceMetricsOverride", **PHONE)
            start(page)
            wait_for_finals(page, 8)
            assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
            box = page.evaluate("button.getBoundingClientRect().toJSON()")
            assert box["height"] >= 44 and box["bottom"] <= PHONE["height"]
            top = box["top"]
            assert page.evaluate("finals.lastChild.getBoundingClientRect().bottom") < top
            # Who reads above is left there.
            page.evaluate("captions.scrollTo(0, 0); captions.dispatchEvent(new Event('scroll'))")
            wait_for_finals(page, 10)
            assert page.evaluate("captions.scrollTop") == 0
            assert page.evaluate("finals.lastChild.getBoundingClientRect().bottom") > top


def test_reduced_motion(chromium: Chromium, log: Path) -> None:
    """Nothing moves for whoever does not want that."""
    with served("ws://127.0.0.1:1", log) as url, opened(chromium, url) as page:
        moves = {}
        for wish in ("no-preference", "reduce"):
            features = [{"name": "prefers-reduced-motion", "value": wish}]
            page.call("Emulation.setEmulatedMedia", features=features)
            for state in ("live", "reconnecting"):
                page.evaluate(f"document.body.dataset.state = '{state}'")
                moves[wish, state] = page.evaluate("document.getAnimations().length")
    assert list(moves.values()) == [1, 1, 0, 0]
