"""The table of formats over the wire: what is taken is heard, what is not is never sent."""

from __future__ import annotations

import io
import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Mapping, Optional, Tuple

import pytest

from telnyx_stt_sync import ConfigurationError, Transcriber
from telnyx_stt_sync._audio_format import RAW_FORMATS
from telnyx_stt_sync.emulator import Emulator
from tests.unit.containers import SAMPLES, TAKEN, WAVS
from tests.unit.format_table import CELLS, Cell
from tests.wire.emulator_client import talk

# That containers may keep their last words is no matter here: these hold none.
pytestmark = pytest.mark.filterwarnings("ignore:Soniox may keep")

Column = Tuple[str, Optional[str]]

# The default models, Flux, and two of the engines that have no column.
COLUMNS: List[Column] = [
    *(("Deepgram", "nova-3"), ("Deepgram", "flux"), ("Telnyx", None), ("Google", None)),
    *(("Azure", None), ("Speechmatics", None), ("Soniox", None), ("Parakeet", None)),
    *(("Reson8", None), ("xAI", None), ("Humain", None)),
]
RATES = {"amr_wb": 16000, "speex": 16000, "opus": 48000, "ogg_opus": 48000, "webm_opus": 48000}
# Files that go under one name only.
UNAMBIGUOUS = ("mp3", "flac", "ogg", "webm", "amr_nb", "amr_wb")

each_column = pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column[1] or column[0])


def cells_of(column: Column, taken: bool) -> List[Cell]:
    """The cells of one column that say yes, or no."""
    return [cell for cell in CELLS if (cell.engine, cell.model) == column and cell.taken is taken]


def options_of(cell: Cell) -> Dict[str, Any]:
    """The query of a cell, with a rate where one is needed."""
    options: Dict[str, Any] = {
        "transcription_engine": cell.engine,
        "input_format": cell.input_format,
    }
    if cell.model is not None:
        options["model"] = cell.model
    if cell.input_format in RAW_FORMATS or cell.engine == "Google":
        options["sample_rate"] = RATES.get(cell.input_format, 8000)
    return options


def audio_of(cell: Cell) -> bytes:
    """A file of that format, long enough for a word."""
    if cell.input_format == "wav":
        return WAVS["wav from a pipe"] + SAMPLES * 100
    return TAKEN.get(cell.input_format, b"") + SAMPLES * 200


def transcriber(emulator: Emulator, **options: Any) -> Transcriber:
    return Transcriber("key", url=emulator.url, connect_spacing=0, quiet_period=0.2, **options)


def test_what_is_taken_is_heard() -> None:
    """Every format that a column has is transcribed, under its own name; WAV goes as samples."""
    taken = [cell for column in COLUMNS for cell in cells_of(column, True)]

    def heard(cell: Cell) -> str:
        options = options_of(cell)
        if cell.input_format == "wav":
            options.pop("sample_rate", None)
        stt = transcriber(emulator, **options)
        return stt.transcribe_file(io.BytesIO(audio_of(cell)), speed=math.inf).text

    # A final that comes before the end of the audio would not end it: so it comes later.
    emulator = Emulator(transcripts=lambda query: [told(query)], faults=["slow_finals=0.2"])
    with emulator, ThreadPoolExecutor(32) as pool:
        texts = list(pool.map(heard, taken))
    expected = [options_of(cell) for cell in taken]
    for options in expected:
        if options["input_format"] == "wav":
            options["input_format"] = "linear16"
    assert texts == [told(options) for options in expected]


def queries(engine: str, files: Mapping[str, bytes]) -> Dict[str, Tuple[str, Optional[str]]]:
    """Format and rate under which each file goes, when nothing is said of it."""

    def heard(name: str) -> Tuple[str, Optional[str]]:
        # Each has an emulator of its own, so that its session is easy to find.
        with Emulator(transcripts=["word"], faults=["slow_finals=0.1"]) as emulator:
            stt = transcriber(emulator, transcription_engine=engine)
            assert stt.transcribe_file(io.BytesIO(files[name]), speed=math.inf).text == "word"
            (session,) = emulator.sessions
            return session.query["input_format"], session.query.get("sample_rate")

    with ThreadPoolExecutor(16) as pool:
        return dict(zip(files, pool.map(heard, files)))


def test_files_for_google() -> None:
    """Google has to be told the rate, and a file's own first bytes tell it."""
    names = ("mp3", "flac", "ogg_opus", "webm_opus", "amr_nb", "amr_wb")
    assert queries("Google", {name: TAKEN[name] + SAMPLES * 200 for name in names}) == {
        "mp3": ("mp3", "24000"),
        "flac": ("flac", None),
        "ogg_opus": ("ogg_opus", "48000"),
        "webm_opus": ("webm_opus", "48000"),
        "amr_nb": ("amr_nb", "8000"),
        "amr_wb": ("amr_wb", "16000"),
    }


@pytest.mark.parametrize(
    ("engine", "mulaw"), [("Deepgram", "mulaw"), ("Soniox", "mulaw"), ("Telnyx", "linear16")]
)
def test_wav_files(engine: str, mulaw: str) -> None:
    """WAV goes as samples at its own rate; G.711 in it as it is, where that is taken."""
    expected = {name: ("linear16", "16000" if "floats" in name else "8000") for name in WAVS}
    expected["wav of mu-law"] = (mulaw, "8000")
    assert queries(engine, WAVS) == expected


def told(query: Mapping[str, Any]) -> str:
    """A word in which engine, model and format of a query stand."""
    names = ("transcription_engine", "model", "input_format")
    return "/".join(query.get(name, "") for name in names)


@each_column
def test_what_is_not_taken_is_never_sent(column: Column) -> None:
    """Every other format is refused before a connection, and the service would refuse it too."""
    refused = cells_of(column, False)
    with Emulator() as emulator:
        for cell in refused:
            with pytest.raises(ConfigurationError, match="does not take it"):
                transcriber(emulator, **options_of(cell))
        stt = transcriber(emulator, transcription_engine=column[0], model=column[1])
        for wire in {cell.input_format for cell in refused}.intersection(UNAMBIGUOUS):
            with pytest.raises(ConfigurationError, match="engine does not take"):
                stt.transcribe_file(io.BytesIO(TAKEN[wire]))
        assert emulator.sessions == []
        codes = []
        for cell in refused:
            query = {name: str(value) for name, value in options_of(cell).items()}
            conversation = talk(emulator, b"", query, end=None)
            codes.append(conversation.json[0]["errors"][0]["code"])
    assert set(codes) <= {"40006" if column[1] == "flux" else "40002"}
