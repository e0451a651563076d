"""What kind of audio goes on the wire: its name, its pace, and where it may be cut."""

from __future__ import annotations

from typing import Dict, FrozenSet, Literal, NamedTuple, Optional, Tuple, get_args

from ._errors import ConfigurationError

InputFormat = Literal[
    "mp3",
    "wav",
    "webm",
    "ogg",
    "flac",
    "ogg_opus",
    "webm_opus",
    "linear16",
    "linear32",
    "mulaw",
    "alaw",
    "opus",
    "amr_nb",
    "amr_wb",
    "g729",
    "speex",
]

INPUT_FORMATS: Tuple[str, ...] = get_args(InputFormat)

# In Hz. No sound card reaches this; a header that says so is broken.
MAX_SAMPLE_RATE = 1_000_000

# Samples without a header, and what one sample of silence is in them. Only these can be cut
# anywhere between two samples, and the service knows their rate only from `sample_rate` (error
# 40003).
SILENT_SAMPLE: Dict[str, bytes] = {
    "linear16": b"\0\0",
    "linear32": b"\0\0\0\0",
    "mulaw": b"\xff",
    "alaw": b"\xd5",
}
RAW_FORMATS: FrozenSet[str] = frozenset(SILENT_SAMPLE)

# The rates that a codec allows, in Hz; anything else is error 40005.
CODEC_RATES: Dict[str, Tuple[int, ...]] = {
    "g729": (8000,),
    "amr_nb": (8000,),
    "amr_wb": (16000,),
    "speex": (8000, 16000, 32000),
    "opus": (8000, 12000, 16000, 24000, 48000),
    "ogg_opus": (8000, 12000, 16000, 24000, 48000),
    "webm_opus": (8000, 12000, 16000, 24000, 48000),
}

# Compressed audio of unknown pace: 128 kbit/s, more than speech usually takes.
ASSUMED_BYTES_PER_SECOND = 16_000.0

# Bytes per second, and whether that is constant: G.729 at 8 kbit/s, AMR in its highest mode.
_PACES: Dict[str, Tuple[float, bool]] = {
    "g729": (1000.0, True),
    "amr_nb": (1600.0, False),
    "amr_wb": (3050.0, False),
}


class AudioFormat(NamedTuple):
    """What goes on the wire.

    ``input_format`` is the wire's name. ``sample_rate`` is in Hz, ``None`` where
    the audio itself tells it. ``bytes_per_second`` is the mean; with
    ``exact_rate=False`` it is an estimate. ``unit`` is how many bytes must not be
    cut apart.
    """

    input_format: str
    sample_rate: Optional[int]
    bytes_per_second: float
    exact_rate: bool
    unit: int


def raw_format(input_format: str, sample_rate: Optional[int]) -> AudioFormat:
    """The format of a stream of which nothing more is known than these options.

    Raises ``ConfigurationError`` when the format needs a sample rate.
    """
    if input_format in RAW_FORMATS:
        if sample_rate is None:
            raise ConfigurationError(
                f"input_format={input_format!r} is raw audio: give sample_rate= in Hz as well, "
                "for example sample_rate=16000"
            )
        unit = len(SILENT_SAMPLE[input_format])
        return AudioFormat(input_format, sample_rate, float(unit * sample_rate), True, unit)
    pace, exact = _PACES.get(input_format, (ASSUMED_BYTES_PER_SECOND, False))
    rates = CODEC_RATES.get(input_format, ())
    if sample_rate is None and len(rates) == 1:
        (sample_rate,) = rates
    return AudioFormat(input_format, sample_rate, pace, exact, 1)
