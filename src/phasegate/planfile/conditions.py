"""One line of pass_when or roll_back_when to a condition, with its bound in the metric's unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from phasegate.core.plan import Comparison, Condition, Metric, MetricKind
from phasegate.core.problem import suggestion
from phasegate.planfile import values
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
        margin = 0.0 if match["margin"] is None else values.inner_share(match["margin"].strip())
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
    if metric.unit in values.UNITS:
        wanted: timedelta = values.UNITS[metric.unit]
        return values.duration(text) / wanted
    if metric.unit == "%":
        return float(values.percentage(text))
    return _counted(text, metric)


def _counted(text: str, metric: Metric) -> float:
    unit = metric.unit or ""
    match = re.fullmatch(rf"({values.NUMBER})\s*(.*)", text)
    if match is None or match[2] != unit:
        form = f"a number of {unit}" if unit else "a number without a unit"
        raise Wrong(
            "condition-unit",
            f"{text[:80]!r} is not {form}",
            f"Write like `{metric.name} < {f'10 {unit}'.strip()}`.",
        )
    return float(match[1])
