"""What a user hands to ``send()`` → bytes of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Union

from ._errors import ConfigurationError

if TYPE_CHECKING:
    from typing_extensions import Buffer as Buffer
else:
    # What `Buffer` means cannot be said at run time before Python 3.12, and typing-extensions
    # would cost a tenth of the whole import.
    Buffer = Union[bytes, bytearray, memoryview]

# The element types (struct's letters) that are what a raw format says; bytes always are.
_ELEMENTS = {"linear16": "hH", "linear32": "f"}


def copy_audio(audio: Buffer, input_format: str) -> bytes:
    """The audio as bytes that the caller cannot change any more.

    Anything with the buffer protocol will do: ``array``, NumPy, ``memoryview``.
    Raises ``TypeError`` for anything else, and ``ConfigurationError`` for a
    buffer whose elements are of another type than raw audio of ``input_format``, or
    of more than one channel.
    """
    if type(audio) is bytes:
        return audio
    try:
        view = memoryview(audio)
    except TypeError:
        raise TypeError(
            f"audio must be bytes or a buffer of samples, not {type(audio).__name__}"
        ) from None
    element = view.format.lstrip("@=<")
    if element not in ("B", "b", "c") and element not in _ELEMENTS.get(input_format, ""):
        raise ConfigurationError(
            f"audio is a buffer of elements of type {view.format!r} (see struct), which is not "
            f"{input_format}. {_fix(input_format)}"
        )
    shape = view.shape or ()
    if element not in "Bbc" and len(shape) > 1 and min(shape) > 1:
        raise ConfigurationError(
            f"audio is a buffer of shape {shape}: the service takes one channel. "
            "Mix the channels, or give one of them"
        )
    return view.tobytes()


def _fix(input_format: str) -> str:
    if input_format == "linear16":
        return (
            "Give 16-bit integers; with NumPy, floats of -1 to 1 become that by "
            "(audio * 32767).astype('<i2')"
        )
    return "Give the bytes themselves"
