from __future__ import annotations

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.core.judge import blocks


def test_a_block_without_failure_costs_each_bet_its_stake() -> None:
    gains = blocks.increments(0.02, at_risk=50, newly_bad=0)

    assert gains == pytest.approx([log(1 - stake) for stake in (0.03, 0.10, 0.30, 0.95)])


def test_a_block_exactly_at_its_bound_changes_nothing() -> None:
    assert blocks.increments(0.02, at_risk=50, newly_bad=1) == pytest.approx([0.0] * 4)


@given(bound=st.floats(0.001, 0.5), n=st.integers(1, 200))
def test_no_bet_gains_on_average_when_a_block_fails_all_at_once(bound: float, n: int) -> None:
    storm = [exp(gain) for gain in blocks.increments(bound, at_risk=n, newly_bad=n)]
    calm = [exp(gain) for gain in blocks.increments(bound, at_risk=n, newly_bad=0)]

    for high, low in zip(storm, calm, strict=True):
        assert bound * high + (1 - bound) * low <= 1 + 1e-9


def test_a_bound_of_zero_is_finite() -> None:
    assert blocks.increments(0.0, at_risk=10, newly_bad=1)[3] > log(1000)
