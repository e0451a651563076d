"""Run by an interpreter into which only the built package was installed: is it all there?"""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib import metadata

import telnyx_stt_sync

RUNTIME = {"telnyx-stt-sync", "websocket-client", "typing-extensions", "typing_extensions"}
TOOLS = {"pip", "setuptools"}


def main() -> None:
    folder = os.path.dirname(telnyx_stt_sync.__file__)
    assert folder.startswith(sys.prefix), f"imported from {folder}, not from the environment"
    names = {distribution.metadata["Name"].lower() for distribution in metadata.distributions()}
    assert names - TOOLS <= RUNTIME, f"more than the runtime dependencies: {names}"
    assert telnyx_stt_sync.__version__ == metadata.version("telnyx-stt-sync")
    for name in ("py.typed", os.path.join("cli", "demo.wav")):
        path = os.path.join(folder, name)
        assert os.path.exists(path), f"{name} is missing"
    assert os.path.getsize(os.path.join(folder, "cli", "demo.wav")) > 100_000
    assert importlib.util.find_spec("tests") is None, "tests were installed"


if __name__ == "__main__":
    main()
