"""What was received reaches the store once and in order, whatever the store does meanwhile."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.core.evidence import Position, Tally
from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.watch import Series, Watch
from phasegate.ports import Unavailable
from phasegate.telemetry.intake import Intake
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.telemetry.tallying import Tallier

NOON = 1_893_499_200.0
WATCH = Watch(
    run="checkout-1",
    phase="alpha",
    component="cart",
    flag="cart",
    attempt=1,
    series=(
        Series(
            name="error_rate",
            metric=Metric(name="error_rate", kind=MetricKind.SHARE, bad=Predicate(field="error")),
        ),
        Series(
            name="safety_critical",
            metric=Metric(name="safety_critical", kind=MetricKind.SENTINEL, event="critical"),
        ),
    ),
    block=30,
)
CRITICAL = Observation(event="critical", subject=None, attributes={}, at_s=NOON)


def request(subject: str, at_s: float = NOON) -> Observation:
    return Observation(
        event=None,
        subject=subject,
        attributes={"error": False},
        exposures=(Exposure(flag="cart", variant="on", subject=subject),),
        at_s=at_s,
    )


class Bell:
    """Counts how often it was rung, and lets a test wait for it."""

    def __init__(self) -> None:
        self.rung = 0
        self.ringing = threading.Event()

    def __call__(self) -> None:
        self.rung += 1
        self.ringing.set()


class Desk:
    """An intake with a real store, which can be locked from outside as a stuck process would."""

    def __init__(self, path: Path, most_kept: int) -> None:
        self.path = path
        self.store = SqliteStore(path, busy_timeout_s=0.01)
        self.bell = Bell()
        self.tallier = Tallier("server-1", b"k" * 16)
        self.tallier.watch([WATCH])
        self.intake = Intake(self.tallier, self.store, self.bell, most_kept=most_kept)
        self._locker = sqlite3.connect(path, isolation_level=None)

    def lock(self) -> None:
        self._locker.execute("BEGIN IMMEDIATE")

    def unlock(self) -> None:
        self._locker.execute("ROLLBACK")

    def stored(self, upto_s: float = NOON + 60) -> list[Tally]:
        found = self.store.tallies("checkout-1", Position(), int(upto_s * 1000))
        return [stored.tally for stored in found]

    def close(self) -> None:
        self._locker.close()
        self.store.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path / "store.db", most_kept=2)
    yield opened
    opened.close()


def test_a_flush_stores_what_was_taken_and_wakes_the_engine(desk: Desk) -> None:
    desk.intake.take([request("patient-1")], NOON)

    assert desk.intake.flush(NOON)
    assert [tally.seen for tally in desk.stored()] == [1]
    assert len(desk.store.sightings("checkout-1", "alpha")) == 1
    assert desk.bell.rung == 1


def test_a_flush_of_nothing_wakes_nobody(desk: Desk) -> None:
    assert desk.intake.flush(NOON)
    assert desk.bell.rung == 0


def test_what_the_store_refuses_is_kept_and_stored_in_order_once_it_is_back(desk: Desk) -> None:
    desk.lock()
    desk.intake.take([request("patient-1")], NOON)
    assert not desk.intake.flush(NOON)
    desk.intake.take([request("patient-2", NOON + 1)], NOON + 1)
    assert not desk.intake.flush(NOON + 1)
    assert (desk.bell.rung, desk.intake.failures, len(desk.intake.kept)) == (0, 2, 2)
    desk.unlock()

    assert desk.intake.flush(NOON + 2)

    assert [tally.bucket - int(NOON) for tally in desk.stored()] == [0, 1]
    assert (desk.bell.rung, desk.intake.kept) == (1, ())


def test_what_was_kept_ripens_when_it_is_stored(desk: Desk) -> None:
    desk.lock()
    desk.intake.take([request("patient-1")], NOON)
    desk.intake.flush(NOON)
    desk.unlock()
    desk.intake.flush(NOON + 9)

    (stored,) = desk.store.tallies("checkout-1", Position(), int((NOON + 60) * 1000))

    assert stored.position.ripe_ms == int((NOON + 9) * 1000)


def test_a_full_memory_asks_senders_to_come_again_but_keeps_sentinels(desk: Desk) -> None:
    desk.lock()
    for second in (0, 1):
        desk.intake.take([request("patient-1", NOON + second)], NOON + second)
        desk.intake.flush(NOON + second)

    with pytest.raises(Unavailable, match="intake-full"):
        desk.intake.take([request("patient-2"), CRITICAL], NOON + 2)
    desk.intake.flush(NOON + 2)
    desk.unlock()
    desk.intake.flush(NOON + 3)
    desk.intake.flush(NOON + 3)

    assert [(tally.series, tally.seen) for tally in desk.stored()] == [
        ("error_rate", 1),
        ("error_rate", 1),
        ("safety_critical", 1),
    ]


def test_skewed_observations_are_rejected_with_a_reason(desk: Desk) -> None:
    rejected = desk.intake.take([request("patient-1", 0.0), request("patient-2")], NOON)

    assert rejected.count == 1
    assert "clocks" in rejected.why


def test_a_sentinel_waits_for_no_interval_and_the_flusher_for_none_when_it_ends(
    desk: Desk,
) -> None:
    stop = threading.Event()
    flusher = threading.Thread(
        target=desk.intake.flush_forever, args=(stop, lambda: NOON), kwargs={"every_s": 60.0}
    )
    flusher.start()

    desk.intake.take([CRITICAL], NOON)
    woken = desk.bell.ringing.wait(30)
    desk.intake.take([request("patient-1")], NOON)
    stop.set()
    desk.intake.hurry()
    flusher.join(30)

    assert woken
    assert "error_rate" in {tally.series for tally in desk.stored()}
    assert not flusher.is_alive()


def test_what_is_judged_and_watched_is_what_is_wanted_of_a_request(desk: Desk) -> None:
    names = desk.intake.wanted.of_requests

    assert {"error", "http.response.status_code", "feature_flag.cart"} <= set(names)
    assert "http.route" not in names


def test_a_flush_that_breaks_is_followed_by_the_next(desk: Desk) -> None:
    """Else nothing that comes later would ever be stored."""
    stop, asked = threading.Event(), 0

    def clock() -> float:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise ValueError("nobody expected this")
        return NOON

    desk.intake.take([request("patient-1")], NOON)
    thread = threading.Thread(target=desk.intake.flush_forever, args=(stop, clock, 0.01))
    thread.start()
    rang = desk.bell.ringing.wait(30)
    stop.set()
    thread.join()

    assert rang
    assert desk.intake.failures == 1
    assert [tally.seen for tally in desk.stored()] == [1]


def test_a_sentinel_is_stored_before_its_sender_is_answered(desk: Desk) -> None:
    desk.intake.take([request("patient-1"), CRITICAL], NOON)

    stored = {tally.series: tally.bad for tally in desk.stored()}
    assert stored["safety_critical"] == 1
    assert desk.bell.rung == 1


def test_outcomes_that_wait_do_not_hold_a_sentinel_up(desk: Desk) -> None:
    """To look for the arms of 50,000 takes a quarter of a second, in which nothing is counted."""
    good = Predicate(field="rating", op=">=", value=4)
    metric = Metric(name="rated", kind=MetricKind.SHARE, event="rated", good=good)
    rated = Series(name="rated", metric=metric)
    desk.tallier.watch([replace(WATCH, series=(*WATCH.series, rated))])
    waits = Observation(
        event="rated", subject="patient-1", attributes={"rating": 5}, at_s=NOON, trace=b"t"
    )
    desk.intake.take([waits], NOON)
    desk.intake.take([request("patient-1")], NOON)

    desk.intake.take([CRITICAL], NOON + 0.1)
    waiting = desk.tallier.counters.waiting
    desk.intake.flush(NOON + 0.2)

    assert (waiting, desk.tallier.counters.waiting) == (1, 0)
    assert "rated" in {tally.series for tally in desk.stored()}


def test_a_sentinel_that_the_store_does_not_take_is_refused_and_acted_upon(desk: Desk) -> None:
    desk.lock()

    with pytest.raises(Unavailable, match="sentinel-not-stored"):
        desk.intake.take([CRITICAL], NOON)

    assert [tally.series for tally in desk.intake.kept] == ["safety_critical"]
    desk.unlock()
    assert desk.intake.flush(NOON + 1)
    assert [tally.bad for tally in desk.stored()] == [1]


class Crowded(Tallier):
    """Another sender's request comes, and is kept, just before somebody's observations do."""

    def keep(self, intake: Intake, other: Observation) -> None:
        self.intake, self.others = intake, [other]

    def observe(self, observations: Sequence[Observation], now: float) -> bool:
        if self.others:
            super().observe([self.others.pop()], now)
            self.intake._keep(now)
        return super().observe(observations, now)


def test_a_sentinel_that_finds_memory_full_is_not_taken_for_stored(tmp_path: Path) -> None:
    """Memory fills up after its sender was let in, and the store takes what filled it."""
    store, tallier = SqliteStore(tmp_path / "store.sqlite"), Crowded("server-1", b"k" * 16)
    tallier.watch([WATCH])
    intake = Intake(tallier, store, Bell(), most_kept=1)
    tallier.keep(intake, request("patient-1"))

    with pytest.raises(Unavailable, match="sentinel-not-stored"):
        intake.take([CRITICAL], NOON)
    intake.flush(NOON + 0.5)

    rows = store.tallies("checkout-1", Position(), int((NOON + 9) * 1000))
    store.close()
    assert {row.tally.series: row.tally.bad for row in rows}["safety_critical"] == 1


def test_what_comes_with_a_sentinel_is_not_counted_while_it_will_come_again(desk: Desk) -> None:
    desk.lock()
    with pytest.raises(Unavailable):
        desk.intake.take([CRITICAL], NOON)
    together = [request("patient-1"), CRITICAL]

    with pytest.raises(Unavailable):
        desk.intake.take(together, NOON)
    desk.unlock()
    assert desk.intake.flush(NOON + 1)
    desk.intake.take(together, NOON + 2)

    assert [tally.seen for tally in desk.stored() if tally.series == "error_rate"] == [1]


def test_ordinary_observations_are_taken_while_the_store_is_away(desk: Desk) -> None:
    desk.lock()
    with pytest.raises(Unavailable):
        desk.intake.take([CRITICAL], NOON)

    desk.intake.take([request("patient-1")], NOON)

    desk.unlock()
    assert desk.intake.flush(NOON + 1)
    assert {tally.series for tally in desk.stored()} == {"error_rate", "safety_critical"}


def test_many_who_tell_of_sentinels_at_once_are_each_answered_when_theirs_is_stored(
    desk: Desk,
) -> None:
    store, short = MemoryStore(), list[int]()
    intake = Intake(desk.tallier, store, desk.bell)

    def stored() -> set[int]:
        found = store.tallies("checkout-1", Position(), int(NOON + 60) * 1000)
        return {one.tally.bucket - int(NOON) for one in found}

    def tell(number: int) -> None:
        intake.take([CRITICAL._replace(at_s=NOON + number)], NOON + 40)
        if number not in stored():
            short.append(number)

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert short == []
    assert stored() == set(range(12))
