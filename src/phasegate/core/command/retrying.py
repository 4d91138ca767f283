"""Trying again what was withdrawn, or a phase's gates."""

from __future__ import annotations

from phasegate.core.command.answer import Draft, Refusal, may_not, reason_missing
from phasegate.core.command.person import OPERATING, Person
from phasegate.core.command.request import Retry
from phasegate.core.event import Json
from phasegate.core.plan import Plan
from phasegate.core.run import Run, TrialState


def retry(plan: Plan, run: Run, request: Retry, actor: Person) -> Draft | Refusal:
    """Begin new trials of withdrawn components and a new attempt of the phase under way."""
    if actor.role not in OPERATING:
        return may_not(actor, "retry", OPERATING)
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
        return reason_missing("A retry")
    here = {component.name for component in plan.phase(run.phase).components}
    homes: dict[str, Json] = {
        name: run.phase if name in here else run.trials[name].phase for name in names
    }
    body: dict[str, Json] = {"phase": run.phase, "components": homes, "reason": request.reason}
    return Draft(kind="retried", body=body)
