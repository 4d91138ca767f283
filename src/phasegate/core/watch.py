"""What telemetry must look for on behalf of a run: the series of every exposed component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan

from phasegate.core.plan import Metric, MetricKind, Predicate

Attributes = Mapping[str, object]
"""Attributes of a span or log record, plus `error` (bool) and `duration` (ms) of a server span."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One tallied series. bound: the quantile's bound in the metric's unit, else None."""

    name: str
    metric: Metric
    bound: float | None = None

    def is_bad(self, attributes: Attributes) -> bool | None:
        """Say whether an observation is bad; None if it does not belong to the series.

        An observation belongs when `where` holds and the field it is judged by is present.
        """
        metric = self.metric
        if metric.where is not None and not holds(metric.where, attributes):
            return None
        if metric.kind is MetricKind.SENTINEL or (
            metric.kind is MetricKind.RATE and metric.bad is None
        ):
            return True
        if metric.kind is MetricKind.QUANTILE:
            value = attributes.get(metric.of or "duration")
            if self.bound is None or not isinstance(value, int | float) or isnan(value):
                return None
            return value > self.bound
        if metric.kind is MetricKind.MEAN:
            return beyond_scale(metric, attributes.get(metric.of or ""))
        if metric.good is not None:
            good = holds(metric.good, attributes)
            return None if good is None else not good
        return None if metric.bad is None else holds(metric.bad, attributes)


@dataclass(frozen=True, kw_only=True)
class Watch:
    """One component's trial as telemetry sees it.

    flag    the flag whose evaluation tells the arm: variant "on" is treatment, "off" control.
    block   length in seconds of the blocks in which a subject counts once as at risk.
    environment  whose flags they are: what is told of another's is none of its business.
    since        Unix time when its exposure began: what was observed before is not counted for it.
                 Sentinels are, whenever they come: a clock may be wrong, and harm is harm.
    """

    run: str
    phase: str
    component: str
    flag: str
    attempt: int
    series: tuple[Series, ...]
    block: int
    environment: str = ""
    since: float = 0.0


def beyond_scale(metric: Metric, value: object) -> bool | None:
    """Say whether a value lies outside a mean's scale; None if it is no number.

    Nothing else about one value is bad: it is the mean that is judged.
    """
    if metric.scale is None or not isinstance(value, int | float) or isnan(value):
        return None
    return not metric.scale[0] <= value <= metric.scale[1]


def holds(predicate: Predicate, attributes: Attributes) -> bool | None:
    """Say whether a predicate holds of an observation; None if its field is absent or unlike."""
    seen = attributes.get(predicate.field)
    if seen is None:
        return None
    if predicate.op in ("is", "is not"):
        return is_true(seen) == (predicate.op == "is")
    if predicate.op in ("==", "!="):
        return (seen == predicate.value) == (predicate.op == "==")
    bound = predicate.value
    if not isinstance(seen, int | float) or not isinstance(bound, int | float):
        return None
    if isnan(seen):
        return None
    return {
        "<": seen < bound,
        "<=": seen <= bound,
        ">": seen > bound,
        ">=": seen >= bound,
    }[predicate.op]


def is_true(seen: object) -> bool:
    """Say whether an attribute says yes. Text says no if it is "false", as some exporters write."""
    if isinstance(seen, str):
        return seen.casefold() not in ("false", "0", "")
    return bool(seen)
