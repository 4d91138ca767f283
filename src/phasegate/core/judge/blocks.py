"""The absolute and the system guard: is the bad share of consecutive blocks above its bound?

X is the share of newly bad among the subjects at risk in one block; every bet multiplies its
capital by 1 + l·(X - bound). It needs only that the mean of X given the past is at most the bound,
so a storm inside a block, where events are far from independent, breaks no guarantee.

Source: Waudby-Smith & Ramdas 2023 (betting on means of bounded observations).
"""

from __future__ import annotations

from math import log1p

STAKES = (0.03, 0.10, 0.30, 0.95)
"""What each bet loses in a block without a bad event."""

WEIGHTS = (0.25, 0.25, 0.25, 0.25)

LEAST_BOUND = 1e-6
"""A bound of zero is judged as one in a million, so that the stakes stay finite."""


def increments(bound: float, *, at_risk: int, newly_bad: int) -> tuple[float, ...]:
    """Return each bet's log increment for one closed block; at_risk must be above 0."""
    excess = newly_bad / at_risk / max(bound, LEAST_BOUND) - 1
    return tuple(log1p(stake * excess) for stake in STAKES)
