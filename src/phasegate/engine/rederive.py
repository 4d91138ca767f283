"""Replay: every decision of a run derived again from what was stored, and compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from math import isclose

from phasegate.core.audit import verify
from phasegate.core.decide import Decision, decide
from phasegate.core.event import ENGINE, Event, Json
from phasegate.core.evidence import Finding
from phasegate.core.judge.versions import changed
from phasegate.core.run import evidence_position
from phasegate.engine.known import evidence_of, findings_of
from phasegate.engine.memory import Ahead, Memory, begin, note, reach
from phasegate.ports import Store

FACTS = ("exposure_confirmed", "rollback_confirmed", "watch_resumed")
"""What the engine found out about the world, which nothing here can derive."""

BASIS = ("evidence", "evidence_ms", "findings", "watching_since", "methods")
"""What an event says about its own making; the rest is what was decided."""

SAME = 1e-9
"""Relative difference of two numbers that another machine's arithmetic may explain."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A place where the log and its derivation part. number: of the event."""

    number: int
    code: str
    sentence: str


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """What a replay found. decisions: how many were derived; events: how many the log has.

    methods  judging methods that have another version now than when something was decided.
    """

    run: str
    events: int
    decisions: int
    differences: tuple[Difference, ...]
    methods: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether everything was derived as it was written."""
        return not self.differences


def rederive(store: Store, run_id: str) -> Replayed:
    """Derive every decision of a run again. Raises KeyError if there is no such run.

    Nothing is written. Another server may go on with the run meanwhile.
    """
    events = store.events(run_id)
    if not events:
        raise KeyError(run_id)
    flaws = tuple(
        Difference(number=flaw.number, code=flaw.kind.value, sentence=flaw.sentence)
        for flaw in verify(events)
    )
    decided = [event for event in events if _is_decision(event)]
    methods = [line for event in decided for line in changed(_mapping(event.body.get("methods")))]
    return Replayed(
        run=run_id,
        events=len(events),
        decisions=len(decided),
        # A log that does not hold has nothing to derive from.
        differences=flaws or tuple(_differences(store, events)),
        methods=tuple(dict.fromkeys(methods)),
    )


def _differences(store: Store, events: list[Event]) -> Iterator[Difference]:
    memory = begin(store, events[0])
    for event in events[1:]:
        at = evidence_position(event)
        try:
            before = reach(store, memory, event)
        except Ahead:
            yield _differs(event, "evidence-behind", "was decided on less than the event before it")
            return
        if at is not None and at.row and before.ledger.position != at:
            yield _differs(event, "evidence-missing", f"its evidence, up to row {at.row}, is gone")
            return
        if _is_decision(event):
            yield from _compared(event, _decided_again(store, before, event))
        memory = note(before, event)


def _decided_again(store: Store, memory: Memory, event: Event) -> Decision:
    findings = _findings(store, memory, event)
    since = event.body.get("watching_since")
    watching = datetime.fromisoformat(since) if isinstance(since, str) else memory.run.started_at
    evidence = evidence_of(memory, findings, watching, event.at)
    return decide(memory.plan, memory.run, evidence, event.at)


def _findings(store: Store, memory: Memory, event: Event) -> tuple[Finding, ...]:
    """Return the findings that had been read; of old events, those that had been made."""
    found = findings_of(store, memory.run)
    count = event.body.get("findings")
    if isinstance(count, int):
        return found[:count]
    return tuple(finding for finding in found if finding.at <= event.at)


def _compared(event: Event, decision: Decision) -> Iterator[Difference]:
    if decision.kind != event.kind:
        derived = decision.kind or f"{decision.verb.value} ({decision.rule})"
        why = "; ".join(decision.reasons)
        yield _differs(event, "decision-differs", f"is derived as {derived}: {why}")
        return
    written = {name: part for name, part in event.body.items() if name not in BASIS}
    for name in sorted(written.keys() | decision.body.keys()):
        said, follows = written.get(name), decision.body.get(name)
        if not _alike(said, follows):
            yield _differs(event, "body-differs", f"says {name}: {said!r}; derived is {follows!r}")


def _alike(one: Json, other: Json) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        pairs = zip(one, other, strict=False)
        return len(one) == len(other) and all(_alike(a, b) for a, b in pairs)
    if isinstance(one, float) or isinstance(other, float):
        return (
            isinstance(one, int | float)
            and isinstance(other, int | float)
            and isclose(one, other, rel_tol=SAME, abs_tol=SAME)
        )
    return one == other


def _is_decision(event: Event) -> bool:
    return event.actor == ENGINE and event.kind not in FACTS and event.number > 1


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _differs(event: Event, code: str, what: str) -> Difference:
    return Difference(
        number=event.number, code=code, sentence=f"event {event.number} {event.kind} {what}"
    )
