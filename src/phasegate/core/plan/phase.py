"""A part of a plan: what it exposes to whom, and what must hold before, during and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from phasegate.core.plan.metric import Condition
from phasegate.core.plan.role import Role

EVERYONE = 10_000
"""Basis points of the whole audience."""


class Mode(Enum):
    """How a component runs: served, or beside the old path with its answers only compared."""

    LIVE = "live"
    SHADOW = "shadow"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One exposure of a component within a phase."""

    exposure: int
    mode: Mode = Mode.LIVE


@dataclass(frozen=True, kw_only=True)
class Component:
    """One thing that can be exposed by itself, with its stages in this phase, in order."""

    name: str
    flag: str
    stages: tuple[Stage, ...]

    def stage(self, index: int) -> Stage:
        """Return the stage in force at the phase's stage `index`; the last one stays in force."""
        return self.stages[min(index, len(self.stages) - 1)]


class StepKind(Enum):
    """How a step is carried out."""

    RUN = "run"
    CHECK = "check"
    EVALUATE = "evaluate"


@dataclass(frozen=True, kw_only=True)
class Step:
    """Work before or after a phase.

    argument  the command line (RUN), the check's name (CHECK) or the case file's name (EVALUATE).
    metric    for EVALUATE: the metric that the right and wrong answers are tallied for.
    """

    kind: StepKind
    argument: str
    metric: str | None = None
    timeout: timedelta = timedelta(minutes=10)

    @property
    def name(self) -> str:
        """How people and findings call the step; unique within a phase's before or after."""
        return f"{self.kind.value} {self.argument}"


@dataclass(frozen=True, kw_only=True)
class SignOffRule:
    """Who must approve a phase before the run moves past it."""

    role: Role
    count: int = 1


class OnOutage(Enum):
    """What a run does when control fails as well as treatment."""

    HOLD = "hold"
    ROLL_BACK = "roll back"


class Risk(Enum):
    """How much a phase may hurt, as its author sees it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A named part of a plan. lasts_least and lasts_most bound the watch at full stage."""

    name: str
    title: str
    week: int | None = None
    risk: Risk = Risk.MEDIUM
    lasts_least: timedelta
    lasts_most: timedelta
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    components: tuple[Component, ...]
    pass_when: tuple[Condition, ...]
    roll_back_when: tuple[Condition, ...]
    sign_off: tuple[SignOffRule, ...] = ()
    if_control_fails_too: OnOutage = OnOutage.ROLL_BACK

    @property
    def stage_count(self) -> int:
        """How many exposures the phase goes through."""
        return max(len(component.stages) for component in self.components)

    def component(self, name: str) -> Component:
        """Return the component called `name`; KeyError if the phase has none."""
        return {component.name: component for component in self.components}[name]

    @property
    def conditions(self) -> Iterator[Condition]:
        """All conditions, gates first."""
        yield from self.pass_when
        yield from self.roll_back_when
