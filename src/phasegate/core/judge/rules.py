"""Conditions as the judge needs them: which series, which kind, what bad share is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from phasegate.core.plan import Comparison, Condition, Metric, MetricKind, Phase, Plan


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One condition, ready to be judged.

    index    place in pass_when or roll_back_when.
    allowed  the bound as a bad share, for shares and quantiles; None: compared with control only.
    problem  why it cannot be judged, in plain words; empty when it can.
    """

    index: int
    gate: bool
    condition: Condition
    metric: Metric
    series: str
    allowed: float | None = None
    problem: str = ""

    @property
    def level(self) -> bool:
        """The condition reads a level of the environment."""
        return self.metric.kind is MetricKind.LEVEL

    @property
    def sentinel(self) -> bool:
        """The condition asks whether something occurred at all."""
        return self.metric.kind is MetricKind.SENTINEL

    @property
    def counted(self) -> bool:
        """The condition is about a share of bad observations, quantiles included."""
        return self.metric.kind in (MetricKind.SHARE, MetricKind.QUANTILE)


def gate_rules(plan: Plan, phase: Phase) -> tuple[Rule, ...]:
    """Return the phase's gates in the order of the plan."""
    return tuple(_rules(plan, phase.pass_when, gate=True))


def guard_rules(plan: Plan, phase: Phase) -> tuple[Rule, ...]:
    """Return the phase's guards in the order of the plan."""
    return tuple(_rules(plan, phase.roll_back_when, gate=False))


def block_seconds(plan: Plan) -> int:
    """Return the length of a block in whole seconds, at least one."""
    return max(1, int(plan.block.total_seconds()))


def onset_ticks(plan: Plan, phase: Phase) -> int:
    """Return over how many blocks the capital for late harm is spread."""
    return max(1, ceil(phase.lasts_least.total_seconds() / block_seconds(plan)))


def _rules(plan: Plan, conditions: tuple[Condition, ...], *, gate: bool) -> Iterator[Rule]:
    for index, condition in enumerate(conditions):
        metric = plan.metric(condition.metric)
        problem = _problem(metric, condition, gate=gate)
        yield Rule(
            index=index,
            gate=gate,
            condition=condition,
            metric=metric,
            series=metric.name if problem else plan.series(condition),
            allowed=None if problem else _allowed(metric, condition),
            problem=problem,
        )


def _allowed(metric: Metric, condition: Condition) -> float | None:
    if condition.comparison is Comparison.WORSE_THAN_CONTROL:
        return None
    if metric.kind is MetricKind.QUANTILE:
        return 1 - (metric.at or 0.0)
    if metric.kind is not MetricKind.SHARE:
        return None
    bound = condition.bound or 0.0
    return 1 - bound if metric.good is not None else bound


def _problem(metric: Metric, condition: Condition, *, gate: bool) -> str:
    comparison = condition.comparison
    if (comparison is Comparison.OCCURS) != (metric.kind is MetricKind.SENTINEL):
        return "a sentinel occurs or does not; nothing else can be asked of it, nor this of others"
    if metric.kind is MetricKind.SENTINEL:
        return ""
    if condition.bound is None and _needs_bound(metric, condition):
        return "the condition has no bound"
    if metric.kind is MetricKind.LEVEL:
        wrong = comparison is Comparison.WORSE_THAN_CONTROL
        return "a level has no control to compare with" if wrong else ""
    compared = gate or comparison is Comparison.WORSE_THAN_CONTROL
    if compared and not metric.knows_subjects:
        return f"{metric.source} counts requests, and only subjects are independent of each other"
    if metric.kind is MetricKind.QUANTILE and not 0 < (metric.at or 0) < 1:
        return f"the quantile {metric.name} does not say which"
    return _inverted(metric, comparison, gate=gate)


def _needs_bound(metric: Metric, condition: Condition) -> bool:
    compared = condition.comparison is Comparison.WORSE_THAN_CONTROL
    return not compared or metric.kind is MetricKind.QUANTILE


def _inverted(metric: Metric, comparison: Comparison, *, gate: bool) -> str:
    if comparison is Comparison.WORSE_THAN_CONTROL:
        return "a gate cannot show that something is worse than control" if gate else ""
    low_is_good = metric.kind is MetricKind.QUANTILE or metric.good is None
    healthy = Comparison.BELOW if low_is_good else Comparison.ABOVE
    if (comparison is healthy) is gate:
        return ""
    return "the condition is inverted: it asks for harm to pass, or goes back on health"
