"""A headless Chromium that a test drives through the DevTools protocol."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Type

import websocket

from tests.conftest import LIMIT

POLL = 0.02

QUIET = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-sync",
    "--no-default-browser-check",
    "--no-first-run",
)


class Chromium:
    """One browser process with a profile of its own. ``with`` starts and stops it."""

    def __init__(self, program: str, profile: Path, options: Sequence[str] = ()) -> None:
        self._profile = profile
        # Its sandbox does not work for root, as whom tests run in containers.
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self._command = [
            program,
            *QUIET,
            *sandbox,
            *options,
            f"--user-data-dir={profile}",
            "--remote-debugging-port=0",
            "about:blank",
        ]

    def __enter__(self) -> Chromium:
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            self._port, self._path = self._wait_for_address()
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        try:
            # In good order: it has processes of its own to wait for.
            browser = Page(f"ws://127.0.0.1:{self._port}{self._path}")
            browser.call("Browser.close")
            browser.disconnect()
            self._process.wait(LIMIT)
        finally:
            self._kill()

    @contextlib.contextmanager
    def page(self, url: str = "about:blank", before: str = "") -> Iterator[Page]:
        """A new page, in which the script ``before`` runs before the page's own."""
        request = urllib.request.Request(f"http://127.0.0.1:{self._port}/json/new", method="PUT")
        with urllib.request.urlopen(request, timeout=LIMIT) as answer:
            target = json.load(answer)
        page = Page(target["webSocketDebuggerUrl"])
        try:
            for domain in ("Page", "Runtime", "Log", "Accessibility"):
                page.call(f"{domain}.enable")
            page.call("Page.addScriptToEvaluateOnNewDocument", source=before)
            page.call("Page.navigate", url=url)
            page.wait_for("document.readyState === 'complete'")
            yield page
        finally:
            page.close()
            page.disconnect()

    def _wait_for_address(self) -> Tuple[int, str]:
        """The port that it listens on and its path there, which it writes into its profile."""
        file = self._profile / "DevToolsActivePort"
        give_up_at = time.monotonic() + LIMIT
        while time.monotonic() < give_up_at:
            assert self._process.poll() is None, "chromium has ended"
            lines = file.read_text().splitlines() if file.exists() else []
            if len(lines) == 2:
                return int(lines[0]), lines[1]
            time.sleep(POLL)
        raise AssertionError("chromium does not start")

    def _kill(self) -> None:
        """End what is left of it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(LIMIT)


class Page:
    """One page. For one thread. ``errors`` are what would stand red in its console."""

    def __init__(self, url: str) -> None:
        # Chromium refuses connections that say which web page they come from.
        self._socket = websocket.create_connection(url, timeout=LIMIT, suppress_origin=True)
        self._calls = 0
        self._errors: List[str] = []

    def close(self) -> None:
        """Close the page, as a user does."""
        self.call("Page.close")

    def disconnect(self) -> None:
        """Close the connection to it."""
        self._socket.close()

    def call(self, method: str, **parameters: Any) -> Any:
        """Call a method of the DevTools protocol."""
        self._calls += 1
        self._socket.send(json.dumps({"id": self._calls, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._calls:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._note(message)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, or of its promise. Raises what it raises."""
        answer = self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {_exception(answer['exceptionDetails'])}")
        return answer["result"].get("value")

    def wait_for(self, expression: str, seconds: float = LIMIT) -> None:
        """Wait until an expression is true."""
        give_up_at = time.monotonic() + seconds
        while time.monotonic() < give_up_at:
            if self.evaluate(f"Boolean({expression})"):
                return
            time.sleep(POLL)
        raise AssertionError(
            f"not within {seconds:g} s: {expression}\n{self.evaluate('document.body.innerText')}"
        )

    def cues(self, vtt: str) -> List[Dict[str, Any]]:
        """What the browser's own parser makes of a WebVTT file: start, end and text of each cue."""
        cues = self.evaluate(f"({_PARSE_VTT})({json.dumps(vtt)})")
        assert isinstance(cues, list)
        return cues

    def press(self, key: str) -> None:
        """Press and release a key: ``"Tab"``, ``"Enter"`` or ``"Space"``."""
        facts = _KEYS[key]
        self.call("Input.dispatchKeyEvent", type="keyDown", **facts)
        self.call("Input.dispatchKeyEvent", type="keyUp", **facts)

    def accessible(self) -> List[Dict[str, Any]]:
        """What a screen reader gets to know: role, name, text and properties of each node."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        by_number = {node["nodeId"]: node for node in nodes}
        return [_facts(node, by_number) for node in nodes if not node["ignored"]]

    def screenshot(self, path: Path) -> None:
        """Write what is to be seen as a PNG file."""
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    @property
    def errors(self) -> List[str]:
        """Errors and warnings so far: of the page's script, and of the browser."""
        self.evaluate("0")  # brings what is on its way
        return self._errors

    def _note(self, event: Dict[str, Any]) -> None:
        facts = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            self._errors.append(_exception(facts["exceptionDetails"]))
        elif event.get("method") == "Runtime.consoleAPICalled":
            if facts["type"] in ("error", "warning", "assert"):
                self._errors.append(" ".join(str(each.get("value")) for each in facts["args"]))
        elif event.get("method") == "Log.entryAdded":
            if facts["entry"]["level"] in ("error", "warning"):
                self._errors.append(facts["entry"]["text"])


_PARSE_VTT = """
(vtt) => new Promise((resolve, reject) => {
  const track = document.createElement("track");
  track.onload = () => resolve(Array.from(track.track.cues,
    ({startTime, endTime, text}) => ({start: startTime, end: endTime, text})));
  track.onerror = () => reject(new Error("not a WebVTT file"));
  track.src = URL.createObjectURL(new Blob([vtt], {type: "text/vtt"}));
  document.createElement("video").append(track);
  track.track.mode = "hidden";  // loads it
})
"""

_KEYS: Dict[str, Dict[str, Any]] = {
    "Tab": {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
    "Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    "Space": {"key": " ", "code": "Space", "windowsVirtualKeyCode": 32, "text": " "},
}


def _exception(details: Dict[str, Any]) -> str:
    return str(details.get("exception", {}).get("description") or details["text"])


def _facts(node: Dict[str, Any], by_number: Dict[str, Dict[str, Any]]) -> Dict[str, Any]:
    properties = {each["name"]: each["value"].get("value") for each in node.get("properties", [])}
    return {**properties, **_role_and_name(node), "text": _text(node, by_number)}


def _role_and_name(node: Dict[str, Any]) -> Dict[str, Any]:
    return {what: node.get(what, {}).get("value", "") for what in ("role", "name")}


def _text(node: Dict[str, Any], by_number: Dict[str, Dict[str, Any]]) -> str:
    facts = _role_and_name(node)
    if facts["role"] == "StaticText":
        return str(facts["name"])
    texts = (_text(by_number[number], by_number) for number in node.get("childIds", []))
    return " ".join(text for text in texts if text)
