"""Which of a new connection's first words were known before it.

A new connection is a new session that knows nothing of the one before, and the
service gives no times. So audio is sent again, words come twice, and the
second copy is found by its agreement with the first.
"""

from __future__ import annotations

import math
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

# Words that must agree before an overlap is believed. Unrelated words agree in five or so, if all
# overlaps of a thousand words are looked at and some may differ.
PROOF = 8

# Words by which one overlap must be ahead of all others before it is believed, if some differ.
LEAD = 4

# Words that nobody says twice in a row, word for word, unless it is a refrain.
CERTAIN = 32

# Words in a row that must agree at the end of an overlap before its end is believed to be sharp.
SURE = 3

# Words behind the best at which a path is given up: fifteen in a row that differ.
OUT = 30


class Join(NamedTuple):
    """What the new first words are: ``known`` ones, then doubtful ones up to ``doubtful``."""

    known: int
    doubtful: int


class Alignment:
    """Finds how many of a connection's first words are the last of the known ones.

    From ``fewest`` to ``most`` of the known words are expected again. With
    ``may_cut`` the first of them may have been cut, and so be heard as another
    or not at all. First an overlap is looked for in which all words agree; if
    there is none, the one in which the fewest differ.
    """

    def __init__(self, known: List[str], fewest: int, most: int, *, may_cut: bool) -> None:
        self._known = known
        self._fewest = fewest
        self._most = most
        # Where the number is known, half of the words need to agree.
        self._is_counted = fewest == most
        self._least = least = max(0, fewest - may_cut)
        size = len(known)
        # Where in the known words the new ones may begin.
        self._places = range(max(0, size - most), size - least + 1)
        self._may_cut = may_cut
        self._heard: List[str] = []
        # Overlaps in which all words agree so far: how many of the first were left out, and the
        # place that comes next. And those that have reached the end: how many words that took.
        self._agreeing = [(skip, place) for skip in range(1 + may_cut) for place in self._places]
        self._complete = [0] if least == 0 else []
        self._inexact: Optional[_Inexact] = None  # None: one in which all agree may come yet

    @property
    def reach(self) -> int:
        """How many words may be known ones at the most, if some are heard as two."""
        return self._most + self._most // 8 + 2

    @property
    def is_too_short(self) -> bool:
        """Whether less was heard than half of what should have been heard again."""
        return len(self._heard) < self._fewest // 2

    @property
    def has_missed(self) -> bool:
        """Whether enough should have been heard again, for a failure to mean something."""
        return self._fewest >= PROOF

    @property
    def is_vain(self) -> bool:
        """Whether no answer is to be expected any more."""
        if self._inexact is None:
            return False
        if len(self._heard) > self.reach + LEAD:
            return True
        # By then the true overlap has shown itself, if there is one.
        return not self._is_counted and len(self._heard) > 5 * PROOF > 5 * self._inexact.best

    def hear(self, word: str) -> Optional[Join]:
        """Take in the next word; the answer, as soon as there is one."""
        self._heard.append(word)
        if self._inexact is not None:
            join = self._inexact.hear(word)
            return join and self._doubted(join)
        self._agree(word)
        if self._agreeing:
            return None
        return self._exact() or self._give_up_exact()

    def overdue(self) -> Optional[Join]:
        """All known words have been heard again by now: the best answer, if it is proven."""
        if self._inexact is None:
            return self._exact_so_far()
        join = self._inexact.best_end()
        return join and self._doubted(join)

    def end(self, *, is_cut: bool = False) -> Optional[Join]:
        """No more words will come: the answer, if there is one.

        Known words that were not heard again speak against an overlap, unless
        the connection was cut.
        """
        if self._inexact is None:
            join = self._exact_so_far()
            if join is not None:
                return join
            self._give_up_exact()
        assert self._inexact is not None
        join = self._inexact.end(is_cut=is_cut)
        return join and self._doubted(join)

    def _agree(self, word: str) -> None:
        index = len(self._heard) - 1
        agreeing: List[Tuple[int, int]] = []
        for skip, place in self._agreeing:
            if index < skip:
                agreeing.append((skip, place))
            elif place < len(self._known) and self._known[place] == word:
                if place + 1 == len(self._known):
                    self._complete.append(index + 1)
                else:
                    agreeing.append((skip, place + 1))
        self._agreeing = agreeing

    def _exact(self) -> Optional[Join]:
        """The answer, if all words of an overlap agree."""
        longest = max(self._complete, default=0)
        if not self._complete or (longest < PROOF and not self._is_counted):
            return None
        rivals = [heard for heard in set(self._complete) if self._is_rival(longest - heard)]
        return self._doubted(Join(min(rivals), longest))

    def _exact_so_far(self) -> Optional[Join]:
        """The same, although more words would be needed to be sure."""
        join = self._exact()
        if join is None or not self._agreeing:
            return join
        # One that would have gone on may still have been the true one.
        return join._replace(doubtful=len(self._heard))

    def _doubted(self, join: Join) -> Join:
        """The answer, with doubt where the last words may have been said once more.

        That can be where less than a proof is sure to be heard again: an
        announcement, of which the audio to send again holds nothing any more.
        """
        if self._is_counted or self._fewest >= PROOF:
            return join
        if join.doubtful >= CERTAIN and not self._is_refrain():
            return join
        return join._replace(known=min(join.known, self._least))

    def _is_refrain(self) -> bool:
        """Whether the last words had been said before."""
        known, tail = self._known, self._known[-CERTAIN:]
        places = range(len(known) - CERTAIN)
        return any(known[place : place + CERTAIN] == tail for place in places)

    def _is_rival(self, distance: int) -> bool:
        """Whether an overlap may be the true one although one by so many words longer fits.

        Then the speaker has said these words once more, which is believed only if
        the last words had been said before at that distance.
        """
        enough = min(PROOF, distance)
        tail = self._known[len(self._known) - enough :]
        before = len(self._known) - distance
        return before >= enough and self._known[before - enough : before] == tail

    def _give_up_exact(self) -> Optional[Join]:
        proof = 0 if self._is_counted else PROOF
        self._inexact = _Inexact(self._known, self._places, proof, may_cut=self._may_cut)
        join = None
        for word in self._heard:
            join = join or self._inexact.hear(word)
        return join and self._doubted(join)


class _Score(NamedTuple):
    """How good a path is: first by its points, then by how many words agreed last."""

    points: float
    run: int = 0


_NONE = _Score(-math.inf)


class _Inexact:
    """The overlap in which the fewest words differ, by dynamic programming.

    A path's points are the words that agree less those that differ or stand on
    one side only.
    """

    def __init__(
        self, known: List[str], places: Sequence[int], proof: int, *, may_cut: bool
    ) -> None:
        self._known = known
        self._proof = proof
        self._may_cut = may_cut
        self._heard = 0
        # The best score by the number of known words behind it.
        self._scores: Dict[int, _Score] = dict.fromkeys(places, _Score(0))
        # Of the paths that have used all known words, by the number of words heard.
        self._ends: Dict[int, _Score] = {}

    @property
    def best(self) -> float:
        """The most points there are."""
        return max([*self._scores.values(), *self._ends.values()], default=_NONE).points

    def hear(self, word: str) -> Optional[Join]:
        """Take in the next word; the answer, as soon as there is one."""
        size = len(self._known)
        cost = 0 if self._heard == 0 and self._may_cut else 1
        self._heard += 1
        scores: Dict[int, _Score] = {}
        for place, (points, run) in self._scores.items():
            _offer(scores, place, _Score(points - cost))
            if place < size and self._known[place] == word:
                _offer(scores, place + 1, _Score(points + 1, run + 1))
            elif place < size:
                _offer(scores, place + 1, _Score(points - cost))
        self._scores = scores
        self._leave_out_known()
        if size in self._scores:
            self._ends[self._heard] = self._scores.pop(size)
        best = max(self._ends.values(), default=_NONE)
        behind = max(self._scores.values(), default=_NONE)
        return self._join(best) if best.points - behind.points >= LEAD else None

    def best_end(self) -> Optional[Join]:
        """The answer, if one that has used all known words is not behind any other."""
        best = max(self._ends.values(), default=_NONE)
        return self._join(best) if best.points >= self.best else None

    def end(self, *, is_cut: bool) -> Optional[Join]:
        """No more words will come: the answer, if there is one."""
        for place, (points, _) in self._scores.items():
            unheard = 0 if is_cut else len(self._known) - place
            _offer(self._ends, self._heard, _Score(points - unheard))
        return self._join(max(self._ends.values(), default=_NONE))

    def _leave_out_known(self) -> None:
        """Known words may go unheard. What is far behind is given up."""
        scores = self._scores
        least = max(scores.values(), default=_NONE).points - OUT
        for place in sorted(scores):
            points = scores[place].points - 1
            while place < len(self._known) and points > least:
                place += 1
                if scores.get(place, _NONE).points >= points:
                    break
                scores[place] = _Score(points)
                points -= 1
        self._scores = {place: score for place, score in scores.items() if score.points > least}

    def _join(self, best: _Score) -> Optional[Join]:
        if best.points < self._proof:
            return None
        # Where the last words differ: are they others, or were the known ones not heard again?
        # And another overlap, far from the best, is a rival even if it is a little behind.
        slack = 0 if best.run >= SURE else 2
        first = min(heard for heard, score in self._ends.items() if score == best)
        equal = [
            heard
            for heard, score in self._ends.items()
            if score.points >= best.points - slack
            or (abs(heard - first) > PROOF and score.points > best.points - LEAD)
        ]
        return Join(min(equal), max(equal))


def _offer(scores: Dict[int, _Score], place: int, score: _Score) -> None:
    """Put the score there if it is better than the one that is there."""
    if scores.get(place, _NONE) < score:
        scores[place] = score
