"""finalize() and lost connections: the final still comes, of the same audio."""

from __future__ import annotations

import json
import threading
from typing import List

from telnyx_stt_sync import Transcript
from telnyx_stt_sync.emulator import Emulator, Session, word_audio
from tests.faults.client import Calls, both_transports, transcriber

FINALIZE = '{"type":"Finalize"}'
WORDS = [f"w{number}" for number in range(20)]
SECONDS_PER_WORD = 0.25
AUDIO = word_audio(WORDS, seconds_per_word=SECONDS_PER_WORD)
# Within the sixth word: a final of five words is none that the emulator would make by itself.
CUT = int(5.5 * SECONDS_PER_WORD * 16_000) * 2
FIVE = " ".join(WORDS[:5])
PIECE = 1600


def finals(session: Session) -> List[str]:
    """The finals that a connection has brought."""
    frames = [json.loads(frame) for frame in session.frames]
    return [frame["transcript"] for frame in frames if frame["is_final"]]


@both_transports
def test_lost_after_it(tls: bool, limit: float) -> None:
    """A connection that replays the audio gets the same request at the same place."""
    told = threading.Event()
    calls = Calls()

    def on_transcript(transcript: Transcript) -> None:
        if transcript.text == FIVE:
            told.set()

    with Emulator(faults=f"reset_after={CUT + 20 * PIECE}@1", tls=tls) as emulator:
        stt = transcriber(emulator, calls, on_transcript=on_transcript).start()
        stt.send(AUDIO[:CUT])
        stt.finalize()
        assert told.wait(limit)
        for start in range(CUT, len(AUDIO), PIECE):
            stt.send(AUDIO[start : start + PIECE])
        result = stt.finish()
        first, second = emulator.sessions
    assert result.text == " ".join(WORDS)
    assert len(calls.reconnects) == 1
    assert finals(first)[0] == finals(second)[0] == FIVE
    assert second.text_frames == [FINALIZE, '{"type":"CloseStream"}']


@both_transports
def test_asked_during_a_reconnect(tls: bool, limit: float) -> None:
    """Asked for while there is no connection, by a callback even, it waits for the next one."""
    asked = threading.Event()
    calls = Calls()

    def on_reconnect(error: Exception, attempt: int, delay: float) -> None:
        stt.finalize()
        asked.set()

    with Emulator(faults=f"reset_after={CUT // 2 // 2 * 2}@1", tls=tls) as emulator:
        stt = transcriber(emulator, calls, on_reconnect=on_reconnect).start()
        stt.send(AUDIO[:CUT])
        assert asked.wait(limit)
        stt.send(AUDIO[CUT:])
        result = stt.finish()
        first, second = emulator.sessions
    assert result.text == " ".join(WORDS)
    assert first.text_frames == []
    assert second.text_frames == [FINALIZE, '{"type":"CloseStream"}']
    assert finals(second)[0] == FIVE
