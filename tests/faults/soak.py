"""Hours of live audio with a cut about every minute of it: complete, and nothing grows.

    python -m tests.faults.soak --hours 2 --speed 20

Live audio of random words goes to the emulator, in another process, at ``speed`` × real time;
after about every minute of audio the connection is cut. It prints the memory and the
threads of this process every ten minutes of audio, and exits with 1 if a word is lost or repeated.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Iterator, List

from telnyx_stt_sync import Transcriber
from telnyx_stt_sync.emulator import word_audio

BYTES_PER_SECOND = 32_000
CHUNK = 16_000  # bytes: half a second of audio
SERVER = """
import sys
from telnyx_stt_sync.emulator import Emulator
faults = [f"cut_after_seconds={after}@{number}" for number, after in enumerate(sys.argv[1:], 1)]
with Emulator(faults=["slow_finals=0.3", *faults], record=False) as emulator:
    print(emulator.url, flush=True)
    sys.stdin.read()
"""


def speech(seconds: float, chance: random.Random, spoken: List[str]) -> Iterator[bytes]:
    """Audio of that length in chunks; its words are added to ``spoken``."""
    rest = b""
    for _ in range(int(seconds / 3.0)):
        words = [f"word{chance.randrange(200)}" for _ in range(8)]
        spoken += words
        rest += word_audio(words, seconds_per_word=0.3, pause_every=8, pause_seconds=0.6)
        while len(rest) >= CHUNK:
            yield rest[:CHUNK]
            rest = rest[CHUNK:]
    yield rest


def memory() -> float:
    """Resident memory of this process in MB; 0 where /proc is not there."""
    status = Path("/proc/self/status")
    if not status.exists():
        return 0.0
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def soak(hours: float, speed: float, seed: int) -> int:
    """One long stream. The exit status."""
    chance = random.Random(seed)
    minutes = int(60 * hours)
    lives = [f"{60 * chance.uniform(0.7, 1.3) / speed:.2f}" for _ in range(minutes)]
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, *lives],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin is not None and server.stdout is not None
    spoken: List[str] = []
    try:
        stt = Transcriber(
            "any-key",
            url=server.stdout.readline().strip(),
            input_format="linear16",
            sample_rate=16_000,
            replay_seconds=20 * speed,
        ).start()
        started = time.monotonic()
        sent, next_report = 0.0, 0.0
        for chunk in speech(3600 * hours, chance, spoken):
            time.sleep(max(0.0, started + sent / speed - time.monotonic()))
            stt.send(chunk)
            sent += len(chunk) / BYTES_PER_SECOND
            if sent >= next_report:
                next_report += 600.0
                stats = stt.stats
                print(
                    f"{sent / 60:4.0f} min: {memory():.1f} MB, "
                    f"{threading.active_count()} threads, {stats.reconnects} reconnects, "
                    f"{stats.replayed_seconds:.0f} s sent again",
                    flush=True,
                )
        result = stt.finish()
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()
    marked = sum(segment.replayed for segment in result.segments)
    is_whole = result.text.split() == spoken and not marked
    print(
        f"{len(spoken)} words, {result.stats.reconnects} reconnects, {memory():.1f} MB, "
        f"{threading.active_count()} threads: {'whole' if is_whole else 'NOT WHOLE'}"
    )
    return 0 if is_whole else 1


def main() -> int:
    """The run by hand."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    return soak(given.hours, given.speed, given.seed)


if __name__ == "__main__":
    sys.exit(main())
