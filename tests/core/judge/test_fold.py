from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phasegate.core.evidence import Arm, Outcome, Position, StoredTally, Tally
from phasegate.core.judge.fold import Ledger, fold, judge_guards, start, withdraw
from phasegate.core.plan import Plan
from phasegate.core.stretch import Stretch

TRIALS = {("alpha", name, 1): 2500 for name in ("router", "triage")}


def rows_of(seed: int, count: int, *, p: float = 0.1) -> list[StoredTally]:
    """Return rows of two components, with groups, late buckets, lags and an impossible tally."""
    rng = random.Random(seed)
    rows, ripe = [], 0
    for n in range(count):
        ripe += rng.choice((0, 0, 0, 400, 1000, 9000))
        at_risk = rng.randrange(6)
        newly_bad = sum(rng.random() < p for _ in range(at_risk))
        if rng.random() < 0.01:
            newly_bad = at_risk + 1
        rows.append(
            StoredTally(
                position=Position(ripe_ms=ripe, row=n + 1),
                tally=Tally(
                    run="r1",
                    phase="alpha",
                    component=rng.choice(("router", "triage")),
                    attempt=1,
                    series=rng.choice(("error_rate", "memory")),
                    arm=rng.choice((Arm.TREATMENT, Arm.CONTROL)),
                    bucket=ripe // 1000 - rng.choice((0, 0, 1, 40)),
                    seen=at_risk + 3,
                    bad=newly_bad,
                    subjects=at_risk,
                    subjects_bad=min(newly_bad, at_risk),
                    at_risk=at_risk,
                    newly_bad=newly_bad,
                    total=95.0 * (at_risk + 3),
                    writer="w1",
                    sequence=n,
                ),
            )
        )
    return rows


@pytest.fixture(scope="module")
def plan() -> Plan:
    from datetime import timedelta

    from phasegate.core.plan import (
        Comparison,
        Component,
        Condition,
        Metric,
        MetricKind,
        Phase,
        Predicate,
        Stage,
    )

    above = Condition(
        metric="error_rate", comparison=Comparison.ABOVE, bound=0.02, text="error_rate > 2%"
    )
    worse = Condition(
        metric="error_rate",
        comparison=Comparison.WORSE_THAN_CONTROL,
        margin=0.01,
        text="error_rate worse than control by 1%",
    )
    level = Condition(metric="memory", comparison=Comparison.ABOVE, bound=90.0, text="memory > 90%")
    return Plan(
        name="checkout",
        environment="production",
        author="Ada",
        metrics=(
            Metric(name="error_rate", kind=MetricKind.SHARE, bad=Predicate(field="error")),
            Metric(name="memory", kind=MetricKind.LEVEL, unit="%"),
        ),
        phases=(
            Phase(
                name="alpha",
                title="Alpha",
                lasts_least=timedelta(hours=1),
                lasts_most=timedelta(hours=2),
                components=tuple(
                    Component(name=name, flag=name, stages=(Stage(exposure=2500),))
                    for name in ("router", "triage")
                ),
                pass_when=(),
                roll_back_when=(above, worse, level),
            ),
        ),
    )


def looked_at(ledger: Ledger) -> Ledger:
    """Return the ledger after a turn has judged it, which settles all of its accounts."""
    for key in ledger.accounts:
        ledger.settled(key)
    return ledger


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 120), max_size=6))
def test_how_rows_are_cut_into_calls_changes_nothing(plan: Plan, seed: int, cuts) -> None:
    rows = rows_of(seed, 120)
    edges = [0, *sorted(cuts), 120]

    ledger = start()
    for a, b in pairwise(edges):
        ledger = looked_at(fold(plan, ledger, TRIALS, rows[a:b]))

    assert ledger == fold(plan, start(), TRIALS, rows)
    assert ledger.position == rows[-1].position


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(list(range(8))), newly=st.lists(st.integers(0, 3), min_size=8))
def test_the_order_of_rows_that_became_readable_together_changes_nothing(order, newly) -> None:
    from phasegate.core.judge.account import Account
    from phasegate.core.judge.setup import Setup
    from phasegate.core.judge.terms import Terms

    setup = Setup(terms=(Terms(allowed=0.02, margin=0.0, alpha=0.01, ticks=10),), block_s=30)

    def wealth(places: list[int]) -> list[float]:
        account = Account.opened(setup)
        for place in places:
            tally = Tally(
                run="r1",
                phase="alpha",
                component="router",
                attempt=1,
                series="error_rate",
                arm=Arm.TREATMENT if place % 2 else Arm.CONTROL,
                bucket=60,
                seen=3,
                bad=newly[place],
                at_risk=3,
                newly_bad=newly[place],
                writer="w1",
                sequence=place,
            )
            account.add(tally, 7, 2500)
        guard = account.capped().guards[0]
        assert guard.absolute is not None
        assert guard.system is not None
        return [
            guard.peak,
            *(part.log_total for part in (guard.relative, guard.absolute, guard.system)),
        ]

    assert wealth(order) == pytest.approx(wealth(list(range(8))), abs=1e-9)


EARLIER = {
    ("alpha", "router", 1): (
        Stretch(exposure=500, until=90.0),
        Stretch(exposure=1500, until=200.0),
    )
}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 120), max_size=6))
def test_how_late_rows_are_cut_into_calls_changes_nothing(plan: Plan, seed: int, cuts) -> None:
    rows = rows_of(seed, 120)
    edges = [0, *sorted(cuts), 120]

    ledger = start()
    for a, b in pairwise(edges):
        ledger = looked_at(fold(plan, ledger, TRIALS, rows[a:b], earlier=EARLIER))

    assert ledger == fold(plan, start(), TRIALS, rows, earlier=EARLIER)


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(list(range(12))), newly=st.lists(st.integers(0, 3), min_size=12))
@pytest.mark.parametrize("margin", [0.0, 0.05])
@pytest.mark.parametrize("graded", [False, True])
def test_rows_of_two_exposures_that_became_readable_together_have_no_order(
    order, newly, margin: float, graded: bool
) -> None:
    from phasegate.core.judge.account import Account
    from phasegate.core.judge.setup import Setup
    from phasegate.core.judge.terms import Terms

    terms = Terms(allowed=None, margin=margin, alpha=0.01, ticks=10, graded=graded)
    scale = (0.0, 1.0) if graded else None
    setup = Setup(terms=(terms,), block_s=30, arms=0.01, grace_s=0, scale=scale)

    def evidence(places: list[int]) -> list[float]:
        account = Account.opened(setup)
        for group in range(2):
            for place in places:
                tally = Tally(
                    run="r1",
                    phase="alpha",
                    component="router",
                    attempt=1,
                    series="error_rate",
                    arm=Arm.TREATMENT if place % 2 else Arm.CONTROL,
                    bucket=60,
                    seen=3,
                    bad=0 if graded else newly[place],
                    subjects=3,
                    subjects_bad=0 if graded else newly[place],
                    at_risk=3,
                    newly_bad=0 if graded else newly[place],
                    total=float(newly[place]),
                    writer="w1",
                    sequence=place,
                )
                account.add(tally, 7 + group, 2500, then=500 if place % 3 else None)
        account = account.settled()
        guard = account.guards[0]
        return [guard.peak, guard.relative.log_total, account.ratio.log_total]

    assert evidence(order) == pytest.approx(evidence(list(range(12))), abs=1e-9)


def test_folding_leaves_the_ledger_it_was_given_as_it_was(plan: Plan) -> None:
    rows = rows_of(1, 200)
    before = fold(plan, start(), TRIALS, rows[:100])

    fold(plan, before, TRIALS, rows[100:])

    assert before == fold(plan, start(), TRIALS, rows[:100])


def test_rows_out_of_order_are_refused(plan: Plan) -> None:
    rows = rows_of(1, 3)

    with pytest.raises(ValueError, match="does not follow"):
        fold(plan, start(), TRIALS, [rows[1], rows[0]])


def test_judging_changes_nothing(plan: Plan, noon) -> None:
    ledger = fold(plan, start(), TRIALS, rows_of(2, 200))

    first = judge_guards(plan, ledger, "alpha", {"router": 1, "triage": 1}, noon)

    assert judge_guards(plan, ledger, "alpha", {"router": 1, "triage": 1}, noon) == first
    assert ledger == fold(plan, start(), TRIALS, rows_of(2, 200))


def test_rows_of_an_unknown_phase_or_series_disturb_nothing(plan: Plan) -> None:
    row = rows_of(1, 1)[0]
    odd = StoredTally(
        position=Position(ripe_ms=1, row=1),
        tally=Tally(
            run="r1",
            phase="elsewhere",
            component="router",
            attempt=0,
            series="unheard",
            arm=Arm.CONTROL,
            bucket=1,
            seen=1,
            writer="w1",
            sequence=1,
        ),
    )

    ledger = fold(plan, start(), {}, [odd])

    assert ledger.position == Position(ripe_ms=1, row=1)
    assert row.tally.phase == "alpha"


def test_a_withdrawn_neighbour_leaves_the_innocent_without_a_charge(feed: Callable) -> None:
    trial = feed(components=("router", "triage"), alpha=0.002)
    for block in range(12):
        at = block * 30
        trial.people("treatment", 25, 8, at=at).people("control", 75, 0, at=at)
        for arm, n in (("treatment", 25), ("control", 75)):
            trial.people(arm, n, n // 12, at=at, component="triage")
    router, triage = trial.guards(router=1, triage=1)
    assert (router.accuses, triage.outcome, triage.accuses) == (True, Outcome.FAIL, False)

    trial.ledger = withdraw(trial.ledger, "alpha", "router")

    after = trial.guards(triage=1)[0]
    assert after.outcome is Outcome.PASS
    assert after.progress < 0.1
    assert trial.guards(router=1)[0].accuses


def test_withdrawing_also_gives_up_the_block_that_was_open(feed: Callable) -> None:
    trial = feed(components=("router", "triage"), alpha=0.002)
    for arm, n in (("treatment", 25), ("control", 75)):
        trial.people(arm, n, n, component="triage")
    trial.folded()

    trial.ledger = withdraw(trial.ledger, "alpha", "router")
    trial.people("treatment", 25, 0, at=60, component="triage")

    assert trial.guards(triage=1)[0].progress == 0.0


def test_a_tally_from_the_future_neither_ends_the_watch_nor_looks_fresh(feed: Callable) -> None:
    trial = feed(exposure=10_000).people("treatment", 50, 0)
    trial.tally("treatment", at=10**9, ripe=1000, seen=1)

    for block in range(1, 13):
        trial.people("treatment", 50, 10, at=block * 30)

    (verdict,) = trial.guards()
    assert verdict.outcome is Outcome.FAIL
    assert verdict.last_seen == trial.ledger.position.ripe_ms // 1000


def test_what_the_withdrawn_component_did_itself_still_stands(feed: Callable) -> None:
    trial = feed(components=("router", "triage"), alpha=0.002)
    for block in range(12):
        trial.people("treatment", 25, 5, at=block * 30).people("control", 75, 15, at=block * 30)
    before = trial.guards(router=1)[0]

    trial.ledger = withdraw(trial.ledger, "alpha", "router")

    assert trial.guards(router=1)[0] == before
    assert before.outcome is Outcome.FAIL
