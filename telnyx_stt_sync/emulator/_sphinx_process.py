"""One worker process that recognises speech, and the thread that reads what it says."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from typing import Any, Callable, Dict, Optional

from typing_extensions import Protocol

from . import _sphinx_wire as wire
from ._recogniser import Heard

logger = logging.getLogger("telnyx_stt_sync.emulator")

_MODULE = "telnyx_stt_sync.emulator._sphinx_worker"

# It takes a second; on a machine that is busy or cold, several.
START_TIMEOUT = 60.0


class Listener(Protocol):
    """Who a worker works for. The worker's thread calls it."""

    def heard(self, heard: Heard) -> None:
        """Something was understood."""

    def taken(self, size: int) -> None:
        """So many bytes of audio were taken out of the worker's inbox."""

    def failed(self, text: str) -> None:
        """The audio can't be understood; the stream goes on to its end."""

    def done(self) -> None:
        """The stream is over and the worker is free."""

    def lost(self, text: str) -> None:
        """The worker is gone in the middle of the stream."""


class SphinxProcess:
    """A process that recognises one stream after the other.

    ``_lock`` guards ``_listener``. ``send()`` and ``serve()`` are called by the
    thread of the session that it works for, ``kill()`` by any; its own thread
    reads what it says, calls the listener, and clears up when it has ended,
    however that came.
    """

    def __init__(self, number: int, *, on_free: Callable[[SphinxProcess], None]) -> None:
        """Start it. Raises ``OSError`` and ``RuntimeError`` when that is impossible."""
        self._on_free = on_free
        self._lock = threading.Lock()
        # Who it works for; None while it is idle.
        self._listener: Optional[Listener] = None
        # Set when the process has loaded or ended; then `_failure` says why it can't be used.
        self._settled = threading.Event()
        # None as long as it can.
        self._failure: Optional[str] = None
        self._process = _start_process()
        # Daemon: where nobody closes the recogniser, the end of the program ends the worker.
        self._thread = threading.Thread(
            target=self._run, name=f"telnyx-stt-sphinx-{number}", daemon=True
        )
        try:
            self._thread.start()
        except RuntimeError:
            self.kill()
            self._clear_up()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Whether it has loaded, and not ended as far as is known."""
        return self._settled.is_set() and self._failure is None

    @property
    def is_own_thread(self) -> bool:
        """Whether the caller is its thread, that is, a callback."""
        return threading.current_thread() is self._thread

    def wait_until_ready(self) -> None:
        """Wait until it has loaded. Raises ``RuntimeError`` when it can't, or within 60 s not."""
        if not self._settled.wait(START_TIMEOUT):
            self.kill()
            raise RuntimeError(f"the recogniser did not start within {START_TIMEOUT:.0f} s")
        if self._failure is not None:
            raise RuntimeError(self._failure)

    def serve(self, listener: Listener) -> bool:
        """Work for that listener from now on; whether it could. Only while it is idle."""
        with self._lock:
            if self._failure is None:
                self._listener = listener
            return self._listener is listener

    def open(self, input_format: str, sample_rate: Optional[int]) -> None:
        """Begin the listener's stream."""
        query = {"input_format": input_format, "sample_rate": sample_rate}
        self.send(wire.OPEN, json.dumps(query).encode())

    def send(self, kind: bytes, payload: bytes = b"") -> None:
        """Send one frame; nothing if the process is gone. Blocks as the pipe does."""
        # A write to a process that is gone fails; its own thread tells the listener.
        with contextlib.suppress(OSError, ValueError):
            assert self._process.stdin is not None
            wire.write_frame(self._process.stdin, kind, payload)

    def abandon(self, listener: Listener) -> None:
        """Kill it if it works for that listener. Does not wait."""
        # Under the lock, so that it can't go over to another listener in between.
        with self._lock:
            if self._listener is listener:
                self._process.kill()

    def kill(self) -> None:
        """End it now, whatever it does. Does not wait."""
        self._process.kill()

    def join(self) -> None:
        """Wait until everything is cleared up after ``kill()``; for a running callback, too."""
        if not self.is_own_thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            assert self._process.stdout is not None
            while True:
                frame = wire.read_frame(self._process.stdout)
                if frame is None:
                    break
                self._take(*frame)
        except Exception:
            logger.exception("reading from a recogniser's process failed")
        finally:
            self._clear_up()

    def _take(self, kind: bytes, payload: bytes) -> None:
        listener = self._listener
        if kind == wire.READY:
            self._settled.set()
        elif kind == wire.FAILED:
            self._failure = cannot_start(payload.decode())
        elif listener is None:
            raise RuntimeError(f"bug: frame {kind!r} outside a stream")
        elif kind == wire.HEARD:
            listener.heard(Heard(**json.loads(payload)))
        elif kind == wire.TAKEN:
            listener.taken(int(payload))
        elif kind == wire.ERROR:
            listener.failed(payload.decode())
        elif kind == wire.DONE:
            with self._lock:
                self._listener = None
            self._on_free(self)
            listener.done()

    def _clear_up(self) -> None:
        """Leave no process and no pipe; whoever waits hears of it."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            # Closing writes what an interrupted write has left over.
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        status = self._process.wait()
        with self._lock:
            if self._failure is None:
                self._failure = f"the recogniser's process ended with status {status}"
            listener, self._listener = self._listener, None
        self._settled.set()
        self._on_free(self)
        if listener is not None:
            listener.lost(self._failure)


def _start_process() -> subprocess.Popen[bytes]:
    if not sys.executable:
        raise RuntimeError("the recogniser needs a Python to run, and sys.executable is empty")
    return subprocess.Popen(
        [sys.executable, "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
        **_detached(),
    )


def _environment() -> Dict[str, str]:
    """Ours, so that the worker finds the modules that we find, and no others."""
    return {
        **os.environ,
        # An empty entry is the current folder.
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
        # Else -m looks into the current folder first, whatever lies there. From Python 3.11.
        "PYTHONSAFEPATH": "1",
    }


def _detached() -> Dict[str, Any]:
    """What keeps a Ctrl-C in the terminal away from it, also while it is starting."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags}
    return {"start_new_session": True}


def cannot_start(reason: str) -> str:
    """What to tell people when a package is missing or broken."""
    return (
        f"the recogniser cannot start: {reason}. "
        'pip install "telnyx_stt_sync[demo]" installs what it needs'
    )
