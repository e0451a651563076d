"""pocketsphinx with its English model: speech in, words out. Nothing else imports it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any, List, Optional

# Frames of the acoustic model in a second (its `frate`).
_FRAMES_PER_SECOND = 100

# What was found best on thirteen short recordings of people, each utterance decoded as a
# whole: 15 % word errors at a fifth of real time. A second pass over a flat lexicon takes
# half as long again and makes as many errors; to look ahead five frames saves nearly half of
# the time. A limit of 5000 models a frame saves a third more, at 24 % word errors.
_SETTINGS = {"loglevel": "FATAL", "cmn": "batch", "fwdflat": False, "pl_window": 5}

# Less audio than this, in bytes, is no word, and the decoder raises on none at all: 0.1 s.
_SHORTEST = 3200

# How many hidden Markov models a frame may use while an utterance goes on (the default is
# 30000): with a tenth it takes half the time, and interims are hardly worse.
_LIVE_MODELS = 3000


@dataclass(frozen=True)
class Spoken:
    """The words of one utterance; times in seconds from its start.

    ``confidence`` is the mean of the words' probabilities, 0 to 1. It is low
    for nonsense, but no measure of how many words are right.
    """

    text: str
    start: float
    end: float
    confidence: float


class SphinxDecoder:
    """One loaded decoder, for any number of utterances, one after the other.

    Loading takes half a second; 160 MB are in use then, 190 MB later. One thread; every call
    holds the GIL for as long as it takes, which is seconds for a long
    utterance. An utterance's words depend on nothing that came before it.

    There are two ways to use it. ``whole()`` gives the words of a complete
    utterance. ``begin()``, ``more()`` and ``guess()`` give a first impression
    while it is being spoken, until ``abandon()``; then ``whole()`` may be used
    again.
    """

    def __init__(self) -> None:
        # Not `import`: it has no complete types, and is missing where this is only checked.
        pocketsphinx: Any = importlib.import_module("pocketsphinx")
        self._decoder = pocketsphinx.Decoder(**_SETTINGS)
        self._whole_search: str = self._decoder.current_search()
        # A second search over the same model costs 40 MB; a second decoder would cost 90.
        self._decoder.config["maxhmmpf"] = _LIVE_MODELS
        self._decoder.add_lm("live", self._decoder.get_lm(self._whole_search))
        self._is_guessing = False

    def whole(self, pcm: bytes) -> Optional[Spoken]:
        """The words of an utterance, ``None`` where there are none. Ends a guess."""
        self.abandon()
        if len(pcm) < _SHORTEST:
            return None
        # Forgets what it learnt from earlier audio, so that results can be repeated.
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        words = [each for each in self._decoder.seg() or () if _is_word(each.word)]
        if hypothesis is None or not words:
            return None
        return Spoken(
            text=hypothesis.hypstr,
            start=words[0].start_frame / _FRAMES_PER_SECOND,
            end=(words[-1].end_frame + 1) / _FRAMES_PER_SECOND,
            confidence=_mean([each.prob for each in words]),
        )

    def begin(self, pcm: bytes) -> None:
        """Start to guess at an utterance whose first few tenths of a second are ``pcm``."""
        self.abandon()
        self._decoder.activate_search("live")
        # The mean of the whole utterance is not known yet; that of its beginning is far
        # better than none: a third of the words then differ from the final, else a half.
        means = self._means(pcm)
        self._decoder.reinit_feat()
        self._decoder.set_cmn(means)
        self._decoder.start_utt()
        self._is_guessing = True
        self.more(pcm)

    def more(self, pcm: bytes) -> None:
        """The utterance goes on; ``begin()`` came before."""
        self._decoder.process_raw(pcm)

    def guess(self) -> str:
        """What the utterance seems to be so far; perhaps nothing."""
        hypothesis = self._decoder.hyp()
        return "" if hypothesis is None else str(hypothesis.hypstr)

    def abandon(self) -> None:
        """Stop guessing; nothing happens where there is no guess."""
        if self._is_guessing:
            self._is_guessing = False
            self._decoder.end_utt()
            self._decoder.activate_search(self._whole_search)

    def _means(self, pcm: bytes) -> str:
        """The cepstral means of some audio, in pocketsphinx's notation."""
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, no_search=True, full_utt=True)
        means: str = self._decoder.get_cmn()
        self._decoder.end_utt()
        return means


def new_endpointer(window: float) -> Any:
    """What finds speech in 16 kHz audio, from a pause of ``window`` seconds to the next."""
    pocketsphinx: Any = importlib.import_module("pocketsphinx")
    return pocketsphinx.Endpointer(window=window)


def _is_word(name: str) -> bool:
    """Whether a segment is a word: ``<s>``, ``<sil>`` and ``[NOISE]`` are not."""
    return not name.startswith(("<", "["))


def _mean(values: List[float]) -> float:
    # The sum of probabilities may be a hair more than it should.
    return min(1.0, sum(values) / len(values))
