"""Levels of the environment: beyond a bound for as long as the plan's hold, or within it.

A gauge is no sample: its readings follow one another, so no error rate is claimed. It trips when
every reading has been beyond the bound for the whole hold, and accuses no component.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

from phasegate.core.evidence import Outcome, Tally
from phasegate.core.plan import Comparison

LEAST_READINGS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Streak:
    """Unbroken readings on one side of a bound.

    beyond  which side: True where a guard would trip or a gate would not pass.
    since, last  Unix seconds of the streak's first and newest reading; last None: unseen.
    count   readings in the streak. reading: the newest. n: readings in all.
    invalid what was wrong with an impossible reading; empty when nothing was.
    """

    beyond: bool = False
    since: int = 0
    last: int | None = None
    count: int = 0
    reading: float = 0.0
    n: int = 0
    invalid: str = ""


def read(
    streak: Streak,
    tally: Tally,
    at: int,
    *,
    comparison: Comparison,
    bound: float,
    gate: bool,
    gap: float,
) -> Streak:
    """Add one reading, made at second `at`; a silence of over `gap` seconds breaks the streak."""
    if tally.seen <= 0:
        return streak
    reading = tally.total / tally.seen
    if not isfinite(reading):
        where = f"writer {tally.writer}, sequence {tally.sequence}"
        return replace(streak, invalid=f"{where} sent a reading that is no number")
    holds = reading > bound if comparison is Comparison.ABOVE else reading < bound
    beyond = holds is not gate
    latest = at if streak.last is None else max(at, streak.last)
    same = streak.last is not None and streak.beyond is beyond and at - streak.last <= gap
    return replace(
        streak,
        beyond=beyond,
        since=streak.since if same else latest,
        last=latest,
        count=streak.count + 1 if same else 1,
        reading=reading,
        n=streak.n + 1,
    )


def tripped(streak: Streak, hold: float) -> Outcome:
    """Say whether a guard's level has been beyond its bound for `hold` seconds."""
    if streak.last is None:
        return Outcome.INVALID if streak.invalid else Outcome.INCONCLUSIVE
    if streak.beyond and _held(streak, hold):
        return Outcome.FAIL
    return Outcome.INVALID if streak.invalid else Outcome.PASS


def within(streak: Streak, hold: float, now: float, fresh_for: float) -> Outcome:
    """Say whether a gate's level has been within its bound for `hold` seconds, and still is."""
    if streak.invalid:
        return Outcome.INVALID
    if streak.last is None:
        return Outcome.INCONCLUSIVE
    if streak.beyond:
        return Outcome.FAIL
    fresh = now - streak.last <= fresh_for
    return Outcome.PASS if fresh and _held(streak, hold) else Outcome.INCONCLUSIVE


def progress(streak: Streak, hold: float, *, beyond: bool) -> float:
    """Return how much of the hold has passed on the asked side, 0..1."""
    if streak.last is None or streak.beyond is not beyond:
        return 0.0
    passed = 1.0 if hold <= 0 else (streak.last - streak.since) / hold
    return min(passed, streak.count / LEAST_READINGS, 1.0)


def _held(streak: Streak, hold: float) -> bool:
    span = 0 if streak.last is None else streak.last - streak.since
    return streak.count >= LEAST_READINGS and span >= hold
