"""A program under gevent or eventlet, for a process of its own: what it did, one line of JSON each.

``python -m tests.embedding.green_program WORLD FILE SCENARIO…``
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, List

if TYPE_CHECKING:
    from telnyx_stt_sync import Transcriber


# Of the frameworks' own, in seconds: enough for what a scenario does before.
TIME_LIMIT = 1.0


class Gevent:
    """The few calls that the scenarios need."""

    def __init__(self) -> None:
        importlib.import_module("gevent.monkey").patch_all()
        gevent: Any = importlib.import_module("gevent")
        self.Timeout: Any = gevent.Timeout
        self.spawn: Callable[..., Any] = gevent.spawn
        self.kill: Callable[[Any], Any] = gevent.kill

    @staticmethod
    def join(greenlet: Any) -> Any:
        return greenlet.get()


class Eventlet:
    """The same."""

    def __init__(self) -> None:
        eventlet: Any = importlib.import_module("eventlet")
        eventlet.monkey_patch()
        self.Timeout: Any = eventlet.Timeout
        self.spawn: Callable[..., Any] = eventlet.spawn
        self.kill: Callable[[Any], Any] = eventlet.kill

    @staticmethod
    def join(greenlet: Any) -> Any:
        return greenlet.wait()


class Program:
    """The scenarios. Each returns what it saw."""

    def __init__(self, world: Any, path: str) -> None:
        self._world = world
        self._path = path
        with open(path, "rb") as file:
            self._audio = file.read()
        self._longest_pause = 0.0
        world.spawn(self._tick)

    def run(self, scenario: str) -> Dict[str, Any]:
        """Go through a scenario by its name."""
        # Not imported above: everything is to be patched before.
        import threading

        self._longest_pause = 0.0
        seen: Dict[str, Any] = getattr(self, scenario)()
        running = [thread.name for thread in threading.enumerate()]
        seen["threads"] = [name for name in running if name.startswith("telnyx-stt")]
        seen["longest_pause"] = self._longest_pause
        return seen

    def _tick(self) -> None:
        """Notice how long other greenlets had to wait."""
        while True:
            started = time.monotonic()
            time.sleep(0.01)
            self._longest_pause = max(self._longest_pause, time.monotonic() - started)

    def _transcriber(self, **options: Any) -> Transcriber:
        from telnyx_stt_sync import RetryPolicy, Transcriber

        policy = RetryPolicy(initial=0.05, jitter=0.0)
        given = {"input_format": "linear16", "sample_rate": 16000, "reconnect": policy}
        return Transcriber(**{**given, **options})

    def file(self) -> Dict[str, Any]:
        """A whole file."""
        result = self._transcriber().transcribe_file(self._path, speed=float("inf"))
        return {"text": result.text, "reconnects": result.stats.reconnects}

    def live(self) -> Dict[str, Any]:
        """A live stream with callbacks."""
        heard: List[str] = []
        ends: List[str] = []
        stt = self._transcriber(
            on_transcript=lambda transcript: heard.append(transcript.text),
            on_close=lambda transcription: ends.append(transcription.ended_by),
        )
        with stt:
            for start in range(0, len(self._audio), 6400):
                stt.send(self._audio[start : start + 6400])
                time.sleep(0.001)
        assert stt.result is not None
        return {
            "text": stt.result.text,
            "heard": " ".join(heard),
            "ends": ends,
            "reconnects": stt.result.stats.reconnects,
        }

    def two(self) -> Dict[str, Any]:
        """Two streams at once, from two greenlets."""
        greenlets = [self._world.spawn(self.file), self._world.spawn(self.live)]
        texts = [self._world.join(greenlet)["text"] for greenlet in greenlets]
        return {"texts": texts}

    def files(self) -> Dict[str, Any]:
        """Many files, over worker threads that are greenlets."""
        stt = self._transcriber(connect_spacing=0.0)
        results = stt.transcribe_files([self._path] * 6, max_workers=3, speed=float("inf"))
        return {"texts": [str(result.transcription or result.error) for result in results]}

    def timeout_in_files(self) -> Dict[str, Any]:
        """A time limit of the framework's own while the results are waited for."""
        stt = self._transcriber(connect_spacing=0.0)
        results = stt.transcribe_files([self._path] * 6, max_workers=3, speed=float("inf"))
        return self._limited(stt, lambda: next(results))

    def timeout_in_finish(self) -> Dict[str, Any]:
        """A time limit of the framework's own while finish() waits."""
        stt = self._transcriber(on_transcript=lambda transcript: None).start()
        stt.send(self._audio[:3200])
        return self._limited(stt, stt.finish)

    def timeout_in_send(self) -> Dict[str, Any]:
        """The same while send() waits for room."""
        stt = self._transcriber(buffer_seconds=1.0).start()

        def fill() -> None:
            while True:
                stt.send(self._audio)

        return self._limited(stt, fill)

    def _limited(self, stt: Transcriber, call: Callable[[], Any]) -> Dict[str, Any]:
        started = time.monotonic()
        try:
            with self._world.Timeout(TIME_LIMIT) as limit:
                call()
        except self._world.Timeout as exc:
            is_ours = exc is limit
        assert stt.result is not None
        took = time.monotonic() - started
        return {"is_ours": is_ours, "ended_by": stt.result.ended_by, "took": took}

    def kill(self) -> Dict[str, Any]:
        """The end of the greenlet that waits in finish()."""
        stt = self._transcriber().start()
        stt.send(self._audio[:3200])
        greenlet = self._world.spawn(stt.finish)
        time.sleep(0.1)
        started = time.monotonic()
        self._world.kill(greenlet)
        while stt.result is None and time.monotonic() - started < 5:
            time.sleep(0.01)
        assert stt.result is not None
        return {"ended_by": stt.result.ended_by, "took": time.monotonic() - started}

    def forget(self) -> Dict[str, Any]:
        """A stream that nobody ends, before the end of the program."""
        global forgotten
        forgotten = self._transcriber(on_transcript=lambda transcript: None).start()
        forgotten.send(self._audio[:3200])
        return {"end": time.time()}


forgotten: object = None

if __name__ == "__main__":
    worlds: Dict[str, Any] = {"gevent": Gevent, "eventlet": Eventlet}
    name, path, *scenarios = sys.argv[1:]
    program = Program(worlds[name](), path)
    for scenario in scenarios:
        print(json.dumps(program.run(scenario)), flush=True)
