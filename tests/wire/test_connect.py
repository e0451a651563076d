"""From the URL to an open stream, and every way in which that fails."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

from telnyx_stt_sync import (
    AuthenticationError,
    ConnectError,
    StreamStateError,
    TelnyxSTTError,
    Transcriber,
)
from tests.wire.client import AT_ONCE, KEY, SPEECH, recording, speech, transcriber
from tests.wire.peer import Link, Peer, Step
from tests.wire.steps import (
    answer,
    close,
    drip_for_ever,
    drip_upgrade,
    final,
    raw,
    read_to_close_stream,
    stall,
)
from tests.wire.trust import authority, serving, trusting

# Seconds that a connect may take in the tests of its deadline, and how long is "in time": the
# failures that these tests are about last for ever, or ten seconds.
SHORT, IN_TIME = 0.3, 4.0

ONE_WORD: List[Step] = [read_to_close_stream(), final("word"), close()]


def refusal(url: str, **options: Any) -> ConnectError:
    """The error of a ``start()`` that fails; it never tells the key."""
    with pytest.raises(ConnectError) as caught:
        transcriber(url, **options).start()
    assert KEY not in str(caught.value) and KEY not in repr(vars(caught.value))
    return caught.value


def refused_with(*pieces: bytes, **options: Any) -> ConnectError:
    """The error when the server answers the request with these bytes and hangs up."""
    with Peer(greeting=answer(*pieces)) as peer:
        return refusal(peer.url, **options)


def in_time(url: str, **options: Any) -> ConnectError:
    """The error of a ``start()`` whose deadline is short, and kept."""
    started = time.monotonic()
    error = refusal(url, connect_timeout=SHORT, **options)
    assert SHORT * 0.9 < time.monotonic() - started < IN_TIME
    return error


def word_from(peer: Peer, **options: Any) -> str:
    """What the peer says on a connection that opens."""
    stt = transcriber(options.pop("url", peer.url), **options)
    return stt.transcribe_file(recording(speech())).text


@contextlib.contextmanager
def full_listener() -> Iterator[int]:
    """The port of a listener whose queue is full: who connects to it waits."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(100):
            client = stack.enter_context(socket.socket())
            client.settimeout(0.1)
            try:
                client.connect(address)
            except socket.timeout:
                yield address[1]
                return
        pytest.skip("this system's queue of connections never fills")


# -- the request --------------------------------------------------------------------------


def test_request() -> None:
    """The request holds the key in one header only, all options in the query, and no Origin."""
    with Peer(*ONE_WORD) as peer:
        assert word_from(peer, language="en", extra_query={"further": "a b&c"}) == "word"
        link = peer.finished()
    method, target, version = link.request_line.split(" ")
    assert (method, version) == ("GET", "HTTP/1.1")
    path, _, query = target.partition("?")
    assert path == "/v2/speech-to-text/x"
    assert query.split("&") == [
        "transcription_engine=Deepgram",
        "input_format=linear16",
        "sample_rate=16000",
        "language=en",
        "further=a%20b%26c",
    ]
    names = [line.split(":")[0].lower() for line in link.header_lines]
    assert len(names) == len(set(names))
    assert "origin" not in names and "cookie" not in names
    assert link.headers["authorization"] == f"Bearer {KEY}"
    assert link.headers["host"] == f"127.0.0.1:{peer.port}"
    assert link.headers["sec-websocket-version"] == "13"
    assert KEY not in link.request_line


def test_no_cookies() -> None:
    """A cookie of one connection is not sent on the next, which may have another key."""

    def greeting(link: Link) -> None:
        link.read_head()
        head = link.accept_head()[:-2]
        link.send(head + b"Set-Cookie: account=1; Domain=127.0.0.1; Path=/\r\n\r\n")

    with Peer(*ONE_WORD, greeting=greeting) as peer:
        assert [word_from(peer), word_from(peer)] == ["word", "word"]
        assert "cookie" not in peer.link(1).headers


def test_second_address() -> None:
    """Where a name has several addresses, one that refuses does not hide one that answers."""
    with Peer(*ONE_WORD) as peer:
        assert word_from(peer, url=peer.url_as("localhost")) == "word"


def test_slow_upgrade() -> None:
    """An answer that comes one byte at a time opens the stream if it is whole in time."""
    with Peer(*ONE_WORD, greeting=drip_upgrade()) as peer:
        assert word_from(peer) == "word"


# -- answers that refuse ------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect(status: int) -> None:
    """A redirect is not followed: the key goes to no other host."""
    with Peer(*ONE_WORD) as elsewhere:
        head = f"HTTP/1.1 {status} Elsewhere\r\nLocation: {elsewhere.url}\r\n\r\n"
        with Peer(greeting=answer(head.encode())) as peer:
            error = refusal(peer.url)
            assert len(peer.links) == 1
        assert elsewhere.links == []
    assert (error.status, type(error)) == (status, ConnectError)
    assert "redirect" in str(error)


@pytest.mark.parametrize("status", [401, 403])
def test_bad_key(status: int) -> None:
    """401 and 403 are an AuthenticationError with status and body; it is not tried again."""
    body = b'{"errors":[{"code":"10009","title":"Authentication failed"}]}'
    head = f"HTTP/1.1 {status} No\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with Peer(greeting=answer(head + body)) as peer:
        error = refusal(peer.url)
        assert len(peer.links) == 1
    assert isinstance(error, AuthenticationError)
    assert (error.status, error.body, error.attempts) == (status, body.decode(), 1)
    assert "Authentication failed" in str(error)


@pytest.mark.parametrize("status", [200, 204, 400, 404, 426, 429, 500, 503])
def test_other_refusals(status: int) -> None:
    """Any other status is a ConnectError that tells it, and what came with it."""
    head = f"HTTP/1.1 {status} Because\r\nRetry-After: 3\r\nContent-Length: 5\r\n\r\n".encode()
    error = refused_with(head + b"words")
    assert type(error) is ConnectError
    assert (error.status, error.body) == (status, "words")
    assert str(status) in str(error) and "words" in str(error)


BODY = b"a reason of some length, " * 40
HEAD = b"HTTP/1.1 401 Unauthorized\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
CHUNKS = (
    b"a;x=y\r\n" + BODY[:10] + b"\r\n" + b"%X\r\n" % len(BODY[10:]) + BODY[10:] + b"\r\n0\r\n\r\n"
)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(HEAD + LENGTH, BODY, id="with its length"),
        pytest.param(HEAD + CHUNKED, CHUNKS, id="chunked"),
        pytest.param(HEAD + b"\r\n", BODY, id="until the end"),
    ],
)
@pytest.mark.parametrize("pieces", [1, 2, 20])
def test_body(head: bytes, body: bytes, pieces: int) -> None:
    """The body of a refusal is told whole, however it is sent and however it is cut."""

    def greeting(link: Link) -> None:
        link.read_head()
        if pieces == 1:
            link.send(head + body)
            return
        size = len(body) // (pieces - 1) + 1
        for piece in [head, *(body[at : at + size] for at in range(0, len(body), size))]:
            link.send(piece)
            link.stopping.wait(0.001)

    with Peer(greeting=greeting) as peer:
        assert refusal(peer.url).body == BODY.decode()


@pytest.mark.parametrize("length", [1000, 10**12])
def test_body_cut_short(length: int) -> None:
    """A body that ends before its length is told as far as it came."""
    error = refused_with(HEAD + b"Content-Length: %d\r\n\r\nno such" % length)
    assert isinstance(error, AuthenticationError)
    assert error.body == "no such"


@pytest.mark.parametrize("length", [b"many", b"-5", b"0"])
def test_odd_length(length: bytes) -> None:
    """A length that is none does not hide the status."""
    error = refused_with(HEAD + b"Content-Length: " + length + b"\r\n\r\n")
    assert isinstance(error, AuthenticationError)


def test_body_that_stalls() -> None:
    """A body that stops coming costs connect_timeout at most, and does not hide the status."""
    with Peer(stall, greeting=answer(HEAD + b"Content-Length: 1000\r\n\r\nno such")) as peer:
        error = refusal(peer.url, connect_timeout=0.9)
    assert (error.status, error.body) == (401, "no such")


def test_endless_body() -> None:
    """A body without end is cut at a limit."""
    greeting = answer(HEAD + b"Content-Length: 1000000000000\r\n\r\n")
    with Peer(drip_for_ever(b"x" * 10_000, 0.0), greeting=greeting) as peer:
        error = refusal(peer.url)
    assert error.status == 401
    assert error.body is not None and len(error.body) < 1_000_000
    assert len(str(error)) < 2000


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\r\n\r\n", id="blank lines"),
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n", id="ssh"),
        pytest.param(b"* OK IMAP4 ready\r\n\r\n", id="imap"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x46\n", id="tls alert"),
        pytest.param(b"\xff\xfe\xfd\r\n\r\n", id="no text"),
        pytest.param(b"HTTP/1.1\r\n\r\n", id="no status"),
        pytest.param(b"HTTP/1.1 one two\r\n\r\n", id="status in words"),
        pytest.param(b"HTTP/1.1 101", id="cut status line"),
        pytest.param(b"HTTP/1.1 101 OK\r\n\r\n", id="101 without headers"),
        pytest.param(b"HTTP/1.1 101 OK\r\nno colon\r\n\r\n", id="header without colon"),
        pytest.param(b"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\n", id="cut header"),
    ],
)
def test_garbage(garbage: bytes) -> None:
    """Whatever answers that is not a WebSocket server: a ConnectError without a status."""
    error = refused_with(garbage)
    assert type(error) is ConnectError
    assert error.status is None
    assert "bug" not in str(error)


def test_wrong_accept() -> None:
    """An answer with another key's Sec-WebSocket-Accept is not believed."""
    head = (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )
    assert refused_with(head).status is None


# -- deadlines and limits -----------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_silence(scheme: str) -> None:
    """A host that accepts and says nothing costs connect_timeout, in HTTP and in TLS."""
    with Peer(greeting=stall) as peer:
        error = in_time(peer.url.replace("ws:", f"{scheme}:"))
    assert "connect_timeout" in str(error)


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 101 Switching", b"HTTP/1.1 101 Switching Protocols\r\nX-Slow: "],
    ids=["from the start", "in the status line", "in a header"],
)
def test_dripping_answer(start: bytes) -> None:
    """An answer that comes byte by byte and never ends costs connect_timeout, not more."""
    with Peer(raw(start), drip_for_ever(b"x", 0.02), greeting=lambda link: None) as peer:
        in_time(peer.url)


def test_dripping_tls() -> None:
    """A TLS handshake that comes byte by byte costs connect_timeout, not more."""
    # The head of a handshake record of 16 kB, and then a server hello without end.
    hello = b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc"
    with Peer(raw(hello), drip_for_ever(b"\3", 0.02), greeting=lambda link: None) as peer:
        in_time(peer.url.replace("ws:", "wss:"))


def test_endless_header() -> None:
    """A header without end is cut at a limit, long before connect_timeout."""
    greeting = answer(b"HTTP/1.1 101 Switching Protocols\r\n")
    started = time.monotonic()
    with Peer(drip_for_ever(b"X-More: 1\r\n" * 500, 0.0), greeting=greeting) as peer:
        error = refusal(peer.url, connect_timeout=60.0)
    assert time.monotonic() - started < 10
    assert "large" in str(error)


def test_refused_port() -> None:
    """A port where nobody listens is an error at once that names it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = refusal(f"ws://127.0.0.1:{port}/x")
    assert "127.0.0.1" in str(error) and str(port) in str(error)


def test_black_hole() -> None:
    """An address that never answers costs connect_timeout."""
    with full_listener() as port:
        error = in_time(f"ws://127.0.0.1:{port}/x")
    assert "connect_timeout" in str(error)


def test_unknown_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody knows is an error that names it."""
    monkeypatch.setenv("RES_OPTIONS", "timeout:1 attempts:1")  # where there is no name server
    assert "nowhere.invalid" in str(refusal("wss://nowhere.invalid/x"))


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".example", "bücher..example"])
def test_impossible_name(name: str) -> None:
    """A name that cannot be one is a ConnectError, too."""
    assert refusal(f"wss://{name}/x").status is None


@pytest.mark.parametrize("how", ["start", "file", "stream"])
def test_stuck_look_up(how: str, monkeypatch: pytest.MonkeyPatch, limit: float) -> None:
    """A name look-up that hangs, which nothing can interrupt, does not hold up the caller."""
    go_on = threading.Event()

    # A fault of the system's resolver; nothing short of it hangs in this call.
    def stuck(*args: object, **options: object) -> Any:
        go_on.wait(limit)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    stt = transcriber("wss://slow.invalid/x", connect_timeout=SHORT)
    calls: Dict[str, Callable[[], object]] = {
        "start": stt.start,
        "file": lambda: stt.transcribe_file(recording(SPEECH)),
        "stream": lambda: list(stt.stream([SPEECH])),
    }
    started = time.monotonic()
    try:
        with pytest.raises(ConnectError, match="look-up"):
            calls[how]()
        assert time.monotonic() - started < AT_ONCE
        started = time.monotonic()
        with pytest.raises(TelnyxSTTError):
            patient = transcriber("wss://slow.invalid/x", connect_timeout=limit)
            patient.transcribe_file(recording(SPEECH), timeout=SHORT)
        assert time.monotonic() - started < AT_ONCE
    finally:
        go_on.set()


def test_environment_settings_are_read_when_a_stream_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Key and URL come from the environment as it is when the stream is opened."""
    stt = Transcriber(input_format="linear16", sample_rate=16000)
    with Peer(*ONE_WORD) as peer:
        monkeypatch.setenv("TELNYX_API_KEY", KEY)
        monkeypatch.setenv("TELNYX_STT_URL", peer.url)
        assert stt.transcribe_file(recording(speech())).text == "word"
        assert peer.link().headers["authorization"] == f"Bearer {KEY}"


# -- close() while it opens ---------------------------------------------------------------


@pytest.mark.parametrize("where", ["tcp", "tls", "http", "header"])
def test_close_while_it_opens(where: str, limit: float) -> None:
    """close() ends an opening at once, wherever it stands; start() raises StreamStateError."""
    errors: List[BaseException] = []
    with contextlib.ExitStack() as stack:
        if where == "tcp":
            url = f"ws://127.0.0.1:{stack.enter_context(full_listener())}/x"
        else:
            head = (drip_for_ever(b"HTTP/1.1 101 ", 0.01),) if where == "header" else (stall,)
            peer = stack.enter_context(Peer(*head, greeting=lambda link: None))
            url = peer.url.replace("ws:", "wss:" if where == "tls" else "ws:")
        stt = transcriber(url, connect_timeout=10 * limit)

        def start() -> None:
            try:
                stt.start()
            except TelnyxSTTError as exc:
                errors.append(exc)

        thread = threading.Thread(target=start)
        thread.start()
        if where == "tcp":
            time.sleep(0.05)  # nothing shows that it has begun
        else:
            peer.link()
        started = time.monotonic()
        while thread.is_alive():  # close() before start() closes nothing
            stt.close()
        assert time.monotonic() - started < IN_TIME
        thread.join()
    assert [type(error) for error in errors] == [StreamStateError]
    assert not stt.is_open


# -- trust --------------------------------------------------------------------------------


def test_own_context() -> None:
    """An ssl_context of the user's decides whom to trust."""
    with Peer(*ONE_WORD, tls=serving("localhost")) as peer:
        assert word_from(peer, ssl_context=trusting()) == "word"


def test_unknown_authority() -> None:
    """A certificate that nobody vouches for is an error that says what to do."""
    with Peer(*ONE_WORD, tls=serving("localhost")) as peer:
        error = refusal(peer.url)
    assert "SSL_CERT_FILE" in str(error) and "ssl_context" in str(error)


def test_other_name() -> None:
    """A certificate for another name is an error that tells both names."""
    with Peer(*ONE_WORD, tls=serving("other.example")) as peer:
        error = refusal(peer.url, ssl_context=trusting())
    assert "localhost" in str(error)
    assert error.status is None


def test_certificates_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the error advises helps at once: SSL_CERT_FILE is read for the next connection."""
    bundle = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(str(bundle))
    with Peer(*ONE_WORD, tls=serving("localhost")) as peer:
        refusal(peer.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
        assert word_from(peer) == "word"


def test_tls_to_a_plain_port() -> None:
    """wss:// to a server without TLS is a ConnectError."""

    def greeting(link: Link) -> None:
        link.sock.recv(1000)
        link.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with Peer(greeting=greeting) as peer:
        assert refusal(peer.url.replace("ws:", "wss:")).status is None


def test_plain_to_a_tls_port() -> None:
    """ws:// to a server with TLS is a ConnectError."""
    with Peer(*ONE_WORD, tls=serving("localhost")) as peer:
        assert refusal(peer.url.replace("wss:", "ws:")).status is None


def test_failed_start_changes_nothing() -> None:
    """A failed start() leaves the object as it was: it can be started again, and tells nothing."""
    with Peer(greeting=answer(HEAD + b"\r\n")) as peer:
        told: List[object] = []
        stt = transcriber(peer.url, on_error=told.append, on_close=told.append)
        for _ in range(2):
            with pytest.raises(AuthenticationError):
                stt.start()
    assert told == []
    assert stt.result is None and not stt.is_open
    with pytest.raises(StreamStateError, match="not started"):
        stt.send(b"\0\0")
