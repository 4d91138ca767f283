"""What each guard and gate of a plan will be able to see: at its traffic, exposure and budget.

Nobody knows the traffic of a trial before it runs, so what is assumed is said: every subject of the
plan's `traffic` is new, leaves one observation for each metric, and in control a share of them is
bad that is a quarter of the strictest bound on the metric in the phase.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from math import ceil, inf

from phasegate.core.judge import casegate, forecast
from phasegate.core.judge.budget import Budget, allocate
from phasegate.core.judge.forecast import Traffic
from phasegate.core.judge.ledger import terms_of
from phasegate.core.judge.rules import Rule, block_seconds, gate_rules, guard_rules
from phasegate.core.plan import EVERYONE, Component, Phase, Plan
from phasegate.core.review.power import needed

HEALTHY = 0.25
"""Bad share of a healthy metric, as a part of its strictest bound."""

UNBOUND = 0.01
"""Bad share of a healthy metric that has no bound and no margin."""

HARM = 2.0
"""Times of its bound (or of healthy plus margin) at which the sample of a guard is told."""

MINUTE = timedelta(minutes=1)
FOREVER = timedelta(days=36_500)


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """One guard or gate of one component. Shares in the metric's own terms.

    alpha     the error budget it may spend; for a gate, 1 - confidence.
    smallest  guard: the smallest harm that is found, at 90 %, within the shortest watch; None: none
              is, or it is no matter of shares.
    asked     guard: the harm that sample and when are about; gate: the healthy share.
    sample    treated subjects until it is decided, at 90 %; None: never.
    when      how long after exposure that is. in_time: within the phase's longest watch.
    earliest  soonest decision: everything fails (guard), or nothing does (gate).
    note      what else there is to say.
    """

    phase: str
    component: str
    condition: str
    gate: bool
    exposure: int
    metric: str = ""
    alpha: float = 0.0
    smallest: float | None = None
    asked: float | None = None
    sample: int | None = None
    when: timedelta | None = None
    earliest: timedelta | None = None
    in_time: bool = True
    note: str = ""


def foreseen(plan: Plan) -> tuple[Foreseen, ...]:
    """Return a line for every guard and gate of every component, in the order of the plan."""
    budget = allocate(plan)
    return tuple(
        line
        for phase in plan.phases
        for component in phase.components
        for rule in (*guard_rules(plan, phase), *gate_rules(plan, phase))
        for line in _lines(plan, budget, phase, component, rule)
    )


def healthy_share(plan: Plan, phase: Phase, rule: Rule) -> float:
    """Return the bad share that is assumed of a healthy metric in a phase."""
    rules = (*guard_rules(plan, phase), *gate_rules(plan, phase))
    mine = [other for other in rules if other.series == rule.series]
    bounds = [other.allowed for other in mine if other.allowed]
    if bounds:
        return HEALTHY * min(bounds)
    return max((other.margin for other in mine), default=0.0) or UNBOUND


def traffic_of(plan: Plan, phase: Phase, component: Component, rule: Rule) -> Traffic:
    """Return what is assumed of the traffic that a condition is judged by."""
    return Traffic(
        exposure=component.stages[-1].exposure,
        p0=healthy_share(plan, phase, rule),
        per_block=_per_minute(plan, component) * block_seconds(plan) / 60,
    )


def in_shortest_watch(plan: Plan, phase: Phase, component: Component, lag: timedelta) -> float:
    """Return how many treated subjects have come, and told, when the shortest watch is over."""
    soak = phase.lasts_least / phase.stage_count
    last = _per_minute(plan, component) * max(timedelta(0), soak - lag) / MINUTE
    earlier = (component.stage(stage).exposure for stage in range(phase.stage_count - 1))
    return last + sum(plan.traffic * exposure / EVERYONE * (soak / MINUTE) for exposure in earlier)


def time_of(plan: Plan, component: Component, lag: timedelta, subjects: float) -> timedelta | None:
    """Return when so many subjects have the component and have told; None: never."""
    per_minute = _per_minute(plan, component)
    if subjects == inf or per_minute <= 0:
        return None
    return min(lag + subjects / per_minute * MINUTE, FOREVER)


def _lines(
    plan: Plan, budget: Budget, phase: Phase, component: Component, rule: Rule
) -> Iterator[Foreseen]:
    if rule.problem or not component.stages:
        return
    if rule.counted and rule.metric.cases is None:
        yield (_gate if rule.gate else _guard)(plan, budget, phase, component, rule)
    elif component == phase.components[0]:
        # Levels and labelled cases belong to no component alone, and a sentinel waits for nobody.
        yield _other(plan, phase, component, rule)


def _guard(plan: Plan, budget: Budget, phase: Phase, component: Component, rule: Rule) -> Foreseen:
    terms = terms_of(plan, budget, phase, rule, component.name, 1)
    traffic, lag = traffic_of(plan, phase, component, rule), rule.metric.lag
    least = terms.allowed if terms.allowed is not None else traffic.p0 + terms.margin
    asked = min(1.0, HARM * least)
    in_time = in_shortest_watch(plan, phase, component, lag)
    smallest = forecast.smallest_harm(terms, traffic, in_time)
    sample = forecast.subjects_needed(terms, traffic, asked)
    when = time_of(plan, component, lag, sample)
    return Foreseen(
        phase=phase.name,
        component=component.name,
        condition=_named(rule),
        gate=False,
        metric=rule.metric.name,
        exposure=traffic.exposure,
        alpha=terms.alpha,
        smallest=None if smallest is None else rule.stated(smallest),
        asked=rule.stated(asked),
        sample=_whole(sample),
        when=when,
        earliest=time_of(plan, component, lag, forecast.subjects_needed(terms, traffic, 1.0)),
        in_time=when is not None and when <= phase.lasts_most,
        note="" if smallest is not None else "sees nothing within the shortest watch",
    )


def _gate(plan: Plan, _: Budget, phase: Phase, component: Component, rule: Rule) -> Foreseen:
    beta, bound, lag = 1 - plan.confidence, rule.allowed or 0.0, rule.metric.lag
    share = healthy_share(plan, phase, rule)
    sample = forecast.subjects_shown(bound, beta, share)
    when = time_of(plan, component, lag, sample)
    return Foreseen(
        phase=phase.name,
        component=component.name,
        condition=rule.condition.text,
        gate=True,
        metric=rule.metric.name,
        exposure=component.stages[-1].exposure,
        alpha=beta,
        asked=rule.stated(share),
        sample=_whole(sample),
        when=when,
        earliest=time_of(plan, component, lag, forecast.subjects_shown(bound, beta, 0.0)),
        in_time=when is not None and when <= phase.lasts_most,
    )


def _other(plan: Plan, phase: Phase, component: Component, rule: Rule) -> Foreseen:
    sample, earliest, note = None, rule.metric.hold, "holds so long on one side"
    if rule.sentinel:
        earliest, note = timedelta(0), "the first event decides"
    elif rule.metric.cases is not None and not rule.level:
        runs = any(casegate.belongs(step, rule.metric) for step in (*phase.before, *phase.after))
        sample = needed(rule.allowed or 0.5, plan.confidence) if runs else None
        earliest, note = timedelta(0), "labelled cases without a miss, run once"
    return Foreseen(
        phase=phase.name,
        component="*",
        condition=rule.condition.text,
        gate=rule.gate,
        exposure=component.stages[-1].exposure,
        sample=sample,
        earliest=earliest,
        note=note,
    )


def _named(rule: Rule) -> str:
    """Name a condition, with the cut where it has several."""
    return f"{rule.condition.text} ({rule.series})" if rule.part < 1 else rule.condition.text


def _per_minute(plan: Plan, component: Component) -> float:
    return plan.traffic * component.stages[-1].exposure / EVERYONE


def _whole(subjects: float) -> int | None:
    return None if subjects == inf else ceil(subjects)
