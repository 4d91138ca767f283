"""A plan played faster than it was written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from phasegate.core.plan.plan import Plan

SECOND = timedelta(seconds=1)


def paced(plan: Plan, pace: float) -> Plan:
    """Return the plan with every duration divided by `pace`; no condition changes.

    Blocks and holds stay at least one second, the resolution of a tally, and `blind_for` ten
    seconds, so that a late batch of telemetry is not taken for blindness. pace must be >= 1.
    """
    if pace == 1:
        return plan
    return replace(
        plan,
        unattended=plan.unattended and plan.unattended / pace,
        blind_for=max(plan.blind_for / pace, 10 * SECOND),
        block=max(plan.block / pace, SECOND),
        metrics=tuple(
            replace(metric, lag=metric.lag / pace, hold=max(metric.hold / pace, SECOND))
            for metric in plan.metrics
        ),
        phases=tuple(
            replace(
                phase,
                lasts_least=phase.lasts_least / pace,
                lasts_most=phase.lasts_most / pace,
            )
            for phase in plan.phases
        ),
    )
