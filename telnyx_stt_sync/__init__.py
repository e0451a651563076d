"""Telnyx speech-to-text for Python code without an event loop."""

from __future__ import annotations

# First of all, because setup.cfg reads it from here, also where no dependency is installed yet.
from ._version import __version__

# isort: split
from ._audio_format import InputFormat
from ._engines import TranscriptionEngine
from ._errors import (
    AudioDroppedError,
    AudioError,
    AuthenticationError,
    BufferFullError,
    CallbackError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    ForkedProcessError,
    RequestRejectedError,
    ServerError,
    StreamStateError,
    TelnyxSTTError,
    TranscriptionTimeout,
)
from ._events import Stats, Transcript, Transcription, Word
from ._file_result import FileResult
from ._retry import RetryPolicy
from ._transcriber import Transcriber

__all__ = [
    "AudioDroppedError",
    "AudioError",
    "AuthenticationError",
    "BufferFullError",
    "CallbackError",
    "ConfigurationError",
    "ConnectError",
    "ConnectionLostError",
    "FileResult",
    "ForkedProcessError",
    "InputFormat",
    "RequestRejectedError",
    "RetryPolicy",
    "ServerError",
    "Stats",
    "StreamStateError",
    "TelnyxSTTError",
    "Transcriber",
    "Transcript",
    "Transcription",
    "TranscriptionEngine",
    "TranscriptionTimeout",
    "Word",
    "__version__",
]
