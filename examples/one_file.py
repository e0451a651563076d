"""Print what is said in a file.

    telnyx-stt emulate -- python examples/one_file.py call.wav

This asks the emulator, which says the same whatever it is given; ``--recogniser pocketsphinx``
before the ``--`` makes it listen. Against the service: set TELNYX_API_KEY, and leave out
``telnyx-stt emulate --``.
"""

import sys

from telnyx_stt_sync import TelnyxSTTError, Transcriber

if len(sys.argv) != 2:
    sys.exit(__doc__)
try:
    print(Transcriber().transcribe_file(sys.argv[1]).text)
except (TelnyxSTTError, OSError) as exc:
    sys.exit(str(exc))
