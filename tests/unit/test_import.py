"""What an import loads, and when the rest is loaded."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import telnyx_stt_sync
def loaded(*names):
    return [name for name in names if name in sys.modules]
late = ("websocket", "telnyx_stt_sync._stream", "telnyx_stt_sync._audio", "json")
print(loaded(*late))
transcriber = telnyx_stt_sync.Transcriber("key")
print(loaded(*late[:3]))
import pickle
pickle.loads(pickle.dumps(transcriber))
try:
    transcriber.transcribe_file("no such file")
except OSError:
    print(loaded(*late[:3]))
"""


def test_what_is_loaded_when() -> None:
    """The names come without network code, a Transcriber with all that a stream needs."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert output.splitlines() == [
        "[]",
        "['websocket', 'telnyx_stt_sync._stream']",
        "['websocket', 'telnyx_stt_sync._stream', 'telnyx_stt_sync._audio']",
    ]
