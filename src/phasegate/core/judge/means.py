"""Means on a scale, like ratings of 1 to 5: is treatment's mean worse than control's?

One value for each subject. The badness b of a value is its distance from the scale's good end as a
part of the scale, so that it lies in 0..1 and its mean is judged as a bad share is. All that
bounds a bad share holds for a mean of such b as well: a bet that is fair for a coin is at best
fair for anything between its two sides (Hoeffding 1963). Gates, intervals and blocks rest on that.

Against control a mean has bets of its own, since values that hardly vary prove more than a coin
does. With a centre c, `g = (b - c)([treated]/s - [control]/(1 - s))` has the mean
`b_treated - b_control` whatever c is, and the nearer c is to where the values lie, the less g
varies. c is the mean of control so far, so that it depends on the past alone. With y = g - margin
as a part of the least that it can be, a bet on each value gains
`log(1 + l y) >= l y + (log(1 - l) + l) y^2`. A tally has sums and not each value, so the right side
is what is counted, with the most that the sum of y^2 can be, b^2 <= b. It is linear: how many come
at once, and whether the arms come one after the other, is all the same. (A bet on a batch's mean
would gain more where values hardly vary, and is broken by senders that tell of one arm each: it
needs batches that know nothing of arms.)

A quantile's distribution is compared in the same way, among others: its badness is the share of its
cuts that a subject's first value is beyond.

Source: Waudby-Smith & Ramdas 2023 (betting on bounded means); Fan, Grama & Liu 2015, lemma 4.1;
Hoeffding 1963, theorem 1.
"""

from __future__ import annotations

from math import log1p

from phasegate.core.evidence import Tally
from phasegate.core.judge.counts import Block, Counts, Part
from phasegate.core.plan import EVERYONE

STAKES = (0.02, 0.05, 0.12, 0.27, 0.6)
"""What each bet stakes on every value, of the most that can never lose everything."""

WEIGHTS = (0.2,) * 5

PRIOR_N = 10
"""So many values of control are pretended before any came, so that the centre does not jump."""

PRIOR = 0.25
"""Where they lie where the plan gives no bound."""

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


def centre(control: Counts, batch: Block, allowed: float | None) -> float:
    """Return control's mean before the batch, which is among its counts."""
    n = control.seen - batch.control
    worse = control.bad - batch.control_bad
    prior = PRIOR if allowed is None else min(max(allowed, 0.01), 0.99)
    return (worse + PRIOR_N * prior) / (n + PRIOR_N)


def increments(exposure: int, margin: float, batch: Block, about: float) -> tuple[float, ...]:
    """Return each bet's log increment for a batch of values, at a centre `about` in 0..1.

    All zero where there is no control or no treatment, and for sums that cannot be: nothing can be
    compared then.
    """
    if not 0 < exposure < EVERYONE or not batch.at_risk or not _possible(batch):
        return (0.0,) * len(WEIGHTS)
    s, n = exposure / EVERYONE, batch.at_risk
    lowest = max(about / s, (1 - about) / (1 - s)) + margin
    treated = (batch.treated_bad - about * batch.treated) / s
    control = (batch.control_bad - about * batch.control) / (1 - s)
    apart = treated - control
    squares = (
        _squares(batch.treated, batch.treated_bad, about) / s**2
        + _squares(batch.control, batch.control_bad, about) / (1 - s) ** 2
        - 2 * margin * apart
        + n * margin**2
    ) / lowest**2
    sums = (apart - n * margin) / lowest
    return tuple(stake * sums + (log1p(-stake) + stake) * squares for stake in STAKES)


def _possible(batch: Block) -> bool:
    spare = 1e-9 * batch.at_risk
    return (
        -spare <= batch.treated_bad <= batch.treated + spare
        and -spare <= batch.control_bad <= batch.control + spare
    )


def _squares(n: int, worse: float, about: float) -> float:
    """Return the most that (b - about)^2 can sum to over n values with this sum."""
    return worse * (1 - 2 * about) + n * about**2
