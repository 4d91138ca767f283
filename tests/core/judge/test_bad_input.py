"""What becomes of input that cannot be: the table of docs/why/judging.md, line by line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from phasegate.adapters.metrics.increases import increases
from phasegate.core.evidence import Outcome
from phasegate.core.judge.fold import fold, start


@pytest.mark.parametrize("count", ["seen", "bad", "subjects", "at_risk", "newly_bad", "again_bad"])
def test_a_count_below_zero_makes_the_series_invalid(feed: Callable, count: str) -> None:
    trial = feed().people("treatment", 100).tally(**{"seen": 5, count: -1})

    (guard,) = trial.guards()

    assert guard.outcome is Outcome.INVALID
    assert "counts what cannot be" in guard.sentence


def test_a_counter_that_shrinks_began_anew() -> None:
    assert list(increases([(0, 90), (10, 100), (20, 7)], 0, 10)) == [(0, 10), (10, 7)]


def test_more_bad_than_all_makes_the_series_invalid_and_names_who_said_so(feed: Callable) -> None:
    (guard,) = feed().people("treatment", 100).tally(seen=3, bad=4).guards()

    assert guard.outcome is Outcome.INVALID
    assert "writer w1, sequence 2 counts what cannot be: 4 bad of 3 seen" in guard.sentence


def test_what_cannot_be_in_control_blinds_the_comparison_as_well(feed: Callable) -> None:
    trial = feed("error_rate worse than control by 1%").people("treatment", 100)

    (guard,) = trial.tally("control", seen=3, bad=4).guards()

    assert guard.outcome is Outcome.INVALID


def test_a_time_before_all_time_makes_the_series_invalid(feed: Callable) -> None:
    trial = feed().people("treatment", 100)

    (guard,) = trial.tally(at=-3_000_000_000, ripe=1000, seen=1).guards()

    assert guard.outcome is Outcome.INVALID
    assert "tells a time before all time" in guard.sentence


@pytest.mark.parametrize("total", [float("nan"), float("inf")])
def test_a_sum_that_is_no_number_makes_the_series_invalid(feed: Callable, total: float) -> None:
    (guard,) = feed().people("treatment", 100).tally(seen=1, total=total).guards()

    assert guard.outcome is Outcome.INVALID


@pytest.mark.parametrize("factor", [1 / 1000, 1000.0])
def test_a_unit_that_changes_during_a_run_makes_the_series_invalid(
    feed: Callable, factor: float
) -> None:
    trial = feed("response_time > 3s", exposure=10_000)
    counts = {"series": "response_time>3000", "seen": 50, "subjects": 50, "at_risk": 50}
    for block, mean in enumerate((400.0, 400.0, 400.0 * factor, 400.0 * factor)):
        trial.tally(at=block * 30, total=50 * mean, **counts)

    (guard,) = trial.guards()

    assert guard.outcome is Outcome.INVALID
    assert "as if its unit had changed" in guard.sentence


def test_a_row_of_an_earlier_block_counts_in_the_open_one(feed: Callable) -> None:
    late = feed().people("treatment", 10, at=0).people("treatment", 10, at=90)

    late.people("treatment", 10, 10, at=5, ripe=91_000)

    account = late.folded().accounts["alpha", "router", 1, "error_rate"]
    assert (account.treated.seen, account.block.treated, account.block.treated_bad) == (30, 20, 10)


def test_rows_behind_the_ledger_are_refused_and_never_folded_twice(feed: Callable) -> None:
    trial = feed().people("treatment", 10)
    (row,) = trial.rows
    folded = trial.folded()

    with pytest.raises(ValueError, match="does not follow"):
        fold(trial.plan, folded, trial.trials, [row])


def test_a_row_told_again_under_a_new_position_is_the_stores_business(feed: Callable) -> None:
    """Judging trusts (writer, sequence) to be unique: every store's suite makes sure it is."""
    trial = feed().people("treatment", 10)
    (row,) = trial.rows
    again = replace(row, position=replace(row.position, row=2))

    ledger = fold(trial.plan, start(), trial.trials, [row, again])

    assert ledger.accounts["alpha", "router", 1, "error_rate"].treated.seen == 20


def test_with_an_empty_control_the_arms_of_failures_still_tell(feed: Callable) -> None:
    """s = 1/4: with failures in treatment alone, the coin has shown treatment every time."""
    quiet = feed("error_rate worse than control by 1%").people("treatment", 40, 0)
    harmed = feed("error_rate worse than control by 1%").people("treatment", 40, 40)

    assert quiet.guards()[0].outcome is Outcome.PASS
    assert harmed.guards()[0].outcome is Outcome.FAIL
    assert harmed.guards()[0].control is None


def test_without_any_treatment_nothing_is_decided(feed: Callable) -> None:
    (guard,) = feed().people("control", 500, 100).guards()

    assert guard.outcome is Outcome.INCONCLUSIVE
