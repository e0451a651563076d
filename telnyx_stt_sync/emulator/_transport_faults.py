"""Faults of the open connection: how it ends, stops or fills, whatever is said on it."""

from __future__ import annotations

from typing import ClassVar, Optional

from ._fault import (
    CountedFault,
    Fault,
    NumericFault,
    Trigger,
    positive,
    valid_close_code,
    whole_number,
)
from ._outbox import Action, Close, Reset, SendRaw, StopReading, Vanish

# Opcodes of frames, and the head of a text frame that is final and 2**40 bytes long.
CONTINUATION = 0x0
TEXT = 0x1
HUGE_HEAD = b"\x81\x7f" + (1 << 40).to_bytes(8, "big")


class CloseAfter(Fault):
    """After so many bytes of audio the server closes with a code."""

    name = "close_after"

    def __init__(self, audio_bytes: int, close_code: int = 1011, *, only: str = "") -> None:
        super().__init__(only=only)
        actions = (Close(valid_close_code(close_code)),)
        self.triggers = (Trigger(actions, audio_bytes=positive(self.name, audio_bytes, "bytes")),)

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        audio_bytes, _, code = value.partition(":")
        return cls(
            whole_number(cls.name, audio_bytes),
            whole_number(cls.name, code) if code else 1011,
            only=only,
        )


class _AfterAudio(CountedFault):
    """Something happens after so many bytes of audio."""

    action: ClassVar[Action]

    def __init__(self, audio_bytes: int, *, only: str = "") -> None:
        super().__init__(audio_bytes, only=only)
        self.triggers = (Trigger((self.action,), audio_bytes=self.count),)


class ResetAfter(_AfterAudio):
    """After so many bytes of audio the TCP connection is reset."""

    name = "reset_after"
    action = Reset()


class HalfOpenAfter(_AfterAudio):
    """After so many bytes of audio the server is gone, and TCP does not know."""

    name = "half_open_after"
    action = Vanish()


class StallsAfter(_AfterAudio):
    """After so many bytes of audio the server reads no more; what it owes still comes."""

    name = "stalls_after"
    action = StopReading()


class CutAfterFinals(CountedFault):
    """Right behind the N-th final TCP ends without a close frame."""

    name = "cut_after_finals"
    unit = "finals"

    def __init__(self, finals: int, *, only: str = "") -> None:
        super().__init__(finals, only=only)
        # In good order: a reset could take the final with it.
        self.triggers = (Trigger((Close(1006),), finals=self.count),)


class CutAfterSeconds(NumericFault):
    """So many seconds after the upgrade TCP ends without a close frame."""

    name = "cut_after_seconds"

    def __init__(self, seconds: Optional[float] = None, *, only: str = "") -> None:
        super().__init__(seconds, only=only)
        self.triggers = (Trigger((Close(1006),), seconds=self.value),)


class LateClose(NumericFault):
    """Everything is answered, but the close that follows comes so many seconds later."""

    name = "late_close"
    default = 60.0

    def __init__(self, seconds: Optional[float] = None, *, only: str = "") -> None:
        super().__init__(seconds, only=only)
        self.close_delay = self.value


class NoPong(Fault):
    """Pings get no pong; all else is as ever."""

    name = "no_pong"
    answers_pings = False


class HugeFrame(Fault):
    """A text frame of a terabyte is announced; a few kB of it come slowly, then nothing."""

    name = "huge_frame"
    hears = False
    # A pong would only be taken for a part of the frame.
    answers_pings = False

    def __init__(self, *, only: str = "") -> None:
        super().__init__(only=only)
        pieces = [HUGE_HEAD + b'{"transcript": "', *[b"word " * 200] * 4]
        self.triggers = tuple(
            Trigger((SendRaw(piece),), seconds=0.25 * position)
            for position, piece in enumerate(pieces)
        )


class EndlessFragments(Fault):
    """A text message begins and goes on for ever, in bursts of small fragments."""

    name = "endless_fragments"
    hears = False

    def __init__(self, *, only: str = "") -> None:
        super().__init__(only=only)
        begin = SendRaw(_fragment(TEXT, b'{"transcript": "'))
        burst = SendRaw(_fragment(CONTINUATION, b"word ") * 200)
        self.triggers = (
            Trigger((begin,), seconds=0.0),
            Trigger((burst,), seconds=0.01, every=0.01),
        )


def _fragment(opcode: int, data: bytes) -> bytes:
    """An unmasked frame without FIN, up to 125 bytes."""
    return bytes([opcode, len(data)]) + data
