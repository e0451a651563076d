"""Make the recording that ``telnyx-stt demo`` plays, and the text beside it.

Needs ``flite`` on the PATH (Debian and Ubuntu: ``apt-get install flite``)::

    python tests/make_demo_recording.py

The speech is synthetic: two of flite's voices, which the emulator's recogniser
understands well. The same flite gives the same bytes every time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from typing import Tuple

from telnyx_stt_sync._pcm import mix
from telnyx_stt_sync.emulator._resampler import Resampler

CLI = Path(__file__).resolve().parent.parent / "telnyx_stt_sync" / "cli"
RATE = 16000

# (flite's voice, what it says, seconds of silence after it, to which flite adds its own).
# Chosen so that pocketsphinx hears every word and every pause, as measured: "thank you" at
# the start of a sentence, for one, is heard as "sank you".
DIALOGUE: Tuple[Tuple[str, str, float], ...] = (
    ("rms", "Good morning, how can I help you?", 0.6),
    ("awb", "Hello, I would like to change my appointment.", 0.6),
    ("rms", "No problem. When would you like to come?", 0.6),
    ("awb", "Friday afternoon, please.", 1.0),
    ("rms", "I have moved it to Friday at three o'clock.", 0.6),
    ("awb", "That is perfect, thank you very much.", 0.3),
)
TEXT = " ".join(sentence for _, sentence, _ in DIALOGUE)

# Seconds of silence before it begins.
LEAD = 0.3


def speak(voice: str, sentence: str, folder: Path) -> bytes:
    """What flite says: 16 kHz mono s16. Raises ``CalledProcessError``."""
    path = folder / "sentence.wav"
    # Without the voice's name in the list, flite would take another one and not say so.
    subprocess.run(["flite", "-voice", voice, "-t", sentence, "-o", str(path)], check=True)
    with wave.open(str(path), "rb") as recording:
        if recording.getsampwidth() != 2:
            raise ValueError(f"flite wrote samples of {recording.getsampwidth()} bytes, not 2")
        samples = recording.readframes(recording.getnframes())
        channels, rate = recording.getnchannels(), recording.getframerate()
    mono = samples if channels == 1 else mix(samples, channels)
    if rate == RATE:
        return mono
    resampler = Resampler(rate, RATE)
    return resampler.convert(mono) + resampler.finish()


def silence(seconds: float) -> bytes:
    """16 kHz mono s16 of nothing."""
    return bytes(2 * round(seconds * RATE))


def check_flite() -> None:
    """End the program, saying why, where flite or one of the voices is missing."""
    if shutil.which("flite") is None:
        sys.exit("flite is not on the PATH: apt-get install flite (or brew install flite)")
    listing = subprocess.run(["flite", "-lv"], check=True, stdout=subprocess.PIPE)
    # "Voices available: kal awb_time kal16 awb rms slt"
    voices = listing.stdout.decode().split()
    missing = sorted({voice for voice, _, _ in DIALOGUE if voice not in voices})
    if missing:
        sys.exit(f"this flite lacks the voice {' and '.join(missing)}")


def main() -> None:
    """Write ``demo.wav`` and ``demo.txt``."""
    check_flite()
    with tempfile.TemporaryDirectory() as folder:
        parts = [silence(LEAD)]
        for voice, sentence, pause in DIALOGUE:
            parts += [speak(voice, sentence, Path(folder)), silence(pause)]
    pcm = b"".join(parts)
    with wave.open(str(CLI / "demo.wav"), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE)
        recording.writeframes(pcm)
    (CLI / "demo.txt").write_text(TEXT + "\n", encoding="utf-8")
    print(f"{CLI / 'demo.wav'}: {len(pcm) / 2 / RATE:.1f} s")


if __name__ == "__main__":
    main()
