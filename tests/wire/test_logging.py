"""What is logged: enough to see what happened, and nothing that is secret or private."""

from __future__ import annotations

import logging
import math
from typing import List

import pytest

from telnyx_stt_sync import TelnyxSTTError, Transcript
from tests.wire.client import KEY, SPEECH, live, recording, transcriber
from tests.wire.peer import Peer, Step
from tests.wire.steps import (
    answer,
    close,
    final,
    interim,
    read_audio,
    read_to_close_stream,
    reset,
    stall,
    text,
)

WORDS = "xylophone zeppelin quagmire"

SAID: List[Step] = [interim(WORDS), final(WORDS, speech_final=True), text(f"junk {WORDS}")]


def everything(caplog: pytest.LogCaptureFixture) -> str:
    """All records, as a log file would hold them."""
    formatter = logging.Formatter("%(levelname)s %(name)s %(message)s %(args)s")
    return "\n".join(map(formatter.format, caplog.records))


def bad(transcript: Transcript) -> None:
    """A callback that raises."""
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param([read_to_close_stream(), *SAID, close()], id="result"),
        pytest.param([read_to_close_stream(), *SAID, reset], id="reset"),
        pytest.param([read_audio(1), *SAID, close(1011, "tired")], id="early"),
        pytest.param([read_audio(1), *SAID, text({"error": "no"})], id="error"),
        pytest.param([read_to_close_stream(), *SAID, stall], id="timeout"),
    ],
)
@pytest.mark.parametrize("handled", [True, False])
def test_neither_key_nor_words(
    steps: List[Step], handled: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """No record of any logger, at any level, holds the key or a word that was heard."""
    caplog.set_level(logging.DEBUG)
    with Peer(*steps) as peer:
        stt = transcriber(
            peer.url,
            drain_timeout=0.2,
            interim_results=True,
            on_transcript=bad,
            on_error=(lambda error: None) if handled else None,
        )
        for call in (
            live,
            lambda stt, audio: stt.transcribe_file(recording(audio), speed=math.inf),
        ):
            try:
                call(stt, SPEECH)
            except TelnyxSTTError:
                pass
    log = everything(caplog)
    assert "ZeroDivisionError" in log, "or this has shown nothing"
    assert KEY not in log
    assert not any(word in log for word in WORDS.split())


@pytest.mark.parametrize(
    "status_line", [b"401 Unauthorized", b"302 Found", b"503 Overload", b"broken"]
)
def test_refusals_tell_no_key(status_line: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """A refused connection leaves no key in the log."""
    caplog.set_level(logging.DEBUG)
    head = b"HTTP/1.1 " + status_line + b"\r\nX-Echo: " + KEY.encode() + b"\r\n\r\n"
    with Peer(greeting=answer(head)) as peer:
        with pytest.raises(TelnyxSTTError) as caught:
            transcriber(peer.url).start()
    assert caplog.records, "or this has shown nothing"
    assert KEY not in everything(caplog)
    assert KEY not in str(caught.value)


def test_phases_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG each stream tells under its own number how it went on."""
    caplog.set_level(logging.DEBUG, "telnyx_stt_sync")
    with Peer(read_to_close_stream(), final("x"), close()) as peer:
        live(transcriber(peer.url), SPEECH)
    messages = [record.getMessage() for record in caplog.records]
    names = {message.split(":")[0] for message in messages}
    assert len(names) == 1 and names.pop().startswith("stream ")
    assert [message.split(": ")[1].split()[0] for message in messages] == [
        "connecting",
        "streaming",
        "draining",
        "closed",
    ]


def test_good_streams_say_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A stream that goes well logs nothing that a script without logging set up would see."""
    with Peer(read_to_close_stream(), final("x"), close()) as peer:
        live(transcriber(peer.url), SPEECH)
    assert caplog.records == []
    assert logging.getLogger("telnyx_stt_sync").handlers == []
