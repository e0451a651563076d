"""``python manage.py test``: the whole way of a recording, against the emulator, without a key."""

import gc
import io
import os
import signal
import tempfile
import threading
import time
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any, List
from unittest import mock, skipUnless

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase, override_settings
from django.utils import timezone

from telnyx_stt_sync import Transcriber, Transcript
from telnyx_stt_sync.emulator import Emulator, word_audio

from .management.commands.transcribe import Command
from .models import Recording, Status


def recording(words: str = "hello world") -> SimpleUploadedFile:
    """A file in which the emulator hears these words."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16000)
        writer.writeframes(word_audio(words))
    return SimpleUploadedFile("call.wav", file.getvalue())


def transcribe(**options: Any) -> None:
    """The command, without its output."""
    call_command("transcribe", stdout=io.StringIO(), stderr=io.StringIO(), **options)


class EmulatorTests(TransactionTestCase):
    """An emulator in place of the service, and a folder of its own for the files."""

    def setUp(self) -> None:
        self.emulator = self.enterContext(Emulator())
        where = {"TELNYX_STT_URL": self.emulator.url, "TELNYX_API_KEY": "any"}
        self.enterContext(mock.patch.dict(os.environ, where))
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(override_settings(MEDIA_ROOT=folder))
        for number in (signal.SIGTERM, signal.SIGINT):  # which the command takes for itself
            self.addCleanup(signal.signal, number, signal.getsignal(number))


class WorkTests(EmulatorTests):
    """The command and the table that it works off."""

    def test_transcribes_all_that_is_queued(self) -> None:
        """Each is transcribed once, however often the command runs; what is done stays done."""
        for number in range(5):
            Recording.objects.create(audio=recording(f"number {number}"))
        transcribe(jobs=2)
        transcribe(jobs=2)
        texts = {each.text for each in Recording.objects.filter(status=Status.DONE)}
        self.assertEqual(texts, {f"number {number}" for number in range(5)})
        self.assertEqual(len(self.emulator.sessions), 5)

    def test_files(self) -> None:
        """Files on the command line are queued first, as copies of the site's own."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "memo.wav")
            path.write_bytes(recording().read())
            call_command("transcribe", str(path), stdout=io.StringIO())
        memo = Recording.objects.get()
        self.assertEqual((memo.status, memo.text), (Status.DONE, "hello world"))
        self.assertTrue(memo.audio.storage.exists(memo.audio.name))

    def test_error_is_kept(self) -> None:
        """A recording that fails says why, and holds up no other."""
        bad = Recording.objects.create(audio=SimpleUploadedFile("bad.wav", b"nonsense"))
        good = Recording.objects.create(audio=recording())
        transcribe()
        bad.refresh_from_db()
        good.refresh_from_db()
        self.assertEqual((bad.status, good.status), (Status.FAILED, Status.DONE))
        self.assertIn("not audio", bad.error)

    def test_claim(self) -> None:
        """A recording has one owner, and one who has lost it changes nothing."""
        Recording.objects.create(audio=recording())
        first: Any = Recording.objects.claim()
        self.assertIsNone(Recording.objects.claim())
        first.leave(Status.QUEUED)
        second: Any = Recording.objects.claim()
        first.leave(Status.FAILED, error="too late")
        second.leave(Status.DONE, text="hello")
        second.refresh_from_db()
        self.assertEqual((second.status, second.text, second.error), (Status.DONE, "hello", ""))

    def test_claim_at_once(self) -> None:
        """Of two that look for work at the same moment, one gets the recording."""
        Recording.objects.create(audio=recording())
        now = timezone.now
        rivals: List[Any] = []

        def rival_comes_first() -> Any:
            if not rivals:
                rivals.append("is here")
                rivals.append(Recording.objects.claim())
            return now()

        with mock.patch("recordings.models.timezone.now", rival_comes_first):
            self.assertIsNone(Recording.objects.claim())
        self.assertIsNotNone(rivals[1])

    def test_stopped_before_it_began(self) -> None:
        """A signal that comes before the first claim is not forgotten."""
        Recording.objects.create(audio=recording())
        command = Command()
        command.stt, command.signal = Transcriber(), 0
        command.stop(signal.SIGTERM, None)
        command.work(jobs=1)
        self.assertEqual(Recording.objects.get().status, Status.QUEUED)

    def test_requeue_after(self) -> None:
        """What a killed command left running is taken up again, once that is asked for."""
        hour_ago = timezone.now() - timedelta(hours=1)
        stuck = Recording.objects.create(audio=recording(), status=Status.RUNNING, started=hour_ago)
        for minutes, status in ((None, Status.RUNNING), (90, Status.RUNNING), (30, Status.DONE)):
            transcribe(requeue_after=minutes)
            stuck.refresh_from_db()
            self.assertEqual(stuck.status, status)


class PageTests(EmulatorTests):
    """What people see."""

    def test_upload(self) -> None:
        """An upload is queued at once, and its page says how far it is."""
        page = self.client.post("/", {"audio": recording()}, follow=True)
        self.assertEqual(page.json(), {"status": "queued", "text": "", "error": ""})
        self.assertEqual(self.emulator.sessions, [])
        transcribe()
        page = self.client.get(page.request["PATH_INFO"])
        self.assertEqual(page.json(), {"status": "done", "text": "hello world", "error": ""})
        self.assertContains(self.client.get("/"), "done")

    def test_refused_upload(self) -> None:
        """What is too large is not queued, and the page says so."""
        with mock.patch("recordings.models.MAX_BYTES", 1_000_000):
            large = SimpleUploadedFile("call.wav", bytes(1_000_001))
            page = self.client.post("/", {"audio": large})
        self.assertContains(page, "larger than 1 MB")
        self.assertFalse(Recording.objects.exists())

    def test_admin(self) -> None:
        """The action queues again what has failed, and leaves alone what is running."""
        self.client.force_login(User.objects.create_superuser("admin"))
        failed = Recording.objects.create(audio=recording(), status=Status.FAILED, error="x")
        running = Recording.objects.create(audio=recording(), status=Status.RUNNING)
        chosen = {"action": "transcribe_again", "_selected_action": [failed.pk, running.pk]}
        page = self.client.post("/admin/recordings/recording/", chosen, follow=True)
        self.assertContains(page, "1 queued.")
        failed.refresh_from_db()
        running.refresh_from_db()
        self.assertEqual((failed.status, failed.error), (Status.QUEUED, ""))
        self.assertEqual(running.status, Status.RUNNING)
        page = self.client.get(f"/admin/recordings/recording/{failed.pk}/change/")
        self.assertContains(page, "call")


class CallbackTests(EmulatorTests):
    """The database in a callback, which runs in a thread of the stream's own."""

    @skipUnless(Path("/proc/self/fd").is_dir(), "counts the process's open files")
    def test_connection_of_a_callback(self) -> None:
        """It has a connection of its own, open as long as the stream unless it is closed."""
        before = self.connections()
        for closes, more in ((False, 1), (True, 0)):
            called = threading.Event()

            def on_transcript(
                transcript: Transcript, closes: bool = closes, called: threading.Event = called
            ) -> None:
                Recording.objects.create(audio="call.wav", text=transcript.text)
                if closes:
                    connection.close()
                called.set()

            stt = Transcriber(
                input_format="linear16", sample_rate=16000, on_transcript=on_transcript
            )
            with stt:
                stt.send(word_audio("hello world", pause_every=2))
                self.assertTrue(called.wait(20))
                self.assertEqual(self.connections() - before, more)
            end = time.monotonic() + 20  # one that is left open goes when it is collected
            while self.connections() > before and time.monotonic() < end:
                gc.collect()
            self.assertEqual(self.connections(), before)
        self.assertEqual(Recording.objects.count(), 2)

    def connections(self) -> int:
        """How often this process has the database open."""
        name = connection.settings_dict["NAME"]
        files: List[Path] = list(Path("/proc/self/fd").iterdir())
        return sum(os.path.realpath(file) == os.path.realpath(name) for file in files)
