"""The captions page in a real browser, which has a recording for its microphone."""

from __future__ import annotations

import difflib
import re
import statistics
import sys
import wave
from array import array
from pathlib import Path
from typing import Any, List

import pytest

from telnyx_stt_sync.emulator import Emulator
from tests.conftest import LIMIT
from tests.examples.captions_page import (
    APP,
    RATE,
    RECORDING,
    Sent,
    correlation,
    lag,
    opened,
    press_button,
    running,
    served,
    served_by_gunicorn,
    start,
    status,
    utterance_ends,
    wait_for_finals,
    wait_for_state,
)
from tests.examples.chromium import Chromium

TEXT = RECORDING.with_suffix(".txt").read_text(encoding="utf-8")

COMMAND = "import sys; from telnyx_stt_sync.cli import main; sys.exit(main())"

# Real speech is recognised as fast as it is spoken, and this machine may have other work.
PATIENCE = 3 * LIMIT


@pytest.fixture(scope="module")
def recording() -> array[int]:
    """The samples of the recording."""
    with wave.open(str(RECORDING), "rb") as file:
        assert file.getframerate() == RATE
        return array("h", file.readframes(file.getnframes()))


def words(text: str) -> List[str]:
    return re.sub("[^a-z' ]", "", text.lower()).split()


def is_grey(colour: str) -> bool:
    """Whether a colour is neither black nor white, nor any other."""
    shades = [int(shade) for shade in re.findall(r"\d+", colour)]
    return max(shades) - min(shades) < 16 and 64 < min(shades) < 192


def test_speech(
    chromium: Chromium,
    recording: array[int],
    log: Path,
    pictures: Path,
    record_property: Any,
) -> None:
    """By the one command and the keyboard alone: what is said is read, first grey, then black."""
    emulate = [sys.executable, "-c", COMMAND, "emulate", "--recogniser", "pocketsphinx", "--"]
    with running([*emulate, *APP], log, PORT="0") as url, opened(chromium, url) as page:
        page.screenshot(pictures / "idle.png")
        assert status(page) == "The microphone is off."
        page.press("Tab")
        assert page.evaluate("document.activeElement.id") == "captions"
        page.press("Tab")
        assert page.evaluate("document.activeElement.id") == "button"
        page.press("Enter")
        wait_for_state(page, "live", PATIENCE)
        wait_for_finals(page, 2, PATIENCE)
        page.wait_for("interim.textContent.split(' ').length > 3", PATIENCE)
        page.screenshot(pictures / "live.png")
        wait_for_finals(page, 6, PATIENCE)
        page.press("Space")
        wait_for_state(page, "idle", PATIENCE)
        seen = page.evaluate("seen")
        sent = Sent.by(page)

    heard = " ".join(final["text"] for final in seen["finals"])
    assert difflib.SequenceMatcher(None, words(heard), words(TEXT)).ratio() > 0.9
    assert seen["states"] == ["connecting", "live", "finishing", "idle"]
    assert {final["colour"] for final in seen["finals"]} == {"rgb(0, 0, 0)"}
    assert len(seen["interims"]) > len(seen["finals"])
    assert all(is_grey(interim["colour"]) for interim in seen["interims"])
    before = 0.0
    for final in seen["finals"]:
        assert any(before < interim["at"] < final["at"] for interim in seen["interims"])
        before = final["at"]

    ends = utterance_ends(recording)
    assert len(ends) == len(seen["finals"]) == 6
    first = sent.began + lag(sent.samples, recording)
    waits = [final["at"] - (first + end) for final, end in zip(seen["finals"], ends)]
    assert all(0 < wait < PATIENCE for wait in waits)
    print(f"seconds from the end of speech to the final: {[round(wait, 2) for wait in waits]}")
    record_property("seconds_to_final", round(statistics.median(waits), 2))


# Firefox makes a context at any rate, and then refuses a microphone that has another.
OTHER_RATE = """
window.contexts = [];
AudioContext = class extends AudioContext {
  constructor(options) {
    super(options ?? {sampleRate: 44100});
    contexts.push(this);
  }
  createMediaStreamSource(stream) {
    if (this.sampleRate === 16000) throw new DOMException("as in Firefox", "NotSupportedError");
    return super.createMediaStreamSource(stream);
  }
};
"""


def test_a_microphone_at_another_rate(chromium: Chromium, recording: array[int], log: Path) -> None:
    """Where the browser cannot give 16 kHz, as Firefox cannot, the page makes it."""
    with Emulator() as emulator, served(emulator.url, log) as url:
        with opened(chromium, url, OTHER_RATE) as page:
            start(page)
            page.wait_for("seen.audio.length > 80")
            samples = Sent.by(page).samples
            press_button(page)
            page.wait_for("contexts.length === 2 && contexts.every((c) => c.state === 'closed')")
    later = lag(samples, recording)
    assert correlation(samples, recording, later) > 0.9


# The worklet by itself: how loud a tone of some frequency is, at some rate, when it comes out.
LOUDNESS = """
(async (rate, frequency) => {
  const source = await (await fetch("static/worklet.js")).text();
  const out = [];
  let type;
  const base = class { port = {postMessage: (piece) => out.push(...piece)}; };
  const names = ["AudioWorkletProcessor", "sampleRate", "registerProcessor"];
  new Function(...names, source)(base, rate, (name, made) => { type = made; });
  const samples = new type();
  for (let at = 0; at < rate; at += 128) {
    const tone = (_, i) => 0.5 * Math.sin((at + i) * frequency * 2 * Math.PI / rate);
    samples.process([[Float32Array.from({length: 128}, tone)]]);
  }
  samples.process([[]]);
  const loudness = Math.sqrt(out.reduce((sum, each) => sum + each * each, 0) / out.length);
  return [out.length, loudness / 32767 / Math.sqrt(0.125)];
})
"""


def test_samples(chromium: Chromium, log: Path) -> None:
    """A second is 16 000 samples, from any rate; what they cannot carry is not folded into them."""
    with served("ws://127.0.0.1:1", log) as url, opened(chromium, url) as page:
        for rate in (8_000, 16_000, 44_100, 48_000):
            length, loudness = page.evaluate(f"{LOUDNESS}({rate}, 440)")
            assert abs(length - RATE) <= 800
            assert loudness == pytest.approx(1.0, abs=0.01)
        assert page.evaluate(f"{LOUDNESS}(48_000, 15_000)")[1] < 0.1


def test_a_lost_connection(chromium: Chromium, log: Path, pictures: Path) -> None:
    """A cut is shown while it lasts; then the text goes on, and nothing is there twice."""
    script = ["we had begun", "when it was cut", "and it went on"]
    faults = ["cut_after_finals=1@1", "unavailable@2"]
    with Emulator(transcripts=script, faults=faults) as emulator:
        with served(emulator.url, log) as url, opened(chromium, url) as page:
            start(page)
            wait_for_state(page, "reconnecting")
            page.screenshot(pictures / "reconnecting.png")
            wait_for_state(page, "live")
            assert status(page) == "Listening"
            assert wait_for_finals(page, 3) == script
            assert page.evaluate("interim.textContent") == ""
            press_button(page)
            wait_for_state(page, "idle")
            states, said = page.evaluate("[seen.states, seen.said]")
            assert [final["text"] for final in page.evaluate("seen.finals")] == script
    assert states.count("reconnecting") == 2  # by the cut, and by the refusal after it
    lost = dict(zip(states, said))["reconnecting"]
    assert lost == "Connection to the service lost. Reconnecting…"
    assert states[-2:] == ["finishing", "idle"]


def test_a_refused_key(chromium: Chromium, log: Path, pictures: Path) -> None:
    """What the service has against us is shown, and once it is put right the same page works."""
    with Emulator(transcripts=["hello"], faults="unauthorized@1") as emulator:
        with served(emulator.url, log) as url, opened(chromium, url) as page:
            press_button(page)
            wait_for_state(page, "error")
            page.screenshot(pictures / "error.png")
            assert status(page) == "The service refused the key of this server."
            assert page.evaluate("document.getElementById('button').textContent") == "Try again"
            start(page)
            assert wait_for_finals(page, 1) == ["hello"]


def test_a_browser_that_leaves(chromium: Chromium, log: Path) -> None:
    """Who closes the page ends the stream, and nobody else's."""
    with Emulator(transcripts=["hello"]) as emulator, served(emulator.url, log) as url:
        with opened(chromium, url) as stays:
            start(stays)
            with opened(chromium, url) as leaves:
                start(leaves)
                assert wait_for_finals(leaves, 1) == ["hello"]
            first, second = emulator.wait_for_sessions(2)
            assert second.closed.wait(LIMIT)
            assert not first.closed.is_set()
            before = first.audio_bytes
            assert first.wait_for(lambda session: session.audio_bytes > before, LIMIT)
    assert "Traceback" not in log.read_text()


def test_under_gunicorn(chromium: Chromium, log: Path) -> None:
    """As it would be served: one thread for each browser."""
    with Emulator(transcripts=["hello"]) as emulator:
        with served_by_gunicorn(emulator.url, log) as url, opened(chromium, url) as page:
            start(page)
            assert wait_for_finals(page, 1) == ["hello"]
            press_button(page)
            wait_for_state(page, "idle")
    assert "Traceback" not in log.read_text()
