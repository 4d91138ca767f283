"""What holds whatever the data are: fair bets, no milder verdict on worse data, any order."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phasegate.core.evidence import Arm, Outcome, Tally
from phasegate.core.judge import difference, ratio, repeat, share
from phasegate.core.judge.account import Account
from phasegate.core.judge.setup import Setup
from phasegate.core.judge.shown import Seen, shown
from phasegate.core.judge.terms import Terms

BOUNDED = Terms(allowed=0.1, margin=0.0, alpha=0.05, ticks=10)
COMPARED = Terms(allowed=None, margin=0.0, alpha=0.05, ticks=10)
BY_MARGIN = Terms(allowed=None, margin=0.05, alpha=0.05, ticks=10)
RANK = {Outcome.INCONCLUSIVE: 0, Outcome.PASS: 1, Outcome.FAIL: 2}

rows = st.lists(
    st.tuples(st.booleans(), st.integers(1, 6), st.integers(0, 6), st.integers(0, 12)),
    min_size=1,
    max_size=25,
)
"""Arm, subjects at risk, newly bad among them, seconds until the next row."""


def tallies(found: list[tuple[bool, int, int, int]]) -> list[Tally]:
    at, made = 0, []
    for number, (treated, people, most, gap) in enumerate(found):
        bad = min(most, people)
        made.append(
            Tally(
                run="r1",
                phase="alpha",
                component="router",
                attempt=1,
                series="error_rate",
                arm=Arm.TREATMENT if treated else Arm.CONTROL,
                bucket=at,
                seen=people,
                bad=bad,
                subjects=people,
                subjects_bad=bad,
                at_risk=people,
                newly_bad=bad,
                writer="w1",
                sequence=number,
            )
        )
        at += gap
    return made


def worst(found: list[Tally], terms: Terms) -> int:
    """Return the gravest verdict at any look."""
    account = Account.opened(Setup(terms=(terms,), block_s=10))
    rank = 0
    for tally in found:
        account.add(tally, 1_000_000 + tally.bucket * 1000, 2500)
        after = account.settled()
        verdict = share.verdict(after.guards[0], terms, after.arms)
        rank = max(rank, RANK[verdict.outcome])
    return rank


def worse(tally: Tally) -> Tally:
    """Return a tally in which everybody was bad, if it is of treatment."""
    if tally.arm is Arm.CONTROL:
        return tally
    n = tally.at_risk
    return replace(tally, bad=n, subjects_bad=n, newly_bad=n)


@settings(max_examples=100, deadline=None)
@given(found=rows, where=st.integers(0, 24))
@pytest.mark.parametrize("terms", [COMPARED, BY_MARGIN], ids=["control", "margin"])
def test_worse_data_never_give_a_milder_verdict(terms: Terms, found, where: int) -> None:
    before = tallies(found)
    place = min(where, len(before) - 1)

    after = [*before[:place], worse(before[place]), *before[place + 1 :]]

    assert worst(after, terms) >= worst(before, terms)


@settings(max_examples=100, deadline=None)
@given(found=rows)
def test_worse_news_never_give_a_milder_verdict_where_there_is_a_bound(found) -> None:
    """Worse news only: failures of long ago can make a rise look like what was always so."""
    before = tallies(found)

    after = [*before[:-1], worse(before[-1])]

    assert worst(after, BOUNDED) >= worst(before, BOUNDED)


@settings(max_examples=60, deadline=None)
@given(exposure=st.integers(1, 9999))
def test_no_bet_gains_on_average_where_the_arms_are_alike(exposure: int) -> None:
    s = exposure / 10_000
    bets = [
        (
            difference.increments(exposure, 0.0, not_bad=0, treated=1, control=0),
            difference.increments(exposure, 0.0, not_bad=0, treated=0, control=1),
        ),
        (
            repeat.increments(exposure, treated=1, control=0),
            repeat.increments(exposure, treated=0, control=1),
        ),
        (
            ratio.arrived(ratio.opened(), exposure, 1, 0).logs,
            ratio.arrived(ratio.opened(), exposure, 0, 1).logs,
        ),
    ]
    fair = [1.0, 1.0, 0.25]

    for (treated, control), one in zip(bets, fair, strict=True):
        for up, down in zip(treated, control, strict=True):
            assert s * exp(up) + (1 - s) * exp(down) == pytest.approx(one, rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(exposure=st.integers(1, 9999), margin=st.floats(0.001, 0.3), p0=st.floats(0.0, 0.6))
def test_no_bet_gains_on_average_exactly_at_the_margin(
    exposure: int, margin: float, p0: float
) -> None:
    s, p1 = exposure / 10_000, p0 + margin

    for well, ill, spared in difference.factors(exposure, margin):
        mean = s * p1 * exp(ill) + (1 - s) * p0 * exp(spared)
        mean += (s * (1 - p1) + (1 - s) * (1 - p0)) * exp(well)
        assert mean <= 1 + 1e-9


@settings(max_examples=100, deadline=None)
@given(n=st.integers(0, 400), bad=st.integers(0, 400), more=st.integers(0, 50))
def test_more_bad_never_opens_a_gate(n: int, bad: int, more: int) -> None:
    few, many = min(bad, n), min(bad + more, n)
    order = {Outcome.PASS: 0, Outcome.INCONCLUSIVE: 1, Outcome.FAIL: 2}

    milder, graver = (
        shown(Seen(seen=n, bad=x, subjects=n, subjects_bad=x), 0.05, 0.05).outcome
        for x in (few, many)
    )

    assert order[milder] <= order[graver]
