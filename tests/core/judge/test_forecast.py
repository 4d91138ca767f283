from __future__ import annotations

from math import inf

import numpy as np
import pytest

from phasegate.core.judge.forecast import Traffic, smallest_harm, subjects_needed, subjects_shown
from phasegate.core.judge.terms import Terms
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.lanes import Lanes

TERMS = Terms(allowed=0.02, margin=0.0, alpha=0.001, ticks=240)
TRAFFIC = Traffic(exposure=1000, p0=0.005, per_block=10.0)


def found_within(terms: Terms, traffic: Traffic, p1: float, subjects: float) -> float:
    """Return the share of simulated trials that accuse within so many treated subjects."""
    rng, runs = np.random.default_rng(3), 300
    lanes = Lanes(terms, np.full(runs, traffic.exposure))
    s, came = traffic.exposure / 10_000, np.zeros(runs)
    hit = np.zeros(runs, bool)
    for tick in range(int(4 * subjects / traffic.per_block) + 20):
        for _ in range(10):
            treated = rng.poisson(traffic.per_block / 10, runs)
            control = rng.poisson(traffic.per_block / 10 * (1 - s) / s, runs)
            lanes.add(
                tick,
                Came.once_each(treated, rng.binomial(treated, p1)),
                Came.once_each(control, rng.binomial(control, traffic.p0)),
            )
            came += treated
            hit |= lanes.accusing() & (came <= subjects)
    return float(hit.mean())


@pytest.mark.parametrize("p1", [0.05, 0.2, 1.0])
def test_a_forecast_sample_is_enough_in_about_nine_of_ten_trials(p1: float) -> None:
    subjects = subjects_needed(TERMS, TRAFFIC, p1)

    assert 0.82 <= found_within(TERMS, TRAFFIC, p1, subjects) <= 1.0
    assert found_within(TERMS, TRAFFIC, p1, 0.6 * subjects) < 0.85


def test_without_control_the_absolute_part_is_foreseen() -> None:
    terms = Terms(allowed=0.02, margin=0.0, alpha=0.001, ticks=240, compared=False)
    everybody = Traffic(exposure=10_000, p0=0.005, per_block=100.0)

    subjects = subjects_needed(terms, everybody, 0.06)

    assert 0.82 <= found_within(terms, everybody, 0.06, subjects) <= 1.0


def test_harm_within_the_bound_is_never_found() -> None:
    assert subjects_needed(TERMS, TRAFFIC, 0.02) == inf


def test_the_smallest_harm_needs_just_the_subjects_there_are() -> None:
    harm = smallest_harm(TERMS, TRAFFIC, 400)

    assert harm is not None
    assert subjects_needed(TERMS, TRAFFIC, harm) == pytest.approx(400, rel=0.01)


def test_too_few_subjects_show_no_harm_at_all() -> None:
    assert smallest_harm(TERMS, TRAFFIC, 3) is None


@pytest.mark.parametrize(("bound", "subjects"), [(0.05, 82), (0.02, 207)])
def test_a_gate_without_a_miss_needs_what_its_bets_need(bound: float, subjects: int) -> None:
    assert subjects_shown(bound, 0.05, 0.0) == subjects


def test_a_share_at_the_bound_is_never_shown_to_be_below_it() -> None:
    assert subjects_shown(0.02, 0.05, 0.02) == inf
