"""The captions page for its tests: its server, its states as they pass, the audio that it sends."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from array import array
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence

from telnyx_stt_sync import cli
from tests.conftest import LIMIT
from tests.examples import house
from tests.examples.chromium import Chromium, Page

FOLDER = house.EXAMPLES / "flask_live_captions"
APP = [sys.executable, str(FOLDER / "app.py")]

RECORDING = Path(cli.__file__).parent / "demo.wav"
RATE = 16_000

# For a browser: the recording is what its microphone hears, and then silence.
MICROPHONE = (
    "--use-fake-device-for-media-stream",
    f"--use-file-for-fake-audio-capture={RECORDING}%noloop",
)

# Written down in the page: its states, its captions as they change, and its audio as it leaves.
RECORDER = """
window.seen = {states: [], said: [], interims: [], finals: [], audio: []};
addEventListener("DOMContentLoaded", () => {
  const watch = (node, options, note) => new MutationObserver(note).observe(node, options);
  const shown = (node) => ({
    text: node.textContent, colour: getComputedStyle(node).color, at: performance.now() / 1000,
  });
  watch(document.body, {attributes: true}, () => {
    seen.states.push(document.body.dataset.state);
    seen.said.push(document.getElementById("status").textContent);
  });
  watch(interim, {childList: true},
    () => interim.textContent && seen.interims.push(shown(interim)));
  watch(finals, {childList: true}, (changes) => changes.forEach(
    (change) => change.addedNodes.forEach((node) => seen.finals.push(shown(node)))));
});
const send = WebSocket.prototype.send;
WebSocket.prototype.send = function (data) {
  window.socket = this;
  if (typeof data !== "string") {
    const bytes = String.fromCharCode(...new Uint8Array(data.buffer));
    seen.audio.push([performance.now() / 1000, btoa(bytes)]);
  }
  send.call(this, data);
};
window.tracks = [];
const ask = MediaDevices.prototype.getUserMedia;
MediaDevices.prototype.getUserMedia = async function (wishes) {
  const stream = await ask.call(this, wishes);
  tracks.push(...stream.getTracks());
  return stream;
};
"""


def find_app() -> None:
    """Skip the test where something is missing that the page is served by."""
    for name in ("flask_sock", "gunicorn", "pocketsphinx"):
        house.module(name)


def find_chromium() -> str:
    """The browser's path; without it the tests that ask are skipped."""
    return house.program("chromium", "chromium-browser", "google-chrome")


@contextlib.contextmanager
def running(command: Sequence[str], log: Path, **environment: str) -> Iterator[str]:
    """The address of the page, while a command serves it that says where."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                **environment,
            },
            start_new_session=True,
        )
    try:
        yield f"http://localhost:{_port(process, log)}/"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(LIMIT)


def served(url: str, log: Path, port: int = 0) -> contextlib.AbstractContextManager[str]:
    """The page by Flask's own server, for an emulator."""
    return running(APP, log, PORT=str(port), TELNYX_STT_URL=url, TELNYX_API_KEY="key")


def served_by_gunicorn(url: str, log: Path) -> contextlib.AbstractContextManager[str]:
    """The same by a server as it would be used in earnest."""
    command = [sys.executable, "-m", "gunicorn", "--bind=127.0.0.1:0", "--threads=4"]
    command += ["--chdir", str(FOLDER), "app:app"]
    return running(command, log, TELNYX_STT_URL=url, TELNYX_API_KEY="key")


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    give_up_at = time.monotonic() + LIMIT
    while time.monotonic() < give_up_at:
        said = log.read_text()
        found = re.search(r"(?:Running on|Listening at:) http://127\.0\.0\.1:(\d+)", said)
        if found:
            return int(found[1])
        assert process.poll() is None, said
        time.sleep(0.02)
    raise AssertionError(f"it does not serve: {log.read_text()}")


@contextlib.contextmanager
def opened(chromium: Chromium, url: str, before: str = "") -> Iterator[Page]:
    """The page in a browser. In the end nothing may stand red in its console."""
    with chromium.page(url, RECORDER + before) as page:
        yield page
        assert page.errors == []


def press_button(page: Page) -> None:
    """As a click of the mouse does."""
    page.evaluate("document.getElementById('button').click()")


def wait_for_state(page: Page, state: str, seconds: float = LIMIT) -> None:
    """Wait until the page shows a state."""
    page.wait_for(f"document.body.dataset.state === '{state}'", seconds)


def wait_for_finals(page: Page, count: int, seconds: float = LIMIT) -> List[str]:
    """Wait for so many finals; their texts."""
    page.wait_for(f"seen.finals.length >= {count}", seconds)
    return [final["text"] for final in page.evaluate("seen.finals")]


def start(page: Page) -> None:
    """Press the button and wait until the page is live."""
    press_button(page)
    wait_for_state(page, "live")


def status(page: Page) -> str:
    """What the status says."""
    return str(page.evaluate("document.getElementById('status').textContent"))


class Sent(NamedTuple):
    """The audio that a page has sent, and when its first sample was taken, by the page's clock."""

    samples: array[int]
    began: float

    @classmethod
    def by(cls, page: Page) -> Sent:
        """What this page has sent so far."""
        samples = array("h")
        began = []
        for at, piece in page.evaluate("seen.audio"):
            samples.frombytes(base64.b64decode(piece))
            began.append(at - len(samples) / RATE)
        # Each piece may have waited for the page's thread; the one that waited least tells.
        return cls(samples, min(began))


def lag(sent: Sequence[int], original: Sequence[int], within: float = 3.0) -> float:
    """How much later a recording comes in what was sent, in seconds, to a hundredth."""
    step = RATE // 100
    heard, played = _levels(sent, step), _levels(original, step)

    def likeness(shift: int) -> float:
        return sum(a * b for a, b in zip(heard[max(0, shift) :], played[max(0, -shift) :]))

    most = round(within * 100)
    return max(range(-most, most), key=likeness) / 100


def correlation(sent: Sequence[int], original: Sequence[int], about: float) -> float:
    """How like its original what was sent is, from 0 to 1, if it comes about so much later."""
    middle = round(about * RATE)
    # Well within the first sentence of the recording, or where what was sent begins.
    begin, length = max(8000, 1000 - middle), 6000
    played = original[begin : begin + length]

    def likeness(shift: int) -> float:
        heard = sent[begin + shift : begin + shift + length]
        product = sum(a * b for a, b in zip(heard, played))
        energy = sum(a * a for a in heard) * sum(b * b for b in played)
        return float(product / (energy**0.5 or 1.0))

    return max(likeness(shift) for shift in range(middle - 200, middle + 200))


def utterance_ends(samples: Sequence[int], loud: int = 300, pause: float = 0.3) -> List[float]:
    """Where somebody stops speaking for a while, in seconds."""
    ends: List[float] = []
    last: Optional[float] = None
    for number, level in enumerate(_levels(samples, RATE // 100, max)):
        if level > loud:
            if last is None or number / 100 - last > pause:
                ends.append(0.0)
            last = ends[-1] = (number + 1) / 100
    return ends


def _levels(samples: Sequence[int], step: int, of: object = sum) -> List[int]:
    assert callable(of)
    return [of(map(abs, samples[at : at + step])) for at in range(0, len(samples), step)]


# -- what it looks like -------------------------------------------------------------------

PHONE: Dict[str, Any] = {"width": 360, "height": 640, "deviceScaleFactor": 2, "mobile": True}

# More lines than fit, as they come one by one, and an interim.
FILL = """
for (let number = 0; number < 12; number++) {
  const line = document.createElement("p");
  line.className = number === 5 ? "gap" : "final";
  line.textContent = number === 5 ? "2.1 seconds were not heard" : "When would you like to come?";
  finals.append(line);
}
interim.textContent = "friday afternoon please";
captions.scrollTo(0, captions.scrollHeight);
"""

# Each text that is to be seen: whose, its colour, and the first colour behind it.
COLOURS = """
[...document.querySelectorAll("h1, p, button")]
  .filter((node) => node.checkVisibility() && node.textContent)
  .map((node) => {
    let behind = node;
    const isClear = (colour) => colour === "rgba(0, 0, 0, 0)";
    while (isClear(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    const ink = getComputedStyle(node).color;
    return [node.id || node.className, ink, getComputedStyle(behind).backgroundColor];
  })
"""


def contrast(ink: str, paper: str) -> float:
    """The contrast of two colours, 1 to 21, as WCAG 2 defines it."""
    lighter, darker = sorted((_luminance(ink), _luminance(paper)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    shades = [int(shade) / 255 for shade in re.findall(r"\d+", colour)[:3]]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shades]
    return sum(weight * shade for weight, shade in zip((0.2126, 0.7152, 0.0722), linear))
