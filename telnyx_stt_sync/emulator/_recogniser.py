"""What the emulator's server needs of a recogniser: audio in, text out by callback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable, Optional

from typing_extensions import Protocol


@dataclass(frozen=True)
class Heard:
    """Something a recogniser understood: an interim or a final.

    An interim replaces the interim before it. ``start`` and ``end`` are
    seconds of audio from the start of the stream. ``confidence`` is 0 to 1,
    ``None`` where the recogniser has none to give. ``ends_utterance`` says
    that the speaker paused here (Deepgram's ``speech_final``).
    """

    text: str
    is_final: bool
    start: float
    end: float
    confidence: Optional[float] = None
    ends_utterance: bool = False


OnHeard = Callable[[Heard], None]
OnDone = Callable[[], None]
OnError = Callable[[str], None]


class Recognition(Protocol):
    """One stream of audio being recognised.

    ``feed``, ``finalize`` and ``end`` are called by one thread, ``close`` by
    any. The callbacks are called by one other thread, in order.
    """

    def feed(self, audio: bytes) -> None:
        """Take bytes in the session's ``input_format``, cut anywhere.

        May block for as long as the recogniser is behind; ``close()`` releases it.
        """

    def finalize(self) -> None:
        """Ask for a final of what was heard so far. Does not wait for it.

        May block, as ``end()`` may, as long as ``feed()`` would.
        """

    def end(self) -> None:
        """Say that no more audio comes: the last finals follow, then ``on_done``. Does not wait."""

    def close(self) -> None:
        """Stop now and release everything; idempotent, callable from any thread.

        No callback is running or will run once it has returned, except the
        one that it was called from.
        """


class Recogniser(Protocol):
    """Where recognitions come from. Its owner closes it; many may be open at once."""

    def open(
        self,
        input_format: str,
        sample_rate: Optional[int],
        *,
        on_heard: OnHeard,
        on_done: OnDone,
        on_error: OnError,
    ) -> Recognition:
        """Start to recognise one stream. May block while something is being started.

        ``sample_rate`` is in Hz and ``None`` where the format carries its own.
        ``on_done`` is called exactly once after ``end()``, after the last
        ``on_heard``. ``on_error`` is called, at most once and with a text for
        people, when the audio cannot be understood as what it was said to be,
        or no longer by anybody; ``on_done`` still follows ``end()``. Raises
        ``RuntimeError`` when there is nothing that could recognise.
        """

    def close(self) -> None:
        """Close every recognition and stop what works for them. Blocks for a second at most."""
