"""Guards that would see nothing in time, and gates that even health would hardly open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from math import ceil

from phasegate.core.judge import forecast
from phasegate.core.judge.budget import allocate
from phasegate.core.judge.ledger import terms_of
from phasegate.core.judge.rules import Rule, gate_rules, guard_rules
from phasegate.core.judge.words import value
from phasegate.core.plan import EVERYONE, Component, Phase, Plan
from phasegate.core.problem import Problem, Severity
from phasegate.core.review.foreseen import healthy_share, in_shortest_watch, time_of, traffic_of
from phasegate.core.review.power import earliest, needed
from phasegate.core.wording import span


def guards_and_gates_can_see(plan: Plan) -> Iterator[Problem]:
    """Report guards that cannot find even a total failure, and gates that health cannot open."""
    if not _is_whole(plan):
        return
    for phase in plan.phases:
        slowest = min(phase.components, key=lambda component: component.stages[-1].exposure)
        for rule in (*guard_rules(plan, phase), *gate_rules(plan, phase)):
            if rule.counted and not rule.problem and rule.metric.cases is None:
                yield from (_gate if rule.gate else _guard)(plan, phase, slowest, rule)


def _guard(plan: Plan, phase: Phase, component: Component, rule: Rule) -> Iterator[Problem]:
    terms = terms_of(plan, allocate(plan), phase, rule, component.name, 1)
    if rule.allowed is None and component.stages[-1].exposure >= EVERYONE:
        return  # there is no control to compare with: said elsewhere
    traffic = traffic_of(plan, phase, component, rule)
    subjects = forecast.subjects_needed(terms, traffic, 1.0)
    if subjects <= in_shortest_watch(plan, phase, component, rule.metric.lag):
        return
    when = time_of(plan, component, rule.metric.lag, subjects)
    yield Problem(
        path=f"phases.{phase.name}.roll_back_when[{rule.index}]",
        code="guard-late",
        message=(
            f'"{rule.condition.text}" would find even a total failure of {component.name} '
            f"{_after(when)}; the shortest watch is {span(phase.lasts_least)}"
        ),
        remedy="Watch longer, expose more, or give the metric more of the budget (`weight`).",
        severity=Severity.WARNING,
    )


def _gate(plan: Plan, phase: Phase, component: Component, rule: Rule) -> Iterator[Problem]:
    bound, lag = rule.allowed or 0.0, rule.metric.lag
    if not 0 < bound < 1:
        return
    if earliest(plan, component, rule.metric, needed(bound, plan.confidence)) > phase.lasts_most:
        return  # nothing could open it in time: an error, said elsewhere
    share = healthy_share(plan, phase, rule)
    subjects = forecast.subjects_shown(bound, 1 - plan.confidence, share)
    when = time_of(plan, component, lag, subjects)
    if when is not None and when <= phase.lasts_most:
        return
    most = span(phase.lasts_most)
    yield Problem(
        path=f"phases.{phase.name}.pass_when[{rule.index}]",
        code="gate-doubtful",
        message=(
            f'"{rule.condition.text}" takes about {ceil(min(subjects, forecast.MOST))} subjects '
            f"with {component.name} at {value(rule.metric, rule.stated(share))}, {_after(when)}, "
            f"but the phase lasts {most} at most"
        ),
        remedy="Let the phase last longer, expose more, or ask for less.",
        severity=Severity.WARNING,
    )


def _after(when: timedelta | None) -> str:
    return "never" if when is None else f"after {span(when)}"


def _is_whole(plan: Plan) -> bool:
    """A plan with broken parts has worse problems, which are said first."""
    metrics = {metric.name for metric in plan.metrics}
    components = [component for phase in plan.phases for component in phase.components]
    return (
        0 < plan.confidence < 1
        and 0 < plan.error_budget < 1
        and plan.traffic > 0
        and all(phase.components for phase in plan.phases)
        and all(component.stages for component in components)
        and all(c.metric in metrics for phase in plan.phases for c in phase.conditions)
        and len({phase.name for phase in plan.phases}) == len(plan.phases)
    )
