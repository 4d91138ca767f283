"""What people do to flags by hand, beside the runs that move them."""

from __future__ import annotations

from datetime import datetime

from phasegate.core.command import OPERATING, Draft, Person, Refusal, may_not
from phasegate.core.event import START_OF_CHAIN, Event
from phasegate.flags.journal import Journal, log_of, read
from phasegate.flags.life import Before, before_change, named, refused
from phasegate.flags.stale import Standing, standings
from phasegate.ports import Conflict, Store
from phasegate.service.appending import TRIES, End, append, too_busy
from phasegate.service.reading import runs


def change_flag(
    store: Store, environment: str, draft: Draft, actor: Person, now: datetime
) -> Event | Refusal:
    """Change a flag by hand: draft is one of the events that flags.journal knows."""
    if actor.role not in OPERATING:
        return may_not(actor, "change flags", OPERATING)
    for _ in range(TRIES):
        before = flags_before(store, environment, now)
        refusal = refused(before, environment, draft)
        if refusal:
            return refusal
        log, held = log_of(environment), before.journal
        try:
            end = End(log=log, number=held.number, head=held.head or START_OF_CHAIN)
            return append(store, end, named(before, draft), actor, now)
        except Conflict:
            continue
    return too_busy(log_of(environment))


def flags_before(store: Store, environment: str, now: datetime) -> Before:
    """Return an environment's flags as a change of them finds them."""
    # The journal first: what a run takes after it was read makes the append a conflict, or is
    # seen here.
    held = journal(store, environment)
    here = [run for run in runs(store) if run.environment == environment]
    return before_change(held, store.flag_states(environment)[1], here, now)


def flag_standings(store: Store, environment: str, now: datetime, days: int) -> list[Standing]:
    """Return every flag of an environment, and what speaks for taking it out of the code."""
    before = flags_before(store, environment, now)
    by_runs: dict[str, datetime] = {}
    for run in runs(store):
        if run.environment == environment:
            last = store.events(run.id)[-1].at
            for trial in run.trials.values():
                by_runs[trial.flag] = max(last, by_runs.get(trial.flag, last))
    return standings(before.journal, before.states, by_runs, now, days)


def journal(store: Store, environment: str) -> Journal:
    """Return what people did to an environment's flags."""
    return read(store.events(log_of(environment)))
