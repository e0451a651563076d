"""Real recordings, recognised for real, through the whole of it."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest

import telnyx_stt_sync
from telnyx_stt_sync import Transcriber, Transcription
from telnyx_stt_sync.emulator import Emulator, word_audio

pytest.importorskip("pocketsphinx", reason="the real recogniser is not installed")

# Errors in all words of the recordings that are not exact: 18 % were measured by the recogniser
# alone, in its best setting, and these are its easier half.
MOST_ERRORS = 0.25


@pytest.fixture
def service() -> Iterator[Emulator]:
    """The emulator with the real recogniser, whose models take a second to load."""
    with Emulator(recogniser="pocketsphinx") as running:
        yield running


def words(text: str) -> List[str]:
    """The words of a text, without case and punctuation."""
    return re.findall(r"[a-z']+", text.lower())


def distance(said: List[str], heard: List[str]) -> int:
    """How many words have to be changed, put in or left out (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            least = min(row[j] + 1, row[j - 1] + 1, previous + (word != other))
            previous, row[j] = row[j], least
    return row[-1]


def transcribe(service: Emulator, path: Path, entry: Dict[str, Any]) -> Transcription:
    """One recording through the client, as fast as the emulator reads."""
    raw = path.suffix == ".raw"
    rate: Optional[int] = entry["rate"] if raw else None
    stt = Transcriber(
        "key", url=service.url, input_format="linear16" if raw else None, sample_rate=rate
    )
    return stt.transcribe_file(path, speed=math.inf)


def test_recordings(service: Emulator, recordings: Any) -> None:
    """The recordings that the recogniser can get come out word for word, the others nearly."""
    wrong, count = 0, 0
    for entry in recordings.entries:
        result = transcribe(service, recordings.path(entry["file"]), entry)
        said, heard = words(entry["text"]), words(result.text)
        assert (result.complete, result.ended_by) == (True, "server_close"), entry["file"]
        if entry["exact"]:
            assert heard == said, entry["file"]
        else:
            wrong += distance(said, heard)
            count += len(said)
    assert count
    assert wrong / count <= MOST_ERRORS


def test_engine_that_never_closes(service: Emulator, recordings: Any) -> None:
    """Real recognition that ends in silence on the wire loses nothing either."""
    stt = Transcriber("key", url=service.url, transcription_engine="Telnyx", quiet_period=2.0)
    result = stt.transcribe_file(recordings.path("cards-005.wav"), speed=math.inf)
    assert words(result.text) == "eight of spades four of clubs seven of hearts".split()
    assert (result.complete, result.ended_by) == (True, "quiet")


def test_demo() -> None:
    """``telnyx-stt demo`` shows what the recording says, how it ended, and what to type next."""
    code = "from telnyx_stt_sync.cli import main; raise SystemExit(main(['demo']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    text = (Path(telnyx_stt_sync.__file__).parent / "cli" / "demo.txt").read_text("utf-8")
    heard = re.search(r"^Text: +(.*)$", done.stdout, re.M)
    assert heard is not None
    assert words(heard.group(1)) == words(text)
    assert "server_close, complete: yes" in done.stdout
    assert done.stdout.rstrip().endswith("telnyx-stt transcribe call.wav")


def test_recogniser_that_works_at_the_pace_of_speech(tmp_path: Path) -> None:
    """A service far behind a fast upload is waited for while it goes on answering."""
    said = [f"word{number}" for number in range(20)]
    path = tmp_path / "words.raw"
    path.write_bytes(word_audio(said))
    with Emulator(faults=["real_time"]) as emulator:
        stt = Transcriber(
            "key",
            url=emulator.url,
            input_format="linear16",
            sample_rate=16000,
            interim_results=True,
            drain_timeout=2.0,
        )
        result = stt.transcribe_file(path, speed=24)
    assert result.text.split() == said
    assert result.complete
    assert (result.stats.drain_seconds or 0.0) > 2.0
