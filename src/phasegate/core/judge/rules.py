"""Conditions as the judge needs them: which series, which kind, what bad share is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil

from phasegate.core.plan import Comparison, Condition, Metric, MetricKind, Phase, Plan

COUNTED_KINDS = (MetricKind.SHARE, MetricKind.QUANTILE, MetricKind.MEAN, MetricKind.RATE)

TERMS = {
    MetricKind.MEAN: "number",
    MetricKind.RATE: "per hour",
    MetricKind.LEVEL: "number",
    MetricKind.SENTINEL: "number",
}

HOUR = 3600

MOST_IN_A_BLOCK = 0.5
"""Events of one subject in a block that a bound on a rate must be below: whoever breaks behind
their first visit is at risk twice in it, so that one event each is half of all."""

TOGETHER = 0.5
"""What all cuts of a quantile together have of their condition's budget; each has its own, too."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One condition, ready to be judged.

    index    place in pass_when or roll_back_when.
    allowed  the bound as a bad share, for all that is counted; None: compared with control only.
    cut      of a quantile: the value beyond which an observation is bad.
    part     what it has of its condition's budget; less than 1 where it shares it with other cuts.
    ladder   series of all cuts of a quantile, rising, where they are judged together.
    ends     what the metric is, in its own terms, at a bad share of 0 and of 1.
    problem  why it cannot be judged, in plain words; empty when it can.

    Of a mean, the bad share is the mean distance from the scale's good end, as a part of the scale.
    Of a rate, it is the share of blocks in which a subject who was present had an event.
    """

    index: int
    gate: bool
    condition: Condition
    metric: Metric
    series: str
    allowed: float | None = None
    cut: float | None = None
    part: float = 1.0
    ladder: tuple[str, ...] = ()
    ends: tuple[float, float] = (0.0, 1.0)
    problem: str = ""

    def stated(self, share: float) -> float:
        """Return a bad share in the metric's own terms."""
        return self.ends[0] + (self.ends[1] - self.ends[0]) * share

    @cached_property
    def bound(self) -> float | None:
        """The bound in the metric's own terms."""
        if self.allowed is not None and self.counted:
            return self.stated(self.allowed)
        return self.condition.bound

    @cached_property
    def terms(self) -> str:
        """What figures of the metric are; see Judgement."""
        return TERMS.get(self.metric.kind, "share")

    @property
    def graded(self) -> bool:
        """It is judged by means of values between good and bad, and not by shares."""
        return self.metric.kind is MetricKind.MEAN or bool(self.ladder)

    @property
    def margin(self) -> float:
        """Return by how much the bad share may exceed control's."""
        return self.condition.margin / abs(self.ends[1] - self.ends[0])

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
        """The condition is about what tallies count: shares, and what is judged like them."""
        return self.metric.kind in COUNTED_KINDS


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
        ends = _ends(plan, metric)
        problem = _problem(metric, condition, ends, gate=gate)
        named = ((metric.name, None),) if problem else plan.series_of(condition)
        rule = Rule(
            index=index,
            gate=gate,
            condition=condition,
            metric=metric,
            series=metric.name,
            allowed=None if problem else _allowed(metric, condition, ends),
            ends=ends,
            problem=problem,
        )
        if len(named) == 1:
            yield replace(rule, series=named[0][0], cut=named[0][1])
            continue
        for series, cut in named:
            yield replace(rule, series=series, cut=cut, part=(1 - TOGETHER) / len(named))
        ladder = tuple(series for series, _ in named)
        yield replace(rule, series=f"{metric.name}>cuts", ladder=ladder, part=TOGETHER)


def _ends(plan: Plan, metric: Metric) -> tuple[float, float]:
    if metric.kind is MetricKind.RATE:
        return 0.0, HOUR / block_seconds(plan)
    if metric.kind is MetricKind.MEAN and metric.scale is not None:
        low, high = metric.scale
        return (high, low) if metric.better == "higher" else (low, high)
    return (1.0, 0.0) if metric.good is not None else (0.0, 1.0)


def _allowed(metric: Metric, condition: Condition, ends: tuple[float, float]) -> float | None:
    if condition.comparison is Comparison.WORSE_THAN_CONTROL or metric.kind not in COUNTED_KINDS:
        return None
    if metric.kind is MetricKind.QUANTILE:
        return 1 - (metric.at or 0.0)
    return ((condition.bound or 0.0) - ends[0]) / (ends[1] - ends[0])


def _problem(metric: Metric, condition: Condition, ends: tuple[float, float], *, gate: bool) -> str:
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
    return _unclear(metric, condition, ends) or _inverted(metric, comparison, gate=gate)


def _needs_bound(metric: Metric, condition: Condition) -> bool:
    compared = condition.comparison is Comparison.WORSE_THAN_CONTROL
    return not compared or (metric.kind is MetricKind.QUANTILE and not metric.cuts)


def _unclear(metric: Metric, condition: Condition, ends: tuple[float, float]) -> str:
    if metric.kind is MetricKind.QUANTILE and not 0 < (metric.at or 0) < 1:
        return f"the quantile {metric.name} does not say which"
    if metric.kind is MetricKind.MEAN and (metric.scale is None or ends[0] == ends[1]):
        return f"the mean {metric.name} has no scale"
    most = ends[1] * MOST_IN_A_BLOCK
    if metric.kind is MetricKind.RATE and max(condition.bound or 0.0, condition.margin) >= most:
        return (
            f"{metric.name} counts one event in a block at most, so that {most:g}/h and more is "
            "not seen: shorten the plan's blocks"
        )
    return ""


def _inverted(metric: Metric, comparison: Comparison, *, gate: bool) -> str:
    if comparison is Comparison.WORSE_THAN_CONTROL:
        return "a gate cannot show that something is worse than control" if gate else ""
    low_is_good = metric.good is None and metric.better != "higher"
    healthy = Comparison.BELOW if low_is_good else Comparison.ABOVE
    if (comparison is healthy) is gate:
        return ""
    return "the condition is inverted: it asks for harm to pass, or goes back on health"
