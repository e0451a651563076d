"""Peers that mean no good, or know no better: none makes a stream hang, fill the memory or leak."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any, Callable

import pytest

from telnyx_stt_sync import ConnectError, ConnectionLostError, Transcriber
from telnyx_stt_sync.emulator import Emulator
from tests.faults.client import Calls, both_transports, every_way, file, transcriber

How = Callable[[Transcriber], Any]

# What a connection ends with at once, each time it is tried: the emulator's name for it.
POISON = ["huge_frame", "endless_fragments"]


@pytest.mark.parametrize("fault", POISON)
@both_transports
@every_way
def test_frames_without_end(how: How, tls: bool, fault: str) -> None:
    """A frame of 2^40 bytes, or fragments for ever, are refused; the policy has its end, too."""
    calls = Calls()
    with Emulator(faults=fault, tls=tls) as emulator:
        tracemalloc.start()
        try:
            with pytest.raises(ConnectionLostError, match="protocol"):
                how(transcriber(emulator, calls))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert len(emulator.sessions) == 4
    assert peak < 64_000_000


@both_transports
def test_a_handshake_of_a_byte_a_second(tls: bool) -> None:
    """``connect_timeout`` is for all of it, however many bytes come meanwhile."""
    calls = Calls()
    with Emulator(faults="slow_handshake=0.05", tls=tls) as emulator:
        started = time.monotonic()
        with pytest.raises(ConnectError, match="not open in time") as caught:
            file(transcriber(emulator, calls, connect_timeout=0.4, reconnect=False))
        assert time.monotonic() - started < 3.0
    assert caught.value.is_temporary


@both_transports
def test_a_redirect(tls: bool) -> None:
    """It is not followed: it would hand on the key."""
    with Emulator() as elsewhere:
        fault = f"redirect={elsewhere.url}"
        with Emulator(faults=fault, tls=tls) as emulator:
            with pytest.raises(ConnectError, match="redirects are not followed") as caught:
                file(transcriber(emulator, Calls()))
            assert len(emulator.sessions) == 1
        assert elsewhere.sessions == []
    assert caught.value.status == 302


def test_a_certificate_for_another_host() -> None:
    """The connection is refused before the key is sent."""
    with Emulator(faults="wrong_certificate", tls=True) as emulator:
        with pytest.raises(ConnectError, match="certificate"):
            file(transcriber(emulator, Calls()))
        assert emulator.sessions == []
