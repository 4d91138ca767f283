"""Simulated traffic of one phase, request by request, counted as telemetry would count it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phasegate.rehearsal.counted import Came

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SECONDS = 7200
"""A phase of two hours."""

PER_MINUTE = 200
EXPOSURE = 0.10
BLOCK_S = 30
MIDDLE = 3600

NAMES = ("seen", "bad", "subjects", "subjects_bad", "at_risk", "newly_bad", "again_bad")


@dataclass(frozen=True)
class Visits:
    """All requests of one run in the order of time. who: subject; treated: by subject."""

    at: Floats
    who: Ints
    treated: Flags
    rng: np.random.Generator
    population: int


Rate = Callable[[Visits], Floats]
"""The chance that each request is bad."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What happens in a phase. onset: second at which harm begins; None: there is none.

    rate        chance of a bad observation, request by request.
    p0, p1      what the oracle knows of control and of treatment after the onset.
    bound       bad share that the guard allows.
    population  how many subjects there are; few of them come often.
    stuck       a subject who has met a failure meets nothing else from then on.
    outage      both arms fail for a while.
    delays      seconds until (a good, a bad) outcome arrives; lag: how long the plan waits.
    """

    name: str
    rate: Rate
    onset: int | None = None
    p0: float = 0.005
    p1: float = 0.005
    bound: float = 0.02
    population: int = 100_000
    stuck: bool = False
    delays: tuple[float, float] = (0.0, 0.0)
    lag: int = 0
    outage: bool = False


@dataclass(frozen=True)
class Counted:
    """Counts by second and run: what phasegate folds, and what others see arrive."""

    treated: Came
    control: Came
    seen: tuple[Ints, Ints]
    bad: tuple[Ints, Ints]


def simulate(scenario: Scenario, runs: int, seed: int) -> Counted:
    """Return the counts of many runs; (second, run) arrays, arms apart."""
    folded = {arm: np.zeros((len(NAMES), SECONDS, runs), np.int16) for arm in (True, False)}
    arriving = {arm: np.zeros((2, SECONDS, runs), np.int16) for arm in (True, False)}
    for run in range(runs):
        rng = np.random.default_rng((seed, run))
        visits = _visits(scenario, rng)
        bad = rng.random(len(visits.at)) < scenario.rate(visits)
        if scenario.stuck:
            bad = _stay_bad(visits, bad)
        flags = _flags(visits, bad)
        ripe = visits.at + scenario.lag
        arrives = visits.at + np.where(bad, scenario.delays[1], scenario.delays[0])
        for arm in (True, False):
            mine = visits.treated == arm
            for place, flag in enumerate(flags):
                _tally(folded[arm][place, :, run], ripe[mine & flag])
            _tally(arriving[arm][0, :, run], arrives[mine])
            _tally(arriving[arm][1, :, run], arrives[mine & bad])
    return Counted(
        treated=Came(*folded[True]),
        control=Came(*folded[False]),
        seen=(arriving[True][0], arriving[False][0]),
        bad=(arriving[True][1], arriving[False][1]),
    )


def _visits(scenario: Scenario, rng: np.random.Generator) -> Visits:
    count = rng.poisson(PER_MINUTE * SECONDS / 60)
    at = np.sort(rng.random(count) * SECONDS)
    who = rng.integers(0, scenario.population, count)
    treated = rng.random(scenario.population)[who] < EXPOSURE
    return Visits(at=at, who=who, treated=treated, rng=rng, population=scenario.population)


def _ranks(who: Ints, mask: Flags) -> Ints:
    """Return which of its subject's masked requests each one is, from 1; 0 where not masked."""
    order = np.argsort(who, kind="stable")
    sorted_mask = mask[order].astype(np.int64)
    running = np.cumsum(sorted_mask)
    starts = np.flatnonzero(np.r_[True, np.diff(who[order]) != 0])
    before = np.repeat(running[starts] - sorted_mask[starts], np.diff(np.r_[starts, len(who)]))
    ranks = np.zeros(len(who), np.int64)
    ranks[order] = (running - before) * sorted_mask
    return ranks


def _bad_before(who: Ints, bad: Flags) -> Ints:
    """Return how many bad requests each request's subject has had before it."""
    order = np.argsort(who, kind="stable")
    counts = np.cumsum(bad[order]) - bad[order]
    starts = np.flatnonzero(np.r_[True, np.diff(who[order]) != 0])
    base = np.repeat(counts[starts], np.diff(np.r_[starts, len(who)]))
    before = np.zeros(len(who), np.int64)
    before[order] = counts - base
    return before


def _stay_bad(visits: Visits, bad: Flags) -> Flags:
    return bad | (_bad_before(visits.who, bad) > 0)


def _flags(visits: Visits, bad: Flags) -> tuple[Flags, ...]:
    """Return which requests count as what, in the order of NAMES."""
    everyone = np.ones(len(bad), bool)
    first = _ranks(visits.who, everyone) == 1
    ill = _bad_before(visits.who, bad)
    block = (visits.at // BLOCK_S).astype(np.int64)
    in_block = _ranks(visits.who * (SECONDS // BLOCK_S + 1) + block, everyone) == 1
    return (
        everyone,
        bad,
        first,
        first & bad,
        in_block & (ill == 0),
        bad & (ill == 0),
        bad & (ill == 1),
    )


def _tally(into: Ints, at: Floats) -> None:
    kept = at[at < SECONDS]
    into += np.bincount(kept.astype(np.int64), minlength=SECONDS).astype(np.int16)


def steady(p0: float, p1: float, onset: int = 0) -> Rate:
    """Return a rate of p0 in control, and of p1 in treatment from the onset on."""

    def rate(visits: Visits) -> Floats:
        harmed = visits.treated & (visits.at >= onset)
        return np.where(harmed, p1, p0)

    return rate


def bursts(p: float, high: float, every_s: float, length_s: float) -> Rate:
    """Return a rate that rises in both arms for a few seconds now and then."""

    def rate(visits: Visits) -> Floats:
        count = visits.rng.poisson(SECONDS / every_s)
        starts = visits.rng.random(count) * SECONDS
        hit = np.zeros(len(visits.at), bool)
        for start in starts:
            hit |= (visits.at >= start) & (visits.at < start + length_s)
        return np.where(hit, high, p)

    return rate


def prone(share: float, high: float, low: float) -> Rate:
    """Return a rate that is high for some subjects in either arm, whatever they get."""

    def rate(visits: Visits) -> Floats:
        chosen = visits.rng.random(visits.population) < share
        return np.where(chosen[visits.who], high, low)

    return rate


def broken_for_good(share: float, p0: float, onset: int) -> Rate:
    """Return a rate at which some treated subjects always fail from the onset on."""

    def rate(visits: Visits) -> Floats:
        chosen = visits.rng.random(visits.population) < share
        harmed = visits.treated & (visits.at >= onset) & chosen[visits.who]
        return np.where(harmed, 1.0, p0)

    return rate


def outage(p0: float, high: float, onset: int, length_s: int) -> Rate:
    """Return a rate that rises in both arms for a while."""

    def rate(visits: Visits) -> Floats:
        hit = (visits.at >= onset) & (visits.at < onset + length_s)
        return np.where(hit, high, p0)

    return rate
