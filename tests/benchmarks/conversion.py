"""How fast samples become 16-bit mono: every encoding, mono to 8 channels, at 48 kHz.

To reach: 50 × real time in stereo. In processor time, so that whatever else runs does not matter
much. ``pick`` is one channel of several, in place of their mean.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from typing import Iterator, NamedTuple, Optional, Tuple

from telnyx_stt_sync._file_feed import UNPACED_BYTES
from telnyx_stt_sync._pcm import SAMPLE_BYTES, to_linear16

SAMPLE_RATE = 48_000
SECONDS = 2.0
RUNS = 5


class Case(NamedTuple):
    """One line of the table."""

    encoding: str
    channels: int
    channel: Optional[int]  # None: the mean of all

    def __str__(self) -> str:
        picked = "" if self.channel is None else ", pick"
        return f"{self.encoding:<11} {self.channels} ch{picked}"


def cases() -> Iterator[Case]:
    """Every way that audio can take through the conversion."""
    for encoding in (*SAMPLE_BYTES, "f32 clipped", "f64 clipped"):
        for channels in (1, 2, 6, 8):
            yield Case(encoding, channels, None)
        yield Case(encoding, 2, 1)


def frames(case: Case) -> Tuple[bytes, str]:
    """Two seconds of noise and its encoding: floats are made, any bytes are integers."""
    count = int(SAMPLE_RATE * SECONDS) * case.channels
    encoding, _, clipped = case.encoding.partition(" ")
    if encoding not in ("f32", "f64"):
        return os.urandom(count * SAMPLE_BYTES[encoding]), encoding
    noise = struct.unpack(f"<{count}h", os.urandom(2 * count))
    # Half of the samples too loud, or none.
    scale = 16384.0 if clipped else 32768.0
    return struct.pack(
        f"<{count}{'f' if encoding == 'f32' else 'd'}", *(value / scale for value in noise)
    ), encoding


def speed(case: Case) -> float:
    """× real time, in the best of some runs, in the pieces that an unpaced file is read in."""
    audio, encoding = frames(case)
    step = UNPACED_BYTES // 2 * SAMPLE_BYTES[encoding] * case.channels
    pieces = [audio[start : start + step] for start in range(0, len(audio), step)]
    best = float("inf")
    for _ in range(RUNS):
        start = time.process_time()
        for piece in pieces:
            to_linear16(piece, encoding, channels=case.channels, channel=case.channel)
        best = min(best, time.process_time() - start)
    return SECONDS / best


def main() -> None:
    """Print a line for each case, and the slowest."""
    speeds = {case: speed(case) for case in cases()}
    for case, value in speeds.items():
        print(f"{case!s:<24} {value:>9,.0f} × real time")
    for channels in (2, 8):
        among = {case: value for case, value in speeds.items() if case.channels == channels}
        slowest = min(among, key=lambda case: among[case])
        print(
            f"Python {sys.version.split()[0]}, 48 kHz, {channels} channels: the slowest is "
            f"{slowest} at {among[slowest]:.0f} × real time"
        )


if __name__ == "__main__":
    main()
