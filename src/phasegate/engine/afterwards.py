"""Sentinels that are heard after a run has ended: nobody decides on them, so people are told.

What a completed run has exposed is on for good, and harm it does still comes. A run that has ended
takes nothing back; a person kills the flag.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from phasegate.core.evidence import ENVIRONMENT, Arm, Position, Tally
from phasegate.core.plan import MetricKind, Plan
from phasegate.core.run import Run
from phasegate.ports import Store

AT_ONCE = 10_000

Heard = Mapping[tuple[str, str], int]
"""How many events, by component (or ENVIRONMENT) and sentinel."""


@dataclass(frozen=True, kw_only=True)
class _Read:
    """How far a run's evidence was read, and what was heard in it."""

    upto: Position
    heard: Heard


class Afterwards:
    """Counts sentinels of runs that have ended, each row once; one caller at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, _Read] = {}

    def heard(self, plan: Plan, run: Run, now: datetime) -> Heard:
        """Return what was heard since a run's end; nothing where it goes on. Raises Unavailable."""
        if run.ended_after is None:
            return {}
        sentinels = {one.name for one in plan.metrics if one.kind is MetricKind.SENTINEL}
        now_ms = int(now.timestamp() * 1000)
        known = self._read.get(run.id) or _Read(upto=run.ended_after, heard={})
        while rows := self._store.tallies(run.id, known.upto, now_ms, AT_ONCE):
            found = dict(known.heard)
            for row in rows:
                if row.tally.series in sentinels and _accuses(row.tally):
                    who = row.tally.component, row.tally.series
                    found[who] = found.get(who, 0) + row.tally.bad
            known = replace(known, upto=rows[-1].position, heard=found)
        self._read[run.id] = known
        return known.heard

    def known(self, run: Run) -> Heard:
        """Return what was heard when it was last read."""
        read = self._read.get(run.id)
        return read.heard if read else {}


def told(run: Run, heard: Heard) -> tuple[str, ...]:
    """Say what was heard, and what can be done about it."""
    return tuple(
        f"after the end, {_named(component)}: {sentinel} {count} time(s){_remedy(run, component)}"
        for (component, sentinel), count in sorted(heard.items())
    )


def _accuses(tally: Tally) -> bool:
    """Say whether it speaks against what is on: what the old version did is none of it.

    Nor is what could not be counted, of which `bad` says why.
    """
    counted = tally.seen >= 0 and tally.bad > 0
    return counted and (tally.component == ENVIRONMENT or tally.arm is Arm.TREATMENT)


def _named(component: str) -> str:
    return "of no component alone" if component == ENVIRONMENT else component


def _remedy(run: Run, component: str) -> str:
    trial = run.trials.get(component)
    if trial is None or not trial.exposure:
        return "; nothing takes back what has ended"
    return f"; it is on for good: `phasegate flag kill {trial.flag}` takes it from everybody"
