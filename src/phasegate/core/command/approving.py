"""Signing for a phase, and letting something closed pass: never by whoever wrote or started it."""

from __future__ import annotations

from datetime import datetime

from phasegate.core.command.answer import (
    Draft,
    Refusal,
    already,
    may_not,
    other_phase,
    reason_missing,
)
from phasegate.core.command.person import APPROVING, Person
from phasegate.core.command.request import SignOff, Waive
from phasegate.core.event import Json
from phasegate.core.plan import Phase, Plan
from phasegate.core.run import Run, TrialState


def sign_off(plan: Plan, run: Run, request: SignOff, actor: Person) -> Draft | Refusal:
    """Approve the phase under way, seen at its full exposure, for the plan the signer has read."""
    if _is_own(run, actor):
        return Refusal(
            code="own-work",
            message=f"{actor.name} wrote or started this run and cannot approve it",
            remedy="Ask somebody else who may approve.",
        )
    if actor.role not in APPROVING:
        return may_not(actor, "sign off", APPROVING)
    if request.plan_hash != run.plan_hash:
        return Refusal(
            code="other-plan",
            message=f"the sign-off is for plan {request.plan_hash[:12]}, "
            f"the run follows {run.plan_hash[:12]}",
            remedy="Read the plan of this run (phasegate run status) and sign for its hash.",
        )
    if request.phase != run.phase:
        return other_phase(plan, run, request.phase)
    if unseen := _unseen(plan, run, request.phase):
        return unseen
    if not request.meaning.strip():
        return Refusal(
            code="meaning-missing",
            message="a sign-off says what it means",
            remedy='Say it: --meaning "I have read the evidence and approve".',
        )
    if _signed_already(run, actor):
        return already(run, f"signed by {actor.name} for {request.phase}")
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


def waive(plan: Plan, run: Run, request: Waive, actor: Person, now: datetime) -> Draft | Refusal:
    """Let something closed of the phase under way pass until the waiver expires."""
    if _is_own(run, actor):
        return Refusal(
            code="own-work",
            message=f"{actor.name} wrote or started this run and cannot waive its gates",
            remedy="Ask somebody else who may approve.",
        )
    if actor.role not in APPROVING:
        return may_not(actor, "waive", APPROVING)
    if request.phase != run.phase:
        return other_phase(plan, run, request.phase)
    known = _waivable(plan.phase(request.phase), run)
    if request.what not in known:
        return Refusal(
            code="nothing-to-waive",
            message=f"{request.phase} has nothing called `{request.what}`",
            remedy=f"Known: {', '.join(f'`{name}`' for name in known)}.",
        )
    if not request.reason.strip():
        return reason_missing("A waiver")
    body: dict[str, Json] = {
        "phase": request.phase,
        "what": request.what,
        "reason": request.reason,
        "expires": (now + request.lasts).isoformat(),
    }
    return Draft(kind="waived", body=body)


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
