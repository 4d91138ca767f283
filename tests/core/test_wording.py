from __future__ import annotations

from datetime import timedelta

import pytest

from phasegate.core.wording import percent, span


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(0), "0 s"),
        (timedelta(milliseconds=1), "1 s"),
        (timedelta(seconds=90), "1 min 30 s"),
        (timedelta(hours=2.5), "2 h 30 min"),
        (timedelta(days=1, seconds=22), "1 d 22 s"),
        (timedelta(days=1, hours=2, minutes=3), "1 d 2 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(duration: timedelta, words: str) -> None:
    assert span(duration) == words


@pytest.mark.parametrize(
    ("share", "words"), [(0.02, "2 %"), (0.005, "0.5 %"), (0.07, "7 %"), (1.0, "100 %")]
)
def test_a_share_is_said_in_per_cent(share: float, words: str) -> None:
    assert percent(share) == words
