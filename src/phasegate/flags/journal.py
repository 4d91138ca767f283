"""What people did to flags by hand: a fold over an environment's flag log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from phasegate.core.event import Event
from phasegate.flags.document import FlagState


def log_of(environment: str) -> str:
    """Name the log that holds changes people make to an environment's flags."""
    return f"flags:{environment}"


@dataclass(frozen=True, kw_only=True)
class Journal:
    """The environment's flags as people left them. number, head: of the last event folded."""

    number: int = 0
    head: str = ""
    exposures: Mapping[str, int] = field(default_factory=dict)
    killed: frozenset[str] = frozenset()

    def overlay(self, states: Iterable[FlagState]) -> tuple[FlagState, ...]:
        """Lay what people did over what runs want: a killed flag is off, whatever a run wants."""
        by_key = {key: FlagState(key=key, exposure=bp) for key, bp in self.exposures.items()}
        by_key |= {state.key: state for state in states}
        by_key |= {key: FlagState(key=key, exposure=0) for key in self.killed - by_key.keys()}
        return tuple(replace(by_key[key], killed=key in self.killed) for key in sorted(by_key))


def read(events: Iterable[Event], journal: Journal | None = None) -> Journal:
    """Fold the events of a flag log. Raises ValueError for an unknown kind."""
    journal = journal or Journal()
    for event in events:
        journal = _apply(journal, event)
    return journal


def _apply(journal: Journal, event: Event) -> Journal:
    key = str(event.body["flag"])
    journal = replace(journal, number=event.number, head=event.hash)
    match event.kind:
        case "flag_set":
            exposure = int(str(event.body["exposure"]))
            return replace(journal, exposures={**journal.exposures, key: exposure})
        case "flag_killed":
            return replace(journal, killed=journal.killed | {key})
        case "flag_revived":
            return replace(journal, killed=journal.killed - {key})
    raise ValueError(f"{event.log}: unknown event {event.kind}")
