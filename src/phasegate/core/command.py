"""What people may do to a run: a request becomes a draft event, or a refusal that says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from phasegate.core.event import Json
from phasegate.core.plan import Phase, Plan, Role
from phasegate.core.run import Run, TrialState

OPERATING = frozenset({Role.OPERATOR, Role.APPROVER, Role.SAFETY_OFFICER, Role.ADMIN})
APPROVING = frozenset({Role.APPROVER, Role.SAFETY_OFFICER})


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who asks, and as what."""

    name: str
    role: Role


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """You may not, or not now. A value, not an exception."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An event without its number and hash."""

    kind: str
    body: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Stop going forward; exposure and guards stay."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Resume:
    """Go on after a pause."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class SignOff:
    """Approve the phase under way. plan_hash: the plan the signer has read."""

    phase: str
    meaning: str
    plan_hash: str


@dataclass(frozen=True, kw_only=True)
class Waive:
    """Let something closed pass, for a time."""

    phase: str
    what: str
    reason: str
    lasts: timedelta


@dataclass(frozen=True, kw_only=True)
class RollBack:
    """Withdraw by hand. phase: a name, `current` or `all`; components: empty means all of it.

    `all` ends the run, even if nothing is exposed any more.

    emergency   a reason may be missing; a controlled rollback also takes back what came later.
    """

    phase: str
    components: tuple[str, ...] = ()
    reason: str
    emergency: bool = False


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Try withdrawn components again (all of them, if none is named), or the phase's gates."""

    components: tuple[str, ...] = ()
    reason: str


Request = Pause | Resume | SignOff | Waive | RollBack | Retry


def handle(
    plan: Plan | None, run: Run, request: Request, actor: Person, now: datetime
) -> Draft | Refusal:
    """Turn a person's request into the event it amounts to, or say why not. Pure.

    plan   None where this version cannot read it: then everything can be taken back, no more.
    """
    if run.ended:
        return Refusal(
            code="run-ended",
            message=f"run {run.id} has ended ({run.ended.value})",
            remedy="Start a new run: phasegate run start PLAN.",
        )
    if plan is None:
        return _without_plan(run, request, actor)
    return _handle(plan, run, request, actor, now)


def _handle(
    plan: Plan, run: Run, request: Request, actor: Person, now: datetime
) -> Draft | Refusal:
    match request:
        case Pause():
            return _pause(run, request, actor)
        case Resume():
            return _resume(run, request, actor)
        case SignOff():
            return _sign_off(plan, run, request, actor)
        case Waive():
            return _waive(plan, run, request, actor, now)
        case RollBack():
            return _roll_back(plan, run, request, actor)
        case Retry():
            return _retry(plan, run, request, actor)


def _pause(run: Run, request: Pause, actor: Person) -> Draft | Refusal:
    if actor.role not in OPERATING:
        return _may_not(actor, "pause a run", OPERATING)
    if run.paused:
        return _already(run, "paused")
    return Draft(kind="paused", body={"reason": request.reason})


def _resume(run: Run, request: Resume, actor: Person) -> Draft | Refusal:
    if actor.role not in OPERATING:
        return _may_not(actor, "resume a run", OPERATING)
    if not run.paused:
        return _already(run, "going")
    return Draft(kind="resumed", body={"reason": request.reason})


def _sign_off(plan: Plan, run: Run, request: SignOff, actor: Person) -> Draft | Refusal:
    if _is_own(run, actor):
        return Refusal(
            code="own-work",
            message=f"{actor.name} wrote or started this run and cannot approve it",
            remedy="Ask somebody else who may approve.",
        )
    if actor.role not in APPROVING:
        return _may_not(actor, "sign off", APPROVING)
    if request.plan_hash != run.plan_hash:
        return Refusal(
            code="other-plan",
            message=f"the sign-off is for plan {request.plan_hash[:12]}, "
            f"the run follows {run.plan_hash[:12]}",
            remedy="Read the plan of this run (phasegate run status) and sign for its hash.",
        )
    if request.phase != run.phase:
        return _other_phase(plan, run, request.phase)
    if unseen := _unseen(plan, run, request.phase):
        return unseen
    if not request.meaning.strip():
        return Refusal(
            code="meaning-missing",
            message="a sign-off says what it means",
            remedy='Say it: --meaning "I have read the evidence and approve".',
        )
    if _signed_already(run, actor):
        return _already(run, f"signed by {actor.name} for {request.phase}")
    body: dict[str, Json] = {
        "phase": request.phase,
        "role": actor.role.value,
        "meaning": request.meaning,
        "plan_hash": request.plan_hash,
    }
    return Draft(kind="signed_off", body=body)


def _unseen(plan: Plan, run: Run, phase: str) -> Refusal | None:
    """Refuse to have a phase signed for before all of its exposure was seen."""
    if run.watched_since is None:
        return Refusal(
            code="nothing-seen",
            message=f"{phase} is not exposed yet, so there is no evidence to sign for",
            remedy="Sign once its exposure is confirmed: phasegate run watch.",
        )
    stages = plan.phase(phase).stage_count
    if run.stage < stages - 1:
        return Refusal(
            code="stages-ahead",
            message=f"{phase} is at stage {run.stage + 1} of {stages}, so nobody has seen "
            "what it does at its largest exposure",
            remedy="Sign once its last stage is exposed: phasegate run watch.",
        )
    return None


def _waive(plan: Plan, run: Run, request: Waive, actor: Person, now: datetime) -> Draft | Refusal:
    if _is_own(run, actor):
        return Refusal(
            code="own-work",
            message=f"{actor.name} wrote or started this run and cannot waive its gates",
            remedy="Ask somebody else who may approve.",
        )
    if actor.role not in APPROVING:
        return _may_not(actor, "waive", APPROVING)
    if request.phase != run.phase:
        return _other_phase(plan, run, request.phase)
    known = _waivable(plan.phase(request.phase), run)
    if request.what not in known:
        return Refusal(
            code="nothing-to-waive",
            message=f"{request.phase} has nothing called `{request.what}`",
            remedy=f"Known: {', '.join(f'`{name}`' for name in known)}.",
        )
    if not request.reason.strip():
        return _reason_missing("A waiver")
    body: dict[str, Json] = {
        "phase": request.phase,
        "what": request.what,
        "reason": request.reason,
        "expires": (now + request.lasts).isoformat(),
    }
    return Draft(kind="waived", body=body)


def _without_plan(run: Run, request: Request, actor: Person) -> Draft | Refusal:
    if isinstance(request, RollBack) and request.phase == "all":
        return _roll_back(None, run, request, actor)
    return Refusal(
        code="plan-read-differently",
        message=f"this version cannot read the plan of run {run.id}",
        remedy="Use the version that started it, or take everything back: "
        f"phasegate run rollback {run.id} --phase all --reason TEXT.",
    )


def _roll_back(plan: Plan | None, run: Run, request: RollBack, actor: Person) -> Draft | Refusal:
    if actor.role not in OPERATING:
        return _may_not(actor, "roll back", OPERATING)
    if not request.emergency and not request.reason.strip():
        return _reason_missing("A controlled rollback")
    phases = _phases_back(plan, run, request)
    if isinstance(phases, Refusal):
        return phases
    going = [t for t in run.trials.values() if t.state is not TrialState.WITHDRAWN]
    names = [t.component for t in reversed(going) if t.phase in phases]
    unknown = set(request.components) - {t.component for t in going}
    if unknown:
        return Refusal(
            code="not-exposed",
            message=f"{', '.join(sorted(unknown))} is not exposed in run {run.id}",
            remedy=f"Exposed now: {', '.join(sorted(names)) or 'nothing'}.",
        )
    if request.components:
        names = [t.component for t in reversed(going) if t.component in request.components]
    if not names and request.phase != "all":
        return Refusal(
            code="nothing-exposed",
            message=f"nothing of {request.phase} is exposed in run {run.id}",
            remedy="phasegate run status shows what is.",
        )
    body: dict[str, Json] = {
        "phase": run.phase or (phases[-1] if phases else ""),
        "components": list(names),
        "rule": "by_hand",
        "reasons": [request.reason or "emergency"],
        "emergency": request.emergency,
        "run_ends": request.phase == "all",
    }
    return Draft(kind="rollback_started", body=body)


def _phases_back(plan: Plan | None, run: Run, request: RollBack) -> tuple[str, ...] | Refusal:
    if plan is None or request.phase == "all":
        return tuple({trial.phase: None for trial in run.trials.values()})
    every = tuple(phase.name for phase in plan.phases)
    name = run.phase if request.phase == "current" else request.phase
    if name is None:
        name = run.passed[-1] if run.passed else every[0]
    if name not in every:
        return Refusal(
            code="unknown-phase",
            message=f"the plan has no phase {name}",
            remedy=f"Known: {', '.join(every)}, current, all.",
        )
    return (name,) if request.emergency else every[every.index(name) :]


def _retry(plan: Plan, run: Run, request: Retry, actor: Person) -> Draft | Refusal:
    if actor.role not in OPERATING:
        return _may_not(actor, "retry", OPERATING)
    if run.rollbacks:
        return Refusal(
            code="rolling-back",
            message=f"run {run.id} is still rolling back",
            remedy="Wait until the rollback is confirmed, then retry.",
        )
    withdrawn = [t for t in run.trials.values() if t.state is TrialState.WITHDRAWN]
    names = request.components or tuple(t.component for t in withdrawn)
    unknown = set(names) - {t.component for t in withdrawn}
    if unknown:
        return Refusal(
            code="not-withdrawn",
            message=f"{', '.join(sorted(unknown))} was not withdrawn in run {run.id}",
            remedy=f"Withdrawn: {', '.join(t.component for t in withdrawn) or 'nothing'}.",
        )
    if run.phase is None:
        return Refusal(
            code="no-phase",
            message="no phase is under way",
            remedy="Wait for the next phase to start, then retry.",
        )
    if not request.reason.strip():
        return _reason_missing("A retry")
    here = {component.name for component in plan.phase(run.phase).components}
    homes: dict[str, Json] = {
        name: run.phase if name in here else run.trials[name].phase for name in names
    }
    body: dict[str, Json] = {"phase": run.phase, "components": homes, "reason": request.reason}
    return Draft(kind="retried", body=body)


def _waivable(phase: Phase, run: Run) -> list[str]:
    names = [component.name for component in phase.components]
    conditions = [condition.text for condition in phase.conditions]
    gates = [f"{name}: {text}" for name in names for text in conditions]
    steps = [step.name for step in (*phase.before, *phase.after)]
    withdrawn = [
        f"component {t.component}" for t in run.trials.values() if t.state is TrialState.WITHDRAWN
    ]
    return list(dict.fromkeys([*run.closed, *withdrawn, *gates, *conditions, *steps]))


def _is_own(run: Run, actor: Person) -> bool:
    """Names are compared without regard to case: ada and Ada are one person."""
    return actor.name.casefold() in (run.author.casefold(), run.started_by.casefold())


def _signed_already(run: Run, actor: Person) -> bool:
    return any(
        (signature.actor, signature.phase, signature.attempt)
        == (actor.name, run.phase, run.phase_attempt)
        for signature in run.signatures
    )


def _may_not(actor: Person, what: str, roles: frozenset[Role]) -> Refusal:
    return Refusal(
        code="may-not",
        message=f"{actor.name} is {actor.role.value} and may not {what}",
        remedy=f"Ask one of: {', '.join(sorted(role.value for role in roles))}.",
    )


def _already(run: Run, what: str) -> Refusal:
    return Refusal(
        code="already-so", message=f"run {run.id} is already {what}", remedy="Nothing to do."
    )


def _other_phase(plan: Plan, run: Run, named: str) -> Refusal:
    known = ", ".join(phase.name for phase in plan.phases)
    return Refusal(
        code="other-phase",
        message=f"{named} is not under way; {run.phase or 'no phase'} is",
        remedy=f"Name the phase under way. The plan's phases: {known}.",
    )


def _reason_missing(what: str) -> Refusal:
    return Refusal(
        code="reason-missing", message=f"{what} needs a reason", remedy="Say why: --reason TEXT."
    )
