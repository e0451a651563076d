"""``microphone.py``, with a stand-in for the device."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Iterator

import pytest

from telnyx_stt_sync.emulator import Emulator, word_audio
from tests.conftest import LIMIT
from tests.embedding.house import wait_until
from tests.examples import house
from tests.examples.programs import Program, running

DEVICES = Path(__file__).with_name("devices")
WORDS = "one two three four five six seven eight"
BLOCK = 3200  # bytes: 0.1 s

# More audio than the buffers of the connection and the
# system hold, and at that speed there in seconds.
LOTS = bytes(BLOCK * 1500)


@pytest.fixture(autouse=True)
def needed() -> None:
    """The stand-in hands out the kind of buffer that sounddevice does."""
    house.module("cffi")


@contextlib.contextmanager
def listening(
    audio: bytes, speed: float, folder: Path, emulator: Emulator, example: str = "microphone.py"
) -> Iterator[Program]:
    """The example, with a microphone that hears this audio."""
    path = folder / "audio.raw"
    path.write_bytes(audio)
    environment = {"MICROPHONE_HEARS": str(path), "MICROPHONE_SPEED": str(speed)}
    with running(example, emulator=emulator, more_path=DEVICES, environment=environment) as program:
        yield program


@pytest.mark.parametrize("speed", [1.0, 8.0])
def test_words(speed: float, tmp_path: Path) -> None:
    """What is said is printed while it is said; Enter waits for the last words."""
    audio = word_audio(WORDS, pause_every=4)
    with Emulator() as emulator, listening(audio, speed, tmp_path, emulator) as program:
        program.wait_for("one two three four")
        assert program.process.poll() is None
        wait_until(lambda: program.errors.count("callback ends") == -(-len(audio) // BLOCK))
        program.enter()
        assert program.end() == 0
    assert [line for line in program.lines[2:] if not line.endswith("…")] == [
        "one two three four",
        "five six seven eight",
    ]
    assert set(program.errors) == {"callback begins", "callback ends"}


def test_callback_does_not_wait(tmp_path: Path) -> None:
    """With a network that stands still, the device goes on; audio is given up, and that is told."""
    with Emulator(faults=["stalls_after=3200"]) as emulator:
        with listening(LOTS, 1000.0, tmp_path, emulator) as program:
            wait_until(lambda: program.errors.count("callback ends") == 1500)
            # As soon as any audio goes out: when the connection is given up, after 25 s, at last.
            program.wait_for("were dropped", errors=True, seconds=3 * LIMIT)


def test_callback_that_waits(tmp_path: Path) -> None:
    """Without overflow="drop_oldest" the callback is held, and with it the device."""
    source = (house.EXAMPLES / "microphone.py").read_text()
    changed = source.replace('overflow="drop_oldest"', 'overflow="block"')
    assert changed != source
    example = tmp_path / "blocking_microphone.py"
    example.write_text(changed)
    with Emulator(faults=["stalls_after=3200"]) as emulator:
        with listening(LOTS, 1000.0, tmp_path, emulator, str(example)) as program:
            held = Held(program)
            wait_until(held.for_a_second)
            assert program.errors.count("callback ends") < 1500


class Held:
    """Notices that a callback has not come back for a second."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._calls = 0
        self._since = time.monotonic()

    def for_a_second(self) -> bool:
        calls = self._program.errors.count("callback begins")
        if calls != self._calls:
            self._calls, self._since = calls, time.monotonic()
        return calls > 0 and time.monotonic() - self._since > 1.0
