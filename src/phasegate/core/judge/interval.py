"""A running confidence interval for a share: it holds at every look, however often one looks.

A share p is inside while the likelihood, mixed over a Beta(1/2, 1/2) prior, is less than 1/alpha
times the likelihood at p: the mixture ratio is a martingale under p.

Source: Robbins 1970 (statistical methods related to the law of the iterated logarithm).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import lgamma, log

STEPS = 60
PRIOR = 0.5


@lru_cache(4096)
def interval(bad: float, n: int, alpha: float) -> tuple[float, float]:
    """Return (low, high) of the bad share; (0, 1) before anything was seen or without a budget."""
    if n <= 0 or alpha <= 0:
        return 0.0, 1.0
    mixed = _log_beta(bad + PRIOR, n - bad + PRIOR) - _log_beta(PRIOR, PRIOR)

    good, least = n - bad, -log(alpha)

    def inside(p: float) -> bool:
        # A thousand guards ask this a hundred times each in a turn: no call within it.
        if (bad and p <= 0) or (good and p >= 1):
            return False
        seen = (bad * log(p) if bad else 0.0) + (good * log(1 - p) if good else 0.0)
        return mixed - seen < least

    estimate = bad / n
    return edge(inside, estimate, 0.0), edge(inside, estimate, 1.0)


def edge(inside: Callable[[float], bool], within: float, outside: float) -> float:
    """Return where an interval ends that holds `within`, on the way to `outside`."""
    if within == outside or inside(outside):
        return outside
    for _ in range(STEPS):
        middle = (within + outside) / 2
        if inside(middle):
            within = middle
        else:
            outside = middle
    return outside


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
