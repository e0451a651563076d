"""Streams that are cut at random, in virtual time: no word lost, and none repeated unmarked.

``TELNYX_STT_CHAOS`` multiplies the number of streams, for a longer run by hand:

    TELNYX_STT_CHAOS=25 python -m pytest tests/faults/test_chaos.py
"""

from __future__ import annotations

import math
import os
import random
from typing import Any, Iterator

import pytest

from telnyx_stt_sync._replay import Replay
from telnyx_stt_sync._splice import Splice, Told
from tests.faults.virtual_stream import Client, Result, Service, VirtualStream, speak

TIMES = int(os.environ.get("TELNYX_STT_CHAOS", "1"))
MANY, SOME, FEW = 200 * TIMES, 30 * TIMES, 10 * TIMES
CUTS = 3

CLIENTS = {
    "file 2.5x": Client(2.5),
    "file 24x": Client(24.0),
    "file unpaced": Client(math.inf),
    "live 1x": Client(1.0, live=True),
    "live 6x": Client(6.0, live=True),
}
every_client = pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
FILES = {name: client for name, client in CLIENTS.items() if not client.live}
every_file = pytest.mark.parametrize("client", FILES.values(), ids=FILES)


def run(
    seed: int, client: Client, service: Service, vocabulary: int = 200, pauses: int = 0
) -> Result:
    """A stream of 400 to 1,200 words in random order, cut three times."""
    chance = random.Random(seed)
    count = chance.randint(400, 1200)
    texts = [f"word{chance.randrange(vocabulary)}" for _ in range(count)]
    speech = speak(texts, chance, pauses=chance.sample(range(1, count), pauses))
    cuts = sorted(chance.sample(range(1, count - 30), CUTS))
    return VirtualStream(speech, client, service, cuts, chance).run()


def streams(seeds: int, *arguments: Any) -> Iterator[Result]:
    """So many streams. In each, words were known at each cut; none was lost or told twice."""
    for seed in range(seeds):
        result = run(seed, *arguments)
        # Where all words are the same, the last words may be told at the end only: too late to cut.
        assert len(result.known_at_cuts) >= CUTS - (1 in arguments), f"seed {seed}"
        assert min(result.known_at_cuts) > 0, f"seed {seed}"
        assert result.error is None, f"seed {seed}"
        assert not result.lost, f"seed {seed}: {result.lost}"
        assert not result.repeated, f"seed {seed}: {result.repeated}"
        assert result.transcription.complete, f"seed {seed}"
        yield result


@every_client
def test_words_in_random_order(client: Client) -> None:
    """Of 200 words in any order none is lost and none repeated, not even marked."""
    seeds = SOME if client.speed < 6.0 else MANY
    for result in streams(seeds, client, Service()):
        assert (result.marked, result.transcription.gaps) == (0, ())


@every_client
def test_a_vocabulary_of_three(client: Client) -> None:
    """Where every phrase has been said before, longer ones are looked for."""
    for result in streams(SOME, client, Service(), 3):
        assert result.marked == 0


@every_client
def test_all_words_the_same(client: Client) -> None:
    """What can be counted from the start is not repeated; other live audio only where marked."""
    for result in streams(SOME, client, Service(), 1):
        assert result.marked == 0 or client.live


@every_client
def test_words_that_come_differently(client: Client) -> None:
    """Every tenth word is heard as another one, as two or not at all after a reconnect."""
    for result in streams(SOME, client, Service(noise=0.1)):
        assert result.marked < 60


@every_client
def test_other_case_punctuation_and_borders(client: Client) -> None:
    """How the words are written makes no difference, nor where the finals end."""
    for result in streams(SOME, client, Service(dressed=True)):
        assert result.marked == 0


@every_client
@pytest.mark.parametrize("empties", [True, False], ids=["told", "untold"])
def test_long_pauses(client: Client, empties: bool) -> None:
    """Half a minute of silence, with and without empty finals in it, costs no word.

    At 6 × what is kept is ten seconds, and may hold too few words to be sure.
    """
    for result in streams(FEW, client, Service(empties=empties), 200, 4):
        assert result.marked == 0 or (client.speed == 6.0 and result.marked < 60)


@every_file
def test_a_recogniser_behind_the_upload(client: Client) -> None:
    """Finals that come minutes after their audio was sent: files go back to their start for it."""
    for result in streams(FEW, client, Service(speed=1.0, empties=True), 200, 2):
        assert result.marked == 0


@every_file
def test_finals_that_come_later_than_any_were_seen(client: Client) -> None:
    """A lag of 10 to 20 s is more than is reckoned with, and costs a file one replay more."""
    for result in streams(FEW, client, Service(lag=(10.0, 20.0))):
        assert result.marked == 0


@pytest.mark.parametrize("empties", [True, False], ids=["told", "untold"])
def test_the_same_announcement_every_minute(empties: bool) -> None:
    """On hold, the last words may be said again when no audio of them is kept any more."""
    announcement = "your call is important to us please stay on the line".split()
    for seed in range(SOME):
        chance = random.Random(seed)
        texts = announcement * 4
        speech = speak(
            texts, chance, pauses=range(11, len(texts), 11), pause_seconds=chance.uniform(54, 57)
        )
        service = Service(empties=empties, finals=(11, 11))
        client = Client(1.0, live=True)
        result = VirtualStream(speech, client, service, [10], chance, cut_after=(55.0, 64.0)).run()
        assert bool(result.lost) is bool(result.error), f"seed {seed}: {result.lost}"
        assert not result.repeated, f"seed {seed}: {result.repeated}"


def test_live_audio_and_a_recogniser_far_behind_it() -> None:
    """What can't be made up for any more ends a live stream, with the gap: never in silence."""
    ended = 0
    for seed in range(SOME):
        result = run(seed, CLIENTS["live 1x"], Service(speed=1.0), 200, 2)
        assert not result.repeated
        assert bool(result.lost) is (result.error is not None)
        assert bool(result.transcription.gaps) is (result.error is not None)
        ended += result.error is not None
    assert ended


@every_client
def test_the_simulation_notices_words_that_are_lost(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that goes on where it was loses words."""

    def go_on(self: Splice, oldest: int, position: int) -> int:
        return position

    monkeypatch.setattr(Splice, "restart", go_on)
    results = [run(seed, client, Service()) for seed in range(10)]
    assert sum(bool(result.lost) for result in results) >= 8


@every_client
def test_the_simulation_notices_words_that_come_twice(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that sends again and tells whatever comes repeats words."""

    def tell_all(self: Replay, message: Any, now: float) -> Any:
        return [Told(message)]

    monkeypatch.setattr(Replay, "heard", tell_all)
    monkeypatch.setattr(Splice, "restart", lambda self, oldest, position: oldest)
    results = [run(seed, client, Service()) for seed in range(10)]
    assert sum(bool(result.repeated) for result in results) >= 8
