"""Which recording each transcript of a folder was made from."""

from __future__ import annotations

import json
import os
from typing import Dict, NamedTuple, Optional

# Hidden, so that nobody takes it for a transcript.
INDEX = ".telnyx-stt-index"


class Origin(NamedTuple):
    """A recording as it was when it was looked at."""

    recording: str  # absolute path
    size: int
    changed_ns: int

    def has_become(self, now: Origin) -> bool:
        """Whether that is the same recording, unchanged, also where its folder has been moved."""
        is_unchanged = (self.size, self.changed_ns) == (now.size, now.changed_ns)
        return is_unchanged and (self.is_at(now) or not os.path.lexists(self.recording))

    def is_at(self, now: Origin) -> bool:
        """Whether it is the file of that name, unchanged or not."""
        if self.recording == now.recording:
            return True
        try:
            return os.path.samefile(self.recording, now.recording)
        except OSError:
            return False


def origin_of(recording: str) -> Optional[Origin]:
    """What a recording is now; ``None``: nobody can say."""
    try:
        found = os.stat(recording)
    except OSError:
        return None
    return Origin(os.path.abspath(recording), found.st_size, found.st_mtime_ns)


class Origins:
    """The index of a folder: a line of JSON for each transcript, the last one counts.

    Lines are only ever added, each in one step, so two commands may write to one folder.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._index = os.path.join(folder, INDEX)
        self._known = _read(self._index)

    def of(self, transcript: str) -> Optional[Origin]:
        """What a transcript was made from; ``None``: the index does not say."""
        return self._known.get(self._name(transcript))

    def add(self, transcript: str, origin: Origin) -> None:
        """What a transcript has just been made from. Raises ``OSError``."""
        name = self._name(transcript)
        self._known[name] = origin
        # The line end goes first: it parts the line from what a full disk may have cut.
        line = f"\n{json.dumps({'transcript': name, **origin._asdict()})}"
        with open(self._index, "ab", buffering=0) as file:
            file.write(line.encode("ascii"))

    def _name(self, transcript: str) -> str:
        return os.path.relpath(transcript, self._folder).replace(os.sep, "/")


def _read(index: str) -> Dict[str, Origin]:
    known: Dict[str, Origin] = {}
    try:
        with open(index, encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return known  # no transcript has been written yet
    for line in lines:
        try:
            entry = json.loads(line)
            name, recording = str(entry["transcript"]), str(entry["recording"])
            known[name] = Origin(recording, int(entry["size"]), int(entry["changed_ns"]))
        except (ValueError, KeyError, TypeError):
            continue  # a line that was cut; its transcript counts by its time
    return known
