"""What nobody has settled about the engines: each of these plays it the other way."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

from ._fault import Fault, NumericFault, Payload

# What a final's confidence has been seen as, beside a number.
_CONFIDENCES: Dict[str, Any] = {"null": None, "1": 1}
_ABSENT = "absent"


class EarlyRejections(Fault):
    """What is rejected by a frame after the upgrade is refused by HTTP 400 in its place."""

    name = "early_rejections"
    rejects_early = True


class InterimsMute(Fault):
    """An engine that has no interims says nothing at all when it is asked about them."""

    name = "interims_mute"
    mutes_interims = True


class NoInterims(Fault):
    """Interims never come, whoever asks for them: as after a burst of audio."""

    name = "no_interims"

    def rewrite(self, frame: Dict[str, Any], index: int) -> Optional[List[Payload]]:
        return [] if frame.get("is_final") is False else None


class EndsWithInterim(Fault):
    """The last words come as an interim only, and the close has no code."""

    name = "ends_with_interim"
    ends_with_interim = True


class Confidence(Fault):
    """The confidence of every transcript is ``null``, the integer 1, or absent."""

    name = "confidence"

    def __init__(self, shape: str, *, only: str = "") -> None:
        super().__init__(only=only)
        if shape not in (*_CONFIDENCES, _ABSENT):
            raise ValueError(f"{self.name}: {shape!r} is none of null, 1 and absent")
        self._shape = shape

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        return cls(value, only=only)

    def rewrite(self, frame: Dict[str, Any], index: int) -> Optional[List[Payload]]:
        if "transcript" not in frame:
            return None
        changed = {name: value for name, value in frame.items() if name != "confidence"}
        if self._shape != _ABSENT:
            changed["confidence"] = _CONFIDENCES[self._shape]
        return [json.dumps(changed)]


class TypedFrames(Fault):
    """Frames carry the ``type`` that the service's own SDK expects of them."""

    name = "typed_frames"

    def rewrite(self, frame: Dict[str, Any], index: int) -> Optional[List[Payload]]:
        kind = "transcript" if "transcript" in frame else "error"
        return [json.dumps({"type": kind, **frame})]


class Hold(NumericFault):
    """An engine that never closes does so after so many seconds in which nothing happened."""

    name = "hold"
    default = 1.0

    def __init__(self, seconds: Optional[float] = None, *, only: str = "") -> None:
        super().__init__(seconds, only=only)
        self.hold = self.value


class IdleTimeout(NumericFault):
    """After so many seconds without audio, or ``KeepAlive`` where it is known, it closes (1011)."""

    name = "idle_timeout"
    default = 10.0

    def __init__(self, seconds: Optional[float] = None, *, only: str = "") -> None:
        super().__init__(seconds, only=only)
        self.idle_timeout = self.value
