"""What the command never prints: the key, the proxy's password, commands to the terminal."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from telnyx_stt_sync.cli._scrub import Scrubber
from telnyx_stt_sync.emulator import Emulator
from tests.wire.command import KEY, Done, Shell, emulator, here, shell, wav
from tests.wire.diagnosis import key
from tests.wire.peer import Link, Peer, Step
from tests.wire.steps import close, final, text

__all__ = ["emulator", "here", "key", "shell"]  # fixtures

PASSWORD = "p%40ss-unmistakable"
BASIC = base64.b64encode(b"ann:p@ss-unmistakable").decode()


def told(done: Done) -> str:
    """All that was printed, in which there is no secret."""
    printed = done.out + done.err
    for secret in (KEY, PASSWORD, "p@ss-unmistakable", BASIC, "Bearer K", "\x1b", "\x9b", "\r"):
        assert secret not in printed
    return printed


def echo(status_line: bytes) -> Step:
    """Answer a request with all that it held, as a debugging server would."""

    def step(link: Link) -> None:
        link.read_head()
        body = "\r\n".join([link.request_line, *link.header_lines]).encode()
        link.send(b"HTTP/1.1 %b\r\nContent-Length: %d\r\n\r\n" % (status_line, len(body)) + body)

    return step


@pytest.mark.parametrize("command", ["doctor", "transcribe"])
@pytest.mark.parametrize("status", [b"401 No", b"500 No", f"403 Bad key {KEY}".encode()])
def test_an_answer_that_repeats_the_request(
    shell: Shell, here: Path, command: str, status: bytes
) -> None:
    """A refusal that holds the request does not bring the key to the screen."""
    files = [wav(here / "a.wav", 0.2)] if command == "transcribe" else []
    with Peer(greeting=echo(status)) as peer:
        options = ("--url", peer.url, *(["--no-reconnect"] if files else []))
        done = shell(command, *files, *options)
    assert done.status == 1
    assert "HTTP " + status.decode()[:3] in told(done)


@pytest.mark.parametrize(
    "step",
    [
        text({"errors": [{"code": "40001", "title": "x", "detail": f"no key {KEY}\r\n\x1b[2J"}]}),
        close(1008, f"{KEY}zz \x1b]0;pwn\x07"),
        text({"error": f"key {KEY}\nall is well \x9b2J"}),
    ],
)
def test_frames_that_repeat_the_key(shell: Shell, step: Step) -> None:
    """Nor does what comes over the open connection, and it stays in its line."""
    with Peer(step) as peer:
        done = shell("doctor", "--url", peer.url)
    assert done.status == 1
    assert "…" in told(done)
    assert "all is well" not in done.out.splitlines()


def test_a_proxy_that_repeats_the_request(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy's refusal does not show the password, as it was given or sent."""

    def refuse(link: Link) -> None:
        link.read_head()
        line = f"HTTP/1.1 407 Proxy-Authorization: Basic {BASIC} {PASSWORD} \x1b[2J\r\n\r\n"
        link.send(line.encode())

    with Peer(greeting=refuse) as proxy:
        address = f"http://ann:{PASSWORD}@127.0.0.1:{proxy.port}"
        given = shell("doctor", "--url", "wss://service.test/x", "--proxy", address)
        monkeypatch.setenv("HTTPS_PROXY", address)
        found = shell("doctor", "--url", "wss://service.test/x")
    for done in (given, found):
        assert "407" in told(done)


@pytest.mark.parametrize(
    "url", [f"https://{KEY}@host", f"http://user:{KEY}@host/", f"ws://u:{KEY}@[", f"{KEY}@host"]
)
def test_a_url_with_a_secret(shell: Shell, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """A URL that can't be used is not repeated when it may hold a password, of any kind."""
    monkeypatch.setenv("TELNYX_API_KEY", "another-key")
    assert "without user and password" in told(shell("doctor", "--url", url))
    monkeypatch.setenv("TELNYX_STT_URL", url)
    assert "without user and password" in told(shell("doctor"))


def test_commands_in_what_was_heard(shell: Shell, here: Path) -> None:
    """A transcript's control characters are shown, not obeyed; JSON stays JSON."""
    wav(here / "a.wav", 0.2)
    with Peer(final("one\x1b[2J\x9b two"), close(1000)) as peer:
        assert "one" in told(shell("doctor", "--url", peer.url))
    with Emulator(transcripts=["one\x1b[2J\x9b\ttwo"]) as emulator:
        done = shell("transcribe", "a.wav", "--url", emulator.url)
    assert told(done) == "one\\u001b[2J\\u009b\ttwo\n"


def test_names_in_one_line(shell: Shell, emulator: Emulator, here: Path) -> None:
    """A name that holds a line end or a command is no message of its own."""
    assert told(shell("transcribe", "a\ntelnyx-stt: b\x1b[2J")).count("\n") == 1


@pytest.mark.parametrize(
    ("secret", "message", "shown"),
    [
        ("4711", "key 4711, '4711' in /x4711/", "key …, '…' in /x4711/"),
        ("long-enough", "xlong-enoughx", "x…x"),
        ("x", "bearer abc.def Authorization: Token abc", "bearer … Authorization: Token …"),
        ("x", "at wss://user:word@host/a@b", "at wss://…@host/a@b"),
        ("", "nothing to hide", "nothing to hide"),
    ],
)
def test_what_is_taken_out(secret: str, message: str, shown: str) -> None:
    """Secrets go wherever they stand; short ones not out of the middle of a word."""
    assert Scrubber(secret, None, {})(message) == shown


PROXY = f"http://ann:{PASSWORD}@host"


@pytest.mark.parametrize(
    ("proxy", "form"),
    [
        (PROXY, PASSWORD),
        (PROXY, "p@ss-unmistakable"),
        (PROXY, BASIC),
        ("http://tok%41en@host", "tok%41en"),
        ("http://tok%41en@host", "tokAen"),
        ("ann:hunter2@host:1", "hunter2"),
        ("", base64.b64encode(KEY.encode()).decode()),
        ("http://ann:much-longer-than-that@host", "much-longer-than-that"),
    ],
)
def test_forms_of_a_secret(proxy: str, form: str) -> None:
    """What is made of a secret is one, however the proxy's URL is written."""
    for scrub in (Scrubber(KEY, proxy, {}), Scrubber(KEY, None, {"all_proxy": proxy})):
        assert scrub(f"it said {form} and no more") == "it said … and no more"


def test_a_secret_that_begins_another() -> None:
    """The longer one goes as a whole."""
    scrub = Scrubber("abcdefgh", "http://ann:abcdefghijkl@host", {})
    assert scrub("abcdefghijkl abcdefgh") == "… …"


def test_reasons_in_one_line(shell: Shell, here: Path) -> None:
    """A reason that holds a line end is no message of its own."""
    wav(here / "a.wav", 0.2)
    with Peer(text({"error": "gone\nall is well"})) as peer:
        done = shell("transcribe", "a.wav", "--url", peer.url)
    assert "gone\\nall is well" in told(done)
