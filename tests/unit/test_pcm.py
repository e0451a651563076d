"""Samples of every kind, as 16-bit mono."""

from __future__ import annotations

import math
import struct
import warnings
from typing import List, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync import _pcm
from telnyx_stt_sync._pcm import MAX_CHANNELS, SAMPLE_BYTES, is_silent, mix, pick, to_linear16

SAMPLES = st.integers(min_value=-32768, max_value=32767)


def s16(values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}h", *values)


def numbers(samples: bytes) -> List[int]:
    return list(struct.unpack(f"<{len(samples) // 2}h", samples))


def f32(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def f64(*values: float) -> bytes:
    return struct.pack(f"<{len(values)}d", *values)


def test_16_bit_mono_is_unchanged() -> None:
    """16-bit mono goes through as it is."""
    samples = s16([0, 1, -1, 32767, -32768])
    assert to_linear16(samples, "s16") == samples


def test_8_bit_is_unsigned() -> None:
    """8-bit samples rest at 128."""
    assert numbers(to_linear16(bytes([128, 255, 0]), "u8")) == [0, 127 * 256, -32768]


@pytest.mark.parametrize(("encoding", "shift"), [("s24", 8), ("s32", 16)])
def test_wide_integers_lose_their_low_bits(encoding: str, shift: int) -> None:
    """Of 24 and 32-bit samples the upper 16 bits are kept."""
    values = [0, 1, -1, 32767, -32768, 258, -259]
    width = SAMPLE_BYTES[encoding]
    frames = b"".join(
        ((value << shift) + 5).to_bytes(width, "little", signed=True) for value in values
    )
    assert numbers(to_linear16(frames, encoding)) == values


@pytest.mark.parametrize(("encoding", "pack"), [("f32", f32), ("f64", f64)])
def test_floats_are_scaled(encoding: str, pack: object) -> None:
    """1.0 is full scale, for both widths."""
    assert callable(pack)
    frames = pack(0.0, 0.5, -0.5, -1.0, 1 / 32768)
    assert numbers(to_linear16(frames, encoding)) == [0, 16384, -16384, -32768, 1]


def test_floats_are_clipped() -> None:
    """What is too loud becomes the loudest sample, infinity too."""
    frames = f32(1.0, 7.5, -7.5, math.inf, -math.inf, 0.25)
    assert numbers(to_linear16(frames, "f32")) == [32767, 32767, -32768, 32767, -32768, 8192]


def test_not_a_number_is_silence() -> None:
    """NaN is 0, and in a mix only its own channel is."""
    assert numbers(to_linear16(f64(math.nan, 0.5), "f64")) == [0, 16384]
    stereo = f64(math.nan, 0.5, math.inf, -math.inf)
    assert numbers(to_linear16(stereo, "f64", channels=2)) == [8192, 0]


def test_floats_are_mixed_before_they_are_clipped() -> None:
    """A frame whose mean is in range is not clipped, whatever stands beside it."""
    frame = f32(1.5, -0.5)
    assert numbers(to_linear16(frame, "f32", channels=2)) == [16384]
    beside = frame + f32(9.0, 9.0)
    assert numbers(to_linear16(beside, "f32", channels=2)) == [16384, 32767]


def mean_of_floats(frame: Sequence[float]) -> int:
    heard = [0.0 if math.isnan(value) else value for value in frame]
    mean = sum(heard) / len(heard)
    return (
        0
        if math.isnan(mean)
        else max(-32768, min(32767, math.trunc(32768 * min(2, max(-2, mean)))))
    )


FLOATS = st.sampled_from([0.0, 0.25, -0.5, 1.0, -1.0, 40.0, -40.0, math.inf, -math.inf, math.nan])


@settings(deadline=None)
@given(st.sampled_from([1, 2, 4, 8]), st.lists(FLOATS, max_size=40))
def test_floats_of_many_channels(channels: int, values: List[float]) -> None:
    """However many channels, a frame is the clipped mean of what is a number in it."""
    values = values[: len(values) // channels * channels]
    frames = [values[at : at + channels] for at in range(0, len(values), channels)]
    for encoding, pack in (("f32", f32), ("f64", f64)):
        samples = to_linear16(pack(*values), encoding, channels=channels)
        assert numbers(samples) == [mean_of_floats(frame) for frame in frames]


# Points of ITU-T G.711: the codes of the quietest and the loudest samples and some between.
@pytest.mark.parametrize(
    ("encoding", "codes", "values"),
    [
        ("mulaw", [0xFF, 0x7F, 0xFE, 0x7E, 0x80, 0x00, 0x8F], [0, 0, 8, -8, 32124, -32124, 16764]),
        ("alaw", [0xD5, 0x55, 0xD4, 0x54, 0xAA, 0x2A, 0xC5], [8, -8, 24, -24, 32256, -32256, 264]),
    ],
)
def test_g711_points(encoding: str, codes: List[int], values: List[int]) -> None:
    """mu-law and A-law codes become the samples that the standard gives them."""
    assert numbers(to_linear16(bytes(codes), encoding)) == values


def test_g711_agrees_with_audioop() -> None:
    """All 256 codes of both laws decode as the standard library did it before Python 3.13."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = pytest.importorskip("audioop", reason="left Python in 3.13")
    codes = bytes(range(256))
    assert to_linear16(codes, "mulaw") == audioop.ulaw2lin(codes, 2)
    assert to_linear16(codes, "alaw") == audioop.alaw2lin(codes, 2)


def test_mean_of_two_channels() -> None:
    """Two channels become their mean, rounded down, over the whole range."""
    frames = s16([32767, 32767, -32768, -32768, 32767, -32768, 3, 4, -3, -4])
    assert numbers(mix(frames, 2)) == [32767, -32768, -1, 3, -4]


@settings(deadline=None)
@given(st.sampled_from([2, 3, 4, 5, 6, 7, 8, 11, 32, MAX_CHANNELS]), st.data())
def test_mean_of_any_number_of_channels(channels: int, data: st.DataObject) -> None:
    """The mean is exact for every number of channels that is let in."""
    extreme = st.sampled_from([-32768, -1, 0, 1, 32767])
    frame = st.lists(SAMPLES | extreme, min_size=channels, max_size=channels)
    frames = data.draw(st.lists(frame, max_size=2))
    mixed = mix(s16([sample for frame in frames for sample in frame]), channels)
    assert numbers(mixed) == [sum(frame) // channels for frame in frames]


@pytest.mark.parametrize("value", [-32768, -1, 0, 32767])
def test_mean_of_most_channels(value: int) -> None:
    """The lanes of the sum do not overflow at the limit."""
    assert numbers(mix(s16([value] * MAX_CHANNELS), MAX_CHANNELS)) == [value]


@pytest.mark.parametrize("encoding", sorted(SAMPLE_BYTES))
def test_pick_is_the_channel_alone(encoding: str) -> None:
    """Picking a channel gives what that channel would give as a mono file."""
    width = SAMPLE_BYTES[encoding]
    left = struct.pack("<2d", 0.25, -0.75)[: 2 * width]
    right = struct.pack("<2d", -0.125, 0.5)[: 2 * width]
    frames = b"".join(
        left[at : at + width] + right[at : at + width] for at in range(0, 2 * width, width)
    )
    assert pick(frames, width, channels=2, channel=0) == left
    assert pick(frames, width, channels=2, channel=1) == right
    picked = to_linear16(frames, encoding, channels=2, channel=1)
    assert picked == to_linear16(right, encoding)


@pytest.mark.parametrize("encoding", sorted(SAMPLE_BYTES))
@pytest.mark.parametrize("channels", [1, 2])
def test_no_frames(encoding: str, channels: int) -> None:
    """Nothing becomes nothing."""
    assert to_linear16(b"", encoding, channels=channels) == b""


@settings(deadline=None)
@given(
    st.sampled_from(sorted(SAMPLE_BYTES)),
    st.integers(min_value=1, max_value=4),
    st.none() | st.integers(min_value=0, max_value=3),
    st.binary(max_size=256),
    st.integers(min_value=0, max_value=256),
)
def test_cutting_changes_nothing(
    encoding: str, channels: int, channel: object, noise: bytes, cut: int
) -> None:
    """Audio converted in two parts is the same as in one, whatever the bits mean."""
    picked = None if not isinstance(channel, int) else channel % channels
    frame = SAMPLE_BYTES[encoding] * channels
    frames = noise[: len(noise) // frame * frame]
    at = cut // frame * frame
    parts = (frames, frames[:at], frames[at:])
    whole, first, second = (
        to_linear16(part, encoding, channels=channels, channel=picked) for part in parts
    )
    assert whole == first + second
    assert len(whole) == len(frames) // frame * 2


@settings(deadline=None)
@given(st.lists(SAMPLES))
def test_16_bits_survive_wider_samples(values: List[int]) -> None:
    """16-bit audio that was stored wider comes back bit by bit."""
    samples = s16(values)
    padded = {
        "s24": b"".join(b"\0" + samples[at : at + 2] for at in range(0, len(samples), 2)),
        "s32": b"".join(b"\0\0" + samples[at : at + 2] for at in range(0, len(samples), 2)),
        "f32": f32(*(value / 32768 for value in values)),
        "f64": f64(*(value / 32768 for value in values)),
    }
    for encoding, frames in padded.items():
        assert to_linear16(frames, encoding) == samples


def test_silence() -> None:
    """Zeros, idle telephone lines and no audio at all are silent."""
    assert is_silent(b"")
    assert is_silent(bytes(3200))
    assert is_silent(to_linear16(b"\xff\x7f\xfe\x7e" * 100, "mulaw"))
    assert is_silent(to_linear16(b"\xd5\x55" * 100, "alaw"))
    assert is_silent(s16([_pcm.SILENCE_PEAK, -_pcm.SILENCE_PEAK]))


@pytest.mark.parametrize("sample", [_pcm.SILENCE_PEAK + 1, -_pcm.SILENCE_PEAK - 1, -32768])
def test_one_sample_ends_silence(sample: int) -> None:
    """A single louder sample anywhere is not silence."""
    assert not is_silent(s16([0, 0, sample, 0]))


def test_half_a_sample_is_not_heard() -> None:
    """A cut sample at the end of what is asked about is left out."""
    assert is_silent(bytes(4) + b"\x7f")
