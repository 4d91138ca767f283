"""Names in a plan: each stands for one thing, and each that is used is defined."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath, PureWindowsPath

from phasegate.core.plan import Phase, Plan, Step, StepKind
from phasegate.core.problem import Problem, Severity, unknown

ENDPOINT = re.compile(r"\{([^{}]*)\}")
"""A reference to an endpoint inside a URL or a query."""


def names_are_single(plan: Plan) -> Iterator[Problem]:
    """Report phases, metrics, components, flags and steps that are there twice."""
    yield from _twice("phases", "phase", [phase.name for phase in plan.phases])
    yield from _twice("metrics", "metric", [metric.name for metric in plan.metrics])
    for phase in plan.phases:
        path = f"phases.{phase.name}"
        names = [component.name for component in phase.components]
        flags = [component.flag for component in phase.components]
        yield from _twice(f"{path}.components", "component", names)
        if len(set(names)) == len(names):
            yield from _twice(f"{path}.components", "flag", flags, keys=names)
        for part, steps in _steps(phase).items():
            yield from _step_twice(f"{path}.{part}", steps)


def flags_are_single(plan: Plan) -> Iterator[Problem]:
    """Report a flag that two components share: taking one back would leave it on for the other."""
    owners: dict[str, str] = {}
    for phase in plan.phases:
        for component in phase.components:
            owner = owners.setdefault(component.flag, component.name)
            if owner != component.name:
                yield Problem(
                    path=f"phases.{phase.name}.components.{component.name}",
                    code="flag-shared",
                    message=f"its flag {component.flag} is that of {owner} already",
                    remedy="Give every component a flag of its own, or call both the same.",
                )


def names_are_known(plan: Plan) -> Iterator[Problem]:
    """Report metrics, checks and case files that are used but not defined, or defined unused."""
    known = Known(plan)
    for hazard in plan.hazards:
        for number, name in enumerate(hazard.guarded_by):
            yield from known.metric(f"hazards.{hazard.name}.guarded_by[{number}]", name)
    for metric in plan.metrics:
        if metric.cases is not None:
            yield from known.case(f"metrics.{metric.name}.cases", metric.cases)
    for phase in plan.phases:
        yield from _phase_names(known, phase)
    yield from _unused_metrics(plan)


def endpoints_are_known(plan: Plan) -> Iterator[Problem]:
    """Report `{name}` in a URL or query where the plan has no such endpoint."""
    known = [name for name, _ in plan.endpoints]
    for path, text in _texts_with_endpoints(plan):
        for name in ENDPOINT.findall(text):
            if name not in known and name not in FILLED:
                yield unknown(path, "endpoint", name, known)
    for metric in plan.metrics:
        if metric.source in ASKED_AT_ENDPOINT:
            name = metric.endpoint or metric.source
            if name not in known:
                yield unknown(f"metrics.{metric.name}.endpoint", "endpoint", name, known)


def case_files_are_inside(plan: Plan) -> Iterator[Problem]:
    """Report case files that are not in the plan's folder: a server opens no other."""
    for case in plan.cases:
        path = PurePosixPath(case.file)
        if path.is_absolute() or ".." in path.parts or PureWindowsPath(case.file).anchor:
            yield Problem(
                path=f"cases.{case.name}.file",
                code="case-file-outside",
                message=f"{case.file} is not in the plan's folder",
                remedy="Put the file beside the plan, or below it, and name it from there.",
            )


FILLED = ("environment", "flag", "component", "since", "until", "step", "bound")
"""What a JSON address that counts by arm is given besides endpoints."""

ASKED_AT_ENDPOINT = ("prometheus", "sql")
"""Sources that have an address of their own, and not one within each query."""


class Known:
    """The names a plan defines."""

    def __init__(self, plan: Plan) -> None:
        """Collect the names once."""
        self.metrics = [metric.name for metric in plan.metrics]
        self.checks = [check.name for check in plan.checks]
        self.cases = [case.name for case in plan.cases]

    def metric(self, path: str, name: str) -> Iterator[Problem]:
        """Report an unknown metric."""
        if name not in self.metrics:
            yield unknown(path, "metric", name, self.metrics)

    def check(self, path: str, name: str) -> Iterator[Problem]:
        """Report an unknown check."""
        if name not in self.checks:
            yield unknown(path, "check", name, self.checks)

    def case(self, path: str, name: str) -> Iterator[Problem]:
        """Report an unknown case file."""
        if name not in self.cases:
            yield unknown(path, "cases", name, self.cases)


def _phase_names(known: Known, phase: Phase) -> Iterator[Problem]:
    path = f"phases.{phase.name}"
    for part, conditions in (
        ("pass_when", phase.pass_when),
        ("roll_back_when", phase.roll_back_when),
    ):
        for number, condition in enumerate(conditions):
            yield from known.metric(f"{path}.{part}[{number}]", condition.metric)
    for part, steps in _steps(phase).items():
        for number, step in enumerate(steps):
            yield from _step_names(known, f"{path}.{part}[{number}]", step)


def _step_names(known: Known, path: str, step: Step) -> Iterator[Problem]:
    if step.kind is StepKind.CHECK:
        yield from known.check(path, step.argument)
    if step.kind is StepKind.EVALUATE:
        yield from known.case(path, step.argument)
        if step.metric is not None:
            yield from known.metric(path, step.metric)


def _unused_metrics(plan: Plan) -> Iterator[Problem]:
    used = {condition.metric for phase in plan.phases for condition in phase.conditions}
    for metric in plan.metrics:
        if metric.name not in used:
            yield Problem(
                path=f"metrics.{metric.name}",
                code="metric-unused",
                message=f"no gate and no guard asks for {metric.name}",
                remedy="Use it in pass_when or roll_back_when, or leave it out.",
                severity=Severity.WARNING,
            )


def _twice(
    path: str, noun: str, names: list[str], keys: list[str] | None = None
) -> Iterator[Problem]:
    seen: set[str] = set()
    for name, key in zip(names, keys or names, strict=True):
        if name in seen:
            yield Problem(
                path=f"{path}.{key}",
                code="name-twice",
                message=f"the {noun} {name} is there twice",
                remedy=f"Give each {noun} a name of its own, or merge the two.",
            )
        seen.add(name)


def _step_twice(path: str, steps: Iterable[Step]) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, step in enumerate(steps):
        if step.name in seen:
            yield Problem(
                path=f"{path}[{number}]",
                code="step-twice",
                message=f"the step {step.name!r} is there twice, and findings go by that name",
                remedy="Leave one of them out.",
            )
        seen.add(step.name)


def _steps(phase: Phase) -> Mapping[str, tuple[Step, ...]]:
    return {"before": phase.before, "after": phase.after}


def _texts_with_endpoints(plan: Plan) -> Iterator[tuple[str, str]]:
    for check in plan.checks:
        for option, text in check.options:
            if option == "url":
                yield f"checks.{check.name}.{option}", text
    for case in plan.cases:
        yield f"cases.{case.name}.url", case.url
    for metric in plan.metrics:
        # A PromQL query has braces of its own; only a JSON address refers to endpoints.
        if metric.query is not None and metric.source == "http_json":
            yield f"metrics.{metric.name}.query", metric.query
