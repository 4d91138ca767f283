"""Withdrawing by hand: one component, a phase and what came after it, or everything."""

from __future__ import annotations

from phasegate.core.command.answer import Draft, Refusal, may_not, reason_missing
from phasegate.core.command.person import OPERATING, Person
from phasegate.core.command.request import RollBack
from phasegate.core.event import Json
from phasegate.core.plan import Plan
from phasegate.core.run import Run, TrialState


def roll_back(plan: Plan | None, run: Run, request: RollBack, actor: Person) -> Draft | Refusal:
    """Withdraw what the request names, latest first; plan None: only everything can be named."""
    if actor.role not in OPERATING:
        return may_not(actor, "roll back", OPERATING)
    if not request.emergency and not request.reason.strip():
        return reason_missing("A controlled rollback")
    phases = _phases_back(plan, run, request)
    if isinstance(phases, Refusal):
        return phases
    names = _components_back(run, request, phases)
    if isinstance(names, Refusal):
        return names
    body: dict[str, Json] = {
        "phase": run.phase or (phases[-1] if phases else ""),
        "components": [*names],
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


def _components_back(run: Run, request: RollBack, phases: tuple[str, ...]) -> list[str] | Refusal:
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
    return names
