"""The sample-ratio check: are the arms as large as the exposure says they should be?

Each new subject is a coin that shows treatment with the exposure in force. Bets on other shares
gain when assignment, or telemetry of one arm, is broken; then nothing that compares the arms can
be believed. The check has a share of the error budget: a guard that is blind for long takes back.

Source: Lindon & Malek 2022 (sequential multinomial test for sample-ratio mismatch).
"""

from __future__ import annotations

from functools import lru_cache
from math import log

from phasegate.core.judge import bets
from phasegate.core.judge.bets import Wealth
from phasegate.core.judge.counts import Counts
from phasegate.core.plan import EVERYONE, Metric, MetricKind

RATIOS = (0.5, 0.8, 1.25, 2.0)
"""How many times too many treated subjects come for one of control, as each bet has it."""

WEIGHTS = (0.25, 0.25, 0.25, 0.25)


def opened() -> Wealth:
    """Return the wealth before anybody came."""
    return bets.start((), 1, waiting=WEIGHTS)


def arrived(wealth: Wealth, exposure: int, treated: int, control: int) -> Wealth:
    """Add new subjects of both arms; where one arm has nobody to expect, nothing is said."""
    if not 0 < exposure < EVERYONE or not (treated or control):
        return wealth
    return bets.step(
        wealth, [treated * came + control * stayed for came, stayed in _factors(exposure)]
    )


def broken(wealth: Wealth, alpha: float) -> bool:
    """Say whether the arms are not what the exposure says, at error `alpha` over all looks."""
    return alpha > 0 and wealth.log_total >= -log(alpha)


def counts_arrivals(metric: Metric) -> bool:
    """Say whether everybody who comes is in a metric's series, whatever happens to them then.

    Ratings and other events are not: treatment may well change who sends them. What an outside
    source's query leaves out is not known.
    """
    if metric.source != "otlp" or metric.event is not None or metric.where is not None:
        return False
    if metric.kind is MetricKind.QUANTILE:
        return metric.of in (None, "duration")
    predicate = metric.bad or metric.good
    return metric.kind is MetricKind.SHARE and predicate is not None and predicate.field == "error"


def told(treated: Counts, control: Counts, exposure: int) -> str:
    """Say in plain words what is wrong with the arms."""
    everybody = treated.subjects + control.subjects
    return (
        f"{treated.subjects} of {everybody} subjects are treated where {exposure / 100:g} % are "
        "assigned: assignment or telemetry of one arm is broken"
    )


@lru_cache(maxsize=256)
def _factors(exposure: int) -> tuple[tuple[float, float], ...]:
    s = exposure / EVERYONE
    shares = (r * s / (r * s + 1 - s) for r in RATIOS)
    return tuple((log(q / s), log((1 - q) / (1 - s))) for q in shares)
