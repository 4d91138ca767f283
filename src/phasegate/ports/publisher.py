"""How flag documents and the lease reach applications, and how far they have come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How far one server has carried an environment's flags.

    version    of the document that the server itself serves; 0: none yet.
    streams    by application connected there, the version it has in force; -1: none yet.
    lost       the same of applications that went without goodbye and may still serve what they had.
    leased_ms  for how long trial exposure they hold may go on; None: for ever.
    """

    environment: str
    version: int
    streams: Mapping[str, int]
    lost: Mapping[str, int]
    leased_ms: int | None


class Acks(Protocol):
    """Which applications may not have a document version in force.

    behind     connected and not there yet.
    unreached  lost without a goodbye while trial exposure they hold may still run.
    """

    @property
    def behind(self) -> tuple[str, ...]:
        """Names of the connected ones that lag."""

    @property
    def unreached(self) -> tuple[str, ...]:
        """Names of the lost ones."""


class Publisher(Protocol):
    """Carries flag documents and the lease to connected applications."""

    def publish(self, environment: str, version: int, document: Mapping[str, object]) -> bool:
        """Serve this document from now on; False, and no change, if a newer one is served."""

    def beat(self, environment: str, remaining_ms: int | None) -> None:
        """Renew the lease on trial exposure for that long; None: it is kept for ever."""

    def acknowledged(self, environment: str, version: int) -> Acks:
        """Say who has this version, or a later one, in force."""

    def reach(self, environment: str) -> Reach:
        """Say how far flags have come from here; leased_ms: the longest lease that was given."""
