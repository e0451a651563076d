"""Listens in on a stream: every frame as it came, with its time."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

import pytest

from telnyx_stt_sync import _worker
from telnyx_stt_sync._actions import Action
from telnyx_stt_sync._session import Session


class Recorder:
    """What went over the connections of one stream. Written by its I/O thread."""

    def __init__(self) -> None:
        self.entries: List[Dict[str, Any]] = []
        self.frames: List[Dict[str, Any]] = []  # those that are JSON objects
        self.close_code: Optional[int] = None  # None: the peer sent no close frame
        self.audio_until = 0.0  # when the last audio was handed over
        self.final_at: Optional[float] = None  # None: no final came after that
        self.ended_at: Optional[float] = None  # None: the peer did not end it
        self._opened_at = 0.0

    def opened(self, now: float) -> None:
        """A connection is open."""
        self._opened_at = now
        self._note(now, "opened", "")

    def frame(self, payload: bytes, now: float) -> None:
        """A text frame came."""
        import json

        text = payload.decode("utf-8", "replace")
        self._note(now, "frame", text)
        try:
            frame = json.loads(text)
        except ValueError:
            return
        if isinstance(frame, dict):
            self.frames.append(frame)
            if frame.get("is_final"):
                self.final_at = now

    def ended(self, how: str, code: Optional[int], now: float) -> None:
        """The peer has ended the connection."""
        self._note(now, "end", how)
        self.close_code = code
        self.ended_at = now

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Listen in on the streams that start from now on."""
        monkeypatch.setattr(_worker, "Session", _recording(self))

    def _note(self, now: float, what: str, text: str) -> None:
        self.entries.append({"at": round(now - self._opened_at, 3), "what": what, "text": text})


def _recording(recorder: Recorder) -> type:
    """A session that tells the recorder what it is told."""

    class Recorded(Session):
        def opened(self, now: float) -> None:
            recorder.opened(now)
            super().opened(now)

        def audio_sent(self, audio: bytes, now: float, is_written: bool = False) -> bool:
            recorder.audio_until = now
            return super().audio_sent(audio, now, is_written)

        def text_received(self, payload: bytes, now: float) -> List[Action]:
            recorder.frame(payload, now)
            return super().text_received(payload, now)

        def close_received(self, code: int, reason: str, now: float) -> List[Action]:
            if self._closing is None:
                recorder.ended(f"close {code} {reason!r}", code, now)
            return super().close_received(code, reason, now)

        def connection_broken(self, why: str, now: float) -> List[Action]:
            if self._closing is None:
                recorder.ended(why, None, now)
            return super().connection_broken(why, now)

    return Recorded
