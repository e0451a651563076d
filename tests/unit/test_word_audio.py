"""Audio that carries its words: every whole word is heard once, however the stream is cut."""

from __future__ import annotations

import random
import time
from typing import Iterable, List

import pytest

from telnyx_stt_sync.emulator import word_audio
from telnyx_stt_sync.emulator._word_audio import HeardWord, WordDecoder

WORDS = "the quick brown fox jumps over the lazy dog naïve 日本語 x".split()
# 40 samples a word at this rate: small enough to try every cut.
RATE = 400
SHORT = {"sample_rate": RATE, "seconds_per_word": 0.1}


def short(words: Iterable[str], pause_every: int = 0) -> bytes:
    return word_audio(
        words, sample_rate=RATE, seconds_per_word=0.1, pause_every=pause_every or None
    )


def heard(*pieces: bytes) -> List[HeardWord]:
    decoder = WordDecoder()
    words = [word for piece in pieces for word in decoder.feed(piece)]
    return words + decoder.finish()


def texts(*pieces: bytes) -> List[str]:
    return [word.text for word in heard(*pieces)]


def test_words_come_back_with_their_times() -> None:
    """Each word is heard, in order, from its first to its last sample."""
    words = heard(word_audio("one two", sample_rate=8000, seconds_per_word=0.25))
    assert words == [HeardWord("one", 0, 2000), HeardWord("two", 2000, 4000)]


def test_text_and_list_are_the_same() -> None:
    """A text is split at white space."""
    assert word_audio(" one\ttwo\n") == word_audio(["one", "two"])
    assert word_audio("") == b""


def test_length_is_as_promised() -> None:
    """A word lasts seconds_per_word; a pause follows every pause_every words."""
    assert len(word_audio("a b c d")) == 4 * 4800 * 2
    paused = word_audio("a b c d", pause_every=2, pause_seconds=0.5)
    assert len(paused) == (4 * 4800 + 2 * 8000) * 2


def test_every_cut_into_two_pieces_hears_all() -> None:
    """Where the stream is cut into chunks makes no difference, not even within a sample."""
    audio = short(WORDS, pause_every=5)
    for cut in range(len(audio) + 1):
        assert texts(audio[:cut], audio[cut:]) == WORDS


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 1001])
def test_chunks_of_any_size(size: int) -> None:
    """Chunks of one byte do as well as long ones."""
    audio = short(WORDS)
    assert texts(*(audio[at : at + size] for at in range(0, len(audio), size))) == WORDS


def test_replay_from_every_sample_hears_each_complete_word_once() -> None:
    """A stream that starts within a word does not have that word, and has all that follow."""
    audio = short(WORDS)
    for sample in range(len(audio) // 2):
        complete = WORDS[-(-sample // 40) :]
        assert texts(audio[2 * sample :]) == complete


def test_word_is_heard_with_its_last_sample() -> None:
    """One byte short of its end, a word has not been heard."""
    audio = short(["one"])
    decoder = WordDecoder()
    assert decoder.feed(audio[:-1]) == []
    assert [word.text for word in decoder.feed(audio[-1:])] == ["one"]


def test_two_streams_cut_at_one_sample_have_each_whole_word_once() -> None:
    """What was heard before a cut and after it is everything but the word that it cut."""
    audio = short(WORDS)
    for sample in range(0, len(audio) // 2):
        before, after = texts(audio[: 2 * sample]), texts(audio[2 * sample :])
        missing = WORDS[sample // 40 : -(-sample // 40)]
        assert before + missing + after == WORDS


def test_lost_samples_lose_only_the_words_they_were_in() -> None:
    """Where samples are missing in the middle, the words around them are heard."""
    audio = short(WORDS)
    for first in range(0, 400, 7):
        for last in range(first, first + 120, 11):
            rest = audio[: 2 * first] + audio[2 * last :]
            kept = WORDS[: first // 40] + WORDS[-(-last // 40) :]
            if first == last:
                kept = WORDS
            assert texts(rest) == kept, (first, last)


def test_other_audio_around_it_does_no_harm() -> None:
    """Silence and noise before, between and after words are not words."""
    noise = random.Random(1).randbytes if hasattr(random, "randbytes") else None
    junk = noise(4000) if noise else bytes(random.Random(1).choices(range(256), k=4000))
    audio = bytes(2000) + short(["one"]) + junk + short(["two"]) + bytes(2000)
    assert texts(audio) == ["one", "two"]
    assert texts(junk) == []


def test_damaged_block_is_no_word() -> None:
    """A block whose text, length or checksum is wrong is not heard; the next one is."""
    good, following = short(["one"]), short(["two"])
    for at in range(len(good)):
        damaged = bytearray(good)
        damaged[at] ^= 0x41
        # The pattern and the lengths are 14 bytes, the text 6, the checksum and the mark 4.
        in_filler = 20 <= at < len(good) - 4
        expected = ["one", "two"] if in_filler else ["two"]
        assert texts(bytes(damaged) + following) == expected, at


@pytest.mark.parametrize("start", [0, 2, 20, 40, 70, 80, 86, 150])
def test_it_is_noticed_before_a_word_is_complete(start: int) -> None:
    """Word audio shows by itself, wherever in a word or a pause the stream starts."""
    audio = word_audio("one two", pause_every=1)
    decoder = WordDecoder()
    decoder.feed(audio[2 * start : 2 * start + 200])
    assert decoder.noticed
    decoder = WordDecoder()
    pause = audio[4800 * 2 + 2 * start :]
    for at in range(0, 200, 10):
        decoder.feed(pause[at : at + 10])
    assert decoder.noticed


@pytest.mark.parametrize("audio", [b"", bytes(9000), b"\x05\x00" * 4000, bytes(range(256)) * 40])
def test_other_audio_is_not_taken_for_it(audio: bytes) -> None:
    """Silence, a constant and a pattern are not word audio."""
    decoder = WordDecoder()
    decoder.feed(audio)
    assert not decoder.noticed
    assert decoder.finish() == []


def test_position_follows_the_stream() -> None:
    """The decoder tells up to which sample no further word can begin."""
    decoder = WordDecoder()
    audio = short(["one"])
    decoder.feed(audio[:40])
    assert decoder.position == 0
    decoder.feed(audio[40:])
    assert decoder.position == 40
    decoder.feed(bytes(200))
    assert 136 <= decoder.position <= 140


@pytest.mark.parametrize("word", ["", "two words", " padded", "tab\t"])
def test_what_is_not_one_word_is_refused(word: str) -> None:
    """A list holds single words."""
    with pytest.raises(ValueError, match="is not one word"):
        word_audio([word])


def test_word_that_does_not_fit_is_refused() -> None:
    """A word longer than its duration says so, and what to do."""
    with pytest.raises(ValueError, match="give it more seconds"):
        word_audio("incomprehensibilities", sample_rate=RATE, seconds_per_word=0.05)


def test_it_is_fast() -> None:
    """Making and hearing 1,200 words, six minutes, costs well under a second."""
    words = [f"word{number}" for number in range(1200)]
    started = time.process_time()
    audio = word_audio(words)
    assert texts(*(audio[at : at + 8000] for at in range(0, len(audio), 8000))) == words
    assert time.process_time() - started < 0.8
