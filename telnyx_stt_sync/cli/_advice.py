"""What to do about a step that failed, in one line."""

from __future__ import annotations

import ssl
import time
from typing import Dict, Iterator, Optional

from .._errors import (
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    RequestRejectedError,
)
from .._option_checks import LOOPBACK_HOSTS
from ._checks import Check

# OpenSSL's x509_vfy.h: numbers of what is wrong with a certificate.
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME = 9, 10, 62

_BY_STAGE: Dict[str, str] = {
    "key": "export TELNYX_API_KEY=... with a key from Telnyx's portal, or give --api-key-file",
    "url": "correct --url or TELNYX_STT_URL",
    "proxy": "correct --proxy, or the environment's https_proxy",
    "look-up": "is this machine online, and the name right? Where only a proxy gets out, set "
    "https_proxy",
    "TCP": "a firewall, or nobody there: allow outgoing connections to this port, or set "
    "https_proxy",
    "tunnel": "ask whoever runs the proxy to let CONNECT through to this host and port",
    "TLS": "is that a TLS port? Something in between may also end the connection: a firewall, a "
    "proxy",
    "upgrade": "what answers is no WebSocket service: is the URL right (--url, TELNYX_STT_URL)?",
    "first frame": "run it again; if it stays so, try another --engine, and tell Telnyx",
}

# The same where the way leads over a proxy: it is the proxy that is looked up and called.
_BY_STAGE_TO_PROXY: Dict[str, str] = {
    "look-up": "that is the name of the proxy: correct --proxy, or the environment's https_proxy",
    "TCP": "that is the proxy: is it running? Correct --proxy, or the environment's https_proxy",
}

_BY_STATUS: Dict[int, str] = {
    401: "the key is wrong, revoked, or cut short: copy it again from Telnyx's portal",
    403: "the key is good but not allowed to do this: look at its rights in Telnyx's portal",
    404: "the path of the URL is wrong (--url, TELNYX_STT_URL)",
    429: "too many connections or requests: wait{after}, and use fewer --jobs",
}


def advice(check: Check, host: str, *, has_proxy: bool) -> str:
    """One line for a check that failed on the way to ``host``, over a proxy or not."""
    assert check.error is not None
    return next(_found(check, check.error, host, has_proxy))


def _found(check: Check, error: Exception, host: str, has_proxy: bool) -> Iterator[str]:
    """All that fits, the best first; the last always does."""
    if (
        isinstance(error, ConfigurationError)
        and check.name == "key"
        and "no API key" not in str(error)
    ):
        yield "correct what the message names"
    certificate = _certificate_error(error)
    if certificate is not None:
        yield _about_certificate(certificate)
    if isinstance(error, ConnectError) and error.status is not None:
        yield _about_status(error)
    if isinstance(error, RequestRejectedError):
        yield "correct this option, or leave it out: the service does not take it"
    if isinstance(error, ConnectionLostError) and error.code == 1000:
        yield "sessions that open at the same moment can end like this: run it again"
    if check.name == "tunnel" and " 407 " in f"{error} ":
        yield "the proxy wants a user name and password: https_proxy=http://user:password@host:port"
    if has_proxy and check.name in _BY_STAGE_TO_PROXY:
        yield _BY_STAGE_TO_PROXY[check.name]
    if check.name == "TCP" and host in LOOPBACK_HOSTS:
        yield "nobody listens there: start `telnyx-stt emulate`, or correct the URL"
    if "in time" in str(error) and check.name != "first frame":
        yield "no answer: raise --connect-timeout, or look for a firewall that swallows packets"
    yield _BY_STAGE[check.name]


def _certificate_error(error: Optional[BaseException]) -> Optional[ssl.SSLCertVerificationError]:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__
    return None


def _about_certificate(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in (_NOT_YET_VALID, _EXPIRED):
        today = time.strftime("%Y-%m-%d")
        return f"is this machine's clock right? It says {today}. If so, the certificate is too old"
    if error.verify_code == _OTHER_NAME:
        return (
            "somebody else answers in its place, a login page of the network for example; or "
            "the URL is wrong"
        )
    paths = ssl.get_default_verify_paths()
    if paths.cafile is None and paths.capath is None:
        return (
            "this Python finds no CA certificates: pip install certifi, then "
            "export SSL_CERT_FILE=$(python -m certifi)"
        )
    return (
        "where a company opens TLS on the way, set SSL_CERT_FILE to a file with its CA "
        "certificate; else pip install certifi, and SSL_CERT_FILE=$(python -m certifi)"
    )


def _about_status(error: ConnectError) -> str:
    status = error.status or 0
    after = f" {error.retry_after:.0f} s" if error.retry_after else ""
    if status in _BY_STATUS:
        return _BY_STATUS[status].format(after=after)
    if 300 <= status < 400:
        return "the URL is wrong (--url, TELNYX_STT_URL), or a login page of the network answers"
    if status >= 500:
        return f"the service is down or overloaded: wait{after or ' a minute'}, and run it again"
    return _BY_STAGE["upgrade"]
