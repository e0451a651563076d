"""Faults of the opening: who is not let in, and how the answer comes."""

from __future__ import annotations

from ._fault import Fault
from ._upgrade import UNAUTHORIZED


class Unauthorized(Fault):
    """The upgrade is refused with HTTP 401."""

    name = "unauthorized"
    refusal = UNAUTHORIZED
