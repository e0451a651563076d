"""The demo recording through every engine, and what nobody has settled about them."""

from __future__ import annotations

import math
import os
import threading
import time
import wave
from pathlib import Path
from typing import Any, Dict, List, Optional
from urllib.parse import urlencode

import pytest
import websocket

import telnyx_stt_sync
from telnyx_stt_sync import TelnyxSTTError, Transcriber, Transcript
from telnyx_stt_sync._engine import Engine
from telnyx_stt_sync._engines import variants
from telnyx_stt_sync._request import SERVICE_URL
from telnyx_stt_sync._words import words
from tests.live.conftest import KEY, URL
from tests.live.notebook import Notebook
from tests.live.recorder import Recorder

DEMO = Path(telnyx_stt_sync.__file__).parent / "cli" / "demo.wav"
SAID = words(DEMO.with_suffix(".txt").read_text(encoding="utf-8"))

# × real time; with "max" nothing is paced, which is for the emulator.
SPEED = os.environ.get("TELNYX_STT_LIVE_SPEED", "1")
PACE = math.inf if SPEED == "max" else float(SPEED)

# How many seconds of silence to wait for who might still close.
PATIENCE = float(os.environ.get("TELNYX_STT_LIVE_PATIENCE", "25"))

every_engine = pytest.mark.parametrize("engine", variants(), ids=str)


def transcriber(engine: Engine, **options: Any) -> Transcriber:
    """For the service, or whatever TELNYX_STT_URL names."""
    given: Dict[str, Any] = {
        "transcription_engine": engine.name,
        "model": engine.model,
        "quiet_period": PATIENCE,
        "drain_timeout": PATIENCE + 30.0,
        "on_error": lambda error: None,
    }
    return Transcriber(**{**given, **options})


def with_query(**parameters: str) -> str:
    """The service's address with parameters that the library would refuse to send."""
    return f"{URL or SERVICE_URL}?{urlencode(parameters)}"


def differing(text: str) -> int:
    """How many words have to be changed to make what was said of what was heard."""
    heard = words(text)
    row = list(range(len(heard) + 1))
    for number, word in enumerate(SAID, 1):
        before, row[0] = row[0], number
        for index, other in enumerate(heard, 1):
            change = before + (word != other)
            before, row[index] = row[index], min(row[index] + 1, row[index - 1] + 1, change)
    return row[-1]


def outcome(stt: Transcriber, recorder: Recorder, speed: float = math.inf) -> str:
    """What came of the demo recording, in a few words."""
    try:
        result = stt.transcribe_file(DEMO, speed=speed)
    except TelnyxSTTError as exc:
        closed = "" if recorder.close_code is None else f", closed with {recorder.close_code}"
        return f"{type(exc).__name__}: {exc}{closed}"
    return f"{differing(result.text)} of {len(SAID)} words differ, {result.ended_by}"


def engine_named(name: str) -> Engine:
    """The engine, or one of its models, of that name."""
    return next(each for each in variants() if str(each) == name)


@every_engine
def test_the_demo(
    engine: Engine, recorder: Recorder, notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Most of the words are heard, and how it went is taken down."""
    # An engine without a final behind the audio may close as well.
    monkeypatch.setattr("telnyx_stt_sync._drain.SILENCE_WITHOUT_FINAL", PATIENCE)
    wants = None if engine.interims is False else True
    stt = transcriber(engine, interim_results=wants)
    try:
        result = stt.transcribe_file(DEMO, speed=PACE)
    except TelnyxSTTError as exc:
        notebook.see("accuracy", str(engine), f"{type(exc).__name__}: {exc}")
        if getattr(exc, "status", None) in (429, 503):
            notebook.see("overload", str(engine), exc)
        raise
    finally:
        notebook.write_frames(str(engine), recorder.entries)
    note_frames(str(engine), recorder, notebook, time.monotonic())
    notebook.see("interims", str(engine), result.stats.interims)
    notebook.see("accuracy", str(engine), f"{differing(result.text)} of {len(SAID)}")
    if result.unknown_frames:
        notebook.see("unknown-frames", str(engine), result.unknown_frames)
    assert differing(result.text) <= len(SAID) // 2


def note_frames(name: str, recorder: Recorder, notebook: Notebook, over: float) -> None:
    """Take down what the frames and their times tell; ``over``: when the stream had ended."""
    keys = sorted({key for frame in recorder.frames for key in frame})
    kinds = {repr(frame.get("confidence", "absent")) for frame in recorder.frames}
    told = sorted(kind if kind in ("None", "1", "'absent'") else "a number" for kind in kinds)
    notebook.see("frame-keys", name, " ".join(keys))
    notebook.see("confidence", name, ", ".join(dict.fromkeys(told)))
    if recorder.final_at is not None:
        notebook.see("last-final", name, f"{recorder.final_at - recorder.audio_until:.2f} s")
    if recorder.frames:
        notebook.see("last-frame", name, f"is_final {recorder.frames[-1].get('is_final')}")
    last = recorder.final_at or recorder.audio_until
    if recorder.ended_at is None:
        notebook.see("who-closes", name, f"not the service, for {over - last:.1f} s")
    else:
        after = recorder.ended_at - last
        notebook.see("who-closes", name, f"the service, {recorder.close_code}, {after:.2f} s later")


@every_engine
def test_a_burst(engine: Engine, recorder: Recorder, notebook: Notebook) -> None:
    """The whole recording at once is heard as well, or not."""
    if math.isinf(PACE):
        pytest.skip("TELNYX_STT_LIVE_SPEED=max: test_the_demo was a burst")
    notebook.see("bursts", str(engine), outcome(transcriber(engine), recorder))


def test_a_bad_key(recorder: Recorder, notebook: Notebook) -> None:
    """A key that is not valid is refused."""
    stt = transcriber(variants()[0], api_key="KEY-that-is-not-valid", reconnect=False)
    notebook.see("bad-key", "Deepgram", outcome(stt, recorder))


def test_an_engine_that_does_not_exist(notebook: Notebook) -> None:
    """An unknown engine is rejected by an errors[] frame, and a close with some code."""
    # By hand: the library has heard enough with the frame, and waits for no close.
    connection = websocket.create_connection(
        with_query(transcription_engine="Nonesuch", input_format="linear16", sample_rate="16000"),
        header=[f"Authorization: Bearer {KEY}"],
        suppress_origin=True,
        redirect_limit=0,
        timeout=PATIENCE + 5.0,
    )
    entries: List[Dict[str, Any]] = []
    try:
        while not entries or entries[-1]["what"] != "close":
            opcode, frame = connection.recv_data_frame(control_frame=True)
            is_close = opcode == websocket.ABNF.OPCODE_CLOSE
            code = int.from_bytes(frame.data[:2], "big") if is_close else None
            text = f"{code}" if is_close else frame.data.decode("utf-8", "replace")
            entries.append({"what": "close" if is_close else "frame", "text": text})
    except websocket.WebSocketConnectionClosedException:
        entries.append({"what": "close", "text": "without a close frame"})
    finally:
        connection.shutdown()  # type: ignore[no-untyped-call]
        notebook.write_frames("rejected", entries)
    notebook.see("reject-close", "40007", entries[-1]["text"])
    assert any("40007" in entry["text"] for entry in entries)


def test_the_end_of_a_turn_elsewhere(recorder: Recorder, notebook: Notebook) -> None:
    """``eot_threshold`` on a model that is not Flux."""
    engine = engine_named("Deepgram nova-3")
    stt = transcriber(engine, url=with_query(eot_threshold="0.7"), reconnect=False)
    notebook.see("end-of-turn", str(engine), outcome(stt, recorder))


def test_asking_about_interims(recorder: Recorder, notebook: Notebook) -> None:
    """``interim_results`` to an engine that has none."""
    for value in ("true", "false"):
        engine = engine_named("Telnyx")
        stt = transcriber(engine, url=with_query(interim_results=value), reconnect=False)
        notebook.see("asked-for-interims", f"{engine}, {value}", outcome(stt, recorder))


@pytest.mark.parametrize(("name", "model"), [("keyterm", "nova-3"), ("keywords", "nova-2")])
@pytest.mark.parametrize("value", ["hello,world", ["hello", "world"]], ids=["comma", "repeated"])
def test_lists(name: str, model: str, value: Any, recorder: Recorder, notebook: Notebook) -> None:
    """Either way of writing a list is accepted, or not."""
    engine = engine_named(f"Deepgram {model}")
    stt = transcriber(engine, extra_query={name: value}, reconnect=False)
    notebook.see(f"{name}-lists", str(value), outcome(stt, recorder))


@pytest.mark.parametrize("model", ["nova-3", "flux"])
def test_finalize(model: str, recorder: Recorder, notebook: Notebook) -> None:
    """A final is asked for in the middle of the recording."""
    engine = engine_named(f"Deepgram {model}")
    with wave.open(str(DEMO), "rb") as recording:
        rate = recording.getframerate()
        audio = recording.readframes(recording.getnframes())
    heard = threading.Event()

    def on_transcript(transcript: Transcript) -> None:
        if transcript.is_final:
            heard.set()

    stt = transcriber(
        engine, input_format="linear16", sample_rate=rate, on_transcript=on_transcript
    ).start()
    stt.send(audio[: 2 * rate * 2])
    heard.clear()
    asked = time.monotonic()
    stt.finalize()
    took: Optional[str] = None
    if heard.wait(min(PATIENCE, 10.0)):
        took = f"a final after {time.monotonic() - asked:.2f} s"
    stt.finish()
    notebook.see("finalize", str(engine), took or "no final")
    notebook.write_frames(f"finalize {engine}", recorder.entries)


@pytest.mark.parametrize(
    ("name", "is_kept"),
    [("Deepgram nova-3", True), ("Deepgram nova-3", False), ("Telnyx", False)],
    ids=["with KeepAlive", "without KeepAlive", "Telnyx"],
)
def test_no_audio(
    name: str,
    is_kept: bool,
    recorder: Recorder,
    notebook: Notebook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection on which nothing is said is held for a while."""
    if not is_kept:
        monkeypatch.setattr("telnyx_stt_sync._connection.KEEP_ALIVE_INTERVAL", math.inf)
    ended: List[float] = []
    over = threading.Event()
    stt = transcriber(
        engine_named(name),
        input_format="linear16",
        sample_rate=16000,
        reconnect=False,
        on_close=lambda result: over.set(),
    )
    started = time.monotonic()
    stt.start()
    if over.wait(2 * PATIENCE):
        ended.append(time.monotonic() - started)
    stt.close()
    told = f"closed with {recorder.close_code} after {ended[0]:.1f} s" if ended else "held"
    who = f"{name}, {'with' if is_kept else 'without'} KeepAlive"
    notebook.see("idle-timeout", who, f"{told} (waited for {2 * PATIENCE:g} s)")
