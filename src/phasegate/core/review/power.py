"""Power of every gate: whether the planned traffic can decide it within the phase."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta

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
from phasegate.core.review.conditions import OPPOSITE, harmful_side
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


def tolerated(metric: Metric, bound: float | None) -> float | None:
    """Return the share of bad observations that a gate must be shown to stay below.

    None where no share decides: levels, sentinels, and gates that are upside down or trivial.
    """
    if metric.kind is MetricKind.QUANTILE:
        share = 1 - (metric.at or 0)
    elif metric.kind is MetricKind.SHARE and bound is not None:
        share = bound if metric.bad is not None else 1 - bound
    else:
        return None
    return share if 0 < share < 1 else None


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
    for number, gate in enumerate(phase.pass_when):
        metric = metrics.get(gate.metric)
        if metric is None or metric.source == "cases" or not _upright(gate, metric):
            continue
        share = tolerated(metric, gate.bound)
        if share is not None:
            path = f"phases.{phase.name}.pass_when[{number}]"
            subjects = needed(share, plan.confidence)
            when = earliest(plan, slowest, metric, subjects)
            exposed = percent(slowest.stages[-1].exposure / EVERYONE)
            needs = (
                f'"{gate.text}" needs at least {subjects} subjects with {slowest.name} '
                f"({exposed} of {plan.traffic:g}/min): {span(when)} at the earliest"
            )
            yield from _verdict(path, phase, needs, when)


def _upright(gate: Condition, metric: Metric) -> bool:
    side = harmful_side(metric)
    return side is not None and gate.comparison is OPPOSITE[side]


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
