"""A recording, and how far its transcription is."""

from __future__ import annotations

from typing import Any, Optional

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import models
from django.utils import timezone

MAX_BYTES = 200_000_000


def check_size(audio: File[bytes]) -> None:
    """Refuse what is too large."""
    if audio.size > MAX_BYTES:
        raise ValidationError(f"The file is larger than {MAX_BYTES // 1_000_000} MB.")


class Status(models.TextChoices):
    """Whoever moves a recording on from one of these says in the same query which it moves from."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Queue(models.Manager):
    """The recordings, as work to be done."""

    def claim(self) -> Optional[Recording]:
        """The oldest queued recording, now running and ours; ``None`` if nothing is queued."""
        queued = self.filter(status=Status.QUEUED)
        while True:
            recording: Optional[Recording] = queued.order_by("pk").first()
            if recording is None:
                return None
            recording.started = timezone.now()
            # Looks and takes in one query: of all who want it at once, one changes a row.
            ours = queued.filter(pk=recording.pk)
            if ours.update(status=Status.RUNNING, started=recording.started):
                return recording


class Recording(models.Model):
    """A recording. ``started`` tells one try from another."""

    audio = models.FileField(upload_to="recordings/", validators=[check_size])
    status = models.CharField(
        max_length=10, choices=Status.choices, default=Status.QUEUED, db_index=True, editable=False
    )
    text = models.TextField(blank=True, editable=False)
    error = models.TextField(blank=True, editable=False)
    started = models.DateTimeField(null=True, editable=False)

    objects = Queue()

    def __str__(self) -> str:
        return str(self.audio.name)

    def leave(self, status: str, **fields: Any) -> None:
        """Our try is over; does nothing if somebody has queued the recording again meanwhile."""
        ours = Recording.objects.filter(pk=self.pk, status=Status.RUNNING, started=self.started)
        ours.update(status=status, **fields)
