"""Programs that run by themselves, in a process of their own, against a peer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict

from tests.wire.client import KEY
from tests.wire.peer import Peer, Step

ROOT = Path(__file__).resolve().parents[2]

START = """
import sys, threading
from telnyx_stt_sync import Transcriber
stt = Transcriber(input_format="linear16", sample_rate=16000, on_transcript=lambda each: None)
"""


def program(source: str, url: str, tmp_path: Path) -> subprocess.Popen[str]:
    """A Python program that runs by itself, with warnings as errors."""
    path = tmp_path / "program.py"
    path.write_text(START + source)
    environment: Dict[str, str] = {
        **os.environ,
        "TELNYX_API_KEY": KEY,
        "TELNYX_STT_URL": url,
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    options: Dict[str, Any] = {}
    if sys.platform == "win32":
        options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
    return subprocess.Popen(
        [sys.executable, "-W", "error", str(path)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def run(source: str, *steps: Step, tmp_path: Path, limit: float, **options: Any) -> Dict[str, Any]:
    """How the program ends, against a peer that goes through these steps."""
    with Peer(*steps, **options) as peer:
        with program(source, peer.url, tmp_path) as child:
            try:
                out, err = child.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                child.kill()
                raise
    return {"status": child.returncode, "out": out, "err": err}


QUIET_END = {"status": 0, "out": "end\n", "err": ""}
