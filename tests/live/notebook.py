"""What a run against the service has seen: frames in files, and a line for each open question."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Dict, List

# What nobody has settled about the service, by a short name.
QUESTIONS: Dict[str, str] = {
    "bad-key": "what answers a key that is not valid",
    "forbidden": "whether a key that may not do this gets HTTP 403",
    "overload": "whether 429 or 503 comes, and with Retry-After",
    "end-of-turn": "what answers eot_threshold on a model that is not Flux",
    "reject-close": "what code closes the connection behind an errors[] frame",
    "asked-for-interims": "whether interim_results silences an engine without interims",
    "keyterm-lists": "whether keyterm is a comma list or a repeated key",
    "keywords-lists": "whether keywords is a comma list or a repeated key",
    "interims": "who sends interims",
    "who-closes": "who closes after the last final, when, and with what code",
    "last-final": "how long after the last audio the last final comes",
    "last-frame": "whether a session may end with an interim",
    "frame-keys": "which keys frames have: type, words, start_time, duration, channel, others",
    "confidence": "what confidence looks like",
    "unknown-frames": "which frames the library does not know, turn events of Flux for one",
    "bursts": "whether a whole recording in one burst is heard",
    "finalize": "how fast Finalize is answered, by Flux too",
    "idle-timeout": "when a connection without audio is closed, and with what code",
    "accuracy": "how many words differ from what was said",
}

# Whatever may tell who the user is: keys, e-mail addresses, identifiers, telephone numbers.
_PRIVATE = re.compile(
    r"KEY[0-9A-Za-z_-]{8,}"
    r"|[\w.+-]+@[\w-]+\.[\w.]+"
    r"|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|\b(?=[0-9A-Za-z]*\d)(?=[0-9A-Za-z]*[A-Za-z])[0-9A-Za-z]{16,}\b"
    r"|(?<![\d.])\+?\d{9,}(?!\.)"
)


def redacted(text: str, key: str) -> str:
    """The text without the key and without what looks like an identifier."""
    return _PRIVATE.sub("[redacted]", text.replace(key, "[key]"))


class Notebook:
    """Takes down what is seen, without the key, in files of one folder."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self._key = key
        self._answers: Dict[str, List[str]] = {name: [] for name in QUESTIONS}

    def see(self, question: str, who: str, what: object) -> None:
        """Something that bears on a question was seen."""
        self._answers[question].append(redacted(f"{who}: {what}", self._key))

    def write_frames(self, name: str, entries: List[Dict[str, Any]]) -> None:
        """Write down what went over one connection, a line of JSON each."""
        lines = (redacted(json.dumps(entry, ensure_ascii=False), self._key) for entry in entries)
        path = self.folder / f"{re.sub('[^A-Za-z0-9-]+', '-', name)}.jsonl"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")

    def lines(self) -> List[str]:
        """A line for each question."""
        return [
            f"{name} ({QUESTIONS[name]}): {'; '.join(seen) or 'not seen'}"
            for name, seen in self._answers.items()
        ]

    def close(self) -> None:
        """Write down the answers."""
        text = "".join(f"- {line}\n" for line in self.lines())
        (self.folder / "answers.md").write_text(text, encoding="utf-8")
