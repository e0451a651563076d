"""What the session tells the I/O thread to do."""

from __future__ import annotations

from typing import NamedTuple, Optional, Union

from ._errors import TelnyxSTTError
from ._events import EndedBy, Transcript


class TranscriptHeard(NamedTuple):
    """Tell ``on_transcript``: an interim or a final."""

    transcript: Transcript


class UtteranceEnded(NamedTuple):
    """Tell ``on_utterance_end``: the speaker paused."""

    transcript: Transcript


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


class Finished(NamedTuple):
    """Stop: the stream is over. ``error`` is ``None`` when it ended as it should."""

    ended_by: EndedBy
    error: Optional[TelnyxSTTError] = None


Heard = Union[TranscriptHeard, UtteranceEnded]
Action = Union[Heard, SendAudio, SendText, SendPing, SendClose, Finished]
