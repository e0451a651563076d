"""Paths and file objects of every kind, read forward."""

from __future__ import annotations

import io
import os
import re
import threading
from pathlib import Path
from typing import Any, List, Optional

import pytest

from telnyx_stt_sync._errors import AudioError
from telnyx_stt_sync._reader import Reader


class Pipe:
    """A file object that gives at most ``most`` bytes at a time, and can't seek."""

    def __init__(self, data: bytes, most: int = 3) -> None:
        self._data = data
        self._most = most
        self.closed = False

    def read(self, size: int) -> Any:
        piece = self._data[: min(size, self._most)]
        self._data = self._data[len(piece) :]
        return piece

    def close(self) -> None:
        self.closed = True


class Endless:
    """A device: it can seek, but does not know its size."""

    def read(self, size: int) -> bytes:
        return bytes(size)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return 0

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0


class Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False


class Liar(io.BytesIO):
    def seek(self, offset: int, whence: int = 0) -> int:
        raise OSError("cannot seek after all")


def reader_of(source: Any) -> Reader:
    return Reader(source)


def all_of(reader: Reader, size: int = 4) -> bytes:
    pieces: List[bytes] = []
    while True:
        piece = reader.read(size)
        if not piece:
            return b"".join(pieces)
        assert len(piece) <= size
        pieces.append(piece)


@pytest.mark.parametrize("kind", [str, os.fsencode, Path])
def test_path(kind: Any, tmp_path: Path) -> None:
    """A path of any type is opened and, by close(), closed."""
    path = tmp_path / "call.raw"
    path.write_bytes(b"0123456789")
    reader = reader_of(kind(str(path)))
    assert reader.name == str(path)
    assert reader.size == 10
    assert all_of(reader) == b"0123456789"
    reader.close()
    reader.close()
    with pytest.raises(ValueError, match="closed"):
        reader.read(1)


def test_errors_of_open(tmp_path: Path) -> None:
    """What can't be opened raises what open() raises."""
    with pytest.raises(FileNotFoundError):
        reader_of(tmp_path / "nothing.wav")
    with pytest.raises((IsADirectoryError, PermissionError)):
        reader_of(tmp_path)


@pytest.mark.parametrize("source", [io.BytesIO(b"0123456789"), Pipe(b"0123456789")])
def test_file_object_stays_open(source: Any) -> None:
    """A file object is read to its end and left open."""
    reader = reader_of(source)
    assert reader.name is None
    assert all_of(reader) == b"0123456789"
    reader.close()
    assert not source.closed


def test_name_of_a_file_object(tmp_path: Path) -> None:
    """A file object's name is known if it is a text."""
    path = tmp_path / "call.raw"
    path.write_bytes(b"x")
    with open(path, "rb") as file:
        assert reader_of(file).name == str(path)
    with open(os.open(str(path), os.O_RDONLY), "rb") as file:
        assert reader_of(file).name is None


def test_from_where_it_stands() -> None:
    """A file object positioned mid-way is read from there, and measured from there."""
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    reader = reader_of(file)
    assert reader.size == 6
    assert all_of(reader) == b"456789"


@pytest.mark.parametrize("source", [io.BytesIO(b"0123456789"), Pipe(b"0123456789")])
def test_peek_takes_nothing(source: Any) -> None:
    """What was looked at is still there to be read."""
    reader = reader_of(source)
    assert reader.peek(4) == b"0123"
    assert reader.peek(2) == b"01"
    assert reader.peek(100) == b"0123456789"
    assert reader.read(3) == b"012"
    assert reader.peek(2) == b"34"
    assert all_of(reader) == b"3456789"
    assert reader.peek(1) == b""


def test_read_does_not_wait_twice() -> None:
    """One read of the file is one piece; read_all() goes on until it has enough."""
    reader = reader_of(Pipe(b"0123456789"))
    assert reader.read(5) == b"012"
    assert reader.read_all(5) == b"34567"
    assert reader.read_all(5) == b"89"


@pytest.mark.parametrize("buffering", [-1, 0])
def test_a_pipe_gives_what_is_there(buffering: int, limit: float) -> None:
    """Of a pipe with something in it nothing more is awaited, whatever was asked for."""
    read_end, write_end = os.pipe()
    with open(read_end, "rb", buffering=buffering) as source, open(write_end, "wb", 0) as sink:
        reader = Reader(source)
        too_late = threading.Timer(limit, sink.close)
        too_late.start()
        try:
            sink.write(b"first")
            assert reader.read(1000) == b"first"
            sink.write(b"head and rest")
            assert reader.peek(4) == b"head"
            assert reader.read(1000) == b"head"
            assert reader.read(1000) == b" and rest"
            assert not sink.closed
        finally:
            too_late.cancel()
            too_late.join()
        sink.close()
        assert reader.read(1000) == b""


@pytest.mark.parametrize("buffering", [-1, 0])
def test_a_wait_comes_before_each_read_of_a_pipe(buffering: int) -> None:
    """Before a pipe is read it is waited on, without its buffer; not for what was looked at."""
    read_end, write_end = os.pipe()
    waits: List[object] = []
    with open(read_end, "rb", buffering) as source, open(write_end, "wb", 0) as sink:
        reader = Reader(source, waits.append)
        assert waits == []
        sink.write(b"four")
        assert reader.peek(4) == b"four"
        assert len(waits) == 1
        assert reader.read(4) == b"four"
        assert len(waits) == 1
        sink.write(b"more")
        assert reader.read(100) == b"more"
        assert len(waits) == 2
        sink.close()
        assert reader.read(100) == b""
        assert len(waits) > 2
        assert set(waits) == {getattr(source, "raw", source)}


def test_a_wait_that_raises() -> None:
    """What it raises goes up, and nothing was read or is lost."""
    waits = iter([None, TimeoutError])

    def wait(raw: object) -> None:
        error = next(waits)
        if error is not None:
            raise error

    read_end, write_end = os.pipe()
    with open(read_end, "rb") as source, open(write_end, "wb", 0) as sink:
        reader = Reader(source, wait)
        sink.write(b"four")
        with pytest.raises(TimeoutError):
            reader.peek(5)
        assert reader.read(5) == b"four"


def test_what_the_user_left_in_the_buffer() -> None:
    """What was read ahead of a line comes first."""
    read_end, write_end = os.pipe()
    with open(read_end, "rb") as source, open(write_end, "wb", 0) as sink:
        sink.write(b"a line\nand")
        assert source.readline() == b"a line\n"
        sink.write(b" the rest")
        reader = Reader(source)
        assert reader.read(2) == b"an"
        assert reader.read(100) == b"d"
        assert reader.read(100) == b" the rest"


@pytest.mark.parametrize("kind", [Unseekable, Pipe])
def test_other_objects_are_waited_on(kind: Any) -> None:
    """So it goes with every object that can't be measured, in case that it takes its time."""
    waits: List[object] = []
    source = kind(b"bytes")
    assert Reader(source, waits.append).read(2)
    assert waits == [source]


def test_files_are_not_waited_on() -> None:
    """What can be measured is read without further ado."""
    waits: List[object] = []
    assert all_of(Reader(io.BytesIO(b"bytes"), waits.append)) == b"bytes"
    assert waits == []


@pytest.mark.parametrize("buffering", [-1, 0])
def test_a_pipe_that_is_not_blocking(buffering: int) -> None:
    """A pipe that is empty for now has not ended: not to wait for more is an AudioError."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    with open(read_end, "rb", buffering=buffering) as source, open(write_end, "wb", 0) as sink:
        reader = Reader(source)
        sink.write(b"first")
        assert reader.read(1000) == b"first"
        with pytest.raises(AudioError, match="not blocking"):
            reader.read(1000)


def test_skip() -> None:
    """Bytes can be left out, as far as there are any."""
    reader = reader_of(Pipe(b"0123456789"))
    reader.skip(7)
    assert reader.read(10) == b"789"
    reader.skip(7)


def test_limit() -> None:
    """Reading ends at the limit although the file goes on, or at the end before it."""
    reader = reader_of(io.BytesIO(b"0123456789"))
    reader.peek(8)
    reader.limit(5)
    assert all_of(reader) == b"01234"
    reader = reader_of(Pipe(b"0123"))
    reader.limit(5)
    assert all_of(reader) == b"0123"


def test_a_file_that_becomes_shorter() -> None:
    """An end before the one that was measured is an AudioError, also behind a rewind."""
    file = io.BytesIO(b"0123456789")
    reader = reader_of(file)
    assert reader.read(3) == b"012"
    file.truncate(6)
    for offset in (3, 8):
        reader.rewind(offset)
        with pytest.raises(AudioError, match=f"shorter .* last {10 - max(offset, 6)} bytes"):
            all_of(reader)


def test_a_file_that_becomes_shorter_behind_the_limit() -> None:
    """What lies behind the limit may go: nobody wants it."""
    file = io.BytesIO(b"0123456789")
    reader = reader_of(file)
    reader.limit(6)
    assert reader.read(3) == b"012"
    file.truncate(6)
    assert all_of(reader) == b"345"


def test_a_file_that_grows() -> None:
    """What is added while it is read is read as well."""
    file = io.BytesIO(b"0123")
    reader = reader_of(file)
    assert reader.read(4) == b"0123"
    file.write(b"45")
    file.seek(4)
    assert all_of(reader) == b"45"


def test_file_object_that_gives_more_than_asked() -> None:
    """Surplus bytes are kept for the next read."""

    class Generous(Pipe):
        def read(self, size: int) -> bytes:
            return bytes(super().read(100))

    reader = reader_of(Generous(b"0123456789", most=10))
    reader.limit(7)
    assert reader.read(4) == b"0123"
    assert all_of(reader) == b"456"


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_other_bytes_like_pieces(kind: Any) -> None:
    """A file object may give any bytes-like object."""

    class Other(Pipe):
        def read(self, size: int) -> Any:
            return kind(super().read(size))

    assert all_of(reader_of(Other(b"0123456789"))) == b"0123456789"


@pytest.mark.parametrize(
    ("source", "size"),
    [
        (Pipe(b"0123"), None),
        (Unseekable(b"0123"), None),
        (Liar(b"0123"), None),
        (Endless(), None),
        (io.BytesIO(b"0123"), 4),
    ],
)
def test_size(source: Any, size: Optional[int]) -> None:
    """The size is known where the file can be measured, and falls as it is read."""
    reader = reader_of(source)
    assert reader.size == size
    reader.read(1)
    assert reader.size == (None if size is None else size - 1)


def test_tail() -> None:
    """The end of a file can be looked at without moving; of a pipe it can't."""
    reader = reader_of(io.BytesIO(b"0123456789"))
    reader.peek(3)
    assert reader.tail(4) == b"6789"
    assert reader.tail(400) == b"0123456789"
    assert all_of(reader) == b"0123456789"
    assert reader_of(Pipe(b"0123456789")).tail(4) == b""


def test_text_files() -> None:
    """A file that was opened as text is a TypeError that says how to open it."""

    class Text(Pipe):
        def read(self, size: int) -> str:
            return "text"

    with pytest.raises(TypeError, match=r"open\(path, 'rb'\)"):
        reader_of(io.StringIO("text"))
    with pytest.raises(TypeError, match=r"open\(path, 'rb'\)"):
        reader_of(Text(b"")).read(1)


@pytest.mark.parametrize("piece", [7, [1, 2, 3], 0.5])
def test_a_file_object_that_gives_no_bytes(piece: Any) -> None:
    """What read() gives and is no bytes is not taken for audio: a TypeError says what it was."""

    class Wrong(Pipe):
        def read(self, size: int) -> Any:
            return piece

    with pytest.raises(TypeError, match=re.escape(f"gave {piece!r}, not bytes")):
        reader_of(Wrong(b"")).read(1)


@pytest.mark.parametrize("source", [None, 3, bytearray(b"RIFF"), object()])
def test_not_a_file(source: object) -> None:
    """Anything else is a TypeError that says what to give."""
    with pytest.raises(TypeError, match=f"from {type(source).__name__}: give a path"):
        reader_of(source)


def test_non_blocking_file() -> None:
    """A file object that does not wait for data is an AudioError."""

    class NonBlocking(Pipe):
        def read(self, size: int) -> None:
            return None

    with pytest.raises(AudioError, match="blocking"):
        reader_of(NonBlocking(b"")).read(1)


@pytest.mark.parametrize("offset", [0, 3, 6])
@pytest.mark.parametrize("peeked", [0, 4])
def test_rewind(offset: int, peeked: int) -> None:
    """It goes back, or on, to so many bytes behind the mark, whatever was looked at meanwhile."""
    reader = reader_of(io.BytesIO(b"0123456789"))
    reader.peek(3)
    reader.skip(2)
    reader.mark()
    for taken in (1, 8):
        reader.read_all(taken)
        reader.peek(peeked)
        reader.rewind(offset)
        assert reader.size == 8 - offset
        assert all_of(reader) == b"23456789"[offset:]


def test_rewind_to_the_start() -> None:
    """Without another mark it goes back to where the file object stood."""
    file = io.BytesIO(b"0123456789")
    file.seek(4)
    reader = reader_of(file)
    reader.skip(100)
    reader.rewind(1)
    assert all_of(reader) == b"56789"


def test_rewind_and_limit() -> None:
    """A limit holds after it as well, at the same place."""
    reader = reader_of(io.BytesIO(b"0123456789"))
    reader.limit(6)
    reader.skip(1)
    reader.mark()
    assert all_of(reader) == b"12345"
    reader.rewind(2)
    assert all_of(reader) == b"345"
