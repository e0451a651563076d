"""A path or a file object, read forward: what was looked at is given again."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, BinaryIO, Callable, Optional, Protocol, Union, cast

from ._errors import AudioError
from ._wav import subject

if TYPE_CHECKING:  # pragma: no cover
    _PathLike = os.PathLike[str]
else:
    _PathLike = os.PathLike  # takes no parameter before Python 3.9


class BinaryFile(Protocol):
    """What a file object must be able to do: pipes, archives, and what a test makes up will do."""

    def read(self, size: int, /) -> bytes:
        """At most ``size`` bytes; none only at the end."""
        ...


Source = Union[str, bytes, _PathLike, BinaryFile]

# Waits until something can be read from a file object, which has no buffer if that can be had;
# raises to end the reading.
Wait = Callable[[object], None]

_SKIP_STEP = 64 * 1024


class Reader:
    """The bytes of ``source`` from where it stands. Owner: the thread that opened it.

    Opens what is a path, and closes only what it has opened. Raises what
    ``open()`` raises, and ``TypeError`` for what is not a binary file. Before each read
    of what can't be measured, a pipe for example, comes a ``wait``.
    """

    def __init__(self, source: Source, wait: Wait = lambda raw: None) -> None:
        self._owned = isinstance(source, (str, bytes, os.PathLike))
        if isinstance(source, (str, bytes, os.PathLike)):
            self.name: Optional[str] = os.fsdecode(source)  # None: a file object without one
            self._file = cast(BinaryIO, open(source, "rb"))
        else:
            name = getattr(source, "name", None)
            self.name = name if isinstance(name, str) else None
            self._file = _binary_file(source)
        self._ahead = b""
        # Bytes that may still be read; None: until the file ends.
        self._left: Optional[int] = None
        # Bytes from here to the end; None: not known, a pipe for example.
        self.size = self._measure()
        # Pipes, sockets and standard input: read() waits until all is there that was asked for,
        # read1() for no more than something. Other types may have changed one and not the other.
        self._waits = self.size is None and type(self._file) is io.BufferedReader
        self._raw = cast(io.BufferedReader, self._file).raw if self._waits else self._file
        self._wait = wait
        self.mark()

    def peek(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end; they stay to be read."""
        while len(self._ahead) < size:
            piece = self._pull(size - len(self._ahead))
            if not piece:
                break
            self._ahead += piece
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """At most ``size`` bytes, as many as there are without waiting twice; none at the end.

        Raises ``AudioError`` at an end that comes before what was there at first. What was
        added meanwhile is read as well.
        """
        if self._left is not None:
            size = min(size, self._left)
        if size and not self._ahead:
            self._ahead = self._pull(size)
            if not self._ahead and self.size is not None and self.size > 0:
                raise AudioError(
                    f"{subject(self.name)} has become shorter while it was read: its last "
                    f"{self.size:,} bytes are no longer there"
                )
        piece, self._ahead = self._ahead[:size], self._ahead[size:]
        if self._left is not None:
            self._left -= len(piece)
        if self.size is not None:
            self.size -= len(piece)
        return piece

    def read_all(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end."""
        self.peek(size)
        return self.read(size)

    def skip(self, size: int) -> None:
        """Leave out the next ``size`` bytes, or all that there are."""
        while size > 0:
            piece = self.read(min(size, _SKIP_STEP))
            if not piece:
                return
            size -= len(piece)

    def limit(self, size: int) -> None:
        """End after ``size`` more bytes, if the file does not end before."""
        self._left = size

    def tail(self, size: int) -> bytes:
        """The last ``size`` bytes, without moving; none where the size is not known."""
        if self.size is None:
            return b""
        here = self._file.tell()
        size = min(size, self.size)
        self._file.seek(-size, os.SEEK_END)
        tail = self._file.read(size)
        self._file.seek(here)
        return tail

    def mark(self) -> None:
        """Remember this place, for ``rewind()``."""
        self._marked = (self._tell(), self._left, self.size)

    def rewind(self, offset: int) -> None:
        """Go to ``offset`` bytes behind the place that was marked. Only where the size is known."""
        place, left, size = self._marked
        assert place is not None and size is not None
        self._file.seek(place + offset)
        self._ahead = b""
        self._left = None if left is None else left - offset
        self.size = size - offset

    def _tell(self) -> Optional[int]:
        return None if self.size is None else self._file.tell() - len(self._ahead)

    def close(self) -> None:
        """Close the file if it was opened here. Idempotent."""
        if self._owned:
            self._file.close()

    def _measure(self) -> Optional[int]:
        try:
            if not self._file.seekable():
                return None
            here = self._file.tell()
            size = self._file.seek(0, os.SEEK_END) - here
            self._file.seek(here)
        except (AttributeError, OSError, ValueError):
            # Not every file object has these methods, and some that have them can't seek.
            return None
        # Devices say 0 and hold more.
        return size if size > 0 else None

    def _pull(self, size: int) -> bytes:
        piece = b""
        if self._waits:
            # Also where the user has left something in the buffer, which can't be seen: that
            # is only given later, and it is all gone at the end.
            self._wait(self._raw)
            piece = cast(io.BufferedReader, self._file).read1(size)
        if not piece:
            # Nothing may also mean that the pipe is not blocking, which only read() tells.
            if self.size is None:
                self._wait(self._raw)
            piece = self._raw.read(size)
        if piece is None:
            raise AudioError(
                "the file object is not blocking: read() gave None, so there is no telling where "
                "the audio ends. Give a blocking one: os.set_blocking(fd, True)"
            )
        if isinstance(piece, str):
            raise _text_mode(self._file)
        try:
            return bytes(
                memoryview(piece)
            )  # bytes() alone would make something of an int or a list
        except TypeError:
            raise TypeError(
                f"read() of {self._file!r:.80} gave {piece!r:.80}, not bytes: it is no binary file"
            ) from None


def _binary_file(source: BinaryFile) -> BinaryIO:
    if isinstance(source, io.TextIOBase):
        raise _text_mode(source)
    if not callable(getattr(source, "read", None)):
        raise TypeError(
            f"cannot read audio from {type(source).__name__}: give a path or a binary file object "
            "(for audio in memory io.BytesIO(data))"
        )
    return cast(BinaryIO, source)


def _text_mode(source: object) -> TypeError:
    return TypeError(
        f"{source!r} reads text: open the file in binary mode, open(path, 'rb'); the binary side "
        "of sys.stdin is sys.stdin.buffer"
    )
