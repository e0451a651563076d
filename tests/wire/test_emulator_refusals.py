"""Whom the emulator does not let in."""

from __future__ import annotations

import json
from typing import Optional

import pytest

from telnyx_stt_sync.emulator import Emulator
from tests.wire.emulator_client import LIMIT, WORD, refused, talk, tcp_connection


@pytest.mark.parametrize("key", [None, "", "wrong"])
def test_key_is_checked_before_the_upgrade(key: Optional[str]) -> None:
    """A missing or wrong key is HTTP 401 with the reason in the body."""
    with Emulator(api_key="right") as emulator:
        response = refused(emulator, key=key)
        (session,) = emulator.sessions
        assert session.closed.wait(LIMIT)
    assert response.status_code == 401
    assert "API key" in json.loads(response.body)["errors"][0]["detail"]
    assert response.headers["Content-Type"] == "application/json"
    assert (session.status, session.close_code) == (401, None)


def test_right_key_is_let_in() -> None:
    """The key that was given to the emulator opens it."""
    with Emulator(api_key="right", transcripts=["one"]) as emulator:
        assert talk(emulator, WORD, key="right").finals == ["one"]


def test_any_key_will_do_but_none() -> None:
    """Without a key of its own, the emulator still wants one."""
    with Emulator() as emulator:
        assert refused(emulator, key=None).status_code == 401


def test_origin_is_refused() -> None:
    """A handshake with an Origin is 403, and the session tells which it was."""
    with Emulator() as emulator:
        assert refused(emulator, headers={"Origin": "http://example.org"}).status_code == 403
        assert emulator.sessions[0].headers["origin"] == "http://example.org"


def test_wrong_path_is_not_found() -> None:
    """Any other path is 404."""
    with Emulator() as emulator:
        url = f"ws://127.0.0.1:{emulator.port}/v2/other"
        assert refused(emulator, url=url).status_code == 404


@pytest.mark.parametrize(
    ("fault", "status", "header", "value"),
    [
        ("forbidden", 403, "Retry-After", None),
        ("too_many_requests", 429, "Retry-After", None),
        ("too_many_requests=7", 429, "Retry-After", "7"),
        ("unavailable", 503, "Retry-After", None),
        ("unavailable=0", 503, "Retry-After", "0"),
        ("redirect=wss://other.invalid/", 302, "Location", "wss://other.invalid/"),
    ],
)
def test_refused_by_a_fault(fault: str, status: int, header: str, value: Optional[str]) -> None:
    """Faults refuse the first connection in the shape of the service's own refusals."""
    with Emulator(faults=[f"{fault}@1"], transcripts=["one"]) as emulator:
        response = refused(emulator)
        assert talk(emulator, WORD).finals == ["one"]
    assert (response.status_code, response.headers.get(header)) == (status, value)
    assert json.loads(response.body)["errors"][0]["code"] == str(status)


@pytest.mark.parametrize(
    ("request_line", "status"),
    [("GET /v2/speech-to-text/transcription HTTP/1.1", b"426"), ("nonsense", b"")],
)
def test_what_is_no_websocket(request_line: str, status: bytes) -> None:
    """A plain HTTP request is refused; nonsense is hung up on."""
    text = f"{request_line}\r\nHost: x\r\nAuthorization: Bearer k\r\n\r\n"
    with Emulator() as emulator, tcp_connection(emulator) as raw:
        raw.sendall(text.encode())
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    assert status in answer.partition(b"\r\n")[0]
