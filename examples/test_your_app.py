"""Testing a program of one's own, without a key and without the network.

    python -m pytest -p telnyx_stt_sync.emulator.pytest_plugin examples/test_your_app.py

It needs pytest and the extra ``emulator``. In your project leave out ``-p``, and put
``pytest_plugins = ["telnyx_stt_sync.emulator.pytest_plugin"]`` into ``conftest.py``. The fixture
``telnyx_stt_emulator`` runs a local service for the time of one test, and sets TELNYX_STT_URL and
TELNYX_API_KEY: the program needs no change.
"""

import wave
from pathlib import Path

import pytest

from telnyx_stt_sync import AuthenticationError, RetryPolicy, TelnyxSTTError, Transcriber
from telnyx_stt_sync.emulator import Emulator, word_audio

# What the fixture's service says, and what goes wrong with it.
emulator = pytest.mark.telnyx_stt_emulator


# -- the program; yours is elsewhere -----------------------------------------------------------


def voicemail(path: Path) -> str:
    """What a caller has left, as a line for an e-mail."""
    stt = Transcriber(language="en", reconnect=RetryPolicy(initial=0.05, max_attempts=2))
    try:
        return f"Message: {stt.transcribe_file(path).text or '(silence)'}"
    except AuthenticationError:
        raise  # wrong for every message: somebody has to know
    except TelnyxSTTError as error:
        heard = error.partial.text if error.partial else ""
        return f"Message: {heard} (the rest could not be transcribed)"


# -- its tests ---------------------------------------------------------------------------------


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """A recording in which the emulator hears exactly these words, if it is not told others."""
    path = tmp_path / "voicemail.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(word_audio("please call me back it is about the boat", pause_every=5))
    return path


def test_message(recording: Path, telnyx_stt_emulator: Emulator) -> None:
    assert voicemail(recording) == "Message: please call me back it is about the boat"
    (session,) = telnyx_stt_emulator.sessions
    assert session.query["language"] == "en"


@emulator(transcripts=["guten Tag"])
def test_other_words(tmp_path: Path, telnyx_stt_emulator: Emulator) -> None:
    path = tmp_path / "any audio will do.amr"
    path.write_bytes(b"#!AMR\n" + bytes(500))
    assert voicemail(path) == "Message: guten Tag"


@emulator(faults=["reset_after=40000@1"])  # the first connection breaks in the middle
def test_lost_connection(recording: Path, telnyx_stt_emulator: Emulator) -> None:
    assert voicemail(recording) == "Message: please call me back it is about the boat"
    assert len(telnyx_stt_emulator.sessions) == 2


@emulator(faults=["cut_after_finals=1@1", "unavailable@2-"])  # and then nobody is there any more
def test_half_a_message(recording: Path, telnyx_stt_emulator: Emulator) -> None:
    expected = "Message: please call me back it (the rest could not be transcribed)"
    assert voicemail(recording) == expected


@emulator(faults=["unauthorized"])
def test_wrong_key(recording: Path, telnyx_stt_emulator: Emulator) -> None:
    with pytest.raises(AuthenticationError):
        voicemail(recording)
