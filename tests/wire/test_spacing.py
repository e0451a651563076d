"""Streams that are opened at one moment."""

from __future__ import annotations

import threading
import time
from typing import List

from telnyx_stt_sync import Transcriber
from tests.wire.client import transcriber
from tests.wire.peer import Link, Peer
from tests.wire.steps import close, read_to_close_stream

SPACING = 0.2


def opened(link: Link) -> None:
    """Remember when the connection was open."""
    link.mark("opened")


def test_connects_keep_their_distance() -> None:
    """Streams of one process that start together connect ``connect_spacing`` apart."""
    with Peer(opened, read_to_close_stream(), close()) as peer:
        stts: List[Transcriber] = [transcriber(peer.url, connect_spacing=SPACING) for _ in range(3)]
        threads = [threading.Thread(target=stt.start) for stt in stts]
        before = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for stt in stts:
            stt.close()
        times = sorted(link.marks["opened"] for link in peer.links)
    assert len(times) == 3
    # From the start, not from one to the next: a connection may be slow to open.
    assert all(opened - before >= number * SPACING for number, opened in enumerate(times))
