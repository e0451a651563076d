"""How each engine puts what was heard into frames, and which text frames it obeys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional

from .._engine import Engine
from .._engines import ENGINES
from ._recogniser import Heard

Frame = Dict[str, Any]


@dataclass(frozen=True)
class EngineBehaviour:
    """One engine in one session: pure, so that its rules can be tested by plain calls."""

    engine: Engine
    interim_results: bool = False
    endpointing: bool = False

    @classmethod
    def for_query(cls, query: Mapping[str, str], engine: Optional[str] = None) -> EngineBehaviour:
        """The behaviour that a query asks for; ``engine`` overrides the one it names.

        Raises ``KeyError`` for an engine that the service does not have.
        """
        name = query["transcription_engine"] if engine is None else engine
        return cls(
            ENGINES[name].variant(query.get("model")),
            interim_results=query.get("interim_results") == "true",
            endpointing=query.get("endpointing", "false") != "false",
        )

    @property
    def closes(self) -> bool:
        """Whether ``CloseStream`` makes it send the rest and close; else it stays open."""
        return self.engine.closes

    @property
    def obeys_finalize(self) -> bool:
        return self.engine.finalize

    @property
    def sends_interims(self) -> bool:
        if self.engine.always_interims:
            return True
        return self.interim_results and self.engine.interims is not False

    def is_muted(self, query: Mapping[str, str]) -> bool:
        """Whether a service that minds being asked about interims would say nothing."""
        return self.engine.interims is False and "interim_results" in query

    @property
    def waits_for_pause(self) -> bool:
        """Whether the end makes no final of the last words, unless silence precedes it."""
        return self.engine.needs_pause and not self.endpointing

    def frames(self, heard: Heard) -> List[Frame]:
        """What the engine sends for something heard: one frame, or none."""
        if not heard.is_final and not self.sends_interims:
            return []
        return [self.frame(heard)]

    def frame(self, heard: Heard) -> Frame:
        """The frame for something heard, whether the engine would send it or not."""
        if self.engine.bare_finals and heard.is_final:
            return {"transcript": " " + heard.text, "is_final": True, "confidence": None}
        frame: Frame = {"transcript": heard.text, "is_final": heard.is_final}
        if self.engine.speech_final:
            frame["speech_final"] = heard.is_final and heard.ends_utterance
        frame["confidence"] = heard.confidence
        return frame
