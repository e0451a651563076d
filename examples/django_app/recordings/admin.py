"""The admin's list of recordings."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from .models import Recording, Status


@admin.register(Recording)
class RecordingAdmin(admin.ModelAdmin):
    list_display = ["audio", "status", "started", "error"]
    list_filter = ["status"]
    readonly_fields = ["status", "started", "text", "error"]
    actions = ["transcribe_again"]

    @admin.action(description="Transcribe again")
    def transcribe_again(self, request: HttpRequest, chosen: QuerySet[Recording]) -> None:
        """Queues them; the command does the work. What is running is left alone."""
        again = chosen.exclude(status=Status.RUNNING)
        count = again.update(status=Status.QUEUED, text="", error="")
        self.message_user(request, f"{count} queued.")
