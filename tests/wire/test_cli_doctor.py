"""``telnyx-stt doctor``: the key, the upgrade and the first frame, and what it never tells."""

from __future__ import annotations

import socket
import ssl
import sys
from pathlib import Path

import pytest

from telnyx_stt_sync import __version__
from telnyx_stt_sync.emulator import Emulator
from tests.wire.command import KEY, Shell, emulator, shell
from tests.wire.diagnosis import IN_TIME, SHORT, advised, blamed, key, steps
from tests.wire.peer import Peer
from tests.wire.steps import (
    close,
    final,
    ping_and_read,
    read_to_close_stream,
    stall,
    text,
)

__all__ = ["emulator", "key", "shell"]  # fixtures


def test_all_is_well(shell: Shell, emulator: Emulator) -> None:
    """Against a service that works: every step ok, the words that came, status 0."""
    done = shell("doctor")
    assert done.status == 0
    assert list(steps(done)) == ["key", "proxy", "look-up", "TCP", "upgrade", "first frame"]
    assert set(steps(done).values()) == {"ok"}
    assert "hello world" in done.out
    assert done.err == ""


@pytest.mark.parametrize("engine", ["Deepgram", "Telnyx", "Soniox", "Azure"])
def test_engines(shell: Shell, emulator: Emulator, engine: str) -> None:
    """Each is sent speech and silence, told the end in its own way, and left in good order."""
    done = shell("doctor", "--engine", engine)
    assert done.status == 0, done.out
    (session,) = emulator.sessions
    assert session.query["transcription_engine"] == engine
    assert session.closed.wait(IN_TIME)
    assert session.audio_bytes == 4.5 * 32_000
    told = ['{"type":"CloseStream"}'] if engine in ("Deepgram", "Soniox") else []
    assert session.text_frames == told
    assert session.close_code == 1000


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
    assert "--api-key-file" in done.out and "api_key=" not in done.out
    assert emulator.sessions == []


def test_no_key_and_no_answer(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key, too, a peer that never answers costs connect_timeout."""
    monkeypatch.delenv("TELNYX_API_KEY")
    with Peer(greeting=stall) as peer:
        url = peer.url.replace("ws:", "wss:")
        done = shell("doctor", "--url", url, "--connect-timeout", 1)
    assert steps(done)["TLS"] == "FAILED"
    assert "--connect-timeout" in done.out


@pytest.mark.parametrize("url", ["http://x", "ws://["])
def test_bad_url(shell: Shell, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A URL in the environment that is none is blamed itself, not the key."""
    monkeypatch.setenv("TELNYX_STT_URL", url)
    done = shell("doctor")
    assert blamed(done) == "url"
    assert "TELNYX_STT_URL" in advised(done)


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
    assert "correct this option" in advised(done)
    assert "'Nobody' is not known here" in done.err


@pytest.mark.parametrize(
    ("fault", "says", "advice"),
    [
        ("silent", "nothing came", "another --engine"),
        ("dead=0.2", "1000", "at the same moment"),
        ("close_after=1", "1011", "another --engine"),
    ],
)
def test_no_first_frame(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, fault: str, says: str, advice: str
) -> None:
    """A service that opens and says nothing, or hangs up, is blamed on the first frame."""
    if fault == "silent":
        monkeypatch.setattr("telnyx_stt_sync.cli._checks.PATIENCE", SHORT)
    with Emulator(faults=[fault]) as emulator:
        done = shell("doctor", "--url", emulator.url, "--connect-timeout", 2)
    assert blamed(done) == "first frame"
    assert says in done.out
    assert advice in advised(done)


def test_slow_reader(shell: Shell) -> None:
    """All of the audio goes out also where the service takes it slowly."""
    steps = (read_to_close_stream(), final("word"), stall)
    with Peer(*steps, receive_buffer=2048) as peer:
        assert "final: 'word'" in shell("doctor", "--url", peer.url).out


def test_pings_are_no_frames(shell: Shell) -> None:
    """A ping is answered and does not count; the end without a close frame is told."""
    with Peer(ping_and_read(b"x"), final("word"), stall) as peer:
        assert "final: 'word'" in shell("doctor", "--url", peer.url).out
    with Peer(text({}), stall) as peer:
        assert "shape that is not known" in shell("doctor", "--url", peer.url).out
    with Peer(close(1008, "no")) as peer:
        assert "code 1008, no" in shell("doctor", "--url", peer.url).out
    with Peer() as peer:
        done = shell("doctor", "--url", peer.url)
    assert blamed(done) == "first frame"


def test_usage(shell: Shell) -> None:
    """Options that cannot work are usage errors, in the words of the command line."""
    done = shell("doctor", "--endpointing", "-5")
    assert done.status == 2
    assert "--endpointing" in done.err
