"""Where a run is: a fold over its events, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import cast

from phasegate.core.event import Event, Json
from phasegate.core.evidence import Position
from phasegate.core.judge.versions import knows_aging, knows_earlier
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
    ended_at: datetime | None = None

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


def replay(events: Iterable[Event]) -> Run:
    """Fold a run's events, the first of which is `run_started`. Raises ValueError otherwise."""
    run: Run | None = None
    for event in events:
        run = start(event) if run is None else apply(run, event)
    if run is None:
        raise ValueError("a run has at least one event")
    return run


def start(event: Event) -> Run:
    """Return the run that a `run_started` event begins."""
    if event.kind != "run_started" or event.number != 1:
        raise ValueError(f"{event.log}: event {event.number} {event.kind} cannot begin a run")
    body = event.body
    return Run(
        id=event.log,
        plan_hash=_text(body, "plan_hash"),
        environment=_text(body, "environment"),
        pace=_number(body, "pace"),
        endpoints=cast("dict[str, str]", body["endpoints"]),
        author=_text(body, "author"),
        started_by=event.actor,
        started_at=event.at,
        origin=str(body.get("origin", "")),
        number=event.number,
        head=event.hash,
    )


def apply(run: Run, event: Event) -> Run:
    """Return the run after one more event. Raises ValueError for a gap or an unknown kind."""
    if event.number != run.number + 1:
        raise ValueError(f"{run.id}: event {event.number} does not follow {run.number}")
    change = CHANGES.get(event.kind)
    if change is None:
        raise ValueError(f"{run.id}: unknown event {event.kind}; known: {sorted(CHANGES)}")
    return replace(change(run, event), number=event.number, head=event.hash)


def evidence_position(event: Event) -> Position | None:
    """Return how far evidence had been judged when the engine decided; None for people's events."""
    at = event.body.get("evidence")
    if not isinstance(at, list):
        return None
    ripe_ms, row = cast("list[int]", at)
    return Position(ripe_ms=ripe_ms, row=row)


def _phase_started(run: Run, event: Event) -> Run:
    return replace(
        run,
        phase=_text(event.body, "phase"),
        phase_attempt=1,
        stage=-1,
        steps_since=event.at if knows_aging(event.body) else None,
        exposing=None,
        watched_since=None,
        closed={},
    )


def _exposed(run: Run, event: Event) -> Run:
    trials = dict(run.trials)
    for item in cast("list[dict[str, Json]]", event.body["components"]):
        name = _text(item, "component")
        before = trials.get(name)
        goes_on = before is not None and _goes_on(before, item)
        trials[name] = Trial(
            phase=_text(item, "phase"),
            component=name,
            flag=_text(item, "flag"),
            attempt=int(_number(item, "attempt")),
            state=TrialState.EXPOSED,
            exposure=int(_number(item, "exposure")),
            mode=Mode(_text(item, "mode")),
            since=before.since if before and goes_on else event.at,
            begun=before.begun if before and before.phase == item["phase"] else event.at,
            earlier=_earlier(before, item, event) if before and goes_on else (),
        )
    now = [(t.phase, t.component, t.attempt) for t in trials.values() if t.exposure]
    return replace(
        run,
        trials=trials,
        begun=tuple(dict.fromkeys([*run.begun, *now])),
        stage=int(_number(event.body, "stage")),
        exposing=event.number,
        watched_since=None,
    )


def _goes_on(trial: Trial, item: Mapping[str, Json]) -> bool:
    """A later stage goes on with a trial; a later phase begins a new one, unseen so far."""
    return trial.state is TrialState.EXPOSED and trial.phase == item["phase"]


def _earlier(trial: Trial, item: Mapping[str, Json], event: Event) -> tuple[Stretch, ...]:
    """Return the exposures that are over once a trial goes on with another one."""
    if not knows_earlier(event.body) or trial.exposure == item["exposure"]:
        return trial.earlier
    return (*trial.earlier, Stretch(exposure=trial.exposure, until=event.at.timestamp()))


def _exposure_confirmed(run: Run, event: Event) -> Run:
    return replace(run, exposing=None, watched_since=event.at)


def _watch_resumed(run: Run, event: Event) -> Run:
    return replace(run, resumed_at=event.at)


def _rollback_started(run: Run, event: Event) -> Run:
    components = _names(event.body, "components")
    trials = dict(run.trials)
    for name in components:
        trials[name] = replace(trials[name], state=TrialState.WITHDRAWN, exposure=0)
    evidence_ms = event.body.get("evidence_ms")
    begun = Rollback(
        number=event.number,
        phase=_text(event.body, "phase"),
        components=components,
        at=event.at,
        evidence_ms=int(evidence_ms) if isinstance(evidence_ms, int) else None,
        run_ends=bool(event.body.get("run_ends")),
    )
    return replace(run, trials=trials, rollbacks=(*run.rollbacks, begun))


def _rollback_confirmed(run: Run, event: Event) -> Run:
    number = _number(event.body, "rollback")
    rest = tuple(rollback for rollback in run.rollbacks if rollback.number != number)
    ends = any(rollback.run_ends for rollback in run.rollbacks if rollback.number == number)
    if not ends:
        return replace(run, rollbacks=rest)
    return replace(run, rollbacks=rest, ended=Status.ROLLED_BACK, ended_at=event.at)


def _retried(run: Run, event: Event) -> Run:
    trials = dict(run.trials)
    homes = cast("dict[str, str]", event.body["components"])
    for name, home in homes.items():
        before = trials[name]
        trials[name] = replace(
            before,
            phase=home,
            attempt=before.attempt + 1 if before.phase == home else 1,
            state=TrialState.WAITING,
            since=None,
            begun=event.at,
        )
    return replace(
        run,
        trials=trials,
        phase_attempt=run.phase_attempt + 1,
        closed={},
        watched_since=None if homes else event.at,
    )


def _closed(run: Run, event: Event) -> Run:
    found = {name: str(why) for name, why in cast("dict[str, Json]", event.body["closed"]).items()}
    return replace(run, closed={**run.closed, **found})


def _signed_off(run: Run, event: Event) -> Run:
    signature = Signature(
        phase=_text(event.body, "phase"),
        actor=event.actor,
        role=Role(_text(event.body, "role")),
        meaning=_text(event.body, "meaning"),
        plan_hash=_text(event.body, "plan_hash"),
        attempt=run.phase_attempt,
        at=event.at,
    )
    return replace(run, signatures=(*run.signatures, signature))


def _waived(run: Run, event: Event) -> Run:
    waiver = Waiver(
        phase=_text(event.body, "phase"),
        what=_text(event.body, "what"),
        actor=event.actor,
        reason=_text(event.body, "reason"),
        expires=datetime.fromisoformat(_text(event.body, "expires")),
    )
    return replace(run, waivers=(*run.waivers, waiver))


def _phase_passed(run: Run, event: Event) -> Run:
    return replace(run, phase=None, passed=(*run.passed, _text(event.body, "phase")))


def _paused(run: Run, _: Event) -> Run:
    return replace(run, paused=True)


def _resumed(run: Run, event: Event) -> Run:
    # Somebody had a reason to pause: what was proven before it is proven anew.
    return replace(run, paused=False, steps_since=run.steps_since and event.at)


def _completed(run: Run, event: Event) -> Run:
    return replace(run, ended=Status.COMPLETED, ended_at=event.at)


CHANGES: dict[str, Callable[[Run, Event], Run]] = {
    "phase_started": _phase_started,
    "exposed": _exposed,
    "exposure_confirmed": _exposure_confirmed,
    "watch_resumed": _watch_resumed,
    "rollback_started": _rollback_started,
    "rollback_confirmed": _rollback_confirmed,
    "gate_failed": _closed,
    "overdue": _closed,
    "retried": _retried,
    "paused": _paused,
    "resumed": _resumed,
    "signed_off": _signed_off,
    "waived": _waived,
    "phase_passed": _phase_passed,
    "incident_raised": _closed,
    "completed": _completed,
}
"""What each kind of event changes; the closed set of kinds beside run_started."""


def _text(body: Mapping[str, Json], name: str) -> str:
    return str(body[name])


def _number(body: Mapping[str, Json], name: str) -> float:
    value = body[name]
    if not isinstance(value, int | float):
        raise ValueError(f"{name} is no number: {value!r}")
    return value


def _names(body: Mapping[str, Json], name: str) -> tuple[str, ...]:
    return tuple(str(item) for item in cast("list[Json]", body[name]))
