"""Files on their way to the wire."""

from __future__ import annotations

import io
import math
import os
import re
import struct
import tracemalloc
import typing
import wave
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._audio import AudioSource, open_audio
from telnyx_stt_sync._audio_format import RAW_FORMATS, AudioFormat, raw_format
from telnyx_stt_sync._errors import AudioError, ConfigurationError
from telnyx_stt_sync._pcm import to_linear16
from tests.unit.containers import TAKEN, element, webm

CLIPS = os.environ.get("TELNYX_STT_TEST_AUDIO")

MP3 = b"\xff\xfb\x90\x44".ljust(417, b"\0")  # 16 kB/s


def takes_all(wire: str) -> bool:
    return True


def takes_linear16(wire: str) -> bool:
    return wire == "linear16"


class Pipe:
    """A file object that gives at most ``most`` bytes at a time, and can't seek."""

    def __init__(self, data: bytes, most: int) -> None:
        self._file = io.BytesIO(data)
        self._most = most

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, self._most))


class Pattern:
    """An endless pipe of one frame, up to ``size`` bytes, after a header."""

    def __init__(self, header: bytes, size: int) -> None:
        self._head = header
        self._left = size

    def read(self, size: int) -> bytes:
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        piece = bytes(min(size, self._left))
        self._left -= len(piece)
        return piece


def wav(
    samples: bytes,
    *,
    channels: int = 1,
    width: int = 2,
    rate: int = 16000,
    tag: int = 1,
    data_size: Optional[int] = None,
    behind: bytes = b"",
) -> bytes:
    block = channels * width
    fmt = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, 8 * width)
    size = len(samples) if data_size is None else data_size
    body = b"WAVEfmt \x10\0\0\0" + fmt + b"data" + struct.pack("<I", size) + samples + behind
    return b"RIFF" + struct.pack("<I", len(body)) + body


def ogg_page(packet: bytes, position: int) -> bytes:
    page = struct.pack("<4sBBqIIIB", b"OggS", 0, 2, position, 7, 0, 0, 1)
    return page + bytes([len(packet)]) + packet


def opened(data: bytes, **options: Any) -> AudioSource:
    options.setdefault("takes", takes_all)
    return open_audio(io.BytesIO(data), **options)


def sent(source: AudioSource, size: int = 64) -> bytes:
    pieces = list(source.chunks(size))
    assert all(piece and len(piece) % source.format.unit == 0 for piece in pieces)
    assert all(len(piece) <= max(size, source.format.unit) for piece in pieces)
    return b"".join(pieces)


# What a live stream is


@pytest.mark.parametrize(
    ("input_format", "rate", "expected"),
    [
        ("linear16", 8000, AudioFormat("linear16", 8000, 16000.0, True, 2)),
        ("linear32", 16000, AudioFormat("linear32", 16000, 64000.0, True, 4)),
        ("mulaw", 8000, AudioFormat("mulaw", 8000, 8000.0, True, 1)),
        ("alaw", 16000, AudioFormat("alaw", 16000, 16000.0, True, 1)),
        ("g729", None, AudioFormat("g729", 8000, 1000.0, True, 1)),
        ("amr_nb", None, AudioFormat("amr_nb", 8000, 1600.0, False, 1)),
        ("amr_wb", 16000, AudioFormat("amr_wb", 16000, 3050.0, False, 1)),
        ("opus", 48000, AudioFormat("opus", 48000, 16000.0, False, 1)),
        ("mp3", None, AudioFormat("mp3", None, 16000.0, False, 1)),
        ("wav", None, AudioFormat("wav", None, 16000.0, False, 1)),
    ],
)
def test_raw_format(input_format: str, rate: Optional[int], expected: AudioFormat) -> None:
    """The options of a stream tell its pace, exactly for samples and G.729."""
    assert raw_format(input_format, rate) == expected


@pytest.mark.parametrize("input_format", ["linear16", "linear32", "mulaw", "alaw"])
def test_samples_need_a_rate(input_format: str) -> None:
    """Samples without a sample rate are a ConfigurationError, even for G.711."""
    with pytest.raises(ConfigurationError, match="give sample_rate= in Hz"):
        raw_format(input_format, None)
    with pytest.raises(ConfigurationError, match="sample_rate"):
        opened(bytes(100), input_format=input_format)


# WAV


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize("input_format", [None, "wav"])
def test_wav_goes_as_linear16(width: int, channels: int, input_format: Optional[str]) -> None:
    """PCM of any width and number of channels goes as 16-bit mono at its own rate."""
    frames = bytes(range(240))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((channels, width, 22050, 0, "NONE", ""))
        writer.writeframes(frames)
    source = opened(file.getvalue(), input_format=input_format)
    assert source.format == AudioFormat("linear16", 22050, 44100.0, True, 2)
    assert source.total_seconds == 240 // width // channels / 22050
    encoding = {1: "u8", 2: "s16", 3: "s24", 4: "s32"}[width]
    assert sent(source, 10) == to_linear16(frames, encoding, channels=channels)


def test_float_wav() -> None:
    """Float samples go as 16-bit too."""
    source = opened(wav(struct.pack("<3f", 0.5, -0.5, 2.0), tag=3, width=4))
    assert sent(source) == struct.pack("<3h", 16384, -16384, 32767)


def test_channel() -> None:
    """A channel picked by its number is the only one that goes."""
    frames = struct.pack("<6h", 1, -1, 2, -2, 3, -3)
    assert sent(opened(wav(frames, channels=2), channel=1)) == struct.pack("<3h", -1, -2, -3)
    assert sent(opened(wav(frames), channel=0)) == frames


@pytest.mark.parametrize("channel", [-1, True, 1.0, "left"])
def test_impossible_channel(channel: Any) -> None:
    """What is no channel number is a ConfigurationError, before a file is opened."""
    with pytest.raises(ConfigurationError, match=f"channel={channel!r}: give the number"):
        open_audio("no such file", channel=channel, takes=takes_all)


def test_channel_that_is_not_there() -> None:
    """A channel beyond the last is a ConfigurationError that names the last."""
    with pytest.raises(ConfigurationError, match=r"channel=2: the file has 2, .* up to 1"):
        opened(wav(bytes(40), channels=2), channel=2)


@pytest.mark.parametrize("options", [{}, {"input_format": "linear16", "sample_rate": 8000}])
def test_channel_of_other_formats(options: Dict[str, Any]) -> None:
    """A channel can't be picked from anything but WAV."""
    with pytest.raises(ConfigurationError, match="only be picked from a WAV file"):
        opened(MP3 * 3, channel=0, **options)


def test_rate_that_contradicts_the_header() -> None:
    """A sample rate is not needed for WAV; a wrong one is a ConfigurationError."""
    assert opened(wav(bytes(4)), sample_rate=16000).format.sample_rate == 16000
    with pytest.raises(ConfigurationError, match="sample_rate=8000: the WAV header says 16000"):
        opened(wav(bytes(4)), sample_rate=8000)


@pytest.mark.parametrize(("tag", "law"), [(6, "alaw"), (7, "mulaw")])
def test_g711_where_it_is_taken(tag: int, law: str) -> None:
    """G.711 in WAV goes as it is to an engine that takes it, else as linear16."""
    codes = bytes(range(256))
    file = wav(codes, tag=tag, width=1, rate=8000)
    source = opened(file)
    assert source.format == AudioFormat(law, 8000, 8000.0, True, 1)
    assert source.total_seconds == 0.032
    assert sent(source) == codes
    source = opened(file, takes=takes_linear16)
    assert source.format == AudioFormat("linear16", 8000, 16000.0, True, 2)
    assert sent(source) == to_linear16(codes, law)


def test_g711_of_two_channels() -> None:
    """A picked side of a G.711 recording goes as it is; the mean of two sides can't."""
    codes = bytes(range(256))
    file = wav(codes, tag=7, width=1, channels=2, rate=8000)
    picked = opened(file, channel=1)
    assert (picked.format.input_format, sent(picked)) == ("mulaw", codes[1::2])
    mixed = opened(file)
    assert mixed.format.input_format == "linear16"
    assert sent(mixed) == to_linear16(codes, "mulaw", channels=2)


def test_chunks_behind_the_samples() -> None:
    """What follows the samples is not sent."""
    source = opened(wav(b"\1\2" * 20, behind=b"LIST\4\0\0\0abcd"))
    assert source.total_seconds == 20 / 16000
    assert sent(source, 6) == b"\1\2" * 20


@pytest.mark.parametrize("data_size", [0, 1000, 0x7FFFFFFF, 0xFFFFFFFF])
def test_wrong_data_size(data_size: int) -> None:
    """Whatever a header promises, the samples go up to the end of the file."""
    file = wav(b"\1\2" * 20, data_size=data_size)
    if data_size == 0:  # a RIFF size that counts them would make the 0 true
        file = file[:4] + bytes(4) + file[8:]
    source = opened(file)
    assert source.total_seconds == 20 / 16000
    assert sent(source) == b"\1\2" * 20


def test_length_of_a_pipe() -> None:
    """On a pipe the length of WAV is known if the header knows it."""
    for data_size, seconds in ((None, 20 / 16000), (0xFFFFFFFF, None)):
        pipe: Any = Pipe(wav(bytes(40), data_size=data_size), most=7)
        source = open_audio(pipe, takes=takes_all)
        assert source.total_seconds == seconds
        assert sent(source) == bytes(40)


def test_wav_without_samples() -> None:
    """A WAV file of no length is audio, of which nothing is to be sent; that is worth a word."""
    for file in (wav(b""), wav(b"", behind=b"LIST\4\0\0\0abcd"), wav(b"a", data_size=1000)):
        source = opened(file)
        assert source.total_seconds == 0
        assert sent(source) == b""
        assert source.doubt == "the audio is a WAV header without a sample: there is no audio in it"


@pytest.mark.parametrize("data_size", [None, 3200 + 40, 0x7FFFFFFF, 0xFFFFFFFF])
def test_wav_that_is_whole(data_size: Optional[int]) -> None:
    """A size that is a little off, or that stands for none, is not worth a word."""
    assert opened(wav(bytes(3200), data_size=data_size)).doubt is None


def test_wav_that_was_cut_short(tmp_path: Path) -> None:
    """Of a WAV file that is shorter than it says is told how much of it is there."""
    path = tmp_path / "call.wav"
    path.write_bytes(wav(bytes(48_000), data_size=320_000))
    with open_audio(path, takes=takes_all) as source:
        assert source.total_seconds == 1.5
        assert source.doubt is not None
        assert re.fullmatch(
            r"'.*call\.wav' was cut short.* 10\.0 s of audio, and 1\.5 s are there", source.doubt
        )
    pipe: Any = Pipe(wav(bytes(48_000), data_size=320_000), most=5000)
    assert open_audio(pipe, takes=takes_all).doubt is None


# What the engine takes


@pytest.mark.parametrize(
    ("container", "kind", "engines"),
    [
        ("flac", "a FLAC file", "Deepgram, Google, Speechmatics, Soniox"),
        ("ogg_opus", "Ogg Opus", "Deepgram, Google, Speechmatics, Soniox"),
        ("webm", "a WebM file", "Deepgram, Soniox"),
        ("webm_opus", "a WebM file", "Deepgram, Google, Soniox"),
        ("amr_wb", "an AMR-WB file", "Deepgram, Google"),
    ],
)
def test_a_file_for_other_engines(container: str, kind: str, engines: str, tmp_path: Path) -> None:
    """A file that the chosen engine does not take says who does, and how to convert it.

    It is a matter of the file and of the options: both names catch it.
    """
    path = tmp_path / "a call.x"
    path.write_bytes(TAKEN[container])
    with pytest.raises(AudioError) as caught:
        open_audio(path, takes=takes_linear16)
    assert isinstance(caught.value, ConfigurationError)
    assert f"a call.x' is {kind}, which the chosen engine does not take. " in str(caught.value)
    assert f"Engines that do: {engines}. Every engine takes WAV" in str(caught.value)
    assert str(caught.value).endswith("a call.wav'")


def test_a_format_that_was_asked_for() -> None:
    """What was asked for is checked with the other options, before there is a file."""
    source = opened(TAKEN["flac"], input_format="flac", takes=takes_linear16)
    assert source.format.input_format == "flac"


def test_cut_frames_are_left_out() -> None:
    """A frame that the end of the file cuts is not sent."""
    assert sent(opened(wav(bytes(35), channels=2, width=3, data_size=600))) == bytes(10)


# Raw audio


def test_raw_audio() -> None:
    """Raw audio goes as its bytes, and its size tells its length."""
    source = opened(bytes(range(100)), input_format="linear16", sample_rate=100)
    assert source.format == AudioFormat("linear16", 100, 200.0, True, 2)
    assert source.total_seconds == 0.5
    assert sent(source) == bytes(range(100))


@pytest.mark.parametrize(
    ("input_format", "most", "whole"),
    [("linear16", 3, 102), ("linear32", 3, 100), ("mulaw", 3, 103)],
)
def test_whole_samples(input_format: str, most: int, whole: int) -> None:
    """Chunks are whole samples, however the reads cut them; a cut one at the end is dropped."""
    data = bytes(range(103))
    assert sent(opened(data, input_format=input_format, sample_rate=8000), 6) == data[:whole]
    pipe: Any = Pipe(data, most)
    source = open_audio(pipe, input_format=input_format, sample_rate=8000, takes=takes_all)
    assert source.total_seconds is None
    assert sent(source, 6) == data[:whole]


# Back again


@pytest.mark.parametrize(("channels", "width"), [(1, 2), (2, 2), (1, 3), (2, 1)])
@pytest.mark.parametrize("position", [0, 8, 40])
def test_seek_in_wav(channels: int, width: int, position: int) -> None:
    """A file goes on from any sample of what goes on the wire, however wide its own are."""
    data = bytes(range(20 * channels * width))
    everything = sent(opened(wav(data, channels=channels, width=width)))
    source = opened(wav(data, channels=channels, width=width, behind=b"LIST\4\0\0\0abcd"))
    assert source.can_seek
    for _ in range(2):
        assert len(list(source.chunks(6))) > 0
        source.seek(position)
        assert sent(source) == everything[position:]
        source.seek(0)


def test_seek_within_a_sample() -> None:
    """Audio never begins in the middle of a sample."""
    source = opened(bytes(range(20)), input_format="linear16", sample_rate=8000)
    source.seek(7)
    assert sent(source) == bytes(range(6, 20))


@pytest.mark.parametrize("size", [500, 5000])
def test_seek_in_a_file_with_a_tag(size: int) -> None:
    """The start is what was sent first: a long tag that was left out stays out."""
    source = opened(tagged(size, MP3 * 4))
    first = sent(source)
    assert first.endswith(MP3 * 4)
    source.seek(0)
    assert sent(source) == first


def test_a_pipe_can_not_be_sent_again() -> None:
    """Of a pipe what was read is gone."""
    pipe: Any = Pipe(bytes(100), most=10)
    source = open_audio(pipe, input_format="mulaw", sample_rate=8000, takes=takes_all)
    assert not source.can_seek


def test_chunks_of_less_than_a_sample() -> None:
    """A size that no sample fits in gives single samples."""
    source = opened(bytes(range(8)), input_format="linear32", sample_rate=8000)
    assert list(source.chunks(1)) == [bytes(range(4)), bytes(range(4, 8))]


def test_slow_pipes_are_passed_on() -> None:
    """A chunk is what one read gives: it does not wait to be full."""
    pipe: Any = Pipe(bytes(100_000), most=1000)
    source = open_audio(pipe, input_format="mulaw", sample_rate=8000, takes=takes_all)
    pieces = [len(piece) for piece in source.chunks(8000)]
    assert sum(pieces) == 100_000
    assert max(pieces) == 1000


def test_raw_audio_that_looks_like_mp3() -> None:
    """An explicit raw format is sent at its own rate, whatever it looks like by chance."""
    source = opened(MP3 * 4, input_format="linear16", sample_rate=8000)
    assert source.format == AudioFormat("linear16", 8000, 16000.0, True, 2)


def test_raw_format_for_a_container() -> None:
    """An explicit raw format for a WAV file is a ConfigurationError."""
    with pytest.raises(ConfigurationError, match="is a WAV file by its first bytes"):
        opened(wav(bytes(40)), input_format="linear16", sample_rate=16000)


# Compressed audio


def test_constant_bit_rate() -> None:
    """MP3 of a constant bit rate goes as its bytes, and its size tells its length."""
    source = opened(MP3 * 40)
    assert source.format == AudioFormat("mp3", 44100, 16000.0, True, 1)
    assert source.total_seconds == 417 * 40 / 16000
    assert sent(source, 1000) == MP3 * 40


def test_length_by_header() -> None:
    """MP3 of varying bit rate on a pipe has the length that its header tells."""
    header = b"Xing" + struct.pack(">III", 3, 1000, 300_000)
    first = (MP3[:4] + bytes(32) + header).ljust(417, b"\0")
    pipe: Any = Pipe(first + MP3 * 3, most=10_000)
    source = open_audio(pipe, takes=takes_all)
    assert source.total_seconds == 1000 * 1152 / 44100
    assert source.format.bytes_per_second == 300_000 / (1000 * 1152 / 44100)


def test_varying_bit_rate() -> None:
    """Where nothing tells the bit rate, that of the first frames does; the length is not known."""
    source = opened(MP3 + (b"\xff\xfb\x50\x44".ljust(208, b"\0")) * 3)
    assert source.format == AudioFormat("mp3", 44100, 10_000.0, False, 1)
    assert source.total_seconds is None


def test_explicit_mp3() -> None:
    """MP3 that begins within a frame goes when it is asked for."""
    source = opened(bytes(300) + MP3 * 3, input_format="mp3", sample_rate=44100)
    assert source.format == AudioFormat("mp3", 44100, 16000.0, False, 1)
    assert source.total_seconds is None


def tagged(size: int, audio: bytes) -> bytes:
    lengths = bytes([size >> 21 & 127, size >> 14 & 127, size >> 7 & 127, size & 127])
    return b"ID3\4\0\0" + lengths + b"\xff\xfb" * (size // 2) + audio


def test_short_tag() -> None:
    """A short ID3 tag is sent with the file that it belongs to."""
    file = tagged(500, MP3 * 4)
    source = opened(file)
    assert source.format.exact_rate
    assert sent(source, 1000) == file


@pytest.mark.parametrize("size", [5000, 3_000_000])
def test_long_tag(size: int) -> None:
    """A long ID3 tag is left out: it would cost its time and put all times off."""
    for file in (io.BytesIO(tagged(size, MP3 * 4)), Pipe(tagged(size, MP3 * 4), 4000)):
        source = open_audio(file, takes=takes_all)
        assert source.format == AudioFormat("mp3", 44100, 16000.0, True, 1)
        assert source.total_seconds in (417 * 4 / 16000, None)
        assert sent(source, 1000) == MP3 * 4


@pytest.mark.parametrize("size", [500, 5000])
def test_tag_alone(size: int) -> None:
    """A file that is only a tag is an AudioError."""
    with pytest.raises(AudioError, match="ends with its ID3 tag"):
        opened(tagged(size, b""))


def flac(samples: int) -> bytes:
    packed = 16000 << 44 | 15 << 36 | samples
    return b"fLaC\0\0\0\x22" + bytes(10) + packed.to_bytes(8, "big") + bytes(1_600_000 - 26)


def test_flac_length() -> None:
    """FLAC tells its length, and with the size of the file the mean pace."""
    source = opened(flac(samples=1_600_000))
    assert source.format == AudioFormat("flac", 16000, 16000.0, True, 1)
    assert source.total_seconds == 100.0
    pipe: Any = Pipe(flac(samples=1_600_000), most=5000)
    source = open_audio(pipe, takes=takes_all)
    assert source.format == AudioFormat("flac", 16000, 19200.0, False, 1)
    assert source.total_seconds is None


def test_length_that_can_not_be() -> None:
    """A length that would make the pace absurd is not believed."""
    source = opened(flac(samples=2**36 - 1))
    assert source.format == AudioFormat("flac", 16000, 19200.0, False, 1)
    assert source.total_seconds is None


def test_ogg_length() -> None:
    """The last page of an Ogg file tells its length, and so the mean pace."""
    head = ogg_page(b"OpusHead\1\1" + bytes(9), 0)
    file = head + bytes(30_000 - 2 * len(head)) + ogg_page(b"OpusHead\1\1" + bytes(9), 480_000)
    source = opened(file)
    assert source.format == AudioFormat("ogg_opus", 48000, 3000.0, True, 1)
    assert source.total_seconds == 10.0
    assert sent(source, 1000) == file
    pipe: Any = Pipe(file, most=5000)
    assert open_audio(pipe, takes=takes_all).total_seconds is None
    assert opened(file, sample_rate=16000).format.sample_rate == 16000


DURATION = element(b"\x15\x49\xa9\x66", element(b"\x44\x89", struct.pack(">d", 10_000.0)))


@pytest.mark.parametrize("told", ["header", "last block"])
@pytest.mark.parametrize("input_format", [None, "webm"])
def test_webm_length(told: str, input_format: Optional[str]) -> None:
    """A WebM file tells its length in its header, or by its last block, and so the mean pace."""
    head = webm(b"A_OPUS", b"webm" if input_format is None else b"matroska")
    if told == "header":
        tracks = head.find(b"\x16\x54\xae\x6b")
        head, end = head[:tracks] + DURATION + head[tracks:], b""
    else:
        last = element(b"\xe7", b"\x27\x10") + element(b"\xa3", b"\x81" + bytes(40))
        end = b"\x1f\x43\xb6\x75\xff" + last
    file = head + element(b"\xec", bytes(10_000)) * 2 + end
    source = opened(file, input_format=input_format)
    assert source.format == AudioFormat("webm", 48000, len(file) / 10, True, 1)
    assert source.total_seconds == 10.0
    pipe: Any = Pipe(file, most=5000)
    from_pipe = open_audio(pipe, input_format=input_format, takes=takes_all)
    assert from_pipe.format == AudioFormat("webm", 48000, 16_000.0, False, 1)
    assert from_pipe.total_seconds is None


def test_amr() -> None:
    """AMR's pace is an estimate, so its length is not known."""
    source = opened(b"#!AMR\n" + b"\x3c".ljust(32, b"\0") * 50)
    assert source.format == AudioFormat("amr_nb", 8000, 1600.0, False, 1)
    assert source.total_seconds is None


# Sources


def test_empty_file(tmp_path: Path) -> None:
    """An empty file is an AudioError, with and without a format."""
    path = tmp_path / "empty.wav"
    path.write_bytes(b"")
    for options in ({}, {"input_format": "linear16", "sample_rate": 8000}):
        with pytest.raises(AudioError, match=r"empty\.wav' is empty"):
            open_audio(path, takes=takes_all, **options)  # type: ignore[arg-type]


def test_path_is_closed(tmp_path: Path) -> None:
    """Leaving ``with`` closes what was opened, and so does an error on opening."""
    path = tmp_path / "call.wav"
    path.write_bytes(wav(bytes(10_000)))
    with open_audio(path, takes=takes_all) as source:
        chunks = source.chunks(10)
        assert next(chunks) == bytes(10)
    with pytest.raises(ValueError, match="closed"):
        list(chunks)
    # A file left open would be a ResourceWarning, which is an error in these tests.
    with pytest.raises(ConfigurationError):
        open_audio(path, channel=5, takes=takes_all)


def test_file_object_stays_open() -> None:
    """Leaving ``with`` leaves a file object open."""
    file = io.BytesIO(wav(bytes(40)))
    with open_audio(file, takes=takes_all):
        pass
    assert not file.closed


def test_from_where_it_stands() -> None:
    """A file object is read from its position on."""
    file = io.BytesIO(b"something else" + wav(b"\1\2" * 10))
    file.seek(14)
    source = open_audio(file, takes=takes_all)
    assert source.total_seconds == 10 / 16000
    assert sent(source) == b"\1\2" * 10


def test_repr(tmp_path: Path) -> None:
    """The repr shows the file and what it is sent as."""
    path = tmp_path / "call.wav"
    path.write_bytes(wav(bytes(40)))
    with open_audio(path, takes=takes_all) as source:
        assert repr(source).startswith(f"<AudioSource {path} as AudioFormat(")
    assert "file object" in repr(opened(wav(bytes(40))))


def test_memory_stays_flat() -> None:
    """However long a file is, only about a chunk of it is held."""
    header = wav(b"", channels=2, width=3, rate=44100, data_size=0xFFFFFFFF)
    pattern: Any = Pattern(header, 40_000_000)
    tracemalloc.start()
    try:
        source = open_audio(pattern, takes=takes_all)
        size = sum(len(piece) for piece in source.chunks(8192))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == 40_000_000 // 6 * 2
    assert peak < 1_000_000


@pytest.mark.skipif(CLIPS is None, reason="TELNYX_STT_TEST_AUDIO is not set")
def test_real_files() -> None:
    """Real files have the length that they really have, and are sent whole."""
    clips = Path(CLIPS or "")
    for clip, seconds in (("thunderstorms.wav", 7.1), ("jfk.flac", 11.0), ("jfk.mp3", 11.09)):
        with open_audio(clips / clip, takes=takes_all) as source:
            assert source.total_seconds == pytest.approx(seconds, abs=0.02)
            size = sum(len(piece) for piece in source.chunks(8192))
            assert size / source.format.bytes_per_second == pytest.approx(seconds, abs=0.02)
    with open_audio(clips / "jfk.mp3", takes=takes_all) as source:
        assert sent(source, 8192) == (clips / "jfk.mp3").read_bytes()
    raw: List[bytes] = []
    with open_audio(
        clips / "goforward.raw", input_format="linear16", sample_rate=16000, takes=takes_all
    ) as source:
        assert source.total_seconds == pytest.approx(2.79, abs=0.01)
        raw.extend(source.chunks(1000))
    assert b"".join(raw) == (clips / "goforward.raw").read_bytes()


def test_type_hints() -> None:
    """The hints of every public name can be resolved, on the oldest Python too."""
    for public in (AudioFormat, AudioSource.__init__, AudioSource.chunks, open_audio, raw_format):
        assert typing.get_type_hints(public)


HEADS = (
    wav(bytes(60), channels=2, width=3, behind=b"LIST\4\0\0\0abcd"),
    wav(bytes(60), tag=7, width=1),
    tagged(20, MP3 * 3),
    flac(samples=8000)[:100],
    ogg_page(b"OpusHead\1\1" + bytes(9), 0) + ogg_page(b"abc", 48000),
    ogg_page(b"Speex   ".ljust(36) + b"\x40\x1f\0\0" + bytes(20), 0) + ogg_page(b"abc", 48000),
    b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm\x18\x53\x80\x67A_OPUS" + bytes(40),
    b"#!AMR\n\x3c" + bytes(31),
    b"#!AMR-WB\n\x44" + bytes(60),
    b"\0\0\0\x20ftypM4A " + bytes(40),
)
FORMATS = [None, "wav", "mp3", "linear16", "linear32", "mulaw", "flac", "ogg", "webm", "amr_wb"]


@settings(deadline=None)
@given(
    st.sampled_from(HEADS),
    st.integers(min_value=0, max_value=80),
    st.binary(max_size=6),
    st.booleans(),
    st.sampled_from(FORMATS),
    st.sampled_from([None, 0, 1]),
    st.integers(min_value=1, max_value=100),
)
def test_any_file(
    head: bytes,
    at: int,
    wrong: bytes,
    cut: bool,
    input_format: Optional[str],
    channel: Optional[int],
    most: int,
) -> None:
    """A file cut or changed anywhere is sent, or is an error that says why not."""
    file = head[:at] + wrong + (b"" if cut else head[at + len(wrong) :])
    pipe: Any = Pipe(file, most)
    for source in (io.BytesIO(file), pipe):
        options: Dict[str, Any] = {"input_format": input_format, "channel": channel}
        if input_format in RAW_FORMATS:
            options["sample_rate"] = 8000
        try:
            audio = open_audio(source, takes=takes_all, **options)
        except (AudioError, ConfigurationError) as error:
            assert len(str(error)) > 40
            continue
        size = len(sent(audio, 32))
        assert audio.format.bytes_per_second > 0
        assert math.isfinite(audio.format.bytes_per_second)
        assert size <= 2 * len(file)
        assert audio.total_seconds is None or audio.total_seconds >= 0
