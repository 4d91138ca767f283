"""Gates and guards: on the right side of their bound, judgeable, and consistent with each other."""

from __future__ import annotations

from collections.abc import Iterator

from phasegate.core.judge.rules import COUNTED_KINDS, HOUR, MOST_IN_A_BLOCK, block_seconds
from phasegate.core.plan import Comparison, Condition, Metric, MetricKind, Phase, Plan, StepKind
from phasegate.core.problem import Problem, Severity

OPPOSITE = {Comparison.BELOW: Comparison.ABOVE, Comparison.ABOVE: Comparison.BELOW}
"""The other side of a bound."""

SIGN = {Comparison.BELOW: "<", Comparison.ABOVE: ">"}
"""How a plan file writes a side."""


def harmful_side(metric: Metric) -> Comparison | None:
    """Say on which side of a bound a metric means harm; None where the metric does not tell."""
    if metric.kind not in COUNTED_KINDS:
        return None
    wanted_high = metric.good is not None or metric.better == "higher"
    return Comparison.BELOW if wanted_high else Comparison.ABOVE


def conditions_make_sense(plan: Plan) -> Iterator[Problem]:
    """Report conditions that are upside down or that nothing could ever judge."""
    metrics = {metric.name: metric for metric in plan.metrics}
    for phase in plan.phases:
        for number, gate in enumerate(phase.pass_when):
            if gate.metric in metrics:
                path = f"phases.{phase.name}.pass_when[{number}]"
                yield from _gate(path, phase, gate, metrics[gate.metric])
        for number, guard in enumerate(phase.roll_back_when):
            if guard.metric in metrics:
                path = f"phases.{phase.name}.roll_back_when[{number}]"
                yield from _guard(path, guard, metrics[guard.metric])
        yield from _evaluations(phase, metrics)


def rates_fit_into_blocks(plan: Plan) -> Iterator[Problem]:
    """Report a bound on a rate that no block could ever show to be passed."""
    rates = {metric.name for metric in plan.metrics if metric.kind is MetricKind.RATE}
    most = HOUR / block_seconds(plan) * MOST_IN_A_BLOCK
    for phase in plan.phases:
        sides = (("pass_when", phase.pass_when), ("roll_back_when", phase.roll_back_when))
        for side, conditions in sides:
            for number, one in enumerate(conditions):
                if one.metric in rates and max(one.bound or 0.0, one.margin) >= most:
                    yield Problem(
                        path=f"phases.{phase.name}.{side}[{number}]",
                        code="rate-beyond-block",
                        message=f'"{one.text}" is never seen: a subject counts once in a block',
                        remedy=f"Shorten the plan's blocks, or ask for less than {most:g}/h.",
                    )


def gates_and_guards_leave_room(plan: Plan) -> Iterator[Problem]:
    """Report a gate and a guard over one metric that touch, overlap or point the same way."""
    levels = {metric.name for metric in plan.metrics if metric.kind is MetricKind.LEVEL}
    for phase in plan.phases:
        for number, gate in enumerate(phase.pass_when):
            path = f"phases.{phase.name}.pass_when[{number}]"
            for guard in phase.roll_back_when:
                if gate.metric == guard.metric:
                    yield from _between(path, gate, guard, level=gate.metric in levels)


def _gate(path: str, phase: Phase, gate: Condition, metric: Metric) -> Iterator[Problem]:
    if gate.comparison is Comparison.WORSE_THAN_CONTROL:
        yield _inverted(path, gate, f'move "{gate.text}" to roll_back_when')
        return
    yield from _unsupported(path, gate, metric)
    yield from _of_requests(path, gate, metric)
    if gate.comparison is harmful_side(metric):
        yield _inverted(path, gate, f'write "{_turned(gate)}"')
    if _run_by_a_step(metric) and not _evaluated(phase, metric):
        yield Problem(
            path=path,
            code="cases-unevaluated",
            message=f"{metric.name} comes from labelled cases, and no step evaluates them",
            remedy=(
                f"Add `evaluate: {{cases: {metric.cases}, metric: {metric.name}}}` "
                "to the phase's before."
            ),
        )


def _guard(path: str, guard: Condition, metric: Metric) -> Iterator[Problem]:
    yield from _unsupported(path, guard, metric)
    if guard.comparison is Comparison.WORSE_THAN_CONTROL:
        yield from _of_requests(path, guard, metric)
    side = harmful_side(metric)
    if side is not None and guard.comparison is OPPOSITE[side]:
        yield _inverted(path, guard, f'write "{_turned(guard)}"')
    if _run_by_a_step(metric):
        yield Problem(
            path=path,
            code="guard-over-cases",
            message=f"{metric.name} comes from labelled cases, which live traffic does not feed",
            remedy="Ask for it in pass_when, and guard with a metric of live traffic, or with a "
            "level from the cases, which has them run again and again.",
        )


def _unsupported(path: str, condition: Condition, metric: Metric) -> Iterator[Problem]:
    occurs = condition.comparison is Comparison.OCCURS
    if occurs != (metric.kind is MetricKind.SENTINEL):
        yield Problem(
            path=path,
            code="comparison-unsupported",
            message=f"a {metric.kind.value} cannot be asked {condition.text!r}",
            remedy="A sentinel stands alone; every other metric needs a bound.",
        )
    elif condition.comparison is Comparison.WORSE_THAN_CONTROL:
        yield from _incomparable(path, metric)


def _incomparable(path: str, metric: Metric) -> Iterator[Problem]:
    if metric.kind is MetricKind.QUANTILE and not metric.cuts:
        yield Problem(
            path=path,
            code="cuts-missing",
            message=f"{metric.name} does not say at which values both arms are compared",
            remedy=f"Add them to {metric.name}, like `cuts: 300ms, 1s, 3s`; or give it a bound.",
        )
    elif metric.kind not in COUNTED_KINDS:
        yield Problem(
            path=path,
            code="comparison-unsupported",
            message=f"{metric.name} is a {metric.kind.value}, which has no control",
            remedy=f'Give it a bound, like "{metric.name} > …", or define a share.',
        )


def _of_requests(path: str, condition: Condition, metric: Metric) -> Iterator[Problem]:
    if metric.kind in COUNTED_KINDS and not metric.knows_subjects:
        yield Problem(
            path=path,
            code="counts-requests",
            message=(
                f'"{condition.text}" needs independent subjects, and {metric.name} counts requests'
            ),
            remedy=(
                "Take the metric from otlp, or from a query that counts each subject once "
                "(`counts: subjects`); or guard it by a bound, and ask for it as a level."
            ),
        )


def _evaluations(phase: Phase, metrics: dict[str, Metric]) -> Iterator[Problem]:
    for part, steps in (("before", phase.before), ("after", phase.after)):
        for number, step in enumerate(steps):
            metric = metrics.get(step.metric or "")
            if step.kind is not StepKind.EVALUATE or metric is None:
                continue
            if not _run_by_a_step(metric) or metric.cases != step.argument:
                yield Problem(
                    path=f"phases.{phase.name}.{part}[{number}]",
                    code="cases-mismatch",
                    message=f"{metric.name} is not measured by the cases {step.argument}",
                    remedy=f"Define it with `source: cases, cases: {step.argument}`.",
                )


def _run_by_a_step(metric: Metric) -> bool:
    """Say whether labelled cases feed a metric at a step: a level has them run all the time."""
    return metric.source == "cases" and metric.kind is MetricKind.SHARE


def _between(path: str, gate: Condition, guard: Condition, *, level: bool) -> Iterator[Problem]:
    if guard.bound is None or gate.bound is None:
        return
    if gate.comparison is guard.comparison:
        # Of other metrics it is known which of the two is upside down, and said there.
        if level:
            yield _inverted(path, gate, f'the guard "{guard.text}" asks the same; turn one of them')
    elif gate.bound == guard.bound:
        # A level is read, not estimated: on either side of one bound it is decided at once.
        if level:
            return
        yield Problem(
            path=path,
            code="gate-equals-guard",
            message=f'"{gate.text}" and the guard "{guard.text}" share one bound',
            remedy=(
                "Near the bound the phase is undecided until it has lasted longest; "
                "leave it so, or move one of the two."
            ),
            severity=Severity.WARNING,
        )
    elif (gate.bound > guard.bound) == (gate.comparison is Comparison.BELOW):
        yield Problem(
            path=path,
            code="gate-looser-than-guard",
            message=f'"{gate.text}" lets pass what the guard "{guard.text}" takes back',
            remedy="Make the gate stricter than the guard.",
            severity=Severity.WARNING,
        )


def _evaluated(phase: Phase, metric: Metric) -> bool:
    steps = (*phase.before, *phase.after)
    return any(step.kind is StepKind.EVALUATE and step.metric == metric.name for step in steps)


def _inverted(path: str, condition: Condition, remedy: str) -> Problem:
    aim = "a gate lets pass what is good; a guard takes back what is bad"
    return Problem(
        path=path,
        code="condition-inverted",
        message=f'"{condition.text}" is upside down',
        remedy=f"{aim.capitalize()}: {remedy}.",
    )


def _turned(condition: Condition) -> str:
    sign = SIGN[condition.comparison]
    return condition.text.replace(sign, SIGN[OPPOSITE[condition.comparison]], 1)
