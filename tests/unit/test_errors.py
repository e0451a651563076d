"""The tree of errors, and that every error arrives whole on the other side of a pickle."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any, Dict, Tuple, Type

import pytest

from telnyx_stt_sync import _errors
from telnyx_stt_sync._errors import (
    AudioDroppedError,
    AudioError,
    AuthenticationError,
    BufferFullError,
    CallbackError,
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    ForkedProcessError,
    FormatNotTakenError,
    RequestRejectedError,
    ServerError,
    StreamStateError,
    TelnyxSTTError,
    TranscriptionTimeout,
)
from telnyx_stt_sync._events import Transcript, Transcription

PARTIAL = Transcription(
    segments=(Transcript("as far as it came", True, raw={"transcript": "as far as it came"}),),
    ended_by="error",
    unknown_frames=(["?"],),
)

NO_ANSWER = {
    "status": None,
    "body": None,
    "retry_after": None,
    "attempts": 1,
    "is_temporary": False,
}

# Every error: what it is, its facts beside `partial`, and what they are when they are not given.
Tree = Dict[Type[TelnyxSTTError], Tuple[Tuple[type, ...], Dict[str, Any], Dict[str, Any]]]
TREE: Tree = {
    TelnyxSTTError: ((Exception,), {}, {}),
    ConfigurationError: ((TelnyxSTTError, ValueError), {}, {}),
    AudioError: ((TelnyxSTTError, ValueError), {}, {}),
    FormatNotTakenError: ((ConfigurationError, AudioError), {}, {}),
    ConnectError: (
        (TelnyxSTTError,),
        {
            "status": 503,
            "body": "overload",
            "retry_after": 2.0,
            "attempts": 3,
            "is_temporary": True,
        },
        NO_ANSWER,
    ),
    AuthenticationError: (
        (ConnectError,),
        {
            "status": 401,
            "body": "no such key",
            "retry_after": None,
            "attempts": 1,
            "is_temporary": False,
        },
        NO_ANSWER,
    ),
    RequestRejectedError: (
        (TelnyxSTTError,),
        {"code": "40007", "title": "Invalid", "detail": "Unsupported", "parameter": "model"},
        {"code": None, "title": None, "detail": None, "parameter": None},
    ),
    ServerError: ((TelnyxSTTError,), {"message": "out of order"}, {"message": None}),
    ConnectionLostError: (
        (TelnyxSTTError,),
        {"code": 1011, "reason": "internal"},
        {"code": 1006, "reason": ""},
    ),
    TranscriptionTimeout: ((TelnyxSTTError, TimeoutError), {}, {}),
    BufferFullError: ((TelnyxSTTError,), {}, {}),
    AudioDroppedError: ((TelnyxSTTError,), {"seconds": 1.5}, {"seconds": 0.0}),
    StreamStateError: ((TelnyxSTTError, RuntimeError), {}, {}),
    ForkedProcessError: ((StreamStateError,), {}, {}),
    CallbackError: ((TelnyxSTTError,), {}, {}),
}

every_error = pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)


def test_the_tree_is_complete() -> None:
    """The table above names every exception class of the module."""
    classes = [value for value in vars(_errors).values() if inspect.isclass(value)]
    assert {kind for kind in classes if issubclass(kind, Exception)} == set(TREE)


def test_the_tree_is_drawn() -> None:
    """The module's docstring shows every exported class of the tree, each below what it is."""
    kinds = [kind for kind in TREE if kind not in (TelnyxSTTError, FormatNotTakenError)]
    drawn = [line for line in (_errors.__doc__ or "").splitlines() if "─ " in line]
    names = [line.split("─ ")[1].split()[0] for line in drawn]
    assert names == [kind.__name__ for kind in kinds]
    for line, kind in zip(drawn, kinds):
        assert line.startswith("    │") == (TelnyxSTTError not in kind.__bases__)
        builtin = [base.__name__ for base in kind.__bases__ if base.__module__ == "builtins"]
        assert [f"({name})" in line for name in builtin] == [True] * len(builtin)


@every_error
def test_what_it_is(kind: Type[TelnyxSTTError]) -> None:
    """An error is what the tree says, so the builtin that fits catches it too."""
    assert kind.__bases__ == TREE[kind][0]


@every_error
def test_the_message_is_enough(kind: Type[TelnyxSTTError]) -> None:
    """Only the message must be given; every fact has a default, and ``str`` is the message."""
    error = kind("it went wrong")
    assert str(error) == "it went wrong"
    assert vars(error) == {"partial": None, **TREE[kind][2]}


@every_error
def test_facts_are_attributes(kind: Type[TelnyxSTTError]) -> None:
    """Every fact, and what had been heard, is an attribute of that name."""
    facts = TREE[kind][1]
    assert vars(kind("it went wrong", partial=PARTIAL, **facts)) == {"partial": PARTIAL, **facts}


@every_error
def test_facts_are_given_by_name(kind: Type[TelnyxSTTError]) -> None:
    """A second positional argument is a ``TypeError``: nobody can mix up the facts."""
    with pytest.raises(TypeError):
        kind("it went wrong", None)  # type: ignore[call-arg]


@every_error
def test_pickle(kind: Type[TelnyxSTTError]) -> None:
    """An error comes out of a pickle with its class, message, facts and what had been heard."""
    error = kind("it went wrong", partial=PARTIAL, **TREE[kind][1])
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again: TelnyxSTTError = pickle.loads(pickle.dumps(error, protocol))
        assert type(again) is kind
        assert (str(again), again.args) == (str(error), error.args)
        assert vars(again) == vars(error)
        assert again.partial is not None
        assert again.partial.unknown_frames == (["?"],)


@every_error
def test_pickle_without_facts(kind: Type[TelnyxSTTError]) -> None:
    """An error that was given nothing but a message pickles as well, and copies."""
    error = kind("it went wrong")
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert (str(again), vars(again)) == (str(error), vars(error))


@every_error
def test_a_fact_set_later_travels(kind: Type[TelnyxSTTError]) -> None:
    """What had been heard may be added after the error was made, and pickles then too."""
    error = kind("it went wrong")
    error.partial = PARTIAL
    assert pickle.loads(pickle.dumps(error)).partial == PARTIAL


def test_a_timeout_is_caught_as_one() -> None:
    """``except TimeoutError`` and ``except OSError`` of old code catch the library's timeout."""
    with pytest.raises(TimeoutError, match="too late") as caught:
        raise TranscriptionTimeout("too late", partial=PARTIAL)
    assert isinstance(caught.value, OSError)


def test_what_may_pass() -> None:
    """The network and the clock are temporary reasons; whatever has to be changed is not."""
    temporary = {kind for kind in TREE if kind("").is_temporary}
    assert temporary == {ConnectionLostError, TranscriptionTimeout}
    assert ConnectError("", is_temporary=True).is_temporary
