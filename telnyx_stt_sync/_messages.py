"""Text frames of the service → typed messages. The only place where JSON is read."""

# Annotations are not postponed here: as text, each would be compiled again when its class is made.

import json
import math
from typing import Any, List, Mapping, NamedTuple, Optional, Tuple, Union

from ._errors import RequestRejectedError, ServerError
from ._events import Word


class TranscriptMessage(NamedTuple):
    """A transcript frame. ``start`` and ``end`` are ``None`` unless the service gave times."""

    text: str
    is_final: bool
    confidence: Optional[float]
    speech_final: bool
    utterance_end: bool
    words: Tuple[Word, ...]
    start: Optional[float]
    end: Optional[float]
    raw: Mapping[str, Any]


class FailureMessage(NamedTuple):
    """A frame that says that the service gave up; ``error`` is what the user gets to see."""

    error: Union[RequestRejectedError, ServerError]


class UnknownMessage(NamedTuple):
    """A frame of no known shape, kept as it came: a JSON value, or what was not JSON."""

    raw: Any


_LONGEST_INTEGER = 310

Message = Union[TranscriptMessage, FailureMessage, UnknownMessage]


def parse_text_frame(payload: bytes) -> List[Message]:
    """The messages in a text frame: one, or one for each entry of a top-level array.

    Never raises for what a server may send. Frames are told apart by their
    keys: no live capture carries the ``type`` that the SDK asks for.
    """
    try:
        text = payload.decode("utf-8").strip(_BLANKS)
        value, end = _DECODER.raw_decode(text)
        if end != len(text):
            return [UnknownMessage(payload)]
        entries = value if isinstance(value, list) and value else [value]
        return [_classify(entry) for entry in entries]
    except (ValueError, RecursionError):
        # Not UTF-8, not JSON, or nested deeper than Python goes.
        return [UnknownMessage(payload)]


def _integer(digits: str) -> float:
    # Of a million digits Python makes an int in a minute, or refuses to: of a float nothing but
    # infinity in a moment. No float is longer than this either.
    return int(digits) if len(digits) <= _LONGEST_INTEGER else float(digits)


_BLANKS = " \t\n\r"  # RFC 8259, section 2
_DECODER = json.JSONDecoder(parse_int=_integer)


def _classify(entry: Any) -> Message:
    if not isinstance(entry, dict):
        return UnknownMessage(entry)
    if entry.get("errors"):
        return FailureMessage(_rejection(entry["errors"]))
    if entry.get("error"):
        return FailureMessage(_server_error(entry["error"]))
    text = entry.get("transcript")
    if isinstance(text, str) or (text is None and _is_boundary(entry)):
        return _transcript(text or "", entry)
    return UnknownMessage(entry)


def _is_boundary(entry: Mapping[str, Any]) -> bool:
    return entry.get("utterance_end") is True or (
        "transcript" in entry and entry.get("is_final") is True
    )


def _transcript(text: str, entry: Mapping[str, Any]) -> TranscriptMessage:
    words = _words(entry["words"]) if "words" in entry else ()
    start, end = _times(entry, words) if words or "start_time" in entry else (None, None)
    utterance_end = entry.get("utterance_end") is True
    speech_final = entry.get("speech_final") is True
    return TranscriptMessage(
        text=_writable(text.strip()),
        is_final=entry.get("is_final") is True or speech_final or utterance_end,
        confidence=_number(entry.get("confidence")),
        speech_final=speech_final,
        utterance_end=utterance_end,
        words=words,
        start=start,
        end=end,
        raw=entry,
    )


def _writable(text: str) -> str:
    """The text, if need be without the half characters that JSON may spell and no file takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


def _times(
    entry: Mapping[str, Any], words: Tuple[Word, ...]
) -> Tuple[Optional[float], Optional[float]]:
    start, duration = _number(entry.get("start_time")), _number(entry.get("duration"))
    if start is not None and duration is not None and _is_stretch(start, start + duration):
        return start, start + duration
    if words:
        start, end = words[0].start, words[-1].end
        if start is not None and end is not None and _is_stretch(start, end):
            return start, end
    return None, None


def _is_stretch(start: float, end: float) -> bool:
    # Zeros may be all that a service fills in that knows no times.
    return 0 <= start < end < math.inf


def _words(value: Any) -> Tuple[Word, ...]:
    if not isinstance(value, list):
        return ()
    words = []
    for entry in value:
        if not isinstance(entry, dict):
            continue
        # Deepgram's `punctuated_word` is the form that stands in the transcript.
        text = entry.get("punctuated_word") or entry.get("word") or entry.get("text")
        if isinstance(text, str):
            words.append(
                Word(
                    _writable(text),
                    _number(entry.get("start")),
                    _number(entry.get("end")),
                    _number(entry.get("confidence")),
                )
            )
    return tuple(words)


def _number(value: Any) -> Optional[float]:
    # bool is an int to Python; JSON as Python reads it may hold NaN and Infinity,
    # and an int too large for a float.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _rejection(errors: Any) -> RequestRejectedError:
    first = errors[0] if isinstance(errors, list) else errors
    if not isinstance(first, dict):
        return RequestRejectedError(f"the service refused the request: {_text(first)}")
    source = first.get("source")
    parameter = _text(source.get("parameter")) if isinstance(source, dict) else None
    code, title, detail = (_text(first.get(name)) for name in ("code", "title", "detail"))
    parts = [
        f"the service refused {parameter}" if parameter else "the service refused the request",
        f" (error {code})" if code else "",
        ": " + (detail or title or "it did not say why"),
    ]
    return RequestRejectedError(
        "".join(parts), code=code, title=title, detail=detail, parameter=parameter
    )


def _server_error(error: Any) -> ServerError:
    if isinstance(error, dict):
        text = _text(error.get("message")) or _text(error.get("detail")) or _as_json(error)
    else:
        text = _writable(str(error))
    return ServerError(f"the service reported an error: {text}", message=text)


def _as_json(value: Any) -> str:
    return json.dumps(value)


def _text(value: Any) -> Optional[str]:
    return None if value is None else _writable(str(value))
