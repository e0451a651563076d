"""Whether the peer has read what was sent: it answers pings in the order in which it reads."""

from __future__ import annotations

# What a ping behind the last audio carries. A peer may answer the newest of several only (RFC 6455,
# section 5.5.3), so those after it carry the same.
LAST = b"end"

# Bytes of audio that may go on without a proof: as many as our own buffer holds.
TRUSTED_BYTES = 65_536


class Receipt:
    """The proof that a normal close came after the audio was read, and not in the middle of it.

    What has left our socket may wait for long in buffers on the way; a peer
    that closes the connection then has not heard it, however normal its close
    is. A peer that has never answered a ping is believed without proof.
    Owner: the I/O thread.
    """

    def __init__(self) -> None:
        self._sent = 0
        self._answers = False
        self._at_end = False  # a proof is wanted, and a ping is sent behind the last audio
        self._read_all = False

    def sent(self, size: int) -> bool:
        """Audio was handed over: whether it is time to learn whether the peer answers pings."""
        before = self._sent
        self._sent += size
        return before < TRUSTED_BYTES <= self._sent

    def end(self) -> bool:
        """The last audio was handed over: whether a ping is to be sent behind it."""
        self._at_end = self._sent >= TRUSTED_BYTES
        return self._at_end

    @property
    def payload(self) -> bytes:
        """What a ping is to carry."""
        return LAST if self._at_end else b""

    def pong(self, payload: bytes) -> None:
        """A pong came."""
        self._answers = True
        self._read_all = self._read_all or (self._at_end and payload == LAST)

    @property
    def is_owed(self) -> bool:
        """Whether the peer answers pings, and has not answered the one behind the last audio."""
        return self._answers and self._at_end and not self._read_all
