"""Which engine takes which format: the table of the notes on the wire, word for word."""

from __future__ import annotations

from typing import Iterator, NamedTuple, Optional

TABLE = """
| | Nova | Flux | Telnyx | Google | Azure | Speechmatics | Soniox | Parakeet | Reson8 |
|---|---|---|---|---|---|---|---|---|---|
| linear16 | y | y | y | y | y | y | y | y | y |
| linear32 | y | y | y | – | – | y | y | y | y |
| wav | y | y | y | y | y | y | y | y | – |
| mp3 | y | – | y | y | y | y | y | y | – |
| mulaw | y | y | – | y | – | y | y | – | y |
| alaw | y | y | – | – | – | – | y | – | y |
| flac | y | – | – | y | – | y | y | – | – |
| ogg | y | y | – | – | – | y | y | – | – |
| webm | y | y | – | – | – | – | y | – | – |
| ogg_opus | y | y | – | y | – | – | – | – | – |
| webm_opus | y | – | – | y | – | – | – | – | – |
| opus | y | y | – | – | – | – | – | – | – |
| amr_nb, amr_wb, speex | y | – | – | y | – | – | – | – | – |
| g729 | y | – | – | – | – | – | – | – | – |
"""

# Engines of which nobody has said anything: they may take everything.
WITHOUT_COLUMN = ("xAI", "AssemblyAI", "Humain", "Cohere")

# Two columns are models of one engine.
MODELS = {"Nova": ("nova-3", "nova-2"), "Flux": ("flux", "flux-multi")}


class Cell(NamedTuple):
    """One engine, with one of its models or with its default, and one format."""

    engine: str
    model: Optional[str]
    input_format: str
    taken: bool

    def __str__(self) -> str:
        return f"{self.model or self.engine}-{self.input_format}"


def cells() -> Iterator[Cell]:
    """Every cell of the table, and those of the engines that have no column in it."""
    header, _, *rows = TABLE.strip().splitlines()
    columns = [name.strip() for name in header.split("|")[2:-1]]
    for row in rows:
        names, *marks = (mark.strip() for mark in row.split("|")[1:-1])
        assert len(marks) == len(columns) and {*marks} <= {"y", "–"}
        for input_format in names.split(", "):
            for column, mark in zip(columns, marks):
                engine = "Deepgram" if column in MODELS else column
                for model in MODELS.get(column, (None,)):
                    yield Cell(engine, model, input_format, mark == "y")
            for engine in WITHOUT_COLUMN:
                yield Cell(engine, None, input_format, True)


CELLS = tuple(cells())
