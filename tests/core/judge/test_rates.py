from __future__ import annotations

import json
from datetime import timedelta
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.core.evidence import Arm, Outcome, Tally
from phasegate.core.judge import rates
from phasegate.core.judge.cases import high_of
from phasegate.core.judge.rules import guard_rules
from phasegate.core.judge.shown import Seen
from phasegate.core.plan import Comparison, Condition, Metric, MetricKind, Phase, Plan

SCIPY = json.loads((Path(__file__).parents[2] / "vectors" / "statistics.json").read_text())


def seen(time: int, events: int) -> Seen:
    return Seen(seen=time, bad=events, subjects=time + events, subjects_bad=events)


@pytest.mark.parametrize("known", SCIPY["gamma_mixture"])
def test_the_mixture_over_a_gamma_prior_is_its_integral(known: dict) -> None:
    found = rates.log_mixed(known["events"], known["time"], known["rate"])

    assert found == pytest.approx(known["log"], abs=1e-7)


@pytest.mark.parametrize("known", SCIPY["rate_interval"])
def test_the_interval_ends_where_the_mixture_reaches_one_over_alpha(known: dict) -> None:
    found = rates.interval(known["events"], known["time"], known["alpha"])

    assert found == pytest.approx((known["low"], known["high"]), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("known", SCIPY["poisson_bet"])
def test_a_bet_is_a_ratio_of_poisson_likelihoods(known: dict) -> None:
    found = rates.log_bet(known["events"], known["time"], known["rate"], known["ratio"])

    assert found == pytest.approx(known["log"])


def test_without_an_event_the_interval_has_a_closed_form() -> None:
    """ln(20) + ln(1 + t/10)/2 over t blocks."""
    _, high = rates.interval(0, 100, 0.05)

    assert high == pytest.approx((log(20) + log(11) / 2) / 100)


def test_before_anybody_was_present_nothing_is_known() -> None:
    assert rates.interval(0, 0, 0.05) == (0.0, 1.0)


@given(rate=st.floats(0.001, 0.5), ratio=st.floats(0.05, 4.0))
def test_a_block_of_presence_is_at_best_fair_at_the_bound(rate: float, ratio: float) -> None:
    """One event with the chance `rate`: 1 + rate * (ratio - 1) <= exp(rate * (ratio - 1))."""
    expected = (1 - rate) * exp(rates.log_bet(0, 1, rate, ratio)) + rate * exp(
        rates.log_bet(1, 1, rate, ratio)
    )

    assert expected <= 1 + 1e-12


def test_a_gate_shows_a_low_rate_after_enough_presence() -> None:
    assert rates.shown(seen(50, 0), 0.01, 0.05).outcome is Outcome.INCONCLUSIVE
    assert rates.shown(seen(600, 0), 0.01, 0.05).outcome is Outcome.PASS
    assert rates.shown(seen(600, 20), 0.01, 0.05).outcome is Outcome.FAIL


def test_a_subject_with_many_events_keeps_the_gate_closed() -> None:
    one = Seen(seen=600, bad=9, subjects=601, subjects_bad=1)

    assert rates.shown(one, 0.01, 0.05).outcome is not Outcome.PASS


def test_a_gate_says_how_much_more_presence_it_needs() -> None:
    verdict = rates.shown(seen(100, 0), 0.01, 0.05)

    assert verdict.needed is not None
    assert 200 <= verdict.needed <= 500


def test_more_events_never_give_a_milder_verdict() -> None:
    rank = {Outcome.PASS: 0, Outcome.INCONCLUSIVE: 1, Outcome.FAIL: 2}

    found = [rank[rates.shown(seen(900, n), 0.01, 0.05).outcome] for n in range(40)]

    assert found == sorted(found)
    assert set(found) == {0, 1, 2}


def test_a_gate_at_its_bound_opens_wrongly_within_its_error_at_all_looks() -> None:
    rng, runs, bound = np.random.default_rng(5), 600, 0.02
    opened = np.zeros(runs, bool)
    events = np.zeros(runs, int)
    for look in range(1, 100):
        events += rng.binomial(20, bound, runs)
        for run in np.flatnonzero(~opened):
            opened[run] = (
                rates.shown(seen(look * 20, int(events[run])), bound, 0.05).outcome is Outcome.PASS
            )

    assert high_of(int(opened.sum()), runs, 0.95) <= 0.05


def test_the_interval_holds_the_rate_at_all_looks_together() -> None:
    rng, runs, rate = np.random.default_rng(6), 200, 0.03
    missed = np.zeros(runs, bool)
    events = np.zeros(runs, int)
    for look in range(1, 80):
        events += rng.binomial(15, rate, runs)
        for run in range(runs):
            low, high = rates.interval(int(events[run]), look * 15, 0.05)
            missed[run] |= not low <= rate <= high

    assert high_of(int(missed.sum()), runs, 0.95) <= 0.05 + 0.02


def test_a_tally_counts_presence_and_first_events() -> None:
    tally = Tally(
        run="r1",
        phase="alpha",
        component="router",
        attempt=1,
        series="falls",
        arm=Arm.TREATMENT,
        bucket=0,
        seen=40,
        bad=5,
        subjects=12,
        subjects_bad=1,
        at_risk=18,
        newly_bad=2,
        again_bad=1,
        writer="w1",
        sequence=1,
    )

    assert rates.part(tally) == (18, 5, 18, 2, 18, 2, 1)


@pytest.mark.parametrize(("bound", "judged"), [(59.0, True), (60.0, False), (120.0, False)])
def test_a_bound_that_no_block_can_pass_is_refused(bound: float, judged: bool) -> None:
    """Heard before their event, everybody is at risk twice: one event each is half of all."""
    guard = Condition(
        text=f"falls > {bound:g}/h", metric="falls", comparison=Comparison.ABOVE, bound=bound
    )
    plan = Plan(
        name="ward",
        environment="production",
        author="Ada",
        metrics=(Metric(name="falls", kind=MetricKind.RATE, event="fall"),),
        phases=(
            Phase(
                name="alpha",
                title="Alpha",
                lasts_least=timedelta(hours=1),
                lasts_most=timedelta(hours=2),
                components=(),
                pass_when=(),
                roll_back_when=(guard,),
            ),
        ),
    )

    (rule,) = guard_rules(plan, plan.phases[0])

    assert (not rule.problem) is judged
