"""How a stream ended, and what the calls that come after it get."""

from __future__ import annotations

from typing import NamedTuple, Optional

from ._errors import StreamStateError, TelnyxSTTError, TranscriptionTimeout
from ._events import Transcription


class Outcome(NamedTuple):
    """The end of a stream. ``transcription`` is ``None`` when it never opened."""

    transcription: Optional[Transcription]
    error: Optional[TelnyxSTTError]

    @property
    def was_closed(self) -> bool:
        """Whether ``close()`` ended it."""
        return self.transcription is not None and self.transcription.ended_by == "closed"

    def result(self) -> Transcription:
        """What was heard, if that was all; raises what stood in the way."""
        if self.error is not None:
            # Raised each time it is asked for: without the reset its traceback would grow.
            raise self.error.with_traceback(None)
        partial = self.transcription
        assert partial is not None, "a stream that never opened has an error"
        if partial.complete:
            return partial
        if partial.ended_by == "timeout":
            raise TranscriptionTimeout(
                "the finals were not all in when the timeout that was given had passed",
                partial=partial,
            )
        raise StreamStateError(
            "the stream was closed by close() before its finals were in", partial=partial
        )

    def refusal(self) -> TelnyxSTTError:
        """What ``send()`` and ``finalize()`` raise from now on."""
        if self.error is not None:
            return self.error.with_traceback(None)
        return StreamStateError("the stream is over: start() opens a new one")
