from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phasegate.core.evidence import Arm, Outcome, Tally
from phasegate.core.judge import means, share, shown
from phasegate.core.judge.account import Account
from phasegate.core.judge.counts import Block
from phasegate.core.judge.interval import interval
from phasegate.core.judge.setup import Setup
from phasegate.core.judge.shown import Seen
from phasegate.core.judge.terms import Terms

STARS = (5.0, 1.0)
"""Good and bad end of a scale of 1 to 5 stars."""


def stars(n: int, total: float, arm: Arm = Arm.TREATMENT, at: int = 0, **more: object) -> Tally:
    tally = Tally(
        run="r1",
        phase="alpha",
        component="router",
        attempt=1,
        series="rating",
        arm=arm,
        bucket=at,
        seen=n,
        subjects=n,
        at_risk=n,
        total=total,
        writer="w1",
        sequence=1,
    )
    return replace(tally, **more)  # type: ignore[arg-type]


def test_badness_is_the_distance_from_the_good_end_of_the_scale() -> None:
    part = means.part(stars(4, 5 + 5 + 3 + 1), STARS)

    assert (part.seen, part.bad, part.newly_bad) == (4, pytest.approx(1.5), pytest.approx(1.5))


def test_a_scale_whose_low_end_is_good_counts_the_other_way() -> None:
    assert means.part(stars(4, 5 + 5 + 3 + 1), (1.0, 5.0)).bad == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("tally", "why"),
    [
        (stars(4, 13.0, bad=1), "writer w1, sequence 1 has 1 of 4 values outside 1 to 5"),
        (stars(4, 3.0), "writer w1, sequence 1 sums 4 values to 3, which 1 to 5 cannot"),
        (stars(4, 21.0), "writer w1, sequence 1 sums 4 values to 21, which 1 to 5 cannot"),
        (stars(4, 14.0), ""),
    ],
)
def test_values_outside_the_scale_are_named(tally: Tally, why: str) -> None:
    assert means.fault(tally, STARS) == why


def test_a_value_in_another_unit_makes_the_series_invalid() -> None:
    account = Account.opened(Setup(scale=STARS))

    account.add(stars(1, 95.0, bad=1), 0, 2500)

    assert "outside 1 to 5" in account.invalid


def test_values_of_nobody_in_particular_are_seen_and_count_for_nobody() -> None:
    account = Account.opened(Setup(scale=STARS))

    account.add(stars(30, 0.0, subjects=0, at_risk=0), 0, 2500)

    assert (account.observed, account.treated.seen, account.heard) == (30, 0, 0)


scores = st.floats(0, 1)


@settings(max_examples=60, deadline=None)
@given(
    pool=st.lists(scores, min_size=2, max_size=6),
    treated=st.integers(1, 5),
    margin=st.floats(0, 0.5),
)
def test_every_bet_is_fair_or_worse_whoever_of_the_same_people_is_treated(
    pool: list[float], treated: int, margin: float
) -> None:
    """All ways to choose the treated are alike where treatment changes nothing."""
    n = min(treated, len(pool) - 1)
    factors = []
    for chosen in combinations(range(len(pool)), n):
        own = sum(pool[place] for place in chosen)
        batch = Block(n, own, len(pool) - n, sum(pool) - own)
        factors.append(np.exp(means.increments(2500, margin, batch)))

    assert (np.mean(factors, axis=0) <= 1 + 1e-9).all()


@given(mean=st.floats(0.01, 0.99), q=st.floats(0.01, 0.99), score=scores)
def test_what_is_fair_for_a_coin_is_at_best_fair_for_a_value_of_the_same_mean(
    mean: float, q: float, score: float
) -> None:
    """The chord of a convex function lies above it: gates and intervals rest on that."""

    def factor(b: float) -> float:
        return exp(b * log(q / mean) + (1 - b) * log((1 - q) / (1 - mean)))

    assert factor(score) <= score * factor(1.0) + (1 - score) * factor(0.0) + 1e-12


def test_the_bets_on_a_batch_are_what_the_formulas_say() -> None:
    """Means 0.75 and 0.25, one and three people: D = 0.5, and r = 16/9."""
    gains = means.increments(2500, 0.0, Block(1, 0.75, 3, 0.75))

    assert gains == pytest.approx(
        [
            *(log(1 + stake * 0.5) for stake in means.STAKES),
            *((4 * d * 0.5 - 2 * d * d) * 9 / 16 for d in means.SHIFTS),
        ]
    )


def test_without_control_or_without_treatment_nothing_is_compared() -> None:
    assert set(means.increments(2500, 0.0, Block(treated=3, treated_bad=3.0))) == {0.0}
    assert set(means.increments(2500, 0.0, Block(control=3, control_bad=3.0))) == {0.0}
    assert set(means.increments(10_000, 0.0, Block(3, 3.0, 1, 0.0))) == {0.0}


def test_who_came_of_one_arm_waits_for_the_other_within_the_block() -> None:
    account = Account.opened(Setup(terms=(TERMS[0],), block_s=10, scale=(0.0, 1.0)))
    account.add(stars(2, 2.0, Arm.TREATMENT, 0), 1000, 2500)
    account.add(stars(3, 0.0, Arm.CONTROL, 4), 5000, 2500)
    met = account.settled()

    alone = Account.opened(Setup(terms=(TERMS[0],), block_s=10, scale=(0.0, 1.0)))
    alone.add(stars(2, 2.0, Arm.TREATMENT, 0), 1000, 2500)
    alone.add(stars(1, 1.0, Arm.TREATMENT, 25), 26_000, 2500)
    alone.add(stars(3, 0.0, Arm.CONTROL, 47), 48_000, 2500)
    late = alone.settled()

    assert met.guards[0].peak > 0
    assert late.guards[0].peak == 0


rows = st.lists(st.tuples(st.booleans(), st.integers(1, 5), scores), min_size=1, max_size=25)
TERMS = (
    Terms(allowed=None, margin=0.0, alpha=0.05, ticks=10, graded=True),
    Terms(allowed=None, margin=0.05, alpha=0.05, ticks=10, graded=True),
)


def highest(found: list[Tally], terms: Terms) -> float:
    """Return the highest evidence at any look."""
    account = Account.opened(Setup(terms=(terms,), block_s=10, scale=(0.0, 1.0)))
    for tally in found:
        account.add(tally, 1_000_000 + tally.bucket * 1000, 2500)
    return account.settled().guards[0].peak


@settings(max_examples=100, deadline=None)
@given(found=rows, where=st.integers(0, 24))
@pytest.mark.parametrize("terms", TERMS, ids=["control", "margin"])
def test_worse_values_in_treatment_never_lower_the_evidence(terms: Terms, found, where) -> None:
    before = [
        stars(n, n * b, Arm.TREATMENT if treated else Arm.CONTROL, at)
        for at, (treated, n, b) in enumerate(found)
    ]
    place = min(where, len(before) - 1)
    worse = before[place]
    if worse.arm is Arm.TREATMENT:
        worse = replace(worse, total=float(worse.subjects))

    after = [*before[:place], worse, *before[place + 1 :]]

    assert highest(after, terms) >= highest(before, terms) - 1e-9


@given(found=rows, order=st.randoms(use_true_random=False))
def test_the_order_within_a_bucket_does_not_matter(found, order) -> None:
    together = [
        stars(n, n * b, Arm.TREATMENT if treated else Arm.CONTROL) for treated, n, b in found
    ]
    mixed = list(together)
    order.shuffle(mixed)

    assert highest(mixed, TERMS[0]) == pytest.approx(highest(together, TERMS[0]))


def test_a_fall_of_ratings_that_stay_within_the_bound_is_found_against_control() -> None:
    """4.4 to 4.1 stars: badness 0.15 to 0.225; half of the runs are over after 400 ratings."""
    terms = Terms(allowed=None, margin=0.0, alpha=0.01, ticks=120, graded=True)
    rng = np.random.default_rng(7)
    needed = [_needed(rng, terms) for _ in range(60)]

    assert np.median(needed) <= 400


def _needed(rng: np.random.Generator, terms: Terms) -> int:
    account, treated = Account.opened(Setup(terms=(terms,), scale=(0.0, 1.0))), 0
    for second in range(4000):
        for arm, people, p in ((Arm.TREATMENT, 0.5, 0.225), (Arm.CONTROL, 1.5, 0.15)):
            n = int(rng.poisson(people))
            total = float(rng.binomial(4 * n, p)) / 4
            account.add(stars(n, total, arm, second), 1_000_000 + second * 1000, 2500)
            treated += n if arm is Arm.TREATMENT else 0
        if account.guards[0].blamed:
            break
    return treated


def test_a_gate_shows_a_mean_and_its_interval_holds_it() -> None:
    counts = Seen(seen=400, bad=60.5, subjects=400, subjects_bad=60.5)

    assert shown.shown(counts, 0.25, 0.05).outcome is Outcome.PASS
    assert shown.shown(counts, 0.10, 0.05).outcome is Outcome.FAIL
    low, high = interval(60.5, 400, 0.05)
    assert low < 60.5 / 400 < high < 0.25


def test_a_mean_has_no_repeat_part() -> None:
    assert sum(TERMS[0].weights.values()) == pytest.approx(1.0)
    bounded = Terms(allowed=0.2, margin=0.0, alpha=0.05, ticks=10, graded=True)
    assert set(bounded.weights) == {"relative", "absolute", "system"}
    assert len(share.opened(bounded).relative.logs) == len(means.WEIGHTS)


def cut(series: str, n: int, beyond: int, arm: Arm = Arm.TREATMENT, at: int = 0) -> Tally:
    return stars(n, 0.0, arm, at, series=series, bad=beyond, subjects_bad=beyond, newly_bad=beyond)


LADDER = ("time>1", "time>2", "time>4")


def test_all_cuts_together_are_the_mean_share_of_cuts_that_values_are_beyond() -> None:
    """Of 10 values 6, 3 and 3 are beyond the cuts: 12 of 30 steps."""
    account = Account.opened(Setup(ladder=LADDER))

    for series, beyond in zip(LADDER, (6, 3, 3), strict=True):
        account.add(cut(series, 10, beyond), 0, 2500)

    assert account.treated.seen == 10
    assert account.treated.share == pytest.approx(0.4)


def test_cuts_together_are_judged_as_a_mean_of_the_same_values_is() -> None:
    terms = TERMS[0]
    together = Account.opened(Setup(terms=(terms,), block_s=10, ladder=LADDER))
    mean = Account.opened(Setup(terms=(terms,), block_s=10, scale=(0.0, 1.0)))
    rng = np.random.default_rng(3)

    for second in range(60):
        for arm in Arm:
            n = int(rng.poisson(3))
            steps = rng.integers(0, 4 if arm is Arm.TREATMENT else 3, n)
            for place, series in enumerate(LADDER):
                beyond = int((steps > place).sum())
                together.add(cut(series, n, beyond, arm, second), second * 1000, 2500)
            total = float(steps.sum()) / 3
            mean.add(stars(n, total, arm, second), second * 1000, 2500)

    peaks = [one.settled().guards[0].peak for one in (together, mean)]
    assert peaks[0] == pytest.approx(peaks[1])
    assert peaks[0] > 0


def test_a_batch_that_crosses_a_block_is_judged_whole_whatever_order_its_rows_have() -> None:
    """A flush of ten seconds tells cut by cut: what is beyond must not be parted from who came."""
    terms, rng = TERMS[0], np.random.default_rng(5)
    together = Account.opened(Setup(terms=(terms,), block_s=10, ladder=LADDER))
    mean = Account.opened(Setup(terms=(terms,), block_s=10, scale=(0.0, 1.0)))

    for flush in range(40):
        at = flush * 10 + 5
        ripe = (at + 10) * 1000
        came = [
            (second, arm, rng.integers(0, 4, int(rng.poisson(3))))
            for second in range(at, at + 10)
            for arm in Arm
        ]
        for place, series in enumerate(LADDER):
            for second, arm, steps in came:
                beyond = int((steps > place).sum())
                together.add(cut(series, len(steps), beyond, arm, second), ripe, 2500)
        for second, arm, steps in came:
            mean.add(stars(len(steps), float(steps.sum()) / 3, arm, second), ripe, 2500)

    peaks = [one.settled().guards[0].peak for one in (together, mean)]
    assert peaks[0] == pytest.approx(peaks[1])


def test_sums_that_cannot_be_are_no_evidence() -> None:
    batch = Block(treated=1, treated_bad=3.0, control=3, control_bad=0.2)

    assert set(means.increments(2500, 0.0, batch)) == {0.0}
