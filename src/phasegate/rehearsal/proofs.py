"""`core.judge.shown` for many lanes at once: what each has shown of a gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np

from phasegate.core.judge.shown import ABOVE, BELOW, TINY
from phasegate.rehearsal.counted import Came
from phasegate.rehearsal.wealths import Flags, Floats, Numbers


@dataclass(frozen=True, slots=True)
class Proofs:
    """Which lanes have shown that the share is below the bound, and which that it is above."""

    passed: Flags
    failed: Flags


def proofs(counts: Came, bound: float, beta: float, *, timed: bool = False) -> Proofs:
    """Say what the counts of each lane show, at error `beta`, at this look.

    timed  of a rate, as `core.judge.rates.shown` has it.
    """
    tau = min(max(bound, TINY), 1 - TINY)
    threshold = -log(beta)
    if timed:
        harm, success = _log_rates(counts, ABOVE, tau), _log_rates(counts, BELOW, tau)
    else:
        harm = _log_mean(counts, [min(r * tau, (1 + tau) / 2) for r in ABOVE], tau)
        success = _log_mean(counts, [m * tau for m in BELOW], tau)
    failed = harm >= threshold
    return Proofs(
        passed=~failed & (success >= threshold) & (counts.bad < bound * counts.seen),
        failed=failed,
    )


def _log_mean(counts: Came, shares: list[float], tau: float) -> Floats:
    q = np.array(shares)[:, None]
    bad = counts.subjects_bad[None, :]
    good = (counts.subjects - counts.subjects_bad)[None, :]
    return _mixed(bad * np.log(q / tau) + good * np.log((1 - q) / (1 - tau)))


def _log_rates(counts: Came, ratios: Sequence[float], rate: float) -> Floats:
    r = np.array(ratios)[:, None]
    events = counts.subjects_bad[None, :]
    time = np.maximum(0, counts.subjects - counts.subjects_bad)[None, :]
    return _mixed(events * np.log(r) - rate * time * (r - 1))


def _mixed(logs: Numbers) -> Floats:
    top = logs.max(axis=0)
    mean: Floats = top + np.log(np.exp(logs - top).mean(axis=0))
    return mean
