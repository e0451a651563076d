"""The order of the modules: each imports only from those above it."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Iterator, List, Tuple

import pytest

import telnyx_stt_sync

PACKAGE = Path(telnyx_stt_sync.__file__).parent

# Pure first: no socket, ssl, threading, time or websocket. Then the shell, then what users see.
PURE = [
    "_version",
    "_wrapping",
    "_captions",
    "_events",
    "_errors",
    "_values",
    "_retry",
    "_audio_format",
    "_engine",
    "_engines",
    "_option_checks",
    "_options",
    "_request",
    "_messages",
    "_refusal",
    "_pcm",
    "_wav",
    "_mp3",
    "_webm",
    "_formats",
    "_reader",
    "_file_result",
    "_audio",
    "_buffer",
    "_pacing",
    "_actions",
    "_words",
    "_speech_times",
    "_transcript_log",
    "_timeline",
    "_chronicle",
    "_silence",
    "_trailing_silence",
    "_heartbeat",
    "_drain",
    "_receipt",
    "_connection",
    "_ending",
    "_send_log",
    "_tape",
    "_final_requests",
    "_alignment",
    "_splice",
    "_replay",
    "_record",
    "_recovery",
    "_phase",
    "_outcome",
    "_session",
]
SHELL = [
    "_locks",
    "_late_import",
    "_waker",
    "_turn",
    "_latch",
    "_byte_queue",
    "_audio_queue",
    "_event_queue",
    "_callbacks",
    "_delivery",
    "_spacing",
    "_errand",
    "_dial",
    "_transport",
    "_connector",
    "_worker",
    "_exit_hook",
    "_stream",
    "_open_streams",
    "_patience",
    "_file_feed",
    "_file_job",
]
PUBLIC = ["_batch", "_transcriber", "__init__"]
ORDER = PURE + SHELL + PUBLIC
IMPURE_LIBRARIES = {
    "queue",
    "select",
    "selectors",
    "socket",
    "ssl",
    "threading",
    "time",
    "websocket",
}


def imports(path: Path) -> Iterator[Tuple[str, int]]:
    """(module, level of relative import) of every import in a file, wherever it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, 0
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.level
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.name, node.level
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.name, node.level


def own_imports(path: Path) -> List[str]:
    """The modules of the package's top level that a file of it imports."""
    return [name.split(".")[0] for name, level in imports(path) if level == 1]


def library_imports(path: Path) -> List[str]:
    """The top-level names of everything else that it imports."""
    return [name.split(".")[0] for name, level in imports(path) if level == 0]


def test_every_module_has_its_place() -> None:
    """The list above names the modules that exist, each once."""
    assert sorted(path.stem for path in PACKAGE.glob("*.py")) == sorted(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_imports_point_upwards(name: str) -> None:
    """A module imports only from modules above it in the list."""
    above = ORDER[: ORDER.index(name)]
    assert [other for other in own_imports(PACKAGE / f"{name}.py") if other not in above] == []


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_do_no_io(name: str) -> None:
    """A pure module imports nothing that waits, talks or tells the time."""
    assert IMPURE_LIBRARIES.isdisjoint(library_imports(PACKAGE / f"{name}.py"))


def test_one_module_imports_websocket_client() -> None:
    """Only the transport knows websocket-client."""
    users = [path.name for path in PACKAGE.rglob("*.py") if "websocket" in library_imports(path)]
    assert users == ["_transport.py"]


def test_the_library_needs_neither_emulator_nor_command() -> None:
    """What ``import telnyx_stt_sync`` loads never imports the emulator or the command line."""
    for name in ORDER:
        assert {"emulator", "cli"}.isdisjoint(own_imports(PACKAGE / f"{name}.py"))
