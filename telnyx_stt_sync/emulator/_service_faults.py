"""Faults of what the service says: errors, silence, late words and odd frames."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

from ._fault import Fault, NumericFault, Payload, Trigger, valid_close_code, whole_number
from ._outbox import Close, Send
from ._rejections import error_frame


class Rejected(Fault):
    """After the upgrade comes an ``errors[]`` frame, then a close."""

    name = "rejected"

    def __init__(self, close_code: int = 1008, *, only: str = "") -> None:
        super().__init__(only=only)
        frame = error_frame("40007", "Rejected by a fault.", "transcription_engine")
        actions = (Send(json.dumps(frame)), Close(valid_close_code(close_code)))
        self.triggers = (Trigger(actions, seconds=0.0),)

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        return cls(whole_number(cls.name, value), only=only) if value else cls(only=only)


class ServerError(Fault):
    """The first audio is answered by an ``{"error": …}`` frame, then a close."""

    name = "server_error"

    def __init__(self, text: str = "Internal server error", *, only: str = "") -> None:
        super().__init__(only=only)
        actions = (Send(json.dumps({"error": text})), Close(1011))
        self.triggers = (Trigger(actions, audio_bytes=1),)

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        return cls(value, only=only) if value else cls(only=only)


class Dead(NumericFault):
    """Audio is taken, nothing is answered, and then the server closes with 1000."""

    name = "dead"
    default = 6.0
    hears = False

    def __init__(self, seconds: Optional[float] = None, *, only: str = "") -> None:
        super().__init__(seconds, only=only)
        self.triggers = (Trigger((Close(1000),), seconds=self.value),)


class Silent(Fault):
    """Audio is taken, nothing is ever answered or closed."""

    name = "silent"
    hears = False


class SilentClose(Fault):
    """Audio is taken and the end is as usual, but no transcript ever comes."""

    name = "silent_close"

    def rewrite(self, frame: Dict[str, Any], index: int) -> Optional[List[Payload]]:
        return [] if "transcript" in frame else None


class SlowFinals(NumericFault):
    """Finals come so many seconds later."""

    name = "slow_finals"

    def __init__(self, seconds: Optional[float] = None, *, only: str = "") -> None:
        super().__init__(seconds, only=only)
        self.final_delay = self.value


class RealTime(NumericFault):
    """The recogniser works at a speed, in × real time, behind whatever was sent."""

    name = "real_time"
    default = 1.0

    def __init__(self, speed: Optional[float] = None, *, only: str = "") -> None:
        super().__init__(speed, only=only)
        self.speed = self.value


class JunkFrames(Fault):
    """Odd frames between the good ones, and good ones in odd shapes."""

    name = "junk_frames"

    def rewrite(self, frame: Dict[str, Any], index: int) -> Optional[List[Payload]]:
        if "transcript" not in frame:
            return None
        odd = dict(frame, transcript="  " + frame["transcript"], channel={"alternatives": []})
        if index % 3 == 2:
            odd.pop("confidence", None)
        else:
            odd["confidence"] = (1, None)[index % 3]
        return _JUNK[index % len(_JUNK)](odd)


class UtteranceEnds(Fault):
    """Deepgram's end of an utterance is told once more."""

    name = "utterance_ends"

    def rewrite(self, frame: Dict[str, Any], index: int) -> Optional[List[Payload]]:
        if not frame.get("speech_final"):
            return None
        end = {"transcript": "", "is_final": True, "utterance_end": True}
        return [json.dumps(frame), json.dumps(end)]


def _in_array(frame: Dict[str, Any]) -> List[Payload]:
    return [json.dumps([{"type": "Metadata"}, frame, 17, None, "text"])]


def _after_text(frame: Dict[str, Any]) -> List[Payload]:
    return ["this is not JSON {", json.dumps(frame)]


def _between_binary(frame: Dict[str, Any]) -> List[Payload]:
    return [b"\x00\xffnot text", json.dumps(frame), b""]


def _among_shapes(frame: Dict[str, Any]) -> List[Payload]:
    return ['{"transcript": {"text": 1}}', "[]", "null", '"transcript"', json.dumps(frame)]


_JUNK = (_in_array, _after_text, _between_binary, _among_shapes)
