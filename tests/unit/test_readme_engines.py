"""What the README says of the engines is what the table of engines says.

``python -m tests.unit.test_readme_engines`` prints the README's table as it has to be.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

from telnyx_stt_sync._audio_format import INPUT_FORMATS
from telnyx_stt_sync._engine import END_OF_TURN, ENGINE_OPTIONS, Engine
from telnyx_stt_sync._engines import ENGINES, variants

README = Path(__file__).parents[2] / "README.md"

HEAD = [
    "| engine | models | formats | interims | takes | how a session ends | silence | pace |",
    "|---|---|---|---|---|---|---|---|",
]


def code(names: List[str]) -> str:
    """Names as code."""
    return " ".join(f"`{name}`" for name in names)


def formats(engine: Engine) -> str:
    """What it takes."""
    if engine.formats is None:
        return "?"
    taken = [name for name in INPUT_FORMATS if engine.takes(name)]
    return "all" if len(taken) == len(INPUT_FORMATS) else " ".join(taken)


def interims(engine: Engine) -> str:
    """Whether it sends any."""
    if engine.always_interims:
        return "always"
    return {True: "yes", False: "never", None: "?"}[engine.interims]


def takes(engine: Engine) -> str:
    """Options that have an effect, and limits."""
    names = [name for name in ENGINE_OPTIONS if engine.heeds(name)]
    parts = [code([*names, *(["eot_…"] if engine.heeds(END_OF_TURN[0]) else [])])]
    if engine.endpointing_ms is not None:
        parts[0] += " of {} to {}".format(*engine.endpointing_ms)
    if engine.finalize:
        parts[0] += " `finalize()`"
    if engine.language is not None:
        parts.append(f"language `{engine.language}` only")
    if engine.not_languages:
        parts.append(f"never language {code(sorted(engine.not_languages))}")
    if engine.sample_rates:
        parts.append(f"{engine.sample_rates[0]} Hz only")
    return "; ".join(part for part in parts if part) or "–"


def end(engine: Engine) -> str:
    """Who ends a session, and how."""
    return "it closes" if engine.closes else f"{engine.quiet_period:g} s of quiet"


def row(engine: Engine) -> str:
    """The engine's line."""
    models = engine.models if engine.model is None else (engine.model,)
    silence = f"{engine.trailing_silence:g} s" if engine.trailing_silence else "–"
    cells = [engine.name, code(list(models)), formats(engine), interims(engine), takes(engine)]
    return f"| {' | '.join([*cells, end(engine), silence, f'{engine.pace:g} ×'])} |"


def table() -> str:
    """The table as the README has to print it."""
    return "\n".join([*HEAD, *map(row, variants())])


def readme() -> str:
    """The README in one line."""
    return " ".join(README.read_text(encoding="utf-8").split())


def test_the_table_of_engines() -> None:
    """The table of engines in the README is the one that the code goes by."""
    assert table() in README.read_text(encoding="utf-8")


def test_who_ends_a_stream() -> None:
    """The README names the engines that close and those that stay open, all of them."""
    closing = ", ".join(name for name, engine in ENGINES.items() if engine.closes)
    staying = ", ".join(name for name, engine in ENGINES.items() if not engine.closes)
    assert f"| {closing} | the service is told" in readme()
    assert f"| {staying} | these never say so" in readme()


def test_the_list_of_engines() -> None:
    """The table of options lists the engines."""
    assert f"| {code(list(ENGINES))} |" in readme()


def test_paces_and_quiet_periods() -> None:
    """The figures in the text are those of the table."""
    paces = sorted({engine.pace: engine.name for engine in ENGINES.values()}.items(), reverse=True)
    (fastest, first), (faster, second), (slowest, _) = paces
    assert f"({first} {fastest:g}, {second} {faster:g}, the others {slowest:g})" in readme()
    longest = max(ENGINES.values(), key=lambda engine: engine.quiet_period)
    others = {e.quiet_period for e in ENGINES.values() if e is not longest}
    quiet = f"`None`: {longest.quiet_period:g} for {longest.name}, {others.pop():g} for the others"
    assert quiet in readme() and not others


def test_who_can_be_asked_for_a_final() -> None:
    """The README says who knows finalize() and KeepAlive."""
    (name,) = [engine.name for engine in ENGINES.values() if engine.finalize]
    assert f"{name} does it; with the other engines it is a" in readme()
    (name,) = [engine.name for engine in ENGINES.values() if engine.keep_alive]
    assert f"In silence {name}'s connection is kept open by `KeepAlive`" in readme()


def test_models_in_the_text() -> None:
    """Every model that the README prints as code in its text on options is one of the table."""
    known = {model for engine in ENGINES.values() for model in engine.models}
    named = set(re.findall(r"`((?:nova|flux)[\w-]*)`", readme()))
    assert named and named <= known


if __name__ == "__main__":
    print(table())
