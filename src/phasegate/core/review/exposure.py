"""Exposure over stages and phases: it grows, and it leaves a control where one is needed."""

from __future__ import annotations

from collections.abc import Iterator

from phasegate.core.plan import EVERYONE, Comparison, Component, Mode, Phase, Plan
from phasegate.core.problem import Problem, Severity
from phasegate.core.wording import percent


def exposures_grow(plan: Plan) -> Iterator[Problem]:
    """Report a flag whose live exposure falls from one stage or phase to a later one."""
    reached: dict[str, tuple[int, str]] = {}
    for phase in plan.phases:
        for component in phase.components:
            for stage in component.stages:
                if stage.mode is Mode.SHADOW:
                    continue
                before, where = reached.get(component.flag, (0, ""))
                if stage.exposure < before:
                    yield _falls(phase, component, stage.exposure, before, where)
                reached[component.flag] = (stage.exposure, phase.name)


def control_exists(plan: Plan) -> Iterator[Problem]:
    """Report guards against control where a component leaves no subject unexposed."""
    for phase in plan.phases:
        relative = [
            number
            for number, guard in enumerate(phase.roll_back_when)
            if guard.comparison is Comparison.WORSE_THAN_CONTROL
        ]
        for component in phase.components:
            full = [_everyone(component, index) for index in range(len(component.stages))]
            if full and full[-1]:
                for number in relative:
                    yield _no_control(phase, component, number, ever=not all(full))


def _everyone(component: Component, index: int) -> bool:
    stage = component.stages[index]
    return stage.mode is Mode.LIVE and stage.exposure == EVERYONE


def _falls(phase: Phase, component: Component, now: int, before: int, where: str) -> Problem:
    shares = f"{percent(now / EVERYONE)} after {percent(before / EVERYONE)}"
    return Problem(
        path=f"phases.{phase.name}.components.{component.name}",
        code="exposure-falls",
        message=f"the flag {component.flag} goes to {shares} in {where}",
        remedy="Subjects would lose what they had: keep the exposure or raise it.",
        severity=Severity.WARNING,
    )


def _no_control(phase: Phase, component: Component, number: int, *, ever: bool) -> Problem:
    guard = phase.roll_back_when[number]
    when = "at its last stage" if ever else "in this phase"
    return Problem(
        path=f"phases.{phase.name}.roll_back_when[{number}]",
        code="control-missing",
        message=f'"{guard.text}" has no control for {component.name}, which all get {when}',
        remedy="Guard with a bound as well, like `error_rate > 2%`, or expose fewer than all."
        if ever
        else "Guard with a bound instead, like `error_rate > 2%`.",
        severity=Severity.WARNING if ever else Severity.ERROR,
    )
