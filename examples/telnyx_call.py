"""Live transcripts of phone calls, from Telnyx's media streaming.

    telnyx-stt emulate -- python examples/telnyx_call.py 8765

For real calls set TELNYX_API_KEY, leave out ``telnyx-stt emulate --``, put a proxy with TLS in
front that lets only Telnyx in, and dial (or answer, or send ``streaming_start``) with these two:

    "stream_url": "wss://your.host/", "stream_track": "both_tracks"

Telnyx then connects to this server, once for each call. Both sides of the call, the tracks
``inbound`` and ``outbound``, are transcribed by themselves.
"""

import base64
import heapq
import json
import sys
from queue import SimpleQueue
from threading import Thread
from typing import Any, Dict, List, Optional, Tuple

from websockets.exceptions import ConnectionClosedError
from websockets.sync.server import ServerConnection, serve

from telnyx_stt_sync import InputFormat, TelnyxSTTError, Transcriber

# Telnyx's names and the service's. L16 is taken for little-endian, as people found it who looked
# at what comes. RFC 3551 says big-endian, and Telnyx's documentation does not say.
FORMATS: Dict[str, InputFormat] = {"PCMU": "mulaw", "PCMA": "alaw", "L16": "linear16"}

# Telnyx does not promise the order of the frames. They wait until so many more have come: 60 ms.
HELD_FRAMES = 3


class Leg:
    """One side of a call, which a thread of its own transcribes."""

    def __init__(self, name: str, media_format: Dict[str, Any]) -> None:
        self.name = name
        self.stt = Transcriber(
            input_format=FORMATS[media_format["encoding"]],
            sample_rate=int(media_format["sample_rate"]),
            interim_results=True,
        )
        self.held: List[Tuple[int, bytes]] = []  # a heap: the lowest number is taken first
        self.audio: SimpleQueue[Optional[bytes]] = SimpleQueue()
        self.thread = Thread(target=self.transcribe)
        self.thread.start()

    def take(self, media: Dict[str, Any]) -> None:
        """Hand on the audio of one frame, never waiting for the transcription."""
        heapq.heappush(self.held, (int(media["chunk"]), base64.b64decode(media["payload"])))
        if len(self.held) > HELD_FRAMES:
            self.audio.put(heapq.heappop(self.held)[1])

    def hang_up(self) -> None:
        """Hand on what is left; the thread ends when all of it has been transcribed."""
        while self.held:
            self.audio.put(heapq.heappop(self.held)[1])
        self.audio.put(None)

    def transcribe(self) -> None:
        try:
            for heard in self.stt.stream(iter(self.audio.get, None)):
                mark = "" if heard.is_final else "…"
                print(f"{self.name} at {heard.end:.1f} s: {heard.text}{mark}", flush=True)
            print(f"{self.name} in all: {self.stt.result}", flush=True)
        except TelnyxSTTError as error:
            print(f"{self.name} ended: {error} So far: {error.partial}", file=sys.stderr)


def follow_call(connection: ServerConnection) -> None:
    """Transcribe one call until its end. Each connection has a thread of its own."""
    legs: Dict[str, Leg] = {}
    call: Dict[str, Any] = {}
    try:
        for message in connection:
            frame = json.loads(message)
            if frame["event"] == "start":
                call = frame["start"]
                if call["media_format"]["encoding"] not in FORMATS:
                    print(f"can't transcribe {call['media_format']}", file=sys.stderr)
                    return
            elif frame["event"] == "media":
                track = frame["media"]["track"]
                if track not in legs:
                    legs[track] = Leg(f"{call['call_control_id']} {track}", call["media_format"])
                legs[track].take(frame["media"])
            elif frame["event"] == "error":
                print(frame["payload"], file=sys.stderr)
            elif frame["event"] == "stop":
                return
    except ConnectionClosedError:
        pass  # no goodbye; what was said until here is wanted all the same
    finally:
        for leg in legs.values():
            leg.hang_up()
        for leg in legs.values():
            leg.thread.join()


def main() -> None:
    with serve(follow_call, "127.0.0.1", int(sys.argv[1])) as server:
        print(f"Waiting for calls on ws://127.0.0.1:{sys.argv[1]}/", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass  # leaving `with` hangs up, and waits for the last words


if __name__ == "__main__":
    main()
