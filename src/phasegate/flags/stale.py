"""Which flags have outlived their purpose, and why one would say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from phasegate.core.plan import EVERYONE
from phasegate.flags.document import FlagState
from phasegate.flags.journal import Journal
from phasegate.flags.record import Record

DAYS = 30
"""A flag that nobody changed for so long, and that decides nothing any more, is stale."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One flag and what speaks for taking it out of the code. why: empty where nothing does.

    changed  when a person or a run last changed it; None: not known.
    """

    key: str
    owner: str
    changed: datetime | None
    why: tuple[str, ...]


def standings(
    journal: Journal,
    states: Mapping[str, FlagState],
    by_runs: Mapping[str, datetime],
    now: datetime,
    days: int = DAYS,
) -> list[Standing]:
    """Return every flag that is not archived, by key. by_runs: when a run last changed each."""
    keys = sorted({*states, *journal.records})
    shown = {state.key: state for state in journal.overlay(states.values())}
    found = []
    for key in keys:
        record = journal.records.get(key)
        if record is not None and record.archived:
            continue
        times = [at for at in (by_runs.get(key), record.changed if record else None) if at]
        changed = max(times, default=None)
        owner = record.owner if record else ""
        why = [_expired(record, now), "" if owner else "nobody owns it"]
        if changed is not None and now - changed >= timedelta(days=days):
            why.append(_decided(record, shown.get(key), (now - changed).days))
        told = tuple(reason for reason in why if reason)
        found.append(Standing(key=key, owner=owner, changed=changed, why=told))
    return found


def _expired(record: Record | None, now: datetime) -> str:
    if record is None or record.expires is None or record.expires > now.date():
        return ""
    return f"it was to be gone by {record.expires.isoformat()}"


def _decided(record: Record | None, state: FlagState | None, days: int) -> str:
    said = _answer(record, state)
    return f"it has been {said} for {days} days" if said else ""


def _answer(record: Record | None, state: FlagState | None) -> str:
    """Say what everybody gets; empty where it depends."""
    if record is not None and record.killed:
        return "killed"
    if state is None and record is not None and record.definition is not None:
        return ""
    exposure = state.exposure if state else (record.exposure if record else None)
    return {0: "off for everyone", EVERYONE: "on for everyone"}.get(exposure or 0, "")
