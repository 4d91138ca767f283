"""Whether the plain shares of both arms let a component be blamed. No guarantee rests on this."""

from __future__ import annotations

from math import ceil, floor, sqrt

from phasegate.core.judge.cases import at_most
from phasegate.core.judge.counts import Arms, Counts

CHANCE = 0.05
"""How unlikely control's few failures must be before it counts as better than treatment."""

CLEARLY = 2.0
"""Standard deviations by which recent blocks must exceed the bound to count on their own."""


def control_fails(allowed: float, arms: Arms) -> bool:
    """Say whether control is beyond the bound: over the whole trial, or in the latest blocks."""
    return arms.control.share > allowed or arms.control.recent_share > allowed


def control_is_better(arms: Arms) -> bool:
    """Say whether control, failing as treatment does of late, would have shown it by now.

    True without control: nobody else can be asked. A handful of good answers proves nothing: with
    them alone, 3 % of global outages were blamed on a component that nearly everyone had.
    """
    if not arms.control.seen:
        return True
    bad, n = ceil(arms.control.recent_bad), floor(arms.control.recent_seen)
    return at_most(bad, n, arms.treated.recent_share) <= CHANCE


def beyond(counts: Counts, allowed: float | None) -> bool:
    """Say whether a plain share is beyond the bound, over the whole trial or clearly of late.

    Without the second, an hour of health before a failure would hide it for as long again.
    """
    if allowed is None or counts.share > allowed:
        return True
    expected = counts.recent_seen * allowed
    return counts.recent_bad > expected + CLEARLY * sqrt(expected) + 1
