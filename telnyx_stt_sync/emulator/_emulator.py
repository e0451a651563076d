"""The local service as a context manager."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import TYPE_CHECKING, Callable, Iterable, List, Optional, Sequence, Type, Union

from .._engines import ENGINES
from ._fault import Fault
from ._faults import as_faults
from ._query import Query
from ._recogniser import Recogniser
from ._scripted import DEFAULT_SCRIPT, ScriptedRecogniser
from ._service import Service, SessionLog
from ._session import Session
from ._upgrade import PATH

if TYPE_CHECKING:
    from ._certificates import Contexts
    from ._listener import Listener

# The utterances of every connection, or a function that gives those for a query.
Transcripts = Union[Sequence[str], Callable[[Query], Sequence[str]]]


class Emulator:
    """Telnyx's streaming speech-to-text service, played on this machine.

    ::

        with Emulator(transcripts=["hello world"]) as emulator:
            Transcriber(api_key="any", url=emulator.url).transcribe_file("call.wav")

    ``recogniser`` is ``"scripted"``, ``"pocketsphinx"`` (a real one) or a
    ``Recogniser``, which its owner closes. ``transcripts`` are the utterances
    that the scripted one says on every connection, or a function that takes
    the connection's ``query`` and returns them; it is called by that
    connection's thread. ``faults`` are ``Fault`` objects or texts such as
    ``"reset_after=64000@1"``. ``engine`` overrides what each connection asks
    for. ``tls=True`` serves ``wss``, with a certificate made on the spot that
    only ``ssl_context`` trusts. ``api_key=None`` lets every key in but none at
    all. ``port=0`` is any free one. ``record=False`` keeps audio and frames
    out of ``sessions``, which would otherwise fill the memory of an emulator
    that runs for days.

    One thread starts and stops it; everything else may be read from any
    thread. Raises ``ValueError`` for arguments that make no sense.
    """

    def __init__(
        self,
        *,
        recogniser: Union[str, Recogniser] = "scripted",
        transcripts: Optional[Transcripts] = None,
        faults: Union[str, Fault, Iterable[Union[str, Fault]]] = (),
        engine: Optional[str] = None,
        tls: bool = False,
        api_key: Optional[str] = None,
        host: str = "127.0.0.1",
        port: int = 0,
        record: bool = True,
    ) -> None:
        if engine is not None and engine not in ENGINES:
            raise ValueError(f"unknown engine {engine!r}; known: {', '.join(ENGINES)}")
        if isinstance(recogniser, str) and recogniser not in ("scripted", "pocketsphinx"):
            raise ValueError(f"unknown recogniser {recogniser!r}: 'scripted' or 'pocketsphinx'")
        if transcripts is not None and recogniser != "scripted":
            raise ValueError("transcripts are for the scripted recogniser only")
        self._recogniser_choice = recogniser
        self._transcripts = [transcripts] if isinstance(transcripts, str) else transcripts
        self._faults = as_faults(faults)
        if not tls and any(fault.wrong_certificate for fault in self._faults):
            raise ValueError("the fault wrong_certificate needs Emulator(tls=True)")
        self._engine = engine
        self._tls = tls
        self._api_key = api_key
        self._host = host
        self._port = port
        self._log = SessionLog(record=record)
        # None before start() and after stop().
        self._listener: Optional[Listener] = None
        # The recogniser that start() made and stop() has to close; None for one of the caller's.
        self._own_recogniser: Optional[Recogniser] = None
        # None until start(), and without TLS.
        self._client_context: Optional[ssl.SSLContext] = None
        # None until start().
        self._bound_port: Optional[int] = None

    def start(self) -> Emulator:
        """Listen; returns ``self`` when clients can connect.

        Raises ``ImportError`` when the package ``websockets`` is missing;
        ``RuntimeError`` when ``tls=True`` lacks its package, and when it was
        started before; ``OSError`` when the port is taken.
        """
        if self._bound_port is not None:
            raise RuntimeError("an Emulator starts only once; make a new one")
        try:
            self._listen()
        except BaseException:
            self.stop()
            raise
        return self

    def _listen(self) -> None:
        listener_type = _listener_type()
        contexts = self._make_contexts() if self._tls else None
        service = self._make_service()
        self._listener = listener_type(self._host, self._port, contexts, service, self._log)
        self._listener.start()
        self._bound_port = self._listener.port

    def stop(self) -> None:
        """End every connection and all threads; idempotent. Takes well under a second.

        The sessions stay readable.
        """
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stop()
        recogniser, self._own_recogniser = self._own_recogniser, None
        if recogniser is not None:
            recogniser.close()

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where to connect, path included. Raises ``RuntimeError`` before ``start()``."""
        return f"{'wss' if self._tls else 'ws'}://{self._url_host}:{self.port}{PATH}"

    @property
    def port(self) -> int:
        """The port it listens on. Raises ``RuntimeError`` before ``start()``."""
        if self._bound_port is None:
            raise RuntimeError("the emulator has not been started")
        return self._bound_port

    @property
    def ssl_context(self) -> Optional[ssl.SSLContext]:
        """A client's context that trusts the emulator; ``None`` without TLS and before start."""
        return self._client_context

    @property
    def sessions(self) -> List[Session]:
        """The connections so far, refused ones too, in the order of their requests."""
        return self._log.sessions

    def wait_for_sessions(self, count: int, timeout: float = 5.0) -> List[Session]:
        """Wait until ``count`` connections were answered; returns all there are.

        Raises ``TimeoutError`` after ``timeout`` seconds.
        """
        return self._log.wait_for(count, timeout)

    def __repr__(self) -> str:
        if self._bound_port is None:
            return "<Emulator, not started>"
        state = "stopped" if self._listener is None else "listening"
        return f"<Emulator {self.url}, {state}, {len(self.sessions)} sessions>"

    @property
    def _url_host(self) -> str:
        """A host that a client can connect to."""
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)
        return f"[{host}]" if ":" in host else host

    def _make_contexts(self) -> Contexts:
        from ._certificates import make_contexts

        contexts = make_contexts(self._host)
        self._client_context = contexts.client
        return contexts

    def _make_service(self) -> Service:
        return Service(
            recogniser_for=self._recogniser_source(),
            faults=self._faults,
            engine=self._engine,
            api_key=self._api_key,
        )

    def _recogniser_source(self) -> Callable[[Query], Recogniser]:
        """What gives each connection its recogniser."""
        if not isinstance(self._recogniser_choice, str):
            return _Always(self._recogniser_choice)
        if self._recogniser_choice == "pocketsphinx":
            self._own_recogniser = _sphinx_recogniser()
            return _Always(self._own_recogniser)
        if callable(self._transcripts):
            return _ScriptFor(self._transcripts)
        script = DEFAULT_SCRIPT if self._transcripts is None else self._transcripts
        return _Always(ScriptedRecogniser(script))


class _Always:
    """Gives every connection the same recogniser."""

    def __init__(self, recogniser: Recogniser) -> None:
        self._recogniser = recogniser

    def __call__(self, query: Query) -> Recogniser:
        return self._recogniser


class _ScriptFor:
    """Gives every connection the script that a function of the user's has for its query."""

    def __init__(self, transcripts: Callable[[Query], Sequence[str]]) -> None:
        self._transcripts = transcripts

    def __call__(self, query: Query) -> Recogniser:
        return ScriptedRecogniser(self._transcripts(query))


def _listener_type() -> Type[Listener]:
    try:
        from ._listener import Listener
    except ImportError as exc:
        raise ImportError(
            'the emulator needs the package websockets: pip install "telnyx_stt_sync[emulator]"'
        ) from exc
    return Listener


def _sphinx_recogniser() -> Recogniser:
    from ._sphinx import SphinxRecogniser

    return SphinxRecogniser()
