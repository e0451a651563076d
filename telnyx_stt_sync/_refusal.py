"""What an HTTP answer that refuses the upgrade says: raw bytes → the error to raise."""

from __future__ import annotations

import re
from typing import Dict, Optional

from ._errors import AuthenticationError, ConnectError, RequestRejectedError, ServerError
from ._messages import FailureMessage, parse_text_frame

# As much of a body as is worth showing in a message; the attribute holds all that came.
_SHOWN = 500

_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})(?: |\r|$)")


def refusal(answer: bytes) -> Optional[ConnectError]:
    """The error for an HTTP answer that is not 101; ``None`` if it is, or is no answer at all.

    ``answer`` is whatever has arrived, head and body, perhaps cut short.
    """
    match = _STATUS_LINE.match(answer)
    if match is None or match.group(1) == b"101":
        return None
    status = int(match.group(1))
    head, _, rest = answer.partition(b"\r\n\r\n")
    headers = _headers(head)
    if "chunked" in headers.get("transfer-encoding", "").lower():
        rest = _unchunked(rest)
    body = rest.decode("utf-8", "replace") or None
    shown = f": {_reason(body)}" if body else ""
    if status in (401, 403):
        return AuthenticationError(
            f"the service refused the API key (HTTP {status}){shown}", status=status, body=body
        )
    if 300 <= status < 400:
        shown = "; redirects are not followed, because they would hand on the key"
    return ConnectError(
        f"the server refused the connection (HTTP {status}){shown}",
        status=status,
        body=body,
        retry_after=_retry_after(headers),
        is_temporary=status == 429 or status >= 500,
    )


def _reason(body: str) -> str:
    """What the body says, in one line: the words in it if it is the service's JSON."""
    words = None
    for message in parse_text_frame(body.encode("utf-8", "replace")):
        if isinstance(message, FailureMessage):
            error = message.error
            if isinstance(error, RequestRejectedError):
                words = error.detail or error.title
            elif isinstance(error, ServerError):
                words = error.message
            break
    return " ".join((words or body).split())[:_SHOWN]


def is_complete(answer: bytes) -> bool:
    """Whether no more is to come of an answer, as far as its head tells."""
    head, found, body = answer.partition(b"\r\n\r\n")
    headers = _headers(head)
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return body.endswith(b"0\r\n\r\n")
    try:
        return bool(found) and len(body) >= int(headers["content-length"])
    except (KeyError, ValueError):
        return False  # it lasts until the connection ends


def _retry_after(headers: Dict[str, str]) -> Optional[float]:
    """Seconds of a ``Retry-After`` (RFC 9110, section 10.2.3); a date counts from the answer's."""
    told = headers.get("retry-after", "")
    if told.isascii() and told.isdigit():
        return float(told[:9])
    if not told or "date" not in headers:
        return None
    # Imported late: hardly any server gives a date.
    from email.utils import parsedate_to_datetime

    try:
        wait = parsedate_to_datetime(told) - parsedate_to_datetime(headers["date"])
    except (ValueError, TypeError, IndexError):  # no date, or only one of them with a time zone
        return None
    return max(0.0, wait.total_seconds())


def _headers(head: bytes) -> Dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines)
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _unchunked(rest: bytes) -> bytes:
    """The data of the chunks that are there (RFC 9112, section 7.1)."""
    data = b""
    while True:
        size_line, found, rest = rest.partition(b"\r\n")
        try:
            size = int(size_line.split(b";")[0], 16)
        except ValueError:
            return data
        if size <= 0 or not found:
            return data
        data += rest[:size]
        rest = rest[size + 2 :]
