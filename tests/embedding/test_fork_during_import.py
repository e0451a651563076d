"""A fork while another thread loads what the library loads late: the child gets it whole."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")

PROGRAM = """
import contextlib, importlib.abc, os, signal, sys, threading, time
from telnyx_stt_sync import Transcriber

begun = threading.Event()

class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1]:
            begun.set()
            time.sleep(0.3)

def use():
    with contextlib.suppress(OSError):
        {use}

{before}
sys.meta_path.insert(0, Slow())
user = threading.Thread(target=use)
user.start()
begun.wait()
child = os.fork()
if child == 0:
    signal.alarm(10)  # its default action ends the child
    use()
    os._exit(0)
user.join()
print(os.waitpid(child, 0)[1])
"""

FIRST_STREAM = PROGRAM.format(before="", use='Transcriber("key")')
FIRST_FILE = PROGRAM.format(before='stt = Transcriber("key")', use='stt.transcribe_file("none")')
FIRST_FILES = PROGRAM.format(
    before='stt = Transcriber("key")', use='list(stt.transcribe_files(["none"]))'
)


@pytest.mark.parametrize(
    ("program", "module"),
    [
        (FIRST_STREAM, "telnyx_stt_sync._worker"),
        (FIRST_STREAM, "websocket"),
        (FIRST_FILE, "telnyx_stt_sync._formats"),
        (FIRST_FILES, "telnyx_stt_sync._batch"),
    ],
    ids=["stream", "websocket", "file", "files"],
)
def test_a_child(program: str, module: str) -> None:
    """The fork waits until the import is done; parent and child go on."""
    command = [sys.executable, "-c", program, module]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    assert done.stdout == "0\n"
