"""What an audio file is: told by its first bytes, never by its name.

The choice of the wire name, where two would do:

- Ogg with Opus is ``ogg_opus``, or ``ogg`` for the engines that take only that.
- Ogg with Speex is ``ogg``: ``speex`` means packets without a container (Google's
  definition), and is used for such a file only when it is asked for.
- WebM is ``webm``, whatever the codec; ``webm_opus`` for the engines that take only
  that, unless the codec is seen to be another.
- Matroska is not WebM, though programs that read one often read the other: it is sent as
  ``webm`` only when that is asked for.
"""

from __future__ import annotations

import codecs
from typing import Callable, NamedTuple, Optional, Tuple

from ._errors import AudioError, ConfigurationError
from ._mp3 import is_adts, read_frames
from ._wav import RIFF_NAMES, conversion, subject

# How much of a file is looked at. Everything that matters stands in the first kilobyte,
# but a few MP3 frames are needed to be sure of them.
HEAD_BYTES = 4096
# Less for raw audio, which often comes live: only what could contradict it.
RAW_HEAD_BYTES = 64

# Frames of 20 ms. Bytes of a stored frame by mode: 3GPP TS 26.101 and 26.201 and one byte more.
AMR_FRAMES_PER_SECOND = 50
_AMR_NB_FRAMES = (13, 14, 16, 18, 20, 21, 27, 32)
_AMR_WB_FRAMES = (18, 24, 33, 37, 41, 47, 51, 59, 61)

_TEXT_BYTES = 512
_TEXT_BLANKS = " \t\r\n\f\ufeff"  # the last one is the byte order mark
_TEXT_KINDS = (
    ("<", "XML"),
    ("<!doctype html", "an HTML page"),
    ("<html", "an HTML page"),
    ("{", "JSON"),
    ("[", "JSON"),
)

# Formats without a mark of their own, so that nothing need be at the start of the file.
# amr_nb and amr_wb have one, but streams of bare AMR frames go under the same names.
UNMARKED = frozenset(
    {"linear16", "linear32", "mulaw", "alaw", "opus", "g729", "speex", "amr_nb", "amr_wb"}
)


class Found(NamedTuple):
    """What the first bytes of a file say.

    ``formats`` are the wire names that it may go under, the best first, and
    ``on_request`` those that it may have only when asked for; both are empty
    when the service does not take it. ``certain`` is false where raw audio
    could begin like this by chance. ``clock`` is what an Ogg page counts, in
    Hz. The rest is ``None`` where the first bytes do not say; ``exact`` is
    false when ``bytes_per_second`` is an estimate.
    """

    name: str
    formats: Tuple[str, ...] = ()
    on_request: Tuple[str, ...] = ()
    certain: bool = True
    sample_rate: Optional[int] = None
    bytes_per_second: Optional[float] = None
    exact: bool = False
    seconds: Optional[float] = None
    clock: Optional[int] = None
    is_text: bool = False
    is_archive: bool = False


def recognise(head: bytes, *, tagged: bool = False) -> Optional[Found]:
    """What begins with ``head``; ``None`` when nothing known does.

    ``tagged``: an ID3 tag stood in front, so it is MP3 unless it has the mark of
    something else.
    """
    for offset, mark, read in _MARKS:
        if head.startswith(mark, offset):
            return read(head)
    if is_adts(head):
        return Found("AAC without a container (ADTS)", certain=tagged)
    mp3 = read_frames(head, anywhere=tagged)
    if mp3 is not None:
        return Found(
            "an MP3 file",
            ("mp3",),
            certain=tagged,
            sample_rate=mp3.sample_rate,
            bytes_per_second=mp3.bytes_per_second,
            exact=mp3.exact,
            seconds=mp3.seconds,
        )
    return Found("an MP3 file", ("mp3",)) if tagged else _text(head)


def choose_format(
    found: Optional[Found],
    head: bytes,
    *,
    input_format: Optional[str],
    takes: Callable[[str], bool],
    name: Optional[str],
) -> str:
    """The wire name for a file, ``input_format`` if that is possible.

    Without ``input_format`` it is the first name that ``takes`` says yes to, or
    else the usual one. Raises ``AudioError`` when the file can't be sent,
    ``ConfigurationError`` when it is not what ``input_format`` says.
    """
    if input_format is None:
        if found is None:
            raise AudioError(
                f"{subject(name)} begins with {head[:8]!r}, which is no known audio format. "
                "Raw audio needs input_format= and sample_rate=, for example "
                "input_format='linear16', sample_rate=16000. A file of another kind may be "
                f"converted: {conversion(name)}"
            )
        if not found.formats:
            raise AudioError(f"{subject(name)} is {found.name}. {_fix(found, name)}")
        return next(filter(takes, found.formats), found.formats[0])
    _check_agrees(found, head, input_format, name)
    return input_format


def _check_agrees(
    found: Optional[Found], head: bytes, input_format: str, name: Optional[str]
) -> None:
    """Raise unless the file may be what the user says that it is."""
    if found is None:
        # MP3 may begin in the middle of a frame: decoders wait for the next.
        if input_format in UNMARKED or input_format == "mp3":
            return
        raise ConfigurationError(
            f"input_format={input_format!r}: {subject(name)} begins with {head[:8]!r}, and no "
            f"{input_format} file does. Give the right input_format, and sample_rate for raw audio"
        )
    if input_format in found.formats or input_format in found.on_request:
        return
    if input_format in UNMARKED and not found.certain:
        return
    if found.is_text:
        raise AudioError(f"{subject(name)} is {found.name}. {_fix(found, name)}")
    raise ConfigurationError(
        f"input_format={input_format!r}: {subject(name)} is {found.name} by its first bytes. "
        f"{_fix(found, name)}"
    )


def _fix(found: Found, name: Optional[str]) -> str:
    if found.formats:
        return f"Leave input_format out, or give {found.formats[0]!r}"
    if found.is_text:
        return "Look into it: it may be an error message that was saved in place of audio"
    if found.is_archive:
        return "Unpack it, and give the audio that is in it"
    return f"The service does not take it. Convert it: {conversion(name)}"


def ogg_seconds(found: Found, head: bytes, tail: bytes) -> Optional[float]:
    """The length of an Ogg file by its last page; ``tail`` is the last 64 KiB of it.

    ``None`` when that does not say, or belongs to another stream than the first.
    """
    page = tail.rfind(b"OggS")
    if page < 0 or not found.clock or tail[page + 14 : page + 18] != head[14:18]:
        return None
    position = int.from_bytes(tail[page + 6 : page + 14], "little", signed=True)
    return position / found.clock if position > 0 else None


def _riff(head: bytes) -> Found:
    # A file that ends within these four letters is a broken WAV file, not an unknown one.
    if b"WAVE".startswith(head[8:12]):
        return Found("a WAV file", ("wav",))
    return Found(f"a RIFF file of the kind {head[8:12]!r}, not a WAV file")


def _iff(head: bytes) -> Found:
    kinds = {b"AIFF": "an AIFF file", b"AIFC": "an AIFF-C file"}
    return Found(kinds.get(head[8:12], f"an IFF file of the kind {head[8:12]!r}"))


def _flac(head: bytes) -> Found:
    """FLAC; its STREAMINFO block always comes first."""
    found = Found("a FLAC file", ("flac",))
    if len(head) < 26:
        return found
    # 20 bits of rate, 3 of channels - 1, 5 of bits - 1, 36 of samples: RFC 9639, section 8.2.
    packed = int.from_bytes(head[18:26], "big")
    rate, samples = packed >> 44, packed & (1 << 36) - 1
    if not rate:
        return found
    bits = ((packed >> 41 & 7) + 1) * ((packed >> 36 & 31) + 1)
    return found._replace(
        sample_rate=rate,
        # Speech and music shrink to about 0.6 of their size.
        bytes_per_second=0.6 * rate * bits / 8,
        seconds=samples / rate or None,  # 0 samples: the writer did not know
    )


def _ogg(head: bytes) -> Found:
    """Ogg: the first packet of the first page names the codec and its rate."""
    packet = head[27 + head[26] :] if len(head) > 26 else b""
    if packet.startswith(b"OpusHead"):
        # Opus always counts in 48 kHz, whatever it was recorded at: RFC 7845, section 4.
        return Found("Ogg Opus", ("ogg_opus", "ogg"), sample_rate=48000, clock=48000)
    if packet.startswith(b"\x01vorbis"):
        return _ogg_of("Ogg Vorbis", packet[12:16])
    if packet.startswith(b"Speex   "):
        return _ogg_of("Ogg Speex", packet[36:40], on_request=("speex",))
    if packet.startswith(b"\x7fFLAC"):
        rate = _flac(packet[9:]).sample_rate
        return Found("Ogg FLAC", ("ogg",), sample_rate=rate, clock=rate)
    return Found("an Ogg file", ("ogg",))


def _ogg_of(name: str, rate: bytes, on_request: Tuple[str, ...] = ()) -> Found:
    known = int.from_bytes(rate, "little") or None  # 0 in a broken header
    return Found(name, ("ogg",), on_request, sample_rate=known, clock=known)


def _ebml(head: bytes) -> Found:
    """WebM or Matroska, by the document type (element 0x4282) of the EBML header."""
    other_codec = b"A_" in head and b"A_OPUS" not in head
    formats = ("webm",) if other_codec else ("webm", "webm_opus")
    # Opus always counts in 48 kHz; of other codecs nobody has asked for the rate so far.
    rate = 48000 if b"A_OPUS" in head else None
    at = head.find(b"\x42\x82", 4, 64)
    # The length of the name comes first, in one to eight bytes.
    if b"matroska" in head[at + 3 : at + 18]:
        return Found("a Matroska file", on_request=formats, sample_rate=rate)
    return Found("a WebM file", formats, sample_rate=rate)


def _amr(head: bytes) -> Found:
    """AMR; the first frame's mode tells the bit rate, which may change at any frame."""
    for mark, name, wire, rate, sizes in (
        (b"#!AMR\n", "an AMR-NB file", "amr_nb", 8000, _AMR_NB_FRAMES),
        (b"#!AMR-WB\n", "an AMR-WB file", "amr_wb", 16000, _AMR_WB_FRAMES),
    ):
        if head.startswith(mark):
            first = head[len(mark) : len(mark) + 1]
            mode = first[0] >> 3 & 15 if first else len(sizes)
            # Higher modes are comfort noise or no data: they say nothing of the speech.
            frame = sizes[mode] if mode < len(sizes) else sizes[-1]
            pace = float(AMR_FRAMES_PER_SECOND * frame)
            return Found(name, (wire,), sample_rate=rate, bytes_per_second=pace)
    return Found("an AMR file with several channels, or cut short")


def _text(head: bytes) -> Optional[Found]:
    """Text of any kind; ``None`` when bytes are in it that no text has."""
    try:
        # Incremental, because the last letter may be cut.
        text = codecs.getincrementaldecoder("utf-8")().decode(head[:_TEXT_BYTES])
    except UnicodeDecodeError:
        return None
    if not text or not all(letter.isprintable() or letter in _TEXT_BLANKS for letter in text):
        return None
    start = text.lstrip(_TEXT_BLANKS)[:40]
    kind = "text"
    for mark, what in _TEXT_KINDS:
        if start.lower().startswith(mark):
            kind = what
    return Found(f"{kind}, not audio: it begins with {start!r}", certain=False, is_text=True)


def _archive(name: str, certain: bool = True) -> Callable[[bytes], Found]:
    return lambda head: Found(name, certain=certain, is_archive=True)


def _refused(name: str) -> Callable[[bytes], Found]:
    return lambda head: Found(name)


# Offset, mark, and what reads on from there; the first that fits.
_MARKS: Tuple[Tuple[int, bytes, Callable[[bytes], Found]], ...] = (
    *((0, mark, _riff) for mark in RIFF_NAMES),
    (0, b"fLaC", _flac),
    (0, b"OggS", _ogg),
    (0, b"\x1a\x45\xdf\xa3", _ebml),
    (0, b"#!AMR", _amr),
    (0, b"FORM", _iff),
    (4, b"ftyp", _refused("MPEG-4 audio or video (m4a, mp4, mov, 3gp)")),
    (0, b"caff", _refused("a Core Audio (CAF) file")),
    (0, b".snd", _refused("a Sun AU file")),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", _refused("a Windows Media (WMA, ASF) file")),
    (0, b"RIFX", _refused("a big-endian WAV file (RIFX)")),
    (0, b"riff\x2e\x91\xcf\x11", _refused("a Wave64 file")),
    (0, b"wvpk", _refused("a WavPack file")),
    (0, b"MAC ", _refused("a Monkey's Audio file")),
    (0, b"PK\x03\x04", _archive("a ZIP archive")),
    (0, b"\x1f\x8b\x08", _archive("packed by gzip", certain=False)),
)
