"""Phases and hazards as wholes: nothing that keeps patients safe may be left out."""

from __future__ import annotations

from collections.abc import Iterator

from phasegate.core.plan import Comparison, Hazard, Phase, Plan, Risk
from phasegate.core.problem import Problem, Severity
from phasegate.core.wording import span


def phases_are_whole(plan: Plan) -> Iterator[Problem]:
    """Report phases that lack a part, and phases out of order."""
    if not plan.phases:
        yield Problem(
            path="phases",
            code="plan-without-phases",
            message="the plan has no phase, so there is nothing to run",
            remedy="Add at least one phase with components, pass_when and roll_back_when.",
        )
    for phase in plan.phases:
        yield from _missing_parts(phase)
        yield from _duration(phase)
    yield from _weeks(plan)


def hazards_are_guarded(plan: Plan) -> Iterator[Problem]:
    """Report hazards that no guard watches for."""
    guards = {guard.metric for phase in plan.phases for guard in phase.roll_back_when}
    gates = {gate.metric for phase in plan.phases for gate in phase.pass_when}
    known = {metric.name for metric in plan.metrics}
    for hazard in plan.hazards:
        path = f"hazards.{hazard.name}"
        if not guards.intersection(hazard.guarded_by):
            yield _unguarded(path, hazard)
        for number, name in enumerate(hazard.guarded_by):
            if name in known and name not in guards | gates:
                yield Problem(
                    path=f"{path}.guarded_by[{number}]",
                    code="hazard-metric-unused",
                    message=f"{name} is to guard {hazard.name}, but no phase asks for it",
                    remedy=f"Add a guard over {name} to a phase, or name another metric.",
                )


def _missing_parts(phase: Phase) -> Iterator[Problem]:
    path = f"phases.{phase.name}"
    if not phase.components:
        yield Problem(
            path=f"{path}.components",
            code="phase-without-components",
            message="the phase exposes nothing",
            remedy='Add components with an exposure, like `new_cart: "5 %"`.',
        )
    if not phase.roll_back_when:
        yield Problem(
            path=f"{path}.roll_back_when",
            code="phase-without-guards",
            message="nothing would ever take this phase back",
            remedy="Add guards, like `error_rate > 2%`.",
        )
    elif all(condition.comparison is Comparison.OCCURS for condition in phase.roll_back_when):
        yield Problem(
            path=f"{path}.roll_back_when",
            code="guard-sentinel-only",
            message="only sentinels guard the phase, and their silence may be anything",
            remedy="Add a guard that is heard all the time, like `error_rate > 2%`.",
        )
    if not phase.pass_when:
        yield Problem(
            path=f"{path}.pass_when",
            code="phase-without-gates",
            message="the phase passes without anything being shown",
            remedy="Add gates, like `error_rate < 2%`.",
            severity=Severity.WARNING,
        )
    if phase.risk is not Risk.LOW and not phase.sign_off:
        yield Problem(
            path=path,
            code="sign-off-missing",
            message=f"nobody signs this phase, although its risk is {phase.risk.value}",
            remedy="Add `sign_off: [approver]`.",
            severity=Severity.WARNING,
        )


def _duration(phase: Phase) -> Iterator[Problem]:
    if phase.lasts_least > phase.lasts_most:
        least, most = span(phase.lasts_least), span(phase.lasts_most)
        yield Problem(
            path=f"phases.{phase.name}.lasts",
            code="lasts-inverted",
            message=f"the shortest watch ({least}) is longer than the longest ({most})",
            remedy=f'Did you mean "{most} to {least}"?',
        )


def _weeks(plan: Plan) -> Iterator[Problem]:
    latest = 0
    for phase in plan.phases:
        if phase.week is not None and phase.week < latest:
            yield Problem(
                path=f"phases.{phase.name}.week",
                code="week-order",
                message=f"week {phase.week} comes after a phase of week {latest}",
                remedy="Phases run in the order of the file: reorder them or mend the week.",
                severity=Severity.WARNING,
            )
        latest = max(latest, phase.week or 0)


def _unguarded(path: str, hazard: Hazard) -> Problem:
    return Problem(
        path=path,
        code="hazard-unguarded",
        message=f"no phase is taken back when it happens that {hazard.text}",
        remedy="Name in guarded_by a metric that some phase has in roll_back_when.",
    )
