from __future__ import annotations

from math import comb

import pytest

from phasegate.core.evidence import Outcome
from phasegate.core.judge.cases import at_most, high_of, judge_cases


@pytest.mark.parametrize(("n", "bound"), [(59, 0.05), (149, 0.02), (299, 0.01)])
def test_the_published_least_number_of_cases_without_a_miss_shows_it(n: int, bound: float) -> None:
    assert judge_cases(n, 0, bound, 0.95).outcome is Outcome.PASS
    assert judge_cases(n - 1, 0, bound, 0.95).outcome is Outcome.INCONCLUSIVE


def test_many_misses_show_the_opposite() -> None:
    assert judge_cases(100, 20, 0.05, 0.95).outcome is Outcome.FAIL


@pytest.mark.parametrize(("n", "bad"), [(0, 0), (-1, 0), (10, 11), (10, -1)])
def test_nothing_or_the_impossible_is_invalid(n: int, bad: int) -> None:
    assert judge_cases(n, bad, 0.05, 0.95).outcome is Outcome.INVALID


@pytest.mark.parametrize(("bad", "n", "p"), [(0, 5, 0.1), (3, 20, 0.2), (40, 90, 0.5)])
def test_the_binomial_tail_is_exact(bad: int, n: int, p: float) -> None:
    exact = sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(bad + 1))

    assert at_most(bad, n, p) == pytest.approx(exact, rel=1e-10)


def test_the_upper_bound_is_where_so_few_would_be_a_chance_of_five_percent() -> None:
    high = high_of(3, 100, 0.95)

    assert high == pytest.approx(0.0757, abs=5e-5)
    assert at_most(3, 100, high) == pytest.approx(0.05, rel=1e-6)


def test_a_million_cases_are_judged_too() -> None:
    assert high_of(3000, 1_000_000, 0.95) == pytest.approx(0.00309, abs=1e-5)
