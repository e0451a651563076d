"""What follows from a failure: one more connection, or the end. Times are made up."""

from __future__ import annotations

from typing import Any, Union

import pytest

from telnyx_stt_sync._actions import Reconnecting
from telnyx_stt_sync._errors import (
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    TelnyxSTTError,
)
from telnyx_stt_sync._recovery import GivenUp, Recovery, beyond_repair
from telnyx_stt_sync._replay import Replay
from telnyx_stt_sync._retry import RetryPolicy
from telnyx_stt_sync._splice import Lost

LOSS = ConnectionLostError("the cable was cut", code=1011, reason="no more")


class Stream:
    """A recovery with 1000 bytes of live audio that may be sent again; begun at 100."""

    def __init__(self, **policy: Any) -> None:
        self.replay = Replay(1000, can_cut=True)
        self.recovery = Recovery(RetryPolicy(**policy), lambda: 0.0, self.replay)

    def open(self, now: float = 100.0) -> None:
        """A connection is open."""
        self.recovery.connected(now)
        self.replay.opened(now)

    def send(self, size: int) -> None:
        """Audio is sent, new or again."""
        self.replay.sent(bytes(size), 101.0)

    def lose(self, now: float = 102.0) -> Union[Reconnecting, GivenUp]:
        """The connection is gone."""
        return self.recovery.connection_lost(LOSS, now)

    def fail(self, now: float = 103.0, **facts: Any) -> Union[Reconnecting, GivenUp]:
        """A connection could not be opened, for a reason that may pass unless told otherwise."""
        facts.setdefault("is_temporary", True)
        return self.recovery.connect_failed(ConnectError("refused", **facts), now)


def again(answer: Union[Reconnecting, GivenUp]) -> Reconnecting:
    """It is tried again."""
    assert isinstance(answer, Reconnecting)
    return answer


def over(answer: Union[Reconnecting, GivenUp]) -> TelnyxSTTError:
    """It is not, and no audio is missing; this is why."""
    assert isinstance(answer, GivenUp)
    assert answer.lost is None
    return answer.error


def refused(error: TelnyxSTTError) -> ConnectError:
    """The error of a connection that could not be opened."""
    assert type(error) is ConnectError
    return error


# -- before the first connection ----------------------------------------------------------------


def test_a_first_connect_that_may_work_later() -> None:
    """What may pass is tried again, and the attempts are counted on the error."""
    stream = Stream(max_attempts=2)
    for attempt, delay in ((1, 0.25), (2, 0.5)):
        answer = again(stream.fail())
        assert (answer.attempt, answer.delay, answer.start) == (attempt, delay, 0)
        assert refused(answer.error).attempts == attempt
    error = refused(over(stream.fail(status=503)))
    assert (error.status, error.attempts) == (503, 3)


@pytest.mark.parametrize("kind", [ConnectError, AuthenticationError])
def test_a_first_connect_that_never_will(kind: Any) -> None:
    """What will not pass by itself is not tried again."""
    error: ConnectError = kind("no", status=403)
    assert over(Stream().recovery.connect_failed(error, 103.0)) is error
    assert error.attempts == 1


def test_without_a_policy() -> None:
    """Without a policy nothing is tried again."""
    replay = Replay(0, can_cut=True)
    recovery = Recovery(None, lambda: 0.0, replay)
    error = ConnectError("refused", is_temporary=True)
    assert over(recovery.connect_failed(error, 103.0)) is error
    recovery.connected(104.0)
    replay.opened(104.0)
    replay.sent(bytes(100), 105.0)
    assert over(recovery.connection_lost(LOSS, 106.0)) is LOSS


def test_retry_after() -> None:
    """What the server asks for is waited; more than the policy has is a reason to give up."""
    stream = Stream()
    assert again(stream.fail(retry_after=7.0)).delay == 7.0
    assert refused(over(stream.fail(retry_after=70.0, status=429))).attempts == 2


# -- after a loss -----------------------------------------------------------------------------


def test_a_loss() -> None:
    """It is tried again from where the replay says, with what was lost as the reason."""
    stream = Stream()
    stream.open()
    stream.send(500)
    assert again(stream.lose()) == Reconnecting(LOSS, 1, 0.25, 0)
    assert stream.replay.next_start == 0


def test_losses_in_a_row() -> None:
    """Connections that open and bring nothing new are attempts in a row, and then there is an end.

    The error is that of the last loss.
    """
    stream = Stream(max_attempts=2)
    for attempt in (1, 2):
        stream.open()
        stream.send(100)
        assert again(stream.lose()).attempt == attempt
    stream.open()
    assert over(stream.lose()) is LOSS


@pytest.mark.parametrize("is_temporary", [True, False])
def test_a_loss_that_could_not_be_mended(is_temporary: bool) -> None:
    """The error is the loss, with its code; it tells why connecting again failed, as its cause."""
    stream = Stream(max_attempts=2)
    stream.open()
    stream.send(500)
    again(stream.lose())
    if is_temporary:
        assert again(stream.fail()).attempt == 2
    failure = ConnectError("refused", is_temporary=is_temporary)
    error = over(stream.recovery.connect_failed(failure, 110.0))
    assert type(error) is ConnectionLostError
    assert (error.code, error.reason) == (1011, "no more")
    assert "the cable was cut" in str(error)
    assert "refused" in str(error)
    assert error.__cause__ is failure
    assert failure.attempts == 2 + is_temporary


def test_a_key_that_is_refused_on_the_way() -> None:
    """A key that is refused when connecting again is told as that: it has to be changed."""
    stream = Stream()
    stream.open()
    again(stream.lose())
    error = AuthenticationError("no such key", status=401)
    assert over(stream.recovery.connect_failed(error, 110.0)) is error


def test_where_the_next_connect_begins() -> None:
    """A connect that failed is tried again with the same start."""
    stream = Stream()
    stream.open()
    stream.send(500)
    stream.replay.next_start = 300
    assert again(stream.fail()).start == 300


def test_what_can_not_be_made_up_for() -> None:
    """A loss of more audio than is kept is the end; the error says why, the answer says which."""
    stream = Stream()
    stream.open()
    stream.send(1500)
    answer = stream.lose()
    assert isinstance(answer, GivenUp)
    assert answer.lost is not None
    assert (answer.lost.start, answer.lost.end) == (0, 500)
    assert type(answer.error) is ConnectionLostError
    assert (answer.error.code, answer.error.reason) == (1011, "no more")
    assert "the cable was cut" in str(answer.error)
    assert "replay_seconds" in str(answer.error)


def test_beyond_repair() -> None:
    """The end of a stream says what happened, and what that means."""
    lost = Lost("it is gone", 100, 200)
    given_up = beyond_repair(LOSS, lost)
    assert given_up.lost is lost
    assert str(given_up.error) == "the cable was cut; it is gone"


# -- what counts as progress --------------------------------------------------------------------


def attempts_after(stream: Stream) -> int:
    """Which attempt the next one would be."""
    return again(stream.lose(110.0)).attempt


def lost_once() -> Stream:
    """500 bytes had been sent when it was lost, and it is open again."""
    stream = Stream()
    stream.open()
    stream.send(500)
    again(stream.lose())
    stream.open(105.0)
    return stream


def test_a_new_final_starts_over() -> None:
    """A final with text that is new shows that the connection works: the next loss is the first."""
    stream = lost_once()
    stream.recovery.final_came(True)
    assert attempts_after(stream) == 1


@pytest.mark.parametrize(("size", "attempt"), [(0, 2), (500, 2), (501, 1)])
def test_an_empty_final(size: int, attempt: int) -> None:
    """An empty final shows it only when audio was sent that no connection carried before."""
    stream = lost_once()
    stream.send(size)
    stream.recovery.final_came(False)
    assert attempts_after(stream) == attempt


def test_a_connection_alone_is_no_progress() -> None:
    """That a connection opens shows nothing."""
    assert attempts_after(lost_once()) == 2


def test_time_with_a_connection() -> None:
    """Only time without a connection counts against ``max_elapsed``."""
    stream = Stream(max_elapsed=10.0)
    stream.open()
    again(stream.lose(102.0))
    stream.open(105.0)
    assert again(stream.lose(200.0)).attempt == 2
    assert over(stream.fail(207.0)).__cause__ is not None
