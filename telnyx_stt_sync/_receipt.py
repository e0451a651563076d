"""Whether the peer has read what was sent: it answers pings in the order in which it reads."""

from __future__ import annotations

# What the pings carry: the one that asks whether the peer answers, and those behind the last
# audio. A peer may answer the newest of several only, and send pongs that nobody asked for
# (RFC 6455, section 5.5.3).
FIRST, LAST = b"audio", b"end"

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
        self._is_wanted = False  # it is time to learn whether the peer answers
        self._answers = False
        self._at_end = False  # a proof is wanted, and a ping is sent behind the last audio
        self._read_all = False

    def sent(self, size: int) -> bool:
        """Audio was handed over: whether it is time to learn whether the peer answers pings."""
        before = self._sent
        self._sent += size
        is_now = before < TRUSTED_BYTES <= self._sent
        self._is_wanted = self._is_wanted or is_now
        return is_now

    def end(self) -> bool:
        """The last audio was handed over: whether a ping is to be sent behind it."""
        self._at_end = self._sent >= TRUSTED_BYTES
        return self._at_end

    @property
    def payload(self) -> bytes:
        """What a ping is to carry."""
        if self._at_end:
            return LAST
        return FIRST if self._is_wanted else b""

    def pong(self, payload: bytes) -> None:
        """A pong came."""
        self._answers = self._answers or payload in (FIRST, LAST)
        self._read_all = self._read_all or (self._at_end and payload == LAST)

    @property
    def is_owed(self) -> bool:
        """Whether the peer answers pings, and has not answered the one behind the last audio."""
        return self._answers and self._at_end and not self._read_all
