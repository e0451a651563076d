"""Every cell of the table of formats: validation, files and the emulator do as it says."""

from __future__ import annotations

import io
from typing import Any, Dict

import pytest

from telnyx_stt_sync._audio import open_audio
from telnyx_stt_sync._audio_format import INPUT_FORMATS, RAW_FORMATS
from telnyx_stt_sync._engines import ENGINES, takes_format
from telnyx_stt_sync._errors import ConfigurationError
from telnyx_stt_sync._options import Options
from telnyx_stt_sync.emulator._rejections import rejection
from tests.unit.containers import TAKEN, WAVS
from tests.unit.format_table import CELLS, MODELS, TABLE, Cell

each_cell = pytest.mark.parametrize("cell", CELLS, ids=str)

# A rate that each engine takes of each format.
RATES = {"amr_wb": 16000, "speex": 16000, "opus": 48000, "ogg_opus": 48000, "webm_opus": 48000}


def options_of(cell: Cell) -> Dict[str, Any]:
    """The options of a cell, with a rate where one is needed."""
    rate = None
    if cell.input_format in RAW_FORMATS or cell.engine == "Google":
        rate = RATES.get(cell.input_format, 8000)
    return {
        "transcription_engine": cell.engine,
        "model": cell.model,
        "input_format": cell.input_format,
        "sample_rate": rate,
    }


def test_the_table_is_whole() -> None:
    """It has a cell for every format and every engine, and one more for Flux of each."""
    assert len(TABLE.strip().splitlines()) == 2 + 14
    models = sum(map(len, MODELS.values()))
    assert len(set(CELLS)) == len(CELLS) == len(INPUT_FORMATS) * (len(ENGINES) - 1 + models)
    assert {(cell.engine, cell.input_format) for cell in CELLS} == {
        (engine, input_format) for engine in ENGINES for input_format in INPUT_FORMATS
    }


@each_cell
def test_what_the_engine_takes(cell: Cell) -> None:
    """The table of engines says what the table says."""
    assert takes_format(ENGINES[cell.engine], cell.model, cell.input_format) is cell.taken


def test_deepgrams_default_is_nova() -> None:
    """Without a model Deepgram takes what Nova takes."""
    assert all(takes_format(ENGINES["Deepgram"], None, wire) for wire in INPUT_FORMATS)


@each_cell
def test_what_the_options_take(cell: Cell) -> None:
    """Options with a format that the engine does not take say so, and name engines that do."""
    if cell.taken:
        assert Options(**options_of(cell)).input_format == cell.input_format
        return
    with pytest.raises(ConfigurationError) as caught:
        Options(**options_of(cell))
    told = str(caught.value)
    assert told.startswith(f"input_format={cell.input_format!r}: {cell.engine}")
    takers = {
        other.engine for other in CELLS if other.taken and other.input_format == cell.input_format
    }
    named = told[told.index("Engines that do: ") :]
    for engine in ENGINES:
        known = any(other.engine == engine and not other.taken for other in CELLS)
        assert not known or (engine in named) is (engine in takers)


@each_cell
def test_what_the_emulator_takes(cell: Cell) -> None:
    """The emulator rejects what the service rejects, with the code that tells Flux apart."""
    query = {name: str(value) for name, value in options_of(cell).items() if value is not None}
    frame = rejection(query)
    if cell.taken:
        assert frame is None
    else:
        assert frame is not None
        is_flux = cell.model in MODELS["Flux"]
        assert frame["errors"][0]["code"] == ("40006" if is_flux else "40002")


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.input_format in TAKEN], ids=str)
def test_what_files_are_taken(cell: Cell) -> None:
    """A file goes under a name that the engine takes, or its error names engines that do."""
    engine = ENGINES[cell.engine]
    others = {other[2] for other in CELLS if other[:2] == cell[:2] and other.taken}
    file = io.BytesIO(TAKEN[cell.input_format])
    # What holds Opus, Vorbis or Speex has a second name.
    second = {"ogg_opus": "ogg", "webm_opus": "webm", "speex": "ogg"}.get(cell.input_format)
    names = {second if cell.input_format == "speex" else cell.input_format, second} & others

    def takes(wire: str) -> bool:
        return takes_format(engine, cell.model, wire)

    if names:
        assert open_audio(file, takes=takes).format.input_format in names
    else:
        with pytest.raises(ConfigurationError, match="the chosen engine does not take"):
            open_audio(file, takes=takes)


@pytest.mark.parametrize("cell", [cell for cell in CELLS if cell.input_format == "wav"], ids=str)
@pytest.mark.parametrize("name", sorted(WAVS))
def test_every_engine_takes_every_wav_file(name: str, cell: Cell) -> None:
    """WAV goes as raw samples, in a form that the engine takes: even where it takes no WAV."""
    engine = ENGINES[cell.engine]
    file = io.BytesIO(WAVS[name])
    wire = open_audio(file, takes=lambda wire: takes_format(engine, cell.model, wire))
    assert wire.format.input_format in RAW_FORMATS
    assert takes_format(engine, cell.model, wire.format.input_format)
