"""Exact intervals for shares (Clopper and Pearson 1934), by bisection on binomial tails."""

from __future__ import annotations

from collections.abc import Callable
from math import comb


def lower(good: int, all: int, confidence: float = 0.95) -> float:
    """Return the one-sided lower bound of a share; 0 where nothing was good."""
    if good == 0:
        return 0.0
    return _bisect(lambda share: _at_least(good, all, share), 1 - confidence)


def upper(good: int, all: int, confidence: float = 0.95) -> float:
    """Return the one-sided upper bound of a share; 1 where all was good."""
    return 1 - lower(all - good, all, confidence)


def _at_least(good: int, all: int, share: float) -> float:
    return sum(
        comb(all, count) * share**count * (1 - share) ** (all - count)
        for count in range(good, all + 1)
    )


def _bisect(rising: Callable[[float], float], target: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < target else (low, middle)
    return low
