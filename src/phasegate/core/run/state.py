"""Where a run is, and every trial, signature, waiver and rollback in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from phasegate.core.evidence import Position
from phasegate.core.plan import Mode, Role
from phasegate.core.stretch import Stretch


class Status(Enum):
    """What a run is doing, as people see it."""

    RUNNING = "running"
    PAUSED = "paused"
    ROLLING_BACK = "rolling back"
    COMPLETED = "completed"
    ROLLED_BACK = "rolled back"


class TrialState(Enum):
    """Where one component's trial stands."""

    WAITING = "waiting"
    EXPOSED = "exposed"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One component's present trial. since: when exposure was asked for; None: not yet.

    Exposure may be in force before it is confirmed, so blindness counts from `since`.

    begun    when it became this one: a person had it tried again, or a later phase took it over.
    earlier  its exposures before the present one, oldest first.
    """

    phase: str
    component: str
    flag: str
    attempt: int = 1
    state: TrialState = TrialState.WAITING
    exposure: int = 0
    mode: Mode = Mode.LIVE
    since: datetime | None = None
    begun: datetime | None = None
    earlier: tuple[Stretch, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Signature:
    """A named person's approval of a phase, with its meaning, bound to the plan's hash.

    attempt   the phase's attempt it was given for: trying again asks for a new signature.
    """

    phase: str
    actor: str
    role: Role
    meaning: str
    plan_hash: str
    attempt: int
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """Recorded permission to pass something closed.

    what   `COMPONENT: CONDITION`, a condition's text, a step's name or `component NAME`.
    """

    phase: str
    what: str
    actor: str
    reason: str
    expires: datetime

    def covers(self, phase: str, what: str, now: datetime) -> bool:
        """Say whether the waiver lets `what` of `phase` pass now."""
        return (self.phase, self.what) == (phase, what) and now < self.expires


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """A rollback that has been decided and not yet been confirmed at the target."""

    number: int
    phase: str
    components: tuple[str, ...]
    at: datetime
    evidence_ms: int | None
    run_ends: bool


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of one plan version, folded from its events.

    origin         path of the plan file, for the files beside it.
    number, head   number and hash of the last event folded.
    phase          the phase under way; None before the first and after the last.
    passed         phases that passed, in order.
    phase_attempt  grows when a phase is tried again: its steps and gates count anew.
    stage          index of the exposure in force within the phase; -1: not exposed yet.
    steps_since    since when what is proven before the phase counts; None: it does not grow old.
    exposing       number of the exposure event not yet confirmed at the target; None: confirmed.
    watched_since  when the phase's latest exposure was confirmed.
    resumed_at     when watching went on after nobody had watched for long.
    begun          every trial that was ever exposed: (phase, component, attempt), in order.
    ended_after    up to where evidence had been judged when it ended: what came later was not.
    closed         what needs a person before the phase may pass: condition → why.
    """

    id: str
    plan_hash: str
    environment: str
    pace: float
    endpoints: Mapping[str, str]
    author: str
    origin: str
    started_by: str
    started_at: datetime
    number: int
    head: str
    phase: str | None = None
    passed: tuple[str, ...] = ()
    phase_attempt: int = 1
    stage: int = -1
    steps_since: datetime | None = None
    exposing: int | None = None
    watched_since: datetime | None = None
    resumed_at: datetime | None = None
    trials: Mapping[str, Trial] = field(default_factory=dict)
    begun: tuple[tuple[str, str, int], ...] = ()
    rollbacks: tuple[Rollback, ...] = ()
    paused: bool = False
    closed: Mapping[str, str] = field(default_factory=dict)
    signatures: tuple[Signature, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    ended: Status | None = None
    ended_after: Position | None = None

    @property
    def status(self) -> Status:
        """What the run is doing; a rollback outranks a pause."""
        if self.ended:
            return self.ended
        if self.rollbacks:
            return Status.ROLLING_BACK
        return Status.PAUSED if self.paused else Status.RUNNING

    def of_phase(self, phase: str) -> tuple[Trial, ...]:
        """Return the present trials that belong to a phase."""
        return tuple(trial for trial in self.trials.values() if trial.phase == phase)

    @property
    def soaks_since(self) -> datetime | None:
        """Since when the phase's latest exposure was watched without a long gap."""
        if self.watched_since is None or self.resumed_at is None:
            return self.watched_since
        return max(self.watched_since, self.resumed_at)

    @property
    def exposed(self) -> tuple[Trial, ...]:
        """All trials with live or shadow exposure, of every phase."""
        return tuple(t for t in self.trials.values() if t.state is TrialState.EXPOSED)

    def waives(self, what: str, now: datetime) -> bool:
        """Say whether a waiver lets `what` of the phase under way pass now."""
        return any(waiver.covers(self.phase or "", what, now) for waiver in self.waivers)
