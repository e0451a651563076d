"""Everything the library raises or gives to ``on_error``.

::

    TelnyxSTTError
    ├─ ConfigurationError (ValueError)      caught before a socket opens
    ├─ AudioError (ValueError)              the file is empty, unreadable, not what it says
    ├─ ConnectError                         the stream never opened
    │   └─ AuthenticationError              401, 403
    ├─ RequestRejectedError                 an errors[] frame: a parameter is wrong
    ├─ ServerError                          an {"error": …} frame
    ├─ ConnectionLostError                  an open stream broke, and could not be mended
    ├─ TranscriptionTimeout (TimeoutError)  finals did not come in time
    ├─ BufferFullError                      send(timeout=…) found no room
    ├─ AudioDroppedError                    audio was given up; the stream goes on
    ├─ StreamStateError (RuntimeError)      a call that the stream's state forbids
    │   └─ ForkedProcessError               used in a child of the process that started it
    └─ CallbackError                        a callback of yours raised; __cause__ is what

Facts are attributes. All of them pickle with their attributes: the message is
the one positional argument, everything else has a default and lives in
``__dict__``. ``is_temporary`` says whether the same call may work later.
"""

from __future__ import annotations

from typing import Optional

from ._events import Transcription


class TelnyxSTTError(Exception):
    """Base of every error of this library.

    ``partial`` is what had been heard when it happened, ``None`` when there
    was no open stream. ``is_temporary`` is true where nothing has to be
    changed for the same call to work another time: the network, or load.
    """

    is_temporary = False

    def __init__(self, message: str, *, partial: Optional[Transcription] = None) -> None:
        super().__init__(message)
        self.partial = partial


class ConfigurationError(TelnyxSTTError, ValueError):
    """An option, or a combination of options, that cannot work. Raised before a socket opens."""


class AudioError(TelnyxSTTError, ValueError):
    """A file that is empty, unreadable or not what it says."""


class FormatNotTakenError(ConfigurationError, AudioError):
    """A file in a format that the engine does not take, though others do.

    Not exported: it is there so that both names catch it. Another engine would take the file, and
    who only has files from others can tell it, as an ``AudioError``, from mistakes of their own.
    """


class ConnectError(TelnyxSTTError):
    """The stream never opened.

    ``status`` is the HTTP status that refused the upgrade, ``None`` when the
    connection failed before one came; ``body`` is what came with it, ``None``
    if nothing; ``retry_after`` the seconds of its ``Retry-After``; ``attempts``
    counts the connects that were tried. ``is_temporary``: refused, reset and
    timed-out connects, 429 and 5xx.
    """

    def __init__(
        self,
        message: str,
        *,
        status: Optional[int] = None,
        body: Optional[str] = None,
        retry_after: Optional[float] = None,
        attempts: int = 1,
        is_temporary: bool = False,
        partial: Optional[Transcription] = None,
    ) -> None:
        super().__init__(message, partial=partial)
        self.status = status
        self.body = body
        self.retry_after = retry_after
        self.attempts = attempts
        self.is_temporary = is_temporary


class AuthenticationError(ConnectError):
    """The service refused the key (HTTP 401 or 403)."""


class RequestRejectedError(TelnyxSTTError):
    """The service refused a parameter: the first entry of an ``errors[]`` frame.

    ``code`` is the service's own, a string such as ``"40007"``; each field is
    ``None`` where the frame did not give it.
    """

    def __init__(
        self,
        message: str,
        *,
        code: Optional[str] = None,
        title: Optional[str] = None,
        detail: Optional[str] = None,
        parameter: Optional[str] = None,
        partial: Optional[Transcription] = None,
    ) -> None:
        super().__init__(message, partial=partial)
        self.code = code
        self.title = title
        self.detail = detail
        self.parameter = parameter


class ServerError(TelnyxSTTError):
    """The service reported a failure of its own; ``message`` is its text."""

    def __init__(
        self,
        text: str,
        *,
        message: Optional[str] = None,
        partial: Optional[Transcription] = None,
    ) -> None:
        super().__init__(text, partial=partial)
        self.message = message


class ConnectionLostError(TelnyxSTTError):
    """An open stream broke before its transcripts were complete, and could not be mended.

    ``code`` and ``reason`` are those of the WebSocket close frame; 1006 when
    the connection ended without one, 1005 when the frame carried no code.
    """

    is_temporary = True

    def __init__(
        self,
        message: str,
        *,
        code: int = 1006,
        reason: str = "",
        partial: Optional[Transcription] = None,
    ) -> None:
        super().__init__(message, partial=partial)
        self.code = code
        self.reason = reason


class TranscriptionTimeout(TelnyxSTTError, TimeoutError):
    """The finals did not come in time."""

    is_temporary = True


class BufferFullError(TelnyxSTTError):
    """``send(timeout=…)`` found no room in the buffer; the audio was not taken."""


class AudioDroppedError(TelnyxSTTError):
    """Audio was given up, ``seconds`` of it. Goes to ``on_error`` only; the stream goes on."""

    def __init__(
        self,
        message: str,
        *,
        seconds: float = 0.0,
        partial: Optional[Transcription] = None,
    ) -> None:
        super().__init__(message, partial=partial)
        self.seconds = seconds


class StreamStateError(TelnyxSTTError, RuntimeError):
    """The stream's state forbids the call: not started, ended, closed, or in a callback."""


class ForkedProcessError(StreamStateError):
    """A stream was used in a child of the process that started it."""


class CallbackError(TelnyxSTTError):
    """A callback raised; ``__cause__`` is what it raised. The stream goes on."""
