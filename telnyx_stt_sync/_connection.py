"""One connection of a stream: whether it lives, what it is due, and when it has said all."""

from __future__ import annotations

import math
from typing import List, Optional

from ._actions import Action, SendPing, SendText, Warn
from ._drain import Drain, Verdict
from ._engine import Engine
from ._heartbeat import Heartbeat
from ._options import Options
from ._receipt import TRUSTED_BYTES, Receipt

# Seconds after which a connection counts as one that works. Telnyx advises to start the waits over
# after a stable connection, and gives no number.
STABLE_SECONDS = 10.0

KEEP_ALIVE = '{"type":"KeepAlive"}'

# Seconds without audio after which an idle engine is told that we are there: its idle timeout is
# not published, 5 s are known to be safe.
KEEP_ALIVE_INTERVAL = 4.0

# Seconds of audio without any answer after which the log says so: a dead session was seen to be
# closed after about 6 s, and engines without interims need a while.
MUTE_SECONDS = 15.0


class Connection:
    """The facts of one connection; a reconnect makes a new one.

    Owner: who has the turn. Times are seconds of one monotonic clock.
    """

    def __init__(self, options: Options, engine: Engine, now: float) -> None:
        self._options = options
        self._engine = engine
        self._opened_at = self._heard_at = now
        self._heartbeat = Heartbeat(options.ping_interval, options.ping_timeout, now)
        self._receipt = Receipt()
        self._drain: Optional[Drain] = None  # None: more audio may come
        self._input_ended = False
        self._out_at: Optional[float] = None  # when everything had gone out; None: not yet
        # When to say that we are there; None: the engine does not care, or has been told the end.
        self._keep_alive_at = now + KEEP_ALIVE_INTERVAL if engine.keep_alive else None
        # When its silence is worth a warning; None: no audio yet, or it has answered, or been told.
        self._mute_at: Optional[float] = None
        self.sent = 0  # bytes of audio
        self.frames = 0  # data frames that came

    @property
    def owes_nothing(self) -> bool:
        """Whether all audio and the word that it was all have reached the peer."""
        return self._drain is not None and self._drain.all_is_out

    @property
    def is_unread(self) -> bool:
        """Whether all has gone out, but the peer has yet to show that it has read it."""
        return not self.owes_nothing and self._out_at is not None

    def audio_sent(self, size: int, now: float, is_written: bool = False) -> bool:
        """Audio was handed to it; returns whether something is due sooner than before.

        ``is_written`` says the same as ``audio_written()``.
        """
        before, self.sent = self.sent, self.sent + size
        if is_written:
            self.audio_written(now)
        elif self._keep_alive_at is not None:
            self._keep_alive_at = now + KEEP_ALIVE_INTERVAL
        if not before:
            self._mute_at = now + MUTE_SECONDS
        if before < TRUSTED_BYTES <= self.sent:
            self._receipt.want()
            self._heartbeat.want_ping(now)  # to learn whether the peer answers pings
            return True
        return not before

    def no_more_audio(self, now: float) -> None:
        """The user gives no more audio; what waits is still to be sent. May be said again."""
        if self._drain is None:
            options = self._options
            self._drain = Drain(self._engine, options.drain_timeout, options.quiet_period, now)

    def input_ended(self, only_silence: bool, now: float) -> List[Action]:
        """The user's last audio was handed to it; returns what is to be sent right behind it."""
        self.no_more_audio(now)
        assert self._drain is not None
        self._drain.any_frame = self.frames > 0
        # All that came before this connection may have been heard: then there is nothing to answer.
        self._drain.only_silence = only_silence or not self.sent
        self._input_ended = True
        self._keep_alive_at = None
        return [self._ping()] if self._receipt.end() else []

    def audio_written(self, now: float) -> None:
        """Bytes of audio went out to the network."""
        self._heartbeat.wrote(now)
        if self._keep_alive_at is not None:
            self._keep_alive_at = now + KEEP_ALIVE_INTERVAL
        if self._drain is not None:
            self._drain.wrote(now)

    def all_out(self, now: float) -> None:
        """Everything we had to say has gone out."""
        if self._input_ended and self._out_at is None:
            self._out_at = now
        self._look_whether_read(now)

    def frame_came(self, has_final: bool, now: float) -> None:
        """A data frame came."""
        self.frames += 1
        self._mute_at = None
        self._heartbeat.heard(now)
        self._heard_at = now
        if self._drain is not None:
            self._drain.frame(has_final, now)

    def control_came(self, now: float) -> None:
        """A ping or a pong came: it lives, but that is no progress."""
        self._heartbeat.heard(now)
        self._heard_at = now

    def pong_came(self, payload: bytes, now: float) -> None:
        """A pong came."""
        self._receipt.pong(payload)
        self.control_came(now)
        self._look_whether_read(now)

    @property
    def is_stable(self) -> bool:
        """Whether it has worked for a while: the peer was heard after that time."""
        return self._heard_at - self._opened_at >= STABLE_SECONDS

    def is_dead(self, now: float) -> bool:
        """Whether it is to be given up."""
        return self._heartbeat.is_dead(now)

    def is_idle(self, now: float) -> bool:
        """Whether nothing is owed by us, and the peer has fallen silent after it had answered."""
        return self._drain is not None and self._drain.is_idle(now)

    def verdict(self, now: float) -> Verdict:
        """What the wait for the last finals has come to."""
        return Verdict.WAIT if self._drain is None else self._drain.verdict(now)

    def due(self, now: float) -> List[Action]:
        """What is to be sent, or said, by now."""
        actions: List[Action] = []
        self._look_whether_read(now)
        if self._heartbeat.ping_due(now):
            actions.append(self._ping())
        if self._keep_alive_at is not None and now >= self._keep_alive_at:
            self._keep_alive_at = now + KEEP_ALIVE_INTERVAL
            actions.append(SendText(KEEP_ALIVE))
        if self._mute_at is not None and now >= self._mute_at:
            self._mute_at = None
            actions.append(
                Warn(f"audio goes out for {MUTE_SECONDS:g} s, and no frame at all has come back")
            )
        return actions

    @property
    def deadline(self) -> float:
        """When to look again."""
        deadline = self._heartbeat.deadline
        if self._drain is not None:
            deadline = min(deadline, self._drain.deadline)
            if not self._drain.all_is_out:
                deadline = min(deadline, self._trusted_at)
        for at in (self._keep_alive_at, self._mute_at):
            if at is not None and at < deadline:
                deadline = at
        return deadline

    def _look_whether_read(self, now: float) -> None:
        drain = self._drain
        if drain is None or drain.all_is_out or self._out_at is None:
            return
        if not self._receipt.is_owed or now >= self._trusted_at:
            drain.all_out(now)

    @property
    def _trusted_at(self) -> float:
        """When it is taken for granted that everything was read."""
        if self._out_at is None or self._engine.closes:
            return math.inf  # it tells by its close, which is judged by the receipt
        # Not so late that the wait for the finals would be over.
        return self._out_at + min(self._options.ping_timeout, self._options.drain_timeout / 2)

    def _ping(self) -> SendPing:
        return SendPing(self._receipt.payload)
