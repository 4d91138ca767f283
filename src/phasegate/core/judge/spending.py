"""The error budget of a run: what each guard that ever watched was given of it, and what is left.

A trial spends its share when its exposure begins, whatever comes of it. What a finished phase did
not need is not spent again: it would have to be promised beforehand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from phasegate.core.judge.budget import Budget, allocate
from phasegate.core.plan import Phase, Plan

ARMS = "size of the arms"
"""Stands for a condition where the check of the arms has spent."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one guard was given for one attempt of one component: chance of a wrong rollback."""

    phase: str
    component: str
    attempt: int
    condition: str
    alpha: float


@dataclass(frozen=True, kw_only=True)
class Spending:
    """The budget of a run: in all, what was given away, and to whom."""

    total: float
    lines: tuple[Spent, ...]

    @property
    def spent(self) -> float:
        """What was given away so far."""
        return sum(line.alpha for line in self.lines)

    @property
    def left(self) -> float:
        """What later phases and attempts may still be given."""
        return max(0.0, self.total - self.spent)


def spending(plan: Plan, begun: Collection[tuple[str, str, int]]) -> Spending:
    """Return what a run has spent. begun: every trial so far, as (phase, component, attempt)."""
    budget = allocate(plan)
    phases = {phase.name: phase for phase in plan.phases}
    return Spending(
        total=plan.error_budget,
        lines=tuple(
            line
            for name, component, attempt in begun
            if name in phases
            for line in _of_trial(budget, phases[name], component, attempt)
        ),
    )


def _of_trial(budget: Budget, phase: Phase, component: str, attempt: int) -> Iterator[Spent]:
    for index, condition in enumerate(phase.roll_back_when):
        alpha = budget.alpha(phase.name, index, component, attempt)
        if alpha:
            yield Spent(
                phase=phase.name,
                component=component,
                attempt=attempt,
                condition=condition.text,
                alpha=alpha,
            )
    yield Spent(
        phase=phase.name,
        component=component,
        attempt=attempt,
        condition=ARMS,
        alpha=budget.arms_alpha(attempt, 1),
    )
