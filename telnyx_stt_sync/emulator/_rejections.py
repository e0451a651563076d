"""Which queries the service rejects after the upgrade, and with what frame.

=======  ==========================================================
code     when
=======  ==========================================================
400      ``eot_…`` for a model that does not know the end of a turn
40001    ``input_format`` is not one of the service's names
40002    the engine does not take the format
40003    ``sample_rate`` is missing where the format needs it
40004    ``sample_rate`` is not a positive integer
40005    the codec does not have that rate
40006    the format is not one that the Flux models take
40007    ``transcription_engine`` is missing or unknown (case counts)
=======  ==========================================================

Nobody has reported what the first one looks like: the fault ``early_rejections`` plays the other
way, HTTP 400 at the upgrade.
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Tuple

from .._audio_format import CODEC_RATES, INPUT_FORMATS, RAW_FORMATS
from .._engine import END_OF_TURN, Engine
from .._engines import ENGINES

DEFAULT_INPUT_FORMAT = "mp3"

# Of a sample rate: 32 bits.
_MOST_DIGITS = 10


def error_frame(code: str, detail: str, parameter: str) -> Dict[str, Any]:
    """An ``errors[]`` frame with one entry, in the service's shape."""
    entry = {
        "code": code,
        "title": "Invalid Parameter",
        "detail": detail,
        "source": {"parameter": parameter},
    }
    return {"errors": [entry]}


def rejection(query: Mapping[str, str], engine: Optional[str] = None) -> Optional[Dict[str, Any]]:
    """The frame that rejects the query, ``None`` when it is fine.

    ``engine`` overrides the query's own, as ``Emulator(engine=…)`` does.
    """
    name = query.get("transcription_engine", "") if engine is None else engine
    if name not in ENGINES:
        known = ", ".join(ENGINES)
        detail = f"Unsupported transcription_engine {name!r}. Supported engines: {known}"
        return error_frame("40007", detail, "transcription_engine")
    chosen = ENGINES[name].variant(query.get("model"))
    input_format = query.get("input_format", DEFAULT_INPUT_FORMAT)
    return (
        _bad_format(input_format, chosen)
        or _bad_rate(query.get("sample_rate"), input_format, chosen)
        or _bad_end_of_turn(query, chosen)
    )


def audio_format(query: Mapping[str, str]) -> Tuple[str, Optional[int]]:
    """Format and rate (Hz) of a query's audio; the rate is ``None`` where it says none."""
    rate = query.get("sample_rate", "")
    return query.get("input_format", DEFAULT_INPUT_FORMAT), int(rate) if _is_rate(rate) else None


def _bad_format(input_format: str, engine: Engine) -> Optional[Dict[str, Any]]:
    if input_format not in INPUT_FORMATS:
        known = ", ".join(INPUT_FORMATS)
        detail = f"Unsupported input_format {input_format!r}. Supported formats: {known}"
        return error_frame("40001", detail, "input_format")
    if engine.takes(input_format):
        return None
    detail = f"input_format {input_format!r} is not supported by {engine}"
    return error_frame(engine.refusal, detail, "input_format")


def _bad_rate(rate: Optional[str], input_format: str, engine: Engine) -> Optional[Dict[str, Any]]:
    if rate is None:
        if input_format not in RAW_FORMATS and not engine.needs_rate_of(input_format):
            return None
        detail = f"sample_rate is required for input_format {input_format!r}"
        return error_frame("40003", detail, "sample_rate")
    if input_format not in RAW_FORMATS and input_format not in CODEC_RATES:
        # A container says its own rate; the parameter is ignored.
        return None
    if not _is_rate(rate):
        return error_frame("40004", "sample_rate must be a positive integer", "sample_rate")
    rates = engine.rates_of(input_format)
    if rates and int(rate) not in rates:
        allowed = ", ".join(str(rate) for rate in rates)
        detail = f"sample_rate {rate} is invalid for {input_format!r}. Allowed: {allowed}"
        return error_frame("40005", detail, "sample_rate")
    return None


def _is_rate(text: str) -> bool:
    # Python reads no number of thousands of digits; the length is looked at first.
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and int(text) > 0


def _bad_end_of_turn(query: Mapping[str, str], engine: Engine) -> Optional[Dict[str, Any]]:
    for name in END_OF_TURN:
        if name in query and not engine.heeds(name):
            detail = f"{name} is not supported by {engine}"
            return error_frame("400", detail, name)
    return None
