"""The durations and counts of a stream. Times are made up."""

from __future__ import annotations

from telnyx_stt_sync._chronicle import Chronicle
from telnyx_stt_sync._events import Stats


def test_at_first() -> None:
    """What has not happened yet has no duration."""
    chronicle = Chronicle(100.0)
    assert not chronicle.was_open
    assert chronicle.fill(Stats()) == Stats()


def test_durations() -> None:
    """From the call to the connection, to the first text; from the last audio to the end."""
    chronicle = Chronicle(100.0)
    chronicle.opened(101.5)
    assert chronicle.was_open
    chronicle.text_came(104.0)
    chronicle.text_came(110.0)
    chronicle.input_ended(120.0)
    assert chronicle.fill(Stats()).drain_seconds is None
    assert chronicle.fill(Stats()).upload_seconds is None
    chronicle.ended(123.0)
    stats = chronicle.fill(Stats())
    assert stats.upload_seconds == 18.5
    assert stats.connect_seconds == 1.5
    assert stats.first_transcript_seconds == 2.5
    assert stats.drain_seconds == 3.0


def test_an_end_before_the_end_of_the_audio() -> None:
    """A stream that ended before its audio has drained nothing."""
    chronicle = Chronicle(100.0)
    chronicle.opened(101.0)
    chronicle.ended(103.0)
    assert chronicle.fill(Stats()).drain_seconds is None
    assert chronicle.fill(Stats()).upload_seconds == 2.0


def test_the_upload_of_several_connections() -> None:
    """Nothing is uploaded between two connections, nor after the last audio."""
    chronicle = Chronicle(100.0)
    chronicle.opened(101.0)
    chronicle.lost(104.0)
    chronicle.opened(150.0)
    chronicle.input_ended(155.0)
    chronicle.lost(170.0)
    chronicle.opened(180.0)
    chronicle.input_ended(181.0)
    chronicle.ended(190.0)
    assert chronicle.fill(Stats()).upload_seconds == 3.0 + 5.0 + 1.0


def test_a_stream_that_never_opened() -> None:
    """Without a connection nothing was uploaded."""
    chronicle = Chronicle(100.0)
    chronicle.ended(103.0)
    assert chronicle.fill(Stats()).upload_seconds is None


def test_reconnects() -> None:
    """The first connection is none; the durations to it and to the first text stay its own."""
    chronicle = Chronicle(100.0)
    counts = []
    for now in (101.0, 110.0, 120.0):
        chronicle.opened(now)
        counts.append(chronicle.fill(Stats()).reconnects)
    chronicle.text_came(121.0)
    stats = chronicle.fill(Stats())
    assert counts == [0, 1, 2]
    assert (stats.connect_seconds, stats.first_transcript_seconds) == (1.0, 20.0)


def test_the_end_of_the_audio_comes_again() -> None:
    """When the last audio had to be sent again, the drain counts from the last time."""
    chronicle = Chronicle(100.0)
    chronicle.opened(101.0)
    chronicle.input_ended(110.0)
    chronicle.input_ended(120.0)
    chronicle.ended(121.0)
    assert chronicle.fill(Stats()).drain_seconds == 1.0


def test_frames_and_the_rest() -> None:
    """Frames are counted, and what others have counted is kept."""
    chronicle = Chronicle(100.0)
    for _ in range(3):
        chronicle.frame_came()
    assert chronicle.fill(Stats(sent_bytes=5, finals=2)) == Stats(sent_bytes=5, finals=2, frames=3)
