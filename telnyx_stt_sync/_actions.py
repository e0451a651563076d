"""What the session tells the I/O thread to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional, Union

from ._errors import TelnyxSTTError
from ._events import EndedBy, Transcript


@dataclass(frozen=True)
class TranscriptHeard:
    """Tell ``on_transcript``: an interim or a final."""

    transcript: Transcript


@dataclass(frozen=True)
class UtteranceEnded:
    """Tell ``on_utterance_end``: the speaker paused."""

    transcript: Transcript


@dataclass(frozen=True)
class SendAudio:
    """Send audio of our own making, after the user's."""

    audio: bytes


@dataclass(frozen=True)
class SendText:
    """Send a control message in JSON."""

    text: str


@dataclass(frozen=True)
class SendPing:
    """Send a WebSocket ping."""


@dataclass(frozen=True)
class SendClose:
    """Send a WebSocket close frame, code 1000."""


@dataclass(frozen=True)
class Finished:
    """Stop: the stream is over. ``error`` is ``None`` when it ended as it should."""

    ended_by: EndedBy
    error: Optional[TelnyxSTTError] = None


Heard = Union[TranscriptHeard, UtteranceEnded]
Action = Union[Heard, SendAudio, SendText, SendPing, SendClose, Finished]
