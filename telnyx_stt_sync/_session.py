"""One stream from opening to end: what has happened, what is owed, what to do next.

No I/O, no locks, no clock: the I/O thread tells what happened and when, and
carries out the actions that come back.
"""

from __future__ import annotations

import enum
from typing import Any, Dict, FrozenSet, List, Optional

from ._actions import Action, Finished, SendAudio, SendClose, SendPing, SendText
from ._audio_format import RAW_FORMATS, SILENT_SAMPLE, AudioFormat
from ._drain import Drain, Verdict
from ._errors import ConnectionLostError, TranscriptionTimeout
from ._events import Stats, Transcription
from ._heartbeat import Heartbeat
from ._messages import FailureMessage, Message, TranscriptMessage, UnknownMessage, parse_text_frame
from ._options import Options
from ._transcript_log import TranscriptLog

# Close codes that mean "that was all" once everything we had to say is out: normal, going away,
# and a close frame without a code (RFC 6455, section 7.4.1).
END_CODES = frozenset({1000, 1001, 1005})

# Seconds that a peer gets to answer our close frame.
CLOSE_TIMEOUT = 1.0

# Frames of no known shape that are kept for the user to look at.
KEPT_UNKNOWN_FRAMES = 100

# The wire's raw formats under the names of _pcm.
_ENCODINGS = {"linear16": "s16", "linear32": "f32", "mulaw": "mulaw", "alaw": "alaw"}

CLOSE_STREAM = '{"type":"CloseStream"}'


class Phase(enum.Enum):
    """Where a stream stands."""

    CONNECTING = "connecting"
    STREAMING = "streaming"  # audio may be sent
    DRAINING = "draining"  # no more audio will come; transcripts are owed to us
    CLOSING = "closing"  # we have ended it; the peer may still have something on the way
    CLOSED = "closed"


TRANSITIONS: Dict[Phase, FrozenSet[Phase]] = {
    Phase.CONNECTING: frozenset({Phase.STREAMING, Phase.CLOSED}),
    Phase.STREAMING: frozenset({Phase.DRAINING, Phase.CLOSED}),
    Phase.DRAINING: frozenset({Phase.CLOSING, Phase.CLOSED}),
    Phase.CLOSING: frozenset({Phase.CLOSED}),
    Phase.CLOSED: frozenset(),
}


class Session:
    """Everything known about one stream.

    Owner: the I/O thread; only ``stats()`` may be called by others. ``now`` is
    always an argument, in seconds of one monotonic clock.
    """

    def __init__(self, options: Options, audio_format: AudioFormat, now: float) -> None:
        self.phase = Phase.CONNECTING
        self._options = options
        self._engine = options.engine
        self._format = audio_format
        self._log = TranscriptLog()
        self._unknown: List[Any] = []
        self._started_at = now
        self._opened_at: Optional[float] = None  # None: while CONNECTING
        self._heartbeat: Optional[Heartbeat] = None  # None: while CONNECTING
        self._drain: Optional[Drain] = None  # None: more audio may come
        self._closing: Optional[Finished] = None  # not None exactly while CLOSING
        self._closing_until = 0.0
        self._input_ended_at: Optional[float] = None  # None: before DRAINING
        self._first_text_at: Optional[float] = None  # None: no text yet
        self._ended_at: Optional[float] = None  # not None exactly when CLOSED
        self._sent_bytes = 0
        self._frames = 0
        # Only samples can be looked at; the first sound settles it.
        self._only_silence = audio_format.input_format in RAW_FORMATS

    def __repr__(self) -> str:
        return f"<Session {self.phase.name} sent={self._sent_bytes} {self._log!r}>"

    # -- what the user's side did ---------------------------------------------------------

    def opened(self, now: float) -> None:
        """The connection is open."""
        self._move(Phase.STREAMING)
        self._opened_at = now
        options = self._options
        self._heartbeat = Heartbeat(options.ping_interval, options.ping_timeout, now)

    def audio_sent(self, audio: bytes) -> None:
        """A piece of the user's audio was handed to the connection."""
        self._sent_bytes += len(audio)
        if self._only_silence:
            # Imported late: most of its tables are for files, and the first sound is the last use.
            from ._pcm import is_silent, to_linear16

            whole = len(audio) - len(audio) % self._format.unit
            samples = to_linear16(audio[:whole], _ENCODINGS[self._format.input_format])
            self._only_silence = is_silent(samples)

    def no_more_audio(self, now: float) -> None:
        """The user gives no more audio; what waits is still to be sent. May be said again."""
        if self._drain is None:
            options = self._options
            self._drain = Drain(self._engine, options.drain_timeout, options.quiet_period, now)

    def input_ended(self, now: float) -> List[Action]:
        """The user's last audio was handed to the connection."""
        self._move(Phase.DRAINING)
        self._input_ended_at = now
        if not self._sent_bytes:
            # Nothing was said, so nothing is owed.
            return self._begin_closing(Finished("quiet"), now)
        self.no_more_audio(now)
        assert self._drain is not None
        self._drain.any_frame = self._frames > 0
        self._drain.only_silence = self._only_silence
        actions: List[Action] = []
        silence = self._trailing_silence()
        if silence:
            actions.append(SendAudio(silence))
        if self._engine.close_stream:
            actions.append(SendText(CLOSE_STREAM))
        return actions

    def audio_written(self, now: float) -> None:
        """Bytes of audio went out to the network."""
        if self._heartbeat is not None:
            self._heartbeat.wrote(now)
        if self._drain is not None:
            self._drain.wrote(now)

    def all_out(self, now: float) -> None:
        """After ``input_ended``: everything we had to say has gone out."""
        if self.phase is Phase.DRAINING and self._drain is not None:
            if not self._drain.all_is_out:
                self._drain.all_out(now)

    @property
    def owes_nothing(self) -> bool:
        """Whether all audio and the word that it was all have gone out."""
        return self._drain is not None and self._drain.all_is_out

    # -- what the peer did ----------------------------------------------------------------

    def text_received(self, payload: bytes, now: float) -> List[Action]:
        """A text frame came."""
        actions: List[Action] = []
        messages = parse_text_frame(payload)
        self._frame_came(_has_final(messages), now)
        for message in messages:
            actions.extend(self._take_in(message, now))
            if self.phase is Phase.CLOSED:
                break
        return actions

    def binary_received(self, payload: bytes, now: float) -> None:
        """A binary frame came; nobody has ever seen one."""
        self._frame_came(False, now)
        self._keep_unknown(payload)

    def control_received(self, now: float) -> None:
        """A ping or a pong came: the peer lives, but that is no progress."""
        if self._heartbeat is not None:
            self._heartbeat.heard(now)

    def close_received(self, code: int, reason: str, now: float) -> List[Action]:
        """The peer closed the connection."""
        if self._closing is not None:
            return self._finish(self._closing, now)
        if code in END_CODES and self.owes_nothing and (self._frames or self._only_silence):
            return self._finish(Finished("server_close"), now)
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
        if self.phase is Phase.CLOSED:
            return []
        if self._closing is not None:
            return self._finish(self._closing, now) if now >= self._closing_until else []
        if self._heartbeat is None:
            return []
        actions: List[Action] = []
        if self._heartbeat.is_dead(now):
            return self._lose("the server does not answer pings any more", 1006, "", now)
        if self._heartbeat.ping_due(now):
            actions.append(SendPing())
        verdict = self._drain.verdict(now) if self._drain is not None else Verdict.WAIT
        if verdict is Verdict.QUIET:
            actions.extend(self._begin_closing(Finished("quiet"), now))
        elif verdict is Verdict.TIMEOUT:
            actions.extend(self.stop(Finished("timeout", self._timeout_error()), now))
        return actions

    @property
    def deadline(self) -> Optional[float]:
        """When ``tick`` is to be called at the latest; ``None``: not before something happens."""
        if self.phase is Phase.CLOSED:
            return None
        if self._closing is not None:
            return self._closing_until
        deadlines = [part.deadline for part in (self._heartbeat, self._drain) if part is not None]
        return min(deadlines) if deadlines else None

    def stop(self, finished: Finished, now: float) -> List[Action]:
        """End it now, whatever is owed. Does nothing once it is over."""
        if self.phase is Phase.CLOSED:
            return []
        return [SendClose(), *self._finish(self._closing or finished, now)]

    # -- what there is to tell ------------------------------------------------------------

    def stats(self) -> Stats:
        """The counters so far. May be called by any thread: it only reads."""
        opened, first, ended = self._opened_at, self._first_text_at, self._ended_at
        drained_from = self._input_ended_at
        return Stats(
            sent_bytes=self._sent_bytes,
            sent_seconds=self._seconds(self._sent_bytes),
            frames=self._frames,
            interims=self._log.interims,
            finals=self._log.finals,
            connect_seconds=None if opened is None else opened - self._started_at,
            first_transcript_seconds=None if first is None or opened is None else first - opened,
            drain_seconds=(None if ended is None or drained_from is None else ended - drained_from),
        )

    def transcription(self, finished: Finished) -> Transcription:
        """All that was heard, and how it ended."""
        return Transcription(
            segments=self._log.segments(),
            complete=finished.error is None and finished.ended_by in ("server_close", "quiet"),
            ended_by=finished.ended_by,
            audio_seconds=self._seconds(self._sent_bytes),
            stats=self.stats(),
            unknown_frames=tuple(self._unknown),
        )

    # -- inside ---------------------------------------------------------------------------

    def _frame_came(self, has_final: bool, now: float) -> None:
        self._frames += 1
        self.control_received(now)  # any frame is a sign of life
        if self._drain is not None:
            self._drain.frame(has_final, now)

    def _take_in(self, message: Message, now: float) -> List[Action]:
        if isinstance(message, FailureMessage):
            return self._finish(Finished("error", message.error), now)
        if isinstance(message, UnknownMessage):
            self._keep_unknown(message.raw)
            return []
        if message.text and self._first_text_at is None:
            self._first_text_at = now
        return list(self._log.add(message, self._seconds(self._sent_bytes)))

    def _keep_unknown(self, raw: Any) -> None:
        if len(self._unknown) < KEPT_UNKNOWN_FRAMES:
            self._unknown.append(raw)

    def _trailing_silence(self) -> bytes:
        sample = SILENT_SAMPLE.get(self._format.input_format)
        if sample is None or self._format.sample_rate is None:
            return b""
        return sample * int(self._engine.trailing_silence * self._format.sample_rate)

    def _timeout_error(self) -> TranscriptionTimeout:
        return TranscriptionTimeout(
            f"no final came and no audio went out for {self._options.drain_timeout:g} s after "
            "the end of the audio (drain_timeout)"
        )

    def _lose(self, why: str, code: int, reason: str, now: float) -> List[Action]:
        if not self.owes_nothing:
            when = "before the end of the audio"
        elif self._frames:
            when = "before the transcripts were complete"
        else:
            when = "without a single answer to the audio"
        error = ConnectionLostError(f"{why} {when}", code=code, reason=reason)
        return self._finish(Finished("error", error), now)

    def _begin_closing(self, finished: Finished, now: float) -> List[Action]:
        self._move(Phase.CLOSING)
        self._closing = finished
        self._closing_until = now + CLOSE_TIMEOUT
        return [SendClose()]

    def _finish(self, finished: Finished, now: float) -> List[Action]:
        self._move(Phase.CLOSED)
        self._closing = None
        self._ended_at = now
        return [finished]

    def _move(self, new: Phase) -> None:
        if new not in TRANSITIONS[self.phase]:
            raise RuntimeError(f"bug: {self.phase.name} -> {new.name}")
        self.phase = new

    def _seconds(self, size: int) -> float:
        return size / self._format.bytes_per_second


def _has_final(messages: List[Message]) -> bool:
    return any(isinstance(message, TranscriptMessage) and message.is_final for message in messages)
