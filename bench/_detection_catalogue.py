"""The scenarios that rules are compared in: healthy ones, where nobody may be blamed, and harm."""

from __future__ import annotations

from _detection_traffic import (
    MIDDLE,
    Floats,
    Rate,
    Scenario,
    Visits,
    broken_for_good,
    bursts,
    outage,
    prone,
    steady,
)

HEALTHY = (
    Scenario(name="healthy, 0.5 % fail", rate=steady(0.005, 0.005)),
    Scenario(name="exactly at the bound, 2 %", rate=steady(0.02, 0.02)),
    Scenario(name="bursts of 25 s in both arms", rate=bursts(0.005, 0.2, 600, 25)),
    Scenario(name="2 % of subjects are prone", rate=prone(0.02, 0.3, 0.003), population=2_000),
    Scenario(
        name="subjects stuck in failure",
        rate=steady(0.002, 0.002),
        population=3_000,
        stuck=True,
    ),
    Scenario(
        name="slow subjects, 4 % over the bound of p95",
        rate=prone(0.08, 0.45, 0.0043),
        population=2_000,
        bound=0.05,
    ),
    Scenario(
        name="the unhappy answer first",
        rate=steady(0.12, 0.12),
        bound=0.15,
        delays=(2400.0, 60.0),
        lag=3600,
    ),
    Scenario(
        name="global outage, 30 % for 10 min",
        rate=outage(0.005, 0.3, MIDDLE, 600),
        outage=True,
    ),
    Scenario(
        name="global outage, everything for 2 min",
        rate=outage(0.005, 1.0, 1217, 120),
        outage=True,
    ),
)


def _harm(p1: float, onset: int) -> Scenario:
    share = "all treated requests fail" if p1 == 1 else f"{100 * p1:g} % fail"
    when = "middle" if onset else "start"
    return Scenario(name=f"{share}, {when}", rate=steady(0.005, p1, onset), p1=p1, onset=onset)


def _subset(share: float, onset: int) -> Scenario:
    return Scenario(
        name=f"{100 * share:g} % of treated subjects always fail, {'middle' if onset else 'start'}",
        rate=broken_for_good(share, 0.005, onset),
        p1=share + 0.005,
        onset=onset,
        population=4_000,
    )


def _now_and_then(visits: Visits) -> Floats:
    """Treatment fails half of the time for 30 seconds in every ten minutes."""
    hit = visits.treated & (visits.at % 600 < 30)
    floats: Floats = 0.005 + 0.495 * hit
    return floats


def _shifted(name: str, p0: float, p1: float, bound: float, onset: int) -> Scenario:
    rate: Rate = steady(p0, p1, onset)
    when = "middle" if onset else "start"
    return Scenario(name=f"{name}, {when}", rate=rate, p0=p0, p1=p1, bound=bound, onset=onset)


HARMFUL = (
    *(_harm(p1, 0) for p1 in (1.0, 0.2, 0.05, 0.025)),
    *(_harm(p1, MIDDLE) for p1 in (1.0, 0.2, 0.05, 0.025)),
    *(_subset(0.05, onset) for onset in (0, MIDDLE)),
    _shifted("12 % slower than the bound of p95", 0.02, 0.12, 0.05, 0),
    _shifted("12 % slower than the bound of p95", 0.02, 0.12, 0.05, MIDDLE),
    _shifted("satisfaction 94 % to 75 %", 0.06, 0.25, 0.15, 0),
    _shifted("satisfaction 94 % to 75 %", 0.06, 0.25, 0.15, MIDDLE),
    Scenario(name="half fail for 30 s in every 10 min", rate=_now_and_then, p1=0.03, onset=0),
)
