from __future__ import annotations

import random
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.core.evidence import Outcome
from phasegate.core.judge.cases import high_of
from phasegate.core.judge.shown import Seen, shown

MILD = [Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.FAIL]


def units(n: int, bad: int = 0, *, seen: int | None = None, seen_bad: int | None = None) -> Seen:
    return Seen(
        seen=n if seen is None else seen,
        bad=bad if seen_bad is None else seen_bad,
        subjects=n,
        subjects_bad=bad,
    )


def test_success_without_a_failure_is_shown_by_the_best_bet() -> None:
    """One bet alone, at a twentieth of the bound, needs n with n·ln(.9975/.95) = ln(5/.05)."""
    n = 94
    assert n * log(0.9975 / 0.95) < log(5 / 0.05) < (n + 1) * log(0.9975 / 0.95)

    assert shown(units(n + 1), 0.05, 0.05).outcome is Outcome.PASS
    assert shown(units(40), 0.05, 0.05).outcome is Outcome.INCONCLUSIVE


def test_harm_is_shown_to_be_above() -> None:
    assert shown(units(100, 20), 0.02, 0.05).outcome is Outcome.FAIL


def test_nothing_seen_is_inconclusive() -> None:
    verdict = shown(units(0), 0.02, 0.05)

    assert (verdict.outcome, verdict.needed) == (Outcome.INCONCLUSIVE, None)


def test_good_first_observations_do_not_hide_repeated_failures() -> None:
    assert shown(units(1000, 2, seen=5000, seen_bad=10), 0.02, 0.05).outcome is Outcome.PASS
    assert shown(units(1000, 2, seen=5000, seen_bad=100), 0.02, 0.05).outcome is not Outcome.PASS


@given(
    n=st.integers(0, 3000),
    bad=st.integers(0, 3000),
    extra=st.integers(0, 500),
    bound=st.floats(0.001, 0.6),
)
def test_worse_data_never_gets_a_milder_verdict(n: int, bad: int, extra: int, bound: float) -> None:
    bad = min(bad, n)
    worse = min(n, bad + extra)

    before = shown(units(n, bad), bound, 0.05).outcome
    after = shown(units(n, worse), bound, 0.05).outcome

    assert MILD.index(after) >= MILD.index(before)


@given(n=st.integers(0, 3000), bad=st.integers(0, 3000), bound=st.floats(0, 1))
def test_every_bound_is_judged_without_error(n: int, bad: int, bound: float) -> None:
    assert 0 <= shown(units(n, min(n, bad)), bound, 0.05).progress <= 1


def test_a_share_exactly_at_the_bound_is_rarely_shown_to_be_below() -> None:
    passed, runs = 0, 400
    for seed in range(runs):
        rng, bad = random.Random(seed), 0
        for n in range(1, 61):
            bad += sum(rng.random() < 0.1 for _ in range(10))
            if shown(units(10 * n, bad), 0.1, 0.05).outcome is Outcome.PASS:
                passed += 1
                break

    assert high_of(passed, runs, 0.95) <= 0.05


def test_needed_says_how_many_more_would_do() -> None:
    needed = shown(units(500, 2), 0.02, 0.05).needed or 0

    part = needed / 500
    after = units(500 + needed, round(2 * (1 + part)))
    assert shown(after, 0.02, 0.05).outcome is Outcome.PASS


def test_needed_is_unknown_when_the_estimate_is_not_below_the_bound() -> None:
    assert shown(units(100, 2), 0.02, 0.05).needed is None


@pytest.mark.parametrize("bound", [0.0, 1.0])
def test_a_bound_at_the_edge_shows_nothing_from_nothing(bound: float) -> None:
    assert shown(units(0), bound, 0.05).outcome is Outcome.INCONCLUSIVE
