"""Uses of the package for mypy to judge; nobody runs them. ``# E:`` marks what it has to find."""

from __future__ import annotations

import math
from typing import List, Optional

from telnyx_stt_sync import (
    InputFormat,
    RetryPolicy,
    TelnyxSTTError,
    Transcriber,
    Transcript,
    Transcription,
    TranscriptionEngine,
)


class Mine(Transcriber):
    """A subclass stays one behind ``with`` and ``start()``."""

    def say(self) -> str:
        """Something of its own."""
        return repr(self)


def on_transcript(transcript: Transcript) -> None:
    """Right."""


def on_error(error: TelnyxSTTError) -> None:
    """Right."""


def on_reconnect(error: TelnyxSTTError, attempt: int, delay: float) -> None:
    """Right."""


def on_text(text: str) -> None:
    """Wrong everywhere."""


def on_nothing() -> None:
    """Wrong everywhere."""


def right(engine: TranscriptionEngine, input_format: InputFormat, chunks: List[bytes]) -> None:
    """All of this is as it should be."""
    Transcriber()
    Transcriber("key", transcription_engine=engine, input_format=input_format)
    Transcriber(model="nova-3", keyterm="a", redact=["pci", "ssn"])
    Transcriber(model="brand-new", keywords=("a:2", "b"), extra_query={"a": 1, "b": ["c"]})
    Transcriber(endpointing=300, interim_results=True)
    Transcriber(endpointing=False, overflow="drop_oldest", reconnect=RetryPolicy(max_attempts=1))
    Transcriber(on_transcript=on_transcript, on_error=on_error, on_reconnect=on_reconnect)
    Transcriber(on_transcript=print, on_close=print)
    with Transcriber(input_format="linear16", sample_rate=16000) as stt:
        stt.send(b"")
        stt.send(memoryview(b""), timeout=1.0)
        stt.finalize()
    stt.finish(timeout=math.inf)
    heard: Optional[Transcription] = stt.result
    text: str = "" if heard is None else heard.text
    for transcript in stt.stream(chunks):
        text += transcript.text
    with Mine() as mine:
        text += mine.say() + Mine().start().say()
    numbers: List[int] = [1, 2]
    Transcriber(extra_query={"a": numbers, "b": [0.5, "c", True]})
    text += stt.transcribe_file("a.wav", speed=math.inf, channel=0).text
    for source, transcription, error in stt.transcribe_files(["a.wav"]):
        print(source, error if transcription is None else transcription.text)
    for file in stt.transcribe_files(["a.wav"]):
        text += file.result().text


def wrong(stt: Transcriber, name: str) -> None:
    """None of this is. (``endpointing=True`` is an int to a type checker; it fails at run time.)"""
    Transcriber(transcription_engine="deepgram")  # E: "transcription_engine".*incompatible
    Transcriber(transcription_engine=name)  # E: "transcription_engine".*incompatible
    Transcriber(input_format="pcm")  # E: "input_format".*incompatible
    Transcriber(input_format="LINEAR16")  # E: "input_format".*incompatible
    Transcriber(sample_rate="16000")  # E: "sample_rate".*incompatible
    Transcriber(sampel_rate=16000)  # E: Unexpected keyword argument "sampel_rate"
    Transcriber(model=3)  # E: "model".*incompatible
    Transcriber(language=b"en")  # E: "language".*incompatible
    Transcriber(interim_results="true")  # E: "interim_results".*incompatible
    Transcriber(endpointing="100")  # E: "endpointing".*incompatible
    Transcriber(overflow="drop")  # E: "overflow".*incompatible
    Transcriber(keyterm=[1, 2])  # E: List item 0
    Transcriber(keywords={"a": 2}.items())  # E: "keywords".*incompatible
    Transcriber(redact=5)  # E: "redact".*incompatible
    Transcriber(eot_threshold="0.7")  # E: "eot_threshold".*incompatible
    Transcriber(eot_timeout_ms=0.5)  # E: "eot_timeout_ms".*incompatible
    Transcriber(reconnect=3)  # E: "reconnect".*incompatible
    Transcriber(extra_query={"a": None})  # E: Dict entry 0
    Transcriber(extra_query={"a": [None]})  # E: List item 0
    Transcriber(ssl_context="no")  # E: "ssl_context".*incompatible
    Transcriber(on_transcript=on_text)  # E: "on_transcript".*incompatible
    Transcriber(on_transcript=on_nothing)  # E: "on_transcript".*incompatible
    Transcriber(on_error=on_transcript)  # E: "on_error".*incompatible
    Transcriber(on_reconnect=on_error)  # E: "on_reconnect".*incompatible
    Transcriber(on_close=on_transcript)  # E: "on_close".*incompatible
    Transcriber("key", "Deepgram")  # E: Too many positional arguments
    stt.finalize(1.0)  # E: Too many arguments
    stt.send("text")  # E: "send".*incompatible
    stt.transcribe_file("a.wav", 1.0)  # E: Too many positional arguments
    stt.transcribe_file("a.wav", channel="left")  # E: "channel".*incompatible
    number: int = stt.finish()  # E: Incompatible types in assignment
    print(number, stt.result.text)  # E: has no attribute "text"
