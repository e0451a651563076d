"""Where finals were asked for: told again, at the same places, on every further connection."""

from __future__ import annotations

from typing import List

from telnyx_stt_sync._final_requests import FinalRequests


def asked(*places: int, oldest: int = 0) -> FinalRequests:
    """Finals were asked for at these places of the first connection."""
    requests = FinalRequests()
    requests.restart(0)
    for place in places:
        requests.add(place, oldest)
    return requests


def sent_again(requests: FinalRequests, start: int, end: int = 100, piece: int = 7) -> List[int]:
    """Where they are sent on a connection whose audio goes from ``start`` to ``end``."""
    requests.restart(start)
    position, places = start, []
    while True:
        assert requests.is_due(position) is requests.is_due(position)
        if requests.take(position):
            places.append(position)
        assert not requests.take(position)
        if position >= end:
            return places
        room = requests.room(position, piece)
        assert 0 < room <= piece
        position += room


def test_the_connection_that_has_got_them() -> None:
    """On the connection on which they were sent none is due, and nothing is cut for them."""
    requests = asked(10, 20)
    assert not requests.is_due(100)
    assert requests.room(0, 50) == 50


def test_the_same_places_again() -> None:
    """Each further connection gets all of them, exactly where they were."""
    requests = asked(10, 20, 21)
    assert sent_again(requests, 0) == [10, 20, 21]
    assert sent_again(requests, 0) == [10, 20, 21]


def test_what_is_not_sent_again() -> None:
    """Where no audio is sent again, nothing is asked for again; not at its start either."""
    assert sent_again(asked(10, 20, 30), 20) == [30]


def test_a_connection_that_did_not_get_so_far() -> None:
    """What a connection did not come to is still there for the next."""
    requests = asked(10, 20)
    assert sent_again(requests, 0, end=15) == [10]
    assert sent_again(requests, 0) == [10, 20]


def test_asked_twice_at_one_place() -> None:
    """Twice at one place is once."""
    assert sent_again(asked(10, 10), 0) == [10]


def test_what_is_kept() -> None:
    """Places in audio that is never sent again are forgotten, so there is never more to keep."""
    requests = asked(*range(1, 1000), oldest=0)
    requests.add(1000, 998)
    assert sent_again(requests, 0, end=1000) == [999, 1000]


def test_repr() -> None:
    """The state shows."""
    requests = asked(10, 20)
    requests.restart(0)
    assert repr(requests) == "<FinalRequests 0/2 sent>"
