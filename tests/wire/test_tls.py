"""TLS, where two hands on one connection would show: many streams, both ways at full pace."""

from __future__ import annotations

import hashlib
import itertools
import ssl
from concurrent.futures import ThreadPoolExecutor
from typing import Dict, List

import pytest

from telnyx_stt_sync import BufferFullError, ConnectionLostError, Transcript
from tests.wire.client import RATE, heard, transcriber
from tests.wire.peer import CLOSE_STREAM, Link, Peer
from tests.wire.steps import close, final, interim, read_to_close_stream, stall
from tests.wire.trust import serving, trusting

STREAMS, AT_A_TIME = 64, 8
CHUNK = 2 * RATE // 50  # 20 ms
SECONDS = 6

TLS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def audio_of(number: int) -> bytes:
    """Audio that no other stream has."""
    blocks = (hashlib.sha256(b"%d %d" % (number, index)).digest() for index in itertools.count())
    return b"".join(itertools.islice(blocks, 2 * RATE * SECONDS // 32))


def chatter(link: Link) -> None:
    """Say something to every frame that comes, and at the end which audio it was."""
    count = 0
    while CLOSE_STREAM not in link.texts:
        link.read_frame()
        count += 1
        interim(f"frame {count} " + "and so on " * 20)(link)
        final(str(count))(link)
    final(hashlib.sha256(link.audio).hexdigest())(link)


@pytest.mark.parametrize("version", TLS, ids=lambda version: str(version.name))
def test_many_streams(version: ssl.TLSVersion) -> None:
    """64 streams, eight at a time, both ways at once: none fails, and every byte is in place."""
    context = serving("localhost")
    context.minimum_version = context.maximum_version = version
    trust = trusting()
    interims: Dict[int, int] = {}

    def run(number: int) -> List[str]:
        def count(transcript: Transcript) -> None:
            interims[number] = interims.get(number, 0) + (not transcript.is_final)

        audio = audio_of(number)
        stt = transcriber(
            peer.url, ssl_context=trust, on_transcript=count, buffer_seconds=0.5 + number % 3
        )
        with stt:
            for start in range(0, len(audio), CHUNK):
                stt.send(audio[start : start + CHUNK])
        assert stt.result is not None
        assert stt.result.stats.reconnects == 0
        return [segment.text for segment in stt.result.segments]

    with Peer(chatter, close(), tls=context) as peer:
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            results = list(pool.map(run, range(STREAMS)))
        assert len(peer.links) == STREAMS
    for number, texts in enumerate(results):
        *counted, digest = texts
        assert digest == hashlib.sha256(audio_of(number)).hexdigest()
        assert counted == [str(index + 1) for index in range(len(counted))]
        assert interims[number] == len(counted) > 5


@pytest.mark.parametrize("version", TLS, ids=lambda version: str(version.name))
def test_partial_writes(version: ssl.TLSVersion) -> None:
    """A peer that reads little at a time gets every byte, and is heard meanwhile."""
    context = serving("localhost")
    context.minimum_version = context.maximum_version = version
    audio = audio_of(0)

    def slow(link: Link) -> None:
        count = 0
        while len(link.audio) < len(audio):
            link.read_frame(most=700)
            count += 1
            final(str(count))(link)

    steps = (slow, read_to_close_stream(), close())
    with Peer(*steps, tls=context, receive_buffer=4096) as peer:
        with transcriber(peer.url, ssl_context=trusting()) as stt:
            stt.send(audio)
        assert bytes(peer.finished().audio) == audio
    assert stt.result is not None
    count = len(stt.result.segments)
    assert stt.result.text == " ".join(str(number + 1) for number in range(count))


def test_stalled_peer_takes_little() -> None:
    """Under TLS, too, a peer that has stopped reading takes a bounded part of the audio."""
    audio = audio_of(0)
    with Peer(stall, tls=serving("localhost"), receive_buffer=8192) as peer:
        stt = transcriber(peer.url, ssl_context=trusting(), buffer_seconds=1.0).start()
        with pytest.raises(BufferFullError):
            while True:
                stt.send(audio[: 2 * RATE], timeout=0.2)
        assert stt.stats.sent_bytes < 300_000
        stt.close()


def test_more_than_one_record_at_a_time() -> None:
    """Frames that TLS has decrypted and not yet given are not forgotten until more comes."""
    words = [f"w{number}" for number in range(3000)]

    def flood(link: Link) -> None:
        read_to_close_stream()(link)
        # Many frames in one record of 16 kB, and many records in one piece.
        payloads = (b'{"transcript":"%b","is_final":true}' % word.encode() for word in words)
        link.send(b"".join(b"\x81" + bytes([len(each)]) + each for each in payloads))

    with Peer(flood, close(), stall, tls=serving("localhost")) as peer:
        with transcriber(peer.url, ssl_context=trusting()) as stt:
            stt.send(audio_of(1))
    assert stt.result is not None
    assert [segment.text for segment in stt.result.segments] == words


def test_end_without_close_notify() -> None:
    """A TLS connection that is cut without a close frame is a loss that keeps what was heard."""
    with Peer(read_to_close_stream(), final("so far"), tls=serving("localhost")) as peer:
        stt = transcriber(peer.url, ssl_context=trusting(), on_error=lambda error: None).start()
        stt.send(audio_of(2))
        with pytest.raises(ConnectionLostError, match="without a close frame") as caught:
            stt.finish()
    assert heard(caught.value) == "so far"
