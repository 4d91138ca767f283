"""One line of pass_when or roll_back_when to a condition, with its bound in the metric's unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from phasegate.core.plan import Comparison, Condition, Metric, MetricKind
from phasegate.core.problem import suggestion
from phasegate.planfile import measures, values
from phasegate.planfile.notes import Wrong

LINE = re.compile(
    rf"(?P<no>no\s+)?(?P<metric>{values.NAME})"
    r"(?:\s*(?P<sign><=|>=|==|!=|<|>)\s*(?P<bound>\S.*)"
    r"|\s+(?P<worse>worse than control)(?:\s+by\s+(?P<margin>\S.*))?)?"
)

SIDES = {"<": Comparison.BELOW, ">": Comparison.ABOVE}

FORMS = (
    'Write "error_rate < 2%", "response_time > 3s", "error_rate worse than control by 1%", '
    '"safety_critical" for a guard or "no safety_critical" for a gate.'
)


@dataclass(frozen=True, kw_only=True)
class Declared:
    """The metrics of the file: those that could be read, and the names of all."""

    metrics: Mapping[str, Metric]
    names: tuple[str, ...]


def condition(text: str, declared: Declared, *, gate: bool) -> Condition | None:
    """Return the condition of a line; None where its metric has notes of its own by now.

    Raises Wrong.
    """
    match = LINE.fullmatch(text.strip())
    if match is None:
        raise Wrong("condition-form", f"{text[:80]!r} is no condition", FORMS)
    name = match["metric"]
    if name not in declared.names:
        raise Wrong(
            "unknown-metric", f"no metric is called {name!r}", suggestion(name, declared.names)
        )
    if name not in declared.metrics:
        return None
    return _read(match, declared.metrics[name], gate=gate)


def _read(match: re.Match[str], metric: Metric, *, gate: bool) -> Condition:
    text = match[0]
    if metric.kind is MetricKind.SENTINEL:
        return _sentinel(match, metric, gate=gate)
    if match["no"] or not (match["sign"] or match["worse"]):
        raise Wrong(
            "condition-form",
            f"{text!r} has no bound, and {metric.name} is a {metric.kind.value}",
            FORMS,
        )
    if match["worse"]:
        margin = 0.0 if match["margin"] is None else _margin(match["margin"].strip(), metric)
        return Condition(
            metric=metric.name,
            comparison=Comparison.WORSE_THAN_CONTROL,
            margin=margin,
            text=text,
        )
    if match["sign"] not in SIDES:
        raise Wrong(
            "condition-form",
            f"{match['sign']} is no side of a bound",
            f'Did you mean "{text.replace(match["sign"], match["sign"][0], 1)}"? '
            "Conditions use < and >.",
        )
    return Condition(
        metric=metric.name,
        comparison=SIDES[match["sign"]],
        bound=_bound(match["bound"].strip(), metric),
        text=text,
    )


def _sentinel(match: re.Match[str], metric: Metric, *, gate: bool) -> Condition:
    if match["sign"] or match["worse"]:
        raise Wrong(
            "condition-form",
            f"{metric.name} is a sentinel: the first event decides, no bound does",
            f'Write "{_sentinel_line(metric, gate=gate)}".',
        )
    if bool(match["no"]) != gate:
        raise Wrong(
            "condition-inverted",
            f'"{match[0]}" is upside down',
            f'Did you mean "{_sentinel_line(metric, gate=gate)}"? '
            "A gate asks that it has not occurred; a guard takes back when it does.",
        )
    return Condition(metric=metric.name, comparison=Comparison.OCCURS, text=match[0])


def _sentinel_line(metric: Metric, *, gate: bool) -> str:
    return f"no {metric.name}" if gate else metric.name


def _bound(text: str, metric: Metric) -> float:
    """Return a bound in the metric's unit: shares in 0..1, durations as ms or as the unit says."""
    if metric.kind is MetricKind.SHARE:
        # "error_rate > 100%" would be a guard that never trips.
        return values.inner_share(text)
    if metric.kind is MetricKind.RATE:
        return measures.per_hour(text)
    bound = measures.measured(text, metric.unit)
    if metric.scale is not None and not metric.scale[0] < bound < metric.scale[1]:
        low, high = metric.scale
        raise Wrong(
            "scale-range",
            f"{text[:80]!r} is not between {low:g} and {high:g}, where {metric.name} lies",
            "A mean is never beyond its scale: choose a bound inside.",
        )
    return bound


def _margin(text: str, metric: Metric) -> float:
    """Return by how much treatment may be worse: in the unit of the metric's bounds."""
    if metric.kind is MetricKind.RATE:
        return measures.per_hour(text)
    if metric.scale is None:
        return values.inner_share(text)
    margin, (low, high) = measures.measured(text, metric.unit), metric.scale
    if not 0 < margin < high - low:
        raise Wrong(
            "scale-range",
            f"{text[:80]!r} is no part of the scale from {low:g} to {high:g}",
            "Write a margin above 0 and within the scale, like `by 0.2`.",
        )
    return margin
