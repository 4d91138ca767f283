"""A plan to the text of a plan file; reading that text gives the same plan and the same hash."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

import yaml

from phasegate.core.plan import (
    DAYS,
    CaseSpec,
    CheckSpec,
    Component,
    Metric,
    MetricKind,
    Mode,
    Phase,
    Plan,
    Predicate,
    Stage,
    Step,
    StepKind,
    Window,
)

Yaml = str | int | float | list["Yaml"] | dict[str, "Yaml"]

SIZES = (
    ("d", timedelta(days=1)),
    ("h", timedelta(hours=1)),
    ("m", timedelta(minutes=1)),
    ("s", timedelta(seconds=1)),
    ("ms", timedelta(milliseconds=1)),
)


def write(plan: Plan) -> str:
    """Return the plan as YAML. Conditions are written as their text says."""
    return yaml.safe_dump(_plan(plan), sort_keys=False, allow_unicode=True, width=100)


def _plan(plan: Plan) -> dict[str, Yaml]:
    keep = plan.unattended is None
    return _present(
        {
            "plan": plan.name,
            "environment": plan.environment,
            "author": plan.author,
            "subjects": plan.subjects,
            "traffic": f"{_number(plan.traffic)}/min",
            "error_budget": _percent(plan.error_budget),
            "confidence": _percent(plan.confidence),
            "unattended": "keep" if keep else f"withdraw after {_duration(plan.unattended)}",
            "blind_for": _duration(plan.blind_for),
            "block": _duration(plan.block),
            "window": _window(plan.window) if plan.window else None,
            "endpoints": dict(plan.endpoints),
            "hazards": {
                hazard.name: {"text": hazard.text, "guarded_by": list(hazard.guarded_by)}
                for hazard in plan.hazards
            },
            "checks": {check.name: _check(check) for check in plan.checks},
            "cases": {case.name: _cases(case) for case in plan.cases},
            "metrics": {metric.name: _metric(metric) for metric in plan.metrics},
            "phases": {phase.name: _phase(phase) for phase in plan.phases},
        }
    )


def _window(window: Window) -> str:
    days = ",".join(DAYS[day] for day in window.days)
    sign, offset = "-" if window.offset < 0 else "+", abs(window.offset)
    return f"{days} {_clock(window.opens)}-{_clock(window.closes)} {sign}{_clock(offset)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _check(check: CheckSpec) -> dict[str, Yaml]:
    return {"kind": check.kind, **dict(check.options)}


def _cases(case: CaseSpec) -> dict[str, Yaml]:
    return {"file": case.file, "url": case.url}


def _metric(metric: Metric) -> dict[str, Yaml]:
    level = metric.kind is MetricKind.LEVEL
    counters = metric.query_all is not None
    part = "query_good" if metric.good is not None else "query_bad"
    return _present(
        {
            "kind": metric.kind.value,
            "source": metric.source,
            "event": metric.event,
            "where": _predicate(metric.where),
            "bad": None if counters else _predicate(metric.bad),
            "good": None if counters else _predicate(metric.good),
            "cases": metric.cases,
            "of": metric.of,
            "at": None if metric.at is None else _percent(metric.at),
            "cuts": ", ".join(_value(cut, metric.unit) for cut in metric.cuts or ()),
            "scale": " to ".join(_number(end) for end in metric.scale or ()),
            "better": metric.better,
            "unit": metric.unit,
            "endpoint": metric.endpoint,
            "query": metric.query,
            "query_all": metric.query_all,
            part: metric.query_part,
            "counts": metric.counts,
            "across": metric.across,
            "lag": _duration(metric.lag) if metric.lag else None,
            "hold": _duration(metric.hold) if level else None,
            "weight": metric.weight,
        }
    )


def _phase(phase: Phase) -> dict[str, Yaml]:
    return _present(
        {
            "title": phase.title,
            "week": phase.week,
            "risk": phase.risk.value,
            "lasts": f"{_duration(phase.lasts_least)} to {_duration(phase.lasts_most)}",
            "before": [_step(step) for step in phase.before],
            "after": [_step(step) for step in phase.after],
            "components": {found.name: _component(found) for found in phase.components},
            "pass_when": [condition.text for condition in phase.pass_when],
            "roll_back_when": [condition.text for condition in phase.roll_back_when],
            "sign_off": [f"{rule.count} {rule.role.value}" for rule in phase.sign_off],
            "if_control_fails_too": phase.if_control_fails_too.value,
        }
    )


def _component(component: Component) -> Yaml:
    shadow = [stage for stage in component.stages if stage.mode is Mode.SHADOW]
    live = [stage for stage in component.stages if stage.mode is Mode.LIVE]
    own = None if component.flag == component.name else component.flag
    if not shadow and own is None:
        return _stages(live)
    return _present(
        {
            "flag": own,
            "shadow": _stages(shadow),
            "then" if shadow else "exposure": _stages(live),
        }
    )


def _stages(stages: Iterable[Stage]) -> str:
    return " then ".join(f"{_number(stage.exposure / 100)}%" for stage in stages)


def _step(step: Step) -> dict[str, Yaml]:
    body: Yaml = step.argument
    if step.kind is StepKind.EVALUATE:
        body = {"cases": step.argument, "metric": step.metric or ""}
    return {step.kind.value: body, "timeout": _duration(step.timeout)}


def _predicate(predicate: Predicate | None) -> str | None:
    if predicate is None:
        return None
    match predicate.op, predicate.value:
        case "is", _:
            return predicate.field
        case "is not", _:
            return f"not {predicate.field}"
        case op, bool(value):
            return f"{predicate.field} {op} {str(value).lower()}"
        case op, str(value):
            quote = "'" if '"' in value else '"'
            return f"{predicate.field} {op} {quote}{value}{quote}"
        case op, value:
            return f"{predicate.field} {op} {_number(value or 0.0)}"


def _present(table: dict[str, Yaml | None]) -> dict[str, Yaml]:
    empty: tuple[Yaml, ...] = ("", [], {})
    return {key: value for key, value in table.items() if value is not None and value not in empty}


def _duration(duration: timedelta | None) -> str:
    """Write a duration in the largest units that hold it exactly; milliseconds are the finest."""
    parts, rest = [], duration or timedelta(0)
    for unit, size in SIZES[:-1]:
        count, rest = divmod(rest, size)
        parts += [f"{count}{unit}"] if count else []
    if rest:
        parts.append(f"{_number(rest / timedelta(milliseconds=1))}ms")
    return "".join(parts)


def _value(value: float, unit: str | None) -> str:
    return f"{_number(value)}{unit or ''}"


def _percent(share: float) -> str:
    return f"{_plain(Decimal(repr(share)) * 100)}%"


def _number(value: float) -> str:
    return _plain(Decimal(repr(float(value))))


def _plain(value: Decimal) -> str:
    whole = value.to_integral_value()
    return f"{whole:f}" if value == whole else f"{value.normalize():f}"
