"""Means on a scale, like ratings of 1 to 5: is treatment's mean worse than control's?

One value for each subject. The badness b of a value is its distance from the scale's good end as a
part of the scale, so that it lies in 0..1 and its mean is judged as a bad share is. All that
bounds a bad share holds for a mean of such b as well: a bet that is fair for a coin is at best
fair for anything between its two sides (Hoeffding 1963). Gates, intervals and blocks rest on that.

Against control a mean has bets of its own, since values that hardly vary prove more than a coin
does. With a centre c, `g = (b - c)([treated]/s - [control]/(1 - s))` has the mean
`b_treated - b_control` whatever c is, and the nearer c is to where the values lie, the less g
varies. c is the mean of control so far, so that it depends on the past alone. With y = g - margin
as a part of the least that it can be, there are two kinds of bets, since a tally has sums and not
each value:

- one bet on each value, from below: `log(1 + l y) >= l y + (log(1 - l) + l) y^2`, with the sum of
  y^2 at most what its mean allows, b^2 <= b. However many values come at once, nothing is lost.
- one bet on the mean y of a batch: `log(1 + l y)`. Where few values come at once it gains more,
  since values that hardly vary prove more than coins do.

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

EACH = (0.03, 0.1, 0.25, 0.55)
"""What each bet on every value stakes of the most that can never lose everything."""

BATCH = (0.06, 0.2, 0.5, 0.95)
"""The same for the bets on the means of batches."""

WEIGHTS = (0.125,) * 8
"""Of the bets on each value, then of those on batches."""

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

    All zero where there is no control or no treatment: nothing can be compared then.
    """
    if not 0 < exposure < EVERYONE or not batch.at_risk:
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
    mean = max(sums / n, -1.0)
    each = (stake * sums + (log1p(-stake) + stake) * squares for stake in EACH)
    return (*each, *(log1p(stake * mean) for stake in BATCH))


def _squares(n: int, worse: float, about: float) -> float:
    """Return the most that (b - about)^2 can sum to over n values with this sum."""
    return worse * (1 - 2 * about) + n * about**2
