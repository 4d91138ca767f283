"""Counts of outside sources: each step once, in time, and nothing unseen looks like health."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from phasegate import planfile
from phasegate.adapters.metrics.sql import SqlSource
from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.evidence import Arm, Judgement, Outcome, Position, Tally
from phasegate.core.judge import fold as judge
from phasegate.core.plan import Plan
from phasegate.core.watching import exposures
from phasegate.engine.counting import MOST_STEPS, MOST_WAITED, Counting
from phasegate.engine.unseen import Silences
from phasegate.ports import ArmCount, CountQuestion, MetricSource
from phasegate.testing.checkout import NOON
from phasegate.testing.dial import Dial
from phasegate.testing.story import RUN, Story
from phasegate.testing.world import AtOnce, FixedSource

PLAN = """
plan: checkout
environment: staging
author: ada
block: 30s
endpoints: {prometheus: "http://127.0.0.1:1", sql: "sqlite:///nowhere"}
metrics:
  error_rate: {kind: share, source: prometheus, query_all: all, query_bad: bad}
  response_time: {kind: quantile, at: 95%, unit: s, source: prometheus, query_all: a, query_bad: b}
  no_show: {kind: share, bad: missed, source: sql, query: q, counts: subjects, lag: 1h}
phases:
  alpha:
    title: Half
    lasts: 10m to 1d
    components: {new_cart: 50%}
    pass_when: [no_show < 5%]
    roll_back_when: [error_rate > 5%, response_time > 2s, no_show > 10%]
"""
COARSE = """
SELECT 'on' AS variant, came / 60 * 60 AS bucket, count(*) AS seen, sum(missed) AS missed
FROM visits WHERE came >= :since AND came < :until GROUP BY 1, 2
"""
T0 = int(NOON.timestamp())
ON, OFF = Arm.TREATMENT, Arm.CONTROL


def count(arm: Arm, step: int, seen: int, bad: int) -> ArmCount:
    return ArmCount(arm=arm, bucket=T0 + 30 * step, seen=seen, bad=bad)


class Bench:
    """One run whose counts are read from a source that the test sets."""

    def __init__(self) -> None:
        plan = planfile.parse_unreviewed(PLAN, "checkout.yaml").plan
        assert plan is not None
        self.plan: Plan = plan
        self.story = Story(plan)
        self.story.tell("phase_started", {"phase": "alpha"})
        self.story.exposed("alpha")
        self.store = MemoryStore()
        self.dial = Dial()
        self.prometheus, self.sql = FixedSource(), FixedSource()
        self.woken = 0
        self.counting = self.restarted()

    def restarted(self, sql: MetricSource | None = None) -> Counting:
        self.silences = Silences()
        self.counting = Counting(
            store=self.store,
            sources={"prometheus": self.prometheus, "sql": sql or self.sql},
            executor=AtOnce(),
            clock=self.dial,
            silences=self.silences,
            wake=self._wake,
        )
        return self.counting

    def after(self, **span: float) -> None:
        """Read after that time, counted from noon."""
        self.dial.now = NOON + timedelta(**span)
        self.counting.read(self.plan, self.story.run)

    def tallies(self, series: str = "error_rate") -> list[Tally]:
        upto_ms = int(self.dial().timestamp() * 1000)
        stored = self.store.tallies(RUN, Position(), upto_ms)
        return [one.tally for one in stored if one.tally.series == series]

    def asked(self, name: str = "error_rate") -> list[tuple[int, int]]:
        """Return the steps that were asked for, as numbers from noon."""
        every = (*self.prometheus.asked, *self.sql.asked)
        return [
            ((one.since - T0) // 30, (one.until - T0) // 30)
            for one in every
            if one.metric.name == name
        ]

    def judged(self) -> dict[str, Judgement]:
        """Return the judgements by their conditions, gates and guards."""
        upto_ms = int(self.dial().timestamp() * 1000)
        stored = self.store.tallies(RUN, Position(), upto_ms)
        run = self.story.run
        ledger = judge.fold(self.plan, judge.start(), exposures(run), stored)
        known = {"new_cart": 1}
        gates = judge.judge_gates(self.plan, ledger, "alpha", known, (), self.dial())
        guards = judge.judge_guards(self.plan, ledger, "alpha", known, self.dial())
        return {one.condition: one for one in (*gates, *guards)}

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.store.close()


def test_a_step_is_asked_for_when_it_is_over_and_settled(bench: Bench) -> None:
    bench.after(seconds=34)
    assert bench.prometheus.asked == []
    bench.after(seconds=35)

    asked: CountQuestion = bench.prometheus.asked[0]
    assert (asked.component, asked.flag, asked.step) == ("new_cart", "new_cart", 30)
    assert (asked.since, asked.until) == (T0, T0 + 30)
    assert asked.endpoints["prometheus"] == "http://127.0.0.1:1"


def test_a_quantile_is_asked_for_what_lies_beyond_its_bound(bench: Bench) -> None:
    bench.after(seconds=35)

    assert [one.bound for one in bench.prometheus.asked] == [None, 2.0]


def test_counts_of_requests_are_at_risk_and_nobodys(bench: Bench) -> None:
    bench.prometheus.counted = [count(ON, 0, 50, 2), count(OFF, 0, 40, 0)]
    bench.after(seconds=35)

    treated, control = bench.tallies()
    assert (treated.arm, treated.seen, treated.bad, treated.subjects) == (ON, 50, 2, 0)
    assert (treated.at_risk, treated.newly_bad, treated.bucket) == (50, 2, T0)
    assert (control.arm, control.seen, control.newly_bad) == (OFF, 40, 0)
    assert bench.woken == 2


def test_counts_of_subjects_are_subjects_and_wait_for_their_lag(bench: Bench) -> None:
    bench.sql.counted = [count(ON, 0, 50, 2)]
    bench.after(minutes=60, seconds=34)
    assert bench.sql.asked == []
    bench.after(minutes=60, seconds=35)

    (tally,) = bench.tallies("no_show")
    assert (tally.subjects, tally.subjects_bad, tally.at_risk, tally.newly_bad) == (50, 2, 50, 2)


def test_a_step_is_stored_once_even_over_a_restart_and_beside_another_server(
    bench: Bench,
) -> None:
    bench.prometheus.counted = [count(ON, 0, 50, 2), count(ON, 1, 40, 1)]
    bench.after(seconds=65)
    bench.restarted()
    bench.prometheus.counted.append(count(ON, 2, 30, 0))
    bench.after(seconds=95)

    assert [(tally.bucket - T0, tally.seen) for tally in bench.tallies()] == [
        (0, 50),
        (30, 40),
        (60, 30),
    ]


def test_what_came_with_nothing_is_asked_for_again_until_it_comes(bench: Bench) -> None:
    bench.prometheus.counted = [count(ON, 0, 50, 2), count(OFF, 0, 50, 2)]
    bench.after(seconds=35)
    bench.after(seconds=65)
    bench.after(seconds=95)
    bench.prometheus.counted += [count(ON, 1, 20, 0), count(ON, 3, 10, 0), count(OFF, 3, 9, 0)]
    bench.after(seconds=125)
    bench.after(seconds=155)

    assert bench.asked() == [(0, 1), (1, 2), (1, 3), (1, 4), (4, 5)]


@pytest.mark.parametrize(("early", "late"), [(ON, OFF), (OFF, ON)])
def test_an_arm_that_is_told_later_than_the_other_is_counted_all_the_same(
    bench: Bench, early: Arm, late: Arm
) -> None:
    bench.prometheus.counted = [count(early, step, 50, 0) for step in range(4)]
    bench.after(seconds=125)
    bench.prometheus.counted += [count(late, step, 40, 8) for step in range(4)]
    bench.prometheus.counted += [count(early, 4, 50, 0), count(late, 4, 40, 8)]
    bench.after(seconds=155)
    bench.after(seconds=185)

    counted = [((tally.bucket - T0) // 30, tally.seen) for tally in bench.tallies()]
    assert sorted(counted) == sorted([(step, n) for step in range(5) for n in (50, 40)])
    assert bench.asked()[-1] == (5, 6)


def test_an_arm_that_tells_nothing_is_waited_for_and_not_for_ever(bench: Bench) -> None:
    steps = 2 * MOST_WAITED
    bench.prometheus.counted = [count(ON, step, 50, 0) for step in range(steps)]
    bench.after(seconds=30 * steps + 5)
    bench.after(seconds=30 * steps + 35)

    assert bench.asked() == [(0, steps), (steps - MOST_WAITED, steps), (steps, steps + 1)]
    assert len(bench.tallies()) == steps


def test_a_bucket_that_is_longer_than_a_step_is_refused_while_an_arm_is_silent(
    bench: Bench, tmp_path: Path
) -> None:
    """Found again from its beginning on it would pass for one that is stored, and its rest be lost.

    Review knows it for some ways to write it, and not for this one.
    """
    url = f"sqlite:///{tmp_path / 'visits.db'}"
    with closing(sqlite3.connect(tmp_path / "visits.db")) as database:
        database.execute("CREATE TABLE visits (came INTEGER, missed INTEGER)")
        came = [(T0 + second, int(second >= 30)) for second in range(60)]
        database.executemany("INSERT INTO visits VALUES (?, ?)", came)
        database.commit()
    bench.plan = replace(
        bench.plan,
        endpoints=(("prometheus", "http://127.0.0.1:1"), ("sql", url)),
        metrics=tuple(
            replace(one, query=COARSE, lag=timedelta()) if one.name == "no_show" else one
            for one in bench.plan.metrics
        ),
    )
    source = SqlSource()
    bench.counting = bench.restarted(source)
    bench.after(seconds=35)
    bench.after(seconds=65)
    source.close()

    silent = bench.silences.since(RUN, bench.dial(), timedelta(minutes=1))
    assert [(tally.seen, tally.bad) for tally in bench.tallies("no_show")] == [(30, 0)]
    assert "bucket-coarse" in str(silent)


def test_what_is_known_already_does_not_keep_a_long_silence_from_being_passed_over(
    bench: Bench,
) -> None:
    bench.prometheus.counted = [count(ON, 0, 50, 0), count(OFF, 700, 50, 0)]
    bench.after(seconds=35)
    bench.after(hours=12)
    bench.after(hours=12, minutes=1)

    assert bench.asked()[1:] == [(0, 1), (1, MOST_STEPS), (MOST_STEPS, 2 * MOST_STEPS)]
    assert [tally.seen for tally in bench.tallies()] == [50, 50]


def test_parts_of_a_step_leave_none_of_the_next_one_out(bench: Bench) -> None:
    def part(arm: Arm, second: int) -> ArmCount:
        return ArmCount(arm=arm, bucket=T0 + second, seen=5, bad=0)

    bench.prometheus.counted = [part(arm, second) for arm in Arm for second in (7, 31)]
    bench.after(seconds=35)
    bench.after(seconds=65)

    assert sorted(tally.bucket - T0 for tally in bench.tallies()) == [7, 7, 31, 31]


def test_a_source_that_was_away_is_asked_for_all_it_missed(bench: Bench) -> None:
    bench.prometheus.reading = None
    bench.after(seconds=35)
    bench.after(seconds=95)
    bench.prometheus.reading = 1.0
    bench.prometheus.counted = [count(ON, step, 10, 0) for step in range(5)]
    bench.after(seconds=155)

    assert bench.asked() == [(0, 1), (0, 3), (0, 5)]
    assert len(bench.tallies()) == 5


def test_so_much_is_asked_for_at_once_and_no_more(bench: Bench) -> None:
    bench.after(hours=12)
    bench.after(hours=12, minutes=1)

    assert bench.asked() == [(0, MOST_STEPS), (MOST_STEPS, 2 * MOST_STEPS)]


def test_who_takes_over_late_in_a_trial_catches_up_without_waiting(bench: Bench) -> None:
    steps = 5 * MOST_STEPS // 2
    bench.prometheus.counted = [count(arm, step, 10, 0) for arm in Arm for step in range(steps)]
    for _ in range(4):
        bench.after(seconds=30 * steps + 5)

    assert [until for _, until in bench.asked()] == [MOST_STEPS, 2 * MOST_STEPS, steps]
    assert len(bench.tallies()) == 2 * steps


def test_a_source_that_is_away_is_not_asked_all_the_time(bench: Bench) -> None:
    bench.prometheus.reading = None
    for _ in range(3):
        bench.after(hours=12)

    assert len(bench.asked()) == 1


def test_a_series_is_asked_for_once_a_step(bench: Bench) -> None:
    bench.after(seconds=35)
    bench.after(seconds=36)

    assert len(bench.asked()) == 1


def test_a_guard_over_requests_accuses_by_its_bound_while_control_is_well(bench: Bench) -> None:
    for step in range(20):
        bench.prometheus.counted += [count(ON, step, 100, 40), count(OFF, step, 100, 1)]
    bench.after(minutes=11)

    guard = bench.judged()["error_rate > 5%"]
    assert (guard.outcome, guard.accuses, guard.method) == (Outcome.FAIL, True, "absolute")


def test_a_healthy_guard_over_requests_stays_quiet(bench: Bench) -> None:
    for step in range(20):
        bench.prometheus.counted += [count(ON, step, 100, 1), count(OFF, step, 100, 1)]
    bench.after(minutes=11)

    assert bench.judged()["error_rate > 5%"].outcome is Outcome.PASS


def test_requests_of_one_subject_that_fails_do_not_make_arms_comparable(bench: Bench) -> None:
    # One treated person fails a hundred times: as subjects the arms would differ beyond doubt.
    for step in range(20):
        bench.prometheus.counted += [count(ON, step, 1000, 5), count(OFF, step, 1000, 0)]
    bench.after(minutes=11)

    assert bench.judged()["error_rate > 5%"].progress < 0.5


def test_a_gate_over_counted_subjects_passes(bench: Bench) -> None:
    bench.sql.counted = [count(ON, 0, 400, 2), count(OFF, 0, 400, 2)]
    bench.after(minutes=61)

    assert bench.judged()["no_show < 5%"].outcome is Outcome.PASS


def test_a_gate_over_requests_cannot_be_judged(bench: Bench) -> None:
    text = PLAN.replace("[no_show < 5%]", "[error_rate < 5%]")
    plan = planfile.parse_unreviewed(text, "checkout.yaml").plan
    assert plan is not None
    bench.plan = plan
    bench.prometheus.counted = [count(ON, 0, 4000, 0), count(OFF, 0, 4000, 0)]
    bench.after(seconds=35)

    gate = bench.judged()["error_rate < 5%"]
    assert gate.outcome is Outcome.INVALID
    assert "counts requests" in gate.sentence


def test_a_source_that_does_not_answer_leaves_its_guard_unseen(bench: Bench) -> None:
    bench.prometheus.reading = None
    bench.after(minutes=11)

    guard = bench.judged()["error_rate > 5%"]
    assert (guard.outcome, guard.last_seen) == (Outcome.INCONCLUSIVE, None)
