"""A folder of recordings over a Dask cluster.

    telnyx-stt emulate -- python examples/dask_batch.py FOLDER

With a key, leave out ``telnyx-stt emulate --``. Without ``--scheduler`` the cluster is two
processes on this machine.

``FOLDER/results`` gets ``call.wav.json``, the transcript, or ``call.wav.error.json``, which says
why there is none. What has a transcript is left alone: run it again after whatever went wrong.

The ``Transcriber`` travels to the workers, with a key only if it was given one; otherwise each
worker reads its own TELNYX_API_KEY. The workers open the paths, so they must see the same folder.
If one of them dies, Dask gives its recordings to the others.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional

from distributed import Client, as_completed

from telnyx_stt_sync import Transcriber

AUDIO = {".wav", ".mp3", ".flac", ".ogg", ".webm", ".amr"}
ROUNDS = 3
# Seconds between two rounds. Less than a minute of trouble the Transcriber sits out by itself.
DELAY = 60.0


def transcribe_all(client: Client, stt: Transcriber, paths: Iterable[Path], results: Path) -> None:
    """Transcribe the recordings; what may pass is tried ``ROUNDS`` times."""
    waiting = list(paths)
    for number in range(ROUNDS):
        if number and waiting:
            time.sleep(DELAY)
        waiting = one_round(client, stt, waiting, results)


def one_round(client: Client, stt: Transcriber, paths: List[Path], results: Path) -> List[Path]:
    """Transcribe the recordings; returns those that may be tried again."""
    # Not pure: the same call may come out differently another time.
    futures = client.map(stt.transcribe_file, [str(path) for path in paths], pure=False)
    path_of = dict(zip(futures, paths))
    again = []
    for future in as_completed(futures):
        path, error = path_of[future], future.exception()
        if error is None:
            write(results / f"{path.name}.json", future.result().to_dict())
            (results / f"{path.name}.error.json").unlink(missing_ok=True)
        else:
            write(
                results / f"{path.name}.error.json", {"error": f"{type(error).__name__}: {error}"}
            )
            if getattr(error, "is_temporary", False):
                again.append(path)
        print(f"{path.name}: {error or 'done'}", flush=True)
    return again


def write(target: Path, content: Dict[str, Any]) -> None:
    """Write a file so that it is there whole or not at all, whenever this process is killed."""
    part = target.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    os.replace(part, target)


def connect(scheduler: Optional[str]) -> Client:
    """A client of that cluster, or of one of its own on this machine."""
    if scheduler is not None:
        return Client(scheduler)
    # A thread for each recording at once: they wait for the network, not for a processor.
    return Client(n_workers=2, threads_per_worker=8, processes=True, dashboard_address=None)


def main() -> None:
    parser = argparse.ArgumentParser(description="Transcribe a folder with Dask.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scheduler", help="the address of a cluster: tcp://host:8786")
    args = parser.parse_args()
    folder = args.folder.resolve()
    results = folder / "results"
    results.mkdir(exist_ok=True)
    recordings = sorted(path for path in folder.iterdir() if path.suffix.lower() in AUDIO)
    done = {path.name for path in results.iterdir()}
    waiting = [path for path in recordings if f"{path.name}.json" not in done]
    with connect(args.scheduler) as client:
        transcribe_all(client, Transcriber(), waiting, results)
    sys.exit(any(not (results / f"{path.name}.json").exists() for path in recordings))


if __name__ == "__main__":
    main()
