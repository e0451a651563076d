"""Audio on its way to the wire: a file as chunks of bytes, and how fast they go by."""

from __future__ import annotations

from functools import partial
from types import TracebackType
from typing import Callable, Iterator, Optional, Tuple, Type

from ._audio_format import ASSUMED_BYTES_PER_SECOND, RAW_FORMATS, AudioFormat, raw_format
from ._engines import ENGINES, engines_taking
from ._errors import AudioError, ConfigurationError, FormatNotTakenError
from ._formats import (
    HEAD_BYTES,
    RAW_HEAD_BYTES,
    UNMARKED,
    Found,
    choose_format,
    ogg_seconds,
    recognise,
)
from ._mp3 import tag_bytes
from ._pcm import pick, to_linear16
from ._reader import Reader, Source, Wait
from ._wav import WavHeader, conversion, read_header, subject
from ._webm import webm_seconds

# No codec is slower or faster, on average; where a header says so, it lies. The slowest are
# Opus and Codec 2 of silence, the fastest is uncompressed FLAC of many channels.
_POSSIBLE_PACE = (50.0, 10_000_000.0)

# An ID3 tag of up to this size, an eighth of a second, is sent with the rest of the file. A
# longer one holds pictures, which would cost their time and put all estimated times off.
_TAG_SENT = 2000

# A WAV file that lacks less than this is whole: headers are often a few bytes off.
_MISSED_SECONDS = 0.1

# An Ogg page is never longer. A WebM cluster of a browser takes 30 s, 480 kB at 128 kbit/s.
_OGG_TAIL, _WEBM_TAIL = 65_307, 1024 * 1024


class AudioSource:
    """A file on its way to the wire, read and converted as it is needed.

    Leaving ``with`` closes the file if it was given as a path; a file object stays
    open. ``total_seconds`` is ``None`` where it is not known: a pipe, or
    compressed audio whose first bytes do not tell. ``doubt`` is a sentence on what
    looks wrong although the audio can be sent, ``None`` when nothing does.
    """

    def __init__(
        self,
        reader: Reader,
        audio_format: AudioFormat,
        total_seconds: Optional[float],
        *,
        frame_bytes: int = 1,
        convert: Optional[Callable[[bytes], bytes]] = None,
        doubt: Optional[str] = None,
    ) -> None:
        self.doubt = doubt
        self.format = audio_format
        self.total_seconds = total_seconds
        self._reader = reader
        self._frame_bytes = frame_bytes
        self._convert = convert  # None: the bytes go as they are
        reader.mark()

    @property
    def name(self) -> Optional[str]:
        """The file's, ``None`` where it has none."""
        return self._reader.name

    @property
    def can_seek(self) -> bool:
        """Whether it can be sent again: a pipe can't."""
        return self._reader.size is not None

    def seek(self, position: int) -> None:
        """Go on from so many bytes of what goes on the wire, whole samples."""
        self._reader.rewind(position // self.format.unit * self._frame_bytes)

    def chunks(self, size: int) -> Iterator[bytes]:
        """The bytes for the wire, at most ``size`` at a time but at least one sample.

        A chunk is what one read of the file gives, so a slow pipe is passed on
        without delay. A sample that the end of the file cuts is left out.
        """
        step = max(1, size // self.format.unit) * self._frame_bytes
        cut = b""
        while True:
            piece = self._reader.read(step - len(cut))
            if not piece:
                return
            frames = cut + piece if cut else piece
            whole = len(frames) - len(frames) % self._frame_bytes
            frames, cut = frames[:whole], frames[whole:]
            if frames:
                yield self._convert(frames) if self._convert else frames

    def close(self) -> None:
        """Close the file if it was given as a path. Idempotent."""
        self._reader.close()

    def __enter__(self) -> AudioSource:
        return self

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<AudioSource {self.name or 'file object'} as {self.format}>"


def open_audio(
    source: Source,
    *,
    input_format: Optional[str] = None,
    sample_rate: Optional[int] = None,
    channel: Optional[int] = None,
    takes: Callable[[str], bool],
    wait: Wait = lambda raw: None,
) -> AudioSource:
    """Open a path or a binary file object, which is read from where it stands.

    ``input_format`` and ``sample_rate`` in Hz are needed for raw audio only.
    ``channel`` picks one channel of a WAV file, from 0, in place of the mean of
    all. ``takes`` says of a wire format whether the engine takes it, where there
    is a choice; ``source.format`` remains to be checked. ``wait`` comes before each read
    of a pipe or the like, and may raise.

    Raises what ``open()`` raises, ``TypeError`` for what is not a binary file,
    ``AudioError`` for audio that can't be sent, ``ConfigurationError`` for
    options that do not fit it, and what is both for a format that is not taken.
    """
    check_channel(channel)
    reader = Reader(source, wait)
    try:
        head, tagged = _head(reader, HEAD_BYTES if input_format not in UNMARKED else RAW_HEAD_BYTES)
        found = recognise(head, tagged=tagged)
        wire = choose_format(found, head, input_format=input_format, takes=takes, name=reader.name)
        if wire == "wav":
            return _wav_source(reader, sample_rate, channel, takes)
        if input_format is None and not takes(wire):
            raise _not_taken(found, reader.name)
        if channel is not None:
            raise ConfigurationError(
                f"channel={channel}: a channel can only be picked from a WAV file, and this is "
                f"{wire}. Leave channel out, or convert the audio to WAV"
            )
        return _plain_source(reader, found, wire, sample_rate, head)
    except BaseException:
        reader.close()
        raise


def _not_taken(found: Optional[Found], name: Optional[str]) -> FormatNotTakenError:
    """The error for a file that the service takes, but not for the engine that was chosen."""
    assert found is not None
    takers = {engine for wire in found.formats for engine in engines_taking(wire)}
    return FormatNotTakenError(
        f"{subject(name)} is {found.name}, which the chosen engine does not take. Engines that "
        f"do: {', '.join(engine for engine in ENGINES if engine in takers)}. Every engine takes "
        f"WAV files, so you may convert it: {conversion(name)}"
    )


def check_channel(channel: object) -> None:
    """Raise ``ConfigurationError`` for what is no number of a channel."""
    is_number = isinstance(channel, int) and not isinstance(channel, bool) and channel >= 0
    if channel is not None and not is_number:
        raise ConfigurationError(
            f"channel={channel!r}: give the number of a channel, counted from 0, or leave it out"
        )


def _head(reader: Reader, size: int) -> Tuple[bytes, bool]:
    """The first bytes behind an ID3 tag, and whether there was one."""
    head = reader.peek(size)
    if not head:
        raise AudioError(f"{subject(reader.name)} is empty: there is no audio in it")
    tag = tag_bytes(head)
    if tag > _TAG_SENT:
        reader.skip(tag)
        head = reader.peek(size)
    elif tag:
        head = reader.peek(tag + size)[tag:]
    if not head:
        raise AudioError(f"{subject(reader.name)} ends with its ID3 tag: there is no audio in it")
    return head, tag > 0


def _wav_source(
    reader: Reader,
    sample_rate: Optional[int],
    channel: Optional[int],
    takes: Callable[[str], bool],
) -> AudioSource:
    """Samples go as linear16, which every engine takes; G.711 as it is where that is taken."""
    header = read_header(reader.read_all, reader.name)
    _check_wav_options(header, sample_rate, channel)
    if header.data_size is not None:
        reader.limit(header.data_size)
    encoding, channels = header.encoding, header.channels
    if encoding in RAW_FORMATS and (channels == 1 or channel is not None) and takes(encoding):
        wire = encoding
        convert = partial(pick, sample_bytes=1, channels=channels, channel=channel or 0)
    else:
        wire = "linear16"
        convert = partial(to_linear16, encoding=encoding, channels=channels, channel=channel)
    return AudioSource(
        reader,
        raw_format(wire, header.sample_rate),
        _wav_seconds(header, reader.size),
        frame_bytes=header.frame_bytes,
        convert=convert,
        doubt=_wav_doubt(header, reader),
    )


def _wav_doubt(header: WavHeader, reader: Reader) -> Optional[str]:
    """What to say of a WAV file that is shorter than its header says, or that is only that."""
    if _wav_seconds(header, reader.size) == 0:
        return f"{subject(reader.name)} is a WAV header without a sample: there is no audio in it"
    if header.data_size is None or reader.size is None:
        return None
    pace = header.frame_bytes * header.sample_rate
    promised, there = header.data_size / pace, reader.size / pace
    if promised - there < _MISSED_SECONDS:
        return None
    return (
        f"{subject(reader.name)} was cut short, or is still being written: its header tells of "
        f"{promised:.1f} s of audio, and {there:.1f} s are there"
    )


def _check_wav_options(
    header: WavHeader, sample_rate: Optional[int], channel: Optional[int]
) -> None:
    if channel is not None and channel >= header.channels:
        raise ConfigurationError(
            f"channel={channel}: the file has {header.channels}, counted from 0. Give a number "
            f"up to {header.channels - 1}, or leave channel out for the mean of all"
        )
    if sample_rate is not None and sample_rate != header.sample_rate:
        raise ConfigurationError(
            f"sample_rate={sample_rate}: the WAV header says {header.sample_rate} Hz. Leave "
            "sample_rate out; it is for raw audio"
        )


def _wav_seconds(header: WavHeader, file_size: Optional[int]) -> Optional[float]:
    sizes = [size for size in (header.data_size, file_size) if size is not None]
    if not sizes:
        return None
    return min(sizes) // header.frame_bytes / header.sample_rate


def _plain_source(
    reader: Reader, found: Optional[Found], wire: str, sample_rate: Optional[int], head: bytes
) -> AudioSource:
    """Everything but WAV goes as its bytes."""
    if found is None or wire not in found.formats + found.on_request:
        # Raw audio, or what the user says that it is, whatever it looks like by chance.
        audio_format = raw_format(wire, sample_rate)
        seconds = _raw_seconds(audio_format, reader.size)
        return AudioSource(reader, audio_format, seconds, frame_bytes=audio_format.unit)
    if found.clock and reader.size:
        found = found._replace(seconds=ogg_seconds(found, head, reader.tail(_OGG_TAIL)))
    if wire in ("webm", "webm_opus"):
        told = webm_seconds(head) or webm_seconds(head, reader.tail(_WEBM_TAIL))
        found = found._replace(seconds=told)
    pace, exact, seconds = _pace(found, reader.size)
    audio_format = raw_format(wire, sample_rate or found.sample_rate)._replace(
        bytes_per_second=pace, exact_rate=exact
    )
    return AudioSource(reader, audio_format, seconds)


def _raw_seconds(audio_format: AudioFormat, size: Optional[int]) -> Optional[float]:
    if size is None or not audio_format.exact_rate:
        return None
    return size // audio_format.unit * audio_format.unit / audio_format.bytes_per_second


def _pace(found: Found, size: Optional[int]) -> Tuple[float, bool, Optional[float]]:
    """Bytes per second, whether that is more than an estimate, and the length in seconds."""
    if found.bytes_per_second and found.exact:
        # Counted from the size: a file may be cut, or be several in a row.
        seconds = size / found.bytes_per_second if size else found.seconds
        return found.bytes_per_second, True, seconds
    if found.seconds and size and _POSSIBLE_PACE[0] <= size / found.seconds <= _POSSIBLE_PACE[1]:
        return size / found.seconds, True, found.seconds
    return found.bytes_per_second or ASSUMED_BYTES_PER_SECOND, False, None
