"""Bytes that wait, against one long string of them."""

from __future__ import annotations

import sys
from typing import List

from hypothesis import given
from hypothesis import strategies as st

from telnyx_stt_sync._byte_queue import SMALL, ByteQueue

PIECES = st.builds(
    lambda size, byte: bytes([byte]) * size,
    st.sampled_from([0, 1, 2, 7, SMALL - 1, SMALL, 3 * SMALL]),
    st.integers(0, 255),
)
STEPS = st.lists(st.one_of(PIECES, st.integers(0, 5 * SMALL)), max_size=40)


@given(STEPS)
def test_order(steps: List[object]) -> None:
    """What is taken is what was put, in order, however either is cut."""
    queue, model = ByteQueue(), b""
    for step in steps:
        if isinstance(step, bytes):
            queue.put(step)
            model += step
        else:
            assert isinstance(step, int)
            taken = queue.take(step)
            assert type(taken) is bytes and taken == model[:step]
            model = model[step:]
        assert queue.size == len(model)
    assert queue.take(len(model)) == model
    queue.put(b"x")
    queue.clear()
    assert (queue.size, queue.take(1)) == (0, b"")


def test_a_piece_is_not_copied() -> None:
    """A large piece that is taken whole is the one that was put."""
    queue, piece = ByteQueue(), bytes(SMALL)
    queue.put(b"a")
    queue.put(piece)
    assert queue.take(1) == b"a"
    assert queue.take(SMALL) is piece


def test_small_pieces_take_little() -> None:
    """Pieces of a sample each take about what they are long."""
    queue = ByteQueue()
    for _ in range(50_000):
        queue.put(b"ab")
    assert sum(map(sys.getsizeof, queue._pieces)) < 150_000
    assert queue.take(100_000) == b"ab" * 50_000


def test_what_is_put_later_does_not_change_what_was_taken() -> None:
    """Small pieces are put together, not with those that are out already."""
    queue = ByteQueue()
    queue.put(b"ab")
    taken = queue.take(2)
    queue.put(b"cd")
    assert (taken, queue.take(2)) == (b"ab", b"cd")
