"""Numbers that others have computed: scipy's, and our own of the version that judged before."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import pytest

from phasegate.core.evidence import Arm, Tally
from phasegate.core.judge import difference, rates, repeat, shown
from phasegate.core.judge.account import Account
from phasegate.core.judge.cases import at_most, high_of, incomplete_beta
from phasegate.core.judge.interval import interval
from phasegate.core.judge.setup import Setup
from phasegate.core.judge.shown import Seen
from phasegate.core.judge.terms import Terms
from phasegate.core.judge.versions import METHODS

VECTORS = Path(__file__).parents[2] / "vectors"
SCIPY: dict[str, Any] = json.loads((VECTORS / "statistics.json").read_text())
OURS: dict[str, Any] = json.loads((VECTORS / "judge.json").read_text())


@pytest.mark.parametrize("known", SCIPY["clopper_pearson_high"])
def test_the_bound_of_labelled_cases_is_that_of_the_beta_distribution(known: dict) -> None:
    assert high_of(known["bad"], known["n"], known["confidence"]) == pytest.approx(known["high"])


@pytest.mark.parametrize("known", SCIPY["binomial_at_most"])
def test_the_chance_of_few_is_that_of_the_binomial_distribution(known: dict) -> None:
    assert at_most(known["bad"], known["n"], known["p"]) == pytest.approx(known["chance"])


@pytest.mark.parametrize("known", SCIPY["incomplete_beta"])
def test_the_incomplete_beta_function_is_exact(known: dict) -> None:
    assert incomplete_beta(known["a"], known["b"], known["x"]) == pytest.approx(known["value"])


@pytest.mark.parametrize("known", SCIPY["running_interval"])
def test_the_running_interval_ends_where_the_mixture_ratio_says(known: dict) -> None:
    low, high = interval(known["bad"], known["n"], known["alpha"])

    assert (low, high) == pytest.approx((known["low"], known["high"]), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("known", SCIPY["log_shown"])
def test_a_gate_is_a_mean_of_binomial_likelihood_ratios(known: dict) -> None:
    n, bad, bound = known["n"], known["bad"], known["bound"]
    counts = Seen(seen=n, bad=bad, subjects=n, subjects_bad=bad)

    verdict = shown.shown(counts, bound, 0.05)

    assert (known["log"] >= log(20)) is (verdict.progress == 1.0)
    if verdict.progress < 0.99:
        assert verdict.progress == pytest.approx(max(0.0, known["log"] / log(20)))


@pytest.mark.parametrize("known", SCIPY["coin"])
def test_a_bet_on_the_arms_is_a_binomial_likelihood_ratio(known: dict) -> None:
    where = difference.RATIOS.index(known["ratio"])

    gains = difference.increments(
        known["exposure"], 0.0, not_bad=50, treated=known["treated"], control=known["control"]
    )

    assert gains[where] == pytest.approx(known["log"])


def test_what_a_method_says_changes_only_with_its_version() -> None:
    """Raise the number in core/judge/versions.py, and write the vector anew: see `evidence`."""
    assert OURS["methods"] == dict(METHODS)
    assert evidence() == pytest.approx(OURS["evidence"], rel=1e-9)


def evidence() -> list[float]:
    """Return the log wealth of all parts of three guards, after 400 rows of a fixed history."""
    terms = (
        Terms(index=0, allowed=0.02, margin=0.0, alpha=1e-30, ticks=40),
        Terms(index=1, allowed=None, margin=0.01, alpha=1e-30, ticks=40),
        Terms(index=2, allowed=None, margin=0.0, alpha=1e-30, ticks=40),
    )
    account = Account.opened(Setup(terms=terms, block_s=30, arms=1e-30))
    for row in history():
        account.add(row, row.bucket * 1000, 2500)
    after = account.settled()
    return [
        wealth.log_total
        for guard in after.guards
        for wealth in (guard.relative, guard.repeat, guard.absolute, guard.system)
        if wealth is not None
    ] + [after.ratio.log_total, *evidence_of_a_mean(), rates.log_mixed(7, 300, 0.01)]


def evidence_of_a_mean() -> list[float]:
    terms = Terms(index=0, allowed=0.2, margin=0.01, alpha=1e-30, ticks=40, graded=True)
    account = Account.opened(Setup(terms=(terms,), block_s=30, scale=(5.0, 1.0)))
    for row in history():
        n = row.subjects
        total = 5.0 * n - 3.0 * row.subjects_bad
        account.add(
            replace(row, bad=0, subjects_bad=0, newly_bad=0, again_bad=0, seen=n, total=total),
            row.bucket * 1000,
            2500,
        )
    (guard,) = account.settled().guards
    assert guard.absolute is not None
    return [guard.relative.log_total, guard.absolute.log_total]


def history() -> list[Tally]:
    draw, rows = random.Random(2030), []
    for number in range(400):
        treated = number % 2 == 0
        people = draw.randrange(8) if treated else draw.randrange(24)
        bad = sum(draw.random() < (0.1 if treated else 0.02) for _ in range(people))
        again = sum(draw.random() < 0.5 for _ in range(bad))
        rows.append(
            Tally(
                run="r1",
                phase="alpha",
                component="router",
                attempt=1,
                series="error_rate",
                arm=Arm.TREATMENT if treated else Arm.CONTROL,
                bucket=1000 + number * 2,
                seen=people + again,
                bad=bad + again,
                subjects=people,
                subjects_bad=bad,
                at_risk=people,
                newly_bad=bad,
                again_bad=again,
                writer="w1",
                sequence=number,
            )
        )
    return rows


def test_second_failures_are_bet_on_by_ratios_of_their_own() -> None:
    assert len(repeat.increments(2500, treated=1, control=0)) == len(repeat.RATIOS)
