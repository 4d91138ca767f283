"""Measured error rates and detection: what docs/why/judging.md promises."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import log
from statistics import median

import pytest

from phasegate.core.evidence import Outcome
from phasegate.core.judge.cases import high_of

BLOCK = 30


def lots(rng: random.Random, n: int, p: float) -> int:
    """Draw a binomial count by the gaps between its hits."""
    if p <= 0:
        return 0
    hits, place = -1, 0
    while place <= n:
        hits += 1
        place += 1 + int(log(1 - rng.random()) / log(1 - p)) if p < 1 else 1
    return hits


def healthy(rng: random.Random) -> float:
    return 0.005


def at_bound(rng: random.Random) -> float:
    return 0.02


def bursts(rng: random.Random) -> float:
    return 0.20 if rng.random() < 0.05 else 0.0105


@pytest.mark.parametrize("rate", [healthy, at_bound, bursts])
def test_false_alarms_stay_within_the_budget(feed: Callable, rate: Callable) -> None:
    runs, fired = 400, 0
    for seed in range(runs):
        rng, trial = random.Random(seed), feed(alpha=0.05)

        for block in range(60):
            p = rate(rng)
            trial.people("treatment", 25, lots(rng, 25, p), at=block * BLOCK)
            trial.people("control", 75, lots(rng, 75, p), at=block * BLOCK)
        fired += trial.guards()[0].outcome is Outcome.FAIL

    assert high_of(fired, runs, 0.95) <= 0.05


def exposed_until_fail(trial, rng: random.Random, s: float, p1: float, p0: float, *, at: int = 0):
    """Let subjects come one by one; return (treated, treated failures) until the guard accuses."""
    treated = failures = 0
    for n in range(20_000):
        arm, p = ("treatment", p1) if rng.random() < s else ("control", p0)
        bad = int(rng.random() < p)
        trial.people(arm, 1, bad, at=at + n // 3)
        treated += arm == "treatment"
        failures += bad and arm == "treatment"
        if arm == "treatment" and bad and trial.guards()[0].accuses:
            return treated, failures
    raise AssertionError("harm was never found")


def test_total_failure_is_found_within_eight_failures(feed: Callable) -> None:
    found = [
        exposed_until_fail(feed(exposure=1000, alpha=0.001), random.Random(seed), 0.1, 1.0, 0.0)
        for seed in range(60)
    ]

    assert median(failures for _, failures in found) <= 8


def test_a_fifth_failing_is_found_within_forty_treated_subjects(feed: Callable) -> None:
    found = [
        exposed_until_fail(feed(alpha=0.001), random.Random(seed), 0.25, 0.2, 0.001)
        for seed in range(150)
    ]

    assert median(treated for treated, _ in found) <= 40


def test_harm_after_hours_of_health_is_found_within_sixty_treated_subjects(feed: Callable) -> None:
    found = []
    for seed in range(40):
        trial, rng = feed(alpha=0.001), random.Random(seed)
        for block in range(120):
            trial.people("treatment", 25, lots(rng, 25, 0.002), at=block * BLOCK)
            trial.people("control", 75, lots(rng, 75, 0.002), at=block * BLOCK)
        found.append(exposed_until_fail(trial, rng, 0.25, 0.2, 0.002, at=3600))

    assert median(treated for treated, _ in found) <= 60


@pytest.mark.parametrize("onset", [0, 40])
def test_a_global_outage_never_accuses(feed: Callable, onset: int) -> None:
    runs, accused, failed = 100, 0, 0
    for seed in range(runs):
        rng, trial, seen_fail = random.Random(seed), feed(alpha=0.001), False
        for block in range(onset + 60):
            p = 0.3 if onset <= block < onset + 10 else 0.002
            trial.people("treatment", 25, lots(rng, 25, p), at=block * BLOCK)
            trial.people("control", 75, lots(rng, 75, p), at=block * BLOCK)
            verdict = trial.guards()[0]
            accused += verdict.accuses
            seen_fail = seen_fail or verdict.outcome is Outcome.FAIL
        failed += seen_fail
        assert verdict.outcome is Outcome.PASS  # the outage is over, and so is the alarm

    assert (accused, failed) == (0, runs)
