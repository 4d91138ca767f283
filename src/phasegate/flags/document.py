"""Flag states, and the flagd document that they become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any  # a flag document is JSON by definition

from phasegate.core.plan import EVERYONE, Mode
from phasegate.flags.variants import OFF, ON, SHADOW

__all__ = ["HASHED_BY_DEFAULT", "OFF", "ON", "SHADOW", "FlagState", "document"]

HASHED_BY_DEFAULT = "v2"


@dataclass(frozen=True, kw_only=True)
class FlagState:
    """What one flag is to be.

    exposure  basis points of subjects that get ON.
    mode      LIVE: ON is served; SHADOW: `<key>.shadow` is on for that share, `key` is off.
    on_trial  served under lease: clients fall back to OFF when nobody watches any more.
    killed    OFF for everyone, whatever exposure says, until a person lifts it.
    requires  flags that must be on for a subject, or this one is OFF for them.
    """

    key: str
    exposure: int
    mode: Mode = Mode.LIVE
    on_trial: bool = False
    killed: bool = False
    requires: tuple[str, ...] = ()


def document(
    environment: str,
    version: int,
    states: Sequence[FlagState],
    hashing: str = HASHED_BY_DEFAULT,
) -> dict[str, Any]:
    """Render states as a flagd flag definition.

    The flag set's metadata records version and hashing; a flag's metadata has `onTrial: true`
    where a lease applies. Bucketing is by flag key and targetingKey (flagd's `fractional`
    shorthand, MurmurHash3 x86 32, integer buckets), ON first, so that raising an exposure never
    takes a subject out.
    """
    flags: dict[str, Any] = {}
    for state in states:
        live = 0 if state.killed or state.mode is Mode.SHADOW else state.exposure
        flags[state.key] = _rollout(state, live, killed=state.killed)
        if state.mode is Mode.SHADOW:
            shadow = 0 if state.killed else state.exposure
            flags[f"{state.key}{SHADOW}"] = _rollout(state, shadow, killed=False)
    return {
        "$schema": "https://flagd.dev/schema/v0/flags.json",
        "flags": flags,
        "metadata": {"flagSetId": environment, "version": str(version), "hashing": hashing},
    }


def _rollout(state: FlagState, exposure: int, *, killed: bool) -> dict[str, Any]:
    flag: dict[str, Any] = {
        "state": "ENABLED",
        "variants": {ON: True, OFF: False},
        "defaultVariant": ON if exposure == EVERYONE else OFF,
    }
    if 0 < exposure < EVERYONE:
        flag["targeting"] = {"fractional": [[ON, exposure], [OFF, EVERYONE - exposure]]}
    if state.requires:
        flag["requires"] = list(state.requires)
    marks = {"onTrial": state.on_trial and exposure > 0, "killed": killed}
    if any(marks.values()):
        flag["metadata"] = {name: True for name, marked in marks.items() if marked}
    return flag
