"""How long a file waits for its pipe."""

from __future__ import annotations

import contextlib
import io
import math
import os
import socket
import tempfile
from typing import Any, Callable, ContextManager, Iterator, Tuple

import pytest

from telnyx_stt_sync._errors import StreamStateError, TranscriptionTimeout
from telnyx_stt_sync._patience import Patience

Ends = Tuple[Any, Callable[[bytes], object], Callable[[], object]]


@contextlib.contextmanager
def pipe() -> Iterator[Ends]:
    """What can be read, how to write to it, and how to close the far end."""
    read_end, write_end = os.pipe()
    with open(read_end, "rb", 0) as raw, open(write_end, "wb", 0) as sink:
        yield raw, sink.write, sink.close


@contextlib.contextmanager
def connection() -> Iterator[Ends]:
    """The same of a socket."""
    near, far = socket.socketpair()
    with near, far, near.makefile("rb", 0) as raw:
        yield raw, far.sendall, far.close


KINDS = pytest.mark.parametrize("opened", [pipe, connection])
Open = Callable[[], ContextManager[Ends]]


def never() -> bool:
    return False


class Ended:
    """As much of a stream as it looks at."""

    is_over = True
    abandoned = 0

    def abandon(self) -> None:
        self.abandoned += 1


@KINDS
def test_what_can_be_read(opened: Open) -> None:
    """It waits for bytes, and for the end."""
    with opened() as (raw, write, close):
        patience = Patience(math.inf, never)
        write(b"x")
        patience.wait(raw)
        assert raw.read(5) == b"x"
        close()
        patience.wait(raw)
        assert raw.read(5) == b""


@KINDS
@pytest.mark.parametrize("there", [b"", b"x"])
def test_the_deadline(opened: Open, there: bytes) -> None:
    """It ends at the deadline, also where there always is something."""
    with opened() as (raw, write, _):
        write(there)
        with pytest.raises(TranscriptionTimeout, match="timeout passed"):
            Patience(0.0, never).wait(raw)


@KINDS
def test_what_nobody_wants(opened: Open) -> None:
    """It ends when close() is called, also while it waits."""
    answers = iter([False, False, True])
    with opened() as (raw, _, _):
        with pytest.raises(StreamStateError, match=r"close\(\) was called"):
            Patience(math.inf, lambda: next(answers)).wait(raw)
        assert list(answers) == []


@KINDS
def test_the_end_of_the_stream(opened: Open) -> None:
    """It ends with the stream."""
    patience, stream = Patience(math.inf, never), Ended()
    patience.watch(stream)  # type: ignore[arg-type]
    with opened() as (raw, _, _):
        with pytest.raises(StreamStateError, match="stream was over"):
            patience.wait(raw)
    assert not stream.abandoned


def test_a_stream_that_comes_too_late() -> None:
    """A stream that was made while close() was called is ended."""
    stream = Ended()
    Patience(math.inf, lambda: True).watch(stream)  # type: ignore[arg-type]
    assert stream.abandoned


def test_the_timeout_of_the_socket_itself() -> None:
    """A socket that has a timeout keeps it."""
    near, far = socket.socketpair()
    near.settimeout(0.001)
    with near, far, near.makefile("rb", 0) as raw:
        with pytest.raises(socket.timeout):
            Patience(math.inf, never).wait(raw)


class Encrypted(socket.socket):
    """It may have decrypted more than it has given out, as one of TLS."""


@contextlib.contextmanager
def encrypted() -> Iterator[Any]:
    near, far = socket.socketpair()
    with far, Encrypted(fileno=near.detach()) as sock, sock.makefile("rb", 0) as raw:
        yield raw


@contextlib.contextmanager
def closed() -> Iterator[Any]:
    with pipe() as (raw, _, _):
        raw.close()
        yield raw


@pytest.mark.parametrize(
    "opened", [encrypted, io.BytesIO, lambda: tempfile.TemporaryFile(buffering=0), closed]
)
def test_what_can_not_be_waited_on(opened: Any) -> None:
    """Other objects are read at once, but not for longer than there is time."""
    with opened() as raw:
        Patience(math.inf, never).wait(raw)
        with pytest.raises(TranscriptionTimeout):
            Patience(0.0, never).wait(raw)
