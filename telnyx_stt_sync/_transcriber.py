"""The public class: live streams, files and generators, transcribed without an event loop."""

from __future__ import annotations

import os
import ssl
import sys
import threading
import warnings
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    Dict,
    Iterable,
    Iterator,
    Literal,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Type,
    Union,
)

from ._audio_format import AudioFormat, InputFormat, raw_format
from ._buffer import Buffer, copy_audio
from ._callbacks import (
    Callbacks,
    OnClose,
    OnConnect,
    OnError,
    OnProgress,
    OnReconnect,
    OnTranscript,
    OnUtteranceEnd,
)
from ._engines import Model, TranscriptionEngine, engines_finalizing
from ._errors import ConfigurationError, StreamStateError
from ._events import Stats, Transcript, Transcription
from ._file_result import FileResult
from ._late_import import without_forks
from ._open_streams import OpenStreams
from ._option_checks import timeout_of
from ._options import Options, QueryValue
from ._reader import Source
from ._request import exposes_key, with_environment
from ._retry import RetryPolicy

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._file_job import FileJob
    from ._stream import Stream


class Transcriber:
    """Telnyx streaming speech-to-text for code without an event loop.

    ::

        Transcriber().transcribe_file("call.wav").text

        with Transcriber(input_format="linear16", sample_rate=16000,
                         on_transcript=print) as stt:
            for chunk in microphone:
                stt.send(chunk)
        print(stt.result)

    One object carries one live stream at a time (``start()`` … ``finish()``, or
    ``with``), which can be started again after it ended, and any number of
    ``transcribe_file()`` and ``stream()`` calls, each with a stream of its own.
    All methods may be called from any thread.

    Callbacks are called one at a time, in order, on a thread of the stream's
    own; streams that run side by side call them side by side. They may block
    and may call ``close()``; what they raise becomes a ``CallbackError``.

    - ``on_transcript(Transcript)``: every interim and final that has text.
    - ``on_error(TelnyxSTTError)``: what went wrong in a live stream, and whatever
      does not end a stream. Without it, errors are logged.
    - ``on_utterance_end(Transcript)``: once at each pause that the service reports.
    - ``on_connect(reconnects)``: a connection is open, after so many reconnects: 0 at the start.
    - ``on_reconnect(error, attempt, delay)``: the connection was lost by ``error``, or could
      not be opened; the ``attempt``-th connect in a row follows in ``delay`` seconds.
    - ``on_close(Transcription)``: once, last, however an open stream ended.

    Options that go into the query carry the wire's names and are sent only when
    set; engine, format and the sample rate of raw audio always are. Times are in
    seconds. ``api_key=None`` reads ``TELNYX_API_KEY``, ``url=None`` reads
    ``TELNYX_STT_URL``, both when a stream is opened.

    Raises ``ConfigurationError`` for options that cannot work.
    """

    def __init__(
        self,
        api_key: Optional[str] = None,
        *,
        on_transcript: Optional[OnTranscript] = None,
        on_error: Optional[OnError] = None,
        on_utterance_end: Optional[OnUtteranceEnd] = None,
        on_connect: Optional[OnConnect] = None,
        on_reconnect: Optional[OnReconnect] = None,
        on_close: Optional[OnClose] = None,
        transcription_engine: TranscriptionEngine = "Deepgram",
        model: Optional[Model] = None,
        input_format: Optional[InputFormat] = None,
        sample_rate: Optional[int] = None,
        language: Optional[str] = None,
        interim_results: Optional[bool] = None,
        endpointing: Union[int, Literal[False], None] = None,
        keyterm: Union[str, Sequence[str], None] = None,
        keywords: Union[str, Sequence[str], None] = None,
        redact: Union[str, Sequence[str], None] = None,
        region: Optional[str] = None,
        eot_threshold: Optional[float] = None,
        eager_eot_threshold: Optional[float] = None,
        eot_timeout_ms: Optional[int] = None,
        transcription_model: Optional[str] = None,
        extra_query: Optional[Mapping[str, QueryValue]] = None,
        url: Optional[str] = None,
        connect_timeout: float = 10.0,
        connect_spacing: float = 0.1,
        drain_timeout: float = 30.0,
        quiet_period: Optional[float] = None,
        reconnect: Union[bool, RetryPolicy] = True,
        replay_seconds: float = 60.0,
        buffer_seconds: float = 10.0,
        overflow: Literal["block", "drop_oldest"] = "block",
        ping_interval: float = 15.0,
        ping_timeout: float = 10.0,
        ssl_context: Optional[ssl.SSLContext] = None,
        proxy: Optional[str] = None,
    ) -> None:
        options = Options(
            api_key=api_key,
            transcription_engine=transcription_engine,
            model=_model(model, transcription_model),
            input_format=input_format,
            sample_rate=sample_rate,
            language=language,
            interim_results=interim_results,
            endpointing=endpointing,
            keyterm=keyterm,
            keywords=keywords,
            redact=redact,
            region=region,
            eot_threshold=eot_threshold,
            eager_eot_threshold=eager_eot_threshold,
            eot_timeout_ms=eot_timeout_ms,
            extra_query=extra_query,
            url=url,
            connect_timeout=connect_timeout,
            connect_spacing=connect_spacing,
            drain_timeout=drain_timeout,
            quiet_period=quiet_period,
            reconnect=reconnect,
            replay_seconds=replay_seconds,
            buffer_seconds=buffer_seconds,
            overflow=overflow,
            ping_interval=ping_interval,
            ping_timeout=ping_timeout,
            ssl_context=ssl_context,
            proxy=proxy,
        )
        for doubt in options.doubts():
            warnings.warn(doubt, stacklevel=2)
        callbacks = Callbacks(
            on_transcript=on_transcript,
            on_error=on_error,
            on_utterance_end=on_utterance_end,
            on_connect=on_connect,
            on_reconnect=on_reconnect,
            on_close=on_close,
        )
        self.__setstate__({"options": options, "callbacks": callbacks})

    def __getstate__(self) -> Dict[str, Any]:
        """Options and callbacks; the key only if it was given. Streams do not travel."""
        return {"options": self._options, "callbacks": self._callbacks}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self._options: Options = state["options"]
        self._callbacks: Callbacks = state["callbacks"]
        self._start_afresh()

    def _start_afresh(self) -> None:
        """Forget every stream: a new object, or one that a child process has inherited."""
        # Imported here, because who only wants a name of this package needs no network code; and
        # not later, so that the children of a server share it, and no stream waits for it.
        with without_forks():
            from . import _stream  # noqa: F401

        self._pid = os.getpid()
        self._streams = OpenStreams()
        # Guards `_live`: two threads may call start() at once.
        self._lock = threading.Lock()
        self._live: Optional[Stream] = None  # None: never started

    def __del__(self) -> None:
        """Whoever drops the last reference to this object ends its live stream."""
        # The other streams belong to calls, which hold a reference. There is none before
        # __init__() came to its end, and at exit this is the business of the exit hook.
        live = self.__dict__.get("_live")
        if live is not None and not sys.is_finalizing():
            live.orphan(self._callbacks)

    def __repr__(self) -> str:
        options = self._options
        state = "open" if self.is_open else "not open"
        return f"<Transcriber {options.transcription_engine} {options.input_format} {state}>"

    # -- a live stream --------------------------------------------------------------------

    def start(self) -> Self:
        """Open a live stream; returns ``self`` when it is open. ``with`` does the same.

        Blocks for its turn (``connect_spacing``) and for ``connect_timeout`` at most, as often
        as ``reconnect`` allows where trying again may help.
        Raises ``ConfigurationError`` (no key, no ``input_format``), ``ConnectError``,
        ``AuthenticationError``, and ``StreamStateError`` when one is open already.
        """
        from ._stream import Stream

        options, audio_format = self._for_live()
        if os.getpid() != self._pid:
            self._start_afresh()  # the parent's lock may be held for ever in here
        with self._lock:
            if self._live is not None and not self._live.is_over:
                raise StreamStateError("a live stream is open already: finish() or close() it")
            stream = Stream(options, audio_format, self._callbacks, self._streams, is_live=True)
            self._live = stream
        try:
            with stream.closing_on_exception():
                stream.start()
                return self
        except BaseException:
            with self._lock:
                if self._live is stream:
                    self._live = None
            raise

    def send(self, audio: Buffer, timeout: Optional[float] = None) -> None:
        """Queue audio to be sent: bytes or any buffer, of any size, from any thread; copied.

        Blocks while the buffer (``buffer_seconds``) is full: up to ``timeout`` seconds,
        then ``BufferFullError`` and nothing was taken; ``None`` waits, and less than 0
        is 0, here and in every call with a ``timeout``. Raises the error that ended the
        stream, ``StreamStateError`` before ``start()``, after the end, and in a signal handler
        that came in the middle of another call, ``TypeError`` for what is not a buffer,
        ``ConfigurationError`` for a buffer of another sample type than ``input_format`` and for a
        ``timeout`` that is no number.
        """
        # As few calls as can be: in what is called every 20 ms, a call costs more than its work.
        patience = None if timeout is None else timeout_of(timeout)
        stream = self._live or self._started()
        if type(audio) is not bytes:
            audio = copy_audio(audio, self._options.input_format or "")
        if audio:
            stream.send(audio, patience)

    def finalize(self) -> None:
        """Ask for a final of all that was sent so far, without waiting for the speaker to pause.

        The final comes as any other does, and the stream goes on. Never blocks; for any thread
        and any callback. Raises ``ConfigurationError`` where the engine is known not to be able
        to (Deepgram is), the error that ended the stream, and ``StreamStateError`` before
        ``start()`` and after the end.
        """
        engine = self._options.engine
        if not engine.finalize:
            raise ConfigurationError(
                f"finalize(): {engine.name} can't be asked for a final; it sends them as it sees "
                f"fit. Engines that can: {engines_finalizing()}"
            )
        self._started().finalize()

    def finish(self, timeout: Optional[float] = None) -> Transcription:
        """Say that no more audio comes, wait for all finals and callbacks, return what was heard.

        Blocks until the service has said all, or for ``timeout`` seconds: then the
        stream is ended and ``TranscriptionTimeout`` raised. Raises the error that
        ended the stream if one did; ``error.partial`` holds what had been heard.
        Called again it gives the same. From a callback: ``StreamStateError``; from a signal
        handler, too, if that came in the middle of ``send()``, or while its thread held a lock of
        the stream. ``close()`` may be called anywhere.
        """
        patience = timeout_of(timeout)
        return self._started().finish(patience)

    def close(self) -> None:
        """End every open stream of this object now; what waits is dropped.

        Returns when the threads have ended, within 3 seconds whatever the peer
        does; at once when called from a callback, or from a signal handler that
        came while its thread was writing or held a lock: they end right behind it.
        Never raises; may be called again, by any thread or signal handler.
        """
        self._streams.abandon()
        for stream in self._streams.running():
            stream.close()
        live = self._live
        if live is not None:
            live.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: Optional[Type[BaseException]],
        exc: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        if exc_type is not None:
            self.close()
            return
        live = self._live  # on_close may start another
        try:
            if not self._was_closed():
                self.finish()
        except StreamStateError:
            if not self._was_closed():  # meanwhile, by a callback or another thread
                raise
        if live is not None:
            live.close()  # returns at once unless who closed it could not wait, as in a callback

    @property
    def is_open(self) -> bool:
        """Whether a live stream is open."""
        live = self._live
        return live is not None and live.is_open

    @property
    def stats(self) -> Stats:
        """The counters of the live stream, open or ended; all zero before the first."""
        live = self._live
        return Stats() if live is None else live.stats()

    @property
    def result(self) -> Optional[Transcription]:
        """What was heard in the stream that ended last, live or file; ``None`` before that."""
        return self._streams.latest

    # -- streams of their own -------------------------------------------------------------

    def transcribe_file(
        self,
        source: Source,
        *,
        speed: Optional[float] = None,
        timeout: Optional[float] = None,
        channel: Optional[int] = None,
        on_transcript: Optional[OnTranscript] = None,
        on_progress: Optional[OnProgress] = None,
    ) -> Transcription:
        """Transcribe a path or a binary file object; returns when the last final is in.

        The format is found from the first bytes; raw audio needs ``input_format`` and
        ``sample_rate``. ``speed`` is the pace in × real time, ``None`` the fastest that is
        known to work with the engine, ``math.inf`` as fast as the service reads.
        ``timeout`` bounds the whole call, in seconds, reading pipes and plain sockets included;
        while ``open()`` waits for a FIFO, or ``read()`` of a TLS socket, of a Windows pipe or of
        an object of your own, nothing can end it. ``channel`` picks one channel of a
        WAV file, from 0; without it all are mixed. ``on_transcript`` takes the place of
        the object's own for this call. ``on_progress(sent_seconds, total_seconds)`` is
        called in this thread; ``total_seconds`` is ``None`` where nobody knows.

        Blocks. Any number of threads may call it at once. Raises what ``open()`` raises,
        ``AudioError``, ``ConfigurationError``, ``ConnectError``, and whatever ended the
        stream before it was complete; ``error.partial`` then holds what had been heard.
        An exception that comes up meanwhile (Ctrl-C, a time limit) ends the stream first.
        """
        job = self._file_job(speed, timeout, channel, on_transcript, on_progress)
        return job.run(source, self._streams)

    def transcribe_files(
        self,
        sources: Iterable[Source],
        *,
        max_workers: int = 8,
        speed: Optional[float] = None,
        timeout: Optional[float] = None,
        channel: Optional[int] = None,
        on_transcript: Optional[OnTranscript] = None,
        on_progress: Optional[OnProgress] = None,
    ) -> Iterator[FileResult]:
        """Transcribe many files, ``max_workers`` at once; yields a ``FileResult`` as each ends.

        The options are those of ``transcribe_file()``, for each file; ``timeout`` counts
        from its own start. ``on_progress`` is called in the threads of the files, several at
        a time. Whatever a file raises stands in its result, and the others go on. Once the
        service has refused the key no other file is tried: they get an
        ``AuthenticationError`` with ``attempts`` 0.

        ``sources`` may be endless: it is advanced in this thread, inside ``next()``, when no
        result is there, at most ``2 * max_workers`` ahead of the results. What it raises
        ends the files that run and goes up. So does any exception meanwhile (Ctrl-C), and
        leaving the loop, or dropping the generator, ends them too: within 3 seconds.
        ``close()`` gives the files that run, and those that were taken, a
        ``StreamStateError``; after their results the generator raises one.

        Raises at the call, before any file: ``ConfigurationError`` (no key, or an option that
        suits no file), ``TypeError`` when ``sources`` is a single file.
        """
        with without_forks():  # late, as in _file_job()
            from ._batch import Batch

        job = self._file_job(speed, timeout, channel, on_transcript, on_progress)
        job.check()
        return Batch(sources, max_workers, job.run, self._streams).results()

    def stream(self, chunks: Iterable[Buffer]) -> Iterator[Transcript]:
        """Send what ``chunks`` yields, and yield what is heard; ends when the last final is in.

        Needs ``input_format``. The stream opens at the first ``next()``; after each chunk
        comes what has been heard by then, after the last one the rest. Neither
        ``on_transcript`` nor any other callback is called. Leaving the generator early
        ends the stream. Raises as ``start()``, ``send()`` and ``finish()`` do.
        """
        from ._stream import Stream

        options, audio_format = self._for_live()
        stream = Stream(options, audio_format, Callbacks(), self._streams, collects=True)
        with stream.closing_on_exception():
            stream.start()
            for chunk in chunks:
                audio = copy_audio(chunk, audio_format.input_format)
                if audio:
                    stream.send(audio, None)
                yield from stream.transcripts(wait=False)
            stream.end_input()
            yield from stream.transcripts(wait=True)
            stream.result()

    # -- inside ---------------------------------------------------------------------------

    def _complete(self) -> Options:
        """The options with key and URL from the environment; warns of a key in clear."""
        options = with_environment(self._options, os.environ)
        assert options.url is not None
        if exposes_key(options.url):
            warnings.warn(
                "plain ws:// to another host: the API key crosses the network in clear; use wss://",
                stacklevel=4,
            )
        return options

    def _for_live(self) -> Tuple[Options, AudioFormat]:
        options = self._complete()
        if options.input_format is None:
            raise ConfigurationError(
                "input_format is missing: a live stream has no first bytes to tell it from. "
                "For 16-bit samples give input_format='linear16' and sample_rate="
            )
        return options, raw_format(options.input_format, options.sample_rate)

    def _file_job(
        self,
        speed: Optional[float],
        timeout: Optional[float],
        channel: Optional[int],
        on_transcript: Optional[OnTranscript],
        on_progress: Optional[OnProgress],
    ) -> FileJob:
        patience = timeout_of(timeout)
        # Imported late: a program with live audio only has no use for the file layer.
        with without_forks():
            from ._file_job import FileJob

        callbacks = self._callbacks
        if on_transcript is not None:
            callbacks = callbacks.with_on_transcript(on_transcript)
        return FileJob(self._complete(), callbacks, speed, patience, channel, on_progress)

    def _started(self) -> Stream:
        live = self._live
        if live is None:
            raise StreamStateError("the live stream is not started: call start(), or use with")
        return live

    def _was_closed(self) -> bool:
        """Whether the live stream was ended by ``close()``: nothing is left to wait for."""
        live = self._live
        return live is None or live.was_closed


if not TYPE_CHECKING:
    # For typing.get_type_hints(). typing-extensions would cost a tenth of the whole import.
    Self = Transcriber


def _model(model: Optional[str], transcription_model: Optional[str]) -> Optional[str]:
    if transcription_model is None:
        return model
    warnings.warn(
        "transcription_model is not a parameter of the service, which ignores it; use model=",
        DeprecationWarning,
        stacklevel=3,
    )
    if model is not None and model != transcription_model:
        raise ConfigurationError(
            f"model={model!r} and transcription_model={transcription_model!r}: give model= alone"
        )
    return transcription_model
