"""What a file is by its first bytes, and which name that makes on the wire."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Optional, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telnyx_stt_sync._errors import AudioError, ConfigurationError
from telnyx_stt_sync._formats import UNMARKED, Found, choose_format, ogg_seconds, recognise
from telnyx_stt_sync._wav import conversion
from tests.unit.containers import webm

CLIPS = os.environ.get("TELNYX_STT_TEST_AUDIO")

WAV = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0"
MP3 = b"\xff\xfb\x90\x44".ljust(417, b"\0") * 3
ADTS = b"\xff\xf1\x50\x80\x19\x1f\xfc".ljust(200, b"\0") * 2
MP4 = b"\0\0\0\x20ftypM4A \0\0\0\0"
EBML = b"\x1a\x45\xdf\xa3"
RAW = bytes(range(128, 192))


def flac(rate: int = 44100, channels: int = 2, bits: int = 16, samples: int = 441000) -> bytes:
    packed = rate << 44 | channels - 1 << 41 | bits - 1 << 36 | samples
    return b"fLaC\0\0\0\x22" + bytes(10) + packed.to_bytes(8, "big") + bytes(16)


def ogg(packet: bytes, serial: int = 7, position: int = 0) -> bytes:
    page = struct.pack("<4sBBqIIIB", b"OggS", 0, 2, position, serial, 0, 0, 1)
    return page + bytes([len(packet)]) + packet


def opus(position: int = 0, serial: int = 7) -> bytes:
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 312, 16000, 0, 0)
    return ogg(head, serial, position)


def vorbis(rate: int = 22050) -> bytes:
    return ogg(b"\x01vorbis" + struct.pack("<IBIiii", 0, 1, rate, 0, 64000, 0) + b"\xb8\1")


def speex(rate: int = 16000) -> bytes:
    return ogg(b"Speex   1.2".ljust(36, b"\0") + struct.pack("<I", rate) + bytes(40))


def ebml(kind: bytes, codec: bytes) -> bytes:
    header = b"\x42\x86\x81\1\x42\x82" + bytes([0x80 | len(kind)]) + kind
    return EBML + bytes([0x80 | len(header)]) + header + b"\x18\x53\x80\x67" + codec


def found_in(head: bytes, *, tagged: bool = False) -> Found:
    found = recognise(head, tagged=tagged)
    assert found is not None
    return found


def chosen(
    head: bytes,
    input_format: Optional[str] = None,
    *,
    takes: Tuple[str, ...] = (),
    name: Optional[str] = None,
) -> str:
    return choose_format(
        recognise(head),
        head,
        input_format=input_format,
        takes=lambda wire: wire in takes,
        name=name,
    )


@pytest.mark.parametrize(
    ("head", "wire"),
    [
        (WAV, "wav"),
        (b"RF64" + WAV[4:], "wav"),
        (b"BW64" + WAV[4:], "wav"),
        (MP3, "mp3"),
        (flac(), "flac"),
        (opus(), "ogg_opus"),
        (vorbis(), "ogg"),
        (speex(), "ogg"),
        (ogg(b"\x7fFLAC\1\0\0\1" + flac()), "ogg"),
        (ogg(b"\x80theora"), "ogg"),
        (ebml(b"webm", b"A_OPUS"), "webm"),
        (ebml(b"webm", b"A_VORBIS"), "webm"),
        (b"#!AMR\n\x3c", "amr_nb"),
        (b"#!AMR-WB\n\x44", "amr_wb"),
    ],
)
def test_what_the_service_takes(head: bytes, wire: str) -> None:
    """Every container that the service takes goes under its name."""
    assert chosen(head) == wire
    assert chosen(head, wire) == wire


@pytest.mark.parametrize(
    ("head", "takes", "wire"),
    [
        (opus(), ("ogg",), "ogg"),
        (opus(), ("ogg", "ogg_opus"), "ogg_opus"),
        (ebml(b"webm", b"A_OPUS"), ("webm_opus",), "webm_opus"),
        (ebml(b"webm", b""), ("webm_opus",), "webm_opus"),
        (ebml(b"webm", b"A_VORBIS"), ("webm_opus",), "webm"),
        (WAV, ("mp3",), "wav"),
    ],
)
def test_choice_by_engine(head: bytes, takes: Tuple[str, ...], wire: str) -> None:
    """Where two names would do, the first that the engine takes is used, else the usual one."""
    assert chosen(head, takes=takes) == wire


@pytest.mark.parametrize(
    ("head", "wire"),
    [
        (opus(), "ogg"),
        (speex(), "speex"),
        (ebml(b"webm", b"A_OPUS"), "webm_opus"),
        (ebml(b"matroska", b"A_OPUS"), "webm"),
        (ebml(b"matroska", b"A_OPUS"), "webm_opus"),
    ],
)
def test_other_names_on_request(head: bytes, wire: str) -> None:
    """A name that the file could have too is used when it is asked for."""
    assert chosen(head, wire) == wire


def test_rate_of_webm() -> None:
    """Opus in WebM has the rate that Opus always has; that of other codecs is not looked for."""
    assert found_in(webm(b"A_OPUS")).sample_rate == 48000
    assert found_in(webm(b"A_OPUS", b"matroska")).sample_rate == 48000
    assert found_in(webm(b"A_VORBIS")).sample_rate is None


def test_rates() -> None:
    """The first bytes tell the sample rate, and often bytes per second and length."""
    assert found_in(flac()).sample_rate == 44100
    assert found_in(flac()).seconds == 10.0
    assert found_in(flac()).bytes_per_second == pytest.approx(0.6 * 176400)
    assert found_in(flac(samples=0)).seconds is None
    assert found_in(flac(rate=0)).sample_rate is None
    assert found_in(b"fLaC").sample_rate is None
    assert found_in(MP3).sample_rate == 44100
    assert found_in(MP3).bytes_per_second == 16000
    assert found_in(MP3).exact
    assert found_in(opus()).sample_rate == 48000
    assert found_in(vorbis()).sample_rate == 22050
    assert found_in(vorbis(rate=0)).sample_rate is None
    assert found_in(speex()).sample_rate == 16000
    assert found_in(ogg(b"\x7fFLAC\1\0\0\1" + flac())).sample_rate == 44100


@pytest.mark.parametrize(
    ("head", "pace"),
    [
        (b"#!AMR\n\x04", 650),  # 4.75 kbit/s in speech frames of 13 bytes
        (b"#!AMR\n\x3c", 1600),
        (b"#!AMR\n\x44", 1600),  # comfort noise
        (b"#!AMR\n", 1600),
        (b"#!AMR-WB\n\x04", 900),
        (b"#!AMR-WB\n\x44", 3050),
        (b"#!AMR-WB\n\x7c", 3050),  # no data
    ],
)
def test_amr_rates(head: bytes, pace: float) -> None:
    """The first frame's mode tells AMR's rate, as an estimate: the mode may change."""
    found = found_in(head)
    assert found.bytes_per_second == pace
    assert not found.exact


def test_ogg_length() -> None:
    """The last page of an Ogg file tells the length, if it belongs to the first."""
    found, head = found_in(opus()), opus()
    end = bytes(100) + ogg(b"OggS in a packet", position=5) + opus(position=480_000) + bytes(30)
    assert ogg_seconds(found, head, end) == 10.0
    assert ogg_seconds(found, head, b"") is None
    assert ogg_seconds(found, head, opus(position=-1)) is None
    assert ogg_seconds(found, head, opus(position=480_000, serial=8)) is None
    assert ogg_seconds(found_in(vorbis(rate=0)), head, end) is None


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (MP4, "MPEG-4"),
        (b"FORM\0\0\0\0AIFF", "an AIFF file"),
        (b"FORM\0\0\0\0AIFC", "an AIFF-C file"),
        (b"FORM\0\0\0\x008SVX", "an IFF file of the kind b'8SVX'"),
        (b"caff\0\1\0\0", "Core Audio"),
        (b".snd\0\0\0\x18", "Sun AU"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "Windows Media"),
        (b"RIFX\0\0\0\0WAVE", "big-endian WAV"),
        (b"RIFF\0\0\0\0AVI LIST", "a RIFF file of the kind b'AVI '"),
        (b"riff\x2e\x91\xcf\x11", "Wave64"),
        (b"wvpk\0\0", "WavPack"),
        (b"MAC \x96\x0f", "Monkey's Audio"),
        (b"#!AMR_MC1.0\n", "AMR file with several channels"),
        (ADTS, "AAC"),
        (ebml(b"matroska", b"A_OPUS"), "Matroska"),
        (webm(b"A_OPUS", b"matroska"), "Matroska"),
    ],
)
def test_what_the_service_does_not_take(head: bytes, what: str) -> None:
    """A container that the service does not take is named, with the command that converts it."""
    with pytest.raises(AudioError, match=r"does not take it\. Convert it: ffmpeg -i") as caught:
        chosen(head, name="a call.m4a")
    assert what in str(caught.value)
    assert "'a call.m4a'" in str(caught.value)
    with pytest.raises(ConfigurationError, match="input_format='mp3': the audio is"):
        chosen(head, "mp3")


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"<!DOCTYPE html><html>", "an HTML page"),
        (b"\n <HTML lang=en>", "an HTML page"),
        (b'<?xml version="1.0"?>', "XML"),
        (b'{"error": "not found"}', "JSON"),
        (b"[1, 2]", "JSON"),
        (b"#EXTM3U\r\n#EXTINF:10\r\n", "text"),
        ("\ufeffHallo, schöne Welt".encode(), "text"),
        (("ä" * 300).encode(), "text"),
        (b"a" + ("ä" * 300).encode(), "text"),  # cut within a letter
    ],
)
def test_text(head: bytes, what: str) -> None:
    """Text is told as what it is, with its beginning, whatever container was asked for."""
    for input_format in (None, "wav", "mp3", "flac"):
        with pytest.raises(AudioError, match=f"'page.wav' is {what}, not audio: it begins with"):
            chosen(head, input_format, name="page.wav")
    assert chosen(head, "mulaw") == "mulaw"


@pytest.mark.parametrize(
    ("head", "what"),
    [(b"PK\3\4\x14\0", "a ZIP archive"), (b"\x1f\x8b\x08\0\0", "packed by gzip")],
)
def test_archives(head: bytes, what: str) -> None:
    """Of an archive is said that it has to be unpacked: ffmpeg would not help."""
    with pytest.raises(AudioError, match=f"'calls.wav' is {what}\\. Unpack it"):
        chosen(head, name="calls.wav")
    with pytest.raises(ConfigurationError, match=f"is {what} by its first bytes\\. Unpack it"):
        chosen(head, "wav")


def test_three_bytes_may_be_chance() -> None:
    """Samples that begin as gzip does are believed to be samples; as ZIP does, they are not."""
    assert chosen(b"\x1f\x8b\x08\0", "linear16") == "linear16"
    with pytest.raises(ConfigurationError):
        chosen(b"PK\3\4", "linear16")


@pytest.mark.parametrize("head", [RAW, b"\0\0\0\0", b"text with a \x07 bell", b"\xe4\xe4"])
def test_unknown(head: bytes) -> None:
    """Bytes that are nothing known need input_format and sample_rate, or conversion."""
    with pytest.raises(
        AudioError, match="Raw audio needs input_format= and sample_rate="
    ) as caught:
        chosen(head, name="call.mpc")
    assert str(caught.value).endswith(conversion("call.mpc"))


@pytest.mark.parametrize("input_format", sorted(UNMARKED | {"mp3"}))
def test_formats_without_a_mark(input_format: str) -> None:
    """Formats that begin with no certain mark are believed for unknown bytes."""
    assert chosen(RAW, input_format) == input_format


@pytest.mark.parametrize("input_format", ["wav", "flac", "ogg", "ogg_opus", "webm", "webm_opus"])
def test_formats_with_a_mark(input_format: str) -> None:
    """Formats that begin with a mark are not believed without it."""
    with pytest.raises(ConfigurationError, match=f"input_format='{input_format}': 'a.b' begins"):
        chosen(RAW, input_format, name="a.b")


@pytest.mark.parametrize("input_format", sorted(UNMARKED))
@pytest.mark.parametrize(
    "head",
    [WAV, flac(), opus(), ebml(b"webm", b""), b"#!AMR-WB_MC1.0\n", MP4, b"FORM\0\0\0\0AIFF"],
)
def test_raw_formats_against_certain_marks(input_format: str, head: bytes) -> None:
    """A raw format for a file that is certainly something else is a ConfigurationError."""
    with pytest.raises(ConfigurationError, match=f"input_format='{input_format}': .*is a"):
        chosen(head, input_format, name="is a")


@pytest.mark.parametrize("input_format", sorted(UNMARKED))
@pytest.mark.parametrize("head", [MP3, ADTS, b"text, or 8-bit samples"])
def test_raw_formats_against_chance(input_format: str, head: bytes) -> None:
    """A raw format is believed where raw audio could begin like that by chance."""
    assert chosen(head, input_format) == input_format


@pytest.mark.parametrize(
    ("head", "input_format", "fix"),
    [
        (WAV, "linear16", "Leave input_format out, or give 'wav'"),
        (MP3, "flac", "or give 'mp3'"),
        (opus(), "opus", "or give 'ogg_opus'"),
        (vorbis(), "ogg_opus", "or give 'ogg'"),
        (ebml(b"webm", b"A_VORBIS"), "webm_opus", "or give 'webm'"),
        (MP4, "linear16", "ffmpeg -i INPUT"),
    ],
)
def test_contradiction(head: bytes, input_format: str, fix: str) -> None:
    """A format that the first bytes contradict is refused with what would be right."""
    with pytest.raises(ConfigurationError, match="by its first bytes") as caught:
        chosen(head, input_format)
    assert str(caught.value).startswith(f"input_format='{input_format}': ")
    assert fix in str(caught.value)


def test_behind_a_tag() -> None:
    """Behind an ID3 tag is MP3, wherever it starts, unless it is marked as something else."""
    assert found_in(bytes(500) + MP3, tagged=True).sample_rate == 44100
    assert found_in(RAW, tagged=True) == Found("an MP3 file", ("mp3",))
    assert found_in(MP3, tagged=True).certain
    assert found_in(flac(), tagged=True).formats == ("flac",)
    assert found_in(ADTS, tagged=True).formats == ()
    assert found_in(ADTS, tagged=True).certain


@pytest.mark.skipif(CLIPS is None, reason="TELNYX_STT_TEST_AUDIO is not set")
@pytest.mark.parametrize(
    ("clip", "wire"),
    [("jfk.flac", "flac"), ("cards-001.wav", "wav"), ("thunderstorms.wav", "wav")],
)
def test_real_files(clip: str, wire: str) -> None:
    """Real files are what they are."""
    assert chosen((Path(CLIPS or "") / clip).read_bytes()[:4096]) == wire


@pytest.mark.skipif(CLIPS is None, reason="TELNYX_STT_TEST_AUDIO is not set")
@pytest.mark.parametrize("clip", ["goforward.raw", "something.raw"])
def test_real_samples(clip: str) -> None:
    """Real samples without a header are not taken for anything."""
    assert recognise((Path(CLIPS or "") / clip).read_bytes()[:4096]) is None


HEADS = (
    *(WAV, MP3, ADTS, MP4, flac(), opus(), vorbis(), speex(), ogg(b"\x7fFLAC\1\0\0\1" + flac())),
    *(ebml(b"webm", b"A_OPUS"), ebml(b"matroska", b"A_OPUS"), b"#!AMR\n\x3c", b"#!AMR-WB\n\x44"),
    *(b"FORM\0\0\0\0AIFF", b"<html>", b""),
)


@settings(deadline=None)
@given(
    st.sampled_from(HEADS),
    st.integers(min_value=0, max_value=100),
    st.binary(max_size=8),
    st.booleans(),
    st.booleans(),
)
def test_any_first_bytes(head: bytes, at: int, wrong: bytes, cut: bool, tagged: bool) -> None:
    """Bytes changed or cut anywhere are recognised as something possible, or not at all."""
    head = head[:at] + wrong + (b"" if cut else head[at + len(wrong) :])
    found = recognise(head, tagged=tagged)
    if found is None:
        assert not tagged
        return
    assert found.name
    for number in (found.sample_rate, found.bytes_per_second, found.seconds, found.clock):
        assert number is None or number > 0
    seconds = ogg_seconds(found, head, head)
    assert seconds is None or seconds > 0


@settings(deadline=None)
@given(st.binary(max_size=64), st.sampled_from([None, "wav", "mp3", "linear16", "ogg_opus"]))
def test_any_bytes(head: bytes, input_format: Optional[str]) -> None:
    """Any bytes at all have a wire name, or an error that says why not."""
    try:
        assert chosen(head, input_format)
    except (AudioError, ConfigurationError) as error:
        assert len(str(error)) > 40
