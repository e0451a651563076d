"""What a stream tells its user: transcripts, the whole transcription, the counters."""

# Annotations are not postponed here: as text, each would be compiled again when its class is made.

from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    List,
    Literal,
    Mapping,
    NamedTuple,
    Optional,
    Tuple,
)

if TYPE_CHECKING:
    from ._captions import Spoken

Timing = Literal["server", "estimated"]
EndedBy = Literal["server_close", "quiet", "timeout", "closed", "error"]


# From this multiple of real time on, and so many seconds ahead of it, estimates are not worth much:
# a final's lag of 0.3 to 2 s then costs half as much again.
_TOO_FAST, _TOO_FAR = 1.5, 1.0


class Word(NamedTuple):
    """One word of a transcript; ``start`` and ``end`` in seconds of audio, ``None`` if not told."""

    text: str
    start: Optional[float] = None
    end: Optional[float] = None
    confidence: Optional[float] = None


@dataclass(frozen=True)
class Transcript:
    """What the service heard in one stretch of audio.

    An interim (``is_final=False``) replaces the interim before it; a final is
    never taken back. ``text`` carries no blanks at its ends. ``confidence`` is
    0 to 1, ``None`` where the engine gives none. ``speech_final`` says that
    the speaker paused after it (Deepgram only).

    ``start`` and ``end`` are seconds of audio from the start of the stream.
    With ``timing="server"`` the service gave them; with ``"estimated"`` they
    follow from how much audio had been sent when interims and finals came, so
    they are late by the recogniser's delay and mean little for audio that is
    sent faster than real time. Without interims all that is known is the end of
    the final before. ``raw`` is the frame as it came.
    """

    text: str
    is_final: bool
    confidence: Optional[float] = None
    speech_final: bool = False
    start: float = 0.0
    end: float = 0.0
    timing: Timing = "estimated"
    words: Tuple[Word, ...] = ()
    replayed: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> Dict[str, Any]:
        """Everything but ``raw``, in types that ``json`` takes."""
        facts = {name: value for name, value in vars(self).items() if name != "raw"}
        facts["words"] = [word._asdict() for word in self.words]
        return facts


class Stats(NamedTuple):
    """Counters of one stream so far.

    Bytes and seconds are of audio, as it goes on the wire; seconds follow from
    the sample rate, or from the bit rate that a compressed file states, or
    from a guess, 16 kB/s for most, where none is known: then ``rate_guessed`` is
    true. ``accepted`` audio was taken from the user, ``sent`` audio was handed to
    the network, ``dropped`` audio was given up, ``replayed`` audio was sent again
    on a new connection.
    ``frames`` counts data frames received. The four durations are seconds of
    wall time and ``None`` until they are known: from the call to the open
    stream, from the open stream to the first text, with an open connection
    until the end of the audio, from the end of the audio to the end of the stream.
    """

    accepted_bytes: int = 0
    accepted_seconds: float = 0.0
    sent_bytes: int = 0
    sent_seconds: float = 0.0
    dropped_bytes: int = 0
    dropped_seconds: float = 0.0
    replayed_bytes: int = 0
    replayed_seconds: float = 0.0
    frames: int = 0
    interims: int = 0
    finals: int = 0
    reconnects: int = 0
    connect_seconds: Optional[float] = None
    first_transcript_seconds: Optional[float] = None
    upload_seconds: Optional[float] = None
    drain_seconds: Optional[float] = None
    rate_guessed: bool = False


@dataclass(frozen=True)
class Transcription:
    """All that was heard in one stream.

    ``segments`` are the finals in order; a last segment with
    ``is_final=False`` is an interim that the service never confirmed before it
    said that it was done. ``ended_by`` is ``"server_close"`` (the service said
    that it was all), ``"quiet"`` (an engine that never says so fell silent: an
    inference; or no audio was sent), ``"timeout"``, ``"closed"`` (``close()`` was called) or
    ``"error"``; ``complete`` is true for the first two. ``gaps`` are stretches
    of audio, (start, end) in seconds, that no connection carried.
    ``audio_seconds`` is how much audio was sent. ``unknown_frames`` are the
    first hundred frames of a shape that this library does not know, as they came.
    """

    segments: Tuple[Transcript, ...] = ()
    complete: bool = False
    ended_by: EndedBy = "closed"
    gaps: Tuple[Tuple[float, float], ...] = ()
    audio_seconds: float = 0.0
    stats: Stats = field(default_factory=Stats)
    unknown_frames: Tuple[Any, ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        """The segments' texts, joined by blanks."""
        return " ".join(segment.text for segment in self.segments)

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> Dict[str, Any]:
        """Everything but the raw frames, by the attributes' names, in types that ``json`` takes."""
        return {
            "text": self.text,
            "segments": [segment.to_dict() for segment in self.segments],
            "complete": self.complete,
            "ended_by": self.ended_by,
            "gaps": [list(gap) for gap in self.gaps],
            "audio_seconds": self.audio_seconds,
            "stats": self.stats._asdict(),
        }

    def to_json(self, *, indent: Optional[int] = None) -> str:
        """``to_dict()`` as JSON text; letters outside ASCII stay as they are: write it as UTF-8."""
        import json  # late: few programs ask for it

        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)

    def to_srt(self) -> str:
        """The segments as SRT (SubRip) subtitles, to be written as UTF-8.

        Cues never overlap and have at most two lines of 42 characters. What is too
        long for one is shared out by the times of its words, without them by letters.
        """
        from ._captions import to_srt  # late: few programs ask for it

        return to_srt(self._spoken())

    def to_vtt(self) -> str:
        """The segments as WebVTT subtitles; otherwise as ``to_srt()``."""
        from ._captions import to_vtt  # late: few programs ask for it

        return to_vtt(self._spoken())

    def _spoken(self) -> List["Spoken"]:
        from ._captions import Spoken

        self._doubt_times()
        return [
            Spoken(
                segment.text,
                segment.start,
                segment.end,
                tuple(word[:3] for word in segment.words),
                is_bounded=segment.timing == "estimated",
            )
            for segment in self.segments
        ]

    def _doubt_times(self) -> None:
        """Log a warning if times are estimated, and badly."""
        stats, uploaded = self.stats, self.stats.upload_seconds
        if all(segment.timing == "server" for segment in self.segments):
            return
        if stats.rate_guessed:
            _warn(
                "the times of these captions are estimates that follow from the bytes sent, and "
                "the bit rate of the audio is a guess: they may be far off, at any speed; the "
                "audio as a WAV file gives better ones"
            )
            return
        sent = stats.sent_seconds + stats.replayed_seconds
        if uploaded is not None and sent > max(uploaded * _TOO_FAST, uploaded + _TOO_FAR):
            _warn(
                "the times of these captions are estimates, and the audio was sent at "
                f"{sent / max(uploaded, 0.001):.1f} × real time: they may be seconds off; "
                "transcribe_file(…, speed=1) gives better ones"
            )


def _warn(sentence: str) -> None:
    import logging  # late: few programs ask for captions

    logging.getLogger("telnyx_stt_sync").warning("%s", sentence)
