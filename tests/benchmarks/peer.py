"""A WebSocket server in a process of its own that does as little as possible.

``/discard`` reads until a text frame (``CloseStream``) and closes with 1000. ``/talk`` sends
transcript frames of about 300 bytes, one every 3 ms, each with the time at which it was sent,
then closes with 1000. No library, so that only the client is measured.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import subprocess
import sys
import time
from typing import Iterator

TALK_FRAMES = 1000
TALK_PAUSE = 0.003
CLOSE = b"\x88\x02\x03\xe8"


@contextlib.contextmanager
def peer() -> Iterator[str]:
    """Run it; yields its ``ws://`` URL without a path."""
    process = subprocess.Popen([sys.executable, "-m", __name__], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"ws://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def main() -> None:
    """Serve one connection after the other until killed; prints the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        while True:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(ConnectionError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                path = upgrade(connection)
                talk(connection) if path.startswith("/talk") else discard(connection)


def upgrade(connection: socket.socket) -> str:
    """Answer the opening request; returns its path."""
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


def discard(connection: socket.socket) -> None:
    """Read frames until one is text, then close."""
    with connection.makefile("rb", buffering=1 << 18) as stream:
        while True:
            opcode, length = stream.read(2)
            size = length & 0x7F
            if size == 126:
                (size,) = struct.unpack("!H", stream.read(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", stream.read(8))
            stream.read(4 + size)
            if opcode & 0x0F == 1:
                break
    connection.sendall(CLOSE)
    connection.recv(65536)


def talk(connection: socket.socket) -> None:
    """Send transcripts, whatever the client says."""
    for _ in range(TALK_FRAMES):
        time.sleep(TALK_PAUSE)
        frame = {"transcript": "word " * 40, "is_final": True, "sent_ns": time.monotonic_ns()}
        text = json.dumps(frame).encode()
        connection.sendall(b"\x81\x7e" + struct.pack("!H", len(text)) + text)
    connection.sendall(CLOSE)
    connection.recv(65536)


if __name__ == "__main__":
    main()
