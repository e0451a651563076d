"""The user's functions, and the one place where they are called."""

from __future__ import annotations

import logging
from typing import Any, Callable, Optional

from ._actions import Failed, Reconnecting, TranscriptHeard, UtteranceEnded
from ._errors import CallbackError, ConfigurationError, TelnyxSTTError
from ._event_queue import Closed, Connected, Event
from ._events import Transcript, Transcription

logger = logging.getLogger("telnyx_stt_sync")

OnTranscript = Callable[[Transcript], Any]
OnError = Callable[[TelnyxSTTError], Any]
OnUtteranceEnd = Callable[[Transcript], Any]
OnConnect = Callable[[int], Any]
OnReconnect = Callable[[TelnyxSTTError, int, float], Any]
OnClose = Callable[[Transcription], Any]
OnProgress = Callable[[float, Optional[float]], Any]


class Callbacks:
    """The callbacks of one stream, any of which may be ``None``.

    Every call is made by the stream's callback thread, one at a time, in the
    order in which the server sent the events, with no lock held. So a callback
    may block, may call ``close()`` and may raise without hurting the connection.
    """

    def __init__(
        self,
        on_transcript: Optional[OnTranscript] = None,
        on_error: Optional[OnError] = None,
        on_utterance_end: Optional[OnUtteranceEnd] = None,
        on_connect: Optional[OnConnect] = None,
        on_reconnect: Optional[OnReconnect] = None,
        on_close: Optional[OnClose] = None,
    ) -> None:
        self.on_transcript = on_transcript
        self.on_error = on_error
        self.on_utterance_end = on_utterance_end
        self.on_connect = on_connect
        self.on_reconnect = on_reconnect
        self.on_close = on_close
        for name, callback in vars(self).items():
            if callback is not None and not callable(callback):
                raise ConfigurationError(f"{name}={callback!r}: give a function, or None")

    def __bool__(self) -> bool:
        """Whether there is anything to call."""
        return any(callback is not None for callback in vars(self).values())

    def with_on_transcript(self, on_transcript: OnTranscript) -> Callbacks:
        """The same, but for one."""
        return Callbacks(**dict(vars(self), on_transcript=on_transcript))

    def deliver(self, event: Event) -> None:
        """Call what is registered for the event. Never raises."""
        if isinstance(event, Failed):
            self.report(event.error)
            return
        name = NAMES[type(event)]
        callback = getattr(self, name)
        if callback is None:
            return
        try:
            if isinstance(event, (TranscriptHeard, UtteranceEnded)):
                callback(event.transcript)
            elif isinstance(event, Connected):
                callback(event.reconnects)
            elif isinstance(event, Reconnecting):
                callback(event.error, event.attempt, event.delay)
            else:
                callback(event.transcription)
        except BaseException as exc:
            # Not even sys.exit() may end the thread: it has the rest to deliver.
            error = CallbackError(f"{name} raised {type(exc).__name__}: {exc}")
            error.__cause__ = exc
            if self.on_error is not None:
                logger.error("%s", error, exc_info=error)
            self.report(error)

    def report(self, error: TelnyxSTTError) -> None:
        """Give an error to ``on_error``, or to the log if there is none."""
        if self.on_error is None:
            logger.error("%s", error, exc_info=error)
            return
        try:
            self.on_error(error)
        except BaseException:
            # Nobody is left to tell: on_error is never called for its own failure.
            logger.exception("on_error raised")


# The callback that an event goes to.
NAMES = {
    TranscriptHeard: "on_transcript",
    UtteranceEnded: "on_utterance_end",
    Failed: "on_error",
    Connected: "on_connect",
    Reconnecting: "on_reconnect",
    Closed: "on_close",
}
