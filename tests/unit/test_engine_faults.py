"""The other way of everything that nobody has settled: what each fault makes of it."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

import pytest

from telnyx_stt_sync.emulator import parse_fault
from telnyx_stt_sync.emulator._fault import FaultPlan

FINAL: Dict[str, Any] = {"transcript": "hi", "is_final": True, "confidence": 0.98}
INTERIM: Dict[str, Any] = {"transcript": "h", "is_final": False, "confidence": 0.84}
ERROR: Dict[str, Any] = {"error": "no"}


def rewritten(fault: str, frame: Dict[str, Any]) -> Optional[List[Any]]:
    """What is sent in place of the frame; ``None`` for the frame itself."""
    payloads = parse_fault(fault).rewrite(frame, 0)
    return None if payloads is None else [json.loads(payload) for payload in payloads]


@pytest.mark.parametrize(
    ("fault", "frame", "expected"),
    [
        ("no_interims", INTERIM, []),
        ("no_interims", FINAL, None),
        ("no_interims", ERROR, None),
        ("confidence=null", FINAL, [{**FINAL, "confidence": None}]),
        ("confidence=1", INTERIM, [{**INTERIM, "confidence": 1}]),
        ("confidence=absent", FINAL, [{"transcript": "hi", "is_final": True}]),
        ("confidence=null", ERROR, None),
        ("typed_frames", FINAL, [{"type": "transcript", **FINAL}]),
        ("typed_frames", ERROR, [{"type": "error", **ERROR}]),
    ],
)
def test_frames(fault: str, frame: Dict[str, Any], expected: Optional[List[Any]]) -> None:
    """Faults of frames change what they are about and leave the rest alone."""
    assert rewritten(fault, frame) == expected


def test_the_integer_one() -> None:
    """A confidence of 1 is written as an integer."""
    assert '"confidence": 1}' in str(parse_fault("confidence=1").rewrite(FINAL, 0))


@pytest.mark.parametrize("text", ["confidence", "confidence=0.5", "hold=0", "idle_timeout=x"])
def test_bad_values(text: str) -> None:
    """A value that a fault does not take is refused."""
    with pytest.raises(ValueError, match=text.split("=")[0]):
        parse_fault(text)


def test_taken_together() -> None:
    """Several faults at once: the shortest times count, and any wish is a wish."""
    plan = FaultPlan([parse_fault(f"{name}={n}") for name in TIMES for n in (3, 2)], 1)
    assert (plan.hold, plan.idle_timeout) == (2.0, 2.0)
    assert (FaultPlan([], 1).hold, FaultPlan([], 1).idle_timeout) == (None, None)
    for name in ("rejects_early", "mutes_interims", "ends_with_interim"):
        assert not getattr(plan, name)
    wishes = [parse_fault(name) for name in WISHES]
    plan = FaultPlan(wishes, 1)
    assert plan.rejects_early and plan.mutes_interims and plan.ends_with_interim


TIMES = ("hold", "idle_timeout")
WISHES = ("early_rejections", "interims_mute", "ends_with_interim")
