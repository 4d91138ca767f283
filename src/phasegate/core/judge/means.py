"""Means on a scale, like ratings of 1 to 5: is treatment's mean worse than control's?

One value for each subject. The badness b of a value is its distance from the scale's good end as a
part of the scale, so that it lies in 0..1 and its mean is judged as a bad share is. All that
bounds a bad share holds for a mean of such b as well: a bet that is fair for a coin is at best
fair for anything between its two sides (Hoeffding 1963). Gates, intervals and blocks rest on that.

Against control a mean has bets of its own. A batch is what came until both arms have a value, and
its difference D of the arms' means is 0 on average where treatment does no harm, however many of
each arm came, who answers how often, and which sender tells of which arm. With y = D - margin:

- `log(1 + l y)` never loses everything, and gains most where a batch is small, since values that
  hardly vary prove more than coins do.
- `(4 d y - 2 d^2) / r` with r = (m + M)^2 / (m M^2) for the smaller arm's m and the larger one's M
  is Hoeffding's bet on a shift of d. It gains the more the more come at once, and is fair whatever
  the values are, as they are drawn without replacement from those of the batch (theorem 4).

A quantile's distribution is compared in the same way, among others: its badness is the share of its
cuts that a subject's first value is beyond.

Source: Waudby-Smith & Ramdas 2023 (betting on bounded means); Hoeffding 1963.
"""

from __future__ import annotations

from math import log1p

from phasegate.core.evidence import Tally
from phasegate.core.judge.counts import Block, Part
from phasegate.core.plan import EVERYONE

STAKES = (0.05, 0.2, 0.5, 0.95)
"""What each bet on a batch stakes of the most that can never lose everything."""

SHIFTS = (0.04, 0.12, 0.3)
"""How much worse than control's each of the other bets has treatment's mean."""

WEIGHTS = (1 / 7,) * 7
"""Of the bets on batches, then of those on shifts."""

STEPS = 4
"""A forecast takes a value for the mean of so many coins, as answers on five steps are."""


def part(tally: Tally, ends: tuple[float, float]) -> Part:
    """Return what a tally of a mean counts as. ends: the scale's good and bad end.

    Its total is the sum of the values that are their subject's first.
    """
    good, bad = ends
    badness = (tally.total - good * tally.subjects) / (bad - good)
    worst = min(max(badness, 0.0), float(tally.subjects))
    n = tally.subjects
    return Part(n, worst, n, worst, n, worst, 0)


def rung(tally: Tally, ladder: tuple[str, ...]) -> Part:
    """Return what a tally of one cut adds to the mean share of all cuts that values are beyond.

    Each cut has a tally of the same subjects, who are counted once, with the lowest.
    """
    n = tally.subjects if tally.series == ladder[0] else 0
    worse = tally.subjects_bad / len(ladder)
    return Part(n, worse, n, worse, n, worse, 0)


def fault(tally: Tally, ends: tuple[float, float]) -> str:
    """Say what is impossible about a tally of a mean; empty if nothing is.

    What it counts as bad lies outside the scale: a value in another unit would look like health.
    """
    low, high = min(ends), max(ends)
    where = f"writer {tally.writer}, sequence {tally.sequence}"
    if tally.bad:
        return f"{where} has {tally.bad} of {tally.seen} values outside {low:g} to {high:g}"
    spare = 1e-9 * max(abs(low), abs(high)) * tally.subjects
    if low * tally.subjects - spare <= tally.total <= high * tally.subjects + spare:
        return ""
    return (
        f"{where} sums {tally.subjects} values to {tally.total:g}, which {low:g} to {high:g} cannot"
    )


def increments(exposure: int, margin: float, batch: Block) -> tuple[float, ...]:
    """Return each bet's log increment for a batch of values.

    All zero where one arm has no value, and for sums that cannot be: nothing can be compared then.
    """
    if not 0 < exposure < EVERYONE or not whole(batch) or not _possible(batch):
        return (0.0,) * len(WEIGHTS)
    apart = batch.treated_bad / batch.treated - batch.control_bad / batch.control - margin
    least_n, most_n = sorted((batch.treated, batch.control))
    rough = batch.at_risk**2 / (least_n * most_n**2)
    least = max(apart / (1 + margin), -1.0)  # no less but by rounding
    return (
        *(log1p(stake * least) for stake in STAKES),
        *((4 * shift * apart - 2 * shift**2) / rough for shift in SHIFTS),
    )


def whole(batch: Block) -> bool:
    """Say whether both arms have a value: what came before is kept for so long, within a block."""
    return batch.treated > 0 and batch.control > 0


def _possible(batch: Block) -> bool:
    spare = 1e-9 * batch.at_risk
    return (
        -spare <= batch.treated_bad <= batch.treated + spare
        and -spare <= batch.control_bad <= batch.control + spare
    )
