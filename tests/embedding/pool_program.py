"""Files transcribed in a pool of processes, for a process of its own: what came back, as JSON.

``python -m tests.embedding.pool_program KIND METHOD FOLDER``
"""

from __future__ import annotations

import concurrent.futures
import importlib
import json
import multiprocessing
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List

from telnyx_stt_sync import TelnyxSTTError, Transcriber


def described(call: Callable[[], Any]) -> Dict[str, Any]:
    """A transcription or an error, as it has come back."""
    try:
        transcription = call()
    except (TelnyxSTTError, OSError) as exc:
        facts = {name: value for name, value in vars(exc).items() if name != "partial"}
        partial = getattr(exc, "partial", None)
        return {
            "error": type(exc).__name__,
            "text": str(exc),
            "facts": facts,
            "partial": None if partial is None else partial.to_dict(),
        }
    result: Dict[str, Any] = transcription.to_dict()
    return result


def executor(method: str, stt: Transcriber, paths: List[str]) -> List[Dict[str, Any]]:
    """``concurrent.futures``."""
    context = multiprocessing.get_context(method)
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as pool:
        futures = [pool.submit(stt.transcribe_file, path) for path in paths]
        return [described(future.result) for future in futures]


def pool(method: str, stt: Transcriber, paths: List[str]) -> List[Dict[str, Any]]:
    """``multiprocessing.Pool``."""
    with multiprocessing.get_context(method).Pool(2) as workers:
        results = [workers.apply_async(stt.transcribe_file, (path,)) for path in paths]
        seen = [described(result.get) for result in results]
        workers.close()
        workers.join()
    return seen


def dask(method: str, stt: Transcriber, paths: List[str]) -> List[Dict[str, Any]]:
    """A cluster of Dask on this machine."""
    distributed: Any = importlib.import_module("distributed")
    importlib.import_module("dask.config").set(
        {"distributed.worker.multiprocessing-method": method}
    )
    options: Dict[str, Any] = {"n_workers": 2, "threads_per_worker": 1, "processes": True}
    with distributed.LocalCluster(host="127.0.0.1", dashboard_address=None, **options) as cluster:
        with distributed.Client(cluster) as client:
            futures = client.map(stt.transcribe_file, paths)
            return [described(future.result) for future in futures]


KINDS = {"executor": executor, "pool": pool, "dask": dask}

if __name__ == "__main__":
    kind, method, folder = sys.argv[1:]
    paths = sorted(str(path) for path in Path(folder).iterdir())
    transcriber = Transcriber(reconnect=False)
    seen = KINDS[kind](method, transcriber, paths)
    left = len(multiprocessing.active_children())
    print(json.dumps({"seen": seen, "left": left}))
