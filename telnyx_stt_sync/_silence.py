"""Whether anything could be heard in a stream's audio."""

from __future__ import annotations

from ._audio_format import RAW_FORMATS, AudioFormat
from ._pcm import is_silent, to_linear16

# The wire's raw formats under the names of _pcm.
_ENCODINGS = {"linear16": "s16", "linear32": "f32", "mulaw": "mulaw", "alaw": "alaw"}


class SilenceWatch:
    """Listens to raw audio until the first sound. Owner: who has the turn."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._format = audio_format
        # Only samples can be looked at; the first sound settles it.
        self.only_silence = audio_format.input_format in RAW_FORMATS

    def listen(self, audio: bytes) -> None:
        """Audio was sent."""
        if not self.only_silence:
            return
        whole = len(audio) - len(audio) % self._format.unit
        samples = to_linear16(audio[:whole], _ENCODINGS[self._format.input_format])
        self.only_silence = is_silent(samples)
