"""``telnyx-stt doctor``: look-up, TCP, proxies, TLS and certificates."""

from __future__ import annotations

import datetime
import socket
import ssl
import sys
import time
from pathlib import Path

import pytest

from tests.wire.command import Done, Shell, shell
from tests.wire.diagnosis import IN_TIME, SHORT, advised, blamed, key, steps
from tests.wire.peer import Link, Peer
from tests.wire.steps import (
    answer,
    interrupt,
    stall,
    tunnel,
)
from tests.wire.trust import authority, serving

__all__ = ["key", "shell"]  # fixtures


def nobody(*arguments: object, **more: object) -> None:
    """The look-up of a name, with the network gone."""
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_dead_network(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without name look-up that is what is blamed, and nothing after it is tried."""
    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    done = shell("doctor")
    assert blamed(done) == "look-up"
    assert list(steps(done))[-1] == "look-up"
    assert "online" in advised(done)


def test_nobody_there(shell: Shell) -> None:
    """A port at which nobody listens, on this machine, may be an emulator that was stopped."""
    with Peer() as gone:
        pass
    done = shell("doctor", "--url", gone.url)
    assert blamed(done) == "TCP"
    assert "telnyx-stt emulate" in advised(done)


def test_bounded(shell: Shell) -> None:
    """A peer that never answers costs connect_timeout, not more."""
    with Peer(greeting=stall) as peer:
        started = time.monotonic()
        done = shell("doctor", "--url", peer.url, "--connect-timeout", SHORT)
        assert SHORT * 0.9 < time.monotonic() - started < IN_TIME
    assert blamed(done) == "upgrade"
    assert "--connect-timeout" in advised(done)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is sent to one thread")
def test_interrupt(shell: Shell) -> None:
    """Ctrl-C ends it at once, with status 130 and nothing left behind."""

    def step(link: Link) -> None:
        link.read_head()  # so it waits; between two lines of Python a socket could be lost
        interrupt(link)

    with Peer(greeting=step) as peer:
        assert shell("doctor", "--url", peer.url).status == 130


@pytest.mark.parametrize(
    ("status_line", "says"),
    [("407 Proxy Authentication Required", "user name and password"), ("403 No", "CONNECT")],
)
def test_refusing_proxy(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, status_line: str, says: str
) -> None:
    """A proxy that refuses is blamed itself; its password is never shown."""
    with Peer(greeting=answer(f"HTTP/1.1 {status_line}\r\n\r\n".encode())) as proxy:
        monkeypatch.setenv("https_proxy", f"http://ann:secret@127.0.0.1:{proxy.port}")
        done = shell("doctor", "--url", "wss://service.test/x")
    assert blamed(done) == "tunnel"
    assert says in advised(done)
    assert f"127.0.0.1 port {proxy.port}" in done.out
    assert "secret" not in done.out + done.err


@pytest.mark.parametrize("host", ["service.test", "127.0.0.1"])
def test_proxy_that_is_not_there(shell: Shell, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Where nobody listens at the proxy, that is what is to be mended, not the service."""
    with Peer() as gone:
        pass
    done = shell("doctor", "--url", f"wss://{host}/x", "--proxy", f"http://127.0.0.1:{gone.port}")
    assert blamed(done) == "TCP"
    assert "that is the proxy" in advised(done)


def test_proxy_whose_name_is_wrong(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that can't be looked up is told from a service that can't."""
    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    done = shell("doctor", "--url", "wss://service.test/x")
    assert blamed(done) == "look-up"
    assert "the name of the proxy" in advised(done)


def test_unsupported_proxy(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of proxy that is not supported is blamed on the proxy."""
    monkeypatch.setenv("https_proxy", "socks5://ann:secret@127.0.0.1:1080")
    done = shell("doctor", "--url", "wss://service.test/x")
    assert blamed(done) == "proxy"
    assert "https_proxy" in advised(done)
    assert "secret" not in done.out + done.err


def tls_doctor(shell: Shell, context: ssl.SSLContext) -> Done:
    """What it finds at a service with this certificate."""
    with Peer(stall, tls=context) as peer:
        return shell("doctor", "--url", peer.url)


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """This machine trusts the authority of the tests."""
    bundle = tmp_path / "ca.pem"
    authority().cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))


def test_unknown_authority(shell: Shell) -> None:
    """A certificate that nobody vouches for: SSL_CERT_FILE is the way out."""
    done = tls_doctor(shell, serving("localhost"))
    assert blamed(done) == "TLS"
    assert "SSL_CERT_FILE" in advised(done)


def test_no_certificates(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python that finds no CA certificates at all is told so."""
    monkeypatch.setenv("SSL_CERT_FILE", "/does/not/exist")
    monkeypatch.setenv("SSL_CERT_DIR", "/does/not/exist")
    done = tls_doctor(shell, serving("localhost"))
    assert "finds no CA certificates" in advised(done)


def test_another_name(shell: Shell, trusted: None) -> None:
    """A certificate for another name: somebody else answers."""
    assert "somebody else answers" in advised(tls_doctor(shell, serving("other.example")))


def test_wrong_clock(shell: Shell, trusted: None) -> None:
    """A certificate that is out of its time: it may be this machine's clock."""
    expired = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = datetime.datetime(2020, 1, 1)
    authority().issue_cert("localhost", not_after=past).configure_cert(expired)
    advice = advised(tls_doctor(shell, expired))
    assert "clock" in advice and time.strftime("%Y-") in advice


def test_tls_and_proxy(shell: Shell, trusted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through a proxy and TLS there are two more steps, and the protocol's version."""
    with Peer(stall, tls=serving("service.test")) as service:
        with Peer(greeting=tunnel(service.port)) as proxy:
            monkeypatch.setattr("telnyx_stt_sync.cli._checks.PATIENCE", SHORT)
            url, via = service.url_as("service.test"), f"http://127.0.0.1:{proxy.port}"
            done = shell("doctor", "--url", url, "--proxy", via, "--connect-timeout", 3)
    assert list(steps(done))[3:6] == ["TCP", "tunnel", "TLS"]
    assert "TLSv1." in done.out


def test_key_in_clear(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """ws:// to another host is pointed out: the key would cross the network in clear."""
    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert "in clear" in shell("doctor", "--url", "ws://service.test/x").out
