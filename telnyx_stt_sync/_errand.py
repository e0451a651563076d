"""A blocking call that nothing can interrupt, on a thread of its own."""

from __future__ import annotations

import threading
from typing import Callable, Generic, Optional, TypeVar

Result = TypeVar("Result")


class Errand(Generic[Result]):
    """One call of ``work``, begun at once; ``on_done`` is called when it has come back.

    Its thread may outlive whoever waits for it, and ends with the call.
    Raises ``RuntimeError`` when no thread can be started.
    """

    def __init__(self, work: Callable[[], Result], on_done: Callable[[], None]) -> None:
        self._work = work
        self._on_done = on_done
        self._result: Optional[Result] = None  # None: not done, or it raised
        self._error: Optional[BaseException] = None  # None: not done, or it returned
        self.is_done = False
        # A daemon, so that a program can end while the call hangs.
        threading.Thread(target=self._run, name="telnyx-stt-lookup", daemon=True).start()

    def _run(self) -> None:
        try:
            self._result = self._work()
        except BaseException as exc:
            self._error = exc
        finally:
            self.is_done = True
            self._on_done()

    def result(self) -> Result:
        """What it returned, once it is done; raises what it raised."""
        error, self._error = self._error, None
        try:
            if error is not None:
                raise error
            return self._result  # type: ignore[return-value]  # None only where work() gives it
        finally:
            del error  # its traceback refers to this frame
