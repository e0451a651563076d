"""Whether a request may become a WebSocket, and what refuses it otherwise."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Mapping, Optional, Tuple

PATH = "/v2/speech-to-text/transcription"


@dataclass(frozen=True)
class Refusal:
    """An HTTP answer in place of the upgrade."""

    status: int
    title: str
    detail: str
    headers: Tuple[Tuple[str, str], ...] = ()

    @property
    def body(self) -> str:
        """The reason as JSON, in the shape of the service's other errors."""
        entry = {"code": str(self.status), "title": self.title, "detail": self.detail}
        return json.dumps({"errors": [entry]})


UNAUTHORIZED = Refusal(401, "Unauthorized", "The API key is missing or not valid.")
FORBIDDEN = Refusal(403, "Forbidden", "The API key is not allowed to do this.")
NOT_FOUND = Refusal(404, "Not Found", f"Only {PATH} is served here.")
ORIGIN_REFUSED = Refusal(403, "Forbidden", "Handshakes with an Origin header are refused.")


def early_refusal(rejected: Optional[Mapping[str, Any]]) -> Optional[Refusal]:
    """HTTP 400 for what an ``errors[]`` frame would reject; ``None`` for ``None``."""
    if rejected is None:
        return None
    entry = rejected["errors"][0]
    return Refusal(400, entry["title"], entry["detail"])


def refusal(path: str, headers: Mapping[str, str], api_key: Optional[str]) -> Optional[Refusal]:
    """What refuses the request, ``None`` when nothing does.

    ``headers`` has its names in lower case. ``api_key`` is the only key that
    is let in; ``None`` lets every key in that is not empty.
    """
    if path != PATH:
        return NOT_FOUND
    if "origin" in headers:
        return ORIGIN_REFUSED
    scheme, _, key = headers.get("authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key or api_key not in (None, key):
        return UNAUTHORIZED
    return None
