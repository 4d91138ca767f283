"""Sentinels: the first event is a fact, and facts need no statistics."""

from __future__ import annotations

from phasegate.core.evidence import Outcome


def tripped(events: int, *, alive: bool) -> Outcome:
    """Say whether a guard that watches for an event has seen it.

    events  bad observations, however malformed the tally that brought them.
    alive   telemetry of the trial has been seen at all; else silence means nothing.
    """
    if events > 0:
        return Outcome.FAIL
    return Outcome.PASS if alive else Outcome.INCONCLUSIVE


def absent(events: int, *, alive: bool, broken: bool) -> Outcome:
    """Say whether a gate may pass because nothing occurred.

    alive   telemetry of the trial is heard now. broken: an impossible tally was among it.
    """
    if events > 0:
        return Outcome.FAIL
    if broken:
        return Outcome.INVALID
    return Outcome.PASS if alive else Outcome.INCONCLUSIVE
