"""A stand-in for the package ``sounddevice``: a microphone that hears a file.

As there, the callback is called by a thread of the device's, gets a buffer that is used again for
the next block, and what it raises is printed and ends the recording. Each call is told on standard
error, when it begins and when it ends.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, Callable

import cffi

# Raw samples, and how many times faster than they were spoken they come.
AUDIO = Path(os.environ["MICROPHONE_HEARS"])
SPEED = float(os.environ["MICROPHONE_SPEED"])


class RawInputStream:
    """What the examples need of the real one."""

    def __init__(
        self,
        *,
        samplerate: int,
        blocksize: int,
        channels: int,
        dtype: str,
        callback: Callable[[Any, int, Any, Any], None],
    ) -> None:
        assert (channels, dtype) == (1, "int16")
        self._seconds = blocksize / samplerate / SPEED
        self._frames = blocksize
        self._callback = callback
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._record)

    def __enter__(self) -> RawInputStream:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _record(self) -> None:
        memory = cffi.FFI().new("signed char[]", 2 * self._frames)
        block = cffi.FFI().buffer(memory)
        audio = AUDIO.read_bytes()
        for at in range(0, len(audio), len(block)):
            if self._stopped.wait(self._seconds):
                return
            block[:] = audio[at : at + len(block)].ljust(len(block), b"\0")
            _tell("callback begins")
            try:
                self._callback(block, self._frames, None, None)
            except Exception:
                traceback.print_exc()
                return
            _tell("callback ends")
            block[:] = b"\xff" * len(block)


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")  # in one piece: others write here too
    sys.stderr.flush()
