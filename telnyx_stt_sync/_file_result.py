"""What became of one of many files."""

from __future__ import annotations

from typing import NamedTuple, Optional

from ._events import Transcription
from ._reader import Source


class FileResult(NamedTuple):
    """One file of ``transcribe_files()``: ``source`` as it was given, and how it ended.

    Either ``transcription`` is there or ``error``, the other is ``None``. ``error`` is what
    ``transcribe_file()`` would have raised; one of this library holds in ``partial`` what had
    been heard.
    """

    source: Source
    transcription: Optional[Transcription]
    error: Optional[Exception]
