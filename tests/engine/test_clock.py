"""Time that never jumps."""

from __future__ import annotations

from datetime import datetime, timedelta

from phasegate.engine.clock import SteadyClock
from phasegate.testing.checkout import NOON


class Watch:
    """A wall clock and a stopwatch that tests turn."""

    def __init__(self) -> None:
        self.wall = NOON
        self.passed = 100.0

    def clock(self) -> SteadyClock:
        return SteadyClock(lambda: self.wall, lambda: self.passed)

    def pass_by(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.passed += seconds


def test_it_shows_the_walls_time_when_it_began_and_what_passed_since() -> None:
    watch = Watch()
    clock = watch.clock()
    watch.pass_by(90)

    assert clock() == datetime.fromisoformat("2030-01-01T12:01:30+00:00")


def test_a_wall_clock_that_jumps_does_not_move_it() -> None:
    watch = Watch()
    clock = watch.clock()
    watch.wall -= timedelta(hours=1)
    watch.pass_by(5)

    assert clock() == NOON + timedelta(seconds=5)
    assert clock.jumped == timedelta(hours=-1)
