"""The scripted recogniser: what it says, when, and that it hears word audio."""

from __future__ import annotations

import struct
from typing import Any, List, Optional, Sequence, Tuple, Union

import pytest

from telnyx_stt_sync.emulator import Heard, word_audio
from telnyx_stt_sync.emulator._scripted import (
    DEFAULT_SCRIPT,
    ScriptedRecogniser,
    ScriptedRecognition,
)

# One word is said for each 0.3 s of audio.
WORD = bytes(2 * 4800)


class Listener:
    """A recognition and everything that it reported."""

    def __init__(
        self,
        transcripts: Sequence[str],
        input_format: str = "linear16",
        sample_rate: Optional[int] = 16000,
    ) -> None:
        self.heard: List[Heard] = []
        self.done = 0
        self.errors: List[str] = []
        self.recognition: ScriptedRecognition = ScriptedRecogniser(transcripts).open(
            input_format,
            sample_rate,
            on_heard=self.heard.append,
            on_done=self._count,
            on_error=self.errors.append,
        )

    def _count(self) -> None:
        self.done += 1

    def take(self) -> List[Tuple[str, bool]]:
        """Text and finality of what was reported since the last call."""
        taken = [(heard.text, heard.is_final) for heard in self.heard]
        self.heard.clear()
        return taken


def at(moment: float) -> Any:
    """A time, as near as floats come to it."""
    return pytest.approx(moment)


def test_a_word_for_every_third_of_a_second() -> None:
    """Interims grow word by word; the utterance's last word makes the final."""
    listener = Listener(["Hello, wide world.", "Bye."])
    listener.recognition.feed(WORD[:-2])
    assert listener.take() == []
    listener.recognition.feed(WORD[:2])
    assert listener.take() == [("Hello,", False)]
    listener.recognition.feed(WORD * 2)
    assert listener.take() == [("Hello, wide", False), ("Hello, wide world.", True)]
    listener.recognition.feed(WORD)
    assert listener.take() == [("Bye.", True)]
    listener.recognition.feed(WORD * 9)
    assert listener.take() == []
    assert listener.done == 0


def test_times_and_confidence() -> None:
    """What is heard has its place in the audio, a confidence, and says where utterances end."""
    listener = Listener(["one two", "three"])
    listener.recognition.feed(WORD * 3)
    interim, first, second = listener.heard
    assert interim == Heard("one", False, 0.0, at(0.3), 0.84, False)
    assert first == Heard("one two", True, 0.0, at(0.6), 0.98, True)
    assert second == Heard("three", True, at(0.6), at(0.9), 0.98, True)


def test_end_flushes_the_rest_as_one_final_each() -> None:
    """What the audio was too short for follows the end, several finals, then on_done."""
    listener = Listener(["one two three", "four five", "six"])
    listener.recognition.feed(WORD * 2)
    listener.take()
    listener.recognition.end()
    assert listener.take() == [("one two three", True), ("four five", True), ("six", True)]
    assert listener.done == 1


def test_end_without_audio_says_nothing() -> None:
    """A stream without audio has nothing to say, and is done."""
    listener = Listener(["one"])
    listener.recognition.end()
    assert listener.take() == []
    assert listener.done == 1


def test_finalize_makes_a_final_of_what_was_said() -> None:
    """Finalize tells the words so far; the next final has the others; nothing twice."""
    listener = Listener(["one two three four"])
    listener.recognition.finalize()
    listener.recognition.feed(WORD * 2)
    listener.take()
    listener.recognition.finalize()
    listener.recognition.finalize()
    assert listener.take() == [("one two", True)]
    listener.recognition.feed(WORD)
    assert listener.take() == [("three", False)]
    listener.recognition.end()
    assert listener.take() == [("three four", True)]


def test_finalize_ends_no_utterance() -> None:
    """A final that was forced is not the end of an utterance."""
    listener = Listener(["one two"])
    listener.recognition.feed(WORD)
    listener.recognition.finalize()
    assert listener.heard[-1].is_final
    assert not listener.heard[-1].ends_utterance


def test_flush_says_all_without_ending() -> None:
    """Flush says the rest, and there is nothing left to say after it."""
    listener = Listener(["one two", "three"])
    listener.recognition.flush()
    assert listener.take() == []
    listener.recognition.feed(WORD)
    listener.take()
    listener.recognition.flush()
    assert listener.take() == [("one two", True), ("three", True)]
    listener.recognition.feed(WORD * 5)
    listener.recognition.end()
    assert listener.take() == []
    assert listener.done == 1


def test_empty_utterance_is_an_empty_final() -> None:
    """An empty text in the script is an empty final, a word long."""
    listener = Listener(["", "one"])
    listener.recognition.feed(WORD)
    assert listener.take() == [("", True)]
    listener.recognition.end()
    assert listener.take() == [("one", True)]


@pytest.mark.parametrize("transcripts", ["just one text", ["just one text"]])
def test_one_text_is_a_script_of_one(transcripts: Union[str, List[str]]) -> None:
    """A text in place of a list is one utterance."""
    listener = Listener(transcripts)
    listener.recognition.feed(WORD)
    listener.recognition.end()
    assert listener.take()[-1] == ("just one text", True)


def test_empty_script_says_nothing() -> None:
    """No utterances: silence."""
    listener = Listener([])
    listener.recognition.feed(WORD * 20)
    listener.recognition.end()
    assert listener.take() == []


def nothing() -> None:
    """Do nothing."""


def test_streams_of_one_recogniser_are_apart() -> None:
    """Every stream starts with the first utterance."""
    recogniser = ScriptedRecogniser(["one", "two"])
    for _ in range(2):
        heard: List[Heard] = []
        recognition = recogniser.open(
            "linear16", 16000, on_heard=heard.append, on_done=nothing, on_error=print
        )
        recognition.feed(WORD)
        assert [each.text for each in heard] == ["one"]
    recogniser.close()


def test_default_script_says_something() -> None:
    """Without a script of one's own there is still something to hear."""
    listener = Listener(DEFAULT_SCRIPT)
    listener.recognition.feed(WORD)
    listener.recognition.end()
    assert [text for text, is_final in listener.take() if is_final] == list(DEFAULT_SCRIPT)


def test_nothing_is_reported_after_close() -> None:
    """After close() there are no callbacks, whatever is called."""
    listener = Listener(["one"])
    listener.recognition.close()
    listener.recognition.close()
    listener.recognition.feed(WORD)
    listener.recognition.end()
    assert (listener.take(), listener.done) == ([], 0)


@pytest.mark.parametrize(
    ("input_format", "rate", "bytes_per_second"),
    [
        ("linear16", 8000, 16000),
        ("linear32", 8000, 32000),
        ("mulaw", 8000, 8000),
        ("alaw", 16000, 16000),
        ("mp3", None, 16000),
        ("opus", 48000, 16000),
    ],
)
def test_seconds_follow_the_format(
    input_format: str, rate: Optional[int], bytes_per_second: int
) -> None:
    """A word takes 0.3 s of audio in every format; compressed audio counts as 16 kB/s."""
    listener = Listener(["one two"], input_format, rate)
    listener.recognition.feed(bytes(bytes_per_second * 3 // 10 - 4))
    assert listener.take() == []
    listener.recognition.feed(bytes(4))
    assert listener.take() == [("one", False)]


# Word audio


def finals(listener: Listener) -> List[str]:
    return [heard.text for heard in listener.heard if heard.is_final]


def test_word_audio_is_heard_in_place_of_the_script() -> None:
    """Audio that carries words needs no script, and silences one that is there."""
    words = [f"w{number}" for number in range(20)]
    listener = Listener(["the script"])
    audio = word_audio(words)
    for first in range(0, len(audio), 1280):
        listener.recognition.feed(audio[first : first + 1280])
    assert finals(listener) == [" ".join(words[:8]), " ".join(words[8:16])]
    listener.recognition.end()
    assert " ".join(finals(listener)).split() == words
    assert "script" not in " ".join(heard.text for heard in listener.heard)
    assert listener.done == 1


@pytest.mark.parametrize("start", [1, 30, 2400, 4799, 4801, 12000])
def test_word_audio_from_the_middle_silences_the_script_too(start: int) -> None:
    """A stream that starts within a word or a pause is still recognised as word audio."""
    listener = Listener(["the script"])
    audio = word_audio("one two three", pause_every=1)[2 * start :]
    for first in range(0, len(audio), 320):
        listener.recognition.feed(audio[first : first + 320])
    listener.recognition.end()
    heard = " ".join(finals(listener)).split()
    assert heard == ["one", "two", "three"][3 - len(heard) :]
    assert heard


def test_pause_ends_the_utterance() -> None:
    """A pause makes a final that ends an utterance, before any further word."""
    listener = Listener([])
    listener.recognition.feed(word_audio("one two three", pause_every=2))
    assert [(heard.text, heard.ends_utterance) for heard in listener.heard if heard.is_final] == [
        ("one two", True)
    ]
    listener.recognition.feed(bytes(16000))
    assert listener.heard[-1] == Heard("three", True, 1.1, at(1.4), 0.98, True)


def test_word_audio_has_true_times() -> None:
    """Interims grow, and start and end are those of the words."""
    listener = Listener([])
    listener.recognition.feed(bytes(32000) + word_audio("one two"))
    assert [(heard.text, heard.start, heard.end) for heard in listener.heard] == [
        ("one", 1.0, at(1.3)),
        ("one two", 1.0, at(1.6)),
    ]


def test_word_audio_finalize_and_flush() -> None:
    """Finalize and flush tell the pending words, and do not break the word that is coming."""
    listener = Listener([])
    audio = word_audio("one two three")
    half = len(audio) // 2
    listener.recognition.feed(audio[:half])
    listener.recognition.finalize()
    assert finals(listener) == ["one"]
    listener.recognition.flush()
    listener.recognition.feed(audio[half:])
    listener.recognition.end()
    assert finals(listener) == ["one", "two three"]


def wav_header(rate: int, channels: int = 1, bits: int = 16, extra: bytes = b"") -> bytes:
    align = channels * bits // 8
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate * align, align, bits)
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt + extra
    return b"RIFF\xff\xff\xff\x7fWAVE" + chunks + b"data\xff\xff\xff\x7f"


@pytest.mark.parametrize("extra", [b"", b"LIST\x05\x00\x00\x00abcde\x00"])
@pytest.mark.parametrize("size", [1, 13, 44, 100000])
def test_word_audio_in_a_wav_stream(size: int, extra: bytes) -> None:
    """A WAV header is taken off, wherever it is cut, and says the rate."""
    listener = Listener(["the script"], "wav", None)
    audio = wav_header(8000, extra=extra) + word_audio("one two", sample_rate=8000)
    for first in range(0, len(audio), size):
        listener.recognition.feed(audio[first : first + size])
    listener.recognition.end()
    assert finals(listener) == ["one two"]
    assert listener.heard[-1].end == at(0.6)


def test_script_in_a_wav_stream_of_another_kind() -> None:
    """Stereo WAV is timed by its header, and the script is said."""
    listener = Listener(["one two"], "wav", None)
    listener.recognition.feed(wav_header(8000, channels=2) + bytes(9600))
    assert listener.take() == [("one", False)]


def test_wav_without_a_format_chunk() -> None:
    """A header that does not say its format counts as compressed audio does."""
    listener = Listener(["one"], "wav", None)
    listener.recognition.feed(b"RIFF\xff\xff\xff\x7fWAVEdata\xff\xff\xff\x7f" + bytes(4800))
    assert listener.take() == [("one", True)]


def test_words_behind_a_broken_one_are_heard_at_the_end() -> None:
    """When a word's block has lost samples, the next ones are heard at the end at the latest."""
    listener = Listener([])
    audio = word_audio("one two three", seconds_per_word=0.01)
    broken = word_audio("broken", seconds_per_word=0.3)[:100]
    listener.recognition.feed(broken + audio)
    assert finals(listener) == []
    listener.recognition.end()
    assert finals(listener) == ["one two three"]


def test_wav_without_a_header_is_taken_as_audio() -> None:
    """What never turns into a WAV header is counted as it is."""
    listener = Listener(["one"], "wav", None)
    listener.recognition.feed(b"\xff" * 70000)
    assert listener.take() == [("one", True)]
