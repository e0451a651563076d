"""What the service does in one session, decided without sockets, threads or a clock."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, replace
from typing import Any, Dict, FrozenSet, List, Optional

from ._audio_clock import AudioClock
from ._engine_behaviour import EngineBehaviour
from ._fault import FaultPlan, Trigger
from ._outbox import Action, Close, Outbox, Send, ends_connection
from ._pace import Pace
from ._recogniser import Heard, Recognition
from ._silent_tail import SilentTail
from ._turn import Turn


@dataclass(frozen=True)
class Timing:
    """How an engine that never closes behaves when the audio stops; seconds."""

    # No audio for so long: what is pending becomes final.
    idle: float = 0.5
    # How long the connection is then held open. Telnyx was seen to hold it for 20 s and more.
    hold: float = 20.0


class State(enum.Enum):
    """Where a session stands."""

    LISTENING = "listening"  # audio is taken
    ENDING = "ending"  # CloseStream has come; the rest is being sent
    OVER = "over"  # the closing action was handed out


TRANSITIONS: Dict[State, FrozenSet[State]] = {
    State.LISTENING: frozenset({State.ENDING, State.OVER}),
    State.ENDING: frozenset({State.OVER}),
    State.OVER: frozenset(),
}


class Dialogue:
    """One session, from the upgrade to the close. Only the connection thread touches it.

    ``now`` is seconds of any monotonic clock. What there is to do comes out of
    ``tick()``, and ``deadline`` says when to call that even if nothing
    happens. ``recognition`` is ``None`` where a fault makes the session deaf.
    """

    def __init__(
        self,
        behaviour: EngineBehaviour,
        plan: FaultPlan,
        clock: AudioClock,
        recognition: Optional[Recognition],
        *,
        now: float,
        timing: Timing,
        tail: Optional[SilentTail] = None,
    ) -> None:
        self.state = State.LISTENING
        self._behaviour = behaviour
        self._plan = plan
        self._clock = clock
        self._recognition = recognition
        self._timing = timing if plan.hold is None else replace(timing, hold=plan.hold)
        # None where the end makes a final of the last words whatever the audio was.
        self._tail = tail
        self._pace = Pace(plan.speed)
        self._outbox = Outbox()
        # None where finals come as the recogniser makes them.
        self._turn = Turn() if behaviour.engine.whole_turns else None
        self._triggers = plan.triggers
        self._opened = now
        self._audio_bytes = 0
        self._frames = 0
        self._finals = 0
        # Whether audio has come that the recogniser was not told to flush.
        self._unflushed = False
        self._flushed_at = now
        # Whether what is heard now was brought by the end of the audio.
        self._flushing = False
        # The last words, where a fault has them come as an interim; None: nothing is kept.
        self._kept: Optional[Heard] = None
        self._last_audio = now
        self._last_sent = now
        self._last_alive = now

    @property
    def piece_limit(self) -> Optional[int]:
        """How many bytes ``audio()`` may take at most now, ``None`` for any number."""
        limits = [each.audio_bytes for each in self._triggers if each.audio_bytes is not None]
        return min(limits) - self._audio_bytes if limits else None

    def audio(self, audio: bytes, now: float) -> None:
        """Audio came. Blocks for as long as the recogniser does."""
        if self.state is not State.LISTENING:
            return
        self._audio_bytes += len(audio)
        self._last_audio = self._last_alive = now
        if self._tail is not None:
            self._tail.listen(audio)
        if self._recognition is None:
            return
        before = self._clock.seconds
        self._clock.take(audio)
        self._pace.audio_received(self._clock.seconds - before, now)
        self._unflushed = True
        self._flushing = False
        self._recognition.feed(audio)

    def text(self, text: str, now: float) -> None:
        """A text frame came. What the engine does not know is ignored."""
        if self.state is not State.LISTENING or self._recognition is None:
            return
        command = _command(text)
        if command == "KeepAlive" and self._behaviour.engine.keep_alive:
            self._last_alive = now
        elif command == "CloseStream" and self._behaviour.closes:
            self._move(State.ENDING)
            self._flushing = True
            self._recognition.end()
        elif command == "Finalize" and self._behaviour.obeys_finalize:
            self._recognition.finalize()

    def heard(self, heard: Heard, now: float) -> None:
        """The recogniser heard something."""
        if self._turn is not None:
            heard = self._turn.join(heard)
        if self._flushing and heard.is_final and not self._lets_go():
            heard = replace(heard, is_final=False)
        elif self._flushing and heard.is_final and self._plan.ends_with_interim:
            before, self._kept = self._kept, heard
            if before is None:
                return
            heard = before
        due = max(now, self._pace.done_at(heard.end))
        if heard.is_final and self._plan.final_delay:
            # Together they would come at once, and the last of several is the one that gets lost.
            earliest = max(due, self._outbox.last_due) if self._flushing else due
            due = earliest + self._plan.final_delay
        for frame in self._behaviour.frames(heard):
            self._put_frame(frame, due)

    def done(self, now: float) -> None:
        """The recogniser has said everything that was owed after ``CloseStream``."""
        due = max(now, self._pace.busy_until)
        if self._plan.close_delay:
            due = max(due, self._outbox.last_due) + self._plan.close_delay
        if self._kept is not None:
            self._put_frame(self._behaviour.frame(replace(self._kept, is_final=False)), due)
        self._outbox.put(Close(1005 if self._plan.ends_with_interim else 1000), due)

    def failed(self, text: str, now: float) -> None:
        """The recogniser cannot make sense of the audio."""
        self._put_frame({"error": text}, now)
        self._outbox.put(Close(1011), now)

    def tick(self, now: float) -> List[Action]:
        """What to do now, in order. Nothing comes after the action that ends the connection."""
        if self.state is State.OVER:
            return []
        if self._turn is not None and _reached(self._turn_ends_at, now):
            self._end_turn(self._turn, now)
        actions = self._outbox.take_due(now)
        if actions:
            self._last_sent = now
        for trigger in [each for each in self._triggers if self._fires(each, now)]:
            self._used_up(trigger, now)
            actions.extend(trigger.actions)
        if self._recognition is not None and _reached(self._idle_at, now):
            self._flush(self._recognition, now)
        elif _reached(self._hold_until, now):
            actions.append(Close(1000))
        elif _reached(self._idle_until, now):
            actions.append(Close(1011))
        return self._up_to_the_end(actions)

    @property
    def deadline(self) -> Optional[float]:
        """When ``tick()`` has work next if nothing else happens, ``None`` for never."""
        if self.state is State.OVER:
            return None
        ages = [each.seconds for each in self._triggers if each.seconds is not None]
        times = [self._outbox.next_due, self._idle_at, self._turn_ends_at]
        times += [self._hold_until, self._idle_until]
        times += [self._opened + age for age in ages]
        return min((each for each in times if each is not None), default=None)

    @property
    def _idle_at(self) -> Optional[float]:
        """When the pending utterance becomes final; ``None`` where ``CloseStream`` does that."""
        if self._behaviour.closes or not self._unflushed:
            return None
        return max(self._last_audio, self._pace.busy_until) + self._timing.idle

    @property
    def _turn_is_open(self) -> bool:
        return self._turn is not None and self._turn.is_open

    @property
    def _turn_ends_at(self) -> Optional[float]:
        """When a turn is over that no pause has ended; ``None`` as long as more may come of it."""
        if self._unflushed or not self._turn_is_open:
            return None
        return max(self._flushed_at, self._last_sent, self._outbox.last_due) + self._timing.idle

    def _end_turn(self, turn: Turn, now: float) -> None:
        """Tell the rest of a turn that ended with the audio."""
        rest = turn.end()
        assert rest is not None
        for frame in self._behaviour.frames(rest):
            self._put_frame(frame, now)

    @property
    def _hold_until(self) -> Optional[float]:
        """When the server gives up an idle connection; ``None`` as long as something is owed."""
        deaf = self._recognition is None
        owed = self._unflushed or self._outbox.next_due is not None or self._turn_is_open
        if self._behaviour.closes or deaf or owed:
            return None
        return max(self._last_audio, self._last_sent) + self._timing.hold

    @property
    def _idle_until(self) -> Optional[float]:
        """When a fault closes a connection on which nothing comes in; ``None`` for never."""
        if self._plan.idle_timeout is None or self.state is not State.LISTENING:
            return None
        return self._last_alive + self._plan.idle_timeout

    def _lets_go(self) -> bool:
        """Whether what the end brings may become final."""
        return self._tail is None or self._tail.seconds >= self._behaviour.engine.trailing_silence

    def _flush(self, recognition: Recognition, now: float) -> None:
        self._unflushed = False
        self._flushed_at = now
        self._flushing = True
        # A script has a rest, which is said when the audio stops; a real recogniser has none.
        getattr(recognition, "flush", recognition.finalize)()

    def _fires(self, trigger: Trigger, now: float) -> bool:
        if trigger.seconds is not None:
            return now >= self._opened + trigger.seconds
        return trigger.audio_bytes is not None and self._audio_bytes >= trigger.audio_bytes

    def _put_frame(self, frame: Dict[str, Any], due: float) -> None:
        payloads = self._plan.rewrite(frame, self._frames)
        self._frames += 1
        for payload in [json.dumps(frame)] if payloads is None else payloads:
            self._outbox.put(Send(payload), due)
        if frame.get("is_final"):
            self._put_triggered_by_final(due)

    def _put_triggered_by_final(self, due: float) -> None:
        """What a fault wants right behind this final, wherever in the outbox that stands."""
        self._finals += 1
        for trigger in [each for each in self._triggers if each.finals == self._finals]:
            self._triggers.remove(trigger)
            for action in trigger.actions:
                self._outbox.put(action, due)

    def _used_up(self, trigger: Trigger, now: float) -> None:
        """The trigger has fired: it is gone, or waits for its next time."""
        self._triggers.remove(trigger)
        if trigger.every is not None:
            self._triggers.append(replace(trigger, seconds=now - self._opened + trigger.every))

    def _up_to_the_end(self, actions: List[Action]) -> List[Action]:
        for position, action in enumerate(actions):
            if ends_connection(action):
                self._move(State.OVER)
                return actions[: position + 1]
        return actions

    def _move(self, new: State) -> None:
        if new not in TRANSITIONS[self.state]:
            raise RuntimeError(f"bug: {self.state.name} -> {new.name}")
        self.state = new


def _command(text: str) -> Optional[str]:
    """The ``type`` of a control frame, ``None`` for any other text."""
    try:
        frame = json.loads(text)
    except ValueError:
        return None
    kind = frame.get("type") if isinstance(frame, dict) else None
    return kind if isinstance(kind, str) else None


def _reached(moment: Optional[float], now: float) -> bool:
    return moment is not None and now >= moment
