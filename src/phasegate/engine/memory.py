"""What the engine knows of a run: its plan, its fold, and how far its evidence was judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from phasegate import planfile
from phasegate.core.event import ENGINE, Event
from phasegate.core.evidence import Position, StoredTally
from phasegate.core.judge import fold as judge
from phasegate.core.plan import Plan, paced
from phasegate.core.run import Run, apply, evidence_position, replay
from phasegate.core.watching import earlier, exposures, unconfirmed
from phasegate.engine import latecomers
from phasegate.ports import ALL, Store

AT_ONCE = 20_000
"""Tallies that are held in memory together, some 15 MB."""


class OtherPlan(Exception):
    """The stored text of a plan no longer gives the plan that was agreed."""


class Ahead(Exception):
    """Evidence was judged further than an event that came in from elsewhere: fold anew."""


@dataclass(frozen=True, kw_only=True)
class Memory:
    """A run as folded so far. plan is paced; the ledger holds all judging."""

    plan: Plan
    origin: str
    run: Run
    ledger: judge.Ledger


def recall(store: Store, run_id: str) -> Memory:
    """Fold a run from its first event. Raises KeyError if there is no such run."""
    events = store.events(run_id)
    if not events:
        raise KeyError(run_id)
    return follow(store, begin(store, events[0]), events[1:])


def begin(store: Store, first: Event) -> Memory:
    """Return what is known of a run after its first event."""
    run = replay([first])
    plan, origin = load_plan(store, run)
    return Memory(plan=plan, origin=origin, run=run, ledger=judge.start())


def catch_up(store: Store, memory: Memory) -> Memory:
    """Fold the events that others have added since; from the first one where that is needed."""
    events = store.events(memory.run.id, memory.run.number)
    if any(event.kind == "retried" for event in events):
        # What came after it may have been judged already, as of the attempt before.
        return recall(store, memory.run.id)
    try:
        return follow(store, memory, events)
    except Ahead:
        return recall(store, memory.run.id)


def follow(store: Store, memory: Memory, events: list[Event]) -> Memory:
    """Fold events in order, each after the evidence that had been judged when it was decided."""
    for event in events:
        memory = note(reach(store, memory, event), event)
    return memory


def reach(store: Store, memory: Memory, event: Event) -> Memory:
    """Judge what had been judged when an event was decided. Raises Ahead where more was already."""
    position = evidence_position(event)
    if position is None:
        return memory
    if position < memory.ledger.position:
        raise Ahead(f"{event.log}: event {event.number}")
    return _see_upto(store, memory, position)


def note(memory: Memory, event: Event) -> Memory:
    """Fold one event whose evidence has been judged already."""
    ledger = memory.ledger
    run = apply(memory.run, event)
    if event.kind == "rollback_started" and event.actor == ENGINE:
        for component in run.rollbacks[-1].components:
            ledger = judge.withdraw(ledger, memory.run.trials[component].phase, component)
    return replace(memory, run=run, ledger=ledger)


def see(store: Store, memory: Memory, now: datetime) -> Memory:
    """Judge all evidence that is ripe by now."""
    return _see_upto(store, memory, Position(ripe_ms=int(now.timestamp() * 1000), row=ALL))


def _see_upto(store: Store, memory: Memory, position: Position) -> Memory:
    """Judge evidence up to a position, some of it at a time: a long run has millions of rows."""
    upto_ms, more = position.ripe_ms, True
    while more:
        stored = store.tallies(memory.run.id, memory.ledger.position, upto_ms, AT_ONCE)
        rows = [row for row in stored if row.position <= position]
        memory = _judged(memory, rows) if rows else memory
        more = len(rows) == AT_ONCE
    return memory


def _judged(memory: Memory, rows: list[StoredTally]) -> Memory:
    run = memory.run
    rows = latecomers.placed(memory.plan, run, rows)
    ledger = judge.fold(
        memory.plan, memory.ledger, exposures(run), rows, unconfirmed(run), earlier=earlier(run)
    )
    return replace(memory, ledger=ledger)


def load_plan(store: Store, run: Run) -> tuple[Plan, str]:
    """Return a run's plan, paced, and where its text came from. Raises OtherPlan."""
    origin = run.origin
    plan = readable(store, run)
    if plan is None:
        raise OtherPlan(
            f"run {run.id}: the stored text of plan {run.plan_hash[:12]} is read differently by "
            "this version, so nobody judges it and its lease is not renewed. Finish the run with "
            "the version that started it, or take everything back: "
            f"phasegate run rollback {run.id} --phase all --reason TEXT."
        )
    return paced(plan, run.pace), origin


def readable(store: Store, run: Run) -> Plan | None:
    """Return the plan that was agreed, unpaced; None where this version reads something else."""
    try:
        text, _ = store.plan_text(run.plan_hash)
    except KeyError:
        return None
    # Unreviewed: a stricter review must not make a run under way unreadable.
    plan = planfile.parse_unreviewed(text, run.origin).plan
    return plan if plan is not None and plan.hash == run.plan_hash else None
