"""The faults by name. As text, a fault is ``name``, ``name=value``, ``name@connections`` or both.

=======================  ==========================================================
name                     what happens
=======================  ==========================================================
``unauthorized``         the upgrade is refused with HTTP 401
``rejected[=CODE]``      after the upgrade comes an ``errors[]`` frame (40007), then
                         a close with CODE (1008)
``server_error[=TEXT]``  the first audio is answered by ``{"error": TEXT}``, then a
                         close with 1011
``close_after=N[:CODE]`` after N bytes of audio a close with CODE (1011); 1005 is a
                         close frame without a code, 1006 no close frame at all
``reset_after=N``        after N bytes of audio the TCP connection is reset
``dead[=SECONDS]``       audio is taken, nothing is answered, and after SECONDS (6)
                         a close with 1000
``silent``               audio is taken, nothing is ever answered or closed
``slow_finals=SECONDS``  finals come so much later; those that the end of the audio
                         brings come one by one, each SECONDS after the one before
``real_time[=SPEED]``    the recogniser needs 1/SPEED seconds for a second of audio
                         (1), however fast the audio was sent
``junk_frames``          odd frames between the good ones, and good ones in odd
                         shapes; the words stay what they are
``utterance_ends``       Deepgram's end of an utterance is told once more, by an
                         empty final with ``utterance_end``
=======================  ==========================================================

``connections`` says on which connections of the emulator, counted from 1, the
fault is at work: ``reset_after=64000@1`` on the first only, ``@1-3`` on the
first three, ``@2-`` on all but the first. Without it: on all. Refused requests
count as connections. (Not a fault, as the service does so: a handshake with an
``Origin`` header is refused with 403.)
"""

from __future__ import annotations

import json
import re
from typing import Any, Dict, Iterable, List, Optional, Tuple, Type, Union

from ._fault import Fault, NumericFault, Payload, Trigger
from ._outbox import Close, Reset, Send
from ._rejections import error_frame
from ._upgrade import UNAUTHORIZED


class Unauthorized(Fault):
    """The upgrade is refused with HTTP 401."""

    name = "unauthorized"
    refusal = UNAUTHORIZED


class Rejected(Fault):
    """After the upgrade comes an ``errors[]`` frame, then a close."""

    name = "rejected"

    def __init__(self, close_code: int = 1008, *, only: str = "") -> None:
        super().__init__(only=only)
        frame = error_frame("40007", "Rejected by a fault.", "transcription_engine")
        actions = (Send(json.dumps(frame)), Close(_close_code(close_code)))
        self.triggers = (Trigger(actions, seconds=0.0),)

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        return cls(_whole_number(cls.name, value), only=only) if value else cls(only=only)


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


class CloseAfter(Fault):
    """After so many bytes of audio the server closes with a code."""

    name = "close_after"

    def __init__(self, audio_bytes: int, close_code: int = 1011, *, only: str = "") -> None:
        super().__init__(only=only)
        actions = (Close(_close_code(close_code)),)
        self.triggers = (Trigger(actions, audio_bytes=_positive(self.name, audio_bytes)),)

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        audio_bytes, _, code = value.partition(":")
        return cls(
            _whole_number(cls.name, audio_bytes),
            _whole_number(cls.name, code) if code else 1011,
            only=only,
        )


class ResetAfter(Fault):
    """After so many bytes of audio the TCP connection is reset."""

    name = "reset_after"

    def __init__(self, audio_bytes: int, *, only: str = "") -> None:
        super().__init__(only=only)
        self.triggers = (Trigger((Reset(),), audio_bytes=_positive(self.name, audio_bytes)),)

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        return cls(_whole_number(cls.name, value), only=only)


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

FAULTS: Dict[str, Type[Fault]] = {
    fault.name: fault
    for fault in (
        Unauthorized,
        Rejected,
        ServerError,
        CloseAfter,
        ResetAfter,
        Dead,
        Silent,
        SlowFinals,
        RealTime,
        JunkFrames,
        UtteranceEnds,
    )
}


def parse_fault(text: str) -> Fault:
    """The fault that ``name[=value][@connections]`` names.

    Raises ``ValueError`` for an unknown name, listing the known ones, and for
    a value that the fault does not take.
    """
    body, only = _split_connections(text)
    name, _, value = body.partition("=")
    if name not in FAULTS:
        raise ValueError(f"unknown fault {name!r}; known: {', '.join(sorted(FAULTS))}")
    return FAULTS[name].from_value(value, only=only)


def as_faults(faults: Union[str, Fault, Iterable[Union[str, Fault]]]) -> Tuple[Fault, ...]:
    """Faults given as objects or text, one or many. Raises as ``parse_fault`` does."""
    if isinstance(faults, (str, Fault)):
        faults = [faults]
    return tuple(parse_fault(each) if isinstance(each, str) else each for each in faults)


def _split_connections(text: str) -> Tuple[str, str]:
    match = re.fullmatch(r"(.*)@([\d-]+)", text, re.DOTALL)
    return (match.group(1), match.group(2)) if match else (text, "")


def _whole_number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name}: {text!r} is not a whole number")
    return int(text)


def _positive(name: str, number: int) -> int:
    if number <= 0:
        raise ValueError(f"{name}: {number} is not a positive number of bytes")
    return number


def _close_code(code: int) -> int:
    if not 1000 <= code <= 4999:
        raise ValueError(f"{code} is not a WebSocket close code (1000 to 4999)")
    return code
