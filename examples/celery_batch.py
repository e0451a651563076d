"""A folder of recordings over many Celery workers.

    telnyx-stt emulate -- python examples/celery_batch.py FOLDER --workers 4

With a key, leave out ``telnyx-stt emulate --``. It needs Redis: REDIS_URL, or the one on this
machine. Without ``--workers`` it only queues and waits; start workers where you like, as long as
they see the folder: ``celery -A celery_batch worker --concurrency 8``. To stop one, SIGTERM lets
the running recordings end, and SIGQUIT sends them back to the queue.

Each recording ends in ``FOLDER/results`` as ``call.wav.json``, its transcript, or as a dead
letter, ``call.wav.dead.json``, which says why there is none. What may be retried is sent back with
a growing delay. Run it again at any time: what has a transcript is left alone, dead letters get
another try.

A recording leaves the queue only when its file is written. So whatever dies, it is delivered again:
at once if one process of a worker was killed, after ``visibility_timeout`` (and up to seven
minutes) if all of it was. That time must be longer than a recording may take and longer than the
longest delay of a retry: Redis takes the recording for lost when it has passed, and delivers it a
second time. This costs the work twice but does no harm, as both write the same file. (What kills
its process each time comes back each time: watch how often workers report a lost process.)
"""

import argparse
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any, Dict

from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded

from telnyx_stt_sync import TelnyxSTTError, Transcriber

REDIS = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")
AUDIO = {".wav", ".mp3", ".flac", ".ogg", ".webm", ".amr"}
LONGEST = 2 * 3600  # seconds that one recording may take
# Seconds before the first retry; then 60, 120, 240, 480. Less than a minute of trouble the
# Transcriber sits out by itself.
FIRST_DELAY = 30

app = Celery("celery_batch", broker=REDIS, backend=REDIS)
app.conf.update(
    task_acks_late=True,  # off the queue at the end, not at the beginning
    task_reject_on_worker_lost=True,  # and back to it when the process was killed
    worker_prefetch_multiplier=1,  # no worker sits on recordings that another could begin
    task_soft_time_limit=LONGEST,  # raises in transcribe_file(), which ends the stream
    task_time_limit=LONGEST + 60,  # kills the process
    broker_transport_options={"visibility_timeout": LONGEST + 3600},
    broker_connection_retry_on_startup=True,
)

# Made once, before Celery forks: it opens nothing until it is used.
stt = Transcriber()


@app.task(bind=True, max_retries=5)
def transcribe(task: Any, recording: str, results: str) -> str:
    """Write the transcript or the dead letter of one recording."""
    name = Path(recording).name
    target, dead = Path(results, f"{name}.json"), Path(results, f"{name}.dead.json")
    if target.exists():
        return "done before"
    try:
        result = stt.transcribe_file(recording)
    except (TelnyxSTTError, OSError, SoftTimeLimitExceeded) as exc:
        if getattr(exc, "is_temporary", False) and task.request.retries < task.max_retries:
            raise task.retry(exc=exc, countdown=FIRST_DELAY * 2**task.request.retries) from exc
        partial = getattr(exc, "partial", None)
        heard = partial.text if partial else ""
        error = f"{type(exc).__name__}: {exc}"
        write(dead, {"recording": recording, "error": error, "heard": heard})
        return f"dead: {error}"
    write(target, result.to_dict())
    dead.unlink(missing_ok=True)
    return "done"


def write(target: Path, content: Dict[str, Any]) -> None:
    """Write a file so that it is there whole or not at all, whenever the process is killed."""
    part = target.with_name(f"{target.name}.{uuid.uuid4().hex}.part")
    part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    os.replace(part, target)


def send(folder: Path) -> int:
    """Queue what has no transcript yet, and wait for it; returns how many have none at the end."""
    results = folder / "results"
    results.mkdir(exist_ok=True)
    recordings = sorted(path for path in folder.iterdir() if path.suffix.lower() in AUDIO)
    waiting = [path for path in recordings if not (results / f"{path.name}.json").exists()]
    tasks = [transcribe.delay(str(path), str(results)) for path in waiting]
    for path, task in zip(waiting, tasks):
        print(f"{path.name}: {task.get(propagate=False)}", flush=True)
    return sum(not (results / f"{path.name}.json").exists() for path in recordings)


def main() -> None:
    parser = argparse.ArgumentParser(description="Transcribe a folder with Celery.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workers", type=int, help="start a worker of so many processes as well")
    args = parser.parse_args()
    if args.workers is None:
        sys.exit(send(args.folder.resolve()) > 0)
    command = [sys.executable, "-m", "celery", "--quiet", "-A", "celery_batch", "worker"]
    worker = subprocess.Popen(
        [*command, f"--concurrency={args.workers}"], cwd=Path(__file__).parent
    )
    try:
        sys.exit(send(args.folder.resolve()) > 0)
    finally:
        worker.terminate()
        worker.wait()


if __name__ == "__main__":
    main()
