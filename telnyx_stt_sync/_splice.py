"""The finals of one connection after the other, joined to one text."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import List, NamedTuple, Optional, Sequence, Tuple, Union

from ._alignment import Alignment, Join
from ._messages import TranscriptMessage
from ._send_log import Bounds
from ._words import drop_words, words

# Known words that are to be heard again, so that an overlap can be shown even if some differ.
ANCHOR_WORDS = 16


class Told(NamedTuple):
    """Something to tell, without the words that were told before.

    ``replayed``: words of it may have been told before. ``position``: how far the audio had
    been sent when it came, in bytes; ``None``: it comes now.
    """

    message: TranscriptMessage
    replayed: bool = False
    position: Optional[int] = None


class GoBack(NamedTuple):
    """The replay has missed its mark: connect again, and send from further back."""


class Lost(NamedTuple):
    """What was said in this stretch of audio, in bytes, may be lost, and can't be heard again."""

    why: str
    start: int
    end: int


Decision = Union[Told, GoBack, Lost]

_TOO_OLD = "the audio to send again is older than replay_seconds"
_CONTAINER = f"{_TOO_OLD}: this format can be sent again from its start only"


class _Final(NamedTuple):
    text: str
    bounds: Bounds


class _Plan(NamedTuple):
    """What is reckoned with of a connection."""

    start: int  # where its audio begins
    oldest: int  # the oldest audio that can be sent
    position: int  # how far the audio was sent before
    alignment: Optional[Alignment]  # None: no known word will be heard again


class Splice:
    """Joins the finals of all connections of a stream.

    After a reconnect it holds back what comes until it knows which of the words
    are known. The methods return what to do, in order. ``can_cut``: audio
    may be sent again from any sample on, not from the start alone.
    Owner: who has the turn.
    """

    def __init__(self, can_cut: bool) -> None:
        self._can_cut = can_cut
        self._finals: List[_Final] = []
        self._plan = _Plan(0, 0, 0, None)  # of this connection
        self._next = self._plan  # of the next one; the same as long as this one is up
        self._base = 0  # where the audio of the words in `_finals` began
        self._alignment: Optional[Alignment] = None  # None: nothing is held back
        self._held: List[Tuple[TranscriptMessage, Bounds]] = []
        self._interim: Optional[TranscriptMessage] = None  # None: none came since the last final
        self._doubtful = 0  # so many of the next words may have been told before
        self._has_missed = False  # the replay before this one missed its mark

    def __repr__(self) -> str:
        return f"<Splice finals={len(self._finals)} held={len(self._held)}>"

    @property
    def is_holding(self) -> bool:
        """Whether something is held back."""
        return bool(self._held)

    @property
    def heard_past(self) -> int:
        """Everything that was not heard yet lies past this place (``Bounds.low``)."""
        return self._finals[-1].bounds.low if self._finals else self._base

    def add(self, message: TranscriptMessage, bounds: Bounds) -> List[Decision]:
        """A transcript came."""
        if self._alignment is None:
            if message.is_final:
                self._remember(message.text, bounds)
                if self._doubtful:
                    return [self._tell(message)]
            return [Told(message)]
        if not message.is_final:
            self._interim = message
            return []
        self._interim = None
        self._held.append((message, bounds))
        for word in words(message.text):
            join = self._alignment.hear(word)
            if join is not None:
                return self._release(join)
        return self._settle(self._alignment) if self._alignment.is_vain else []

    def end(self) -> List[Decision]:
        """The service has said all that it had to say."""
        if self._alignment is None:
            return []
        join = self._hear_interim(self._alignment) or self._alignment.end()
        return self._settle(self._alignment) if join is None else self._release(join)

    def overdue(self) -> List[Decision]:
        """All that was sent again must have been heard by now: tell what can be told."""
        join = None if self._alignment is None else self._alignment.overdue()
        return [] if join is None else self._release(join)

    def give_up(self) -> List[Decision]:
        """The stream ends before its time: tell what is held back, marked where it is doubtful."""
        if self._alignment is None:
            return []
        join = self._hear_interim(self._alignment) or self._alignment.end(is_cut=True)
        return self._release(join or Join(0, self._alignment.reach))

    def restart(self, oldest: int, position: int) -> Union[int, Lost]:
        """The connection is gone: where to send audio again from on the next one.

        From ``oldest`` on there is audio to send again; ``position`` was sent last.
        """
        if oldest and not self._can_cut:
            return Lost(_CONTAINER, self.heard_past, position)
        known = _Known(self._finals, self._base)
        oldest = max(oldest, self._base)
        whole = self._has_missed or not self._can_cut
        start = oldest if whole else known.place_before_anchor(oldest)
        fewest, most = known.overlap(start)
        if start > self.heard_past and not most:
            return Lost(_TOO_OLD, self.heard_past, start)
        alignment = None
        if most:
            alignment = Alignment(known.words, fewest, most, may_cut=start > 0)
        self._next = _Plan(start, oldest, position, alignment)
        return start

    def begin(self) -> None:
        """The next connection is open. What was held back is forgotten: it will be heard again."""
        self._plan = self._next
        self._alignment = self._plan.alignment
        self._held, self._interim = [], None

    def _hear_interim(self, alignment: Alignment) -> Optional[Join]:
        """An interim that no final follows counts as what was heard last."""
        for word in words(self._interim.text) if self._interim is not None else ():
            join = alignment.hear(word)
            if join is not None:
                return join
        return None

    # -- what to tell ----------------------------------------------------------------------

    def _settle(self, alignment: Alignment) -> List[Decision]:
        """Nothing is proven: go further back, or tell everything."""
        plan = self._plan
        if plan.start > plan.oldest:
            self._has_missed = True
            return [GoBack()]
        # Words that were not heard again although they should have been show that the recogniser
        # lags by more than is reckoned with: then nothing is known of the audio before.
        has_missed = self._has_missed or alignment.has_missed
        if plan.start > self._base and (has_missed or plan.start > self.heard_past):
            return [Lost(_TOO_OLD, self._base, plan.start)]
        if alignment.is_too_short:
            return [Lost("most of it was not heard again", self.heard_past, plan.position)]
        return self._release(Join(0, alignment.reach))

    def _release(self, join: Join) -> List[Decision]:
        """Tell what was held back, without what is known."""
        held, self._held, self._alignment = self._held, [], None
        self._has_missed = False
        self._doubtful = join.doubtful - join.known
        is_sharp = not self._doubtful
        if not is_sharp:
            # Words may stand twice in what was told. What this connection heard is of one piece.
            self._finals.clear()
            self._base = self._plan.start
        known = join.known
        decisions: List[Decision] = []
        for message, bounds in held:
            count = len(words(message.text))
            again = min(known, count)
            known -= again
            # With the last known word an utterance may have ended.
            ends = not known and (message.speech_final or message.utterance_end)
            rest = _without(message, again)
            is_new = count > again or ends or not (count or known)
            if is_new or not is_sharp:
                self._remember(rest.text if is_sharp else message.text, bounds)
            if is_new:
                decisions.append(self._tell(rest, bounds.high))
        if self._interim is not None:
            last, self._interim = _without(self._interim, known), None
            if last.text:
                decisions.append(Told(last, replayed=self._doubtful > 0))
        return decisions

    def _remember(self, text: str, bounds: Bounds) -> None:
        if self._finals:
            before = self._finals[-1]
            if bounds.low < before.bounds.low:
                bounds = bounds._replace(low=before.bounds.low)
            if not text and not before.text:
                self._finals.pop()
        self._finals.append(_Final(text, bounds))

    def _tell(self, message: TranscriptMessage, position: Optional[int] = None) -> Told:
        if not self._doubtful:
            return Told(message, position=position)
        count = len(words(message.text))
        self._doubtful, was_doubtful = max(0, self._doubtful - count), self._doubtful
        return Told(message, bool(count and was_doubtful), position)


class _Known:
    """The known words, and where they lie as far as the bounds of their finals tell."""

    def __init__(self, finals: Sequence[_Final], base: int) -> None:
        self._base = base
        self.words: List[str] = []
        # Of each final: its low, its high, and how many words end with it.
        self._lows: List[int] = []
        self._highs: List[int] = []
        self._ends: List[int] = []
        for final in finals:
            self.words += words(final.text)
            self._ends.append(len(self.words))
            self._lows.append(final.bounds.low)
            self._highs.append(final.bounds.high)
        for index in range(len(finals) - 2, -1, -1):
            # Words that lie before a word lie before whatever that lies before.
            self._highs[index] = min(self._highs[index], self._highs[index + 1])

    def overlap(self, place: int) -> Tuple[int, int]:
        """How many of the last words lie past a place: at least, at most."""
        size = len(self.words)
        if place <= self._base:
            return size, size
        index = bisect_left(self._lows, place)
        fewest = size - self._ends[index] if index < len(self._ends) else 0
        index = bisect_right(self._highs, place)
        most = size - (self._ends[index - 1] if index else 0)
        return min(fewest, most), most

    def place_before_anchor(self, oldest: int) -> int:
        """The newest place behind which enough will be heard again to be recognised."""
        if self._is_contradictory():
            return oldest
        repeats = _repeats(self.words)
        for low, end in zip(reversed(self._lows), reversed(self._ends)):
            if low <= oldest:
                break
            after = len(self.words) - end
            if after < ANCHOR_WORDS:
                continue
            most = self.overlap(low)[1]
            # The last words must not stand in what else may be heard: they would be found there.
            # One less of them would do, because the first word may be cut.
            if max(repeats[: max(0, most - after + 2)], default=0) < after - 1:
                return low
        return oldest

    def _is_contradictory(self) -> bool:
        """Whether words came from audio in which, by ``LOOK_BACK``, nothing was left to hear."""
        low, count = self._base, 0
        for next_low, high, end in zip(self._lows, self._highs, self._ends):
            if end > count and low > self._base and high <= low:
                return True
            low, count = next_low, end
        return False


def _repeats(known: Sequence[str]) -> List[int]:
    """For each distance from the end of the words: how many of the last stand there, too."""
    # The Z function of the words in reverse order.
    back = known[::-1]
    size = len(back)
    lengths = [0] * size
    left = right = 0
    for place in range(1, size):
        length = min(right - place, lengths[place - left]) if place < right else 0
        while place + length < size and back[length] == back[place + length]:
            length += 1
        if place + length > right:
            left, right = place, place + length
        lengths[place] = length
    return lengths


def _without(message: TranscriptMessage, count: int) -> TranscriptMessage:
    """The message without its first ``count`` words, in the text and in the list of words."""
    if not count:
        return message
    listed, dropped = message.words, 0
    while listed and dropped < count:
        dropped += len(words(listed[0].text))
        listed = listed[1:]
    start = listed[0].start if listed else None
    return message._replace(
        text=drop_words(message.text, count),
        words=listed,
        start=message.start if start is None else start,
    )
