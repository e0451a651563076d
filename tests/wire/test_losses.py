"""How streams end in an error: lost connections, and what the server reports."""

from __future__ import annotations

from typing import Any, Dict, Optional

import pytest

from telnyx_stt_sync import ConnectionLostError, RequestRejectedError, RetryPolicy, ServerError
from tests.wire.client import (
    How,
    all_audio,
    both,
    end_of,
    failure_of,
    file,
    heard,
    speech,
    transcriber,
)
from tests.wire.peer import Link, Peer, Step
from tests.wire.steps import (
    answer_a_ping,
    close,
    final,
    read_audio,
    read_to_close_stream,
    reset,
    stall,
    text,
)


def hang_up(link: Link) -> None:
    """End the script: TCP ends without a close frame."""


@pytest.mark.parametrize("ending", [hang_up, reset], ids=["fin", "reset"])
@both
def test_end_without_a_close_frame(how: How, ending: Step) -> None:
    """TCP that ends without a close frame, after all audio, is a loss; what was heard is kept."""
    error = failure_of(read_to_close_stream(), final("so far"), ending, how=how)
    assert isinstance(error, ConnectionLostError)
    assert (error.code, heard(error)) == (1006, "so far")
    assert error.partial is not None and not error.partial.complete
    assert error.partial.ended_by == "error"


@pytest.mark.parametrize("code", [1002, 1003, 1008, 1011, 1012, 1013, 3000, 4999])
def test_close_codes_that_do_not_end(code: int) -> None:
    """Any other close code is a loss that tells code and reason."""
    error = failure_of(read_to_close_stream(), final("so far"), close(code, "überlastet"))
    assert isinstance(error, ConnectionLostError)
    assert (error.code, error.reason, heard(error)) == (code, "überlastet", "so far")
    assert str(code) in str(error) and "überlastet" in str(error)


@pytest.mark.parametrize("code", [1000, 1001, None, 1011])
@both
def test_close_before_the_end_of_the_audio(how: How, code: Optional[int]) -> None:
    """A close before all audio was sent is a loss, whatever its code."""
    steps = (read_audio(1), final("so far"), close(code))
    error = failure_of(*steps, audio=speech(60.0), how=how)
    assert isinstance(error, ConnectionLostError)
    assert (error.code, heard(error)) == (code or 1005, "so far")


# Far more than is on its way at a time to a peer with a small buffer, so that its first pong is
# here before the last audio is out.
LONG = speech(20.0)
SMALL = 8192
CLOSE_CODES = pytest.mark.parametrize("code", [1000, 1001, None])


@CLOSE_CODES
@both
def test_close_while_audio_is_on_its_way(how: How, code: Optional[int]) -> None:
    """Who answers pings, yet not the one behind the last audio, had not read all of it."""
    steps = (answer_a_ping, read_to_close_stream(), final("so far"), close(code))
    error = failure_of(*steps, audio=LONG, how=how, receive_buffer=SMALL)
    assert isinstance(error, ConnectionLostError)
    assert (error.code, heard(error)) == (code or 1005, "so far")


@both
def test_a_peer_that_never_answers_the_last_ping(how: How) -> None:
    """After one more connection it is believed: not every peer answers every ping."""
    steps = (answer_a_ping, read_to_close_stream(), final("all"), close(1000))
    with Peer(*steps, receive_buffer=SMALL) as peer:
        policy = RetryPolicy(initial=0.01, jitter=0.0)
        result = how(transcriber(peer.url, reconnect=policy), LONG)
        assert (result.text, result.ended_by) == ("all", "server_close")
        assert len(peer.links) == 2


@CLOSE_CODES
@both
def test_close_by_a_peer_that_never_answers_pings(how: How, code: Optional[int]) -> None:
    """It is believed: a normal close after all went out is the end."""
    steps = (read_to_close_stream(), final("all"), close(code))
    result, link = end_of(*steps, audio=LONG, how=how)
    assert (result.text, result.ended_by) == ("all", "server_close")
    assert len(link.pings) == 2


def test_staying_engine_that_is_lost() -> None:
    """A reset while we wait for quiet is a loss."""
    error = failure_of(
        all_audio("Azure"), final("so far"), reset, transcription_engine="Azure", quiet_period=30.0
    )
    assert isinstance(error, ConnectionLostError)
    assert (error.code, heard(error)) == (1006, "so far")


# -- errors that the server tells ---------------------------------------------------------

REJECTION: Dict[str, Any] = {
    "errors": [
        {
            "code": "40005",
            "title": "Invalid Parameter",
            "detail": "No such rate.",
            "source": {"parameter": "sample_rate"},
        },
        {"code": "40001", "title": "Another"},
    ]
}


@pytest.mark.parametrize("ending", [close(1008), close(1000), hang_up, reset])
@pytest.mark.parametrize("when", [read_audio(1), read_to_close_stream()], ids=["early", "late"])
def test_rejection(when: Step, ending: Step) -> None:
    """An errors[] frame is a RequestRejectedError with its fields, however the server then ends."""
    error = failure_of(when, text(REJECTION), ending)
    assert isinstance(error, RequestRejectedError)
    assert (error.code, error.parameter) == ("40005", "sample_rate")
    assert (error.title, error.detail) == ("Invalid Parameter", "No such rate.")
    assert "40005" in str(error) and "No such rate." in str(error)


@both
@pytest.mark.parametrize(
    "value",
    [{"error": "out of order"}, {"type": "error", "error": "out of order"}],
    ids=["bare", "typed"],
)
def test_server_error(value: object, how: How) -> None:
    """An error frame is a ServerError with its text, and what was heard before."""
    error = failure_of(read_to_close_stream(), final("so far"), text(value), close(1011), how=how)
    assert isinstance(error, ServerError)
    assert (error.message, heard(error)) == ("out of order", "so far")


def test_error_needs_no_close() -> None:
    """An error frame ends the stream at once, though the server does not close."""
    with Peer(read_audio(1), text({"error": "out of order"}), stall) as peer:
        with pytest.raises(ServerError):
            file(transcriber(peer.url), speech(60.0))
