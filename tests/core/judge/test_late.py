"""What ripens after a ramp is compared under the exposure of its time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from phasegate.core.evidence import Judgement, Outcome
from phasegate.core.judge.fold import fold, judge_guards, start
from phasegate.core.stretch import Stretch

HOUR = 3600


def judged(trial, noon, *, until: float) -> Judgement:
    """Judge rows that ripen under 50 %, of which those before `until` were seen under 10 %."""
    earlier = {("alpha", "router", 1): (Stretch(exposure=1000, until=noon.timestamp() + until),)}
    trials = {("alpha", "router", 1): 5000}
    ledger = fold(trial.plan, start(), trials, trial.rows, earlier=earlier)
    (verdict,) = judge_guards(trial.plan, ledger, "alpha", {"router": 1}, noon)
    return verdict


def visits(trial, treated_bad: int, control_bad: int, *, late_s: int, seconds: int = 120):
    """Every second 10 treated people and 90 of control, who are told of so much later."""
    for at in range(seconds):
        for arm, n, bad in (("treatment", 10, treated_bad), ("control", 90, control_bad)):
            trial.people(arm, n, bad * (at % 2), at=at, ripe=(at + late_s) * 1000)
    return trial


Make = Callable[..., object]


@pytest.mark.parametrize("condition", ["error_rate > 2%", "error_rate worse than control by 1%"])
def test_harm_that_was_seen_under_a_small_exposure_is_found_under_a_larger_one(
    feed: Make, noon, condition: str
) -> None:
    trial = visits(feed(condition), 2, 0, late_s=HOUR)

    verdict = judged(trial, noon, until=HOUR / 2)

    assert (verdict.outcome, verdict.accuses) == (Outcome.FAIL, True)


def test_arms_of_an_earlier_size_are_as_large_as_they_should_be(feed: Make, noon) -> None:
    def verdict(until: float) -> Judgement:
        trial = visits(feed("error_rate > 2%"), 0, 0, late_s=HOUR, seconds=900)
        return judged(trial, noon, until=until)

    assert verdict(HOUR / 2).outcome is Outcome.PASS
    assert verdict(-HOUR).outcome is Outcome.INVALID  # a tenth, where half are assigned


def test_an_earlier_exposure_takes_time_to_reach_everybody_as_well(feed: Make, noon) -> None:
    """Two ramps within a metric's lag: applications learn of each a minute late."""
    trial = feed("error_rate > 2%")
    for at in range(900):
        treated = 5 if at < 360 else 20 if at < 660 else 50
        trial.people("treatment", treated, at=at, ripe=(at + HOUR) * 1000)
        trial.people("control", 100 - treated, at=at, ripe=(at + HOUR) * 1000)
    starts = noon.timestamp()
    ramps = (
        Stretch(exposure=500, until=starts + 300),
        Stretch(exposure=2000, until=starts + 600),
    )

    trials = {("alpha", "router", 1): 5000}
    earlier = {("alpha", "router", 1): ramps}
    ledger = fold(trial.plan, start(), trials, trial.rows, earlier=earlier)

    (verdict,) = judge_guards(trial.plan, ledger, "alpha", {"router": 1}, noon)
    assert verdict.outcome is Outcome.PASS


def test_arms_of_the_wrong_size_are_found_out_under_an_earlier_exposure(feed: Make, noon) -> None:
    trial = feed("error_rate > 2%")
    for at in range(900):
        for arm in ("treatment", "control"):
            trial.people(arm, 50, at=at, ripe=(at + HOUR) * 1000)

    verdict = judged(trial, noon, until=HOUR / 2)

    assert verdict.outcome is Outcome.INVALID
    assert "where 10 % are assigned" in verdict.sentence


def test_what_arrives_about_when_it_should_is_of_the_time_it_arrives(feed: Make, noon) -> None:
    """An application whose clock is a minute behind tells of the new exposure as of the old."""
    trial = feed("error_rate > 2%")
    for at in range(120):
        for arm in ("treatment", "control"):
            trial.people(arm, 50, at % 2, at=at, ripe=(at + 60) * 1000)

    verdict = judged(trial, noon, until=60)

    assert (verdict.outcome, verdict.accuses) == (Outcome.PASS, False)


def test_where_everybody_was_exposed_late_evidence_is_not_compared(feed: Make, noon) -> None:
    trial = feed("error_rate > 2%")
    for at in range(120):
        trial.people("treatment", 100, 1, at=at, ripe=(at + HOUR) * 1000)
    earlier = {("alpha", "router", 1): (Stretch(exposure=10_000, until=noon.timestamp() + 1800),)}

    ledger = fold(trial.plan, start(), {("alpha", "router", 1): 2000}, trial.rows, earlier=earlier)

    (verdict,) = judge_guards(trial.plan, ledger, "alpha", {"router": 1}, noon)
    assert (verdict.outcome, verdict.accuses) == (Outcome.PASS, False)
