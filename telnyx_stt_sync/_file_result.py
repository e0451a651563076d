"""What became of one of many files."""

from __future__ import annotations

from typing import NamedTuple, Optional

from ._events import Transcription
from ._reader import Source


class FileResult(NamedTuple):
    """One file of ``transcribe_files()``: ``source`` as it was given, and how it ended.

    Either ``transcription`` is there or ``error``, the other is ``None``. ``error`` is what
    ``transcribe_file()`` would have raised; one of this library holds in ``partial`` what had
    been heard. ``result()`` is for who wants it raised.
    """

    source: Source
    transcription: Optional[Transcription]
    error: Optional[Exception]

    def result(self) -> Transcription:
        """The transcription; raises ``error`` if that is what came of the file."""
        if self.transcription is not None:
            return self.transcription
        assert self.error is not None
        try:
            raise self.error
        finally:
            # This frame is in the traceback of the error, and would keep it alive by its `self`.
            del self
