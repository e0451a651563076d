"""The emulator over TLS."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys

import pytest

from telnyx_stt_sync.emulator import Emulator, word_audio
from tests.wire.emulator_client import (
    CLOSE_STREAM,
    DEEPGRAM,
    LIMIT,
    TELNYX,
    WORD,
    emulator_threads,
    open_client,
    read_all,
    refused,
    stop_quickly,
    talk,
    tcp_connection,
)


def test_session_over_tls() -> None:
    """With tls=True the URL is wss, and ssl_context is what a client needs."""
    words = [f"w{number}" for number in range(300)]
    with Emulator(tls=True) as emulator:
        assert emulator.url.startswith("wss://127.0.0.1:")
        for chunk in (640, 8000, 1 << 30):
            said = talk(emulator, word_audio(words), chunk=chunk)
            assert " ".join(said.finals).split() == words
            assert said.close_code == 1000
    assert emulator_threads() == []


def test_both_ways_at_once() -> None:
    """Frames go out while audio comes in, for a while, and nothing is corrupted."""
    words = [f"w{number}" for number in range(1000)]
    with Emulator(tls=True, faults=["real_time=1000"]) as emulator:
        query = {**DEEPGRAM, "interim_results": "true"}
        with open_client(emulator, query) as client:
            audio = word_audio(words)
            for at in range(0, len(audio), 3200):
                client.send(audio[at : at + 3200])
            client.send(CLOSE_STREAM)
            said = read_all(client)
    assert " ".join(said.finals).split() == words


def test_only_its_own_context_trusts_it() -> None:
    """Any other client refuses the certificate, and the emulator goes on."""
    with Emulator(tls=True, transcripts=["one"]) as emulator:
        context = ssl.create_default_context()
        with tcp_connection(emulator) as raw, pytest.raises(ssl.SSLError):
            context.wrap_socket(raw, server_hostname="localhost")
        assert talk(emulator, WORD).finals == ["one"]


def test_name_and_address_are_in_the_certificate() -> None:
    """localhost and the loopback address are both served."""
    with Emulator(tls=True, transcripts=["one"]) as emulator:
        url = emulator.url.replace("127.0.0.1", "localhost")
        assert talk(emulator, WORD, url=url).finals == ["one"]


def test_certificate_for_another_name() -> None:
    """With wrong_certificate, whoever checks the host name refuses it; the next one is well."""
    faults = ["wrong_certificate@1"]
    with Emulator(tls=True, transcripts=["one"], faults=faults) as emulator:
        with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
            open_client(emulator)
        assert talk(emulator, WORD).finals == ["one"]
        assert len(emulator.sessions) == 1


def test_wrong_certificate_is_a_trusted_one() -> None:
    """Its authority is the emulator's own: only the name is wrong."""
    with Emulator(tls=True, faults=["wrong_certificate"]) as emulator:
        context = emulator.ssl_context
        assert context is not None
        context.check_hostname = False
        with tcp_connection(emulator) as raw:
            with context.wrap_socket(raw, server_hostname="127.0.0.1") as client:
                certificate = client.getpeercert() or {}
    assert certificate["subjectAltName"] == (("DNS", "wrong.invalid"),)


def test_plain_has_no_context() -> None:
    """Without TLS there is nothing to trust."""
    with Emulator() as emulator:
        assert emulator.ssl_context is None


def test_refusal_over_tls() -> None:
    """A refusal's body arrives over TLS as well."""
    with Emulator(tls=True) as emulator:
        response = refused(emulator, key=None)
    assert response.status_code == 401
    assert b"API key" in response.body


def test_tls_ends_in_good_order() -> None:
    """The server says close_notify, so that its end cannot be taken for a cut."""
    with Emulator(tls=True) as emulator, tcp_connection(emulator) as raw:
        assert emulator.ssl_context is not None
        with emulator.ssl_context.wrap_socket(
            raw, server_hostname="127.0.0.1", suppress_ragged_eofs=False
        ) as client:
            client.sendall(b"GET /other HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 404")


def test_reset_over_tls() -> None:
    """A reset reaches through TLS."""
    with Emulator(tls=True, faults=["reset_after=9600"]) as emulator:
        assert talk(emulator, WORD * 10).close_code is None


def test_stop_in_the_middle_of_a_handshake() -> None:
    """Clients that have not finished TLS, or never speak, do not hold the emulator up."""
    with Emulator(tls=True) as emulator, open_client(emulator, TELNYX) as client:
        client.send(WORD)
        with tcp_connection(emulator), tcp_connection(emulator) as half:
            half.sendall(b"\x16\x03\x01")
            stop_quickly(emulator)


def test_plain_client_of_a_tls_emulator() -> None:
    """Who speaks no TLS is hung up on."""
    with Emulator(tls=True) as emulator, tcp_connection(emulator) as raw:
        raw.settimeout(LIMIT)
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        try:
            while raw.recv(4096):
                pass
        except socket.timeout:
            raise
        except OSError:
            pass  # A reset will do.


def test_missing_package_is_named() -> None:
    """Without trustme, tls=True says what to install, and nothing is left listening."""
    code = (
        "import sys; sys.modules['trustme'] = None\n"
        "from telnyx_stt_sync.emulator import Emulator\n"
        "try: Emulator(tls=True).start()\n"
        "except RuntimeError as exc: print(exc)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        stdout=subprocess.PIPE,
        check=True,
        timeout=LIMIT,
    )
    assert b'pip install "telnyx_stt_sync[emulator-tls]"' in done.stdout
