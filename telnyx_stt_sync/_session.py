"""One stream from opening to end: what has happened, what is owed, what to do next.

No I/O, no locks, no clock: the worker tells what happened and when, and
carries out the actions that come back.
"""

from __future__ import annotations

from typing import Callable, List, Optional, Sequence, Union

from ._actions import Action, Failed, Finished, Reconnecting, SendAudio, SendClose, SendText
from ._audio_format import RAW_FORMATS, AudioFormat
from ._connection import Connection
from ._drain import Verdict
from ._ending import Ending
from ._errors import ConnectError, ConnectionLostError, TranscriptionTimeout
from ._events import Stats, Transcription
from ._final_requests import FinalRequests
from ._messages import FailureMessage, Message, TranscriptMessage, UnknownMessage, parse_text_frame
from ._options import Options
from ._phase import TRANSITIONS, Phase
from ._record import Record
from ._recovery import GivenUp, Recovery, beyond_repair
from ._replay import Replay
from ._retry import retry_policy
from ._silence import SilenceWatch
from ._splice import Decision, GoBack, Told
from ._trailing_silence import TrailingSilence

# Seconds that a peer gets to answer our close frame.
CLOSE_TIMEOUT = 1.0

CLOSE_STREAM = '{"type":"CloseStream"}'
FINALIZE = '{"type":"Finalize"}'

_NOT_RECOGNISED = "what was heard after a reconnect does not join on to what was heard before"


class Session:
    """Everything known about one stream, over all its connections.

    ``rewinds``: the source of the audio goes back by itself, so none is kept
    here. ``chance`` gives numbers from 0 to 1.

    Owner: who has the turn; only ``stats()`` may be called by others. ``now`` is
    always an argument, in seconds of one monotonic clock.
    """

    def __init__(
        self,
        options: Options,
        audio_format: AudioFormat,
        now: float,
        *,
        rewinds: bool = False,
        chance: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self.phase = Phase.CONNECTING
        self.has_replay = False  # whether finals_due() and next_replay() may have something to give
        self._options = options
        self._engine = options.engine
        policy = retry_policy(options.reconnect)
        self._replay = Replay(
            None if rewinds else _capacity(options, audio_format),
            can_cut=audio_format.input_format in RAW_FORMATS,
            unit=audio_format.unit,
        )
        self._record = Record(
            self._replay,
            audio_format.bytes_per_second,
            now,
            rate_guessed=not audio_format.exact_rate,
        )
        self._recovery = Recovery(policy, chance, self._replay)
        self._silence = SilenceWatch(audio_format)
        self._trailing_silence = TrailingSilence(audio_format, self._engine.trailing_silence)
        self._final_requests = FinalRequests()
        self._ending = Ending(self._engine)
        self._connection: Optional[Connection] = None  # None: CONNECTING or CLOSED
        self._closing: Optional[Finished] = None  # not None exactly while CLOSING
        self._closing_until = 0.0

    def __repr__(self) -> str:
        return f"<Session {self.phase.name} {self._record!r}>"

    @property
    def was_open(self) -> bool:
        """Whether there ever was a connection."""
        return self._record.chronicle.was_open

    @property
    def position(self) -> int:
        """How far into the audio this connection is, in bytes."""
        return self._replay.position

    def stats(self) -> Stats:
        """The counters so far. May be called by any thread: it only reads."""
        return self._record.stats()

    def transcription(self, finished: Finished) -> Transcription:
        """All that was heard, and how it ended."""
        return self._record.transcription(finished)

    # -- what the user's side did ---------------------------------------------------------

    def opened(self, now: float) -> None:
        """The connection is open."""
        self._move(Phase.STREAMING)
        self._record.chronicle.opened(now)
        self._recovery.connected(now)
        self._replay.opened(now)
        self._final_requests.restart(self.position)
        self.has_replay = True
        self._connection = Connection(self._options, self._engine, now)

    def connect_failed(self, error: ConnectError, now: float) -> List[Action]:
        """A connection could not be opened."""
        return self._follow(self._recovery.connect_failed(error, now), now)

    @property
    def rewinds(self) -> bool:
        """Whether the source has to go back by itself to ``Reconnecting.start``."""
        return self._replay.rewinds

    def finals_due(self) -> List[Action]:
        """What the replay has to ask for before any more audio."""
        is_due = self._final_requests.take(self.position)
        return [SendText(FINALIZE)] if is_due else []

    def next_replay(self, limit: int) -> bytes:
        """Audio that has to be sent again, before any other; empty when there is none."""
        piece = self._replay.next_piece(self._final_requests.room(self.position, limit))
        self.has_replay = bool(piece) or self._final_requests.is_due(self.position)
        return piece

    def finalize(self) -> List[Action]:
        """The user wants a final of all that was sent."""
        self._final_requests.add(self.position, self._replay.oldest)
        return [SendText(FINALIZE)]

    def audio_sent(self, audio: bytes, now: float, is_written: bool = False) -> bool:
        """A piece of the user's audio was handed to the connection.

        ``is_written``: bytes of it, or of what came before it, went out to the network.
        Returns whether ``deadline`` is sooner than before.
        """
        assert self._connection is not None
        is_due_sooner = self._connection.audio_sent(len(audio), now, is_written)
        has_deadline = self._replay.sent(audio, now)
        if self._silence.only_silence:
            self._silence.listen(audio)
        if self._trailing_silence.listens:
            self._trailing_silence.listen(audio)
        return is_due_sooner or has_deadline

    def audio_dropped(self, size: int) -> List[Action]:
        """So much audio was dropped behind what was sent."""
        return [Failed(self._record.drop(size))]

    def no_more_audio(self, now: float) -> None:
        """The user gives no more audio; what waits is still to be sent. May be said again."""
        if self._connection is not None:
            self._connection.no_more_audio(now)

    def input_ended(self, now: float) -> List[Action]:
        """The user's last audio was handed to the connection."""
        self._move(Phase.DRAINING)
        self._record.chronicle.input_ended(now)
        if not self._replay.furthest:
            # Nothing was said, so nothing is owed.
            return self._begin_closing(Finished("quiet"), now)
        assert self._connection is not None
        actions: List[Action] = []
        silence = self._trailing_silence.audio()
        if silence:
            actions.append(SendAudio(silence))
        actions.extend(self._connection.input_ended(self._silence.only_silence, now))
        if self._engine.close_stream:
            actions.append(SendText(CLOSE_STREAM))
        return actions

    def audio_written(self, now: float) -> None:
        """Bytes of audio went out to the network."""
        if self._connection is not None:
            self._connection.audio_written(now)

    def all_out(self, now: float) -> None:
        """After ``input_ended``: everything we had to say has gone out."""
        if self._connection is not None:
            self._connection.all_out(now)

    # -- what the peer did ----------------------------------------------------------------

    def text_received(self, payload: bytes, now: float) -> List[Action]:
        """A text frame came."""
        actions: List[Action] = []
        messages = parse_text_frame(payload)
        has_final = False
        for message in messages:
            if isinstance(message, TranscriptMessage) and message.is_final:
                has_final = True
        self._frame_came(has_final, now)
        for message in messages:
            actions.extend(self._take_in(message, now))
            if self._connection is None:
                break
        return actions

    def binary_received(self, payload: bytes, now: float) -> None:
        """A binary frame came; nobody has ever seen one."""
        self._frame_came(False, now)
        self._record.log.keep_unknown(payload)

    def ping_received(self, now: float) -> None:
        """A ping came: the peer lives, but that is no progress."""
        if self._connection is not None:
            self._connection.control_came(now)

    def pong_received(self, payload: bytes, now: float) -> None:
        """A pong came: the peer lives, and has read what was sent before that ping."""
        if self._connection is not None:
            self._connection.pong_came(payload, now)

    def close_received(self, code: int, reason: str, now: float) -> List[Action]:
        """The peer closed the connection."""
        if self._closing is not None:
            return self._finish(self._closing, now)
        only_silence = self._silence.only_silence
        ended_by = self._ending.ended_by(code, self._connection, only_silence, now)
        if ended_by is not None:
            return self._conclude(Finished(ended_by), now, is_closed=True)
        told = f"code {code}" + (f", {reason!r}" if reason else "")
        return self._lose(f"the server closed the connection ({told})", code, reason, now)

    def connection_broken(self, why: str, now: float) -> List[Action]:
        """The connection ended without a close frame."""
        if self._closing is not None:
            return self._finish(self._closing, now)
        return self._lose(why, 1006, "", now)

    # -- time, and the wish to stop -------------------------------------------------------

    def tick(self, now: float) -> List[Action]:
        """What is due by now."""
        if self._closing is not None:
            return self._finish(self._closing, now) if now >= self._closing_until else []
        connection = self._connection
        if connection is None:
            return []
        if connection.is_dead(now):
            return self._lose("the server does not answer pings any more", 1006, "", now)
        actions = [*connection.due(now), *self._carry_out(self._replay.overdue(now), now)]
        verdict = connection.verdict(now)
        if verdict is Verdict.QUIET:
            actions.extend(self._conclude(Finished("quiet"), now))
        elif verdict is Verdict.TIMEOUT:
            actions.extend(self.stop(Finished("timeout", self._timeout_error()), now))
        return actions

    @property
    def deadline(self) -> Optional[float]:
        """When ``tick`` is to be called at the latest; ``None``: not before something happens."""
        if self._closing is not None:
            return self._closing_until
        if self._connection is None:
            return None
        deadline, held = self._connection.deadline, self._replay.deadline
        return deadline if held is None else min(deadline, held)

    def stop(self, finished: Finished, now: float) -> List[Action]:
        """End it now, whatever is owed. Does nothing once it is over."""
        if self.phase is Phase.CLOSED:
            return []
        close: List[Action] = [SendClose()] if self._connection is not None else []
        return [*close, *self._finish(self._closing or finished, now)]

    # -- inside ---------------------------------------------------------------------------

    def _frame_came(self, has_final: bool, now: float) -> None:
        self._record.chronicle.frame_came()
        if self._connection is not None:
            self._connection.frame_came(has_final, now)

    def _take_in(self, message: Message, now: float) -> List[Action]:
        if isinstance(message, FailureMessage):
            return self._finish(self._closing or Finished("error", message.error), now)
        if isinstance(message, UnknownMessage):
            self._record.log.keep_unknown(message.raw)
            return []
        return self._carry_out(self._replay.heard(message, now), now)

    def _carry_out(self, decisions: Sequence[Decision], now: float) -> List[Action]:
        actions: List[Action] = []
        for decision in decisions:
            if isinstance(decision, Told):
                if decision.message.is_final and not decision.replayed:
                    self._recovery.final_came(bool(decision.message.text))
                    if decision.message.text:
                        self._ending.final_came()
                actions.extend(self._record.tell(decision, now))
                continue
            error = ConnectionLostError(_NOT_RECOGNISED)
            actions.append(SendClose())
            if isinstance(decision, GoBack):
                actions.extend(self._follow(self._recovery.connection_lost(error, now), now))
            else:
                actions.extend(self._follow(beyond_repair(error, decision), now))
        return actions

    def _conclude(self, finished: Finished, now: float, *, is_closed: bool = False) -> List[Action]:
        """The service has said all, unless that does not join on to what was known."""
        actions = self._carry_out(self._replay.ended(), now)
        if self._connection is None:
            return actions
        close = self._finish if is_closed else self._begin_closing
        return [*actions, *close(finished, now)]

    def _lose(self, why: str, code: int, reason: str, now: float) -> List[Action]:
        connection = self._connection
        if connection is None or not connection.owes_nothing:
            when = "before the end of the audio"
        elif connection.frames:
            when = "before the transcripts were complete"
        else:
            when = "without a single answer to the audio"
        error = ConnectionLostError(f"{why} {when}", code=code, reason=reason)
        is_live = self.phase is Phase.STREAMING and not self._replay.rewinds
        if is_live and connection is not None and connection.is_stable:
            self._recovery.was_stable()
        return self._follow(self._recovery.connection_lost(error, now), now)

    def _follow(self, answer: Union[Reconnecting, GivenUp], now: float) -> List[Action]:
        """Do what the recovery has decided."""
        if isinstance(answer, GivenUp):
            if answer.lost is not None:
                self._record.lose(answer.lost)
            return self._finish(Finished("error", answer.error), now)
        if self._connection is not None:
            self._connection = None
            self._record.chronicle.lost(now)
            self._move(Phase.CONNECTING)
        return [answer]

    def _begin_closing(self, finished: Finished, now: float) -> List[Action]:
        self._move(Phase.CLOSING)
        self._closing = finished
        self._closing_until = now + CLOSE_TIMEOUT
        return [SendClose()]

    def _finish(self, finished: Finished, now: float) -> List[Action]:
        self._move(Phase.CLOSED)
        self._closing = self._connection = None
        held = self._carry_out(self._replay.given_up(), now)
        self._record.chronicle.ended(now)
        return [*held, finished]

    def _move(self, new: Phase) -> None:
        if new not in TRANSITIONS[self.phase]:
            raise RuntimeError(f"bug: {self.phase.name} -> {new.name}")
        self.phase = new

    def _timeout_error(self) -> TranscriptionTimeout:
        return TranscriptionTimeout(
            f"no final came and no audio went out for {self._options.drain_timeout:g} s after "
            "the end of the audio (drain_timeout)"
        )


def _capacity(options: Options, audio_format: AudioFormat) -> int:
    """How many bytes of live audio are kept to be sent again."""
    if not options.reconnect:
        return 0
    return int(options.replay_seconds * audio_format.bytes_per_second)
