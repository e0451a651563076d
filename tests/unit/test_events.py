"""What a stream tells its user: values that print, compare, travel and become JSON."""

from __future__ import annotations

import json
import pickle
from typing import Any, Dict, Optional

import pytest

from telnyx_stt_sync._events import Stats, Timing, Transcript, Transcription, Word

WORDS = (Word("Grüß", 0.5, 0.75, 0.9), Word("Gott"))
FINAL = Transcript(
    "Grüß Gott",
    True,
    confidence=0.98,
    speech_final=True,
    start=0.5,
    end=1.25,
    timing="server",
    words=WORDS,
    replayed=True,
    raw={"transcript": " Grüß Gott "},
)
INTERIM = Transcript("und", False)
STATS = Stats(accepted_bytes=32000, accepted_seconds=1.0, finals=1, connect_seconds=0.25)
WHOLE = Transcription(
    segments=(FINAL, INTERIM),
    complete=True,
    ended_by="server_close",
    gaps=((1.0, 2.5),),
    audio_seconds=3.5,
    stats=STATS,
    unknown_frames=({"type": "turn"}, b"\xff"),
)


def attributes(value: Any) -> Dict[str, Any]:
    """Every attribute of a value, whichever way it is made."""
    names = [name for name in dir(value) if not name.startswith("_")]
    facts = {name: getattr(value, name) for name in names}
    return {name: fact for name, fact in facts.items() if not callable(fact)}


every_value = pytest.mark.parametrize(
    "value",
    [WORDS[0], FINAL, STATS, WHOLE],
    ids=["word", "transcript", "stats", "transcription"],
)


@every_value
def test_a_value_cannot_be_changed(value: Any) -> None:
    """Setting any attribute of an event is an error and changes nothing."""
    before = attributes(value)
    for name in before:
        with pytest.raises(AttributeError):
            setattr(value, name, None)
    assert attributes(value) == before


@every_value
def test_a_value_pickles(value: object) -> None:
    """An event that went through pickle is equal to what went in, in every pickle protocol."""
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(value, protocol)) == value


def test_raw_frames_survive_pickle() -> None:
    """Raw frames travel as well, although ``==`` does not look at them, and so do unknown ones."""
    again = pickle.loads(pickle.dumps(WHOLE))
    assert again.segments[0].raw == {"transcript": " Grüß Gott "}
    assert again.unknown_frames == ({"type": "turn"}, b"\xff")


@pytest.mark.parametrize(
    ("value", "defaults"),
    [
        (Word("a"), {"text": "a", "start": None, "end": None, "confidence": None}),
        (
            Transcript("a", True),
            {
                "text": "a",
                "is_final": True,
                "confidence": None,
                "speech_final": False,
                "start": 0.0,
                "end": 0.0,
                "timing": "estimated",
                "words": (),
                "replayed": False,
                "raw": {},
            },
        ),
        (
            Transcription(),
            {
                "text": "",
                "segments": (),
                "complete": False,
                "ended_by": "closed",
                "gaps": (),
                "audio_seconds": 0.0,
                "stats": Stats(),
                "unknown_frames": (),
            },
        ),
    ],
    ids=["word", "transcript", "transcription"],
)
def test_what_is_not_told_has_a_default(value: Any, defaults: Dict[str, object]) -> None:
    """These are the attributes of an event and what they are when nothing is known."""
    assert attributes(value) == defaults


def test_counters_start_at_zero() -> None:
    """Every counter is 0 at first, and a duration is unknown until it has been measured."""
    facts = attributes(Stats())
    unknown = {name for name, value in facts.items() if value is None}
    assert unknown == {
        *("connect_seconds", "first_transcript_seconds", "upload_seconds", "drain_seconds"),
    }
    assert set(facts) - unknown == {
        *(f"{what}_bytes" for what in ("accepted", "sent", "dropped", "replayed")),
        *(f"{what}_seconds" for what in ("accepted", "sent", "dropped", "replayed")),
        *("frames", "interims", "finals", "reconnects", "rate_guessed"),
    }
    assert not any(facts[name] for name in set(facts) - unknown)


def test_the_raw_frame_takes_no_part_in_comparisons() -> None:
    """Two transcripts that say the same are equal, whatever frames they came in."""
    assert Transcript("a", True, raw={"x": 1}) == Transcript("a", True, raw={"x": 2})
    assert hash(Transcript("a", True, raw={"x": 1})) == hash(Transcript("a", True))
    assert Transcript("a", True) != Transcript("a", False)


def test_frames_stay_out_of_repr() -> None:
    """``repr`` shows what was heard, not the frames."""
    assert "raw" not in repr(FINAL)
    assert "Grüß Gott" in repr(FINAL)
    assert "turn" not in repr(WHOLE)


def test_str_is_the_text() -> None:
    """Printing a transcript or a transcription prints its text."""
    assert str(FINAL) == "Grüß Gott"
    assert str(WHOLE) == "Grüß Gott und"


def test_the_text_of_all_segments() -> None:
    """The text is that of the segments in order with one blank between; without any it is empty."""
    assert WHOLE.text == "Grüß Gott und"
    assert Transcription(segments=(INTERIM,)).text == "und"
    assert Transcription().text == ""


def test_a_transcript_as_a_dict() -> None:
    """``Transcript.to_dict()`` is everything but the raw frame."""
    assert FINAL.to_dict() == {
        "text": "Grüß Gott",
        "is_final": True,
        "confidence": 0.98,
        "speech_final": True,
        "start": 0.5,
        "end": 1.25,
        "timing": "server",
        "words": [
            {"text": "Grüß", "start": 0.5, "end": 0.75, "confidence": 0.9},
            {"text": "Gott", "start": None, "end": None, "confidence": None},
        ],
        "replayed": True,
    }


def test_a_transcription_as_a_dict() -> None:
    """``Transcription.to_dict()`` is everything but the frames of unknown shape."""
    assert WHOLE.to_dict() == {
        "text": "Grüß Gott und",
        "segments": [FINAL.to_dict(), INTERIM.to_dict()],
        "complete": True,
        "ended_by": "server_close",
        "gaps": [[1.0, 2.5]],
        "audio_seconds": 3.5,
        "stats": attributes(STATS),
    }


@pytest.mark.parametrize("value", [WHOLE, Transcription()], ids=["full", "empty"])
def test_json_gives_the_dict_back(value: Transcription) -> None:
    """``to_json()`` holds what ``to_dict()`` holds, with and without an indent."""
    assert json.loads(value.to_json()) == value.to_dict()
    assert json.loads(value.to_json(indent=2)) == value.to_dict()


def test_captions() -> None:
    """``to_srt()`` and ``to_vtt()`` show every segment, a last interim included, by its times."""
    spoken = Transcription(segments=(FINAL, Transcript("und", False, start=2.0, end=3.5)))
    assert spoken.to_srt() == (
        "1\n00:00:00,500 --> 00:00:01,500\nGrüß Gott\n\n2\n00:00:02,000 --> 00:00:03,500\nund\n"
    )
    assert spoken.to_vtt() == (
        "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nGrüß Gott\n\n00:00:02.000 --> 00:00:03.500\nund\n"
    )


def test_captions_by_words() -> None:
    """The words' own times show the cues of a long segment when they were said."""
    text = "one two three four five six seven eight nine ten " * 3
    words = tuple(Word(word, 10.0 + i, 10.5 + i) for i, word in enumerate(text.split()))
    long = Transcript(text.strip(), True, start=0.0, end=99.0, words=words)
    first, second = Transcription(segments=(long,)).to_vtt().split("\n\n")[1:]
    assert first.split("\n")[0] == "00:00:10.000 --> 00:00:24.500"
    assert second.split("\n")[0] == "00:00:25.000 --> 00:00:39.500"


def test_captions_of_bounds() -> None:
    """An estimated start is taken for what it is: a bound."""
    (cue,) = Transcription(segments=(Transcript("yes", True, end=60.0),)).to_vtt().split("\n\n")[1:]
    assert cue == "00:00:53.500 --> 00:01:00.000\nyes\n"


def test_captions_of_nothing() -> None:
    """Without segments, SRT is empty and WebVTT its header."""
    assert (Transcription().to_srt(), Transcription().to_vtt()) == ("", "WEBVTT\n")


# Seconds of audio sent and sent again, seconds that it took, timing → the pace that is told.
PACES = [
    (60.0, 0.0, 10.0, "estimated", "6.0"),
    (60.0, 0.0, 60.0, "estimated", None),
    (60.0, 0.0, 10.0, "server", None),
    (60.0, 0.0, None, "estimated", None),
    (60.0, 40.0, 50.0, "estimated", "2.0"),
    (60.0, 0.0, 0.0, "estimated", "60000.0"),
    # What is sent a little faster, or is short, can't be far off.
    (60.0, 0.0, 40.0, "estimated", None),
    (60.0, 0.0, 39.0, "estimated", "1.5"),
    (1.0, 0.0, 0.0, "estimated", None),
]


@pytest.mark.parametrize(("sent", "again", "took", "timing", "told"), PACES)
def test_captions_of_a_faster_run(
    sent: float,
    again: float,
    took: Optional[float],
    timing: Timing,
    told: Optional[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Captions of estimated times log a warning when the audio was sent much faster than spoken."""
    stats = Stats(sent_seconds=sent, replayed_seconds=again, upload_seconds=took)
    spoken = Transcription(
        segments=(Transcript("a", True, timing="server"), Transcript("b", True, timing=timing)),
        stats=stats,
    )
    for make in (spoken.to_srt, spoken.to_vtt):
        caplog.clear()
        make()
        warned = [record.getMessage() for record in caplog.records]
        assert len(warned) == (told is not None)
        assert all(f"{told} × real time" in text and "speed=1" in text for text in warned)


@pytest.mark.parametrize("timing", ["estimated", "server"])
@pytest.mark.parametrize("took", [10.0, 60.0, None])
def test_captions_of_a_guessed_rate(
    took: Optional[float], timing: Timing, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the bit rate is a guess, estimated times log one warning, whatever the speed was."""
    spoken = Transcription(
        segments=(Transcript("a", True, timing=timing),),
        stats=Stats(sent_seconds=60.0, upload_seconds=took, rate_guessed=True),
    )
    for make in (spoken.to_srt, spoken.to_vtt):
        caplog.clear()
        make()
        warned = [record.getMessage() for record in caplog.records]
        assert len(warned) == (timing == "estimated")
        assert all("bit rate of the audio is a guess" in text for text in warned)


def test_captions_of_nothing_warn_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A silence has no times that could be wrong."""
    for is_guess in (False, True):
        stats = Stats(sent_seconds=60.0, upload_seconds=1.0, rate_guessed=is_guess)
        Transcription(stats=stats).to_srt()
    assert not caplog.records


def test_json_is_readable() -> None:
    """Letters outside ASCII stay as they are; one line without ``indent``, many with it."""
    assert "Grüß Gott" in WHOLE.to_json()
    assert "\n" not in WHOLE.to_json()
    assert '\n  "text"' in WHOLE.to_json(indent=2)
