"""Who asks, and which roles may ask for what."""

from __future__ import annotations

from dataclasses import dataclass

from phasegate.core.plan import Role

OPERATING = frozenset({Role.OPERATOR, Role.APPROVER, Role.SAFETY_OFFICER, Role.ADMIN})
APPROVING = frozenset({Role.APPROVER, Role.SAFETY_OFFICER})


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who asks, and as what."""

    name: str
    role: Role
