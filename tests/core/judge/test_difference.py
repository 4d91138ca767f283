from __future__ import annotations

from math import exp, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.core.judge import difference


def test_without_a_margin_it_is_the_share_test() -> None:
    s, q = 0.1, 6 * 0.1 / (6 * 0.1 + 0.9)

    well, ill, spared = difference.factors(1000, 0.0)[2]

    assert (well, ill, spared) == pytest.approx((0.0, log(q / s), log((1 - q) / (1 - s))))


@given(
    exposure=st.integers(1, 9999),
    margin=st.floats(0, 0.5),
    p0=st.floats(0, 1),
    gap=st.floats(0, 1),
)
def test_no_bet_gains_on_average_while_treatment_is_within_the_margin(
    exposure, margin, p0, gap
) -> None:
    s, p1 = exposure / 10_000, min(1.0, p0 + margin * gap)

    for well, ill, spared in difference.factors(exposure, margin):
        bad1, bad0 = s * p1, (1 - s) * p0
        mean = (1 - bad1 - bad0) * exp(well) + bad1 * exp(ill) + bad0 * exp(spared)
        assert mean <= 1 + 1e-9


def test_increments_are_linear_in_the_counts() -> None:
    one = difference.increments(2500, 0.01, not_bad=1, treated=2, control=3)
    ten = difference.increments(2500, 0.01, not_bad=10, treated=20, control=30)

    assert ten == pytest.approx([10 * value for value in one])


@pytest.mark.parametrize("exposure", [0, 10_000])
def test_without_a_control_nothing_is_learned(exposure: int) -> None:
    assert difference.increments(exposure, 0.0, not_bad=5, treated=9, control=0) == (0.0,) * 5
