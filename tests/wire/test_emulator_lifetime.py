"""How the emulator starts and stops, whatever clients do, and what it logs."""

from __future__ import annotations

import logging
import socket
import struct
import subprocess
import sys
from contextlib import ExitStack
from typing import Dict, List

import pytest

from telnyx_stt_sync.emulator import Emulator, Query
from tests.wire.emulator_client import (
    DEEPGRAM,
    LIMIT,
    TELNYX,
    WORD,
    open_client,
    read_all,
    refused,
    stop_quickly,
    talk,
    tcp_connection,
)


def test_client_that_vanishes() -> None:
    """A client that goes without a close frame leaves 1006, and no thread."""
    with Emulator() as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            client.send(WORD)
            (session,) = emulator.wait_for_sessions(1, LIMIT)
            assert session.wait_for(lambda it: it.audio_bytes == len(WORD), LIMIT)
            linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.socket.close()
            assert session.closed.wait(LIMIT)
    assert (session.close_code, session.closed_by) == (1006, None)


def test_stop_with_clients_in_every_state() -> None:
    """Leaving waits for no client, whatever it does, and no thread is left."""
    with ExitStack() as clients, Emulator() as emulator:
        streaming = clients.enter_context(open_client(emulator, DEEPGRAM))
        streaming.send(WORD)
        holding = clients.enter_context(open_client(emulator, TELNYX))
        clients.enter_context(tcp_connection(emulator))
        half = clients.enter_context(tcp_connection(emulator))
        half.sendall(b"GET /v2/speech-to-text/transcription HTTP/1.1\r\nHost:")
        emulator.wait_for_sessions(2, LIMIT)
        stop_quickly(emulator)
        assert all(session.closed.is_set() for session in emulator.sessions)
        assert read_all(holding).close_code == 1001


def test_stop_with_a_client_that_does_not_read() -> None:
    """A client that reads nothing cannot hold the emulator up."""
    with Emulator(transcripts=[" ".join(["word"] * 3000)]) as emulator:
        query = {**DEEPGRAM, "interim_results": "true"}
        with open_client(emulator, query) as client:
            client.send(bytes(9600 * 2999))
            (session,) = emulator.sessions
            assert session.wait_for(lambda it: len(it.frames) > 500, LIMIT)
            stop_quickly(emulator)


def test_stop_is_idempotent_and_start_is_not() -> None:
    """Stopping twice, or before starting, is fine; starting twice is an error."""
    emulator = Emulator()
    emulator.stop()
    assert repr(emulator) == "<Emulator, not started>"
    with pytest.raises(RuntimeError, match="has not been started"):
        _ = emulator.url
    with emulator:
        assert "listening, 0 sessions" in repr(emulator)
        with pytest.raises(RuntimeError, match="starts only once"):
            emulator.start()
        assert talk(emulator, WORD).close_code == 1000
    emulator.stop()
    assert "stopped, 1 sessions" in repr(emulator)
    with pytest.raises(RuntimeError, match="starts only once"):
        emulator.start()


def test_port_is_free_again() -> None:
    """A port can be chosen, is refused while it is taken, and is free after stop()."""
    with Emulator() as emulator:
        talk(emulator, WORD)
        with pytest.raises(OSError):
            Emulator(port=emulator.port).start()
    with Emulator(port=emulator.port, transcripts=["again"]) as again:
        assert again.url == emulator.url
        assert talk(again, WORD).finals == ["again"]


def test_ipv6() -> None:
    """An IPv6 address is served, and stands in brackets in the URL."""
    try:
        emulator = Emulator(host="::1", transcripts=["six"]).start()
    except OSError:
        pytest.skip("this machine has no IPv6")
    try:
        assert f"ws://[::1]:{emulator.port}/" in emulator.url
        assert talk(emulator, WORD).finals == ["six"]
    finally:
        emulator.stop()


def test_every_address_has_a_url() -> None:
    """Listening on all addresses, the URL names one that can be connected to."""
    with Emulator(host="0.0.0.0", transcripts=["all"]) as emulator:
        assert "//127.0.0.1:" in emulator.url
        assert talk(emulator, WORD).finals == ["all"]


# Arguments, logs and what has to be installed


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "deepgram"}, "unknown engine 'deepgram'; known: Deepgram, "),
        ({"recogniser": "human"}, "unknown recogniser 'human'"),
        ({"faults": ["late"]}, "unknown fault 'late'"),
        ({"faults": ["wrong_certificate"]}, "wrong_certificate needs Emulator.tls=True"),
        ({"recogniser": "pocketsphinx", "transcripts": ["x"]}, "scripted recogniser only"),
    ],
)
def test_bad_arguments(options: Dict[str, object], message: str) -> None:
    """Arguments that make no sense are refused when the emulator is made."""
    with pytest.raises(ValueError, match=message):
        Emulator(**options)  # type: ignore[arg-type]


def test_script_that_raises_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A function for the script that raises costs its connection, not the emulator."""

    def transcripts(query: Query) -> List[str]:
        raise LookupError("no such script")

    with Emulator(transcripts=transcripts) as emulator:
        with open_client(emulator, DEEPGRAM) as client:
            assert read_all(client).close_code == 1011
        assert refused(emulator, key=None).status_code == 401
    (record,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.name == "telnyx_stt_sync.emulator"
    assert "no such script" in (record.exc_text or "")


def test_logs_tell_no_words_and_no_key(caplog: pytest.LogCaptureFixture) -> None:
    """At INFO there is no transcript, and at no level the key; refusals bring no traceback."""
    caplog.set_level(logging.DEBUG)
    with Emulator(transcripts=["secret words"]) as emulator:
        talk(emulator, WORD * 2, key="secret-key")
        refused(emulator, key=None)
    of_emulator = [r for r in caplog.records if r.name.startswith("telnyx_stt_sync")]
    assert of_emulator
    assert not any(record.exc_info for record in of_emulator)
    assert not any("secret" in record.getMessage() for record in of_emulator)


def test_missing_package_is_named() -> None:
    """Without websockets the package imports, and start() says what to install."""
    code = (
        "import sys; sys.modules['websockets'] = None\n"
        "from telnyx_stt_sync.emulator import Emulator\n"
        "try: Emulator().start()\n"
        "except ImportError as exc: print(exc)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, timeout=LIMIT
    )
    assert b'pip install "telnyx_stt_sync[emulator]"' in done.stdout


def test_importing_starts_nothing() -> None:
    """Importing the emulator loads no websockets, no trustme and starts no thread."""
    code = (
        "import sys, threading, telnyx_stt_sync.emulator\n"
        "print({'websockets', 'trustme', 'pytest'} & set(sys.modules), threading.active_count())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, timeout=LIMIT
    )
    assert done.stdout.split() == [b"set()", b"1"]
