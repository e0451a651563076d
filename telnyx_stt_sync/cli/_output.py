"""Where transcripts go: one file for each recording, or all to standard output."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Callable, Dict, List, Optional, Sequence, Set, Tuple

from .. import Transcription
from ._origins import Origin, Origins, origin_of

FORMATS = ("txt", "json", "srt", "vtt")

# Captions hold times from their first line on, so several can't follow each other in one file.
CAPTIONS = ("srt", "vtt")


def render(name: str, transcription: Transcription, kind: str) -> str:
    """The text of one transcript's own file, with its last line end."""
    if kind == "json":
        return _json(name, transcription, indent=2)
    if kind == "srt":
        return transcription.to_srt()
    if kind == "vtt":
        return transcription.to_vtt()
    return transcription.text + "\n"


def render_one_of_many(name: str, transcription: Transcription, kind: str) -> str:
    """The same among others: under its heading, JSON as one line."""
    if kind == "json":
        return _json(name, transcription)
    return f"==> {name} <==\n{render(name, transcription, kind)}"


def _json(name: str, transcription: Transcription, indent: Optional[int] = None) -> str:
    named = {"source": name, **transcription.to_dict()}
    # Python reads what is no text in a file's name as surrogates, which UTF-8 has not; JSON has.
    text = json.dumps(named, ensure_ascii=False, indent=indent)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"


class OutputFolder:
    """A folder of transcripts, each under the path of its recording.

    ``a/x.wav`` becomes ``FOLDER/a/x.wav.txt``: the whole name is kept, so that
    neither ``b/x.wav`` nor ``a/x.mp3`` goes to the same file. A recording outside the current
    folder goes under its path from the root. The same name in another current folder is another
    recording, so an index says which one each transcript was made from.
    """

    def __init__(self, folder: str, kind: str) -> None:
        self._folder = folder
        self._kind = kind
        self._origins = Origins(folder)
        # The recordings as they were before they were sent.
        self._looked_at: Dict[str, Origin] = {}

    def path_for(self, recording: str) -> str:
        """Where the transcript of a recording goes."""
        path = os.path.abspath(recording)
        with contextlib.suppress(ValueError):  # two drives of Windows have nothing in common
            inside = os.path.relpath(path)
            if inside.split(os.sep)[0] != os.pardir:
                path = inside
        drive, path = os.path.splitdrive(path)
        kept = os.path.join(drive.strip("\\/:?").replace("\\", "_"), path.lstrip("\\/"))
        return os.path.join(self._folder, f"{kept}.{self._kind}")

    def undone(
        self, recordings: Sequence[str], *, force: bool
    ) -> Tuple[Set[str], List[Tuple[str, str]]]:
        """Those without a transcript, and those that can have none here, each with the reason.

        ``force``: whatever transcript there is, it does not count.
        """
        waiting: Set[str] = set()
        failures: List[Tuple[str, str]] = []
        for recording in recordings:
            origin = origin_of(recording)
            if origin is not None:
                self._looked_at[recording] = origin
            path = self.path_for(recording)
            reason = self._obstacle(path)
            if reason is None and not force:
                reason = self._taken(path, origin)
            if reason is not None:
                failures.append((recording, reason))
            elif force or not self._is_done(path, origin):
                waiting.add(recording)
        return waiting, failures

    def _obstacle(self, path: str) -> Optional[str]:
        """What is known to keep a transcript from being written."""
        if os.path.isdir(path):
            return f"{path} is a folder: its transcript would have to take that place"
        # Its own folder may not be there yet, and then nobody says that a name is too long.
        for place in (path, os.path.join(self._folder, os.path.basename(path))):
            try:
                os.lstat(place)
            except FileNotFoundError:
                continue
            except OSError as exc:
                return f"its transcript can't be written to {path}: {exc.strerror or exc}"
        return None

    def _is_done(self, path: str, origin: Optional[Origin]) -> bool:
        """Whether the transcript is there, and of this recording as it is now."""
        if origin is None or not os.path.isfile(path):
            return False
        known = self._origins.of(path)
        if known is None:  # somebody else's, or from before there was an index
            return os.stat(path).st_mtime_ns >= origin.changed_ns
        return known.has_become(origin)

    def _taken(self, path: str, origin: Optional[Origin]) -> Optional[str]:
        """What is wrong when the transcript there is of another recording."""
        known = self._origins.of(path)
        if known is None or origin is None or not os.path.isfile(path):
            return None
        if known.is_at(origin) or known.has_become(origin):
            return None
        return (
            f"{path} is the transcript of another recording, {known.recording}: give another "
            "--output, or --force to replace it"
        )

    def clash(self, recordings: List[str]) -> Optional[str]:
        """What is wrong when two of them would go to one file; ``None``: nothing."""
        owners: Dict[str, str] = {}
        for recording in recordings:
            path = self.path_for(recording)
            if path in owners:
                return f"{owners[path]} and {recording} would both go to {path}"
            owners[path] = recording
        return None

    def make(self) -> None:
        """Make the folder, unless it is there. Raises ``OSError``."""
        os.makedirs(self._folder, exist_ok=True)

    def probe(self) -> None:
        """See whether something can be written there. Raises ``OSError``."""
        probe = os.path.join(self._folder, _unfinished())
        with open(probe, "wb"):
            pass
        os.remove(probe)

    def write(self, recording: str, transcription: Transcription) -> None:
        """Write a transcript; nobody ever sees the half of it. Raises ``OSError``."""
        path = self.path_for(recording)
        os.makedirs(os.path.dirname(path) or os.curdir, exist_ok=True)
        # In the same folder, so that it can take the other's place in one step.
        unfinished = os.path.join(os.path.dirname(path), _unfinished())
        try:
            with open(unfinished, "w", encoding="utf-8", newline="\n") as file:
                file.write(render(recording, transcription, self._kind))
            os.replace(unfinished, path)
        except BaseException:
            with contextlib.suppress(OSError):  # it may not even have been begun
                os.remove(unfinished)
            raise
        if recording in self._looked_at:
            with contextlib.suppress(OSError):  # without its line it counts by its time
                self._origins.add(path, self._looked_at[recording])


def _unfinished() -> str:
    return f".telnyx-stt-{os.getpid()}.part"


class InOrder:
    """Hands texts on in the order of their numbers, each as soon as all before it are settled."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._waiting: Dict[int, str] = {}
        self._next = 0

    def settle(self, number: int, text: str) -> None:
        """The text of this number, from 0; empty when there will be none."""
        self._waiting[number] = text
        while self._next in self._waiting:
            self._write(self._waiting.pop(self._next))
            self._next += 1

    def flush(self) -> None:
        """Hand on whatever waits for one that will not come."""
        for number in sorted(self._waiting):
            self._write(self._waiting.pop(number))
