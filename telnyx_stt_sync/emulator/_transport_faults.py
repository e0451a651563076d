"""Faults of the open connection: how it ends, stops or fills, whatever is said on it."""

from __future__ import annotations

from ._fault import CountedFault, Fault, Trigger, positive, valid_close_code, whole_number
from ._outbox import Close, Reset


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


class ResetAfter(CountedFault):
    """After so many bytes of audio the TCP connection is reset."""

    name = "reset_after"

    def __init__(self, audio_bytes: int, *, only: str = "") -> None:
        super().__init__(audio_bytes, only=only)
        self.triggers = (Trigger((Reset(),), audio_bytes=self.count),)
