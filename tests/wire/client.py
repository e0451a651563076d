"""The client's side of the wire tests: a key, audio, a ``Transcriber``, and its three uses."""

from __future__ import annotations

import array
import functools
import gc
import io
import math
import sys
from typing import Any, Callable, Optional, Set, Tuple

import pytest

from telnyx_stt_sync import TelnyxSTTError, Transcriber, Transcription
from telnyx_stt_sync._engines import ENGINES
from tests.wire.peer import Link, Peer, Step
from tests.wire.steps import read_audio, read_to_close_stream

KEY = "KEY-unmistakable-4711"
RATE = 16_000
BYTES_PER_SECOND = 2 * RATE

CLOSING = sorted(name for name, engine in ENGINES.items() if engine.closes)
STAYING = sorted(name for name, engine in ENGINES.items() if not engine.closes)

# Seconds of silence that the library sends behind raw audio (protocol, section 7).
TRAILING = {name: 0.0 for name in CLOSING}
TRAILING.update({name: 1.0 for name in STAYING}, Soniox=2.0)

# How long "at once" may take: the waits that it stands against take 3 to 30 seconds.
AT_ONCE = 2.5


@functools.lru_cache(maxsize=None)
def speech(seconds: float = 0.2) -> bytes:
    """Loud linear16 audio at 16 kHz in which no two near places are alike."""
    samples = array.array(
        "h", (0x1000 + index * 7919 % 0x6FFF for index in range(int(seconds * RATE)))
    )
    if sys.byteorder == "big":
        samples.byteswap()
    return samples.tobytes()


def silence(seconds: float = 0.2) -> bytes:
    """Linear16 audio of nothing."""
    return bytes(2 * int(seconds * RATE))


def recording(audio: bytes) -> io.BytesIO:
    """Audio as a file."""
    return io.BytesIO(audio)


def transcriber(url: str, **options: Any) -> Transcriber:
    """A ``Transcriber`` for linear16 at 16 kHz, that connects whenever it likes, but only once."""
    given = {"api_key": KEY, "url": url, "input_format": "linear16", "sample_rate": RATE}
    return Transcriber(**{"connect_spacing": 0.0, "reconnect": False, **given, **options})


# -- one whole stream ---------------------------------------------------------------------

How = Callable[[Transcriber, Any], Transcription]

SPEECH = speech()


def live(stt: Transcriber, audio: Any) -> Transcription:
    """Through send() and finish()."""
    stt.start()
    if audio:
        stt.send(audio)
    return stt.finish()


def with_block(stt: Transcriber, audio: bytes) -> Transcription:
    """Through ``with``."""
    with stt:
        for index in range(0, len(audio), 640):
            stt.send(audio[index : index + 640])
    assert stt.result is not None
    return stt.result


def file(stt: Transcriber, audio: bytes) -> Transcription:
    """Through transcribe_file(), as fast as the peer reads."""
    return stt.transcribe_file(recording(audio), speed=math.inf)


# A stream that only listens, and one that is fed: what holds for both is tested for both.
both = pytest.mark.parametrize("how", [live, file])


def all_audio(engine: str, audio: bytes = SPEECH) -> Step:
    """For the peer: read all that the client sends before it only listens."""
    if ENGINES[engine].close_stream:
        return read_to_close_stream()
    return read_audio(len(audio) + int(TRAILING[engine] * BYTES_PER_SECOND))


def end_of(
    *steps: Step, audio: bytes = SPEECH, how: How = file, **options: Any
) -> Tuple[Transcription, Link]:
    """The result of a stream to a peer that goes through these steps, and the peer's record."""
    with Peer(*steps) as peer:
        return how(transcriber(peer.url, **options), audio), peer.finished()


def failure_of(
    *steps: Step,
    audio: bytes = SPEECH,
    how: How = file,
    receive_buffer: Optional[int] = None,
    **options: Any,
) -> TelnyxSTTError:
    """The error of a stream to a peer that goes through these steps."""
    options.setdefault("on_error", lambda error: None)
    peer = Peer(*steps, receive_buffer=receive_buffer)
    with peer, pytest.raises(TelnyxSTTError) as caught:
        how(transcriber(peer.url, **options), audio)
    return caught.value


def heard(error: TelnyxSTTError) -> Optional[str]:
    """What the error says was heard before it."""
    return None if error.partial is None else error.partial.text


def living(*kinds: type) -> Set[Any]:
    """Every object of these types that something in this process still holds."""
    return {thing for thing in gc.get_objects() if isinstance(thing, kinds)}
