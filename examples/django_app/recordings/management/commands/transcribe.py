"""``manage.py transcribe``: works off what is queued."""

from __future__ import annotations

import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

from django.core.files import File
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from recordings.models import Recording, Status
from telnyx_stt_sync import FileResult, StreamStateError, Transcriber


class Command(BaseCommand):
    help = "Transcribe every queued recording. Any number of these may run side by side."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="*", type=Path, help="recordings to queue first")
        parser.add_argument("--jobs", type=int, default=4, help="how many at once (%(default)s)")
        parser.add_argument(
            "--requeue-after",
            type=float,
            metavar="MINUTES",
            help="queue again what has been running for so long: its command was killed",
        )

    def handle(
        self, *, files: Any, jobs: int, requeue_after: Optional[float], **options: Any
    ) -> None:
        self.stt = Transcriber()
        self.signal = 0  # the number of the one that stops this command
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.stop)
        for path in files:
            with path.open("rb") as file:
                Recording.objects.create(audio=File(file, name=path.name))
        if requeue_after is not None:
            before = timezone.now() - timedelta(minutes=requeue_after)
            stuck = Recording.objects.filter(status=Status.RUNNING, started__lt=before)
            stuck.update(status=Status.QUEUED)
        self.work(jobs)
        if self.signal:
            sys.exit(128 + self.signal)

    def stop(self, number: int, frame: object) -> None:
        """Ends the streams. To raise here could lose what was just claimed."""
        self.signal = number
        self.stt.close()

    def work(self, jobs: int) -> None:
        """Threads transcribe; this one alone claims recordings, and talks to the database."""
        self.claimed: Dict[str, Recording] = {}
        try:
            for result in self.stt.transcribe_files(self.claim(), max_workers=jobs):
                self.save(self.claimed.pop(str(result.source)), result)
        except StreamStateError:
            if not self.signal:
                raise

    def claim(self) -> Iterator[str]:
        """The paths of what is queued, each claimed when there is somebody to take it."""
        while not self.signal:
            recording = Recording.objects.claim()
            if recording is None:
                return
            self.claimed[recording.audio.path] = recording
            yield recording.audio.path

    def save(self, recording: Recording, result: FileResult) -> None:
        """Keep what came out."""
        if result.transcription is not None:
            recording.leave(Status.DONE, text=result.transcription.text, error="")
            self.stdout.write(f"{recording}: {result.transcription}")
        elif self.signal:
            recording.leave(Status.QUEUED)
        else:
            partial = getattr(result.error, "partial", None)
            heard = partial.text if partial else ""
            recording.leave(Status.FAILED, error=str(result.error), text=heard)
            self.stderr.write(f"{recording}: {result.error}")
