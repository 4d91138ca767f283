"""Whether a server is well: its store, its clock, and somebody who decides."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.engine.clock import SteadyClock
from phasegate.engine.health import ClockWatch, Health, Watchdog
from phasegate.engine.loop import Round
from phasegate.ports import Attended, Unavailable
from phasegate.testing.checkout import NOON


class Clocks:
    """A store with a clock of its own, this server's wall clock, and seconds that pass."""

    def __init__(self) -> None:
        self.passed = 100.0
        self.wall = NOON
        self.there: datetime | None = None
        self.away = False
        self.store = MemoryStore(lambda: self.passed)
        self.store.clock = lambda: self.there  # type: ignore[method-assign]  # a story's clock
        self.store.logs = self._logs  # type: ignore[method-assign]  # a store that goes away
        self.last = Round(decided=True, ended=self.passed)
        self.clock = SteadyClock(lambda: self.wall, lambda: self.passed)
        self.watch = ClockWatch(self.store, self.clock, lambda: self.passed)
        self.health = Health(self.store, self, self.watch, lambda: self.passed)  # type: ignore[arg-type]  # only `last` is asked

    def _logs(self) -> list[str]:
        if self.away:
            raise Unavailable("the store is gone")
        return []

    def later(self, seconds: float) -> None:
        self.passed += seconds
        self.wall += timedelta(seconds=seconds)

    def round(self) -> None:
        self.store.attend({})
        self.last = Round(decided=True, ended=self.passed)


@pytest.fixture
def clocks() -> Clocks:
    clocks = Clocks()
    clocks.round()
    return clocks


def test_a_server_that_decides_is_well(clocks: Clocks) -> None:
    assert clocks.health.trouble() is None


@pytest.mark.parametrize("stalled_before", [True, False])
def test_a_stall_while_the_store_is_asked_for_its_time_is_no_wrong_clock(
    clocks: Clocks, stalled_before: bool
) -> None:
    def clock() -> datetime:
        told = clocks.clock()
        clocks.later(10)
        return clocks.clock() if stalled_before else told

    clocks.store.clock = clock  # type: ignore[method-assign]  # a story's clock

    assert clocks.watch.trouble() is None
    assert clocks.watch.skew == timedelta(0)


def test_a_store_that_is_away_is_trouble(clocks: Clocks) -> None:
    clocks.away = True

    assert "the store does not answer" in (clocks.health.trouble() or "")


def test_a_server_that_finishes_no_round_is_stuck(clocks: Clocks) -> None:
    clocks.later(6)

    assert "[engine-stuck]" in (clocks.health.trouble() or "")


def test_nobody_who_decides_is_trouble_on_every_server(clocks: Clocks) -> None:
    clocks.health.trouble()
    clocks.later(11)
    clocks.last = Round(ended=clocks.passed)

    assert clocks.health.trouble() == "nobody has decided for 11 s, on any server [nobody-decides]"


def test_who_begins_after_a_crash_waits_until_somebody_decides() -> None:
    clocks = Clocks()
    clocks.store.attended = lambda: Attended(ago_ms=3_000, leases={})  # type: ignore[method-assign]  # somebody died 3 s ago
    clocks.later(1)
    clocks.last = Round(ended=clocks.passed)

    assert "since this server began" in (clocks.health.trouble() or "")


def test_a_short_gap_is_no_trouble_for_who_has_seen_somebody_decide(clocks: Clocks) -> None:
    clocks.health.trouble()
    clocks.later(4)
    clocks.last = Round(ended=clocks.passed)

    assert clocks.health.trouble() is None


def test_a_clock_that_is_not_the_stores_may_not_decide(clocks: Clocks) -> None:
    clocks.there = NOON + timedelta(seconds=4)

    assert not clocks.watch.may_decide()
    assert "-4.0 s from the store's" in (clocks.health.trouble() or "")


def test_a_clock_that_is_nearly_the_stores_may_decide(clocks: Clocks) -> None:
    clocks.there = NOON + timedelta(seconds=2)

    assert clocks.watch.may_decide()
    assert clocks.health.trouble() is None


def test_a_wall_clock_that_jumped_is_trouble_and_decisions_go_on(clocks: Clocks) -> None:
    clocks.wall += timedelta(hours=1)

    assert clocks.watch.may_decide()
    assert "[clock-jumped]" in (clocks.health.trouble() or "")


def test_a_wall_clock_that_jumped_is_none_where_the_store_says_ours_is_right(
    clocks: Clocks,
) -> None:
    clocks.there = NOON
    clocks.wall += timedelta(hours=1)

    assert clocks.health.trouble() is None


def test_the_watchdog_tells_once_that_nobody_decides_and_once_that_somebody_does(
    clocks: Clocks, capsys: pytest.CaptureFixture[str]
) -> None:
    watchdog = Watchdog(clocks.health.trouble)
    watchdog.look()
    clocks.later(11)
    clocks.last = Round(ended=clocks.passed)
    for _ in range(3):
        watchdog.look()
        clocks.later(1)
    alarmed = watchdog.nobody_decides
    clocks.round()
    watchdog.look()

    told = capsys.readouterr().out
    assert alarmed
    assert not watchdog.nobody_decides
    assert told.count("not_well") == 1
    assert "nobody has decided for 11 s, on any server [nobody-decides]" in told
    assert told.count("well_again") == 1
