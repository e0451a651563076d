"""The I/O thread's work: the loop that owns the socket, from dialling to the end of the stream."""

from __future__ import annotations

import logging
import math
import os
import selectors
import time
from typing import Callable, List, Optional

from ._actions import (
    Action,
    Failed,
    Finished,
    Outgoing,
    Reconnecting,
    SendAudio,
    SendPing,
    SendText,
    TranscriptHeard,
    UtteranceEnded,
    Warn,
)
from ._audio_format import AudioFormat
from ._audio_queue import AudioQueue
from ._connector import Connector
from ._dial import Aborted
from ._errors import ConnectError
from ._event_queue import Connected, Event
from ._events import Stats, Transcription
from ._options import Options
from ._phase import Phase
from ._session import Session
from ._transport import (
    OPCODE_BINARY,
    OPCODE_CLOSE,
    OPCODE_PING,
    OPCODE_PONG,
    OPCODE_TEXT,
    ConnectionBroken,
    Frame,
    Transport,
    close_status,
)
from ._turn import Turn
from ._waker import Waker

logger = logging.getLogger("telnyx_stt_sync")

# One frame of audio. It fits a TLS record with its header, holds whole samples of any width, and
# takes half a second at 32 kB/s: a pong never waits longer for its turn.
FRAME_BYTES = 16_000


class Worker:
    """One loop: wait for the socket or a wake-up, read, parse, send a frame, look at the time.

    Whoever has the turn (see ``Turn``) may touch session and transport; that is this loop but
    for ``push()``, by which user threads send while it sleeps.
    ``request_stop()`` and ``stats()`` need no turn.
    """

    def __init__(
        self,
        name: str,
        options: Options,
        audio_format: AudioFormat,
        audio: AudioQueue,
        waker: Waker,
        tell: Callable[[Event], None],
        deliver: Callable[[], None],
        on_open: Callable[[], None],
        *,
        rewinds: bool = False,
    ) -> None:
        self._name = name
        self._audio = audio
        self._waker = waker
        self._tell_later = tell
        self._deliver_now = deliver
        self._has_told = False  # since deliver()
        self._on_open = on_open
        self._session = Session(
            options, audio_format, time.monotonic(), rewinds=rewinds, chance=_chance
        )
        self._logged_phase = Phase.CONNECTING
        self._transport: Optional[Transport] = None  # None: not connected
        self._readable = True
        self._connector = Connector(name, options, waker, self._is_stopped)
        self._connect_at = 0.0  # when to connect next
        self._stop: Optional[Finished] = None  # None: nobody wants it to stop
        self._finished: Optional[Finished] = None  # None: not over
        self._turn = Turn()
        self.pushing = self._turn.inside  # the threads in push(), by their identifiers

    def __repr__(self) -> str:
        return f"<Worker {self._name} {self._session!r}>"

    def request_stop(self, finished: Finished) -> None:
        """End the stream soon, whatever is owed. Any thread, any signal handler; the first wins."""
        if self._stop is None:
            self._stop = finished
        self._waker.wake()

    def stats(self) -> Stats:
        """The counters so far. Any thread."""
        return self._session.stats()

    def transcription(self, finished: Finished) -> Transcription:
        """All that was heard. For the I/O thread, after ``run()``."""
        return self._session.transcription(finished)

    def run(self) -> Finished:
        """Open the stream, carry it to its end, close the socket.

        Raises what opening raises; ``Aborted`` when it was stopped before it was open.
        """
        self._turn.take(self._is_stopped)
        try:
            while self._finished is None:
                if self._transport is None:
                    self._connect()
                else:
                    self._go_round(self._transport)
            if not self._session.was_open:
                assert self._finished.error is not None
                raise self._finished.error
            self._audio.pop(0)
            self._note_gap()
            return self._finished
        finally:
            self._drop_transport()
            self._log_phase()

    def push(self, audio: bytes) -> bool:
        """Send whole samples now, if nothing is in front of them. Any user thread; never waits.

        ``False``: the audio has to be queued.
        """
        return len(audio) <= FRAME_BYTES and self._turn.borrow(self._push, audio)

    def let_go(self) -> None:
        """After an exception out of ``push()``."""
        self._turn.let_go()

    def _push(self, audio: bytes) -> bool:
        # The I/O thread sleeps, so nothing is to be sent again, and nothing is due.
        transport = self._transport
        if transport is None or transport.outgoing or self._stop is not None:
            return False
        if self._session.phase is not Phase.STREAMING or not self._audio.bypass(len(audio)):
            return False
        if self._send_audio(audio, transport) or transport.outgoing:
            self._turn.is_wanted = True
            self._waker.wake()
        return True

    def _connect(self) -> None:
        """Open a connection; the session knows what a failure means."""
        self._deliver()
        try:
            self._transport = self._connector.open(self._connect_at)
        except Aborted:
            if not self._session.was_open:
                raise
            assert self._stop is not None
            self._do(self._session.stop(self._stop, time.monotonic()))
        except ConnectError as exc:
            self._do(self._session.connect_failed(exc, time.monotonic()))
        else:
            self._readable = True
            self._session.opened(time.monotonic())
            self._log_phase()
            self._on_open()
            self._tell(Connected(self._session.stats().reconnects))

    def _go_round(self, transport: Transport) -> None:
        """One round of the loop. What ends the connection in it takes ``_transport`` away."""
        if self._stop is not None:
            self._do(self._session.stop(self._stop, time.monotonic()))
            return
        read_at = -math.inf  # not in this round
        if self._readable or transport.has_unread:
            read_at = time.monotonic()
            self._read(transport)
        had_audio = self._session.phase is Phase.STREAMING and self._has_audio
        if had_audio:
            if self._audio.is_ended:
                self._session.no_more_audio(time.monotonic())
            if not transport.outgoing:
                self._feed(transport)
        if self._is_on(transport):
            if transport.outgoing and transport.flush():
                self._session.audio_written(time.monotonic())
            if self._session.phase is Phase.DRAINING and not transport.outgoing:
                self._session.all_out(time.monotonic())
            deadline = self._session.deadline
            if deadline is not None and time.monotonic() >= deadline:
                self._tick(transport, read_at, deadline)
            elif self._session.phase is self._logged_phase:
                self._sleep(transport, deadline, had_audio)
                return
        self._log_phase()

    def _tick(self, transport: Transport, read_at: float, deadline: float) -> None:
        """Have done what is due, by the time up to which all that came was read.

        This thread may have waited longer for the processor than for the peer.
        """
        if read_at < deadline:
            read_at = time.monotonic()
            self._read(transport)
        if self._is_on(transport):
            self._do(self._session.tick(read_at))
        self._readable = True  # perhaps: nobody has asked the socket since

    def _is_stopped(self) -> bool:
        return self._stop is not None

    def _is_on(self, transport: Transport) -> bool:
        """Whether the stream goes on, over this connection."""
        return self._finished is None and self._transport is transport

    def _read(self, transport: Transport) -> None:
        try:
            frames = transport.receive()
        except ConnectionBroken as exc:
            self._do(self._session.connection_broken(str(exc), time.monotonic()))
            return
        for frame in frames:
            if not self._is_on(transport):
                return
            self._do(self._take_in(transport, frame))

    def _take_in(self, transport: Transport, frame: Frame) -> List[Action]:
        now = time.monotonic()
        if frame.opcode == OPCODE_TEXT:
            return self._session.text_received(frame.payload, now)
        if frame.opcode == OPCODE_CLOSE:
            transport.send(OPCODE_CLOSE, frame.payload[:2])
            return self._session.close_received(*close_status(frame.payload), now)
        if frame.opcode == OPCODE_BINARY:
            self._session.binary_received(frame.payload, now)
            return []
        if frame.opcode == OPCODE_PING:
            transport.send(OPCODE_PONG, frame.payload)
            self._session.ping_received(now)
            return []
        self._session.pong_received(frame.payload, now)
        return []

    @property
    def _has_audio(self) -> bool:
        """Whether there is audio for the service, or no more will come."""
        return self._audio.has_work or self._session.has_replay

    def _feed(self, transport: Transport) -> None:
        """Have the next audio sent, first what is to be sent again."""
        audio = b""
        if self._session.has_replay:
            self._do(self._session.finals_due())
            audio = self._session.next_replay(FRAME_BYTES)
        if not audio:
            if self._audio.take_mark():
                self._do(self._session.finalize())
            audio = self._audio.pop(FRAME_BYTES)
            self._note_gap()
        if audio:
            self._send_audio(audio, transport)
        elif self._audio.is_drained:
            self._do(self._session.input_ended(time.monotonic()))

    def _send_audio(self, audio: bytes, transport: Transport) -> bool:
        """Send one frame of audio; whether something is due sooner than before."""
        transport.send(OPCODE_BINARY, audio)
        is_written = transport.flush() > 0
        return self._session.audio_sent(audio, time.monotonic(), is_written)

    def _note_gap(self) -> None:
        """Tell what the queue had to drop before what it gave last."""
        if self._audio.gap:
            self._do(self._session.audio_dropped(self._audio.gap))

    def _sleep(self, transport: Transport, deadline: Optional[float], had_audio: bool) -> None:
        """Wait for the socket or a wake-up, until ``deadline`` at most, if there is no work.

        Audio that came in this round, behind the question whether there is any, is a wake-up.
        """
        events = selectors.EVENT_READ
        if transport.wants_to_write:
            events |= selectors.EVENT_WRITE
        if transport.has_unread or (had_audio and self._can_feed(transport)):
            self._deliver()
            ready = self._waker.wait(transport.socket, events, 0.0)
        else:
            patience = None if deadline is None else max(0.0, deadline - time.monotonic())
            self._turn.give()
            try:
                self._deliver()
                ready = self._waker.wait(transport.socket, events, patience)
            finally:
                self._turn.take(self._is_stopped)
        self._readable = bool(ready & selectors.EVENT_READ)

    def _can_feed(self, transport: Transport) -> bool:
        """Whether there is audio to send, whatever the socket says."""
        wants_audio = self._session.phase is Phase.STREAMING and not transport.outgoing
        return wants_audio and self._has_audio

    def _do(self, actions: List[Action]) -> None:
        for action in actions:
            if isinstance(action, (TranscriptHeard, UtteranceEnded, Failed)):
                self._tell(action)
            elif isinstance(action, Finished):
                self._finished = action
            elif isinstance(action, Reconnecting):
                self._reconnect(action)
            elif isinstance(action, Warn):
                logger.warning("%s: %s", self._name, action.text)
            elif self._transport is not None:
                self._send(action, self._transport)

    def _send(self, action: Outgoing, transport: Transport) -> None:
        if isinstance(action, SendAudio):
            for start in range(0, len(action.audio), FRAME_BYTES):
                transport.send(OPCODE_BINARY, action.audio[start : start + FRAME_BYTES])
        elif isinstance(action, SendText):
            transport.send(OPCODE_TEXT, action.text.encode())
        elif isinstance(action, SendPing):
            transport.send(OPCODE_PING, action.payload)
        else:
            transport.send(OPCODE_CLOSE, action.payload)

    def _tell(self, event: Event) -> None:
        self._tell_later(event)
        self._has_told = True

    def _deliver(self) -> None:
        """Have what was told delivered. To be called right before this thread waits.

        Whoever is woken sooner waits for the interpreter's lock, to be woken once more.
        """
        if self._has_told:
            self._has_told = False
            self._deliver_now()

    def _reconnect(self, action: Reconnecting) -> None:
        """Leave this connection, if there is one, and have the next one opened."""
        logger.warning(
            "%s: %s; connecting again in %.2f s (attempt %d)",
            self._name,
            action.error,
            action.delay,
            action.attempt,
        )
        if self._transport is not None:
            self._drop_transport()
            if self._session.rewinds:
                self._audio.rewind(action.start)
        self._connect_at = time.monotonic() + action.delay
        self._tell(action)

    def _drop_transport(self) -> None:
        if self._transport is not None:
            # A close frame, or the answer to one, may still go out; nobody waits for it.
            self._transport.flush()
            self._waker.forget()
            self._transport.close()
            self._transport = None

    def _log_phase(self) -> None:
        if self._session.phase is not self._logged_phase:
            self._logged_phase = self._session.phase
            logger.debug("%s: %s", self._name, self._session.phase.value)


def _chance() -> float:
    # Not by the module random, which a whole program shares and may have seeded.
    return int.from_bytes(os.urandom(4), "big") / 2**32
