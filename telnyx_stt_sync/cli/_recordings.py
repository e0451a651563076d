"""What was named on the command line → the recordings behind it."""

from __future__ import annotations

import contextlib
import glob
import os
import stat
import sys
from typing import Any, Iterator, List, NamedTuple, Set, Tuple

STANDARD_INPUT = "-"

# Why a file is left out.
NOT_AUDIO = "it is not audio by its name"
NOT_A_FILE = "it is a pipe, a socket or a device; it is taken when it is named itself"

# What is audio by its name. The second line is audio that the service does not take: whoever
# has it in a folder gets to read how to convert it, and not that it was never looked at.
_AUDIO = frozenset(
    ".wav .wave .mp3 .mpga .flac .ogg .oga .opus .webm .weba .amr .awb"
    " .m4a .mp4 .aac .wma .aif .aiff .aifc .caf .au .snd .w64 .3ga".split()
)

# Audio without a header, or a photograph: looked at only when the user says what it is.
_RAW = frozenset(".raw .pcm .sln .ul .al .ulaw .alaw .g729 .spx .s16 .f32".split())


class Recording(NamedTuple):
    """One recording; ``source`` is what ``transcribe_file()`` takes."""

    name: str
    source: Any  # a path, or the binary file of standard input


class Recordings:
    """All that was found, in the order in which it was named, each once.

    ``failures`` are the names behind which there is nothing, and why.
    ``left_out`` are the files of folders and patterns that are not taken, and why.
    """

    def __init__(self, *, takes_raw: bool = False) -> None:
        self.found: List[Recording] = []
        self.failures: List[Tuple[str, str]] = []
        self.left_out: List[Tuple[str, str]] = []
        self._suffixes = _AUDIO | _RAW if takes_raw else _AUDIO
        self._seen: Set[str] = set()
        self._names = 0
        self._has_many = False  # a folder or a pattern, however many files there are

    @property
    def is_single(self) -> bool:
        """Whether one file was named itself, and nothing else: its text needs no heading."""
        return self._names == 1 and not self._has_many

    def add(self, name: str) -> None:
        """A file, a folder, a pattern, or ``-``. Reads folders, opens no file."""
        self._names += 1
        if name == STANDARD_INPUT:
            # Without its buffer, which waits until it is full before it gives anything.
            self._add(Recording("-", getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)), "-")
        elif os.path.isdir(name):
            self._has_many = True
            self._add_folder(name)
        elif glob.has_magic(name) and not os.path.lexists(name):
            # Shells do this, but not those of Windows.
            self._has_many = True
            self._add_matches(name)
        else:
            self._add_file(name)

    def give_up(self, failures: List[Tuple[str, str]]) -> None:
        """Recordings of which nothing can come, and why."""
        names = {name for name, _ in failures}
        self.found = [one for one in self.found if one.name not in names]
        self.failures += failures

    def _add_matches(self, pattern: str) -> None:
        matches = sorted(glob.glob(pattern, recursive=True))
        if not matches:
            self.failures.append((pattern, "no file matches"))
        for match in matches:
            self._add_folder(match) if os.path.isdir(match) else self._add_regular(match)

    def _add_folder(self, folder: str) -> None:
        is_empty = True
        for path in _files(folder, self.failures):
            if os.path.splitext(path)[1].lower() in self._suffixes:
                self._add_regular(path)
                is_empty = False
            else:
                self.left_out.append((path, NOT_AUDIO))
        if is_empty:
            self.failures.append((folder, "no file in this folder is audio by its name"))

    def _add_regular(self, path: str) -> None:
        """A file that nobody has named: a pipe would keep the command waiting for ever."""
        with contextlib.suppress(OSError):  # its transcription says what is wrong
            if not stat.S_ISREG(os.stat(path).st_mode):
                self.left_out.append((path, NOT_A_FILE))
                return
        self._add_file(path)

    def _add_file(self, path: str) -> None:
        self._add(Recording(path, path), os.path.normcase(os.path.abspath(path)))

    def _add(self, recording: Recording, identity: str) -> None:
        if identity not in self._seen:
            self._seen.add(identity)
            self.found.append(recording)


def _files(folder: str, failures: List[Tuple[str, str]]) -> Iterator[str]:
    """Every file below a folder, sorted, but for hidden ones, such as macOS leaves on disks."""

    def failed(exc: OSError) -> None:
        failures.append((str(exc.filename), exc.strerror or str(exc)))

    for where, folders, names in os.walk(folder, onerror=failed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield os.path.normpath(os.path.join(where, name))
