"""One connection to the emulator: a thread that moves frames between a socket and a ``Dialogue``.

Everything here belongs to that thread, except ``start``, ``abort`` and
``join``, which the emulator calls, and the inbox, into which a recogniser's
thread puts what it hears.
"""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
import time
from collections import deque
from typing import Deque, List, Optional, Union
from urllib.parse import urlsplit

from ._audio_clock import AudioClock
from ._backlog import Backlog
from ._dialogue import Dialogue, Timing
from ._engine_behaviour import EngineBehaviour
from ._fault import FaultPlan
from ._outbox import Action, Close, Send
from ._patience import Patience
from ._poller import Poller
from ._query import Query
from ._recogniser import Heard, Recognition
from ._rejections import audio_format, rejection
from ._service import Service, SessionLog
from ._session import Session
from ._silent_tail import SilentTail
from ._websocket import Incoming, Upgrade, WebSocket
from ._wire import Wire, WireBroken

logger = logging.getLogger("telnyx_stt_sync.emulator")

# Audio goes to the recogniser in pieces: it may block, and the socket is looked at in between.
PIECE_BYTES = 8192

# So much audio that the recogniser has not taken stops the reading, which the client feels.
MAX_WAITING_BYTES = 65536

# Seconds between two looks whether the client of a server that does not read is still there.
LOOK_INTERVAL = 0.25

# What a query that the service rejects is closed with. Nobody has reported the real code.
REJECTED = 1008


class Connection:
    """Serves one accepted socket on a thread of its own."""

    def __init__(
        self,
        sock: socket.socket,
        context: Optional[ssl.SSLContext],
        service: Service,
        log: SessionLog,
    ) -> None:
        self._service = service
        self._log = log
        self._wire = Wire(sock, context)
        self._poller = Poller(self._wire)
        self._websocket = WebSocket(self._wire)
        self._backlog = Backlog()
        # What the recogniser reported, appended by any thread: None is "done", a text is an error.
        self._inbox: Deque[Union[Heard, str, None]] = deque()
        self._patience = Patience(time.monotonic())
        # None until the request has come.
        self._session: Optional[Session] = None
        # None until the upgrade, and for a session that is rejected.
        self._dialogue: Optional[Dialogue] = None
        # None as long as nothing listens to the audio.
        self._recognition: Optional[Recognition] = None
        self._aborted = False
        # Daemon, so that a program that never calls stop() can end.
        self._thread = threading.Thread(
            target=self._run, name="telnyx-stt-emulator-connection", daemon=True
        )

    def start(self) -> None:
        """Start serving. Raises ``RuntimeError`` when the interpreter takes no more threads."""
        try:
            self._thread.start()
        except RuntimeError:
            self._release()
            raise

    def abort(self) -> None:
        """End the connection now. Does not wait."""
        self._aborted = True
        self._poller.wake()
        # The thread sets `_recognition`, then looks at `_aborted`: one of the two sees the other.
        recognition = self._recognition
        if recognition is not None:
            recognition.close()

    def join(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for the thread to end; whether it has."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._serve()
        except WireBroken as exc:
            # Clients may go as they like; how they went stands in the session.
            logger.debug("a connection broke: %s", exc)
        except Exception:
            logger.exception("the emulator failed on a connection")
        finally:
            self._release()
            self._end_session()

    def _serve(self) -> None:
        try:
            while self._turn():
                pass
            return
        except WireBroken:
            raise
        except Exception:
            # A recogniser or a script of the user's, most likely: the client gets to know.
            logger.exception("a session failed")
        self._dialogue = None
        self._websocket.close(1011)
        while self._turn():
            pass

    def _turn(self) -> bool:
        """Wait, read, recognise, answer, write; whether there is to be another turn."""
        self._poller.wait(self._timeout(), reads=self._reads)
        if self._aborted:
            self._websocket.close(1001)
            self._websocket.flush()
            return False
        if self._reads:
            for message in self._websocket.receive():
                self._take(message)
        self._process_next()
        self._advance(time.monotonic())
        return self._finish_turn(time.monotonic())

    def _finish_turn(self, now: float) -> bool:
        """Write what is to be written, and see whether that was all."""
        if self._wire.is_closed or (not self._wire.reads and self._wire.peer_has_gone):
            return False
        self._websocket.flush()
        if self._websocket.is_closing:
            self._patience.closing(now)
        ended = self._websocket.output_ended, self._websocket.input_ended
        if all(ended):
            return False
        if any(ended) and self._patience.half_ended(now):
            self._end_session()
        return not self._patience.is_over(now)

    def _timeout(self) -> Optional[float]:
        """Seconds until the clock has something to do; ``None`` for never."""
        if self._backlog or self._inbox or self._aborted:
            return 0.0
        now = time.monotonic()
        times = [
            self._patience.gives_up_at,
            None if self._dialogue is None else self._dialogue.deadline,
            None if self._wire.reads else now + LOOK_INTERVAL,
        ]
        nearest = min((each for each in times if each is not None), default=None)
        return None if nearest is None else max(0.0, nearest - now)

    @property
    def _reads(self) -> bool:
        may = self._wire.reads and not self._websocket.input_ended
        return may and self._backlog.audio_bytes < MAX_WAITING_BYTES

    # The request

    def _answer(self, upgrade: Upgrade) -> None:
        path = urlsplit(upgrade.target).path
        query = Query.of_target(upgrade.target)
        self._patience.requested()
        self._session = self._log.add(path, query, upgrade.headers)
        plan = FaultPlan(self._service.faults, self._session.index)
        refused = self._service.refusal(path, query, upgrade.headers, plan)
        if refused is None:
            status = self._websocket.accept()
        else:
            status = refused.status
            self._websocket.refuse(refused)
        self._log.answered(self._session, status)
        logger.info("connection %d: HTTP %d", self._session.index, status)
        if plan.answer_pace:
            self._write_slowly(plan.answer_pace)
        if status == 101:
            self._websocket.answers_pings = plan.answers_pings
            self._open(query, plan)

    def _write_slowly(self, pace: float) -> None:
        """Write what waits to be written, a byte each ``pace`` seconds, and do nothing else."""
        while not (self._wire.all_sent or self._aborted):
            self._wire.write(1)
            self._poller.pause(pace)
        # For who was stopped before its answer was complete, it never is.
        self._wire.writes = self._wire.all_sent

    def _open(self, query: Query, plan: FaultPlan) -> None:
        """Begin the session that the query asks for, or reject it."""
        rejected = rejection(query, self._service.engine)
        if rejected is not None:
            self._perform([Send(json.dumps(rejected)), Close(REJECTED)])
            return
        wire = audio_format(query)
        behaviour = EngineBehaviour.for_query(query, self._service.engine)
        if plan.hears and not (plan.mutes_interims and behaviour.is_muted(query)):
            report = self._report
            self._recognition = self._service.recogniser_for(query).open(
                *wire, on_heard=report, on_done=report, on_error=report
            )
        clock, now = AudioClock(*wire), time.monotonic()
        tail = SilentTail(*wire) if behaviour.waits_for_pause else None
        self._dialogue = Dialogue(
            behaviour, plan, clock, self._recognition, now=now, timing=Timing(), tail=tail
        )

    def _report(self, what: Union[Heard, str, None] = None) -> None:
        """What the recogniser calls, from any one thread."""
        self._inbox.append(what)
        if threading.current_thread() is not self._thread:
            self._poller.wake()

    # The session

    def _take(self, message: Incoming) -> None:
        """A message came: a request is answered, anything else waits for its turn."""
        if isinstance(message, Upgrade):
            self._answer(message)
        elif self._session is not None:
            self._session.received(message)
            self._backlog.put(message)

    def _process_next(self) -> None:
        """Give the next text frame, or the next piece of audio, to the dialogue."""
        limit = None if self._dialogue is None else self._dialogue.piece_limit
        message = self._backlog.take(PIECE_BYTES if limit is None else min(limit, PIECE_BYTES))
        if message is None or self._dialogue is None:
            return
        if isinstance(message, str):
            self._dialogue.text(message, time.monotonic())
        else:
            self._dialogue.audio(message, time.monotonic())

    def _advance(self, now: float) -> None:
        """Bring the dialogue what was heard, and do what it says."""
        if self._dialogue is None:
            return
        while self._inbox:
            what = self._inbox.popleft()
            if isinstance(what, Heard):
                self._dialogue.heard(what, now)
            elif isinstance(what, str):
                self._dialogue.failed(what, now)
            else:
                self._dialogue.done(now)
        self._perform(self._dialogue.tick(now))

    def _perform(self, actions: List[Action]) -> None:
        for action in actions:
            if isinstance(action, Send):
                self._send(action.payload)
            else:
                self._websocket.perform(action)

    def _send(self, payload: Union[str, bytes]) -> None:
        # The client may have closed before this was due.
        if self._session is not None and self._websocket.is_open:
            # Recorded first: who has received a frame finds it in the record.
            self._session.frame_sent(payload)
            self._websocket.send(payload)

    # The end

    def _end_session(self) -> None:
        if self._session is not None:
            upgraded = self._session.status == 101
            code = self._websocket.close_code if upgraded else None
            self._session.ended(code, self._websocket.closed_by)

    def _release(self) -> None:
        """Let go of everything. Does not raise, and waits only as a recognition's close() may."""
        self._poller.close()
        self._wire.close()
        try:
            if self._recognition is not None:
                self._recognition.close()
        except Exception:
            logger.exception("a recogniser failed to close a session")
