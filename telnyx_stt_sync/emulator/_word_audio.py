"""Audio that carries its words as data, so that a test can account for every one.

A word is a block of samples: a fixed pattern, the lengths, the word's UTF-8
bytes one per sample, filler up to the word's duration, and in its last two
samples a checksum and an end mark. So it is heard when its last sample has
arrived, and only if all of it has: a stream that starts or breaks off within a
word does not have it, and one that starts at its first sample does. Pauses
are a faint pattern of their own.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Iterable, List, Optional, Union

# The samples that begin a word; no text, filler or pause can contain them.
_SYNC = struct.pack("<4h", 0x7A31, -0x5C2E, 0x6B4D, -0x7F13)
_END_MARK = -0x4D2B
# After the pattern: samples of the block (15 bits each, low part first), bytes of the text.
_HEADER = struct.Struct("<3h")
_TRAILER = struct.Struct("<2h")
_TEXT_OFFSET = len(_SYNC) + _HEADER.size
_LONGEST_BLOCK = 1 << 24

# Added to each byte of text, so that no sample of it is near zero.
_TEXT_BASE = 0x0400
_FILLER = struct.pack("<h", 0x0D1D)
_PAUSE = struct.pack("<2h", 5, -9)
# So much of either in a row does not happen in recorded audio.
_FILLER_RUN = _FILLER * 16
_PAUSE_RUN = _PAUSE * 8


def word_audio(
    words: Union[str, Iterable[str]],
    *,
    sample_rate: int = 16000,
    seconds_per_word: float = 0.3,
    pause_every: Optional[int] = None,
    pause_seconds: float = 0.5,
) -> bytes:
    """Samples (linear16) in which the emulator's scripted recogniser hears exactly these words.

    A text is split at white space. Each word takes ``seconds_per_word``; after
    every ``pause_every`` words there is a pause of ``pause_seconds``, which
    ends the utterance there (``None``: no pauses). Only as 16-bit samples at
    the rate given here do the words survive, raw or in a mono WAV.

    Raises ``ValueError`` when a word is empty, holds white space or does not
    fit into its duration.
    """
    split = words.split() if isinstance(words, str) else list(words)
    samples = round(seconds_per_word * sample_rate)
    pause = _pause(round(pause_seconds * sample_rate))
    audio = bytearray()
    for position, word in enumerate(split, start=1):
        audio += _block(word, samples)
        if pause_every and position % pause_every == 0:
            audio += pause
    return bytes(audio)


@dataclass(frozen=True)
class HeardWord:
    """A word and where it lies: samples from the start of the stream, ``end`` excluded."""

    text: str
    start: int
    end: int


class WordDecoder:
    """Finds the words in a stream that is cut anywhere. Not for use by two threads at once.

    ``noticed`` is whether the stream has shown signs of word audio, even if no
    word was complete.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        # Where in the stream the buffer begins, and where in the buffer to go on; bytes, even.
        self._buffer_start = 0
        self._next = 0
        # The end of what was looked through for signs, as long as there were none.
        self._tail = b""
        self.noticed = False

    @property
    def position(self) -> int:
        """Up to which sample the stream has been decided: no further word can begin before it."""
        return (self._buffer_start + self._next) // 2

    def feed(self, audio: bytes) -> List[HeardWord]:
        """The words that become complete with this audio, cut at any byte."""
        self._buffer += audio
        self._notice(audio)
        words: List[HeardWord] = []
        word = self._take()
        while word is not None:
            words.append(word)
            word = self._take()
        del self._buffer[: self._next]
        self._buffer_start += self._next
        self._next = 0
        return words

    def finish(self) -> List[HeardWord]:
        """The words behind a block that was never completed; call when no more audio comes.

        Such a block is broken: samples of it were lost on the way.
        """
        words: List[HeardWord] = []
        while self._begins_block(self._next):
            self._next += 2
            words += self.feed(b"")
        return words

    def _take(self) -> Optional[HeardWord]:
        """The next complete word; ``None`` when more audio is needed for it."""
        while self._find_block():
            size = self._block_size()
            if size is None or len(self._buffer) < self._next + size:
                return None
            start = self._next
            text = _text_of(bytes(self._buffer[start : start + size]))
            if text is not None:
                self._next += size
                first = (self._buffer_start + start) // 2
                return HeardWord(text, first, first + size // 2)
            # Samples were lost within this block; the next one may begin inside it.
            self._next += 2
        return None

    def _find_block(self) -> bool:
        """Move to the next beginning of a block; else past all that cannot be one."""
        at = self._buffer.find(_SYNC, self._next)
        while at >= 0 and at % 2:
            at = self._buffer.find(_SYNC, at + 1)
        if at >= 0:
            self._next = at
            return True
        undecided = max(self._next, len(self._buffer) - len(_SYNC) + 1)
        self._next = undecided + undecided % 2 if undecided > self._next else self._next
        return False

    def _begins_block(self, at: int) -> bool:
        return self._buffer.startswith(_SYNC, at)

    def _block_size(self) -> Optional[int]:
        """Bytes of the block at ``_next``, ``None`` when its header has not arrived."""
        if len(self._buffer) < self._next + _TEXT_OFFSET:
            return None
        low, high, _ = _HEADER.unpack_from(self._buffer, self._next + len(_SYNC))
        size = 2 * ((low & 0x7FFF) | (high & 0x7FFF) << 15)
        # A damaged length must not make the decoder wait for ever.
        return size if _TEXT_OFFSET < size <= _LONGEST_BLOCK else _TEXT_OFFSET

    def _notice(self, audio: bytes) -> None:
        if not self.noticed:
            seen = self._tail + audio
            self.noticed = any(run in seen for run in (_SYNC, _FILLER_RUN, _PAUSE_RUN))
            self._tail = seen[-len(_FILLER_RUN) :]


def _block(word: str, samples: int) -> bytes:
    """The samples of one word."""
    text = word.encode()
    if not text or word.split() != [word]:
        raise ValueError(f"{word!r} is not one word")
    filler = samples - len(text) - (_TEXT_OFFSET + _TRAILER.size) // 2
    if filler < 0:
        raise ValueError(f"{word!r} does not fit into {samples} samples; give it more seconds")
    body = _HEADER.pack(samples & 0x7FFF, samples >> 15, len(text))
    body += struct.pack(f"<{len(text)}h", *(_TEXT_BASE + byte for byte in text))
    return _SYNC + body + _FILLER * filler + _TRAILER.pack(_checksum(body), _END_MARK)


def _text_of(block: bytes) -> Optional[str]:
    """The word of a block, ``None`` when the block is damaged."""
    length = _HEADER.unpack_from(block, len(_SYNC))[2]
    text_end = _TEXT_OFFSET + 2 * length
    if length <= 0 or text_end + _TRAILER.size > len(block):
        return None
    body = block[len(_SYNC) : text_end]
    if _TRAILER.unpack(block[-_TRAILER.size :]) != (_checksum(body), _END_MARK):
        return None
    samples = struct.unpack_from(f"<{length}h", block, _TEXT_OFFSET)
    try:
        return bytes(sample - _TEXT_BASE for sample in samples).decode()
    except ValueError:
        return None


def _pause(samples: int) -> bytes:
    return (_PAUSE * (samples // 2 + 1))[: 2 * samples]


def _checksum(body: bytes) -> int:
    return zlib.crc32(body) & 0x7FFF
