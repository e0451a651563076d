"""``telnyx-stt doctor``: which step it blames, what it advises, and what it never tells."""

from __future__ import annotations

import datetime
import socket
import ssl
import sys
import time
from pathlib import Path
from typing import Dict

import pytest

from telnyx_stt_sync import __version__
from telnyx_stt_sync.emulator import Emulator
from tests.wire.command import KEY, Done, Shell, emulator, here, shell
from tests.wire.peer import Peer
from tests.wire.steps import answer, close, interrupt, raw, stall, tunnel
from tests.wire.trust import authority, serving

__all__ = ["emulator", "here", "shell"]  # fixtures

# Seconds that a connect may take in the tests of its deadline, and how long is "in time".
SHORT, IN_TIME = 0.3, 5.0


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a key, unless a test takes it away."""
    monkeypatch.setenv("TELNYX_API_KEY", KEY)


def steps(done: Done) -> Dict[str, str]:
    """Step → ``ok`` or ``FAILED``; the key is in nothing that was printed."""
    assert KEY not in done.out + done.err
    found = {}
    for line in done.out.splitlines():
        words = line[12:].split()
        if words and words[0] in ("ok", "FAILED"):
            found[line[:12].strip()] = words[0]
    return found


def blamed(done: Done) -> str:
    """The one step that failed, which is the last but for a missing key."""
    assert done.status == 1
    failed = [step for step, state in steps(done).items() if state == "FAILED"]
    assert len(failed) == 1, done.out
    return failed[0]


def advised(done: Done) -> str:
    """The one line that says what to do."""
    (line,) = [line for line in done.out.splitlines() if "to mend it: " in line]
    return line.split("to mend it: ")[1]


def test_all_is_well(shell: Shell, emulator: Emulator) -> None:
    """Against a service that works: every step ok, the words that came, status 0."""
    done = shell("doctor")
    assert done.status == 0
    assert list(steps(done)) == ["key", "proxy", "look-up", "TCP", "upgrade", "first frame"]
    assert set(steps(done).values()) == {"ok"}
    assert "hello world" in done.out
    assert done.err == ""


@pytest.mark.parametrize("engine", ["Telnyx", "Soniox", "Azure"])
def test_engines(shell: Shell, emulator: Emulator, engine: str) -> None:
    """Engines that never close, or that wait for silence, answer as well."""
    done = shell("doctor", "--engine", engine)
    assert done.status == 0, done.out
    (session,) = emulator.sessions
    assert session.query["transcription_engine"] == engine


def test_versions(shell: Shell, emulator: Emulator) -> None:
    """The versions that matter come first, and nothing of this machine or its user."""
    first = shell("doctor").out.splitlines()[0]
    assert f"telnyx_stt_sync {__version__}" in first
    assert sys.version.split()[0] in first
    assert ssl.OPENSSL_VERSION in first
    assert "websocket-client 1." in first
    for private in (socket.gethostname(), str(Path.home()), str(Path.cwd())):
        assert private not in shell("doctor").out


def test_no_key(shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key it says so, and still looks at the way as far as it needs none."""
    monkeypatch.delenv("TELNYX_API_KEY")
    done = shell("doctor")
    assert blamed(done) == "key"
    assert steps(done)["TCP"] == "ok"
    assert "TELNYX_API_KEY" in advised(done)
    assert emulator.sessions == []


def test_unusable_key(shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that no header may hold is blamed before anything is opened."""
    monkeypatch.setenv("TELNYX_API_KEY", f"{KEY} x")
    assert blamed(shell("doctor")) == "key"
    assert emulator.sessions == []


def test_wrong_key(shell: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that the service refuses is blamed on the key."""
    monkeypatch.setenv("TELNYX_API_KEY", f"{KEY}x")
    done = shell("doctor")
    assert blamed(done) == "upgrade"
    assert "the key is wrong" in advised(done)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("forbidden", "not allowed"),
        ("too_many_requests=7", "wait 7 s"),
        ("unavailable", "down or overloaded: wait a minute"),
        ("redirect", "login page"),
    ],
)
def test_refusals(shell: Shell, monkeypatch: pytest.MonkeyPatch, fault: str, says: str) -> None:
    """What the service answers in place of an upgrade, each has its own advice."""
    with Emulator(faults=[fault]) as emulator:
        done = shell("doctor", "--url", emulator.url)
    assert blamed(done) == "upgrade"
    assert says in advised(done)


def test_refused_option(shell: Shell, emulator: Emulator) -> None:
    """An option that the service refuses after the upgrade is blamed on the first frame."""
    done = shell("doctor", "--engine", "Nobody")
    assert blamed(done) == "first frame"
    assert "40007" in done.out
    assert "correct it" in advised(done)


@pytest.mark.parametrize(
    ("fault", "says"), [("silent", "nothing came"), ("dead=0.2", "1000"), ("close_after=1", "1011")]
)
def test_no_first_frame(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, fault: str, says: str
) -> None:
    """A service that opens and says nothing, or hangs up, is blamed on the first frame."""
    monkeypatch.setattr("telnyx_stt_sync.cli._checks.LEAST_PATIENCE", SHORT)
    with Emulator(faults=[fault]) as emulator:
        done = shell("doctor", "--url", emulator.url, "--connect-timeout", 2)
    assert blamed(done) == "first frame"
    assert says in done.out


def test_pings_are_no_frames(shell: Shell) -> None:
    """A ping is answered and does not count; the end without a close frame is told."""
    with Peer(raw(b"\x89\x00"), raw(b"\x81\x02{}"), stall) as peer:
        assert "shape that is not known" in shell("doctor", "--url", peer.url).out
    with Peer(close(1008, "no")) as peer:
        assert "code 1008, no" in shell("doctor", "--url", peer.url).out
    with Peer() as peer:
        done = shell("doctor", "--url", peer.url)
    assert blamed(done) == "first frame"


def test_dead_network(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without name look-up that is what is blamed, and nothing after it is tried."""

    def nobody(*arguments: object, **more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

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
    with Peer(greeting=interrupt) as peer:
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
            monkeypatch.setattr("telnyx_stt_sync.cli._checks.LEAST_PATIENCE", SHORT)
            url, via = service.url_as("service.test"), f"http://127.0.0.1:{proxy.port}"
            done = shell("doctor", "--url", url, "--proxy", via, "--connect-timeout", 3)
    assert list(steps(done))[3:6] == ["TCP", "tunnel", "TLS"]
    assert "TLSv1." in done.out


def test_key_in_clear(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """ws:// to another host is pointed out: the key would cross the network in clear."""

    def nobody(*arguments: object, **more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    assert "in clear" in shell("doctor", "--url", "ws://service.test/x").out


def test_usage(shell: Shell) -> None:
    """Options that cannot work are usage errors, in the words of the command line."""
    done = shell("doctor", "--endpointing", "-5")
    assert done.status == 2
    assert "--endpointing" in done.err
