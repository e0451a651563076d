"""What a user hands to ``send()`` becomes bytes that nobody can change any more."""

from __future__ import annotations

import array
import ctypes
import struct
from typing import Any, List

import pytest

from telnyx_stt_sync._buffer import copy_audio
from telnyx_stt_sync._errors import ConfigurationError

SAMPLES = (1, -2, 300, -32768)
BYTES = struct.pack("<4h", *SAMPLES)


def test_bytes_are_taken_as_they_are() -> None:
    """Bytes cannot change, so they are not copied."""
    assert copy_audio(BYTES, "linear16") is BYTES


class OddBytes(bytes):
    """Bytes that say something else of themselves."""

    def __len__(self) -> int:
        return 2

    def __bytes__(self) -> bytes:
        return b"no"


BUFFERS: List[Any] = [
    OddBytes(BYTES),
    bytearray(BYTES),
    memoryview(BYTES),
    memoryview(bytearray(BYTES)),
    memoryview(BYTES).cast("b"),
    memoryview(BYTES).cast("c"),
    memoryview(BYTES).cast("h"),
    memoryview(BYTES).cast("B", (2, 4)),
    memoryview(b"".join(bytes([byte, 0]) for byte in BYTES))[::2],
    array.array("h", SAMPLES),
    (ctypes.c_char * 8).from_buffer_copy(BYTES),
    (ctypes.c_int16.__ctype_le__ * 4)(*SAMPLES),
]


@pytest.mark.parametrize("audio", BUFFERS, ids=lambda audio: type(audio).__name__)
def test_any_buffer(audio: Any) -> None:
    """Anything with the buffer protocol becomes its bytes, in order."""
    copied = copy_audio(audio, "linear16")
    assert type(copied) is bytes
    assert copied == BYTES


def test_the_copy_is_its_own() -> None:
    """A caller that uses its buffer again does not change what was taken."""
    audio = bytearray(BYTES)
    copied = copy_audio(audio, "linear16")
    audio[:] = bytes(8)
    assert copied == BYTES


@pytest.mark.parametrize("audio", [b"", bytearray(), array.array("h")], ids=repr)
def test_nothing(audio: Any) -> None:
    """An empty buffer is no bytes."""
    assert copy_audio(audio, "linear16") == b""


@pytest.mark.parametrize("audio", ["audio", None, 5, [1, 2], object(), iter(b"")], ids=str)
def test_what_is_no_buffer(audio: Any) -> None:
    """What has no bytes is a ``TypeError`` that names its type."""
    name = type(audio).__name__
    with pytest.raises(TypeError, match=f"bytes or a buffer of samples, not {name}$") as caught:
        copy_audio(audio, "linear16")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# Format on the wire → types of elements (see array) that it takes, beside bytes.
TAKES = {"linear16": "h", "linear32": "f", "mulaw": "", "alaw": "", "mp3": "", "wav": ""}


@pytest.mark.parametrize("input_format", TAKES)
@pytest.mark.parametrize("element", "bBhilqfd")
def test_elements(input_format: str, element: str) -> None:
    """Bytes go with every format, samples only with the raw format of their type."""
    audio = array.array(element, [0, 1, 0])
    if element in "bB" + TAKES[input_format]:
        assert copy_audio(audio, input_format) == audio.tobytes()
        return
    with pytest.raises(ConfigurationError) as caught:
        copy_audio(audio, input_format)
    assert f"type {element!r}" in str(caught.value)
    assert f"not {input_format}" in str(caught.value)


def test_floats_on_linear16() -> None:
    """Floats where 16-bit integers belong are refused with the line that converts them."""
    with pytest.raises(ConfigurationError, match=r"\(audio \* 32767\)\.astype\('<i2'\)"):
        copy_audio(array.array("f", [0.5]), "linear16")


def test_samples_in_a_container() -> None:
    """Samples where a file's bytes belong are refused with what to give."""
    with pytest.raises(ConfigurationError, match="Give the bytes themselves"):
        copy_audio(array.array("h", [1]), "mp3")


def test_the_wrong_byte_order() -> None:
    """Big-endian samples would be noise: they are refused."""
    audio = (ctypes.c_int16.__ctype_be__ * 4)(*SAMPLES)
    with pytest.raises(ConfigurationError, match="'>h'"):
        copy_audio(audio, "linear16")


def test_several_channels() -> None:
    """Samples in rows of two are two channels, which the service does not take."""
    stereo = memoryview(array.array("h", [1, 2, 3, 4])).cast("B").cast("h", (2, 2))
    with pytest.raises(ConfigurationError, match="one channel"):
        copy_audio(stereo, "linear16")
    column = memoryview(array.array("h", [1, 2])).cast("B").cast("h", (2, 1))
    assert copy_audio(column, "linear16") == array.array("h", [1, 2]).tobytes()
