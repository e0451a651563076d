"""A stream with cuts in virtual time: spoken words, a recogniser, and the library's own session.

No sockets, no threads and no waiting: the session is told what happens and
when, as the I/O thread would, and everything else is arithmetic. Places are bytes of audio,
times are seconds of a clock that is only counted.
"""

from __future__ import annotations

import json
import math
import random
from collections import deque
from typing import Any, Deque, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from telnyx_stt_sync._actions import (
    Action,
    Finished,
    Reconnecting,
    SendPing,
    SendText,
    TranscriptHeard,
)
from telnyx_stt_sync._audio_format import raw_format
from telnyx_stt_sync._events import Transcript, Transcription
from telnyx_stt_sync._options import Options
from telnyx_stt_sync._phase import Phase
from telnyx_stt_sync._retry import RetryPolicy
from telnyx_stt_sync._session import CLOSE_STREAM, Session
from telnyx_stt_sync._words import words as words_of

FORMAT = raw_format("linear16", 16_000)
RATE = int(FORMAT.bytes_per_second)
STEP = 0.05  # seconds between two looks at everything
FRAME_BYTES = 16_000
UNPACED = 3_000_000 * STEP  # bytes in a step
AGES = 20_000.0  # seconds, beside twice those of the audio, after which a stream hangs
STUMP = -1  # the number of what was heard of a word that was cut
NOISE = -2  # the number of a word that nobody said

_AUDIO = bytes([0x11, 0x22]) * (FRAME_BYTES // 2)


class Word(NamedTuple):
    """One spoken word, and where it lies."""

    text: str
    start: int
    end: int


class Speech(NamedTuple):
    """The spoken words and the length of the audio."""

    words: Tuple[Word, ...]
    size: int


def speak(
    texts: Sequence[str],
    chance: random.Random,
    *,
    pauses: Sequence[int] = (),
    pause_seconds: float = 30.0,
) -> Speech:
    """Say the texts at 2 to 4 words a second; before the words in ``pauses`` comes a pause."""
    at = 0.5
    spoken = []
    for number, text in enumerate(texts):
        at += chance.uniform(0.02, 0.1) + (pause_seconds if number in pauses else 0.0)
        length = chance.uniform(0.2, 0.4)
        spoken.append(Word(text, int(at * RATE), int((at + length) * RATE)))
        at += length
    return Speech(tuple(spoken), int((at + 1.0) * RATE) // 2 * 2)


class Client(NamedTuple):
    """How audio is sent: at ``speed`` × real time. ``live`` audio comes at that speed."""

    speed: float
    live: bool = False
    replay_seconds: float = 60.0


class Service(NamedTuple):
    """What the recogniser is like.

    A final comes ``lag`` seconds after the recogniser has heard its audio,
    which it does at ``speed`` × real time. ``noise``: the share of words that
    come differently on every connection but the first; a fifth of these goes
    unheard, a fifth becomes two. ``dressed``: case and punctuation vary.
    ``finals``: the fewest and the most words of a final.
    ``empties``: in silence there is an empty final every 3 s.
    """

    lag: Tuple[float, float] = (0.3, 2.0)
    speed: float = math.inf
    noise: float = 0.0
    dressed: bool = False
    empties: bool = False
    finals: Tuple[int, int] = (2, 10)


class _Final(NamedTuple):
    frame: bytes
    end: int
    skipped: Tuple[int, ...]


class _Recogniser:
    """One connection's: what it hears of the audio from ``base`` on."""

    def __init__(
        self, speech: Speech, base: int, service: Service, chance: random.Random, noise: float
    ) -> None:
        self._speech = speech
        self._base = base
        self._service = service
        self._chance = chance
        self._noise = noise

    def finals(self) -> Iterator[_Final]:
        """All that it says, if the audio comes to its end."""
        batch: List[Tuple[int, str]] = []
        skipped: List[int] = []
        size = self._chance.randint(*self._service.finals)
        heard_to = self._base
        for number, word in enumerate(self._speech.words):
            if word.end <= self._base:
                continue
            silent = word.start - heard_to > 1.5 * RATE
            if batch and (len(batch) >= size or silent):
                yield self._final(batch, heard_to, skipped)
                batch, skipped, size = [], [], self._chance.randint(*self._service.finals)
            if silent and self._service.empties:
                for place in range(heard_to + 3 * RATE, word.start, 3 * RATE):
                    yield self._final([], place, [])
            heard = self._hear(number, word)
            batch += heard
            skipped += [] if heard else [number]
            heard_to = word.end
        yield self._final(batch, heard_to, skipped)

    def _hear(self, number: int, word: Word) -> List[Tuple[int, str]]:
        chance = self._chance
        if word.start < self._base:
            return chance.choice([[], [(STUMP, "stump")], [(number, word.text)]])
        if chance.random() >= self._noise:
            return [(number, word.text)]
        other = f"other{chance.randrange(100)}"
        kind = chance.random()
        if kind < 0.2:
            return []
        return [(number, other)] if kind < 0.8 else [(number, word.text), (NOISE, other)]

    def _final(self, batch: List[Tuple[int, str]], end: int, skipped: List[int]) -> _Final:
        frame = {
            "transcript": " ".join(self._dress(text) for _, text in batch),
            "is_final": True,
            "numbers": [number for number, _ in batch],
        }
        return _Final(json.dumps(frame).encode(), end, tuple(skipped))

    def _dress(self, text: str) -> str:
        if not self._service.dressed:
            return text
        text = self._chance.choice([text, text.upper(), text.capitalize()])
        return text + self._chance.choice(["", "", ",", ".", " –", "?"])


class _Peer:
    """The service on one connection."""

    def __init__(self, recogniser: _Recogniser, service: Service, base: int, now: float) -> None:
        self._finals = recogniser.finals()
        self._next: Optional[_Final] = next(self._finals)
        self._service = service
        self._heard_to = base
        self._heard_at = now
        self.base = self.received = base
        self.opened_at = now
        self.closes = False  # told that it was all
        self.cut_at = math.inf
        self.coming: Deque[Tuple[float, _Final]] = deque()  # with the time when each comes

    def hear(self, now: float, chance: random.Random) -> None:
        """Work on what was received."""
        while self._next is not None and (self._next.end <= self.received or self.closes):
            work = (self._next.end - self._heard_to) / RATE / self._service.speed
            self._heard_at = max(now, self._heard_at + work)
            self._heard_to = self._next.end
            comes_at = self._heard_at + chance.uniform(*self._service.lag)
            if self.coming:
                comes_at = max(comes_at, self.coming[-1][0])
            self.coming.append((comes_at, self._next))
            self._next = next(self._finals, None)


class Result(NamedTuple):
    """What came of it. Words are given by their numbers."""

    transcription: Transcription
    error: Optional[Exception]
    lost: Tuple[int, ...]
    repeated: Tuple[int, ...]  # told again, unmarked; STUMP for the rest of a word that was cut
    marked: int  # words in marked finals
    known_at_cuts: Tuple[int, ...]  # words told by then


class VirtualStream:
    """One stream from its first byte to its end, over as many connections as it takes.

    ``cuts``: the connection is cut when so many words have been told: between
    two finals, or so many seconds later, ``cut_after``, while audio goes out.
    """

    def __init__(
        self,
        speech: Speech,
        client: Client,
        service: Service,
        cuts: Sequence[int],
        chance: random.Random,
        *,
        cut_after: Tuple[float, float] = (0.0, 3.0),
    ) -> None:
        self._speech = speech
        self._cut_after = cut_after
        self._client = client
        self._service = service
        self._cuts = deque(cuts)
        self._chance = chance
        self._now = 0.0
        policy = RetryPolicy(max_attempts=20)
        options = Options(
            input_format="linear16",
            sample_rate=16_000,
            reconnect=policy,
            replay_seconds=client.replay_seconds,
            drain_timeout=1000.0,
        )
        self._session = Session(options, FORMAT, 0.0, rewinds=not client.live, chance=chance.random)
        self._peer: Optional[_Peer] = None  # None: not connected
        self._connect_at = 0.0
        self._given = 0  # how far the source has given its audio to the session
        self._finished: Optional[Finished] = None
        self._known = 0  # words told
        self._known_at_cuts: List[int] = []
        self._skipped: Set[int] = set()

    def run(self) -> Result:
        """Carry it to its end."""
        ages = AGES + 2 * self._speech.size / RATE
        while self._finished is None:
            assert self._now < ages, f"it hangs: {self._session}"
            self._now += STEP
            if self._peer is None:
                self._connect()
            else:
                self._turn(self._peer)
        return self._result(self._finished)

    def _connect(self) -> None:
        if self._now < self._connect_at:
            return
        noise = self._service.noise if self._session.was_open else 0.0
        self._session.opened(self._now)
        base = self._session.position
        recogniser = _Recogniser(self._speech, base, self._service, self._chance, noise)
        self._peer = _Peer(recogniser, self._service, base, self._now)

    def _turn(self, peer: _Peer) -> None:
        peer.hear(self._now, self._chance)
        while peer.coming and peer.coming[0][0] <= self._now and self._peer is peer:
            if self._is_cut(peer):
                break
            self._receive(peer, peer.coming.popleft()[1])
        if self._peer is peer and self._is_cut(peer):
            self._do(self._session.connection_broken("cut", self._now))
        if self._peer is peer and peer.closes and not peer.coming:
            self._do(self._session.close_received(1000, "", self._now))
        if self._peer is peer:
            self._send(peer)
            self._do(self._session.tick(self._now))

    def _is_cut(self, peer: _Peer) -> bool:
        """Whether the connection is to be cut now: when its time has come, or not at all."""
        if peer.cut_at == math.inf:
            return False
        return self._now >= peer.cut_at or (peer.closes and len(peer.coming) < 2)

    def _send(self, peer: _Peer) -> None:
        if self._session.phase is not Phase.STREAMING:
            return
        budget = self._budget(peer)
        while budget >= 2:
            audio = self._session.next_replay(FRAME_BYTES)
            if not audio:
                audio = _AUDIO[: int(min(FRAME_BYTES, budget, self._speech.size - self._given))]
                audio = audio[: len(audio) // 2 * 2]
                self._given += len(audio)
                budget -= len(audio)
            if not audio:
                break
            peer.received += len(audio)
            self._session.audio_sent(audio, self._now)
            self._session.audio_written(self._now)
        if self._given == self._speech.size and not self._session.next_replay(2):
            self._do(self._session.input_ended(self._now))
            self._session.all_out(self._now)

    def _budget(self, peer: _Peer) -> float:
        """Bytes that the source has to give now."""
        if math.isinf(self._client.speed):
            return UNPACED
        if self._client.live:
            return self._now * self._client.speed * RATE - self._given
        due = peer.base + (self._now - peer.opened_at) * self._client.speed * RATE
        return due - self._given

    def _receive(self, peer: _Peer, final: _Final) -> None:
        self._skipped.update(final.skipped)
        self._do(self._session.text_received(final.frame, self._now))
        if self._cuts and self._known >= self._cuts[0] and peer.cut_at == math.inf:
            self._cuts.popleft()
            self._known_at_cuts.append(self._known)
            later = self._chance.uniform(*self._cut_after)
            peer.cut_at = self._now + self._chance.choice([0.0, later])

    def _do(self, actions: List[Action]) -> None:
        for action in actions:
            if isinstance(action, Reconnecting):
                self._peer = None
                self._connect_at = self._now + action.delay
                if not self._client.live:
                    self._given = action.start
            elif isinstance(action, Finished):
                self._finished = action
                self._peer = None
            elif isinstance(action, SendPing):
                self._session.pong_received(action.payload, self._now)
            elif isinstance(action, TranscriptHeard):
                self._known += len(action.transcript.text.split())
            elif isinstance(action, SendText) and action.text == CLOSE_STREAM:
                assert self._peer is not None
                self._peer.closes = True
                self._peer.hear(self._now, self._chance)

    def _result(self, finished: Finished) -> Result:
        transcription = self._session.transcription(finished)
        told: Set[int] = set()
        repeated: List[int] = []
        marked = 0
        for segment in transcription.segments:
            numbers = _numbers(segment)
            if segment.replayed:
                marked += len(numbers)
            else:
                repeated += [number for number in numbers if number in told or number == STUMP]
            told.update(number for number in numbers if number >= 0)
        lost = set(range(len(self._speech.words))) - told - self._skipped
        return Result(
            transcription=transcription,
            error=finished.error,
            lost=tuple(sorted(lost)),
            repeated=tuple(repeated),
            marked=marked,
            known_at_cuts=tuple(self._known_at_cuts),
        )


def _numbers(segment: Transcript) -> List[int]:
    """The numbers of the words that a segment was told with."""
    numbers: Any = segment.raw["numbers"]
    count = len(words_of(segment.text))
    return list(numbers[len(numbers) - count :])
