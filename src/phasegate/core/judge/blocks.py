"""The absolute and the system guard: is the bad share of consecutive blocks above its bound?

X is the share of newly bad among the subjects at risk in one block; every bet multiplies its
capital by 1 + l·(X - bound). It needs only that the mean of X given the past is at most the bound,
so a storm inside a block, where events are far from independent, breaks no guarantee.

Some bets play all the time. Others are called by the block before: they stake nothing while blocks
are healthy, so that hours of health cost them nothing, and most of what they have once a block was
far beyond the bound. A stake that depends on the past alone keeps the guarantee, and so a gross
outage is found a block after it began, whenever it begins.

Source: Waudby-Smith & Ramdas 2023 (betting on means of bounded observations, predictable stakes).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log1p

STAKES = (0.03, 0.10, 0.30, 0.95)
"""What each bet that plays all the time loses in a block without a bad event."""

WEIGHTS = (0.14, 0.14, 0.14, 0.14)

LEAST_BOUND = 1e-6
"""A bound of zero is judged as one in a million, so that the stakes stay finite."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """A bet that waits. It stakes so much of its capital while the block before was this bad.

    times    how many times its bound that block's share was at least;
    or       or this share, where so many times the bound is more.
    """

    times: float
    or_share: float
    stake: float

    def wakes_at(self, bound: float) -> float:
        """Return the share of the block before from which on the bet stakes anything."""
        return max(bound, min(self.times * bound, self.or_share))


WAITING = (
    Called(times=3, or_share=0.5, stake=0.5),
    Called(times=8, or_share=0.5, stake=0.95),
)

WAITING_WEIGHTS = (0.14, 0.30)

LEAST_BAD = 3
"""Fewer newly bad subjects than this call nobody: in a thin block they are chance."""


def increments(bound: float, *, at_risk: int, newly_bad: float, before: float) -> tuple[float, ...]:
    """Return each bet's log increment for one closed block; at_risk must be above 0.

    before  what `alarm` said of the block before.
    """
    bound = max(bound, LEAST_BOUND)
    excess = min(newly_bad, at_risk) / at_risk / bound - 1
    always = (log1p(stake * excess) for stake in STAKES)
    called = (
        log1p(bet.stake * excess) if before >= bet.wakes_at(bound) else 0.0 for bet in WAITING
    )
    return (*always, *called)


def alarm(*, at_risk: int, newly_bad: float) -> float:
    """Return a block's bad share as it calls waiting bets; 0 where too few are bad to tell."""
    return min(1.0, newly_bad / at_risk) if newly_bad >= LEAST_BAD and at_risk > 0 else 0.0
