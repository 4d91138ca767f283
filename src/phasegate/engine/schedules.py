"""What people have scheduled for flags is carried out by the clock, as events of the flags' log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime

import structlog

from phasegate.core.command import Draft
from phasegate.core.event import ENGINE, START_OF_CHAIN, Json, chain
from phasegate.core.run import Run, replay
from phasegate.flags.journal import Journal, log_of, read
from phasegate.flags.life import before_change, named, refused
from phasegate.flags.record import Scheduled
from phasegate.ports import Conflict, Store

log = structlog.get_logger()


class Schedules:
    """Sets each flag when its time has come; what may not be set then is taken off the schedule."""

    def __init__(self, store: Store, publish: Callable[[str], None]) -> None:
        """publish: serves an environment's flags as the store has them now."""
        self._store = store
        self._publish = publish
        self._journals: dict[str, Journal] = {}

    def turn(self, logs: Iterable[str], now: datetime) -> None:
        """Carry out what is due in the environments among these logs. Raises Unavailable."""
        prefix = log_of("")
        for name in logs:
            if name.startswith(prefix):
                self._carry_out(name.removeprefix(prefix), now)

    def _carry_out(self, environment: str, now: datetime) -> None:
        journal = self._journal(environment)
        for key, one in _due(journal, now):
            try:
                self._append(environment, key, one, now)
            except Conflict:
                # A person was faster; what is still due then is looked at in the next round.
                return
            self._publish(environment)

    def _append(self, environment: str, key: str, one: Scheduled, now: datetime) -> None:
        journal = self._journal(environment)
        draft = self._draft(environment, journal, key, one, now)
        event = chain(
            log=log_of(environment),
            number=journal.number + 1,
            at=now,
            kind=draft.kind,
            actor=ENGINE,
            body=draft.body,
            previous=journal.head or START_OF_CHAIN,
        )
        self._store.append(event)
        log.info("scheduled", environment=environment, flag=key, kind=draft.kind)

    def _draft(
        self, environment: str, journal: Journal, key: str, one: Scheduled, now: datetime
    ) -> Draft:
        reason = f"scheduled by {one.by} in event {one.number}"
        wanted = Draft(
            kind="flag_set",
            body={
                "flag": key,
                "exposure": one.exposure,
                "reason": reason,
                "scheduled": one.number,
            },
        )
        states = self._store.flag_states(environment)[1]
        before = before_change(journal, states, self._runs(environment), now)
        refusal = refused(before, environment, wanted)
        if refusal is None:
            return named(before, wanted)
        why = f"{reason}, and refused when it was due: {refusal.message}"
        body: dict[str, Json] = {"flag": key, "reason": why, "scheduled": one.number}
        return Draft(kind="flag_unscheduled", body=body)

    def _runs(self, environment: str) -> list[Run]:
        """Return an environment's runs as far as they can be read; their turns tell of others."""
        prefix, found = log_of(""), []
        for name in self._store.logs():
            if not name.startswith(prefix):
                with suppress(ValueError):
                    found.append(replay(self._store.events(name)))
        return [run for run in found if run.environment == environment]

    def _journal(self, environment: str) -> Journal:
        before = self._journals.get(environment, Journal())
        journal = read(self._store.events(log_of(environment), before.number), before)
        self._journals[environment] = journal
        return journal


def _due(journal: Journal, now: datetime) -> list[tuple[str, Scheduled]]:
    found = [
        (key, one)
        for key, record in journal.records.items()
        for one in record.scheduled
        if one.at <= now
    ]
    return sorted(found, key=lambda pair: (pair[1].at, pair[1].number))
