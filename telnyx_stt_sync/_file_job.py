"""A file, transcribed on a stream of its own."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import replace
from typing import NamedTuple, Optional

from ._audio import AudioSource, check_channel, open_audio
from ._audio_format import RAW_FORMATS
from ._callbacks import Callbacks, OnProgress
from ._engine import Engine
from ._errors import ConfigurationError
from ._events import Transcription
from ._file_feed import FileFeed
from ._options import Options
from ._pacing import Pacer
from ._patience import Patience
from ._reader import Source
from ._stream import Stream, StreamOwner
from ._wav import conversion, subject


class FileJob(NamedTuple):
    """How files are to be transcribed: what ``transcribe_file()`` was given, but for the file.

    ``options`` are complete: key and URL are set.
    """

    options: Options
    callbacks: Callbacks
    speed: Optional[float]
    timeout: Optional[float]
    channel: Optional[int]
    on_progress: Optional[OnProgress]

    def check(self) -> None:
        """Raise ``ConfigurationError`` for what suits no file: speed, channel, on_progress."""
        Pacer(1.0 if self.speed is None else self.speed, 1.0)
        check_channel(self.channel)
        if self.on_progress is not None and not callable(self.on_progress):
            raise ConfigurationError(f"on_progress={self.on_progress!r}: give a function, or None")

    def run(self, source: Source, owner: StreamOwner) -> Transcription:
        """Transcribe one; blocks, and raises as ``transcribe_file()`` does."""
        timeout, options = self.timeout, self.options
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        engine = options.engine
        patience = Patience(deadline, owner.watch())
        with open_audio(
            source,
            input_format=options.input_format,
            sample_rate=options.sample_rate,
            channel=self.channel,
            takes=engine.takes,
            wait=patience.wait,
        ) as audio:
            speed = engine.pace if self.speed is None else self.speed
            feed = FileFeed(audio, speed, self.on_progress)
            stream = Stream(
                self._options_for(audio),
                audio.format,
                self.callbacks,
                owner,
                rewinds=audio.can_seek,
            )
            with stream.closing_on_exception():
                patience.watch(stream)
                stream.start(deadline)
                feed.run(stream, deadline)
                left = None if timeout is None else max(0.0, deadline - time.monotonic())
                return stream.result(left)

    def _options_for(self, audio: AudioSource) -> Options:
        """The options with the format that was found; warns of what is doubtful about it."""
        options, wire = self.options, audio.format.input_format
        _check_rate(audio, options.engine)
        rate = options.sample_rate
        if wire in RAW_FORMATS or options.engine.needs_rate_of(wire):
            rate = audio.format.sample_rate
        complete = replace(options, input_format=wire, sample_rate=rate)
        for doubt in set(complete.doubts()).difference(options.doubts()):
            warnings.warn(doubt, stacklevel=4)
        return complete


def _check_rate(audio: AudioSource, engine: Engine) -> None:
    """Raise ``ConfigurationError`` for a file of a rate that the engine does not take."""
    rate, taken = audio.format.sample_rate, engine.sample_rates
    if rate is not None and taken and rate not in taken:
        raise ConfigurationError(
            f"{subject(audio.name)} has a sample rate of {rate} Hz, and {engine} takes "
            f"{', '.join(map(str, taken))} Hz only. Convert it: {conversion(audio.name)}"
        )
