"""Where a stream may stand, and from where it may go where."""

from __future__ import annotations

import enum
from typing import Dict, FrozenSet


class Phase(enum.Enum):
    """Where a stream stands."""

    CONNECTING = "connecting"  # for the first time, or again
    STREAMING = "streaming"  # audio may be sent
    DRAINING = "draining"  # no more audio will come; transcripts are owed to us
    CLOSING = "closing"  # we have ended it; the peer may still have something on the way
    CLOSED = "closed"


TRANSITIONS: Dict[Phase, FrozenSet[Phase]] = {
    Phase.CONNECTING: frozenset({Phase.STREAMING, Phase.CLOSED}),
    Phase.STREAMING: frozenset({Phase.CONNECTING, Phase.DRAINING, Phase.CLOSED}),
    Phase.DRAINING: frozenset({Phase.CONNECTING, Phase.CLOSING, Phase.CLOSED}),
    Phase.CLOSING: frozenset({Phase.CLOSED}),
    Phase.CLOSED: frozenset(),
}
