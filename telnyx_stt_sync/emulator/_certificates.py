"""Certificates for the emulator, made on the spot and trusted by nobody else."""

from __future__ import annotations

import ssl
import warnings
from dataclasses import dataclass

# A name that no host has (RFC 6761).
WRONG_HOST = "wrong.invalid"


@dataclass(frozen=True)
class Contexts:
    """The server's context, one with a certificate for another name, and one that trusts both."""

    server: ssl.SSLContext
    wrong_server: ssl.SSLContext
    client: ssl.SSLContext


def make_contexts(host: str) -> Contexts:
    """Contexts for a server on ``host`` and loopback, and for its clients, who trust only that.

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
    wrong_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(WRONG_HOST).configure_cert(wrong_server)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(client)
    return Contexts(server, wrong_server, client)
