"""The frames that the benchmarks' server sends."""

from __future__ import annotations

import json
import struct
import time
from typing import Any, Dict

CLOSE = b"\x88\x02\x03\xe8"
WORDS = "word " * 40


def final(**facts: Any) -> bytes:
    """The frame of a final of about 300 bytes that tells when it was sent."""
    told: Dict[str, Any] = {"transcript": WORDS, "is_final": True, "confidence": 0.98, **facts}
    told["channel"] = time.monotonic_ns()
    text = json.dumps(told).encode()
    if len(text) < 65536:
        return b"\x81\x7e" + struct.pack("!H", len(text)) + text
    return b"\x81\x7f" + struct.pack("!Q", len(text)) + text


def pong(mask: bytes, payload: bytes) -> bytes:
    """The answer to a ping."""
    data = unmasked(mask, payload)
    return bytes([0x8A, len(data)]) + data


def unmasked(mask: bytes, payload: bytes) -> bytes:
    """The payload as it was before it was masked."""
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
