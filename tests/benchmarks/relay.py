"""A slow link, simulated: a relay that keeps bytes back as the link would.

python -m tests.benchmarks.relay PORT ROUND_TRIP LOSS BYTES_PER_SECOND

Prints its own port. What it knows of TCP is what its user feels: every segment travels for half a
round trip, waits its turn where the link is slow, and a lost one comes a retransmission later and
holds up all that was sent behind it. Congestion control is not simulated.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import subprocess
import sys
from typing import Iterator, List, NamedTuple

SEGMENT = 1460  # bytes of a TCP segment on Ethernet
LEAST_TIMEOUT = 0.2  # seconds: Linux retransmits no sooner than that when nothing else tells
WAITING = 65_536  # bytes that may wait for a slow link, as in the buffers of a modem


class Link(NamedTuple):
    """A link in both directions; 0 bytes per second: as fast as one likes."""

    name: str
    round_trip: float  # seconds
    loss: float = 0.0  # of 1
    bytes_per_second: float = 0.0


@contextlib.contextmanager
def relay(link: Link, port: int) -> Iterator[int]:
    """Run it in a process of its own, in front of a port of this machine; gives its port."""
    command = [sys.executable, "-m", __name__, str(port), *map(str, link[1:])]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link) -> None:
    """One direction, to its end."""
    chance = random.Random(1)
    loop = asyncio.get_running_loop()
    on_the_way: asyncio.Queue[List[object]] = asyncio.Queue()
    arriving = asyncio.ensure_future(_arrive(on_the_way, writer))
    free_at = last = 0.0
    with contextlib.suppress(OSError):
        while True:
            data = await reader.read(SEGMENT)
            now = loop.time()
            if link.bytes_per_second:
                free_at = max(now, free_at) + len(data) / link.bytes_per_second
            arrival = max(now, free_at) + link.round_trip / 2
            if chance.random() < link.loss:
                arrival += max(link.round_trip, LEAST_TIMEOUT)
            last = max(last, arrival)
            on_the_way.put_nowait([last, data])
            if not data:
                break
            if link.bytes_per_second:
                await asyncio.sleep(free_at - now - WAITING / link.bytes_per_second)
    await arriving


async def _arrive(on_the_way: asyncio.Queue[List[object]], writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        while True:
            arrival, data = await on_the_way.get()
            assert isinstance(arrival, float) and isinstance(data, bytes)
            await asyncio.sleep(arrival - loop.time())
            if not data:
                break
            writer.write(data)
            await writer.drain()
    writer.close()


async def _serve(port: int, link: Link) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # The handshake of TCP takes a round trip, and is over before this relay hears of it.
        await asyncio.sleep(link.round_trip)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_carry(reader, far_writer, link), _carry(far_reader, writer, link))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    to, *numbers = sys.argv[1:]
    asyncio.run(_serve(int(to), Link("", *map(float, numbers))))
