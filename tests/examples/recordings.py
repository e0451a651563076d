"""Recordings that say their own name, and what the service has seen of them."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import List

from telnyx_stt_sync.emulator import Session, word_audio
from telnyx_stt_sync.emulator._word_audio import WordDecoder


def record(folder: Path, name: str, words: int = 4) -> Path:
    """Write a recording of so many words, each of 0.3 s; all of them are its name."""
    path = folder / f"{name}.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(word_audio([name] * words))
    return path


def said(name: str, words: int = 4) -> str:
    """The whole text of such a recording."""
    return " ".join([name] * words)


def name_of(session: Session) -> str:
    """Which recording the service heard there."""
    return WordDecoder().feed(session.audio)[0].text


def is_busy(session: Session) -> bool:
    """Whether it is in the middle of a recording."""
    return session.audio_bytes > 16_000 and not session.closed.is_set()


def is_complete(session: Session) -> bool:
    """Whether it went as far as the service's own close."""
    return session.close_code == 1000 and session.closed_by == "server"


def all_closed(sessions: List[Session]) -> bool:
    """Whether nobody is connected."""
    return all(session.closed.is_set() for session in sessions)
