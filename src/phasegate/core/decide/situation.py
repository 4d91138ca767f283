"""What a decision is made from, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property

from phasegate.core.event import Json
from phasegate.core.evidence import ENVIRONMENT, Finding, Judgement, Outcome
from phasegate.core.plan import Phase, Plan, Step
from phasegate.core.run import Run, TrialState


class Verb(Enum):
    """What a decision does."""

    HOLD = "hold"
    ADVANCE = "advance"
    ROLL_BACK = "roll back"
    COMPLETE = "complete"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that was seen, as the judge sums it up for one decision.

    guards, gates   judgements of every exposed component's guards, and of the phase's gates.
    findings        of the phase under way, this attempt, oldest first.
    watching_since  since when somebody has been able to see; blindness counts from here.
    after_end       what was heard of a run after it has ended, in plain words.
    """

    guards: tuple[Judgement, ...] = ()
    gates: tuple[Judgement, ...] = ()
    findings: tuple[Finding, ...] = ()
    watching_since: datetime
    after_end: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A verb with its reasons. kind and body: the event to write down; None where nothing changes.

    rule   name of the rule that had the opinion.
    """

    verb: Verb
    rule: str
    reasons: tuple[str, ...]
    kind: str | None = None
    body: Mapping[str, Json] = field(default_factory=dict)


FRESH_FOR = timedelta(days=1)
"""How long ago a step may have passed that exposes somebody. A plan cannot ask for more."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What every rule looks at. plan is the paced plan."""

    plan: Plan
    run: Run
    evidence: Evidence
    now: datetime

    @property
    def phase(self) -> Phase | None:
        """The phase under way."""
        return self.plan.phase(self.run.phase) if self.run.phase else None

    @cached_property
    def began(self) -> Mapping[tuple[str, str], datetime]:
        """Since when a component of a phase is exposed; ENVIRONMENT: since the first of them is."""
        starts = [(t.since, t.phase, t.component) for t in self.run.exposed if t.since is not None]
        return {
            (phase, name): since
            for since, phase, component in sorted(starts, reverse=True)
            for name in (component, ENVIRONMENT)
        }

    @cached_property
    def lags(self) -> Mapping[str, timedelta]:
        """How long each metric's outcomes may take to arrive."""
        return {metric.name: metric.lag for metric in self.plan.metrics}


def due_steps(s: Situation) -> tuple[Step, ...]:
    """Return the steps whose turn it is: `before` until all is exposed, `after` once it soaked."""
    if s.phase is None:
        return ()
    if waiting(s):
        return s.phase.before
    since = s.run.soaks_since
    soaked = since is not None and s.now - since >= soak(s.phase)
    return (*s.phase.before, *s.phase.after) if soaked and final(s) else s.phase.before


def standing(s: Situation) -> tuple[Finding, ...]:
    """Return the findings that still say something: those that passed may have grown old.

    They do before anybody is exposed, when the run could go forward: what is exposed is watched,
    and steps are not carried out for nothing while the window is closed.
    """
    since, window = s.run.steps_since, s.plan.window
    if since is None or not waiting(s) or not (window is None or window.holds(s.now)):
        return s.evidence.findings
    oldest = max(since, s.now - FRESH_FOR)
    return tuple(f for f in s.evidence.findings if f.outcome is not Outcome.PASS or f.at >= oldest)


def waiting(s: Situation) -> tuple[str, ...]:
    """Name the components that should be exposed and are not: all, before the first stage."""
    if s.phase is None:
        return ()
    if s.run.stage < 0:
        return tuple(component.name for component in s.phase.components)
    return tuple(t.component for t in s.run.trials.values() if t.state is TrialState.WAITING)


def final(s: Situation) -> bool:
    """Say whether the phase is at its last exposure, with nobody waiting."""
    return s.phase is not None and s.run.stage == s.phase.stage_count - 1 and not waiting(s)


def soak(phase: Phase) -> timedelta:
    """Return how long each of a phase's exposures is watched at least."""
    return phase.lasts_least / phase.stage_count
