"""Live audio with callbacks: print what is heard as it is heard.

    telnyx-stt emulate -- python examples/callbacks.py < audio.raw

Standard input is 16-bit samples at 16 kHz, as ``arecord -f S16_LE -r 16000 -t raw`` writes them
on Linux. Emulator and service as in ``one_file.py``.
"""

import sys

from telnyx_stt_sync import Transcriber, Transcript

CHUNK_BYTES = 3200  # 0.1 s


def on_transcript(transcript: Transcript) -> None:
    mark = " " if transcript.is_final else "…"
    print(f"{transcript.end:7.1f} s {mark} {transcript.text}", flush=True)


def main() -> None:
    with Transcriber(
        input_format="linear16",
        sample_rate=16000,
        interim_results=True,
        on_transcript=on_transcript,
    ) as stt:
        for chunk in iter(lambda: sys.stdin.buffer.read(CHUNK_BYTES), b""):
            stt.send(chunk)
    assert stt.result is not None
    print(f"\n{stt.result.text}\n({stt.result.ended_by})")


if __name__ == "__main__":
    main()
