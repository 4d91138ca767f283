"""Rates of events in the time that subjects are present: a gate and an interval for them.

A subject is present for a block in which anything is heard of them; time is counted in such
blocks, and each subject's first event counts. While the chance of a first event in a block of
presence is at most the bound, a process that counts them is no faster than one of Poisson at that
rate, and `r^events * exp(-bound * time * (r - 1))` for r > 1 is a bet that is at best fair, at
every look; for r < 1 the same holds against "at least the bound". Mixed over a Gamma prior of r the
bets have a closed form, from which the interval follows.

Guards need nothing of this. Of all first events a share s is treated, whatever the rates: the
exact conditional binomial test, which is the relative guard's coin. And against a bound the blocks'
bets hold in storms, too, which are no Poisson process.

Source: Bremaud 1981 (intensities); Lindon & Kallus 2022 (counting processes, Gamma mixture);
Robbins 1970; Przyborowski & Wilenski 1940 (two rates as a conditional binomial).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log

from phasegate.core.evidence import Outcome, Tally
from phasegate.core.judge.counts import Part
from phasegate.core.judge.interval import edge
from phasegate.core.judge.shown import ABOVE, BELOW, TINY, Seen, Shown, needed

PRIOR = 0.5
"""Shape of the Gamma prior of the interval; as many events are pretended."""

PRIOR_TIME = 10.0
"""Blocks of presence that are pretended with them."""


def part(tally: Tally) -> Part:
    """Return what a tally of a rate counts as: blocks of presence, and the events in them."""
    time, first = tally.at_risk, tally.newly_bad
    return Part(time, tally.bad, time, first, time, first, tally.again_bad)


def log_bet(events: float, time: float, rate: float, ratio: float) -> float:
    """Return the log of a bet that the rate is `ratio` times `rate`."""
    return events * log(ratio) - rate * time * (ratio - 1)


def log_mixed(events: float, time: float, rate: float) -> float:
    """Return the log of the bets on all rates, mixed over a Gamma prior, against `rate`."""
    shape, pace = PRIOR + events, PRIOR_TIME + time
    drawn = PRIOR * log(PRIOR_TIME) - lgamma(PRIOR) + lgamma(shape) - shape * log(pace)
    return drawn - events * log(rate) + rate * time if events else drawn + rate * time


def interval(events: float, time: float, alpha: float) -> tuple[float, float]:
    """Return (low, high) of the rate per block, which hold at every look together."""
    if time <= 0 or alpha <= 0:
        return 0.0, 1.0

    def inside(rate: float) -> bool:
        return (rate > 0 or not events) and log_mixed(events, time, rate) < -log(alpha)

    most = (events + 1) / time
    while inside(most):
        most *= 2
    return edge(inside, events / time, 0.0), edge(inside, events / time, most)


def shown(counts: Seen, bound: float, beta: float) -> Shown:
    """Say whether the rate is shown to be below `bound` per block of presence, at error `beta`.

    counts.subjects  blocks of presence; subjects_bad: first events in them; bad: all events.

    PASS also needs the plain rate of all events below the bound, as a share's gate does.
    """
    rate, threshold = max(bound, TINY), -log(beta)
    # Whoever broke at a later visit of a block was counted as present twice in it.
    events, time = counts.subjects_bad, max(0.0, counts.subjects - counts.subjects_bad)
    harm = [log_bet(events, time, rate, ratio) for ratio in ABOVE]
    if _log_mean(harm) >= threshold:
        return Shown(outcome=Outcome.FAIL, progress=1.0)
    success = [log_bet(events, time, rate, ratio) for ratio in BELOW]
    proven = _log_mean(success)
    if proven >= threshold and counts.bad < bound * counts.seen:
        return Shown(outcome=Outcome.PASS, progress=1.0, needed=0)
    return Shown(
        outcome=Outcome.INCONCLUSIVE,
        progress=min(max(proven / threshold, 0.0), 0.99),
        needed=needed(counts, rate, threshold, success),
    )


def _log_mean(logs: Sequence[float]) -> float:
    top = max(logs)
    return top + log(sum(exp(value - top) for value in logs) / len(logs))
