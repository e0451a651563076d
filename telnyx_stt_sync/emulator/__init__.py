"""The service on this machine: for tests, examples and a first try without a key."""

from __future__ import annotations

from ._emulator import Emulator
from ._fault import Fault
from ._faults import FAULTS, parse_fault
from ._query import Query
from ._recogniser import Heard, Recogniser, Recognition
from ._session import Session
from ._word_audio import word_audio

__all__ = [
    "FAULTS",
    "Emulator",
    "Fault",
    "Heard",
    "Query",
    "Recogniser",
    "Recognition",
    "Session",
    "parse_fault",
    "word_audio",
]
