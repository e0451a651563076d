"""Through an HTTP proxy: by option, from the environment, and past it."""

from __future__ import annotations

import base64
import time
from typing import Any, List

import pytest

from telnyx_stt_sync import ConfigurationError, ConnectError
from tests.wire.client import KEY, recording, speech, transcriber
from tests.wire.peer import Peer, Step
from tests.wire.steps import (
    answer,
    close,
    drip_for_ever,
    final,
    read_to_close_stream,
    stall,
    tunnel,
)
from tests.wire.trust import serving, trusting

ONE_WORD: List[Step] = [read_to_close_stream(), final("word"), close()]

# A name that only the proxy can reach.
HOST = "service.test"

SHORT, IN_TIME = 0.3, 4.0


def plain_peer() -> Peer:
    """A service behind the proxy, without TLS."""
    return Peer(*ONE_WORD)


def secure_peer() -> Peer:
    """A service behind the proxy, with TLS."""
    return Peer(*ONE_WORD, tls=serving(HOST))


def address(proxy: Peer, user: str = "") -> str:
    """The proxy's URL."""
    return f"http://{user}127.0.0.1:{proxy.port}"


def word_from(url: str, **options: Any) -> str:
    """What is heard from the service; over TLS with the tests' own trust."""
    if url.startswith("wss:"):
        options.setdefault("ssl_context", trusting())
    return transcriber(url, **options).transcribe_file(recording(speech())).text


def refusal(**options: Any) -> ConnectError:
    """The error of a stream that the proxy does not let through."""
    with pytest.raises(ConnectError) as caught:
        transcriber(f"wss://{HOST}/x", **options).start()
    assert KEY not in str(caught.value)
    return caught.value


def set_environment(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    """Proxy settings as a shell has them."""
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_proxy_option(scheme: str) -> None:
    """A proxy given as option is asked for a tunnel to the host; the key is not for its eyes."""
    service = plain_peer() if scheme == "ws" else secure_peer()
    with service, Peer(greeting=tunnel(service.port)) as proxy:
        name = "127.0.0.1" if scheme == "ws" else HOST
        assert word_from(service.url_as(name), proxy=address(proxy)) == "word"
        request = proxy.link()
        assert request.request_line == f"CONNECT {name}:{service.port} HTTP/1.1"
        assert request.headers["host"] == f"{name}:{service.port}"
        assert "proxy-authorization" not in request.headers
        assert KEY not in "".join(request.header_lines)
        assert service.link().headers["host"] == f"{name}:{service.port}"
        assert "proxy-authorization" not in service.link().headers


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("ann:secret@", "ann:secret", id="plain"),
        pytest.param("ann%40home:p%3As%2Fs@", "ann@home:p:s/s", id="escaped"),
        pytest.param("ann@", "ann:", id="no password"),
        pytest.param("j%C3%B6rg:%E2%82%AC@", "jörg:€", id="not ascii"),
    ],
)
def test_credentials(written: str, meant: str) -> None:
    """User name and password in the proxy's URL go to the proxy, and only there."""
    with secure_peer() as service, Peer(greeting=tunnel(service.port)) as proxy:
        assert word_from(service.url_as(HOST), proxy=address(proxy, written)) == "word"
        told = proxy.link().headers["proxy-authorization"]
        assert told == "Basic " + base64.b64encode(meant.encode()).decode()
        assert "proxy-authorization" not in service.link().headers


@pytest.mark.parametrize("name", ["https_proxy", "HTTPS_PROXY"])
def test_environment_for_wss(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """wss:// goes through the environment's https_proxy, with or without http:// before it."""
    with secure_peer() as service, Peer(greeting=tunnel(service.port)) as proxy:
        set_environment(monkeypatch, **{name: address(proxy), "http_proxy": "http://127.0.0.1:1"})
        assert word_from(service.url_as(HOST)) == "word"
        set_environment(monkeypatch, **{name: f"127.0.0.1:{proxy.port}"})
        assert word_from(service.url_as(HOST)) == "word"
        assert len(proxy.links) == 2


def test_environment_for_ws(monkeypatch: pytest.MonkeyPatch) -> None:
    """ws:// goes through the environment's http_proxy; the key in clear is worth a warning."""
    with plain_peer() as service, Peer(greeting=tunnel(service.port)) as proxy:
        set_environment(monkeypatch, http_proxy=address(proxy), https_proxy="http://127.0.0.1:1")
        with pytest.warns(UserWarning, match="in clear"):
            assert word_from(service.url_as(HOST)) == "word"
        assert len(proxy.links) == 1


def test_option_before_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The option goes before the environment, and before its no_proxy."""
    with secure_peer() as service, Peer(greeting=tunnel(service.port)) as proxy:
        set_environment(monkeypatch, https_proxy="http://127.0.0.1:1", no_proxy="*")
        assert word_from(service.url_as(HOST), proxy=address(proxy)) == "word"


@pytest.mark.parametrize("exempt", [HOST, ".test", "*", f"other.example, {HOST}"])
def test_no_proxy(monkeypatch: pytest.MonkeyPatch, exempt: str) -> None:
    """A host that no_proxy names is connected to without the environment's proxy."""
    with Peer(greeting=stall) as proxy:
        set_environment(monkeypatch, https_proxy=address(proxy), no_proxy=exempt)
        # Where there is no name server: do not wait for it long.
        set_environment(monkeypatch, RES_OPTIONS="timeout:1 attempts:1")
        assert HOST in str(refusal())
        assert proxy.links == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_past_the_environment(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """No environment sends a connection to this machine itself through a proxy."""
    with plain_peer() as service, Peer(greeting=stall) as proxy:
        set_environment(monkeypatch, http_proxy=address(proxy), https_proxy=address(proxy))
        assert word_from(service.url_as(host)) == "word"
        assert proxy.links == []


@pytest.mark.parametrize(
    "status_line",
    ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway", "100 Continue"],
)
def test_refusing_proxy(status_line: str) -> None:
    """A proxy that refuses is named as the one who did, with its reason and without passwords."""
    with Peer(greeting=answer(f"HTTP/1.1 {status_line}\r\n\r\n".encode())) as proxy:
        error = refusal(proxy=address(proxy, "ann:secret@"))
    assert "proxy" in str(error) and status_line in str(error)
    assert "secret" not in str(error)
    # The service's own status: the proxy's must not be taken for a refused key.
    assert (type(error), error.status) == (ConnectError, None)


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 200 OK\r\nX: y\r\n", b"garbage\r\n\r\n", b"\r\n\r\n"]
)
def test_broken_proxy(said: bytes) -> None:
    """A proxy that hangs up before its answer is whole, or answers nonsense, is named."""
    with Peer(greeting=answer(said)) as proxy:
        assert "proxy" in str(refusal(proxy=address(proxy)))


def test_no_proxy_there() -> None:
    """A proxy that nobody runs is an error that names its address."""
    with Peer() as gone:
        pass
    assert f"127.0.0.1 port {gone.port}" in str(refusal(proxy=address(gone)))


def test_silent_proxy() -> None:
    """A proxy that does not answer costs connect_timeout, not more."""
    with Peer(greeting=stall) as proxy:
        started = time.monotonic()
        refusal(proxy=address(proxy), connect_timeout=SHORT)
        assert SHORT * 0.9 < time.monotonic() - started < IN_TIME


def test_dripping_proxy() -> None:
    """A proxy whose answer comes byte by byte and never ends costs connect_timeout, not more."""
    endless = drip_for_ever(b"x", 0.02)
    with Peer(endless, greeting=answer(b"HTTP/1.1 200 OK\r\nX-Slow: ")) as proxy:
        started = time.monotonic()
        refusal(proxy=address(proxy), connect_timeout=SHORT)
        assert SHORT * 0.9 < time.monotonic() - started < IN_TIME


def test_endless_proxy() -> None:
    """A proxy whose answer never ends is cut at a limit."""
    endless = drip_for_ever(b"X-More: 1\r\n" * 500, 0.0)
    with Peer(endless, greeting=answer(b"HTTP/1.1 200 OK\r\n")) as proxy:
        assert "large" in str(refusal(proxy=address(proxy), connect_timeout=60.0))


def test_slow_proxy() -> None:
    """A proxy whose answer comes byte by byte is a proxy like any other."""
    with secure_peer() as service, Peer(greeting=tunnel(service.port, slowly=True)) as proxy:
        assert word_from(service.url_as(HOST), proxy=address(proxy)) == "word"


def test_certificate_behind_a_proxy() -> None:
    """The certificate is checked against the service's name, not the proxy's."""
    with Peer(*ONE_WORD, tls=serving("127.0.0.1")) as service:
        with Peer(greeting=tunnel(service.port)) as proxy:
            error = refusal(proxy=address(proxy), ssl_context=trusting())
    assert HOST in str(error)


def test_unsupported_proxy_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of proxy that is not supported is a ConfigurationError that says where it stands."""
    set_environment(monkeypatch, https_proxy="socks5://ann:secret@127.0.0.1:1080")
    with pytest.raises(ConfigurationError, match="environment") as caught:
        transcriber(f"wss://{HOST}/x").start()
    assert "secret" not in str(caught.value)
