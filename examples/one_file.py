"""Print what is said in a file: ``python examples/one_file.py call.wav``.

The key comes from TELNYX_API_KEY. Without one, run ``telnyx-stt emulate`` in another shell and
export the two variables that it prints.
"""

import sys

from telnyx_stt_sync import TelnyxSTTError, Transcriber

if len(sys.argv) != 2:
    sys.exit(__doc__)
try:
    print(Transcriber().transcribe_file(sys.argv[1]).text)
except (TelnyxSTTError, OSError) as exc:
    sys.exit(str(exc))
