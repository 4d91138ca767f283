"""What people may ask of a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class Pause:
    """Stop going forward; exposure and guards stay."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Resume:
    """Go on after a pause."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class SignOff:
    """Approve the phase under way. plan_hash: the plan the signer has read."""

    phase: str
    meaning: str
    plan_hash: str


@dataclass(frozen=True, kw_only=True)
class Waive:
    """Let something closed pass, for a time."""

    phase: str
    what: str
    reason: str
    lasts: timedelta


@dataclass(frozen=True, kw_only=True)
class RollBack:
    """Withdraw by hand. phase: a name, `current` or `all`; components: empty means all of it.

    `all` ends the run, even if nothing is exposed any more.

    emergency   a reason may be missing; a controlled rollback also takes back what came later.
    """

    phase: str
    components: tuple[str, ...] = ()
    reason: str
    emergency: bool = False


@dataclass(frozen=True, kw_only=True)
class Retry:
    """Try withdrawn components again (all of them, if none is named), or the phase's gates."""

    components: tuple[str, ...] = ()
    reason: str


Request = Pause | Resume | SignOff | Waive | RollBack | Retry
