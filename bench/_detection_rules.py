"""Who would have rolled back when: phasegate, the rules of today's tools, and an oracle.

The rules are restated in our own words from public source and documentation (Flagger, Argo
Rollouts, Spinnaker Kayenta, GrowthBook). Each gets the settings that its documentation shows, and
where it has no default, one that favours it. A rule returns the second of its rollback in each run;
SECONDS where it never rolls back.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from _detection_traffic import BLOCK_S, EXPOSURE, SECONDS, Counted, Ints, Scenario
from phasegate.core.judge.terms import Terms
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.lanes import Lanes

ALPHA = 0.001
"""What one guard of one component-phase may spend in a plan of the size of Sihat TCM."""

Floats = NDArray[np.float64]
Rule = Callable[[Scenario, Counted], Ints]


def phasegate(scenario: Scenario, counted: Counted) -> tuple[Ints, Ints]:
    """Return (when the component is blamed, when the guard trips at all) by run."""
    runs = counted.treated.seen.shape[1]
    terms = Terms(allowed=scenario.bound, margin=0.0, alpha=ALPHA, ticks=SECONDS // BLOCK_S)
    lanes = Lanes(terms, np.full(runs, round(EXPOSURE * 10_000)))
    blamed, tripped = np.full(runs, SECONDS), np.full(runs, SECONDS)
    for second in range(SECONDS):
        lanes.add(second // BLOCK_S, _at(counted.treated, second), _at(counted.control, second))
        # Absolute and system evidence changes at the end of a block only.
        failed = lanes.failed() if second % BLOCK_S == 0 else lanes.accusing()
        tripped = np.where(failed, np.minimum(tripped, second), tripped)
        blamed = np.where(lanes.accusing(), np.minimum(blamed, second), blamed)
    return blamed, tripped


def oracle(scenario: Scenario, counted: Counted) -> Ints:
    """The likelihood ratio of the truth against no difference, from the onset it is told."""
    gain = _truth(scenario, counted)
    gain[: scenario.onset or 0] = 0
    return _first(np.cumsum(gain, axis=0) >= -log(ALPHA))


def seeker(scenario: Scenario, counted: Counted) -> Ints:
    """The same, but it is not told when harm begins: half of its bets at the start, half spread.

    It knows the rates. Nobody who does not know the moment can be much faster at this error.
    """
    return _sought(np.exp(_truth(scenario, counted)))


def arms_alone(scenario: Scenario, counted: Counted) -> Ints:
    """The same as the seeker, by the arms of failures alone, as everything here that accuses."""
    q = EXPOSURE * scenario.p1 / (EXPOSURE * scenario.p1 + (1 - EXPOSURE) * scenario.p0)
    bets = (log(q / EXPOSURE), log((1 - q) / (1 - EXPOSURE)))
    fallen = [counted.treated.newly_bad, counted.control.newly_bad]
    gain = np.exp(sum(bad * bet for bad, bet in zip(fallen, bets, strict=True)))
    return _sought(gain)


def _sought(gain: Floats) -> Ints:
    late = 0.5 * BLOCK_S / SECONDS
    held = np.full(gain.shape[1], 0.5)
    when = np.full(gain.shape[1], SECONDS)
    for second in range(SECONDS):
        held += late if second % BLOCK_S == 0 else 0.0
        held = np.minimum(held * gain[second], 1e200)
        kept = 0.5 - late * (second // BLOCK_S + 1)
        when = np.where(held + kept >= 1 / ALPHA, np.minimum(when, second), when)
    return when


def _truth(scenario: Scenario, counted: Counted) -> Floats:
    """Return by second and run what the true rates gain against no difference, as a logarithm."""
    p0, p1, s = scenario.p0, scenario.p1, EXPOSURE
    m = s * p1 + (1 - s) * p0
    gain: Floats = np.zeros(counted.seen[0].shape)
    for arm, p in ((0, p1), (1, p0)):
        bad = counted.bad[arm].astype(float)
        good = counted.seen[arm] - bad
        gain += bad * log(p / m)
        # Where nobody is spared, somebody who is says that it has not begun.
        gain += good * (log((1 - p) / (1 - m)) if p < 1 else -20.0)
    return gain


def threshold(scenario: Scenario, counted: Counted) -> Ints:
    """Every 30 seconds: the treated share of the last 30 seconds is above the bound."""
    share = _shares(counted, 30)
    return _ends(share > scenario.bound, 30)


def flagger(limit: int) -> Rule:
    """Every minute: a failed check is counted and never forgotten; one more tick rolls back."""

    def rule(scenario: Scenario, counted: Counted) -> Ints:
        failed = np.cumsum(~(_shares(counted, 60) <= scenario.bound), axis=0) >= limit
        return np.minimum(_ends(failed, 60) + 60, SECONDS)

    return rule


def argo(limit: int) -> Rule:
    """Every minute: more failed measurements than the limit abort at once."""

    def rule(scenario: Scenario, counted: Counted) -> Ints:
        failed = np.cumsum(_shares(counted, 60) > scenario.bound, axis=0) > limit
        return _ends(failed, 60)

    return rule


def kayenta(_: Scenario, counted: Counted) -> Ints:
    """Every half hour: Mann-Whitney on minutes so far, 98 % interval beyond a quarter of shift."""
    treated, control = _shares(counted, 60), _shares(counted, 60, arm=1)
    when = np.full(treated.shape[1], SECONDS)
    for minute in range(30, SECONDS // 60 + 1, 30):
        for run in np.flatnonzero(when == SECONDS):
            pair = treated[:minute, run], control[:minute, run]
            if _high(*(one[~np.isnan(one)] for one in pair)):
                when[run] = minute * 60
    return np.minimum(when, SECONDS)


def _high(treated: Floats, control: Floats) -> bool:
    """Say whether the interval of the shift lies above a quarter of its estimate."""
    if not len(treated) or not len(control):
        return False
    shifts = np.sort(np.subtract.outer(treated, control), axis=None)
    if shifts[0] == shifts[-1] == 0:
        return False
    n, m = len(treated), len(control)
    middle = n * m / 2
    values, counts = np.unique(np.concatenate([treated, control]), return_counts=True)
    ties = float(((counts**3) - counts).sum()) / ((n + m) * (n + m - 1)) if len(values) else 0.0
    spread = sqrt(n * m / 12 * max(n + m + 1 - ties, 0.0))
    low = shifts[max(0, int(middle - 2.326 * spread))]
    estimate = np.median(shifts)
    return bool(low > 0.25 * abs(estimate))


def growthbook(least: int) -> Rule:
    """Every minute: a one-sided asymptotic confidence sequence, from so many events on."""

    def rule(_: Scenario, counted: Counted) -> Ints:
        n = [np.cumsum(one, axis=0)[59::60].astype(float) for one in counted.seen]
        x = [np.cumsum(one, axis=0)[59::60].astype(float) for one in counted.bad]
        with np.errstate(divide="ignore", invalid="ignore"):
            p = [bad / seen for bad, seen in zip(x, n, strict=True)]
            error2 = sum(q * (1 - q) / seen for q, seen in zip(p, n, strict=True))
            total = n[0] + n[1]
            tuned = sqrt((-2 * log(0.1) + log(-2 * log(0.1) + 1)) / 5000)
            scaled = total * tuned**2
            half = np.sqrt(
                error2
                * total
                * 2
                * (scaled + 1)
                / (total * tuned) ** 2
                * np.log(1 + np.sqrt(scaled + 1) / 0.1)
            )
            worse = (p[0] - p[1] - half > 0) & (np.abs(p[0] / p[1] - 1) >= 0.005)
        lost = worse & (x[0] > 0) & (x[1] > 0) & (np.maximum(x[0], x[1]) >= least)
        return _ends(lost, 60)

    return rule


RULES: dict[str, Rule] = {
    "oracle": oracle,
    "seeker": seeker,
    "by arms alone": arms_alone,
    "threshold 30 s": threshold,
    "Flagger 5": flagger(5),
    "Flagger 10": flagger(10),
    "Argo 0": argo(0),
    "Argo 3": argo(3),
    "Kayenta": kayenta,
    "GrowthBook": growthbook(150),
    "its sequence alone": growthbook(0),
}


def _at(came: Came, second: int) -> Came:
    return Came(
        came.seen[second],
        came.bad[second],
        came.subjects[second],
        came.subjects_bad[second],
        came.at_risk[second],
        came.newly_bad[second],
        came.again_bad[second],
    )


def _shares(counted: Counted, window: int, arm: int = 0) -> Floats:
    """Return the bad share of each window; not a number where nothing was seen."""
    seen, bad = counted.seen[arm], counted.bad[arm]
    n = seen.reshape(-1, window, seen.shape[1]).sum(axis=1)
    x = bad.reshape(-1, window, bad.shape[1]).sum(axis=1)
    shares: Floats = np.divide(x, n, out=np.full(n.shape, np.nan), where=n > 0)
    return shares


def _ends(hits: NDArray[np.bool_], window: int) -> Ints:
    return np.where(hits.any(axis=0), (hits.argmax(axis=0) + 1) * window, SECONDS)


def _first(hits: NDArray[np.bool_]) -> Ints:
    return np.where(hits.any(axis=0), hits.argmax(axis=0), SECONDS)
