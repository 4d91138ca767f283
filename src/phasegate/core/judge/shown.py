"""The gate on a share: is it shown that the bad share is below its bound, or that it is above?

Two e-processes on independent units, one against "p >= bound", one against "p <= bound". A bet
that the share is q multiplies its capital by q/bound for a bad unit and by (1 - q)/(1 - bound) for
a good one. Both depend on the counts alone, so nothing but the counts is kept.

Source: Wald 1945 (likelihood ratios), Ville 1939 (validity at every look).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, log

from phasegate.core.evidence import Outcome

BELOW = (0.05, 0.2, 0.4, 0.65, 0.85)
"""Shares, as multiples of the bound, that the bets on success expect."""

ABOVE = (1.2, 1.5, 2.0, 4.0)
"""The same for the bets on harm; where that is no share, half of the way from the bound to 1."""

MOST_NEEDED = 100_000_000
"""More subjects than this are not a forecast."""

TINY = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """Treated counts: everything, and independent units (a subject's first observation)."""

    seen: int
    bad: float
    subjects: int
    subjects_bad: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What the counts show. See Judgement for progress and needed."""

    outcome: Outcome
    progress: float
    needed: int | None = None


def shown(counts: Seen, bound: float, beta: float) -> Shown:
    """Say whether the bad share is shown to be below `bound`, at error `beta`, at this look.

    PASS also needs the plain share of everything seen below the bound: a subject who is broken
    for good, or one who broke late, is not among the first observations.
    """
    tau = min(max(bound, TINY), 1 - TINY)
    threshold = -log(beta)
    success = [_log_bet(m * tau, tau, counts) for m in BELOW]
    harm = [_log_bet(min(r * tau, (1 + tau) / 2), tau, counts) for r in ABOVE]
    if _log_mean(harm) >= threshold:
        return Shown(outcome=Outcome.FAIL, progress=1.0)
    proven = _log_mean(success)
    if proven >= threshold and counts.bad < bound * counts.seen:
        return Shown(outcome=Outcome.PASS, progress=1.0, needed=0)
    return Shown(
        outcome=Outcome.INCONCLUSIVE,
        progress=min(max(proven / threshold, 0.0), 0.99),
        needed=needed(counts, tau, threshold, success),
    )


def _log_bet(q: float, tau: float, counts: Seen) -> float:
    good = counts.subjects - counts.subjects_bad
    return counts.subjects_bad * log(q / tau) + good * log((1 - q) / (1 - tau))


def _log_mean(logs: Sequence[float]) -> float:
    top = max(logs)
    return top + log(sum(exp(value - top) for value in logs) / len(logs))


def needed(counts: Seen, tau: float, threshold: float, success: Sequence[float]) -> int | None:
    """Forecast the further subjects until a bet alone is enough, if the estimate stays."""
    if not counts.subjects or counts.bad >= tau * counts.seen:
        return None
    share = counts.subjects_bad / counts.subjects
    if share >= tau:
        return None
    drifts = [share * log(m) + (1 - share) * log((1 - m * tau) / (1 - tau)) for m in BELOW]
    barrier = threshold + log(len(BELOW))
    waits = [
        (barrier - held) / drift
        for held, drift in zip(success, drifts, strict=True)
        if drift > 0 and (barrier - held) / drift < MOST_NEEDED
    ]
    return max(1, ceil(min(waits))) if waits else None
