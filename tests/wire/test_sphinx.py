"""The real recogniser: what it understands, and that its processes come and go as they should."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import wave
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Tuple

import pytest

pytest.importorskip("pocketsphinx")
pytest.importorskip("miniaudio")

from telnyx_stt_sync import Transcriber
from telnyx_stt_sync.emulator import Emulator, Heard
from telnyx_stt_sync.emulator import _sphinx as sphinx_module
from telnyx_stt_sync.emulator import _sphinx_recognition as recognition_module
from telnyx_stt_sync.emulator._decoding import RATE, decode
from telnyx_stt_sync.emulator._sphinx import SphinxRecogniser
from telnyx_stt_sync.emulator._sphinx_recognition import SphinxRecognition

from ..conftest import LIMIT, SLOWNESS, Recordings

# Everything heard right; then the others, with the word errors that were measured (7 of 22,
# 3 of 8, 3 of 18, 4 of 22 and 4 of 22) and about half as many again.
EXACT = [
    "goforward.raw",
    "something.raw",
    "cards-001.wav",
    "cards-003.wav",
    "cards-005.wav",
    "librivox-0930.wav",
    "thunderstorms.wav",
    "brooklyn-padded.wav",
]
ERRORS_AT_MOST = {
    "librivox-0870.wav": 10,
    "librivox-0880.wav": 5,
    "librivox-0920.wav": 5,
    "jfk.flac": 6,
    "jfk.mp3": 6,
}

# Recognising is work: where every processor is busy already, 11 s of speech took 14 s.
PATIENCE = 3 * LIMIT
# What takes no work.
PROMPTLY = 2.0 * SLOWNESS

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs signals and process numbers")

CLI = Path(sphinx_module.__file__).parent.parent / "cli"


class Hearing:
    """One stream through a recogniser, and everything that it reports."""

    def __init__(
        self, recogniser: SphinxRecogniser, input_format: str = "linear16", rate: int = RATE
    ) -> None:
        self.heard: List[Heard] = []
        self.errors: List[str] = []
        self.dones = 0
        self._changed = threading.Condition()
        self.recognition: SphinxRecognition = recogniser.open(
            input_format,
            rate,
            on_heard=self._on_heard,
            on_done=self._on_done,
            on_error=self._on_error,
        )

    def _on_heard(self, heard: Heard) -> None:
        with self._changed:
            self.heard.append(heard)
            self._changed.notify_all()

    def _on_done(self) -> None:
        with self._changed:
            self.dones += 1
            self._changed.notify_all()

    def _on_error(self, text: str) -> None:
        with self._changed:
            self.errors.append(text)
            self._changed.notify_all()

    @property
    def finals(self) -> List[Heard]:
        return [each for each in self.heard if each.is_final]

    @property
    def text(self) -> str:
        return " ".join(each.text for each in self.finals)

    def feed(self, audio: bytes, piece: int = 3200) -> None:
        for start in range(0, len(audio), piece):
            self.recognition.feed(audio[start : start + piece])

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), (self.heard, self.errors)

    def finish(self) -> Hearing:
        """End the stream and wait for the last word."""
        self.recognition.end()
        self.wait_for(lambda: self.dones == 1)
        self.recognition.close()
        return self


def hear(
    recogniser: SphinxRecogniser, audio: bytes, input_format: str = "linear16", piece: int = 3200
) -> Hearing:
    """All that the recogniser makes of some audio."""
    hearing = Hearing(recogniser, input_format)
    hearing.feed(audio, piece)
    return hearing.finish()


def words(text: str) -> List[str]:
    """Words as both sides would write them."""
    words = re.sub("[^a-z' ]", "", text.lower()).split()
    return ["mister" if word == "mr" else word for word in words]


def word_errors(said: str, heard: str) -> int:
    """Words wrong, missing and too many: the edit distance."""
    distances = list(range(len(words(heard)) + 1))
    for row, word in enumerate(words(said), 1):
        previous, distances[0] = distances[0], row
        for column, other in enumerate(words(heard), 1):
            best = min(distances[column] + 1, distances[column - 1] + 1, previous + (word != other))
            previous, distances[column] = distances[column], best
    return distances[-1]


def pcm_of(path: Path) -> bytes:
    """A recording as 16 kHz mono s16."""
    input_format = "linear16" if path.suffix == ".raw" else path.suffix[1:]
    with path.open("rb") as file:
        return b"".join(decode(input_format, RATE, file.read))


@pytest.fixture(scope="module")
def two_processes() -> Iterator[SphinxRecogniser]:
    """A recogniser whose two processes are there before the test."""
    recogniser = SphinxRecogniser(max_workers=2)
    for hearing in [Hearing(recogniser), Hearing(recogniser)]:
        hearing.finish()
    yield recogniser
    recogniser.close()


@pytest.fixture
def shared(two_processes: SphinxRecogniser) -> Iterator[SphinxRecogniser]:
    """A recogniser for the tests that only listen. A stream that one leaves behind is closed."""
    yield two_processes
    for recognition in list(two_processes._recognitions):
        recognition.close()


@pytest.fixture
def recogniser() -> Iterator[SphinxRecogniser]:
    """A recogniser for one test, which may do anything to it."""
    recogniser = SphinxRecogniser(max_workers=2)
    yield recogniser
    recogniser.close()


def worker_pids(recogniser: SphinxRecogniser) -> List[int]:
    return [worker.pid for worker in recogniser._workers]


def is_running(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        # No /proc here, or it has gone in between.
        return not Path("/proc/self").exists()
    return status.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + LIMIT
    while is_running(pid):
        assert time.monotonic() < deadline, f"process {pid} is still there"
        time.sleep(0.02)


# What it understands


@pytest.mark.parametrize("name", EXACT)
def test_every_word_of_the_exact_recordings(
    shared: SphinxRecogniser, recordings: Recordings, name: str
) -> None:
    """These eight people are understood to the word."""
    path = recordings.path(name)
    hearing = hear(
        shared, path.read_bytes(), "linear16" if path.suffix == ".raw" else path.suffix[1:]
    )
    assert words(hearing.text) == words(spoken_text(recordings, name))


@pytest.mark.parametrize("name", ERRORS_AT_MOST)
def test_most_words_of_the_other_recordings(
    shared: SphinxRecogniser, recordings: Recordings, name: str
) -> None:
    """These are harder: from 17 to 38 % of the words were wrong when it was measured."""
    path = recordings.path(name)
    hearing = hear(shared, path.read_bytes(), path.suffix[1:])
    assert word_errors(spoken_text(recordings, name), hearing.text) <= ERRORS_AT_MOST[name]


def spoken_text(recordings: Recordings, name: str) -> str:
    (text,) = [entry["text"] for entry in recordings.entries if entry["file"] == name]
    return str(text)


def test_the_lists_above_are_complete(recordings: Recordings) -> None:
    """Every recording is in one list, and the exact ones in the right one."""
    assert sorted([*EXACT, *ERRORS_AT_MOST]) == sorted(each["file"] for each in recordings.entries)
    assert sorted(EXACT) == sorted(each["file"] for each in recordings.entries if each["exact"])


def test_the_demo_recording_is_understood_to_the_word(shared: SphinxRecogniser) -> None:
    """What ships with the package is heard as the text beside it, one final for each sentence."""
    hearing = hear(shared, (CLI / "demo.wav").read_bytes(), "wav")
    text = (CLI / "demo.txt").read_text(encoding="utf-8")
    assert words(hearing.text) == words(text)
    assert len(hearing.finals) == 6


def test_telephone_audio_is_understood_less_well(shared: SphinxRecogniser) -> None:
    """The demo as 8 kHz mu-law: the model was made for 16 kHz, yet most words are right."""
    # Every second sample, after the mean with its neighbour: as rough as a telephone.
    samples = struct.unpack(f"<{19 * RATE}h", pcm_of(CLI / "demo.wav")[: 2 * 19 * RATE])
    narrow = [(one + other) // 2 for one, other in zip(samples[0::2], samples[1::2])]
    hearing = Hearing(shared, "linear16", 8000)
    hearing.feed(struct.pack(f"<{len(narrow)}h", *narrow))
    text = (CLI / "demo.txt").read_text(encoding="utf-8")
    assert word_errors(text, hearing.finish().text) <= len(words(text)) // 3


def test_speech_without_silence_around_it(shared: SphinxRecogniser, recordings: Recordings) -> None:
    """A clip cut right before its first word and right after its last is heard in full."""
    pcm = pcm_of(recordings.path("goforward.raw"))
    tight = pcm[int(0.46 * RATE) * 2 : int(2.12 * RATE) * 2]
    assert words(hear(shared, tight).text) == ["go", "forward", "ten", "meters"]


def test_results_can_be_repeated(shared: SphinxRecogniser, recordings: Recordings) -> None:
    """The same audio gives the same finals, however it is cut and whatever was heard before."""
    audio = recordings.path("cards-005.wav").read_bytes()
    first = hear(shared, audio, "wav").finals
    hear(shared, recordings.path("librivox-0880.wav").read_bytes(), "wav")
    assert hear(shared, audio, "wav", piece=997).finals == first
    assert hear(shared, audio, "wav", piece=len(audio)).finals == first


def test_silence_is_nothing(shared: SphinxRecogniser) -> None:
    """A stream of silence ends without a word, and so does one without audio."""
    assert hear(shared, bytes(3 * 2 * RATE)).heard == []
    assert hear(shared, b"").heard == []


def test_times_pauses_and_confidence(shared: SphinxRecogniser, recordings: Recordings) -> None:
    """A final carries when it was said, that the speaker paused, and a confidence."""
    hearing = hear(shared, recordings.path("thunderstorms.wav").read_bytes(), "wav")
    (final,) = hearing.finals
    # Where the first word begins and the last one ends, by ear.
    assert final.start == pytest.approx(1.5, abs=0.2)
    assert final.end == pytest.approx(6.1, abs=0.3)
    assert final.ends_utterance
    assert final.confidence is not None and 0.5 < final.confidence <= 1


def test_interims_come_while_the_audio_is_coming(
    shared: SphinxRecogniser, recordings: Recordings
) -> None:
    """Before half of the clip was sent there is an interim; interims come before their final."""
    pcm = pcm_of(recordings.path("thunderstorms.wav"))
    hearing = Hearing(shared)
    hearing.feed(pcm[: len(pcm) // 2])
    hearing.wait_for(lambda: "thunderstorms" in hearing.heard[-1].text if hearing.heard else False)
    assert hearing.finals == []
    hearing.feed(pcm[len(pcm) // 2 :])
    assert [each.is_final for each in hearing.finish().heard][-1]


def test_finalize_gives_a_final_in_the_middle(
    shared: SphinxRecogniser, recordings: Recordings
) -> None:
    """What was heard so far becomes a final without a pause, and the rest is heard after it."""
    pcm = pcm_of(recordings.path("cards-005.wav"))
    # "eight of spades" ends here.
    cut = int(1.2 * RATE) * 2
    hearing = Hearing(shared)
    hearing.feed(pcm[:cut])
    hearing.recognition.finalize()
    hearing.wait_for(lambda: bool(hearing.finals))
    assert hearing.finals[0].text == "eight of spades"
    assert not hearing.finals[0].ends_utterance
    hearing.feed(pcm[cut:])
    last = hearing.finish().finals[-1]
    assert last.text.endswith("seven of hearts")
    assert last.start > 1.1 and last.end == pytest.approx(3.26, abs=0.2)


def test_finalize_after_the_end_does_nothing(recordings: Recordings) -> None:
    """By then the process is idle or works for another stream: it lives on, that one isn't cut."""
    with contextlib.closing(SphinxRecogniser(max_workers=1)) as recogniser:
        ended, other = Hearing(recogniser), Hearing(recogniser)
        ended.recognition.end()
        ended.wait_for(lambda: ended.dones == 1)
        ended.recognition.finalize()
        pcm = pcm_of(recordings.path("cards-005.wav"))
        # Between two words.
        cut = int(1.2 * RATE) * 2
        other.feed(pcm[:cut])
        ended.recognition.finalize()
        other.feed(pcm[cut:])
        assert all(final.ends_utterance for final in other.finish().finals)
    assert words(other.text) == words(spoken_text(recordings, "cards-005.wav"))
    assert (other.errors, ended.heard) == ([], [])


def test_endless_speech_is_cut(shared: SphinxRecogniser, recordings: Recordings) -> None:
    """After 15 s without a pause a final comes all the same, and no word is lost at the cut."""
    pcm = pcm_of(recordings.path("librivox-0930.wav"))
    # The clip without the silence around it, so often that it lasts for 20 s.
    hearing = hear(shared, pcm[int(0.21 * RATE) * 2 : int(2.9 * RATE) * 2] * 7)
    first = hearing.finals[0]
    assert not first.ends_utterance and 10 < first.end <= 15.5
    assert hearing.text.split().count("himself") >= 5


def test_two_sessions_at_once(shared: SphinxRecogniser, recordings: Recordings) -> None:
    """Two streams whose audio comes in turns do not get into each other's way."""
    first, second = Hearing(shared), Hearing(shared)
    one, other = [pcm_of(recordings.path(name)) for name in ("goforward.raw", "something.raw")]
    for start in range(0, max(len(one), len(other)), 3200):
        first.recognition.feed(one[start : start + 3200])
        second.recognition.feed(other[start : start + 3200])
    assert words(second.finish().text) == words(spoken_text(recordings, "something.raw"))
    assert words(first.finish().text) == words(spoken_text(recordings, "goforward.raw"))


def test_audio_that_cannot_be_decoded(shared: SphinxRecogniser) -> None:
    """One error with a text for people; further audio is ignored; the end still comes."""
    hearing = Hearing(shared, "flac")
    hearing.feed(b"this is no FLAC file " * 5000)
    hearing.wait_for(lambda: bool(hearing.errors))
    hearing.finish()
    assert hearing.errors == ["the audio cannot be decoded as flac"]
    assert hearing.heard == []


BREAKING_MINIAUDIO = """
import array

class MiniaudioError(Exception):
    pass

FileFormat = {"FLAC": "flac"}

def stream_any(source, *args, **kwargs):
    yield array.array("h", source.read(40_000))
    raise MiniaudioError("a bad frame")
"""


def test_audio_that_goes_bad_in_the_middle(
    recogniser: SphinxRecogniser,
    recordings: Recordings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The words before the fault are told, and then the fault; the process lives on."""
    # No damage to a file was found that makes the real one raise once it has begun.
    (tmp_path / "miniaudio.py").write_text(BREAKING_MINIAUDIO)
    monkeypatch.syspath_prepend(tmp_path)
    hearing = Hearing(recogniser, "flac")
    # 1.25 s of which are "decoded": the first three words.
    hearing.feed(pcm_of(recordings.path("cards-005.wav")))
    hearing.wait_for(lambda: bool(hearing.errors))
    assert hearing.text == "eight of spades"
    (pid,) = worker_pids(recogniser)
    hearing.finish()
    assert hearing.errors == ["the audio cannot be decoded as flac"]
    assert hearing.text == "eight of spades"
    Hearing(recogniser).finish()
    assert pid in worker_pids(recogniser)


def test_through_the_whole_library() -> None:
    """A file, the client, a socket, the emulator and the recogniser: the words of the demo."""
    with Emulator(recogniser="pocketsphinx") as emulator:
        transcriber = Transcriber("key", url=emulator.url)
        result = transcriber.transcribe_file(CLI / "demo.wav", speed=20, timeout=PATIENCE)
    assert words(result.text) == words((CLI / "demo.txt").read_text(encoding="utf-8"))
    assert result.complete


# Processes and threads


def test_a_process_is_used_again(recogniser: SphinxRecogniser) -> None:
    """Loading takes a second: the next stream gets the process that is there."""
    assert worker_pids(recogniser) == []
    Hearing(recogniser).finish()
    pids = worker_pids(recogniser)
    Hearing(recogniser).finish()
    assert worker_pids(recogniser) == pids and len(pids) == 1
    assert repr(recogniser) == "<SphinxRecogniser, 0 streams, 1 processes>"


@posix_only
def test_close_leaves_nothing(recogniser: SphinxRecogniser) -> None:
    """After close() there is no process; the open stream hears nothing more; again is harmless."""
    hearing = Hearing(recogniser)
    (pid,) = worker_pids(recogniser)
    recogniser.close()
    assert not is_running(pid)
    hearing.feed(bytes(3200))
    hearing.recognition.finalize()
    hearing.recognition.end()
    hearing.recognition.close()
    recogniser.close()
    assert (hearing.dones, hearing.errors) == (0, [])
    with pytest.raises(RuntimeError, match="was closed"):
        Hearing(recogniser)


@posix_only
def test_close_in_the_middle_of_decoding(
    recogniser: SphinxRecogniser, recordings: Recordings
) -> None:
    """Decoding holds its process for seconds; close() does not wait for it."""
    hearing = Hearing(recogniser, "mp3")
    hearing.feed(recordings.path("jfk.mp3").read_bytes())
    hearing.recognition.end()
    hearing.wait_for(lambda: bool(hearing.heard))
    (pid,) = worker_pids(recogniser)
    began = time.monotonic()
    hearing.recognition.close()
    assert time.monotonic() - began < PROMPTLY
    assert not is_running(pid)
    assert hearing.dones == 0


def test_close_from_a_callback(recogniser: SphinxRecogniser, recordings: Recordings) -> None:
    """A stream may be closed by what it reports; nothing is reported after that."""
    closed = threading.Event()
    heard: List[Heard] = []
    # Filled before audio comes, and so before the callback runs.
    recognitions: List[SphinxRecognition] = []

    def close_it(each: Heard) -> None:
        heard.append(each)
        recognitions[0].close()
        closed.set()

    recognitions.append(
        recogniser.open("mp3", None, on_heard=close_it, on_done=pytest.fail, on_error=pytest.fail)
    )
    recognitions[0].feed(recordings.path("jfk.mp3").read_bytes())
    assert closed.wait(LIMIT)
    recogniser.close()
    assert len(heard) == 1


def test_a_callback_that_raises_is_logged(
    recogniser: SphinxRecogniser, caplog: pytest.LogCaptureFixture
) -> None:
    """The traceback goes to the log, and the process can be used again."""
    done = threading.Event()

    def fail_at_the_end() -> None:
        done.set()
        raise LookupError("a bug of the session's")

    recognition = recogniser.open(
        "linear16", RATE, on_heard=print, on_done=fail_at_the_end, on_error=print
    )
    with caplog.at_level(logging.ERROR, "telnyx_stt_sync.emulator"):
        recognition.end()
        assert done.wait(LIMIT)
        recognition.close()
    assert "a bug of the session's" in caplog.text
    Hearing(recogniser).finish()


def test_more_streams_than_processes(recogniser: SphinxRecogniser, recordings: Recordings) -> None:
    """A third stream waits in feed() until one of two is over, and is then heard in full."""
    busy = [Hearing(recogniser), Hearing(recogniser)]
    third = Hearing(recogniser)
    feeder = threading.Thread(target=third.feed, args=[pcm_of(recordings.path("goforward.raw"))])
    feeder.start()
    busy[0].finish()
    feeder.join(LIMIT)
    assert words(third.finish().text) == ["go", "forward", "ten", "meters"]
    assert len(worker_pids(recogniser)) == 2
    busy[1].finish()


@pytest.mark.parametrize("how", ["stream", "recogniser"])
def test_close_releases_who_waits_for_a_process(how: str) -> None:
    """A feed() that waits for a free process returns when its stream, or all, is closed."""
    recogniser = SphinxRecogniser(max_workers=1)
    busy, waiting = Hearing(recogniser), Hearing(recogniser)
    feeder = threading.Thread(target=waiting.feed, args=[bytes(3200)])
    feeder.start()
    (waiting.recognition if how == "stream" else recogniser).close()
    feeder.join(LIMIT)
    assert not feeder.is_alive()
    recogniser.close()
    assert (busy.dones, waiting.dones) == (0, 0)


def test_close_releases_who_waits_for_room(
    recogniser: SphinxRecogniser, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A feed() into a full inbox returns when the stream is closed."""
    monkeypatch.setattr(recognition_module, "_MAX_WAITING_BYTES", 20_000)
    hearing = Hearing(recogniser)
    pcm = pcm_of(recordings.path("librivox-0870.wav"))
    feeder = threading.Thread(target=hearing.feed, args=[pcm * 20])
    feeder.start()
    hearing.wait_for(lambda: bool(hearing.heard))
    assert feeder.is_alive()
    hearing.recognition.close()
    feeder.join(LIMIT)
    assert not feeder.is_alive()


def test_a_full_inbox_empties(
    recogniser: SphinxRecogniser, recordings: Recordings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Audio that comes faster than it is understood is held back, and none of it is lost."""
    monkeypatch.setattr(recognition_module, "_MAX_WAITING_BYTES", 20_000)
    audio = recordings.path("thunderstorms.wav").read_bytes()
    hearing = hear(recogniser, audio, "wav")
    assert words(hearing.text) == words(spoken_text(recordings, "thunderstorms.wav"))


@posix_only
def test_a_process_that_is_killed_by_accident(recogniser: SphinxRecogniser) -> None:
    """The session gets an error, audio is ignored, the end still comes; the next stream works."""
    hearing = Hearing(recogniser)
    (pid,) = worker_pids(recogniser)
    os.kill(pid, signal.SIGKILL)
    hearing.wait_for(lambda: bool(hearing.errors))
    assert hearing.errors == ["the recogniser's process ended with status -9"]
    hearing.feed(bytes(3200))
    assert hearing.dones == 0
    hearing.finish()
    Hearing(recogniser).finish()
    assert pid not in worker_pids(recogniser)


@posix_only
def test_an_idle_process_that_is_killed(recogniser: SphinxRecogniser) -> None:
    """A process that dies between two streams is replaced."""
    Hearing(recogniser).finish()
    (pid,) = worker_pids(recogniser)
    os.kill(pid, signal.SIGKILL)
    hearing = Hearing(recogniser)
    # If that was quick enough to get the dying one, it says so; else there is a new one.
    hearing.finish()
    assert hearing.errors or pid not in worker_pids(recogniser)
    wait_until_gone(pid)


@posix_only
def test_ctrl_c_in_the_terminal_does_not_reach_the_process(recogniser: SphinxRecogniser) -> None:
    """It is no member of the terminal's group, and ignores the signal besides."""
    hearing = Hearing(recogniser)
    (pid,) = worker_pids(recogniser)
    assert os.getpgid(pid) != os.getpgid(0)
    os.kill(pid, signal.SIGINT)
    assert hearing.finish().errors == []


OWNER = """
import sys, time
from telnyx_stt_sync.emulator._sphinx import SphinxRecogniser

recogniser = SphinxRecogniser()
for _ in range(2):
    recogniser.open("linear16", 16000, on_heard=print, on_done=print, on_error=print)
print(*[worker.pid for worker in recogniser._workers], flush=True)
if sys.argv[1] == "stay":
    time.sleep(600)
"""


@posix_only
@pytest.mark.parametrize("end", ["stay", "exit"])
def test_processes_end_with_their_parent(end: str) -> None:
    """A parent that is killed, or ends without close(), takes its processes along, quietly."""
    owner = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", OWNER, end],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=str(CLI.parent.parent),
    )
    with owner:
        assert owner.stdout is not None and owner.stderr is not None
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert len(pids) == 2
        if end == "stay":
            assert all(is_running(pid) for pid in pids)
            owner.kill()
        for pid in pids:
            wait_until_gone(pid)
        assert owner.stderr.read() == b""


@posix_only
# Python 3.12 and later warn of fork() where there are threads: the case that is tested.
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_leaves_the_processes_alone(recogniser: SphinxRecogniser) -> None:
    """close() in a child of fork() does nothing: the processes are its parent's."""
    hearing = Hearing(recogniser)
    child = os.fork()
    if child == 0:
        recogniser.close()
        hearing.recognition.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert hearing.finish().errors == []


# What is missing


@pytest.mark.parametrize("name", ["pocketsphinx", "miniaudio"])
def test_a_missing_package(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one of its packages there is no recogniser, and the message says what to install."""
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(
        RuntimeError, match=rf'no package {name}\. pip install "telnyx_stt_sync\[demo\]"'
    ):
        SphinxRecogniser()


@pytest.mark.parametrize("name", ["pocketsphinx", "miniaudio"])
@pytest.mark.parametrize("error", ["ImportError", "OSError"])
def test_a_broken_package(
    name: str,
    error: str,
    recogniser: SphinxRecogniser,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A package that is there but cannot be imported is told the same way, by open()."""
    (tmp_path / f"{name}.py").write_text(f"raise {error}('its library is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        RuntimeError, match=rf'{error}: its library is missing.*"telnyx_stt_sync\[demo\]"'
    ):
        Hearing(recogniser)
    assert worker_pids(recogniser) == []


@pytest.mark.parametrize(
    ("executable", "message"),
    [("", "sys.executable is empty"), (sys.executable + "-none", None), ("/bin/true", "status 0")],
)
@posix_only
def test_a_python_that_cannot_be_run(
    recogniser: SphinxRecogniser,
    monkeypatch: pytest.MonkeyPatch,
    executable: str,
    message: Optional[str],
) -> None:
    """Where there is no Python to run, as in some embedded ones, open() says so and works later."""
    expected: Tuple[type, ...] = (RuntimeError,) if message else (OSError,)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", executable)
        with pytest.raises(expected, match=message):
            Hearing(recogniser)
    Hearing(recogniser).finish()


def test_the_number_of_processes_is_checked() -> None:
    """At least one is needed."""
    with pytest.raises(ValueError, match="max_workers=0"):
        SphinxRecogniser(max_workers=0)


def test_the_demo_recording_is_as_its_text_says() -> None:
    """10 to 20 s of 16 kHz mono s16, and the text in one line."""
    with wave.open(str(CLI / "demo.wav"), "rb") as recording:
        assert recording.getparams()[:3] == (1, 2, RATE)
        assert 10 <= recording.getnframes() / RATE <= 20
    assert (CLI / "demo.txt").read_text(encoding="utf-8").count("\n") == 1
