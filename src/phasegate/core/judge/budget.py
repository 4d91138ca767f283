"""The error budget: which share of the plan's chance of a wrong rollback each guard may spend.

Union bound: whatever depends on whatever, the chance of any wrong rollback is at most the sum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from phasegate.core.plan import Comparison, Condition, Metric, MetricKind, Phase, Plan

FIRST_ATTEMPT = 0.8
"""Share of a guard's budget for a first attempt; each retry gets a fifth of the one before."""

RETRY = 1 - FIRST_ATTEMPT

ARMS = 0.02
"""Share of the budget of a component-phase for the check of its arms: a comparison that is called
invalid blinds its guard, and a guard that is blind for long takes the phase back."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What each guard may spend.

    shares  (phase, index in roll_back_when) -> chance of a wrong rollback per component, over all
            attempts. Sentinels spend nothing: their first event is a fact.
    arms    the same for the check of one component's arms in one phase, all series together.
    """

    shares: Mapping[tuple[str, int], float]
    arms: float

    def alpha(self, phase: str, index: int, component: str, attempt: int) -> float:
        """Return what one guard may spend on one attempt of one component; 0 for a sentinel.

        Every component of a phase has the same share. ValueError if attempt is below 1.
        """
        if attempt < 1:
            raise ValueError(f"{phase}.{component}: attempts count from 1, not from {attempt}")
        return self.shares[phase, index] * _part(attempt)

    def arms_alpha(self, attempt: int, series: int) -> float:
        """Return what the check of the arms may spend on one of so many series, in one attempt."""
        return self.arms * _part(attempt) / series


def allocate(plan: Plan) -> Budget:
    """Divide the budget equally over component-phases, then over guards by weight."""
    each = plan.error_budget / max(1, sum(len(phase.components) for phase in plan.phases))
    shares: dict[tuple[str, int], float] = {}
    for phase in plan.phases:
        weights = _weights(plan, phase)
        total = sum(weights) or 1.0
        for index, weight in enumerate(weights):
            shares[phase.name, index] = each * (1 - ARMS) * weight / total
    return Budget(shares=shares, arms=each * ARMS)


def _part(attempt: int) -> float:
    return FIRST_ATTEMPT * RETRY ** (attempt - 1)


def _weights(plan: Plan, phase: Phase) -> list[float]:
    return [_weight(plan.metric(condition.metric), condition) for condition in phase.roll_back_when]


def _weight(metric: Metric, condition: Condition) -> float:
    if metric.kind is MetricKind.SENTINEL or condition.comparison is Comparison.OCCURS:
        return 0.0
    if metric.weight is not None:
        return metric.weight
    if metric.kind is MetricKind.LEVEL:
        return 0.1
    errors = metric.kind is MetricKind.SHARE and metric.bad is not None and metric.event is None
    return 0.4 if errors else 0.2
