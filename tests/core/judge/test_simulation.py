"""Measured error rates and detection: what docs/why/judging.md promises."""

from __future__ import annotations

import random
from collections.abc import Callable
from math import log
from statistics import median

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
