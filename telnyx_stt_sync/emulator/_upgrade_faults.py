"""Faults of the opening: who is not let in, and how that is told."""

from __future__ import annotations

from typing import ClassVar, Optional

from ._fault import Fault, NumericFault, whole_number
from ._upgrade import FORBIDDEN, UNAUTHORIZED, Refusal

# Where a redirect leads by default: a host that cannot exist (RFC 6761).
ELSEWHERE = "wss://redirected.invalid/v2/speech-to-text/transcription"


class Unauthorized(Fault):
    """The upgrade is refused with HTTP 401."""

    name = "unauthorized"
    refusal = UNAUTHORIZED


class Forbidden(Fault):
    """The upgrade is refused with HTTP 403."""

    name = "forbidden"
    refusal = FORBIDDEN


class _TryLater(Fault):
    """The upgrade is refused for now, with ``Retry-After`` when there are seconds to name."""

    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, retry_after: Optional[int] = None, *, only: str = "") -> None:
        super().__init__(only=only)
        if retry_after is not None and retry_after < 0:
            raise ValueError(f"{self.name}: {retry_after} is less than no seconds")
        headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
        self.refusal = Refusal(self.status, self.title, "Try again later.", headers)

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        return cls(whole_number(cls.name, value) if value else None, only=only)


class TooManyRequests(_TryLater):
    """The upgrade is refused with HTTP 429."""

    name = "too_many_requests"
    status = 429
    title = "Too Many Requests"


class Unavailable(_TryLater):
    """The upgrade is refused with HTTP 503."""

    name = "unavailable"
    status = 503
    title = "Service Unavailable"


class Redirect(Fault):
    """The upgrade is answered by HTTP 302 to another URL."""

    name = "redirect"

    def __init__(self, url: str = ELSEWHERE, *, only: str = "") -> None:
        super().__init__(only=only)
        # A space or a line break would make another header of it.
        if not url or not all("!" <= character <= "~" for character in url):
            raise ValueError(f"{self.name}: {url!r} is not a URL")
        self.refusal = Refusal(302, "Found", "The service is elsewhere.", (("Location", url),))

    @classmethod
    def from_value(cls, value: str, *, only: str = "") -> Fault:
        return cls(value, only=only) if value else cls(only=only)


class SlowHandshake(NumericFault):
    """The request is answered one byte at a time, with so many seconds between two of them."""

    name = "slow_handshake"
    default = 1.0

    def __init__(self, seconds: Optional[float] = None, *, only: str = "") -> None:
        super().__init__(seconds, only=only)
        self.answer_pace = self.value


class WrongCertificate(Fault):
    """With TLS, the certificate is a trusted one, but for another name."""

    name = "wrong_certificate"
    wrong_certificate = True
