"""Subtitles for a recording.

    telnyx-stt emulate -- python examples/captions.py call.wav

Writes ``call.srt`` and ``call.vtt`` beside it. The recording is sent at the pace of speech and with
interims, because the times of the captions may be estimates. Emulator and service as in
``one_file.py``.
"""

import sys
from pathlib import Path

from telnyx_stt_sync import TelnyxSTTError, Transcriber

if len(sys.argv) != 2:
    sys.exit(__doc__)
recording = Path(sys.argv[1])
try:
    result = Transcriber(interim_results=True).transcribe_file(recording, speed=1)
except (TelnyxSTTError, OSError) as exc:
    sys.exit(str(exc))
for suffix, captions in ((".srt", result.to_srt()), (".vtt", result.to_vtt())):
    path = recording.with_suffix(suffix)
    path.write_text(captions, encoding="utf-8")
    print(path)
