"""What a request gets: the draft of an event, or a refusal that says why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from phasegate.core.command.person import Person
from phasegate.core.event import Json
from phasegate.core.plan import Plan, Role
from phasegate.core.run import Run


@dataclass(frozen=True, kw_only=True)
class Draft:
    """An event without its number and hash."""

    kind: str
    body: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """You may not, or not now. A value, not an exception."""

    code: str
    message: str
    remedy: str


def may_not(actor: Person, what: str, roles: frozenset[Role]) -> Refusal:
    """Refuse what the actor's role does not allow, naming the roles that may."""
    return Refusal(
        code="may-not",
        message=f"{actor.name} is {actor.role.value} and may not {what}",
        remedy=f"Ask one of: {', '.join(sorted(role.value for role in roles))}.",
    )


def already(run: Run, what: str) -> Refusal:
    """Refuse what would change nothing."""
    return Refusal(
        code="already-so", message=f"run {run.id} is already {what}", remedy="Nothing to do."
    )


def other_phase(plan: Plan, run: Run, named: str) -> Refusal:
    """Refuse what names a phase that is not under way."""
    known = ", ".join(phase.name for phase in plan.phases)
    return Refusal(
        code="other-phase",
        message=f"{named} is not under way; {run.phase or 'no phase'} is",
        remedy=f"Name the phase under way. The plan's phases: {known}.",
    )


def reason_missing(what: str) -> Refusal:
    """Refuse what nobody could understand later."""
    return Refusal(
        code="reason-missing", message=f"{what} needs a reason", remedy="Say why: --reason TEXT."
    )
