"""What a restored store must say before a server may go by it: it does not know what came since.

After the backup a sentinel may have tripped and a component been withdrawn, and the log that is
restored has it exposed. So what was on trial is taken back, runs are paused, and what was due in
between does not happen by itself; a person who knows what happened lets it go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from phasegate import planfile
from phasegate.core.event import START_OF_CHAIN, Event, Json, chain
from phasegate.core.plan import paced
from phasegate.core.run import Run, apply, replay
from phasegate.engine.reconciler import next_event
from phasegate.flags.journal import log_of, read
from phasegate.ports import Settlement

Plans = Mapping[str, tuple[str, str]]
"""(text, origin) by hash."""


def settlement(
    logs: Mapping[str, Sequence[Event]],
    plans: Plans,
    *,
    why: str,
    actor: str,
    now: datetime,
    made_at: datetime,
    as_it_was: bool,
) -> Settlement:
    """Return what is added to restored logs, and how long others may still serve what was lost.

    made_at     when the backup was made.
    as_it_was   nothing was decided since the backup, and a person says so: nothing is added.
    """
    prefix = log_of("")
    by_hand = [log for log in logs if log.startswith(prefix)]
    runs = [replay(list(events)) for log, events in logs.items() if log not in by_hand]
    leased: dict[str, int | None] = {log.removeprefix(prefix): 0 for log in by_hand}
    for run in runs:
        before = leased.get(run.environment, 0)
        lease = 0 if run.ended and not run.rollbacks else _lease_ms(run, plans)
        leased[run.environment] = None if before is None or lease is None else max(before, lease)
    added: list[Event] = []
    if not as_it_was:
        added += [event for run in runs for event in _held(run, why, actor, now)]
        added += [event for log in by_hand for event in _undue(logs[log], why, actor, now)]
    lost_s = max(0, int((now - made_at).total_seconds()))
    return Settlement(events=added, leased_ms=leased, lost_s=lost_s)


def _held(run: Run, why: str, actor: str, now: datetime) -> Iterator[Event]:
    """Take back all that a run has exposed, and pause it."""
    if run.ended:
        return
    names: list[Json] = [trial.component for trial in reversed(run.exposed)]
    if names:
        body: dict[str, Json] = {
            "phase": run.phase or run.exposed[-1].phase,
            "components": names,
            "rule": "by_hand",
            "reasons": [why],
            "emergency": True,
            "run_ends": False,
        }
        event = next_event(run, "rollback_started", body, actor, now)
        yield event
        run = apply(run, event)
    if not run.paused:
        yield next_event(run, "paused", {"reason": why}, actor, now)


def _undue(events: Sequence[Event], why: str, actor: str, now: datetime) -> Iterator[Event]:
    """Take back what was scheduled for the time that is not known of."""
    journal = read(events)
    number, head = journal.number, journal.head or START_OF_CHAIN
    for key, record in sorted(journal.records.items()):
        for one in record.scheduled:
            if one.at <= now:
                body: dict[str, Json] = {"flag": key, "reason": why, "scheduled": one.number}
                event = chain(
                    log=events[0].log,
                    number=number + 1,
                    at=now,
                    kind="flag_unscheduled",
                    actor=actor,
                    body=body,
                    previous=head,
                )
                yield event
                number, head = event.number, event.hash


def _lease_ms(run: Run, plans: Plans) -> int | None:
    """Return for how long applications may serve a run's exposure unattended; None: for ever."""
    text, origin = plans.get(run.plan_hash, ("", ""))
    plan = planfile.parse_unreviewed(text, origin).plan
    if plan is None:
        return None
    span = paced(plan, run.pace).unattended
    return None if span is None else int(span.total_seconds() * 1000)
