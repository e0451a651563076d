"""A certificate for the emulator, made on the spot and trusted by nobody else."""

from __future__ import annotations

import ssl
import warnings
from typing import Tuple


def make_contexts(host: str) -> Tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for ``host`` and loopback, and a client's that trusts only that.

    Raises ``RuntimeError`` when the package ``trustme`` is missing.
    """
    try:
        with warnings.catch_warnings():
            # Underneath, cryptography warns of Python 3.8; tests may make errors of warnings.
            warnings.simplefilter("ignore")
            import trustme
    except ImportError as exc:
        raise RuntimeError(
            "Emulator(tls=True) needs the package trustme: "
            'pip install "telnyx_stt_sync[emulator-tls]"'
        ) from exc
    authority = trustme.CA()
    names = {"localhost", "127.0.0.1", "::1"} | ({host} if host else set())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*sorted(names)).configure_cert(server)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(client)
    return server, client
