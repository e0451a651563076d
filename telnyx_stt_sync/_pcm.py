"""Samples: every kind that a WAV file holds, turned into 16-bit little-endian mono.

Whole buffers go through loops written in C (slices with a step, ``bytes.translate``,
``struct``, one big integer), because a Python loop over samples is hardly faster than
the audio. ``audioop`` would do it, but it left Python in 3.13. The byte order is spelt
out everywhere, so nothing here depends on the host's.
"""

from __future__ import annotations

import math
import operator
import struct
from typing import Callable, Dict, Iterable, List, Optional, Sequence

# Bytes of one sample, by encoding. u8, s16 … f64 are little-endian, as in a WAV file.
SAMPLE_BYTES: Dict[str, int] = {
    "u8": 1,
    "s16": 2,
    "s24": 3,
    "s32": 4,
    "f32": 4,
    "f64": 8,
    "mulaw": 1,
    "alaw": 1,
}

# More channels than this and the division in mix() would no longer be exact.
MAX_CHANNELS = 255

# The loudest sample of a recording that counts as silent, -66 dB of full scale. An idle
# telephone line is not all zeros: A-law has no zero and rests at +-8, mu-law at 0 or +-8;
# dither adds +-2. Kept this low because to call faint speech silence would lose words.
SILENCE_PEAK = 16

# Code of a float sample in struct's language.
_FLOATS: Dict[str, str] = {"f32": "f", "f64": "d"}

# Adding 0x80 to the high byte, modulo 256, turns signed samples into unsigned and back.
_FLIP_SIGN = bytes(value ^ 0x80 for value in range(256))


def to_linear16(
    frames: bytes, encoding: str, *, channels: int = 1, channel: Optional[int] = None
) -> bytes:
    """16-bit mono of interleaved ``frames``: the mean of all channels, or ``channel`` alone.

    ``frames`` holds whole frames of an ``encoding`` in ``SAMPLE_BYTES``; ``channel`` counts
    from 0. Each frame is converted by itself, so audio may be cut between any two.
    """
    if channel is not None:
        frames = pick(frames, SAMPLE_BYTES[encoding], channels=channels, channel=channel)
        channels = 1
    if encoding in _FLOATS:
        return _from_floats(frames, encoding, channels)
    samples = _FROM_INTEGERS[encoding](frames)
    return samples if channels == 1 else mix(samples, channels)


def pick(frames: bytes, sample_bytes: int, *, channels: int, channel: int) -> bytes:
    """One channel of interleaved frames, in the encoding that it has."""
    step = sample_bytes * channels
    first = sample_bytes * channel
    picked = bytearray(len(frames) // channels)
    for byte in range(sample_bytes):
        picked[byte::sample_bytes] = frames[first + byte :: step]
    return bytes(picked)


def mix(samples: bytes, channels: int) -> bytes:
    """The mean of interleaved 16-bit samples, rounded down; at most ``MAX_CHANNELS``."""
    # One big integer is a row of 64-bit lanes that C code adds and multiplies: four times
    # as fast as map(). A lane holds the sum of one frame, as unsigned samples so that no
    # lane borrows from the next. Dividing by n is multiplying by 2**32 / n, rounded up, and
    # taking the bytes above bit 32: exact as long as 65535 * n * n < 2**32.
    step = 2 * channels
    count = len(samples) // step
    total = 0
    for low in range(0, step, 2):
        lanes = bytearray(8 * count)
        lanes[0::8] = samples[low::step]
        lanes[1::8] = samples[low + 1 :: step].translate(_FLIP_SIGN)
        total += int.from_bytes(lanes, "little")
    means = (total * -(-(2**32) // channels)).to_bytes(8 * count, "little")
    return _interleave(means[4::8], means[5::8].translate(_FLIP_SIGN))


def is_silent(samples: bytes) -> bool:
    """Whether no 16-bit little-endian sample is louder than ``SILENCE_PEAK``; true for none."""
    count = len(samples) // 2
    values = struct.unpack(f"<{count}h", samples[: 2 * count])
    return max(values, default=0) <= SILENCE_PEAK and min(values, default=0) >= -SILENCE_PEAK


def _interleave(low: bytes, high: bytes) -> bytes:
    """16-bit samples of their low and their high bytes."""
    samples = bytearray(2 * len(low))
    samples[0::2] = low
    samples[1::2] = high
    return bytes(samples)


def _from_u8(frames: bytes) -> bytes:
    return _interleave(bytes(len(frames)), frames.translate(_FLIP_SIGN))


def _from_s16(frames: bytes) -> bytes:
    return frames


def _from_s24(frames: bytes) -> bytes:
    return _interleave(frames[1::3], frames[2::3])


def _from_s32(frames: bytes) -> bytes:
    return _interleave(frames[2::4], frames[3::4])


def _from_mulaw(frames: bytes) -> bytes:
    return _interleave(frames.translate(_MULAW_LOW), frames.translate(_MULAW_HIGH))


def _from_alaw(frames: bytes) -> bytes:
    return _interleave(frames.translate(_ALAW_LOW), frames.translate(_ALAW_HIGH))


def _from_floats(frames: bytes, encoding: str, channels: int) -> bytes:
    """The mean of float frames; 1.0 is full scale, beyond it is clipped, NaN is 0."""
    count = len(frames) // SAMPLE_BYTES[encoding]
    values: Sequence[float] = struct.unpack(f"<{count}{_FLOATS[encoding]}", frames)
    layout = f"<{count // channels}h"
    means = _scaled_means(values, channels)
    try:
        return struct.pack(layout, *map(int, means))
    except (struct.error, ValueError, OverflowError):
        # Too loud, NaN or infinite somewhere: the same again with a look at each value.
        if any(map(math.isnan, means)):
            values = [0.0 if value != value else value for value in values]
            means = _scaled_means(values, channels)
        return struct.pack(
            layout,
            *[int(mean) if -32768.0 <= mean <= 32767.0 else _clip(mean) for mean in means],
        )


def _scaled_means(values: Sequence[float], channels: int) -> List[float]:
    sums: Iterable[float]
    if channels == 1:
        sums = values
    elif channels == 2:
        sums = map(operator.add, values[0::2], values[1::2])
    else:
        sums = map(sum, zip(*[iter(values)] * channels))
    return list(map((32768.0 / channels).__mul__, sums))


def _clip(value: float) -> int:
    # Not a number here is the mean of two opposite infinities.
    return 0 if value != value else 32767 if value > 0 else -32768


def _mulaw_sample(code: int) -> int:
    """One mu-law code as a 16-bit sample (ITU-T G.711, table 2)."""
    code ^= 0xFF
    magnitude = ((code & 0x0F) * 8 + 132 << (code >> 4 & 7)) - 132
    return -magnitude if code & 0x80 else magnitude


def _alaw_sample(code: int) -> int:
    """One A-law code as a 16-bit sample (ITU-T G.711, table 1)."""
    code ^= 0x55
    segment = code >> 4 & 7
    magnitude = (code & 0x0F) * 16 + 8
    if segment:
        magnitude = magnitude + 256 << segment - 1
    return magnitude if code & 0x80 else -magnitude


def _low_bytes(samples: List[int]) -> bytes:
    return bytes(sample & 0xFF for sample in samples)


def _high_bytes(samples: List[int]) -> bytes:
    return bytes(sample >> 8 & 0xFF for sample in samples)


_MULAW = [_mulaw_sample(code) for code in range(256)]
_MULAW_LOW, _MULAW_HIGH = _low_bytes(_MULAW), _high_bytes(_MULAW)
_ALAW = [_alaw_sample(code) for code in range(256)]
_ALAW_LOW, _ALAW_HIGH = _low_bytes(_ALAW), _high_bytes(_ALAW)

_FROM_INTEGERS: Dict[str, Callable[[bytes], bytes]] = {
    "u8": _from_u8,
    "s16": _from_s16,
    "s24": _from_s24,
    "s32": _from_s32,
    "mulaw": _from_mulaw,
    "alaw": _from_alaw,
}
