"""Whoever watches an opening connection is told of each stage that it has behind it."""

from __future__ import annotations

import time
from typing import Any, List, Optional, Tuple

import pytest

from telnyx_stt_sync import ConnectError
from telnyx_stt_sync._dial import Lifeline
from telnyx_stt_sync._options import Options
from telnyx_stt_sync._request import opening_request
from telnyx_stt_sync._transport import open_transport
from telnyx_stt_sync._waker import Waker
from tests.wire.client import KEY
from tests.wire.peer import Peer
from tests.wire.steps import answer, stall, tunnel
from tests.wire.trust import serving, trusting

HOST = "service.test"


def stages(
    url: str, proxy: Optional[str] = None, context: Any = None, *, fails: bool = False
) -> List[Tuple[str, str]]:
    """What is told of one opening."""
    options = Options(api_key=KEY, url=url, input_format="linear16", sample_rate=16000)
    told: List[Tuple[str, str]] = []
    waker = Waker()
    lifeline = Lifeline(
        waker, time.monotonic() + 10.0, lambda: False, lambda *stage: told.append(stage)
    )
    try:
        if fails:
            with pytest.raises(ConnectError):
                open_transport(opening_request(options), proxy, context, lifeline)
        else:
            transport = open_transport(opening_request(options), proxy, context, lifeline)
            waker.forget()
            transport.close()
    finally:
        waker.close()
    assert KEY not in str(told) and "secret" not in str(told)
    return told


def test_the_whole_way() -> None:
    """Through a proxy and TLS: all six, in order, with where they lead and without passwords."""
    with Peer(stall, tls=serving(HOST)) as service, Peer(greeting=tunnel(service.port)) as proxy:
        through = f"http://ann:secret@127.0.0.1:{proxy.port}"
        told = stages(service.url_as(HOST), through, trusting())
    assert told[:4] == [
        ("proxy", f"127.0.0.1 port {proxy.port}"),
        ("look-up", "127.0.0.1: 127.0.0.1"),
        ("TCP", f"127.0.0.1 port {proxy.port}"),
        ("tunnel", f"to {HOST} port {service.port}"),
    ]
    assert [stage for stage, _ in told[4:]] == ["TLS", "upgrade"]
    assert told[4][1].startswith("TLSv1.")


def test_without_proxy_and_tls() -> None:
    """What is not on the way is not told."""
    with Peer(stall) as service:
        told = stages(service.url)
    assert [stage for stage, _ in told] == ["proxy", "look-up", "TCP", "upgrade"]
    assert told[0] == ("proxy", "none")


def test_up_to_the_failure() -> None:
    """A stage that fails, and all after it, are not told."""
    with Peer(greeting=answer(b"HTTP/1.1 401 Unauthorized\r\n\r\n")) as service:
        told = stages(service.url, fails=True)
    assert [stage for stage, _ in told] == ["proxy", "look-up", "TCP"]
    with Peer(tls=serving("other.example")) as service:
        told = stages(service.url, fails=True, context=trusting())
    assert [stage for stage, _ in told] == ["proxy", "look-up", "TCP"]
