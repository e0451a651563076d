"""A WebSocket server in a process of its own that does as little as possible.

No library and no recogniser, so that only the client is measured. The path begins with what it
does; all read until a text frame (``CloseStream``), answer it with a final and the close code 1000:

- ``/discard``: nothing else;
- ``/first``: prints when the first byte of audio came;
- ``/stamps``: the first 8 bytes of each frame are the time at which it was sent; the last final
  carries how long each was on its way, in ``delays``;
- ``/talk/COUNT/PAUSE``: sends so many finals of about 300 bytes, one every PAUSE seconds, each with
  the time at which it was sent, then discards;
- ``/live/PAUSE``: sends such a final every PAUSE seconds until the end; ``/live/PAUSE/stamps``
  both.

Times are nanoseconds of the monotonic clock, which all processes of a machine share. A final
carries its own in ``channel``: that is what every client hands on.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import select
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from typing import Any, Iterator, List, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from tests.benchmarks.frames import CLOSE, final, pong, unmasked
from tests.benchmarks.live_loop import Live, LiveLoop


class PeerProcess(NamedTuple):
    """The running server: ``ws://`` and ``wss://`` URLs without a path, the file that it trusts."""

    url: str
    tls_url: str
    process: subprocess.Popen[str]

    def line(self) -> Any:
        """The next line that it prints, from JSON. Blocks."""
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())


@contextlib.contextmanager
def peer(certificate: Optional[str] = None) -> Iterator[PeerProcess]:
    """Run it; ``certificate`` is a PEM file with a key for TLS."""
    command = [sys.executable, "-m", __name__] + ([certificate] if certificate else [])
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port, tls_port = json.loads(process.stdout.readline())
        yield PeerProcess(f"ws://127.0.0.1:{port}", f"wss://localhost:{tls_port}", process)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    """Serve until killed; prints the ports, plain and TLS."""
    loop = LiveLoop()
    context = None
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1])
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as plain:
        with socket.create_server(("127.0.0.1", 0), backlog=1024) as secure:
            ports = [listener.getsockname()[1] for listener in (plain, secure)]
            print(json.dumps(ports), flush=True)
            while True:
                for listener in select.select([plain, secure], [], [])[0]:
                    connection, _ = listener.accept()
                    wrap = context if listener is secure else None
                    threading.Thread(
                        target=serve, args=(connection, wrap, loop), daemon=True
                    ).start()


def serve(connection: socket.socket, context: Optional[ssl.SSLContext], loop: LiveLoop) -> None:
    """One connection, on a thread of its own."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        if context is not None:
            connection = context.wrap_socket(connection, server_side=True)
        stack.enter_context(connection)
        what, *numbers = urlsplit(upgrade(connection)).path.strip("/").split("/")
        if what == "talk":
            talk(connection, int(numbers[0]), float(numbers[1]))
        elif what == "live":
            stack.pop_all()
            loop.add(Live(connection, float(numbers[0]), is_stamped=numbers[-1] == "stamps"))
        else:
            listen(connection, what)


def upgrade(connection: socket.socket) -> str:
    """Answer the opening request; returns its target."""
    request = b""
    while not request.endswith(b"\r\n\r\n"):
        request += connection.recv(65536)
    lines = request.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    key = headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
    connection.sendall(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept}\r\n\r\n".encode()
    )
    return lines[0].split(" ")[1]


def frames(connection: socket.socket) -> Iterator[Tuple[int, bytes, bytes]]:
    """Opcode, mask and masked payload of each frame; ends with the stream."""
    with connection.makefile("rb", buffering=1 << 18) as stream:
        while True:
            head = stream.read(2)
            if len(head) < 2:
                return
            size = head[1] & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", stream.read(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", stream.read(8))
            yield head[0] & 0x0F, stream.read(4), stream.read(size)


def listen(connection: socket.socket, what: str) -> None:
    """Read to the end; ``what``: whether times are wanted."""
    delays: List[int] = []
    is_first = what == "first"
    for opcode, mask, payload in frames(connection):
        if opcode == 1:
            break
        if opcode == 9:
            connection.sendall(pong(mask, payload))
        elif opcode == 2 and what == "stamps":
            stamp = unmasked(mask, payload[:8])
            delays.append(time.monotonic_ns() - struct.unpack("!q", stamp)[0])
        elif opcode == 2 and is_first:
            is_first = False
            print(json.dumps(time.monotonic_ns()), flush=True)
    end(connection, delays=delays)


def talk(connection: socket.socket, count: int, pause: float) -> None:
    """Send transcripts, whatever the client says, then read to the end."""
    for _ in range(count):
        time.sleep(pause)
        connection.sendall(final())
    listen(connection, "discard")


def end(connection: socket.socket, **facts: Any) -> None:
    """The last final and the close; the client's own is waited for, then TCP ends."""
    connection.sendall(final(**facts) + CLOSE)
    connection.recv(65536)


if __name__ == "__main__":
    main()
