"""A person's request, answered by what the run and the person's role allow."""

from __future__ import annotations

from datetime import datetime

from phasegate.core.command.answer import Draft, Refusal, already, may_not
from phasegate.core.command.approving import sign_off, waive
from phasegate.core.command.person import OPERATING, Person
from phasegate.core.command.request import Pause, Request, Resume, Retry, RollBack, SignOff, Waive
from phasegate.core.command.retrying import retry
from phasegate.core.command.rolling_back import roll_back
from phasegate.core.plan import Plan
from phasegate.core.run import Run


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
            return sign_off(plan, run, request, actor)
        case Waive():
            return waive(plan, run, request, actor, now)
        case RollBack():
            return roll_back(plan, run, request, actor)
        case Retry():
            return retry(plan, run, request, actor)


def _without_plan(run: Run, request: Request, actor: Person) -> Draft | Refusal:
    if isinstance(request, RollBack) and request.phase == "all":
        return roll_back(None, run, request, actor)
    return Refusal(
        code="plan-read-differently",
        message=f"this version cannot read the plan of run {run.id}",
        remedy="Use the version that started it, or take everything back: "
        f"phasegate run rollback {run.id} --phase all --reason TEXT.",
    )


def _pause(run: Run, request: Pause, actor: Person) -> Draft | Refusal:
    if actor.role not in OPERATING:
        return may_not(actor, "pause a run", OPERATING)
    if run.paused:
        return already(run, "paused")
    return Draft(kind="paused", body={"reason": request.reason})


def _resume(run: Run, request: Resume, actor: Person) -> Draft | Refusal:
    if actor.role not in OPERATING:
        return may_not(actor, "resume a run", OPERATING)
    if not run.paused:
        return already(run, "going")
    return Draft(kind="resumed", body={"reason": request.reason})
