"""Small files of every container, valid as far as this library looks, for tests of files."""

from __future__ import annotations

import struct
from typing import Dict, Optional, Union

SAMPLES = struct.pack("<64h", *(index * 7919 % 30000 - 15000 for index in range(64)))

_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")


def chunk(kind: bytes, body: bytes, *, size: Optional[int] = None) -> bytes:
    """One chunk of a RIFF file, padded to an even length."""
    told = len(body) if size is None else size
    return kind + struct.pack("<I", told) + body + bytes(len(body) % 2)


def fmt(tag: int, channels: int = 1, rate: int = 8000, bits: int = 16, block: int = 0) -> bytes:
    """The chunk that says what the samples are."""
    block = block or channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * block, block, bits))


def extensible(tag: int, channels: int, bits: int) -> bytes:
    """The longer form of the same, with the tag in its GUID."""
    block = channels * bits // 8
    plain = struct.pack("<HHIIHH", 0xFFFE, channels, 16000, 16000 * block, block, bits)
    guid = struct.pack("<H", tag) + _GUID_TAIL
    return chunk(b"fmt ", plain + struct.pack("<HHI", 22, bits, 0) + guid)


def riff(*chunks: bytes, name: bytes = b"RIFF") -> bytes:
    """A RIFF file of kind WAVE."""
    body = b"WAVE" + b"".join(chunks)
    size = len(body) if name == b"RIFF" else 0xFFFFFFFF
    return name + struct.pack("<I", size) + body


def long_riff(name: bytes) -> bytes:
    """RF64 or BW64: the sizes stand in a chunk of their own."""
    ds64 = chunk(b"ds64", struct.pack("<QQQI", 200, len(SAMPLES), 64, 0))
    return riff(ds64, fmt(1), chunk(b"data", SAMPLES, size=0xFFFFFFFF), name=name)


def id3(body: bytes) -> bytes:
    """An ID3 tag."""
    return b"ID3\4\0\0" + bytes([0, 0, len(body) >> 7, len(body) & 127]) + body


def mp3(first: bytes = b"") -> bytes:
    """Five frames of MPEG-2, 24 kHz, mono, 32 kbit/s; the first may hold a header."""
    frame = b"\xff\xf3\x44\xc4"
    return (frame + first).ljust(96, b"\0") + frame.ljust(96, b"\0") * 4


def ogg_page(packet: bytes, position: int = 0, kind: int = 0) -> bytes:
    """One page that holds one packet."""
    laces = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    page = struct.pack("<4sBBqIIIB", b"OggS", 0, kind, position, 7, 0, 0, len(laces))
    return page + laces + packet


def ogg(first: bytes, rate: int) -> bytes:
    """An Ogg file of half a second."""
    return ogg_page(first, kind=2) + ogg_page(bytes(300)) + ogg_page(bytes(80), rate // 2, kind=4)


def flac(rate: int = 16000) -> bytes:
    """A FLAC file of mono, 16 bits, which says that it has 64 samples."""
    info = (
        struct.pack(">HH", 4096, 4096) + bytes(6) + (rate << 44 | 15 << 36 | 64).to_bytes(8, "big")
    )
    return b"fLaC\x80\0\0\x22" + info + bytes(16) + b"\xff\xf8\x65\x08".ljust(140, b"\0")


def element(identity: bytes, body: Union[bytes, int]) -> bytes:
    """One element of EBML, the language of WebM; a number takes one byte."""
    content = bytes([body]) if isinstance(body, int) else body
    return identity + struct.pack(">H", 0x4000 | len(content)) + content


def webm(codec: bytes, kind: bytes = b"webm") -> bytes:
    """A WebM file, or another one of Matroska's family, with one track and one block."""
    head = element(b"\x42\x86", 1) + element(b"\x42\x82", kind) + element(b"\x42\x87", 4)
    audio = element(b"\xb5", struct.pack(">d", 48000.0)) + element(b"\x9f", 1)
    track = element(b"\xd7", 1) + element(b"\x83", 2) + element(b"\x86", codec)
    tracks = element(b"\x16\x54\xae\x6b", element(b"\xae", track + element(b"\xe1", audio)))
    cluster = element(b"\x1f\x43\xb6\x75", element(b"\xe7", 0) + element(b"\xa3", bytes(80)))
    segment = b"\x18\x53\x80\x67\x01" + b"\xff" * 7  # a live writer can't know the size
    return element(b"\x1a\x45\xdf\xa3", head) + segment + tracks + cluster


def box(kind: bytes, body: bytes) -> bytes:
    """One box of an MPEG-4 file."""
    return struct.pack(">I", 8 + len(body)) + kind + body


# Under the wire's names: files that go on the wire as they are.
TAKEN: Dict[str, bytes] = {
    "mp3": mp3(),
    "flac": flac(),
    "ogg": ogg(b"\x01vorbis" + struct.pack("<IBIiii", 0, 1, 16000, 0, 64000, 0) + b"\xb8\1", 16000),
    "ogg_opus": ogg(struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 312, 16000, 0, 0), 48000),
    "webm": webm(b"A_VORBIS"),
    "webm_opus": webm(b"A_OPUS"),
    "speex": ogg(b"Speex   1.2".ljust(36, b"\0") + struct.pack("<I", 16000) + bytes(40), 16000),
    "amr_nb": b"#!AMR\n" + b"\x3c".ljust(32, b"\x55") * 5,
    "amr_wb": b"#!AMR-WB\n" + b"\x44".ljust(61, b"\x55") * 5,
}

# WAV files of which the samples can be sent.
WAVS: Dict[str, bytes] = {
    "wav": riff(fmt(1), chunk(b"data", SAMPLES)),
    "wav of 8 bits": riff(fmt(1, bits=8), chunk(b"data", SAMPLES[:63])),
    "wav of 24 bits": riff(fmt(1, channels=2, bits=24), chunk(b"data", SAMPLES[:126])),
    "wav of floats": riff(
        extensible(3, 2, 32), chunk(b"data", struct.pack("<6f", *[0.5, -0.5] * 3))
    ),
    "wav of doubles": riff(
        fmt(3, bits=64), chunk(b"data", struct.pack("<4d", 0.5, 2.0, -2.0, 0.0))
    ),
    "wav of mu-law": riff(fmt(7, bits=8), chunk(b"fact", bytes(4)), chunk(b"data", SAMPLES)),
    "wav of A-law": riff(fmt(6, channels=2, bits=8), chunk(b"data", SAMPLES)),
    "wav with metadata": riff(
        chunk(b"LIST", b"INFOISFT\5\0\0\0Lavf\0\0"),
        chunk(b"odd ", b"abc"),
        fmt(1),
        chunk(b"data", SAMPLES),
        chunk(b"LIST", b"INFO"),
    ),
    "wav from a pipe": riff(fmt(1), chunk(b"data", SAMPLES, size=0xFFFFFFFF)),
    "wav without end": riff(fmt(1), chunk(b"data", SAMPLES, size=0x7FFFFFFF)),
    "rf64": long_riff(b"RF64"),
    "bw64": long_riff(b"BW64"),
}

# Other shapes of what is taken.
VARIANTS: Dict[str, bytes] = {
    "mp3 with a tag": id3(b"TIT2\0\0\0\5\0\0\0name") + mp3(),
    "mp3 with a long tag": id3(bytes(3000)) + mp3(),
    "mp3 with Xing": mp3(bytes(9) + b"Xing" + struct.pack(">III", 3, 50, 4800)),
    "mp3 with VBRI": mp3(
        bytes(32) + b"VBRI" + struct.pack(">HHHIIHHHH", 1, 0, 75, 4800, 50, 1, 1, 2, 1)
    ),
    "ogg of flac": ogg(b"\x7fFLAC\1\0\0\1" + flac()[:42], 16000),
}

# What the service does not take.
REFUSED: Dict[str, bytes] = {
    "wav of GSM": riff(fmt(0x31, bits=0, block=65), chunk(b"data", bytes(65))),
    "wav of IMA ADPCM": riff(fmt(0x11, bits=4, block=256), chunk(b"data", bytes(256))),
    "wav of MP3": riff(fmt(0x55, bits=0, block=1), chunk(b"data", mp3())),
    "rifx": b"RIFX" + riff(fmt(1), chunk(b"data", SAMPLES))[4:],
    "avi": b"RIFF\0\1\0\0AVI LIST" + bytes(64),
    "matroska": webm(b"A_OPUS", b"matroska"),
    "adts": b"\xff\xf1\x50\x80\x04\xff\xfc".ljust(39, b"\0") * 4,
    "m4a": box(b"ftyp", b"M4A \0\0\2\0M4A isom") + box(b"moov", bytes(60)),
    "aiff": b"FORM\0\0\0\x2eAIFFCOMM\0\0\0\x12" + bytes(60),
    "caf": b"caff\0\1\0\0desc" + bytes(60),
    "au": b".snd" + struct.pack(">IIIII", 24, 64, 3, 8000, 1) + SAMPLES,
    "wma": b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\0\xaa\0\x62\xce\x6c" + bytes(60),
    "wave64": b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\4\xc1\0\0" + bytes(60),
    "text": b"Guten Tag, hier spricht die Zeit: 13 Uhr.\n" * 4,
    "html": b"<!DOCTYPE html>\n<html><title>404</title></html>\n",
    "json": b'{"errors": [{"code": "10009"}]}\n',
    "zip": b"PK\3\4\x14\0\0\0\x08\0" + bytes(60),
    "gzip": b"\x1f\x8b\x08\0" + bytes(60),
}

EVERY = {**TAKEN, **WAVS, **VARIANTS, **REFUSED}
