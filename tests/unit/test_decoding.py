"""Audio turned into 16 kHz mono PCM: every format, any rate, however the bytes are cut."""

from __future__ import annotations

import base64
import math
import random
import struct
import zlib
from typing import Any, Callable, List, Optional

import pytest

from telnyx_stt_sync.emulator._decoding import FORMATS, RATE, UndecodableAudioError, decode
from telnyx_stt_sync.emulator._resampler import Resampler

from ..conftest import Recordings

COMPRESSED = ["mp3", "flac", "ogg"]

# 576 samples of 8 kHz, as 16 kHz s16.
MP3_FRAME_BYTES = 576 * 2 * 2


def _unpack(text: str) -> bytes:
    return zlib.decompress(base64.b64decode(text))


# Half a second of 500 Hz at a quarter of full scale, 8 kHz mono, as lame, flac and oggenc
# write it.
TONE_MP3 = _unpack(
    """
    eNr7/1jiCAPXB6anO50ZmP4fNLvNwPihRr5mgYLEwQ+1H9liBHjyIuz+OHB4FTX+47PW4P+geJbhP5P1/oUNwi4RqZ3z
    P54VXcknbv7jP9AcfoGfdgs4pyxgSH1o1rqgIXmeYPwh7QP/GBkeKK72KHjOV2C8/eDcfYFKS0JO7Ilz2f3/Xyxb04IV
    Hd//Jqzo+KD1////oBtHQOaw8TXsC2C8xsCwQi/h2MHXjQ0MfGysTRESU6QTkrNzGx80z2PL5eiQSGFSuMEgocjMWN0h
    kTWp5ES3PdCIl///r/z//5A9yBx2to3beBh2iCpcbDY68/9/+P9/9///Yq+/+G/+t/+LoOoISgHNUYeZg6Hu/4LGmcxm
    kgdyGAIUuLgPHOm4zsz/PYWPjzfAwEaj4QiDFTPzgQjWBg52BpA57jBzNpxOXjFBQ2r5f4EAv7YmpvoOBRdmPdYDBX3W
    iwQeiyzgZmIWseCZGpCc/dB3lRxbgVqDwJugR/m8Ydb/we5J5/lxKIQxTIDhxMfiiUYnnk9+phL///+pF9PPXtSfvSje
    HKgq2eCDHTM/8///vfzCUpl6//+fjWll9G5g/v83NKz+1qpV9SBz8iSUpCYwTlnB8DXU3a/KYoIBhzafikeFFrfcGlG2
    jRq6U1kd16zQkT0YluqY8G6rj6Ovq7GeoYFBKDIAmePBk7BoS+UxDoZQ8gEAlOgs8g==
    """
)
TONE_FLAC = _unpack(
    """
    eNolVH9MG/cVv9Ay2ZgRc/4VmmyzzZ1zdm0DF9i6rprSw8f8e/j8I/gWR8WNM2ymjTKClqiVSHVOuDOp8NnYGJEtXO8I
    DrAJy666pJ1aC0s13qTFobSNKi3NqARRJyVTIuWPSZvppPeVnp4+732/38/7vHfOOdwPAIBWCkgB4Duyhh16AjwCgMPX
    Je7/OP8mev/Ivf69Z+SWSksBAKJuQMcj5yLjkV+/HlH/KhoecL7ar+4x95pRNdqNoj2N04AA/302IQIO/+Ft7NB3JX8p
    /UQHtEwdhIFmAECBV4BnTVM/fW7qzdZD0pH21jb6aHft6KZg+OeIjo3+Mvv06dEzyeLrIvKHV2EEk17V/ALzUXoEQylY
    /GAw/a33rsh+ENsCr3WK7OxMvmUAFY8fg+qXl2b/Guf/3AK6U0ecZXfOLk3PmtnduGhwLavRPn/thPT+2Pw94QFD+/Mo
    48Fe+SOfgFXCDgxLaOFztg59ajrrswVSlqoCXHfwVPhIKDqRDG+tmzeDyGmXrlPswZ7SOzAyFzvjsWt3Cl/CCBfLWgu2
    gFDXpONfko8NyoBLz1UShvpumaCt1Sjvix83nE4O+WMhKAj7G2Aj+amxcU20d5ltny7FjvNBpa06SQ9ujBI7OJLR0Fmr
    AJYsMUtx8B1ij+cC/MuPnAnktoOrsLa14h2cM5EhBmddI1etgsZN/Jux4w87fUreXL9r3Qhvi7s0qTYK233pNXLs7f5u
    1rL8u2OXlmTGqq5Zn20tY5kXZvW678GPRBQyR4YgojwjLCfDVV/lT3KCGSAWcGTuppcS1Av1yBoxe1tHVsWcn6/XNRV2
    PGSD2BR5RibmCNT5Pr8Ue/AZ5LMXb7FGdtXBpXXwY3IYTlM9Fya1CaV1K2VME6potPHwRPGWtfD//1DjmYLeGhKWrxe5
    VWLXYVlb6O9rXjN+aN4wEhmXnvfZ/ELdoDS94Y1DTvP2ckLOrTuCGpQpmYcEcM1aKbAeaM+9ZWT9ZXSXCnsmp6vTJO3P
    +pQcdQG9YJknu3zrYkLbl95m4rNWTZdmftib6e++Jllsa25bLHScfHk8rTm51Lv0QVMO2GgLQvPK1IhUr5CQB9znk60b
    NqPMq3jJpJeULGNzoD/vkpPIhw6uHJGcPoUz9kA2Aoyl/s6/5rz+/d8Pybq/+ZEm17RpLMhbwIFzoo4WcEIPXroivqHH
    QLXtbs9X4cpcLMvgiU6ZPSpB5gJeHAmeEu+oQHtJz3vCpjdGNzNMF/GNJ1zTXQ4dUDq/SG1ESOGTFdYVdWk5y5ZQA8M4
    uvkQRxKkcwE26jsiy4TRd7k4wDN04EynNTO4rMva5Fwqkddy/vxEQjs8KTTUQt8Mabn4jxvsTg+F8pMqCfIuvM0wqtgp
    0Miu5dC6ASYzKwQdSHWBnH07h9I9MlUsMx3RTAq9szPG9S6zdWUuZeplaONC1khQlf3xT4T2WH3HUrSXzElPI/2Klv34
    4p1jJlgS4PqgIPYvB98o6LyFI9yTD4o2+sVgiGlnVGSItmP70+e/Qo3M7oFoGjLHLXMxb1ypU2X9NE770zVtFblt5srd
    xRBfZWSWlXPtKb2WKxG7CcirSpkUYLDPvJkCE9WsTQHerPEOayg/wXjweyFtmvKSoVejOEk2mmaKnpdz9pLp7FDBdLbG
    +0wqoUqtBH0VFxTU5oh9bYdlob7H3TFs3xB7YL7mUhqgmfwo1CnvIiIVy5Kb2BNA3XHx8pDQPmpLb8oU4KpjQx82dehO
    Mx5lyRE82BIbBm21MeWNFghrDI1/gUYlQ0E0ckUz786NValkTsqfEAstwZZm8X5X09i1xo66b2lqrbHPS7t72CQEq8eZ
    LI5tSTe3czaF9qk5aTOmiLtiO0xmh6NIKn3LUmB+rrgTTgcKn9E6JN5niSQU6vccKRxZupj1hKuGwkNrAd/KWnlu1TIq
    iS9NCl8r5PrqeWhQfXKmlgTS0JN5FqPi+iyEYGrL1+VLZXuVhk4cto0ttTTra8gx6EZW/6Lbl9Z0YB4K/tYT35MuCla7
    PK0RDSQp2IrNFodfcBMzsAGTp1ejdXQxL/6Zf3v/rd8Ed+r/eO/yWxe9I4bHv72CHeo+qWj66Gzz1JvPAeIpOfADALiv
    3PkfO8GL6Q==
    """
)
TONE_OGG = _unpack(
    """
    eNrdFn9QE9n58UNFSDFiyoQTeole7rJJwCzq9GDmWgwnmg0ibgJKoqMmIPIj3MkPZ256towkV0DOYXA3I4jWYDaahayS
    mjiuPVQkaIPDUAfiSbS2tYKXVbSd6dUed9O+Ra/Xm+l//a9v5r33ve/3t/u9731bKyv1IBa8HpLr9xT8nvbTXxyI+VHM
    wQ/qzVUNPCIm781XHN/u3TFbeUnwn5IxcC8iVqYmvv/P16Mz7pWKdZCyo+rD/Vlb6ysltVXm0gWsRCvJVmer1T9Wr5PI
    8YryJktVXaVkY93BqvoP6qwVdY3IgulFr3Qs0+SXQgsxQICLpLI0PWZJIHEcWZRhKTZtyrBM5hRIy4X6Vm0a9bOtCnIH
    dms5vgPZmKEv1GtJ3AEhi0i/WaoPoxXOBpHuE+1SWe0WpjFV96Tb4kALMizjRuykJYxCPhzXOhvEuftk5aLcguAT88fq
    XLJPIx+6+Xv8i0x7u6n9s7tv6LlMm1hXdT1hb8Mz/9R9rDootnSgo8E/6eWHJzpLeD9BXnzMgs+JAAwXCzZua+YJeYtB
    MxBtPCC6eSB9U9dbY7ELLHmA/wnyo3+Ud63WdpWXOSrKHO6PHOcu02vmmSyOeRZlk22fDMRDWSAucDYVKlqE+aF8m8gy
    sfaMMF9QOJpuKVrnEmS3rg12ZreaVFnnhPFOqTK2WQ7ANfGI2CzImXWV46tmjxNFWNzJM5PbQnJSpOtIo1JMbejh8W1R
    eQWh6aCCHXjb4IgBOt8cB6e9eP+tdiBJBM3qxYgdMiAzooZW9HF6iwAdlZSPI0/Ex4qwx73HxrVtYss4uoRsKMJmXfUT
    2t+6VgAg/AOce6SiN3yrQOsKoN7c5S7rebvd4W7rq2yno219tPFUZc+pKpqu7KGraZrroaMhx2y3Gx6j3W663R1l3TTL
    nKUDtSyddYKpjjBPvwrUXBma89C1J2gl546G2GgoMMcGnulOnaX7IHMlzfSzTF0/UxPpqQ4xHtZnZZnMK75ajlFx7D6a
    gaoyT0CYeTodUIyxa3hm38A8rZofquXYuWn2xRGmhqNV3JBibAiNBF6MsVnpx96h6bM0w3XTHA0109w06+6BqphM6EYE
    MgeUYwGmm1adYJQRNxfyQdnnIV/dEYbj3NCuYmx4LsqitwPe+T4uCo/s+ZCPucLOzfvqkq7AIOtCvvMnoBsBJmlsIMKi
    LPO835f5Na1KusrMD2dzP7E07tq93VomLr335aEHfyct4aa9ZVbTP3aZKn8zVCe4Uvd1yJs05psODN5mvarz51feyHr6
    sekl2UNPB75gF9TDOC42PdhecPdvh6YCh3aTFQ8v2XdXrbxxoYPph+FzwzVjoTUce+Hp8BpVv1V5tZ8LqSPshftDF1RX
    55LG6MjQ8yh7x99UcfnQrwaVl/6SBJPxQwAS1E7Bt784T1ifjCx2mhM1CU6XUKP4oQXPnnGVj2sRihBhWq+5EJvpJW6j
    iJNwYIjHhhsV1IgIq8qkwmbMEyzGaihXGPJRhLnQGxSjb8tgQkGJLrxGRoazZ+UVyVhU4iIwhdc1aZ7pdSXnKjNsk5gC
    JQlzkmekFKv2ukQWJTo1aTwqpcQ6bJAkjFZ0KmzsX//aeI5CRoWhgopxbVRycTJH7oGqFEgwlKPNsBHZt84RhFHpGUnB
    27wXRRbEE5w0M0gwNV+b6SCMKs9I2Nzh9xv071DBLrxDRopNA5cD4WoBBY0fGXQRphr0bqrlqNOVqlPyxmv9jz83jq33
    GyyYN5xq+RR9TNR43zsbNm9Bp6aNA5enHKbb/tkiGDmRqsPQQNj8KTqTjlXBOEwIMho2er3BnfnIIHmHN/65ecAfLLVU
    e0dTTV7Kb6zxfjZaasryTt03D7znJ2oG/DM79NZFAAjeBSD+ePHixB+ULQXvw3I0qh4V2wqQm73H7sgf9zbgilmJrROf
    SbcJ8VBvSzGm624QYloEfupqrx2Hix+WpMR0WJlqJ4gd6acnOkmQpwDN1w+s2yIqmWo6tHtQtc1Qcpe0PtqugpiSg1bT
    y/U8xm+NpP58AVNxL2CHd9JnjcAsv3GOvzk+K3eO6Y+w3gi7xrCrzGE1XWrKuBtoevBl066Xab+2coE6bujFasGmhy+l
    f34036hJAGArzDLFhb1NtmN9g9dgwYwFaQA0o1iaXbx2M+oWWwrR0eMQE7MEFsgVobx/V76c2d6G8e8vR9HRhVL935dC
    cK3IFgcnX/kwIIHh5yVIEZi9OLZcP76Bz2OcFrV0YBgPuURNkAChVdRpV9cCpF1ggVBHLvYa+l8Ww/dOIrDnr7Cmknse
    CZTaSvuZ63b+UaiPA8AubhFqYM4YcExWMr5BLiMI6CIJnT3eIsQUHor3zn9ng9xJFGOIDGqTy2xCbKmTMGiU8B5iS5y2
    FA3itBl4KlQgtSdrtBQxqdmc0WjAESkJ5WUUkZvghBmiyyRxI+ZpTMERDzmJV3v8XfhSp6sU08qoO0atzJ/CQwSuQ+wG
    XCuzdeEKmd8BJfxhfLMHeoV5qEnoKdWJYR4+42QQVy0lCZiArkkYqMug0XooaCPTD3Gei1ALRfBUCsd0CJUCxSjCqEXs
    fFgkdEjmN2CJvEnIzNuFOPisLkmGL3GBwdh6ct/Oj+KPysuPN8OkzoMv21KJOq9YnbihWR3L9y3gGgCwtdkUI1z+u97r
    MZrDw7H5LTfivmtwQPNCwxN/etl3DQ/fN5GXd5uXi5Z9f6S4HxRzfXHCvCSwqvKbnQUFBUQS8D2cePcbAJ9VMJ8JTf4f
    HJmTJV/texPAy7nn6moA+iLFD7YsA/sBaMh+SfwSMvwLsb5U7g==
    """
)
TONES = {"mp3": TONE_MP3, "flac": TONE_FLAC, "ogg": TONE_OGG}


def tone(frequency: float, *, rate: int, seconds: float = 0.5, peak: int = 8000) -> List[int]:
    """Samples of a sine."""
    step = 2 * math.pi * frequency / rate
    return [round(peak * math.sin(step * index)) for index in range(round(rate * seconds))]


def linear16(samples: List[int]) -> bytes:
    """The samples as s16le."""
    return struct.pack(f"<{len(samples)}h", *samples)


def samples_of(pcm: bytes) -> List[int]:
    """The samples of s16le."""
    return list(struct.unpack(f"<{len(pcm) // 2}h", pcm))


def wav(
    frames: bytes,
    *,
    rate: int,
    tag: int = 1,
    channels: int = 1,
    width: int = 2,
    size: Optional[int] = None,
) -> bytes:
    """A WAV file; ``size`` is what its header says, if that is not the truth."""
    size = len(frames) if size is None else size
    block = channels * width
    fmt = struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, 8 * width)
    riff = struct.pack("<4sI4s4sI", b"RIFF", min(size + 36, 0xFFFFFFFF), b"WAVE", b"fmt ", 16)
    return riff + fmt + struct.pack("<4sI", b"data", size) + frames


class Stream:
    """Bytes to read, in pieces of at most ``longest``, or in pieces by chance if that is 0."""

    def __init__(self, audio: bytes, longest: Optional[int] = None) -> None:
        self._audio = audio
        self._longest = longest
        self._chance = random.Random(7)
        self.position = 0

    def __call__(self, size: int) -> bytes:
        if self._longest is not None:
            size = min(size, self._longest or self._chance.randint(1, 5000))
        piece = self._audio[self.position : self.position + size]
        self.position += len(piece)
        return piece


def decoded(
    audio: bytes, input_format: str, rate: Optional[int] = None, *, longest: Optional[int] = None
) -> bytes:
    """All that comes out."""
    return b"".join(decode(input_format, rate, Stream(audio, longest)))


def loudness(samples: List[int], frequency: float) -> float:
    """The peak of that frequency in 16 kHz audio."""
    step = 2 * math.pi * frequency / RATE
    real = sum(value * math.cos(step * index) for index, value in enumerate(samples))
    imaginary = sum(value * math.sin(step * index) for index, value in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / len(samples)


def peak(samples: List[int]) -> int:
    return max(map(abs, samples))


def middle(pcm: bytes) -> List[int]:
    """The samples without the fifth at either end, where filters settle."""
    samples = samples_of(pcm)
    return samples[len(samples) // 5 : -len(samples) // 5]


def assert_tone(pcm: bytes, frequency: float = 500, height: float = 8000) -> None:
    """Half a second of that tone, and little else. Frames of MP3 add up to 0.2 s of silence."""
    assert 0.5 <= len(pcm) / 2 / RATE < 0.7
    samples = samples_of(pcm)[2000:6000]
    assert loudness(samples, frequency) == pytest.approx(height, rel=0.1)
    assert peak(samples) == pytest.approx(height, rel=0.15)


# Raw audio


@pytest.mark.parametrize("longest", [1, 3, 0, None])
def test_linear16_of_16_khz_stays_as_it_is(longest: Optional[int]) -> None:
    """What the recogniser takes anyway is not touched, wherever it is cut."""
    audio = linear16(tone(500, rate=RATE))
    assert decoded(audio, "linear16", RATE, longest=longest) == audio


def test_half_a_sample_at_the_end_is_left_out() -> None:
    """A stream that ends within a sample ends before it."""
    assert decoded(b"\x01\x02\x03", "linear16", RATE) == b"\x01\x02"


@pytest.mark.parametrize("rate", [8000, 11025, 12000, 22050, 44100, 48000])
def test_any_rate_becomes_16_khz(rate: int) -> None:
    """A tone keeps its pitch, its loudness and its length."""
    pcm = decoded(linear16(tone(500, rate=rate)), "linear16", rate)
    assert len(pcm) / 2 == pytest.approx(RATE / 2, abs=2)
    assert_tone(pcm)


def test_mulaw_and_alaw_are_understood() -> None:
    """G.711 at 8 kHz, the codes for silence and for the loudest samples."""
    assert peak(samples_of(decoded(b"\xff" * 800, "mulaw", 8000))) == 0
    assert peak(middle(decoded(b"\xd5" * 800, "alaw", 8000))) == 8
    assert max(middle(decoded(b"\x80" * 800, "mulaw", 8000))) == pytest.approx(32124, abs=2)
    assert max(middle(decoded(b"\xaa" * 800, "alaw", 8000))) == pytest.approx(32256, abs=2)


def test_linear32_is_float() -> None:
    """The service's linear32 is 32-bit float, 1.0 being full scale."""
    audio = struct.pack("<3f", 0.5, -0.25, 0.0)
    assert samples_of(decoded(audio, "linear32", RATE)) == [16384, -8192, 0]


@pytest.mark.parametrize("rate", [None, 0, -8000, 10**9])
def test_raw_audio_needs_a_possible_rate(rate: Optional[int]) -> None:
    """Raw audio without a usable sample rate cannot be decoded."""
    with pytest.raises(UndecodableAudioError, match="linear16 audio needs its sample_rate"):
        decoded(b"\0\0", "linear16", rate)


def test_other_formats_are_refused_by_name() -> None:
    """The message names the format and those that work."""
    with pytest.raises(UndecodableAudioError, match=r"cannot decode webm_opus.* mp3, mulaw"):
        decoded(b"\0\0", "webm_opus")


@pytest.mark.parametrize("input_format", sorted(FORMATS))
def test_an_empty_stream_is_no_error(input_format: str) -> None:
    """Who sends nothing hears nothing, whatever the format."""
    assert decoded(b"", input_format, 8000) == b""


# Resampling


@pytest.mark.parametrize(
    ("rate", "frequency"), [(22050, 9000), (44100, 9000), (44100, 12000), (48000, 20000)]
)
def test_what_16_khz_cannot_carry_does_not_come_back_as_something_else(
    rate: int, frequency: int
) -> None:
    """A tone above 8.8 kHz is at least 45 dB down, instead of mirrored into the speech band."""
    pcm = decoded(linear16(tone(frequency, rate=rate)), "linear16", rate)
    assert peak(middle(pcm)) < 8000 * 10 ** (-45 / 20)


def test_upsampling_adds_nothing_above_the_old_limit() -> None:
    """A 3 kHz tone at 8 kHz has no mirror image at 5 kHz: that, too, is 45 dB down."""
    samples = middle(decoded(linear16(tone(3000, rate=8000)), "linear16", 8000))
    assert loudness(samples, 3000) == pytest.approx(8000, rel=0.05)
    assert loudness(samples, 5000) < 8000 * 10 ** (-45 / 20)


@pytest.mark.parametrize("rate", [8000, 44100])
def test_resampling_does_not_depend_on_the_cuts(rate: int) -> None:
    """One piece or many: the same samples, to the bit."""
    audio = linear16(tone(700, rate=rate))
    assert decoded(audio, "linear16", rate, longest=0) == decoded(audio, "linear16", rate)


def test_resampling_clips_what_overshoots() -> None:
    """A filter swings above a full-scale square wave; the sum must not wrap around."""
    square = ([32767] * 20 + [-32768] * 20) * 50
    samples = samples_of(decoded(linear16(square), "linear16", 8000))
    assert (max(samples), min(samples)) == (32767, -32768)
    # After wrapping, neighbours would be nearly 65536 apart; an edge takes a few samples.
    assert max(abs(one - other) for one, other in zip(samples, samples[1:])) < 40000


def test_resampling_by_a_large_factor_skips_what_it_need_not_keep() -> None:
    """From a rate so high that a step is longer than the audio at hand, all is still right."""
    resampler = Resampler(RATE * 60, RATE)
    pcm = b"".join(resampler.convert(linear16([1000] * 7)) for _ in range(2000))
    samples = samples_of(pcm + resampler.finish())
    assert len(samples) == math.ceil(14000 / 60)
    assert samples[len(samples) // 2] == pytest.approx(1000, abs=2)


# WAV


@pytest.mark.parametrize(
    ("tag", "width", "pack"),
    [
        (1, 1, lambda value: struct.pack("<B", (value >> 8) + 128)),
        (1, 2, lambda value: struct.pack("<h", value)),
        (1, 3, lambda value: struct.pack("<i", value << 8)[:3]),
        (1, 4, lambda value: struct.pack("<i", value << 16)),
        (3, 4, lambda value: struct.pack("<f", value / 32768)),
    ],
)
def test_wav_of_any_width(tag: int, width: int, pack: Callable[[int], bytes]) -> None:
    """PCM of 8 to 32 bits and float come out as the same tone."""
    frames = b"".join(pack(value) for value in tone(500, rate=22050))
    assert_tone(decoded(wav(frames, rate=22050, tag=tag, width=width), "wav"))


def test_wav_with_two_channels_is_mixed() -> None:
    """The recogniser hears the mean of both sides."""
    frames = struct.pack("<6h", 100, 300, -100, -300, 32000, 32000)
    assert samples_of(decoded(wav(frames, rate=RATE, channels=2), "wav")) == [200, -200, 32000]


@pytest.mark.parametrize("size", [0x7FFFFFFF, 0xFFFFFFFF, 0])
@pytest.mark.parametrize("longest", [1, None])
def test_wav_of_unknown_length(size: int, longest: Optional[int]) -> None:
    """A header that does not know how long the stream will be is followed by samples only."""
    frames = linear16(tone(500, rate=RATE))
    assert decoded(wav(frames, rate=RATE, size=size), "wav", longest=longest) == frames


def test_wav_ends_where_its_header_says() -> None:
    """What follows the samples, a list of tags for instance, is not heard."""
    frames = linear16(tone(500, rate=RATE))
    audio = wav(frames, rate=RATE) + b"LIST\x04\0\0\0INFO"
    assert decoded(audio, "wav", longest=1000) == frames


def test_wav_that_is_none() -> None:
    """The message says what the audio begins with."""
    with pytest.raises(UndecodableAudioError, match="begins with b'ID3"):
        decoded(b"ID3 but not a WAV file", "wav")


# Compressed


@pytest.mark.parametrize("input_format", COMPRESSED)
def test_compressed_audio(input_format: str) -> None:
    """MP3, FLAC and Ogg Vorbis come out as 16 kHz, whatever rate they have inside."""
    pytest.importorskip("miniaudio")
    # Vorbis at its lowest quality and MP3 at 8 kbit/s are a little quieter.
    assert_tone(decoded(TONES[input_format], input_format), height=7700)


@pytest.mark.parametrize("input_format", COMPRESSED)
@pytest.mark.parametrize("longest", [1, 0])
def test_compressed_audio_does_not_depend_on_the_cuts(input_format: str, longest: int) -> None:
    """One piece or many: the same samples, to the bit."""
    pytest.importorskip("miniaudio")
    audio = TONES[input_format]
    assert decoded(audio, input_format, longest=longest) == decoded(audio, input_format)


@pytest.mark.parametrize("input_format", COMPRESSED)
@pytest.mark.parametrize("garbage", [b"\0" * 20000, b"<html>no such file</html>", b"RIFF"])
def test_compressed_audio_that_is_none(input_format: str, garbage: bytes) -> None:
    """What cannot be decoded is said to be so."""
    pytest.importorskip("miniaudio")
    with pytest.raises(UndecodableAudioError, match=f"cannot be decoded as {input_format}"):
        decoded(garbage, input_format)


def test_mp3_with_tags_around_it() -> None:
    """Tags at the start, longer than a piece, and at the end are not heard."""
    pytest.importorskip("miniaudio")
    start = b"ID3\x03\0\0\0\0\x27\x08" + bytes(0x27 * 128 + 8)
    end = b"TAG" + bytes(125)
    # Longer than ten frames, which the decoder wants to see before it believes the first.
    audio = TONE_MP3 * 3
    tagged, plain = decoded(start + audio + end, "mp3"), decoded(audio, "mp3")
    assert abs(len(tagged) - len(plain)) <= MP3_FRAME_BYTES
    # The last frame sounds different when something follows it.
    assert tagged[: -2 * MP3_FRAME_BYTES] == plain[: len(tagged) - 2 * MP3_FRAME_BYTES]


@pytest.mark.parametrize("input_format", COMPRESSED)
@pytest.mark.parametrize("good_reads", [0, 1])
def test_what_reading_raises_comes_through(input_format: str, good_reads: int) -> None:
    """An error of the stream itself is not mistaken for bad audio, though C code is in between."""
    pytest.importorskip("miniaudio")
    stream = Stream(TONES[input_format], longest=400)

    def read(size: int) -> bytes:
        if stream.position >= 400 * good_reads:
            raise LookupError("the stream broke")
        return stream(size)

    with pytest.raises(LookupError, match="the stream broke"):
        list(decode(input_format, None, read))


@pytest.mark.parametrize("name", ["jfk.mp3", "jfk.flac"])
def test_real_files_decode_as_they_would_in_one_go(recordings: Recordings, name: str) -> None:
    """Piece by piece comes the same as from a decoder that has the whole file."""
    miniaudio: Any = pytest.importorskip("miniaudio")
    audio = recordings.path(name).read_bytes()
    whole = miniaudio.decode(audio, nchannels=1, sample_rate=RATE)
    assert decoded(audio, name[4:], longest=0) == whole.samples.tobytes()


@pytest.mark.parametrize("name", ["jfk.mp3", "jfk.flac"])
def test_real_files_that_break_off(recordings: Recordings, name: str) -> None:
    """A stream that ends in the middle is heard up to there, and is no error."""
    pytest.importorskip("miniaudio")
    audio = recordings.path(name).read_bytes()
    whole = decoded(audio, name[4:])
    part = decoded(audio[: len(audio) // 2 + 1], name[4:])
    assert 0.4 < len(part) / len(whole) < 0.6
    assert part[:100_000] == whole[:100_000]


@pytest.mark.parametrize(("name", "within"), [("jfk.mp3", 20_000), ("jfk.flac", 40_000)])
def test_audio_comes_out_while_it_comes_in(recordings: Recordings, name: str, within: int) -> None:
    """The first samples come after a few kilobytes, so that interims can be live."""
    pytest.importorskip("miniaudio")
    stream = Stream(recordings.path(name).read_bytes())
    next(decode(name[4:], None, stream))
    assert stream.position < within
