"""The terminal: transcripts, messages and the progress bar, which must not run into each other."""

from __future__ import annotations

import errno
import logging
import sys
import threading
import warnings
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterator, Optional, Set

from ._arguments import in_flags
from ._scrub import Scrubber, printable

# Once for all recordings, in place of what the library logs for each with its own pace.
HASTY_CAPTIONS = (
    "the times of the captions are estimates, and the audio was sent faster than it was spoken: "
    "they may be seconds off; --speed 1 gives better ones"
)


class Console:
    """Standard output and standard error of one command.

    Any thread may call it; ``_lock`` guards the bar and what is written around it. ``scrub``
    takes the secrets out of messages.
    """

    def __init__(self, scrub: Scrubber, *, quiet: bool = False) -> None:
        self._scrub = scrub
        self._quiet = quiet
        self._lock = threading.RLock()
        self._bar: Any = None  # None: there is none to be seen
        self._state = ""
        self._settled = 0  # recordings
        self._sent: Dict[int, float] = {}  # by thread: seconds of the recording that it is at
        self._seconds = 0.0  # of audio sent in all
        self._said_once: Set[str] = set()

    def put(self, text: str) -> None:
        """Write what was heard to standard output. Raises ``OSError``."""
        with self._lock, self._bar_hidden():
            if not text:  # it is in a file
                return
            if sys.stdout is None:  # `>&-`
                raise OSError(errno.EBADF, "it is closed", "standard output")
            try:
                sys.stdout.write(printable(text))
                sys.stdout.flush()
            except OSError as exc:
                raise OSError(exc.errno, exc.strerror, "standard output") from None

    def report(self, message: str) -> None:
        """Write a line to standard output."""
        self.put(f"{self._scrub(message)}\n")

    def say(self, message: str) -> None:
        """Write a line to standard error."""
        with self._lock, self._bar_hidden(), _unheard():
            print(f"telnyx-stt: {self._scrub(message)}", file=sys.stderr, flush=True)

    def say_once(self, message: str) -> None:
        """The same, unless it has been said."""
        with self._lock:
            if message not in self._said_once:
                self._said_once.add(message)
                self.say(message)

    def note(self, message: str) -> None:
        """Write a line to standard error, unless it was asked to be quiet."""
        if not self._quiet:
            self.say(message)

    @contextmanager
    def progress(self, recordings: int) -> Iterator[None]:
        """Show a bar meanwhile, if there are a terminal and tqdm."""
        self._state = f"0/{recordings}"
        self._bar = None if self._quiet else _new_bar(recordings, self._description())
        try:
            yield
        finally:
            with self._lock, _unheard():
                bar, self._bar = self._bar, None
                if bar is not None:
                    bar.close()

    def advance(self, sent: float, total: Optional[float]) -> None:
        """So many seconds of a recording have been sent; for the thread that sends it."""
        with self._lock:
            thread = threading.get_ident()
            last = self._sent.get(thread, 0.0)
            # Less than before: the thread has gone on to the next recording.
            new = sent - last if sent >= last else sent
            self._sent[thread] = sent
            self._seconds += new
            if self._bar is not None:
                # Nobody knows how long the others are, so with several only whole ones count.
                self._move_bar(new / total if total and self._bar.total == 1 else 0.0)

    def settle(self, state: str) -> None:
        """A recording is done, or has failed; ``state`` says how far all of them are."""
        with self._lock:
            self._state = state
            self._settled += 1
            if self._bar is not None:
                self._move_bar(self._settled - self._bar.n)

    def _move_bar(self, share: float) -> None:
        with _unheard():
            self._bar.set_description_str(self._description(), refresh=False)
            self._bar.update(share)

    def _description(self) -> str:
        minutes, seconds = divmod(int(self._seconds), 60)
        return f"{self._state}, {minutes}:{seconds:02} of audio sent"

    @contextmanager
    def taking_messages(self) -> Iterator[None]:
        """Show what the library logs and warns of as lines of ours, each warning once."""
        handler = _LogLines(self)
        logger = logging.getLogger("telnyx_stt_sync")
        logger.addHandler(handler)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                warnings.showwarning = self._warn
                yield
        finally:
            logger.removeHandler(handler)

    def _warn(self, message: Any, *where: Any, **more: Any) -> None:
        self.say_once(in_flags(str(message)))

    @contextmanager
    def _bar_hidden(self) -> Iterator[None]:
        if self._bar is None:
            yield
            return
        with _unheard():
            self._bar.clear()
        yield
        with _unheard():
            self._bar.refresh()


@contextmanager
def _unheard() -> Iterator[None]:
    """Go on where standard error takes nothing: whoever logs here is at work on a recording."""
    with suppress(OSError, ValueError):  # a reader that left, a full disk, a closed file
        yield


class _LogLines(logging.Handler):
    """Warnings and errors of the library, without the time and without a traceback."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        message = in_flags(record.getMessage())
        # The number of the stream in front of it tells a user nothing, and eight streams that try
        # eight times would fill the screen with one and the same reason.
        reason, found, _ = message.partition(": ")[2].partition("; connecting again")
        if found:
            self._console.say_once(f"{reason}; trying again")
        elif message.startswith("the times of these captions"):
            self._console.say_once(HASTY_CAPTIONS)
        else:
            self._console.say(message)


def _new_bar(recordings: int, description: str) -> Any:
    """A bar on standard error; ``None`` where nobody would see it, or tqdm is missing."""
    if not recordings or not sys.stderr.isatty():
        return None
    try:
        from tqdm import tqdm
    except ImportError:
        return None

    class Bar(tqdm):  # type: ignore[misc]  # it has no types
        monitor_interval = 0  # no thread of its own

    # The default lock is one for processes, which leaves a semaphore behind.
    Bar.set_lock(threading.RLock())
    return Bar(
        total=recordings,
        file=sys.stderr,
        leave=False,
        dynamic_ncols=True,
        miniters=0,  # it is the description that changes most
        desc=description,
        bar_format="{desc} |{bar}| {percentage:3.0f}% {elapsed}",
    )
