"""Many recordings side by side: what became of each, and of all of them."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

from .. import AuthenticationError, ConnectError, Transcriber, Transcription
from ._arguments import in_flags
from ._console import Console
from ._output import InOrder, OutputFolder, render, render_one_of_many
from ._recordings import Recording
from ._scrub import in_one_line


class Batch:
    """The recordings of one command, on their way to a folder or, without one, standard output.

    ``is_one``: nothing else was named, so its text needs no heading. Owner: the main thread.
    """

    def __init__(
        self,
        console: Console,
        folder: Optional[OutputFolder],
        kind: str,
        recordings: Sequence[Recording],
        *,
        is_one: bool,
    ) -> None:
        self._console = console
        self._folder = folder
        self._kind = kind
        self._recordings = recordings
        self._is_one = is_one
        self._in_order = InOrder(console.put)
        self._transcribed = 0
        self._reasons: Dict[int, str] = {}  # by the recording's number
        self._not_tried = 0
        self.was_interrupted = False
        self.could_not_connect = False

    @property
    def size(self) -> int:
        """How many recordings there are."""
        return len(self._recordings)

    @property
    def failures(self) -> List[Tuple[str, str]]:
        """The recordings that failed, in their order, and why."""
        return [
            (self._recordings[number].name, reason)
            for number, reason in sorted(self._reasons.items())
        ]

    def counts(self) -> List[Tuple[int, str]]:
        """How many there are of each fate; the failed ones are ``failures``."""
        settled = self._transcribed + len(self._reasons) + self._not_tried
        return [
            (self._transcribed, "transcribed"),
            (self._not_tried, "not tried, because the key was refused"),
            (len(self._recordings) - settled, "interrupted or not begun"),
        ]

    def run(self, transcriber: Transcriber, *, jobs: int, file_options: Dict[str, Any]) -> None:
        """Transcribe all of them. Blocks; Ctrl-C ends it, and what is done stays."""
        sources = [one.source for one in self._recordings]
        numbers = {source: number for number, source in enumerate(sources)}
        try:
            with self._console.progress(len(sources)):
                for result in transcriber.transcribe_files(
                    sources, max_workers=jobs, on_progress=self._console.advance, **file_options
                ):
                    self._settle(numbers[result.source], result.transcription, result.error)
        except KeyboardInterrupt:
            self.was_interrupted = True
        finally:
            self._in_order.flush()

    def _settle(self, number: int, transcription: Optional[Transcription], error: Any) -> None:
        name = self._recordings[number].name
        text = lost = ""
        if transcription is not None and self._folder is not None:
            try:
                self._folder.write(name, transcription)
            except Exception as exc:  # the others go on, and nobody should pay for it twice
                error = exc
                text = render_one_of_many(name, transcription, _kind_after(exc, self._kind))
                where = self._folder.path_for(name)
                lost = f"{where} can't be written: {_reason(exc)}; it is on standard output instead"
        elif transcription is not None:
            one = render if self._is_one else render_one_of_many
            text = one(name, transcription, self._kind)
        if error is None:
            self._transcribed += 1
        elif isinstance(error, AuthenticationError) and not error.attempts:
            self._not_tried += 1  # the key was refused for another, which says why
        else:
            self._reasons[number] = lost or _reason(error)
            self.could_not_connect = self.could_not_connect or isinstance(error, ConnectError)
        self._in_order.settle(number, text)
        self._console.settle(self._state())

    def _state(self) -> str:
        failed = f", {len(self._reasons)} failed" if len(self._reasons) else ""
        return f"{self._transcribed}/{len(self._recordings)}{failed}"


def _kind_after(exc: Exception, kind: str) -> str:
    """How to show what could not be written: plainly, if it was not the file that failed."""
    return kind if isinstance(exc, OSError) else "txt"


def _reason(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) else None
    reason = in_one_line(text or in_flags(str(error)))
    partial = getattr(error, "partial", None)
    if partial is not None and partial.text:
        reason += f"\n    heard before that: {in_one_line(partial.text)}"
    return reason
