"""Which harms a plan is rehearsed against: each metric that a guard watches, and its hazards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from phasegate.core.judge.rules import Rule, guard_rules
from phasegate.core.plan import Phase, Plan
from phasegate.core.review.foreseen import healthy_share
from phasegate.rehearsal.play import lanes_of
from phasegate.rehearsal.traffic import Harmed

MOST_SHARE = 0.999
"""The worst harm that is rehearsed: hardly anybody is spared."""


@dataclass(frozen=True, kw_only=True)
class Harm:
    """Something that goes wrong with one component, in one metric.

    times    how many times the bound (or what a comparison allows) the bad share is.
    hazards  names of the plan's hazards that the metric guards.
    """

    metric: str
    times: float
    hazards: tuple[str, ...]


def harms(plan: Plan, times: float) -> tuple[Harm, ...]:
    """Return a harm for each counted metric that some guard watches, in the order of the plan."""
    watched = {rule.metric.name for phase in plan.phases for rule in _watching(plan, phase)}
    return tuple(
        Harm(
            metric=metric.name,
            times=times,
            hazards=tuple(h.name for h in plan.hazards if metric.name in h.guarded_by),
        )
        for metric in plan.metrics
        if metric.name in watched
    )


def phases_of(plan: Plan, harm: Harm) -> tuple[Phase, ...]:
    """Return the phases in which a guard watches the harm's metric."""
    return tuple(
        phase
        for phase in plan.phases
        if any(rule.metric.name == harm.metric for rule in _watching(plan, phase))
    )


def bad_share(plan: Plan, phase: Phase, harm: Harm) -> float:
    """Return the bad share of those treated with the harmful component in a phase."""
    rules = [rule for rule in _watching(plan, phase) if rule.metric.name == harm.metric]
    bounds = [rule.allowed for rule in rules if rule.allowed is not None]
    least = (
        max(bounds)
        if bounds
        else max(healthy_share(plan, phase, rule) + rule.margin for rule in rules)
    )
    return min(MOST_SHARE, harm.times * least)


def strike(plan: Plan, phase: Phase, harm: Harm, runs: int, rng: np.random.Generator) -> Harmed:
    """Choose for each run which component does harm, and when in the shortest watch it begins."""
    return Harmed(
        component=rng.integers(0, len(lanes_of(phase)), runs),
        share=np.full(runs, bad_share(plan, phase, harm)),
        onset_s=rng.uniform(0, phase.lasts_least.total_seconds(), runs),
        metric=np.zeros(runs, np.int64),
        metrics=(harm.metric,),
    )


def _watching(plan: Plan, phase: Phase) -> Iterator[Rule]:
    for rule in guard_rules(plan, phase):
        if rule.counted and not rule.problem:
            yield rule
