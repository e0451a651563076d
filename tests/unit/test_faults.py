"""Faults: how they are written, where they apply, what they change."""

from __future__ import annotations

import json
import math
from typing import Any, Dict, List, Set, Tuple

import pytest

from telnyx_stt_sync.emulator import FAULTS, Fault, parse_fault
from telnyx_stt_sync.emulator import _faults as table
from telnyx_stt_sync.emulator import _service_faults as service
from telnyx_stt_sync.emulator import _transport_faults as transport
from telnyx_stt_sync.emulator import _upgrade_faults as upgrade
from telnyx_stt_sync.emulator._fault import FaultPlan, Trigger
from telnyx_stt_sync.emulator._faults import as_faults
from telnyx_stt_sync.emulator._outbox import Close, Reset, Send, SendRaw, StopReading, Vanish

FINAL = {"transcript": "hello", "is_final": True, "speech_final": True, "confidence": 0.98}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_every_fault_is_in_the_table(name: str) -> None:
    """The module's docstring, which is the documentation, names every fault."""
    assert f"``{name}" in (table.__doc__ or "")


@pytest.mark.parametrize(
    "text",
    [
        "unauthorized",
        "rejected",
        "rejected=1000",
        "server_error",
        "server_error=out of order@2-",
        "close_after=100",
        "close_after=100:1006",
        "reset_after=64000@1",
        "dead",
        "dead=0.5",
        "silent@3",
        "slow_finals=2",
        "real_time",
        "real_time=2.5@1-3",
        "junk_frames",
        "utterance_ends",
        "forbidden@1",
        "too_many_requests",
        "too_many_requests=3@1-2",
        "unavailable=0",
        "redirect",
        "redirect=wss://user@elsewhere.invalid:8080/path?a=b@2",
        "slow_handshake",
        "slow_handshake=0.01",
        "wrong_certificate@1",
        "silent_close",
        "late_close",
        "late_close=0.5@1",
        "cut_after_finals=2",
        "cut_after_seconds=2.5",
        "half_open_after=32000@1",
        "stalls_after=32000",
        "no_pong",
        "huge_frame",
        "endless_fragments@2-",
    ],
)
def test_fault_is_parsed_from_text(text: str) -> None:
    """A fault is written as name, name=value, and connections after an @."""
    fault = parse_fault(text)
    assert isinstance(fault, FAULTS[fault.name])
    assert text.startswith(fault.name)
    assert fault.only == (text.rpartition("@")[2] if "@" in text else "")


def test_unknown_name_lists_the_known_ones() -> None:
    """A wrong name is answered with all right ones."""
    with pytest.raises(ValueError) as caught:
        parse_fault("slow")
    assert str(caught.value) == f"unknown fault 'slow'; known: {', '.join(sorted(FAULTS))}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=1",
        "unauthorized=1",
        "junk_frames=x",
        "silent=1",
        "slow_finals",
        "slow_finals=",
        "slow_finals=fast",
        "slow_finals=-1",
        "slow_finals=nan",
        "real_time=0",
        "real_time=inf",
        "dead=0",
        "reset_after",
        "reset_after=0",
        "reset_after=-5",
        "reset_after=1.5",
        "close_after=:1000",
        "close_after=10:99",
        "close_after=10:x",
        "rejected=70000",
        "forbidden=1",
        "too_many_requests=soon",
        "too_many_requests=1.5",
        "unavailable=-1",
        "redirect=a b",
        "redirect=x\r\nSet-Cookie: y",
        "slow_handshake=0",
        "wrong_certificate=x",
        "silent_close=1",
        "late_close=never",
        "cut_after_finals",
        "cut_after_finals=0",
        "cut_after_seconds",
        "cut_after_seconds=0",
        "half_open_after=0",
        "stalls_after",
        "no_pong=1",
        "huge_frame=1",
        "endless_fragments=1",
        "silent@",
        "silent@0",
        "silent@1-2-3",
        "silent@-2",
    ],
)
def test_bad_text_is_a_value_error(text: str) -> None:
    """A value that a fault does not take is refused when the fault is made."""
    with pytest.raises(ValueError):
        parse_fault(text)


@pytest.mark.parametrize(
    ("only", "connections"),
    [("", [1, 2, 3, 4]), ("1", [1]), ("2-3", [2, 3]), ("3-", [3, 4])],
)
def test_connections(only: str, connections: List[int]) -> None:
    """A fault is at work on the connections that it names, counted from 1."""
    fault = service.Silent(only=only)
    assert [number for number in (1, 2, 3, 4) if fault.applies_to(number)] == connections


def test_objects_and_texts_may_be_mixed() -> None:
    """One fault or many, as text or as objects."""
    dead = service.Dead(2.0)
    assert as_faults(dead) == (dead,)
    assert [each.name for each in as_faults(["silent", dead])] == ["silent", "dead"]
    assert [each.name for each in as_faults("silent")] == ["silent"]
    assert repr(service.Dead(only="1")) == "<Fault dead@1>"


def test_numbers_are_checked_in_objects_too() -> None:
    """The constructors refuse what the texts' parser refuses."""
    with pytest.raises(ValueError, match="slow_finals needs a positive number"):
        service.SlowFinals()
    with pytest.raises(ValueError, match="reset_after: 0 is not a positive number of bytes"):
        transport.ResetAfter(0)
    with pytest.raises(ValueError, match="cut_after_finals: 0 is not a positive number of finals"):
        transport.CutAfterFinals(0)
    with pytest.raises(ValueError, match="unavailable: -1 is less than no seconds"):
        upgrade.Unavailable(-1)
    with pytest.raises(ValueError, match="redirect: '' is not a URL"):
        upgrade.Redirect("")


def test_triggers() -> None:
    """What happens, and when, as the session sees it."""
    assert transport.ResetAfter(5).triggers == (Trigger((Reset(),), audio_bytes=5),)
    assert transport.CloseAfter(5).triggers == (Trigger((Close(1011),), audio_bytes=5),)
    assert transport.CloseAfter(5, 1005).triggers == (Trigger((Close(1005),), audio_bytes=5),)
    assert service.Dead().triggers == (Trigger((Close(1000),), seconds=6.0),)
    (rejected,) = service.Rejected().triggers
    assert rejected.seconds == 0.0
    assert isinstance(rejected.actions[0], Send)
    assert json.loads(rejected.actions[0].payload)["errors"][0]["code"] == "40007"
    assert rejected.actions[1] == Close(1008)
    (error,) = service.ServerError("broken").triggers
    assert error.actions == (Send('{"error": "broken"}'), Close(1011))


def test_triggers_of_the_transport() -> None:
    """What breaks the connection without closing it, and when."""
    assert transport.HalfOpenAfter(5).triggers == (Trigger((Vanish(),), audio_bytes=5),)
    assert transport.StallsAfter(5).triggers == (Trigger((StopReading(),), audio_bytes=5),)
    assert transport.CutAfterFinals(2).triggers == (Trigger((Close(1006),), finals=2),)
    assert transport.CutAfterSeconds(2.5).triggers == (Trigger((Close(1006),), seconds=2.5),)


def sent_by(fault: Fault) -> List[Tuple[float, bytes]]:
    """The raw bytes that a fault sends, and when."""
    return [
        (trigger.seconds or 0.0, action.data)
        for trigger in fault.triggers
        for action in trigger.actions
        if isinstance(action, SendRaw)
    ]


def test_huge_frame_is_announced_and_begun() -> None:
    """The head of a final text frame of 2**40 bytes comes first, and a few kB follow in time."""
    fault = transport.HugeFrame()
    sent = sent_by(fault)
    assert sent[0][1][:2] == b"\x81\x7f"
    assert int.from_bytes(sent[0][1][2:10], "big") == 2**40
    assert [moment for moment, _ in sent] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert 2000 < sum(len(data) for _, data in sent) < 8000
    assert (fault.hears, fault.answers_pings) == (False, False)


def test_fragments_never_end() -> None:
    """A text fragment without FIN begins, and fragments without FIN follow for ever."""
    first, burst = transport.EndlessFragments().triggers
    (_, begin), (_, words) = sent_by(transport.EndlessFragments())
    assert (begin[0], begin[1]) == (0x01, len(begin) - 2)
    assert words == b"\x00\x05word " * 200
    assert (first.every, burst.every) == (None, 0.01)


def test_refusals() -> None:
    """Each refusal has its status and headers."""
    refusals = {
        text: parse_fault(text).refusal
        for text in ("forbidden", "too_many_requests", "unavailable=7", "redirect", "redirect=/x")
    }
    found = {text: (it.status, it.headers) for text, it in refusals.items() if it is not None}
    assert found == {
        "forbidden": (403, ()),
        "too_many_requests": (429, ()),
        "unavailable=7": (503, (("Retry-After", "7"),)),
        "redirect": (302, (("Location", upgrade.ELSEWHERE),)),
        "redirect=/x": (302, (("Location", "/x"),)),
    }


def test_plan_without_faults_changes_nothing() -> None:
    """A connection without faults is served as fast as possible."""
    plan = FaultPlan((), 1)
    assert (plan.refusal, plan.triggers, plan.hears) == (None, [], True)
    assert (plan.speed, plan.final_delay, plan.rewrite(FINAL, 0)) == (math.inf, 0.0, None)
    assert (plan.answer_pace, plan.close_delay) == (0.0, 0.0)
    assert (plan.answers_pings, plan.wrong_certificate) == (True, False)


def test_plan_takes_faults_together() -> None:
    """Several faults add up; those of other connections do not count."""
    texts = ["real_time=4", "real_time=2", "slow_finals=1", "slow_finals=3", "dead@2", "silent@2"]
    every = as_faults([*texts, "unauthorized@3", "utterance_ends"])
    first = FaultPlan(every, 1)
    assert (first.speed, first.final_delay, first.hears, first.refusal) == (2.0, 3.0, True, None)
    assert len(first.rewrite(FINAL, 0) or []) == 2
    odd = ["no_pong", "wrong_certificate@2", "late_close=2", "late_close", "slow_handshake"]
    plan = FaultPlan(as_faults([*odd, "slow_handshake=2"]), 1)
    assert (plan.answer_pace, plan.close_delay) == (2.0, 60.0)
    assert (plan.answers_pings, plan.wrong_certificate) == (False, False)
    second = FaultPlan(every, 2)
    assert (second.hears, len(second.triggers)) == (False, 1)
    third = FaultPlan(every, 3)
    assert third.refusal is not None
    assert third.refusal.status == 401


def transcripts_in(payload: Any) -> List[str]:
    """The transcripts that a lenient client finds in a payload."""
    try:
        value = json.loads(payload)
    except ValueError:
        return []
    frames = value if isinstance(value, list) else [value]
    return [
        frame["transcript"].strip()
        for frame in frames
        if isinstance(frame, dict) and isinstance(frame.get("transcript"), str)
    ]


def test_junk_keeps_every_transcript_once() -> None:
    """However odd the frames, each transcript is there exactly once, in every variety."""
    junk = service.JunkFrames()
    frame: Dict[str, Any] = dict(FINAL)
    confidences: Set[object] = set()
    kinds: Set[type] = set()
    for index in range(12):
        payloads = junk.rewrite(frame, index) or []
        assert [text for payload in payloads for text in transcripts_in(payload)] == ["hello"]
        kinds.update(type(payload) for payload in payloads)
        for value in (1, None, "absent"):
            found = json.dumps({"confidence": value})[1:-1] in str(payloads)
            confidences.update([value] if found else [])
        if not any("confidence" in str(payload) for payload in payloads):
            confidences.add("absent")
    assert kinds == {str, bytes}
    assert confidences == {1, None, "absent"}
    assert frame == FINAL


def test_junk_leaves_errors_alone() -> None:
    """Frames without a transcript stay what they are."""
    assert service.JunkFrames().rewrite({"error": "x"}, 0) is None


def test_utterance_ends_follow_a_speech_final() -> None:
    """An empty final with utterance_end follows each speech_final, and nothing else."""
    fault = service.UtteranceEnds()
    assert [json.loads(each) for each in fault.rewrite(FINAL, 0) or []] == [
        FINAL,
        {"transcript": "", "is_final": True, "utterance_end": True},
    ]
    assert fault.rewrite({**FINAL, "speech_final": False}, 0) is None


def test_silent_close_swallows_transcripts() -> None:
    """Every transcript is replaced by nothing; errors are not."""
    assert FaultPlan([service.SilentClose()], 1).rewrite(FINAL, 0) == []
    assert FaultPlan([service.SilentClose()], 1).rewrite({"error": "x"}, 0) is None


def test_own_fault_is_a_class() -> None:
    """A fault of one's own overrides what it needs of Fault."""

    class Deaf(Fault):
        name = "deaf"
        hears = False

    assert not FaultPlan(as_faults([Deaf(only="1")]), 1).hears
    assert FaultPlan(as_faults([Deaf(only="1")]), 2).hears
