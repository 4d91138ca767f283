from __future__ import annotations

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.core.judge import blocks


def test_a_block_without_failure_costs_each_bet_its_stake() -> None:
    gains = blocks.increments(0.02, at_risk=50, newly_bad=0, before=0.0)

    assert gains == pytest.approx([log(1 - stake) for stake in (0.03, 0.10, 0.30, 0.95)] + [0, 0])


def test_a_block_exactly_at_its_bound_changes_nothing() -> None:
    assert blocks.increments(0.02, at_risk=50, newly_bad=1, before=0.0) == pytest.approx([0.0] * 6)


@given(
    bound=st.floats(0.001, 0.5),
    n=st.integers(1, 200),
    before=st.sampled_from([0.0, 0.05, 0.3, 1.0]),
)
def test_no_bet_gains_on_average_when_a_block_fails_all_at_once(
    bound: float, n: int, before: float
) -> None:
    storm = [exp(gain) for gain in blocks.increments(bound, at_risk=n, newly_bad=n, before=before)]
    calm = [exp(gain) for gain in blocks.increments(bound, at_risk=n, newly_bad=0, before=before)]

    for high, low in zip(storm, calm, strict=True):
        assert bound * high + (1 - bound) * low <= 1 + 1e-9


def test_a_bound_of_zero_is_finite() -> None:
    assert blocks.increments(0.0, at_risk=10, newly_bad=1, before=0.0)[3] > log(1000)


def test_a_bet_that_waits_stakes_nothing_until_a_block_was_far_beyond_its_bound() -> None:
    *_, early, late = blocks.increments(0.02, at_risk=50, newly_bad=50, before=0.059)

    assert (early, late) == (0.0, 0.0)


def test_a_gross_block_calls_every_bet_that_waits() -> None:
    *_, early, late = blocks.increments(0.02, at_risk=50, newly_bad=50, before=0.16)

    assert (early, late) == pytest.approx((log(1 + 0.5 * 49), log(1 + 0.95 * 49)))


def test_two_bad_subjects_of_three_call_nobody() -> None:
    assert blocks.alarm(at_risk=3, newly_bad=2) == 0.0
    assert blocks.alarm(at_risk=4, newly_bad=3) == 0.75


def test_more_newly_bad_than_at_risk_is_everybody() -> None:
    gains = blocks.increments(0.02, at_risk=4, newly_bad=5, before=0.0)

    assert gains == blocks.increments(0.02, at_risk=4, newly_bad=4, before=0.0)
