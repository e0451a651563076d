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

import re
from typing import Dict, Iterable, Tuple, Type, Union

from ._fault import Fault
from ._service_faults import (
    Dead,
    JunkFrames,
    RealTime,
    Rejected,
    ServerError,
    Silent,
    SlowFinals,
    UtteranceEnds,
)
from ._transport_faults import CloseAfter, ResetAfter
from ._upgrade_faults import Unauthorized

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
