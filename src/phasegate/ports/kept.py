"""What a store keeps beside events, evidence and flags: tokens, sightings, who attended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from phasegate.core.event import Event
from phasegate.core.plan import Role
from phasegate.ports.publisher import Reach


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token as it is stored: never the secret, only its SHA-256."""

    hash: str
    name: str
    role: Role
    created: datetime


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """What telemetry must remember of its subjects over a restart, for one trial's series.

    subjects  packed 8-byte keyed hashes of subjects seen for the first time; ill: of subjects
              whose first bad observation this was, and once more at their second. No identifier
              can be read from either.
    """

    run: str
    phase: str
    component: str
    attempt: int
    series: str
    subjects: bytes
    ill: bytes


@dataclass(frozen=True, kw_only=True)
class Report:
    """A server's reach as the store keeps it. reach.leased_ms: what is left of it.

    silent_ms  since when nothing was heard of the server.
    """

    server: str
    reach: Reach
    silent_ms: int


@dataclass(frozen=True, kw_only=True)
class Attended:
    """Since when nobody has decided, and for how long trial exposure may go on without.

    ago_ms   since the last round in which somebody decided; None: nobody ever did.
    leases   what is left, by environment; 0: over, None: for ever.
    """

    ago_ms: int | None
    leases: Mapping[str, int | None]


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """What a restored store gets beside what was backed up.

    events     follow their logs.
    leased_ms  by environment, how long applications that nobody knows of may still serve what
               they had of the store that was lost; None: for ever.
    lost_s     seconds since the backup, in which changes were made that nobody knows.
    """

    events: Sequence[Event]
    leased_ms: Mapping[str, int | None]
    lost_s: int = 0
