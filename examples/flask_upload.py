"""Upload a recording, get its transcript: Flask.

    telnyx-stt emulate -- flask --app examples/flask_upload.py run
    curl -F recording=@call.wav http://127.0.0.1:5000/transcripts
    curl -N -F recording=@call.wav http://127.0.0.1:5000/transcripts/live

The second address tells the progress by server-sent events: ``progress`` and ``heard`` as it goes
on, ``result`` or ``error`` at the end. (A browser reads them with ``fetch()``: its ``EventSource``
can't upload.) Against the service: set TELNYX_API_KEY and leave out ``telnyx-stt emulate --``.
For many users, in the folder ``examples``:

    gunicorn --preload --workers 8 --threads 20 flask_upload:app
"""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from tempfile import TemporaryFile
from typing import IO, Any, Dict, Iterator, Optional, Tuple

from flask import Flask, Response, request

from telnyx_stt_sync import (
    AudioError,
    AuthenticationError,
    ConfigurationError,
    RequestRejectedError,
    RetryPolicy,
    TelnyxSTTError,
    Transcriber,
    Transcript,
    TranscriptionTimeout,
)

PATIENCE = 55.0  # seconds; most proxies wait 60 for an answer
HEARTBEAT = 15.0  # seconds
OUR_FAULTS = (ConfigurationError, AuthenticationError, RequestRejectedError)

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 50_000_000  # bytes; what is larger is answered with 413

# One for all requests. It has no thread and no connection of its own: it may be made before the
# server forks its workers.
stt = Transcriber(reconnect=RetryPolicy(max_elapsed=10.0))


@app.post("/transcripts")
def transcript() -> Dict[str, Any]:
    recording = request.files["recording"].stream
    return stt.transcribe_file(recording, timeout=PATIENCE).to_dict()


@app.post("/transcripts/live")
def live_transcript() -> Response:
    recording = TemporaryFile()  # one of our own: Flask closes its own before the events begin
    request.files["recording"].save(recording)
    recording.seek(0)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}  # the latter for nginx
    return Response(events_of(recording), headers=headers, mimetype="text/event-stream")


def events_of(recording: IO[bytes]) -> Iterator[str]:
    """The events of one recording. If the client goes away, the transcription ends too."""
    own_stt = Transcriber()  # to be closed without ending what others transcribe
    news: SimpleQueue[Optional[str]] = SimpleQueue()

    def on_transcript(heard: Transcript) -> None:
        news.put(event("heard", heard.to_dict()))

    def on_progress(sent: float, total: Optional[float]) -> None:
        news.put(event("progress", {"sent_seconds": sent, "total_seconds": total}))

    with recording, ThreadPoolExecutor(1) as pool:
        job = pool.submit(
            own_stt.transcribe_file,
            recording,
            on_transcript=on_transcript,
            on_progress=on_progress,
        )
        job.add_done_callback(lambda job: news.put(None))
        try:
            while True:
                try:
                    each = news.get(timeout=HEARTBEAT)
                except Empty:
                    each = ": still here\n\n"  # proxies go on waiting; and it shows who has gone
                if each is None:
                    break
                yield each
            yield event("result", job.result().to_dict())
        except TelnyxSTTError as error:
            body, status, _ = answer_to(error)
            yield event("error", {**body, "status": status})
        finally:
            own_stt.close()


def event(name: str, data: Dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


@app.errorhandler(TelnyxSTTError)
def answer_to(error: TelnyxSTTError) -> Tuple[Dict[str, str], int, Dict[str, str]]:
    """What the client is told. The rest is for the log: it concerns this server only."""
    if isinstance(error, AudioError):
        return {"error": str(error)}, 422, {}
    app.logger.error("not transcribed", exc_info=error)
    if isinstance(error, TranscriptionTimeout):
        return {"error": "the transcript did not come in time"}, 504, {}
    if error.is_temporary:
        seconds = getattr(error, "retry_after", None) or 5
        return {"error": "try again later"}, 503, {"Retry-After": str(math.ceil(seconds))}
    if isinstance(error, OUR_FAULTS):
        return {"error": "this server is not set up correctly"}, 500, {}
    return {"error": "the speech-to-text service failed"}, 502, {}
