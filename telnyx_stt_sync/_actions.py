"""What the session tells the worker to do."""

# Annotations are not postponed here: as text, each would be compiled again when its class is made.

from typing import NamedTuple, Optional, Union

from ._errors import TelnyxSTTError
from ._events import EndedBy, Transcript


class TranscriptHeard(NamedTuple):
    """Tell ``on_transcript``: an interim or a final."""

    transcript: Transcript


class UtteranceEnded(NamedTuple):
    """Tell ``on_utterance_end``: the speaker paused."""

    transcript: Transcript


class Failed(NamedTuple):
    """Tell ``on_error``."""

    error: TelnyxSTTError


class Reconnecting(NamedTuple):
    """Connect again in ``delay`` seconds, and tell ``on_reconnect``.

    ``attempt`` counts those in a row, from 1. ``start`` is where in the audio the next
    connection begins, in bytes.
    """

    error: TelnyxSTTError
    attempt: int
    delay: float
    start: int


class SendAudio(NamedTuple):
    """Send audio of our own making, after the user's."""

    audio: bytes


class SendText(NamedTuple):
    """Send a control message in JSON."""

    text: str


class SendPing(NamedTuple):
    """Send a WebSocket ping."""

    payload: bytes = b""


class SendClose(NamedTuple):
    """Send a WebSocket close frame: code 1000, normal (RFC 6455, section 7.4.1)."""

    payload: bytes = b"\x03\xe8"


class Warn(NamedTuple):
    """Write a warning to the log."""

    text: str


class Finished(NamedTuple):
    """Stop: the stream is over. ``error`` is ``None`` when it ended as it should."""

    ended_by: EndedBy
    error: Optional[TelnyxSTTError] = None


Heard = Union[TranscriptHeard, UtteranceEnded]
Notice = Union[Heard, Failed, Reconnecting]
Outgoing = Union[SendAudio, SendText, SendPing, SendClose]
Action = Union[Notice, Outgoing, Warn, Finished]
