"""What people ask of a run that is under way."""

from __future__ import annotations

from datetime import datetime

from phasegate.core.command import Person, Refusal, Request, handle
from phasegate.core.event import Event
from phasegate.ports import Conflict, Store
from phasegate.service.appending import TRIES, End, append, too_busy
from phasegate.service.reading import agreed, load


def command(
    store: Store, run_id: str, request: Request, actor: Person, now: datetime
) -> Event | Refusal:
    """Carry out a person's request on a run. Raises KeyError if there is no such run."""
    for _ in range(TRIES):
        run = load(store, run_id)
        answer = handle(agreed(store, run), run, request, actor, now)
        if isinstance(answer, Refusal):
            return answer
        try:
            end = End(log=run.id, number=run.number, head=run.head)
            return append(store, end, answer, actor, now)
        except Conflict:
            continue
    return too_busy(run_id)
