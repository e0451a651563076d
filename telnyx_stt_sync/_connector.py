"""Opens a stream's connections, each in its turn. Owner: the I/O thread."""

from __future__ import annotations

import logging
import socket
import time
from typing import Callable

from ._dial import Aborted, Lifeline
from ._errors import ConnectError
from ._options import Options
from ._request import opening_request
from ._spacing import spacing
from ._transport import Transport, open_transport
from ._waker import Waker

logger = logging.getLogger("telnyx_stt_sync")


class Connector:
    """Waits until it may connect, then dials and upgrades; any wish to stop ends either.

    Owner: the I/O thread.
    """

    def __init__(
        self, name: str, options: Options, waker: Waker, is_stopped: Callable[[], bool]
    ) -> None:
        self._name = name
        self._options = options
        self._waker = waker
        self._is_stopped = is_stopped
        self._has_connected = False

    def open(self, not_before: float) -> Transport:
        """A connection, dialled at ``not_before`` (``time.monotonic()``) or when its turn comes.

        Blocks until then, and for ``connect_timeout``. Raises ``ConnectError`` or its
        subclass ``AuthenticationError``, and ``Aborted`` when the stream is stopped.
        """
        self._pause(not_before)
        now = time.monotonic()
        self._pause(now + spacing().delay(self._options.connect_spacing, now))
        deadline = time.monotonic() + self._options.connect_timeout
        try:
            return self._dial(Lifeline(self._waker, deadline, self._is_stopped))
        except ConnectError as exc:
            # A name that was known before will be known again: it is the network.
            if self._has_connected and isinstance(exc.__cause__, socket.gaierror):
                exc.is_temporary = True
            raise

    def _dial(self, lifeline: Lifeline) -> Transport:
        options = self._options
        request = opening_request(options)
        logger.debug("%s: connecting to %s", self._name, request.url)
        transport = open_transport(request, options.proxy, options.ssl_context, lifeline)
        self._has_connected = True
        return transport

    def _pause(self, until: float) -> None:
        """Wait, unless somebody wants it to stop: then ``Aborted``."""
        while not self._is_stopped():
            left = until - time.monotonic()
            if left <= 0:
                return
            self._waker.wait(None, 0, left)
        raise Aborted
