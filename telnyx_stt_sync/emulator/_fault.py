"""What a fault may change about a connection, and how one is written as text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, ClassVar, Dict, List, Optional, Sequence, Tuple, Union

from ._outbox import Action
from ._upgrade import Refusal

Payload = Union[str, bytes]


@dataclass(frozen=True)
class Trigger:
    """Actions at a moment of the session: at an age, or after so much audio, or so many finals.

    Exactly one of ``seconds``, ``audio_bytes`` and ``finals`` is given. They
    happen once; with ``seconds`` and ``every``, again and again from then on.
    """

    actions: Tuple[Action, ...]
    seconds: Optional[float] = None
    audio_bytes: Optional[int] = None
    finals: Optional[int] = None
    every: Optional[float] = None


class Fault:
    """Something that goes wrong, on the connections named by ``only``.

    ``only`` counts the emulator's connections from 1: ``"1"``, ``"1-3"``,
    ``"2-"``; empty means all. Raises ``ValueError`` for anything else. A fault
    never changes, so any number of connections may share it.

    A subclass overrides the attributes that it needs; those of this class do
    nothing.
    """

    name: ClassVar[str] = ""

    # Answered in place of the upgrade; None lets the request through.
    refusal: Optional[Refusal] = None
    # The server shows a certificate for a name that is not its own. This alone is about TCP
    # connections, of which ``only`` then counts those: there is no request yet.
    wrong_certificate: bool = False
    # Seconds from one byte of the answer to the next; 0.0 sends it at once.
    answer_pace: float = 0.0
    # What happens at a moment of the session.
    triggers: Tuple[Trigger, ...] = ()
    # False: pings get no pong.
    answers_pings: bool = True
    # False: audio is taken and nothing ever comes of it.
    hears: bool = True
    # How fast the recogniser works, in × real time.
    speed: float = math.inf
    # How many seconds later finals come.
    final_delay: float = 0.0
    # How many seconds later CloseStream is answered by a close.
    close_delay: float = 0.0
    # True: what is rejected is told by HTTP 400 in place of the upgrade.
    rejects_early: bool = False
    # True: an engine without interims says nothing when it is asked about them.
    mutes_interims: bool = False
    # True: the last final comes as an interim, and the close after it has no code.
    ends_with_interim: bool = False
    # After how many seconds an engine that never closes does; None: as usual.
    hold: Optional[float] = None
    # After how many seconds without audio and KeepAlive the server closes; None: never.
    idle_timeout: Optional[float] = None

    def __init__(self, *, only: str = "") -> None:
        self.only = only
        self._first, self._last = _connection_range(only)

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        """The fault as written on a command line. Raises ``ValueError`` for a bad value."""
        if value:
            raise ValueError(f"{cls.name} takes no value")
        return cls(only=only)

    def applies_to(self, connection: int) -> bool:
        """Whether it is at work on the connection of that number, counted from 1."""
        return self._first <= connection <= self._last

    def rewrite(self, frame: Dict[str, Any], index: int) -> Optional[List[Payload]]:
        """What is sent in place of the ``index``-th frame (from 0); ``None`` changes nothing."""
        return None

    def __repr__(self) -> str:
        return f"<Fault {self.name}{'@' + self.only if self.only else ''}>"


class NumericFault(Fault):
    """A fault whose value is one number."""

    default: ClassVar[Optional[float]] = None

    def __init__(self, value: Optional[float] = None, *, only: str = "") -> None:
        super().__init__(only=only)
        number = self.default if value is None else value
        if number is None or not 0 < number < math.inf:
            raise ValueError(f"{self.name} needs a positive number: {self.name}=VALUE")
        self.value = float(number)

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        try:
            return cls(float(value) if value else None, only=only)
        except ValueError as exc:
            raise ValueError(f"{cls.name}={value}: {exc}") from exc


class CountedFault(Fault):
    """A fault whose value is a whole number, counting what its ``unit`` says."""

    unit: ClassVar[str] = "bytes"

    def __init__(self, count: int, *, only: str = "") -> None:
        super().__init__(only=only)
        self.count = positive(self.name, count, self.unit)

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        return cls(whole_number(cls.name, value), only=only)


class FaultPlan:
    """The faults at work on one connection, taken together. Immutable."""

    def __init__(self, faults: Sequence[Fault], connection: int) -> None:
        self._faults = tuple(fault for fault in faults if fault.applies_to(connection))

    @property
    def refusal(self) -> Optional[Refusal]:
        """The first refusal that a fault has."""
        return next((fault.refusal for fault in self._faults if fault.refusal), None)

    @property
    def wrong_certificate(self) -> bool:
        return any(fault.wrong_certificate for fault in self._faults)

    @property
    def answer_pace(self) -> float:
        """The longest pause between two bytes of the answer that a fault asks for, in seconds."""
        return max((fault.answer_pace for fault in self._faults), default=0.0)

    @property
    def answers_pings(self) -> bool:
        return all(fault.answers_pings for fault in self._faults)

    @property
    def triggers(self) -> List[Trigger]:
        return [trigger for fault in self._faults for trigger in fault.triggers]

    @property
    def hears(self) -> bool:
        return all(fault.hears for fault in self._faults)

    @property
    def speed(self) -> float:
        """The slowest speed that a fault asks for, in × real time."""
        return min((fault.speed for fault in self._faults), default=math.inf)

    @property
    def final_delay(self) -> float:
        """The longest delay of finals that a fault asks for, in seconds."""
        return max((fault.final_delay for fault in self._faults), default=0.0)

    @property
    def close_delay(self) -> float:
        """The longest delay of the close that a fault asks for, in seconds."""
        return max((fault.close_delay for fault in self._faults), default=0.0)

    @property
    def rejects_early(self) -> bool:
        return any(fault.rejects_early for fault in self._faults)

    @property
    def mutes_interims(self) -> bool:
        return any(fault.mutes_interims for fault in self._faults)

    @property
    def ends_with_interim(self) -> bool:
        return any(fault.ends_with_interim for fault in self._faults)

    @property
    def hold(self) -> Optional[float]:
        """The shortest hold that a fault asks for, in seconds; ``None`` when none does."""
        holds = [fault.hold for fault in self._faults if fault.hold is not None]
        return min(holds, default=None)

    @property
    def idle_timeout(self) -> Optional[float]:
        """The shortest idle timeout that a fault asks for, in seconds; ``None`` when none does."""
        times = [fault.idle_timeout for fault in self._faults if fault.idle_timeout is not None]
        return min(times, default=None)

    def rewrite(self, frame: Dict[str, Any], index: int) -> Optional[List[Payload]]:
        """What the first fault with an opinion sends in place of a frame."""
        for fault in self._faults:
            payloads = fault.rewrite(frame, index)
            if payloads is not None:
                return payloads
        return None


def _connection_range(only: str) -> Tuple[float, float]:
    """First and last connection, both included."""
    if not only:
        return 1, math.inf
    match = re.fullmatch(r"([1-9]\d*)(-(\d*))?", only)
    if match is None:
        raise ValueError(f"connections {only!r}: write '1', '1-3' or '2-'")
    first = int(match.group(1))
    if match.group(2) is None:
        return first, first
    return first, int(match.group(3)) if match.group(3) else math.inf


def whole_number(name: str, text: str) -> int:
    """The number that a text is. Raises ``ValueError``, naming the fault that was written."""
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name}: {text!r} is not a whole number")
    return int(text)


def positive(name: str, number: int, unit: str) -> int:
    """The number itself. Raises ``ValueError`` unless it is above zero."""
    if number <= 0:
        raise ValueError(f"{name}: {number} is not a positive number of {unit}")
    return number


def valid_close_code(code: int) -> int:
    """The code itself. Raises ``ValueError`` for what no close frame may carry."""
    if not 1000 <= code <= 4999:
        raise ValueError(f"{code} is not a WebSocket close code (1000 to 4999)")
    return code
