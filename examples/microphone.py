"""Print what is said into the microphone; Enter ends it.

    telnyx-stt emulate -- python examples/microphone.py

Needs ``pip install sounddevice``, and on Linux the system's PortAudio (``libportaudio2``).
Emulator and service as in ``one_file.py``.
"""

from typing import Any

import sounddevice

from telnyx_stt_sync import Transcriber, Transcript


def on_transcript(transcript: Transcript) -> None:
    print(transcript.text if transcript.is_final else f"{transcript.text}…", flush=True)


def main() -> None:
    with Transcriber(
        input_format="linear16",
        sample_rate=16000,
        interim_results=True,
        on_transcript=on_transcript,
        # PortAudio's callback must never wait. If the network stands still for longer than the
        # buffer lasts, the oldest audio is given up, and the log says how much.
        overflow="drop_oldest",
    ) as stt:

        def on_audio(audio: Any, frames: int, time: Any, status: Any) -> None:
            stt.send(audio)

        with sounddevice.RawInputStream(
            samplerate=16000, channels=1, dtype="int16", blocksize=1600, callback=on_audio
        ):
            input("Speak; Enter ends it.\n")


if __name__ == "__main__":
    main()
