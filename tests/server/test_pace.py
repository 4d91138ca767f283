"""One caller cannot starve the others."""

from __future__ import annotations

import pytest

from phasegate.server import pace
from phasegate.server.pace import Pace
from phasegate.testing.dial import Seconds


def test_a_caller_may_ask_so_often_at_once_and_then_as_time_goes() -> None:
    dial = Seconds(0.0)
    allowed = Pace(2.0, dial)

    at_once = [allowed.wait_s("Ada") for _ in range(3)]
    dial.now = 0.5
    later = [allowed.wait_s("Ada") for _ in range(2)]

    assert (at_once, later) == ([0, 0, 1], [0, 1])


def test_callers_do_not_disturb_each_other() -> None:
    allowed = Pace(1.0, Seconds())

    assert [allowed.wait_s(who) for who in ("Ada", "Ada", "Ben")] == [0, 1, 0]


def test_a_slow_pace_says_how_long_to_wait() -> None:
    allowed = Pace(0.1, Seconds())

    assert [allowed.wait_s("Ada"), allowed.wait_s("Ada")] == [0, 10]


def test_who_asked_nothing_for_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "MOST_CALLERS", 2)
    allowed = Pace(1.0, Seconds())

    for who in ("Ada", "Ben", "Cleo"):
        allowed.wait_s(who)

    assert [allowed.wait_s("Cleo"), allowed.wait_s("Ada")] == [1, 0]
