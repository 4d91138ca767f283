"""Labelled cases: what a file of cases that was run once shows about the share of right answers.

Exact one-sided bounds: no approximation at small counts or at no miss at all.

Source: Clopper & Pearson 1934; the incomplete beta by its continued fraction (Lentz 1976).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, lgamma, log, log1p

from phasegate.core.evidence import Outcome

STEPS = 200
TINY = 1e-300


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseVerdict:
    """Outcome with the one-sided bounds of the bad share, each at the asked confidence."""

    outcome: Outcome
    low: float = 0.0
    high: float = 1.0


def judge_cases(exercised: int, bad: int, bound: float, confidence: float) -> CaseVerdict:
    """Say whether the bad share is shown to be below `bound`, or above it.

    INVALID when nothing was exercised or the counts are impossible.
    """
    if exercised <= 0 or not 0 <= bad <= exercised:
        return CaseVerdict(outcome=Outcome.INVALID)
    low = 1 - high_of(exercised - bad, exercised, confidence)
    high = high_of(bad, exercised, confidence)
    outcome = Outcome.INCONCLUSIVE
    if high < bound:
        outcome = Outcome.PASS
    elif low > bound:
        outcome = Outcome.FAIL
    return CaseVerdict(outcome=outcome, low=low, high=high)


def high_of(bad: int, n: int, confidence: float) -> float:
    """Return the upper bound of a share: where seeing so few has the chance 1 - confidence."""
    if bad >= n:
        return 1.0
    if bad == 0:
        return -expm1(log(1 - confidence) / n)
    low, high = bad / n, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if at_most(bad, n, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def at_most(bad: int, n: int, p: float) -> float:
    """Return the chance that a binomial count of n at share p is at most `bad`."""
    if bad >= n:
        return 1.0
    return incomplete_beta(n - bad, bad + 1, 1 - p)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Evaluate the continued fraction of I_x(a, b), by the modified method of Lentz."""
    c, d = 1.0, _inverse(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 100_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = _inverse(1 + term * d)
            c = 1 + term / c if abs(c) > TINY else TINY
            change = c * d
            value *= change
        if abs(change - 1) < 1e-14:
            break
    return value


def _inverse(value: float) -> float:
    return 1 / (value if abs(value) > TINY else TINY)
