"""Rows of a database and the values of the core: one pair of functions per table, no SQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any  # a database's columns have the types of the database

from phasegate.core.canonical import canonical
from phasegate.core.event import Event
from phasegate.core.evidence import Arm, Finding, Outcome, Position, StoredTally, Tally
from phasegate.core.plan import Mode, Role
from phasegate.flags.document import FlagState
from phasegate.ports import Sighting, Token

Row = Sequence[Any]

EVENT = ("log", "number", "at", "kind", "actor", "body", "previous", "hash")
TALLY = (
    "ripe_ms",
    "run",
    "phase",
    "component",
    "attempt",
    "series",
    "arm",
    "bucket",
    "seen",
    "bad",
    "subjects",
    "subjects_bad",
    "at_risk",
    "newly_bad",
    "again_bad",
    "total",
    "writer",
    "sequence",
)
ARMS = {arm.value: arm for arm in Arm}
SIGHTING = ("run", "phase", "component", "attempt", "series", "subjects", "ill")
FINDING = (
    "run",
    "phase",
    "step",
    "attempt",
    "outcome",
    "exercised",
    "bad",
    "seen",
    "remedy",
    "at",
    "took_ms",
)
FLAG = ("key", "exposure", "mode", "on_trial", "killed")
TOKEN = ("hash", "name", "role", "created")


def time_text(moment: datetime) -> str:
    """Return a moment as it is stored: ISO 8601 with its offset, which an event's hash covers."""
    return moment.isoformat()


def time_of(text: str) -> datetime:
    """Return the stored moment."""
    return datetime.fromisoformat(text)


def event_row(event: Event) -> Row:
    """Return an event's columns, in the order of EVENT."""
    return (
        event.log,
        event.number,
        time_text(event.at),
        event.kind,
        event.actor,
        canonical(dict(event.body)).decode(),
        event.previous,
        event.hash,
    )


def event_of(row: Row) -> Event:
    """Return the event of EVENT's columns, hash and all, as it was appended."""
    log, number, at, kind, actor, body, previous, hash_ = row
    return Event(
        log=log,
        number=number,
        at=time_of(at),
        kind=kind,
        actor=actor,
        body=json.loads(body),
        previous=previous,
        hash=hash_,
    )


def tally_row(tally: Tally, ripe_ms: int) -> Row:
    """Return a tally's columns, in the order of TALLY."""
    return (
        ripe_ms,
        tally.run,
        tally.phase,
        tally.component,
        tally.attempt,
        tally.series,
        tally.arm.value,
        tally.bucket,
        tally.seen,
        tally.bad,
        tally.subjects,
        tally.subjects_bad,
        tally.at_risk,
        tally.newly_bad,
        tally.again_bad,
        tally.total,
        tally.writer,
        tally.sequence,
    )


def tally_of(row: Row) -> StoredTally:
    """Return the stored tally of its row number and TALLY's columns."""
    # No dictionary on the way: a turn over a thousand guards reads thousands of rows.
    number, ripe_ms, run, phase, component, attempt, series, arm, bucket, *rest = row
    seen, bad, subjects, subjects_bad, at_risk, newly_bad, again_bad, total, writer, sequence = rest
    tally = Tally(
        run=run,
        phase=phase,
        component=component,
        attempt=attempt,
        series=series,
        arm=ARMS[arm],
        bucket=bucket,
        seen=seen,
        bad=bad,
        subjects=subjects,
        subjects_bad=subjects_bad,
        at_risk=at_risk,
        newly_bad=newly_bad,
        again_bad=again_bad,
        total=total,
        writer=writer,
        sequence=sequence,
    )
    return StoredTally(position=Position(ripe_ms=ripe_ms, row=number), tally=tally)


def sighting_row(sighting: Sighting) -> Row:
    """Return a sighting's columns, in the order of SIGHTING."""
    return tuple(getattr(sighting, name) for name in SIGHTING)


def sighting_of(row: Row) -> Sighting:
    """Return the sighting of SIGHTING's columns."""
    return Sighting(**dict(zip(SIGHTING, row, strict=True)))


def finding_row(finding: Finding) -> Row:
    """Return a finding's columns, in the order of FINDING."""
    stored = {
        "outcome": finding.outcome.value,
        "at": time_text(finding.at),
        "seen": _storable(finding.seen),
        "remedy": _storable(finding.remedy),
    }
    return tuple(stored.get(name, getattr(finding, name)) for name in FINDING)


def finding_of(row: Row) -> Finding:
    """Return the finding of FINDING's columns."""
    named = dict(zip(FINDING, row, strict=True))
    named.update(outcome=Outcome(named["outcome"]), at=time_of(named["at"]))
    return Finding(**named)


def flag_row(state: FlagState) -> Row:
    """Return a flag state's columns, in the order of FLAG."""
    return (state.key, state.exposure, state.mode.value, int(state.on_trial), int(state.killed))


def flag_of(row: Row) -> FlagState:
    """Return the flag state of FLAG's columns."""
    key, exposure, mode, on_trial, killed = row
    return FlagState(
        key=key,
        exposure=exposure,
        mode=Mode(mode),
        on_trial=bool(on_trial),
        killed=bool(killed),
    )


def token_row(token: Token) -> Row:
    """Return a token's columns, in the order of TOKEN."""
    return (token.hash, token.name, token.role.value, time_text(token.created))


def token_of(row: Row) -> Token:
    """Return the token of TOKEN's columns."""
    hash_, name, role, created = row
    return Token(hash=hash_, name=name, role=Role(role), created=time_of(created))


def _storable(text: str) -> str:
    """Return what a program printed without NUL, which no database's text can hold."""
    return text.replace("\x00", "\ufffd")
