"""The public surface: names, signatures, types and docstrings, pinned."""

from __future__ import annotations

import inspect
import types
import typing
from typing import Any, Callable, Dict, Iterator, List, Tuple

import pytest

import telnyx_stt_sync
from telnyx_stt_sync import Transcriber, Transcript, Transcription

NAMES = {
    *("AudioDroppedError", "AudioError", "AuthenticationError", "BufferFullError"),
    *("CallbackError", "ConfigurationError", "ConnectError", "ConnectionLostError"),
    *("ForkedProcessError", "RequestRejectedError", "ServerError", "StreamStateError"),
    *("TelnyxSTTError", "TranscriptionTimeout"),
    *("FileResult", "RetryPolicy", "Stats", "Transcriber", "Transcript", "Transcription", "Word"),
    *("InputFormat", "TranscriptionEngine", "__version__"),
}
CLASSES = sorted(name for name in NAMES if inspect.isclass(getattr(telnyx_stt_sync, name, None)))
every_class = pytest.mark.parametrize("name", CLASSES)

# Every option of Transcriber() and its default, in the order in which help() shows them.
OPTIONS: Dict[str, object] = {
    "on_transcript": None,
    "on_error": None,
    "on_utterance_end": None,
    "on_connect": None,
    "on_reconnect": None,
    "on_close": None,
    "transcription_engine": "Deepgram",
    "model": None,
    "input_format": None,
    "sample_rate": None,
    "language": None,
    "interim_results": None,
    "endpointing": None,
    "keyterm": None,
    "keywords": None,
    "redact": None,
    "region": None,
    "eot_threshold": None,
    "eager_eot_threshold": None,
    "eot_timeout_ms": None,
    "transcription_model": None,
    "extra_query": None,
    "url": None,
    "connect_timeout": 10.0,
    "connect_spacing": 0.1,
    "drain_timeout": 30.0,
    "quiet_period": None,
    "reconnect": True,
    "replay_seconds": 60.0,
    "buffer_seconds": 10.0,
    "overflow": "block",
    "ping_interval": 15.0,
    "ping_timeout": 10.0,
    "ssl_context": None,
    "proxy": None,
}

# Every public method and property; an argument behind "*" can only be given by name.
METHODS: Dict[str, str] = {
    "start": "(self)",
    "send": "(self, audio, timeout=None)",
    "finalize": "(self)",
    "finish": "(self, timeout=None)",
    "close": "(self)",
    "transcribe_file": (
        "(self, source, *, speed=None, timeout=None, channel=None, on_transcript=None, "
        "on_progress=None)"
    ),
    "transcribe_files": (
        "(self, sources, *, max_workers=8, speed=None, timeout=None, channel=None, "
        "on_transcript=None, on_progress=None)"
    ),
    "stream": "(self, chunks)",
    "is_open": "property",
    "result": "property",
    "stats": "property",
}


def public_members(of: type) -> Iterator[Tuple[str, Any]]:
    """Public methods and properties that a class of ours defines, inherited ones included."""
    for kind in of.__mro__:
        if kind.__module__.startswith("telnyx_stt_sync"):
            for name, member in vars(kind).items():
                is_code = isinstance(member, (types.FunctionType, property, classmethod))
                if is_code and not name.startswith("_"):
                    yield name, member


def without_types(function: Callable[..., Any]) -> inspect.Signature:
    """A signature without its annotations."""
    signature = inspect.signature(function)
    empty = inspect.Parameter.empty
    plain = [parameter.replace(annotation=empty) for parameter in signature.parameters.values()]
    return inspect.Signature(plain)


def test_the_names() -> None:
    """These names are public, each once, in order, and there is something behind every one."""
    assert set(telnyx_stt_sync.__all__) == NAMES
    assert list(telnyx_stt_sync.__all__) == sorted(NAMES)
    for name in NAMES:
        assert getattr(telnyx_stt_sync, name) is not None


def test_no_other_names() -> None:
    """Nothing else that looks public can be reached from the package."""
    found = {
        name
        for name, value in vars(telnyx_stt_sync).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }
    assert found - {"annotations"} == NAMES - {"__version__"}


def test_a_star_import() -> None:
    """``from telnyx_stt_sync import *`` gives the public names and no others."""
    space: Dict[str, Any] = {}
    exec("from telnyx_stt_sync import *", space)
    assert set(space) - {"__builtins__"} == NAMES


def test_the_options() -> None:
    """Every option is a keyword with a default; only the key may be given without its name."""
    parameters = inspect.signature(Transcriber).parameters
    first, *options = parameters.values()
    assert (first.name, first.default) == ("api_key", None)
    assert first.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert [(one.name, one.default) for one in options] == list(OPTIONS.items())
    assert {one.kind for one in options} == {inspect.Parameter.KEYWORD_ONLY}


def test_the_methods() -> None:
    """These are the methods and properties of a Transcriber, with their arguments."""
    found = {
        name: "property" if isinstance(member, property) else str(without_types(member))
        for name, member in public_members(Transcriber)
    }
    assert found == METHODS


def test_it_is_a_context_manager() -> None:
    """``with`` gives the Transcriber itself."""
    hints = typing.get_type_hints(Transcriber.__enter__)
    assert hints["return"] is Transcriber
    assert "exc_type" in typing.get_type_hints(Transcriber.__exit__)


def test_a_misspelt_option() -> None:
    """A misspelt option is a ``TypeError`` that names it."""
    with pytest.raises(TypeError, match="sampel_rate"):
        Transcriber(sampel_rate=16000)  # type: ignore[call-arg]


ATTRIBUTES: List[Tuple[type, List[str]]] = [
    (
        Transcript,
        [
            *("confidence", "end", "is_final", "raw", "replayed", "speech_final", "start"),
            *("text", "timing", "words"),
        ],
    ),
    (
        Transcription,
        [
            *("audio_seconds", "complete", "ended_by", "gaps", "segments", "stats"),
            *("text", "unknown_frames"),
        ],
    ),
]


@pytest.mark.parametrize(("kind", "names"), ATTRIBUTES, ids=["Transcript", "Transcription"])
def test_what_a_result_holds(kind: type, names: List[str]) -> None:
    """These are the attributes of a transcript and of a transcription."""
    value: Any = Transcript("a", True) if kind is Transcript else Transcription()
    found = [name for name in dir(value) if not name.startswith("_")]
    assert [name for name in found if not callable(getattr(value, name))] == names


@every_class
def test_types_resolve(name: str) -> None:
    """``typing.get_type_hints`` understands every public class and all that is public in it."""
    kind = getattr(telnyx_stt_sync, name)
    typing.get_type_hints(kind)
    for function in functions(kind):
        hints = typing.get_type_hints(function)
        parameters = [one for one in inspect.signature(function).parameters if one != "self"]
        assert {*parameters, "return"} - set(hints) == set(), f"no type in {function}"


def functions(kind: type) -> Iterator[Callable[..., Any]]:
    """What of ours runs when a public class is used: its constructor, methods and properties."""
    if isinstance(vars(kind).get("__init__"), types.FunctionType):
        yield vars(kind)["__init__"]
    for _, member in public_members(kind):
        function: Any = member.fget if isinstance(member, property) else member
        yield getattr(function, "__func__", function)


@every_class
def test_everything_is_explained(name: str) -> None:
    """Every public class, method and property has a docstring of its own, a whole sentence."""
    kind = getattr(telnyx_stt_sync, name)
    explained = [(name, kind), *public_members(kind)]
    for what, thing in explained:
        doc = thing.__doc__
        assert doc, f"{what} has no docstring"
        assert not doc.startswith(f"{what}("), f"{what} has a generated docstring"
        assert doc.strip().split("\n\n")[0].endswith((".", ":")), f"{what}: {doc!r}"
    assert (telnyx_stt_sync.__doc__ or "").strip()


@every_class
def test_it_says_where_it_lives(name: str) -> None:
    """A public class is an attribute of a module under its own name, so that it pickles."""
    kind = getattr(telnyx_stt_sync, name)
    assert kind.__name__ == name
    module = inspect.getmodule(kind)
    assert getattr(module, name) is kind
    assert kind.__module__.startswith("telnyx_stt_sync")


def test_every_callback_is_explained() -> None:
    """The docstring of Transcriber, which help() shows first, says when each callback is called."""
    doc = Transcriber.__doc__ or ""
    for name in OPTIONS:
        if name.startswith("on_"):
            assert f"``{name}(" in doc


def test_the_version() -> None:
    """The version is a text of numbers."""
    assert [part.isdigit() for part in telnyx_stt_sync.__version__.split(".")[:2]] == [True] * 2
