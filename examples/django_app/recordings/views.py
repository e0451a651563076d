"""Uploads, and how far they are. Neither waits for a transcription."""

from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from .models import Recording

UploadForm = modelform_factory(Recording, fields=["audio"])


def upload(request: HttpRequest) -> HttpResponse:
    """A form, and the last recordings; what is posted is queued."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        return redirect("status", form.save().pk)
    recordings = Recording.objects.order_by("-pk")[:20]
    return render(request, "recordings/upload.html", {"form": form, "recordings": recordings})


@require_safe
def status(request: HttpRequest, pk: int) -> JsonResponse:
    """One recording, as JSON. (A site with users checks here whose it is.)"""
    recording = get_object_or_404(Recording, pk=pk)
    return JsonResponse(
        {"status": recording.status, "text": recording.text, "error": recording.error}
    )
