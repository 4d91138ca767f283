"""A decision or a command that was written down: numbered without gaps, chained by hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from phasegate.core.canonical import canonical

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
"""A value that JSON can carry."""

START_OF_CHAIN = "0" * 64

ENGINE = "engine"
"""The actor of every event that the clock adds."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One entry of a log.

    log       the run's id, or `flags:<environment>` for changes people make to flags.
    number    1, 2, 3 … without gaps within the log.
    kind      past tense: run_started, exposed, rollback_started …
    actor     ENGINE or the person's name.
    body      JSON values only.
    previous  hash of the event before; START_OF_CHAIN for the first.
    hash      SHA-256 over previous and the canonical JSON of all other fields.
    """

    log: str
    number: int
    at: datetime
    kind: str
    actor: str
    body: Mapping[str, Json] = field(default_factory=lambda: MappingProxyType({}))
    previous: str
    hash: str


def chain(
    *,
    log: str,
    number: int,
    at: datetime,
    kind: str,
    actor: str,
    body: Mapping[str, Json],
    previous: str,
) -> Event:
    """Build the next event of a log, with its hash."""
    hashed = hash_of(
        log=log, number=number, at=at, kind=kind, actor=actor, body=body, previous=previous
    )
    return Event(
        log=log,
        number=number,
        at=at,
        kind=kind,
        actor=actor,
        body=body,
        previous=previous,
        hash=hashed,
    )


def hash_of(
    *,
    log: str,
    number: int,
    at: datetime,
    kind: str,
    actor: str,
    body: Mapping[str, Json],
    previous: str,
) -> str:
    """Return the SHA-256 that binds an event to the one before it."""
    content = canonical(
        {
            "log": log,
            "number": number,
            "at": at,
            "kind": kind,
            "actor": actor,
            "body": dict(body),
        }
    )
    return hashlib.sha256(previous.encode() + b"\n" + content).hexdigest()
