"""Certificates for the tests: an authority of our own, made when it is first asked for."""

from __future__ import annotations

import functools
import ssl
import warnings

with warnings.catch_warnings():
    # Its dependency warns, when it is imported, of the age of Python 3.8.
    warnings.simplefilter("ignore")
    import trustme


@functools.lru_cache(maxsize=None)
def authority() -> trustme.CA:
    """The authority that nobody trusts but ``trusting()``."""
    return trustme.CA()


def serving(*names: str) -> ssl.SSLContext:
    """A server's context with a certificate for these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(*names).configure_cert(context)
    return context


def trusting() -> ssl.SSLContext:
    """A client's context that trusts the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority().configure_trust(context)
    return context
