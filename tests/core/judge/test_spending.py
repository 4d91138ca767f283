from __future__ import annotations

import pytest

from phasegate.core.judge.spending import spending


def test_nothing_is_spent_before_anybody_is_exposed(make_plan) -> None:
    found = spending(make_plan(), ())

    assert (found.spent, found.left, found.lines) == (0.0, 0.05, ())


def test_a_trial_spends_what_its_guards_were_promised(make_plan) -> None:
    plan = make_plan(("error_rate > 2%", "satisfaction < 85%", "safety_critical"))

    found = spending(plan, [("alpha", "router", 1)])

    assert [(line.condition, line.alpha) for line in found.lines] == [
        ("error_rate > 2%", pytest.approx(0.05 * 0.98 * 0.8 * 2 / 3)),
        ("satisfaction < 85%", pytest.approx(0.05 * 0.98 * 0.8 / 3)),
        ("size of the arms", pytest.approx(0.05 * 0.02 * 0.8)),
    ]
    assert found.spent == pytest.approx(0.04)
    assert found.left == pytest.approx(0.01)


def test_each_further_attempt_spends_a_fifth_of_the_one_before(make_plan) -> None:
    trials = [("alpha", "router", attempt) for attempt in range(1, 6)]

    assert spending(make_plan(), trials).spent == pytest.approx(0.05, rel=0.001)
    assert spending(make_plan(), trials).left >= 0.0
