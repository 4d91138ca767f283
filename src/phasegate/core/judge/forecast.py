"""How many treated subjects a guard or a gate will need: foreseen before anybody comes.

Each bet's log capital is taken for a random walk with the drift and the variance that one treated
subject adds to it, control's included. It has passed its barrier with probability q after N
subjects where N·drift - z(q)·sqrt(N·variance) = barrier; a guard needs the least N of its bets.
An approximation: a test holds it against simulation.

Source: Wald 1945 (random walks against a barrier); statistics of the bets as in their own modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, exp, inf, lgamma, log, log1p, sqrt

from phasegate.core.judge import blocks, difference, means
from phasegate.core.judge.bets import AT_START
from phasegate.core.judge.shown import BELOW, Seen, shown
from phasegate.core.judge.terms import ABSOLUTE, RELATIVE, Terms
from phasegate.core.plan import EVERYONE

SURE = 0.9
"""Probability with which a forecast holds."""

Z = 1.2815515655446004
"""The standard normal quantile of SURE."""

MOST = 10**9
"""More subjects than this are never."""


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Who comes while a guard watches.

    exposure   basis points.   p0  bad share in control.
    per_block  treated subjects that come in one block.
    """

    exposure: int
    p0: float
    per_block: float


def subjects_needed(terms: Terms, traffic: Traffic, p1: float) -> float:
    """Return how many treated subjects come before a guard accuses, at a bad share p1 in treatment.

    inf where it never would: within the bound or the margin.
    """
    if terms.allowed is not None and p1 <= terms.allowed:
        return inf
    return min((*_relative(terms, traffic, p1), *_absolute(terms, traffic, p1)), default=inf)


def smallest_harm(terms: Terms, traffic: Traffic, subjects: float) -> float | None:
    """Return the smallest bad share that is found within so many treated subjects; None: none."""
    low = terms.allowed if terms.allowed is not None else min(1.0, traffic.p0 + terms.margin)
    high = 1.0
    if subjects_needed(terms, traffic, high) > subjects:
        return None
    for _ in range(30):
        middle = (low + high) / 2
        if subjects_needed(terms, traffic, middle) <= subjects:
            high = middle
        else:
            low = middle
    return high


def subjects_shown(bound: float, beta: float, p: float) -> float:
    """Return after how many subjects a gate shows that the bad share p is below its bound."""
    if p >= bound:
        return inf
    if p <= 0:
        return _shown_without_a_miss(bound, beta)
    barrier = -log(beta) + log(len(BELOW))
    bets = ((log(m), log((1 - m * bound) / (1 - bound))) for m in BELOW)
    return min(
        _crossing(barrier, p * bad + (1 - p) * good, p * (1 - p) * (bad - good) ** 2)
        for bad, good in bets
    )


def _relative(terms: Terms, traffic: Traffic, p1: float) -> Iterator[float]:
    if not 0 < traffic.exposure < EVERYONE or RELATIVE not in terms.weights:
        return
    if terms.graded:
        yield from _of_means(terms, traffic, p1)
        return
    s = traffic.exposure / EVERYONE
    control = (1 - s) / s
    rates = ((1 - p1) + control * (1 - traffic.p0), p1, control * traffic.p0)
    table = difference.factors(traffic.exposure, terms.margin)
    for weight, gains in zip(difference.WEIGHTS, table, strict=True):
        drift = sum(rate * gain for rate, gain in zip(rates, gains, strict=True))
        variance = sum(rate * gain**2 for rate, gain in zip(rates, gains, strict=True))
        barrier = terms.threshold(RELATIVE) - log(weight * AT_START)
        # However lucky, so many bad subjects must have come.
        yield max(_crossing(barrier, drift, variance), ceil(barrier / gains[1]) / p1)


def _of_means(terms: Terms, traffic: Traffic, p1: float) -> Iterator[float]:
    """Forecast a mean's bets on batches in which the rarer arm has one value."""
    s = traffic.exposure / EVERYONE
    treated, control = max(1.0, s / (1 - s)), max(1.0, (1 - s) / s)
    least, most = sorted((treated, control))
    rough = (least + most) ** 2 / (least * most**2)
    spread = _variance(p1) / treated + _variance(traffic.p0) / control
    apart = p1 - traffic.p0 - terms.margin
    mean, square = apart / (1 + terms.margin), (spread + apart**2) / (1 + terms.margin) ** 2
    walks = [
        *((stake * mean - stake**2 * square / 2, stake**2 * square) for stake in means.STAKES),
        *(
            ((4 * d * apart - 2 * d**2) / rough, (4 * d / rough) ** 2 * spread)
            for d in means.SHIFTS
        ),
    ]
    for weight, (drift, variance) in zip(means.WEIGHTS, walks, strict=True):
        barrier = terms.threshold(RELATIVE) - log(weight * AT_START)
        yield treated * _crossing(barrier, drift, variance)


def _variance(share: float) -> float:
    return share * (1 - share) / means.STEPS


def _absolute(terms: Terms, traffic: Traffic, p1: float) -> Iterator[float]:
    if terms.allowed is None or ABSOLUTE not in terms.weights:
        return
    n, steps = max(1, round(traffic.per_block)), means.STEPS if terms.graded else 1
    bound = max(terms.allowed, blocks.LEAST_BOUND)
    for weight, stake in zip(blocks.WEIGHTS, blocks.STAKES, strict=True):
        barrier = terms.threshold(ABSOLUTE) - log(weight * AT_START)
        yield n * _whole_blocks(_crossing(barrier, *_moments(n * steps, p1, bound, stake)))
    for weight, bet in zip(blocks.WAITING_WEIGHTS, blocks.WAITING, strict=True):
        least = max(blocks.LEAST_BAD, ceil(bet.wakes_at(bound) * n - 1e-9))
        called = sum(_binomial(n * steps, p1)[least * steps :])
        drift, variance = _moments(n * steps, p1, bound, bet.stake)
        barrier = terms.threshold(ABSOLUTE) - log(weight)
        if called > 0:
            rest = called * variance + called * (1 - called) * drift**2
            yield n * (1 + _whole_blocks(_crossing(barrier, called * drift, rest)))


def _whole_blocks(count: float) -> float:
    return count if count == inf else ceil(count)


@lru_cache(maxsize=4096)
def _moments(n: int, p: float, bound: float, stake: float) -> tuple[float, float]:
    """Return mean and variance of a bet's log increment for a block of n subjects."""
    chances = _binomial(n, p)
    gains = [log1p(stake * (bad / n / bound - 1)) for bad in range(n + 1)]
    mean = sum(chance * gain for chance, gain in zip(chances, gains, strict=True))
    square = sum(chance * gain**2 for chance, gain in zip(chances, gains, strict=True))
    return mean, max(0.0, square - mean**2)


@lru_cache(maxsize=256)
def _binomial(n: int, p: float) -> tuple[float, ...]:
    if p >= 1:
        return (*(0.0 for _ in range(n)), 1.0)
    top = lgamma(n + 1)
    return tuple(
        exp(top - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log(1 - p))
        for k in range(n + 1)
    )


def _crossing(barrier: float, drift: float, variance: float) -> float:
    """Return after how many steps a walk has passed a barrier with probability SURE."""
    if drift <= 0:
        return inf
    root = (Z * sqrt(variance) + sqrt(Z**2 * variance + 4 * drift * barrier)) / (2 * drift)
    return root**2 if root**2 < MOST else inf


def _shown_without_a_miss(bound: float, beta: float) -> float:
    low, high = 0, 1
    while not _passes(high, bound, beta):
        low, high = high, high * 2
        if high > MOST:
            return inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _passes(middle, bound, beta) else (middle, high)
    return float(high)


def _passes(n: int, bound: float, beta: float) -> bool:
    verdict = shown(Seen(seen=n, bad=0, subjects=n, subjects_bad=0), bound, beta)
    return verdict.progress >= 1
