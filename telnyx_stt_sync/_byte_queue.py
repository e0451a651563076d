"""Bytes that wait in order."""

from __future__ import annotations

from typing import List, Union

# Pieces smaller than that are put together: else each of two bytes would take forty.
SMALL = 1024


class ByteQueue:
    """FIFO of bytes, put and taken in pieces of any size; ``size`` is how many wait.

    Its owner guards it. Large pieces are kept as they came: one ``bytearray`` of them all would
    move what waits each time that it grows, eight bytes for each that comes. ``size`` is the last
    to grow and the first to shrink: an exception in between leaves no more to take than is there.
    """

    __slots__ = ("_pieces", "_start", "size")

    def __init__(self) -> None:
        # Few, and short: a deque takes ten times the memory of this while it is empty.
        self._pieces: List[Union[bytes, bytearray]] = []
        self._start = 0  # bytes of the first piece that were taken
        self.size = 0  # to look at only

    def put(self, piece: bytes) -> None:
        """Add bytes behind the others."""
        last = self._pieces[-1] if self._pieces else b""
        if len(piece) >= SMALL:
            self._pieces.append(piece)
        elif isinstance(last, bytearray) and len(last) < 16 * SMALL:
            last += piece
        elif piece:
            self._pieces.append(bytearray(piece))
        self.size += len(piece)

    def take(self, size: int) -> bytes:
        """Take so many bytes from the head, at most all."""
        size = min(size, self.size)
        self.size -= size
        taken: List[Union[bytes, bytearray]] = []
        count = 0  # pieces that are used up
        while size:
            piece = self._pieces[count]
            end = self._start + size
            if end < len(piece):
                taken.append(piece[self._start : end])
                self._start, size = end, 0
            else:
                taken.append(piece[self._start :] if self._start else piece)
                size = end - len(piece)
                self._start = 0
                count += 1
        del self._pieces[:count]
        return bytes(taken[0]) if len(taken) == 1 else b"".join(taken)

    def clear(self) -> None:
        """Drop all."""
        self._pieces.clear()
        self._start = self.size = 0
