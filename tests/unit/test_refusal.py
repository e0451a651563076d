"""HTTP answers that refuse the upgrade: raw bytes in, the error to raise out."""

from __future__ import annotations

from typing import List, Optional, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._errors import AuthenticationError, ConnectError
from telnyx_stt_sync._refusal import is_complete, refusal


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    """An HTTP answer."""
    head = "\r\n".join([f"HTTP/1.1 {status}", "Server: test", *headers])
    return head.encode("latin-1") + b"\r\n\r\n" + body


def refused(data: bytes) -> ConnectError:
    """The error for an answer that refuses."""
    error = refusal(data)
    assert error is not None
    return error


@pytest.mark.parametrize(
    "data",
    [
        answer("101 Switching Protocols"),
        answer("101"),
        b"",
        b"HTTP/1.1 ",
        b"HTTP/1.1 40",
        b"HTTP/1.1 4012",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x81\x05hello",
        b" HTTP/1.1 401 Unauthorized\r\n\r\n",
    ],
)
def test_no_refusal(data: bytes) -> None:
    """An upgrade that worked, and what is no HTTP answer at all, is no refusal."""
    assert refusal(data) is None


@pytest.mark.parametrize("status", [401, 403])
def test_the_key_is_refused(status: int) -> None:
    """401 and 403 are about the key; the service's reason is shown and kept."""
    error = refused(answer(f"{status} No", b'{"detail":"no such key"}'))
    assert type(error) is AuthenticationError
    assert (error.status, error.body) == (status, '{"detail":"no such key"}')
    assert "refused the API key" in str(error)
    assert f"HTTP {status}" in str(error)
    assert "no such key" in str(error)


@pytest.mark.parametrize("status", [100, 200, 204, 400, 404, 426, 429, 500, 502, 503])
def test_the_connection_is_refused(status: int) -> None:
    """Any other status refuses the connection, a cheerful 200 as well."""
    error = refused(answer(f"{status} Because", b"please  wait\r\na bit"))
    assert type(error) is ConnectError
    assert (error.status, error.body) == (status, "please  wait\r\na bit")
    assert str(error) == f"the server refused the connection (HTTP {status}): please wait a bit"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (
            b'{"errors": [{"code": "401", "title": "No", "detail": "No such  key."}]}',
            "No such key.",
        ),
        (b'{"errors": [{"code": "401", "title": "Unauthorized"}]}', "Unauthorized"),
        (b'{"errors": [{"code": "401"}]}', '{"errors": [{"code": "401"}]}'),
        (b'{"error": "go away"}', "go away"),
        (b'{"message": "go away"}', '{"message": "go away"}'),
        (b"\xff\xfe not JSON", "\ufffd\ufffd not JSON"),
    ],
)
def test_what_the_body_says(body: bytes, told: str) -> None:
    """Of the service's JSON the words are shown; everything else as it is."""
    error = refused(answer("401 Unauthorized", body))
    assert str(error) == f"the service refused the API key (HTTP 401): {told}"
    assert error.body == body.decode("utf-8", "replace")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(status: int) -> None:
    """A redirect is refused, and the error says why it was not followed."""
    error = refused(answer(f"{status} Found", b"elsewhere", "Location: wss://elsewhere"))
    assert type(error) is ConnectError
    assert (error.status, error.body) == (status, "elsewhere")
    assert "redirects are not followed" in str(error)


@pytest.mark.parametrize("data", [b"HTTP/1.0 503\r\n\r\n", b"HTTP/2 503 Busy\r\n", b"HTTP/1.1 503"])
def test_short_answers(data: bytes) -> None:
    """An answer without a reason, without a body, or cut in its head, is a refusal without body."""
    error = refused(data)
    assert (error.status, error.body) == (503, None)
    assert str(error) == "the server refused the connection (HTTP 503)"


def test_a_cut_body() -> None:
    """Of a body that was cut short there is what came."""
    data = answer("429 Slow down", b"too many requ", "Content-Length: 500")
    assert refused(data).body == "too many requ"


def test_a_long_body() -> None:
    """The attribute holds all of the body, the message its beginning."""
    error = refused(answer("500 Oops", b"x" * 5000))
    assert error.body == "x" * 5000
    assert 400 < len(str(error)) < 700


def test_a_body_that_is_not_text() -> None:
    """A body in another encoding is shown as well as it can be."""
    assert refused(answer("500 Oops", b"caf\xe9")).body == "caf\ufffd"


CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"),
        (b"5;name=value\r\nhello\r\n0\r\n\r\n", "hello"),
        (b"A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        (b"5\r\nhello\r\n6\r\n wo", "hello wo"),
        (b"5\r\nhello\r\n", "hello"),
        (b"5\r\nhello\r\n6", "hello"),
        (b"5\r\nhello\r\nxyz\r\nworld", "hello"),
        (b"5\r\nhello\r\n-5\r\nworld", "hello"),
        (b"0\r\n\r\n", None),
        (b"", None),
    ],
)
@pytest.mark.parametrize("header", [CHUNKED, CHUNKED.upper(), "transfer-encoding:gzip, chunked"])
def test_chunked_bodies(body: bytes, expected: Optional[str], header: str) -> None:
    """A chunked body is put together from the chunks that are there, whole or not."""
    assert refused(answer("503 Busy", body, header)).body == expected


def test_unchunked_bodies() -> None:
    """A body that is not announced as chunked is taken as it is."""
    assert refused(answer("503 Busy", b"5\r\nhello\r\n")).body == "5\r\nhello\r\n"


@pytest.mark.parametrize(
    ("status", "is_temporary"),
    [(200, False), (302, False), (400, False), (404, False), (429, True), (500, True), (503, True)],
)
def test_what_may_pass(status: int, is_temporary: bool) -> None:
    """Load and failures of the server may pass by themselves; the rest has to be changed."""
    assert refused(answer(f"{status} Because")).is_temporary is is_temporary


DATE = "Date: Wed, 21 Oct 2026 07:28:00 GMT"

# Headers → how many seconds to wait.
WAITS: List[Tuple[Tuple[str, ...], Optional[float]]] = [
    ((), None),
    (("Retry-After: 0",), 0.0),
    (("Retry-After: 120",), 120.0),
    (("retry-after:5",), 5.0),
    (("Retry-After: 99999999999999999999",), 999999999.0),
    (("Retry-After: Wed, 21 Oct 2026 07:28:30 GMT", DATE), 30.0),
    (("Retry-After: Wed, 21 Oct 2026 08:28:30 +0100", DATE), 30.0),
    (("Retry-After: Wed, 21 Oct 2026 07:27:00 GMT", DATE), 0.0),
    # Our own clock may be wrong, so a date alone says nothing.
    (("Retry-After: Wed, 21 Oct 2026 07:28:30 GMT",), None),
    (("Retry-After: Wed, 21 Oct 2026 07:28:30", DATE), None),
    (("Retry-After: Wed, 21 Oct 2026 07:28:30 GMT", "Date: now"), None),
    *(
        ((f"Retry-After: {value}", DATE), None)
        for value in ("", "-5", "1.5", "soon", "\u00b2", "Wed, 99 Oct 2026 07:28:30 GMT")
    ),
]


@pytest.mark.parametrize(("headers", "seconds"), WAITS)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(status: int, headers: Tuple[str, ...], seconds: Optional[float]) -> None:
    """``Retry-After`` is seconds, or a date that counts from the date of the answer, never back."""
    assert refused(answer(f"{status} Later", b"", *headers)).retry_after == seconds


# Bodies behind a head with this header → whether more is to come.
LENGTH = "Content-Length: 5"
COMPLETE = [
    (LENGTH, b"hello", True),
    (LENGTH, b"hello and more", True),
    (LENGTH, b"hell", False),
    ("content-length:0", b"", True),
    ("Content-Length: many", b"hello", False),
    ("X-Other: 5", b"hello", False),
    (CHUNKED, b"5\r\nhello\r\n0\r\n\r\n", True),
    (CHUNKED, b"5\r\nhello\r\n", False),
    (CHUNKED, b"", False),
]


@pytest.mark.parametrize(("header", "body", "expected"), COMPLETE)
def test_whether_more_is_to_come(header: str, body: bytes, expected: bool) -> None:
    """An answer is complete when its head says so; without a word it lasts until the end."""
    assert is_complete(answer("503 Busy", body, header)) is expected


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n"])
def test_a_head_that_is_not_there_yet(data: bytes) -> None:
    """Without the whole head an answer is not complete, whatever stands in its beginning."""
    assert not is_complete(data)


def test_a_first_attempt() -> None:
    """A refusal stands for one attempt until somebody counts more."""
    assert refused(answer("503 Busy")).attempts == 1


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    """No answer, however odd, makes it raise."""
    refusal(data)
    refusal(b"HTTP/1.1 500 Oops\r\n" + data)
    refused(answer("500 Oops", data, CHUNKED))
    is_complete(data)
    is_complete(answer("500 Oops", data, CHUNKED))
