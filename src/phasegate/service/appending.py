"""Adding what a person asked for to a log, if nobody was faster."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from phasegate.core.command import Draft, Person, Refusal
from phasegate.core.event import Event, chain
from phasegate.ports import Store

TRIES = 5
"""How often a person's request is handled anew when somebody else's event came first."""


@dataclass(frozen=True, kw_only=True)
class End:
    """Where a log ended when it was read."""

    log: str
    number: int
    head: str


def append(store: Store, end: End, draft: Draft, actor: Person, now: datetime) -> Event:
    """Append the event that a draft becomes. Raises Conflict if somebody was faster."""
    event = chain(
        log=end.log,
        number=end.number + 1,
        at=now,
        kind=draft.kind,
        actor=actor.name,
        body=draft.body,
        previous=end.head,
    )
    store.append(event)
    return event


def too_busy(log: str) -> Refusal:
    """Refuse what could not be appended however often it was tried."""
    return Refusal(
        code="too-busy",
        message=f"others kept writing to {log}",
        remedy="Nothing was changed; try again.",
    )
