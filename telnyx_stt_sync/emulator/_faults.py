"""The faults by name. As text, a fault is ``name``, ``name=value``, ``name@connections`` or both.

============================  =================================================================
name                          what happens
============================  =================================================================
``unauthorized``              the upgrade is refused with HTTP 401
``forbidden``                 the upgrade is refused with HTTP 403
``too_many_requests[=N]``     the upgrade is refused with HTTP 429, with ``Retry-After: N`` if
                              there is N
``unavailable[=N]``           the upgrade is refused with HTTP 503, with ``Retry-After: N`` if
                              there is N
``redirect[=URL]``            the upgrade is answered by HTTP 302 to URL (a host that does not
                              exist)
``slow_handshake[=SECONDS]``  the request is answered one byte every SECONDS (1)
``wrong_certificate``         with ``tls=True``, a trusted certificate, but for the host
                              ``wrong.invalid``
``rejected[=CODE]``           after the upgrade comes an ``errors[]`` frame (40007), then a
                              close with CODE (1008)
``server_error[=TEXT]``       the first audio is answered by ``{"error": TEXT}``, then a close
                              with 1011
``close_after=N[:CODE]``      after N bytes of audio a close with CODE (1011); 1005 is a close
                              frame without a code, 1006 no close frame at all
``reset_after=N``             after N bytes of audio the TCP connection is reset
``cut_after_finals=N``        right behind the N-th final TCP ends, in good order but without a
                              close frame
``cut_after_seconds=S``       S seconds after the upgrade TCP ends without a close frame
``half_open_after=N``         after N bytes of audio nothing is read, answered, ponged or
                              closed any more, and TCP stays: as when the network has gone
``stalls_after=N``            after N bytes of audio nothing is read any more, neither audio
                              nor pings; what was heard by then is still answered
``no_pong``                   pings are not answered; all else is
``dead[=SECONDS]``            audio is taken, nothing is answered, and after SECONDS (6) a
                              close with 1000
``silent``                    audio is taken, nothing is ever answered or closed
``silent_close``              audio is taken, nothing is answered, and the end of the audio is
                              followed by the close that the engine would send
``late_close[=SECONDS]``      all is answered, but the close that CloseStream brings comes
                              SECONDS (60) after the last final
``slow_finals=SECONDS``       finals come so much later; those that the end of the audio brings
                              come one by one, each SECONDS after the one before
``real_time[=SPEED]``         the recogniser needs 1/SPEED seconds for a second of audio (1),
                              however fast the audio was sent
``junk_frames``               odd frames between the good ones, and good ones in odd shapes;
                              the words stay what they are
``early_rejections``          a query that an ``errors[]`` frame would reject is refused by HTTP
                              400 at the upgrade
``interims_mute``             an engine without interims says nothing at all when the query
                              holds ``interim_results``
``no_interims``               interims never come, as after a burst
``ends_with_interim``         the last words come as an interim only, and the close after it has
                              no code (1005)
``confidence=SHAPE``          the confidence of transcripts is ``null``, the integer ``1``, or
                              ``absent``
``typed_frames``              frames carry a ``type``, as the service's SDK expects
``hold[=SECONDS]``            an engine that never closes does so (1000) after SECONDS (1) in
                              which nothing came and nothing was owed
``idle_timeout[=SECONDS]``    after SECONDS (10) without audio, or ``KeepAlive`` where the engine
                              knows it, a close with 1011
``utterance_ends``            Deepgram's end of an utterance is told once more, by an empty
                              final with ``utterance_end``
``huge_frame``                a text frame of 2**40 bytes begins; 4 kB of it come within a
                              second, then nothing ever comes
``endless_fragments``         a text message begins and never ends: 200 small fragments every
                              10 ms for who reads them; pings are answered
============================  =================================================================

``connections`` says on which connections of the emulator, counted from 1, the
fault is at work: ``reset_after=64000@1`` on the first only, ``@1-3`` on the
first three, ``@2-`` on all but the first. Without it: on all. Refused requests
count as connections; where no request comes, as after ``wrong_certificate``,
nothing is counted, but that fault itself counts TCP connections. (Not a fault,
as the service does so: a handshake with an ``Origin`` header is refused with
403.)
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, Tuple, Type, Union

from . import _engine_faults, _service_faults, _transport_faults, _upgrade_faults
from ._fault import Fault

FAULTS: Dict[str, Type[Fault]] = {
    fault.name: fault
    for fault in (
        _upgrade_faults.Unauthorized,
        _upgrade_faults.Forbidden,
        _upgrade_faults.TooManyRequests,
        _upgrade_faults.Unavailable,
        _upgrade_faults.Redirect,
        _upgrade_faults.SlowHandshake,
        _upgrade_faults.WrongCertificate,
        _service_faults.Rejected,
        _service_faults.ServerError,
        _service_faults.Dead,
        _service_faults.Silent,
        _service_faults.SilentClose,
        _service_faults.SlowFinals,
        _service_faults.RealTime,
        _service_faults.JunkFrames,
        _service_faults.UtteranceEnds,
        _engine_faults.EarlyRejections,
        _engine_faults.InterimsMute,
        _engine_faults.NoInterims,
        _engine_faults.EndsWithInterim,
        _engine_faults.Confidence,
        _engine_faults.TypedFrames,
        _engine_faults.Hold,
        _engine_faults.IdleTimeout,
        _transport_faults.CloseAfter,
        _transport_faults.ResetAfter,
        _transport_faults.CutAfterFinals,
        _transport_faults.CutAfterSeconds,
        _transport_faults.HalfOpenAfter,
        _transport_faults.StallsAfter,
        _transport_faults.NoPong,
        _transport_faults.LateClose,
        _transport_faults.HugeFrame,
        _transport_faults.EndlessFragments,
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
