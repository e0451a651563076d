"""The frames that a recogniser's worker process and its parent exchange over pipes."""

from __future__ import annotations

import struct
from typing import IO, Optional, Tuple

# To the worker.
OPEN = b"O"  # JSON: input_format, sample_rate; a stream begins
AUDIO = b"A"  # bytes of audio
FINALIZE = b"F"  # say now what was heard
END = b"E"  # no more audio; DONE answers it

# From the worker.
READY = b"R"  # loaded
FAILED = b"X"  # a text: cannot be loaded; the process ends
HEARD = b"H"  # JSON: the fields of Heard
TAKEN = b"T"  # JSON: so many bytes of audio were taken from the inbox
ERROR = b"!"  # a text: the audio cannot be understood
DONE = b"D"  # all was said

Frame = Tuple[bytes, bytes]

# The kind, and how many bytes follow.
_HEAD = struct.Struct(">cI")


def write_frame(stream: IO[bytes], kind: bytes, payload: bytes = b"") -> None:
    """Write and flush one frame. Blocks as the pipe does; raises what it raises."""
    stream.write(_HEAD.pack(kind, len(payload)))
    stream.write(payload)
    stream.flush()


def read_frame(stream: IO[bytes]) -> Optional[Frame]:
    """The next frame, ``None`` at the end of the stream. Blocks."""
    head = stream.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, size = _HEAD.unpack(head)
    payload = stream.read(size)
    return (kind, payload) if len(payload) == size else None
