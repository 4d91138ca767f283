"""What people did to flags by hand: a fold over an environment's flag log."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any  # definitions of flags are JSON

from phasegate.core.event import Event
from phasegate.flags.document import HASHED_BY_DEFAULT, FlagState
from phasegate.flags.record import Record, Scheduled


def log_of(environment: str) -> str:
    """Name the log that holds changes people make to an environment's flags."""
    return f"flags:{environment}"


@dataclass(frozen=True, kw_only=True)
class Journal:
    """The environment's flags as people left them. number, head: of the last event folded.

    records  by key, every flag that a person ever touched.
    hashing  how the environment's flags bucket their subjects.
    """

    number: int = 0
    head: str = ""
    records: Mapping[str, Record] = field(default_factory=dict)
    hashing: str = HASHED_BY_DEFAULT

    @property
    def exposures(self) -> Mapping[str, int]:
        """Basis points that people have set, by flag."""
        return {
            key: record.exposure
            for key, record in self.records.items()
            if record.exposure is not None and record.definition is None
        }

    @property
    def killed(self) -> frozenset[str]:
        """Flags that are off until they are revived."""
        return frozenset(key for key, record in self.records.items() if record.killed)

    @property
    def requires(self) -> Mapping[str, tuple[str, ...]]:
        """What each flag requires, of those that require something."""
        return {key: record.requires for key, record in self.records.items() if record.requires}

    def overlay(self, states: Iterable[FlagState]) -> tuple[FlagState, ...]:
        """Lay what people did over what runs want.

        A killed flag is off, whatever a run wants. Otherwise a run goes before what people set,
        unless they set it after that run had ended.
        """
        killed, requires = self.killed, self.requires
        by_key = {key: FlagState(key=key, exposure=bp) for key, bp in self.exposures.items()}
        by_key |= {state.key: state for state in states if not self._set_after(state)}
        defined = {key for key, record in self.records.items() if record.definition is not None}
        left = killed - by_key.keys() - defined
        by_key |= {key: FlagState(key=key, exposure=0) for key in left}
        return tuple(
            replace(by_key[key], killed=key in killed, requires=requires.get(key, ()))
            for key in sorted(by_key)
        )

    def _set_after(self, state: FlagState) -> bool:
        """Say whether people set a flag after its run. What is on trial is under a run."""
        record = self.records.get(state.key)
        return record is not None and record.over != "" and not state.on_trial


def read(events: Iterable[Event], journal: Journal | None = None) -> Journal:
    """Fold the events of a flag log. Raises ValueError for an unknown kind."""
    journal = journal or Journal()
    for event in events:
        journal = _apply(journal, event)
    return journal


def _apply(journal: Journal, event: Event) -> Journal:
    journal = replace(journal, number=event.number, head=event.hash)
    if event.kind == "flags_hashed":
        return replace(journal, hashing=str(event.body["hashing"]))
    change = _CHANGES.get(event.kind)
    if change is None:
        raise ValueError(f"{event.log}: unknown event {event.kind}")
    key = str(event.body["flag"])
    before = journal.records.get(key) or Record(key=key, created=event.at, created_by=event.actor)
    after = replace(change(before, event), changed=event.at)
    return replace(journal, records={**journal.records, key: after})


def _created(record: Record, event: Event) -> Record:
    fresh = Record(key=record.key, created=event.at, created_by=event.actor, exposure=0)
    return _described(_defined(_required(fresh, event), event), event)


def _defined(record: Record, event: Event) -> Record:
    definition: Any = event.body.get("definition")
    over = str(event.body.get("over", ""))
    return replace(record, definition=definition, over=over) if definition else record


def _described(record: Record, event: Event) -> Record:
    body = event.body
    until = body.get("expires", record.expires.isoformat() if record.expires else None)
    return replace(
        record,
        owner=str(body.get("owner", record.owner)),
        about=str(body.get("about", record.about)),
        expires=date.fromisoformat(str(until)) if until else None,
    )


def _required(record: Record, event: Event) -> Record:
    requires = event.body.get("requires", [])
    return replace(record, requires=tuple(map(str, requires)) if isinstance(requires, list) else ())


def _set(record: Record, event: Event) -> Record:
    # What was scheduled and has come is not scheduled any more.
    due = event.body.get("scheduled")
    left = tuple(one for one in record.scheduled if one.number != due)
    exposure, over = int(str(event.body["exposure"])), str(event.body.get("over", ""))
    return replace(record, exposure=exposure, over=over, scheduled=left)


def _scheduled(record: Record, event: Event) -> Record:
    at = datetime.fromisoformat(str(event.body["at"]))
    exposure = int(str(event.body["exposure"]))
    one = Scheduled(number=event.number, exposure=exposure, at=at, by=event.actor)
    return replace(record, scheduled=(*record.scheduled, one))


def _dropped(record: Record, event: Event) -> Record:
    number = event.body.get("scheduled")
    left = tuple(one for one in record.scheduled if one.number != number)
    return replace(record, scheduled=left if number is not None else ())


_CHANGES: Mapping[str, Callable[[Record, Event], Record]] = {
    "flag_created": _created,
    "flag_defined": _defined,
    "flag_described": _described,
    "flag_required": _required,
    "flag_set": _set,
    "flag_taken": lambda record, _: replace(record, over=""),
    "flag_scheduled": _scheduled,
    "flag_unscheduled": _dropped,
    "flag_killed": lambda record, _: replace(record, killed=True),
    "flag_revived": lambda record, _: replace(record, killed=False),
    "flag_archived": lambda record, _: replace(record, archived=True, scheduled=()),
    "flag_restored": lambda record, _: replace(record, archived=False),
}
"""What each kind of event makes of a flag's record."""
