from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.core.judge.cases import high_of
from phasegate.core.judge.interval import interval


def test_before_anything_is_seen_everything_is_possible() -> None:
    assert interval(0, 0, 0.05) == (0.0, 1.0)


@given(n=st.integers(1, 5000), part=st.floats(0, 1), alpha=st.floats(1e-6, 0.2))
def test_the_estimate_lies_inside(n: int, part: float, alpha: float) -> None:
    bad = int(part * n)

    low, high = interval(bad, n, alpha)

    assert 0 <= low <= bad / n <= high <= 1


def test_more_certainty_asks_for_a_wider_interval() -> None:
    narrow, wide = interval(20, 400, 0.05), interval(20, 400, 0.001)

    assert wide[0] < narrow[0] < 0.05 < narrow[1] < wide[1]


def test_no_failure_in_a_thousand_bounds_the_share_above() -> None:
    low, high = interval(0, 1000, 0.05)

    assert low == 0.0
    assert high == pytest.approx(0.0070, abs=0.0003)


def test_it_holds_at_every_look_together() -> None:
    missed, runs = 0, 300
    for seed in range(runs):
        rng, bad = random.Random(seed), 0
        for n in range(1, 301):
            bad += rng.random() < 0.1
            low, high = interval(bad, n, 0.05) if n % 10 == 0 else (0.0, 1.0)
            if not low <= 0.1 <= high:
                missed += 1
                break

    assert high_of(missed, runs, 0.95) <= 0.05
