"""Power of every gate: whether the planned traffic can decide it within the phase."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

from phasegate.core.judge.rules import gate_rules
from phasegate.core.plan import (
    EVERYONE,
    Comparison,
    Component,
    Condition,
    Metric,
    MetricKind,
    Phase,
    Plan,
)
from phasegate.core.problem import Problem, Severity
from phasegate.core.wording import percent, span

MINUTE = timedelta(minutes=1)
FOREVER = timedelta(days=36_500)


def gates_can_be_decided(plan: Plan) -> Iterator[Problem]:
    """Report gates that the planned traffic cannot decide, and outcomes that arrive too late."""
    metrics = {metric.name: metric for metric in plan.metrics}
    for phase in plan.phases:
        for part, conditions in (
            ("pass_when", phase.pass_when),
            ("roll_back_when", phase.roll_back_when),
        ):
            for number, condition in enumerate(conditions):
                if condition.metric in metrics:
                    path = f"phases.{phase.name}.{part}[{number}]"
                    yield from _arrival(path, phase, condition, metrics[condition.metric])
        yield from _gates(plan, phase, metrics)


def needed(share: float, confidence: float) -> int:
    """Return how many subjects without one bad observation show that the bad share is below.

    Exact for n without a failure: (1 - share)^n <= 1 - confidence (Clopper and Pearson 1934).
    Every look in between and every bad observation makes it more; it is never fewer.
    """
    # Rounded, so that the float error of 1 - 0.9 does not ask for one subject more.
    return math.ceil(round(math.log(1 - confidence) / math.log(1 - share), 6))


def earliest(plan: Plan, component: Component, metric: Metric, subjects: int) -> timedelta:
    """Return when so many subjects have the component and their outcome, at planned traffic."""
    per_minute = plan.traffic * component.stages[-1].exposure / EVERYONE
    if per_minute <= 0:
        return FOREVER
    return min(metric.lag + subjects / per_minute * MINUTE, FOREVER)


def _gates(plan: Plan, phase: Phase, metrics: dict[str, Metric]) -> Iterator[Problem]:
    if not 0 < plan.confidence < 1:
        return
    components = [component for component in phase.components if component.stages]
    if not components:
        return
    slowest = min(components, key=lambda component: component.stages[-1].exposure)
    if any(gate.metric not in metrics for gate in phase.pass_when):
        return  # said elsewhere
    for rule in gate_rules(plan, phase):
        gate, metric, share = rule.condition, rule.metric, rule.allowed or 0.0
        if metric.source != "cases" and not rule.problem and 0 < share < 1:
            path = f"phases.{phase.name}.pass_when[{rule.index}]"
            subjects = needed(share, plan.confidence)
            when = earliest(plan, slowest, metric, subjects)
            exposed = percent(slowest.stages[-1].exposure / EVERYONE)
            needs = (
                f'"{gate.text}" needs at least {subjects} subjects with {slowest.name} '
                f"({exposed} of {plan.traffic:g}/min): {span(when)} at the earliest"
            )
            yield from _verdict(path, phase, needs, when)


def _verdict(path: str, phase: Phase, needs: str, when: timedelta) -> Iterator[Problem]:
    if when > phase.lasts_most:
        yield Problem(
            path=path,
            code="gate-undecidable",
            message=f"{needs}, but the phase lasts {span(phase.lasts_most)} at most",
            remedy=f"Let the phase last at least {span(when)}, expose more, or ask for less.",
        )
    elif when > phase.lasts_least:
        yield Problem(
            path=path,
            code="gate-late",
            message=f"{needs}, later than the shortest watch of {span(phase.lasts_least)}",
            remedy="Expect the phase to take that long, or raise the shortest watch.",
            severity=Severity.WARNING,
        )


def _arrival(path: str, phase: Phase, condition: Condition, metric: Metric) -> Iterator[Problem]:
    if metric.lag > phase.lasts_most:
        yield Problem(
            path=path,
            code="lag-too-long",
            message=(
                f"outcomes of {metric.name} take {span(metric.lag)}, "
                f"but the phase lasts {span(phase.lasts_most)} at most"
            ),
            remedy="Let the phase last longer than the lag, or choose an earlier outcome.",
        )
    levelled = metric.kind is MetricKind.LEVEL and condition.comparison in (
        Comparison.BELOW,
        Comparison.ABOVE,
    )
    if levelled and metric.hold > phase.lasts_most:
        yield Problem(
            path=path,
            code="hold-too-long",
            message=f"{metric.name} must hold for {span(metric.hold)}, longer than the phase lasts",
            remedy="Shorten the hold, or let the phase last longer.",
        )
