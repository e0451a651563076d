"""Files of every container, damaged at random: a result or an error that says why not."""

from __future__ import annotations

import io
import math
from typing import Any, Dict, List, Optional, Sequence, Set

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from telnyx_stt_sync._audio import open_audio
from telnyx_stt_sync._audio_format import INPUT_FORMATS, RAW_FORMATS
from telnyx_stt_sync._errors import AudioError, ConfigurationError
from tests.unit.containers import EVERY, REFUSED, TAKEN, VARIANTS, WAVS
from tests.unit.fuzzing import DAMAGES, Damage, fuzzed, overwrite, spoilt

# More is never asked of a file at once, whatever its header says.
MOST_AT_ONCE = 65_536


class Watched(io.BytesIO):
    """A file, or a pipe, that counts the reads and remembers the largest that was asked for."""

    def __init__(self, data: bytes, most: int, is_pipe: bool) -> None:
        super().__init__(data)
        self._most = most
        self._is_pipe = is_pipe
        self.reads = 0
        self.largest = 0

    def read(self, size: Optional[int] = -1) -> bytes:
        assert size is not None and size >= 0, "all at once"
        self.reads += 1
        self.largest = max(self.largest, size)
        return super().read(min(size, self._most))

    def seekable(self) -> bool:
        return not self._is_pipe


def check(
    data: bytes, source: Watched, size: int, takes: Set[str], options: Dict[str, Any]
) -> None:
    """Send all of it, in bounded steps, and once more if that is possible."""
    with open_audio(source, takes=takes.__contains__, **options) as audio:
        assert math.isfinite(audio.format.bytes_per_second) and audio.format.bytes_per_second > 0
        assert audio.total_seconds is None or 0 <= audio.total_seconds < math.inf
        assert audio.format.input_format in INPUT_FORMATS
        sent = [b"", b""]
        rounds = 2 if audio.can_seek else 1
        for number in range(rounds):
            for piece in audio.chunks(size):
                assert 0 < len(piece) <= max(size, audio.format.unit)
                assert len(piece) % audio.format.unit == 0
                sent[number] += piece
            if audio.can_seek:
                audio.seek(0)
        assert rounds == 1 or sent[0] == sent[1]
        # 8-bit samples become twice as long, nothing else grows.
        assert len(sent[0]) <= 2 * len(data)


GOOD = sorted({**TAKEN, **WAVS, **VARIANTS})


def mostly_none(values: Sequence[Any]) -> Any:
    """An option that is left out more often than not: each that is given ends most examples."""
    return st.integers(0, 4).flatmap(lambda dice: st.none() if dice else st.sampled_from(values))


@fuzzed
@example("wav", [(overwrite, 40, b"\xff\xff\xff\x7f")], 1000, False, 64, set(), None, None, None)
@example("matroska", [], 1, True, 1, set(), None, None, None)
@given(
    st.sampled_from([*GOOD, *GOOD, *sorted(REFUSED)]),
    DAMAGES,
    st.sampled_from([1, 7, 1000, 100_000]),
    st.booleans(),
    st.sampled_from([1, 640, 8000]),
    st.just(set(INPUT_FORMATS)) | st.sets(st.sampled_from(INPUT_FORMATS)),
    mostly_none(INPUT_FORMATS),
    mostly_none([0, 1, 7]),
    mostly_none([8000, 16000]),
)
def test_any_damage(
    container: str,
    damages: List[Damage],
    most: int,
    is_pipe: bool,
    size: int,
    takes: Set[str],
    input_format: Optional[str],
    channel: Optional[int],
    sample_rate: Optional[int],
) -> None:
    """A damaged file of any container ends, in few steps and little memory, without a surprise.

    It is an ``AudioError`` if it can't be sent, and a ``ConfigurationError`` only where an option
    does not fit it.
    """
    data = spoilt(EVERY[container], damages)
    if input_format in RAW_FORMATS:
        sample_rate = sample_rate or 8000
    options = {"input_format": input_format, "channel": channel, "sample_rate": sample_rate}
    source = Watched(data, most, is_pipe)
    try:
        check(data, source, size, takes, options)
    except AudioError as error:
        assert 40 < len(str(error)) < 600 and str(error).isprintable()
    except ConfigurationError as error:
        assert 40 < len(str(error)) < 600 and str(error).isprintable()
        given_any = (input_format, channel, sample_rate) != (None, None, None)
        assert given_any or "engine does not take" in str(error)
    # Twice through the file byte by byte, and a few looks beyond its end.
    assert source.reads <= 2 * len(data) + 50
    assert source.largest <= MOST_AT_ONCE


@pytest.mark.parametrize("container", GOOD)
def test_undamaged(container: str) -> None:
    """What the damage is done to is good: else the search would begin behind the first check."""
    source = Watched(EVERY[container], 1000, False)
    check(EVERY[container], source, 640, set(INPUT_FORMATS), {})


@pytest.mark.parametrize("container", sorted(REFUSED))
def test_undamaged_and_refused(container: str) -> None:
    """What the service does not take is told as what it is."""
    with pytest.raises(AudioError):
        open_audio(io.BytesIO(REFUSED[container]), takes=lambda wire: True)
