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
    Owner: who has the turn.
    """

    def __init__(self) -> None:
        self._is_wanted = False  # there is so much audio that a proof is worth a ping
        self._answers = False
        self._at_end = False  # and a ping is sent behind the last audio
        self._read_all = False

    def want(self) -> None:
        """More than ``TRUSTED_BYTES`` of audio were handed over."""
        self._is_wanted = True

    def end(self) -> bool:
        """The last audio was handed over: whether a ping is to be sent behind it."""
        self._at_end = self._is_wanted
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
