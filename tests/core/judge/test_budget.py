from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phasegate.core.judge.budget import allocate
from phasegate.core.plan import Plan

GUARDS = ("error_rate > 2%", "satisfaction < 85%", "safety_critical", "memory > 90%")


def spent(plan: Plan, attempts: int) -> float:
    budget = allocate(plan)
    arms = sum(
        2 * budget.arms_alpha(attempt, 2)
        for phase in plan.phases
        for _ in phase.components
        for attempt in range(1, attempts + 1)
    )
    return arms + sum(
        budget.alpha(phase.name, index, component.name, attempt)
        for phase in plan.phases
        for component in phase.components
        for index in range(len(phase.roll_back_when))
        for attempt in range(1, attempts + 1)
    )


@given(phases=st.integers(1, 7), components=st.integers(1, 5), attempts=st.integers(1, 30))
def test_everything_together_spends_at_most_the_budget(phases, components, attempts) -> None:
    plan = _plan(components)
    plan = replace(plan, phases=tuple(replace(plan.phases[0], name=f"p{n}") for n in range(phases)))

    assert spent(plan, attempts) <= 0.05 * (1 + 1e-12)


def test_many_attempts_spend_nearly_all_of_it(make_plan: Callable[..., Plan]) -> None:
    assert spent(make_plan(GUARDS), 20) == pytest.approx(0.05)


def test_guards_are_weighted_by_kind_and_sentinels_cost_nothing(make_plan) -> None:
    budget = allocate(make_plan(GUARDS))

    shares = [budget.alpha("alpha", index, "router", 1) / 0.0392 for index in range(4)]

    assert shares == pytest.approx([4 / 7, 2 / 7, 0, 1 / 7])


def test_a_metric_may_have_a_weight_of_its_own(make_plan) -> None:
    plan = make_plan(("error_rate > 2%", "satisfaction < 85%"))
    errors, *others = plan.metrics
    budget = allocate(replace(plan, metrics=(replace(errors, weight=0.6), *others)))

    assert budget.alpha("alpha", 0, "router", 1) == pytest.approx(0.0392 * 0.75)


def test_each_retry_gets_a_fifth_of_the_attempt_before(make_plan) -> None:
    budget = allocate(make_plan())

    alphas = [budget.alpha("alpha", 0, "router", attempt) for attempt in (1, 2, 3)]

    assert alphas == pytest.approx([0.0392, 0.00784, 0.001568])


def test_the_check_of_the_arms_has_a_part_of_its_own(make_plan) -> None:
    budget = allocate(make_plan())

    assert budget.arms_alpha(1, 2) == pytest.approx(0.05 * 0.02 * 0.8 / 2)


def test_an_attempt_before_the_first_is_refused(make_plan) -> None:
    with pytest.raises(ValueError, match="attempts count from 1"):
        allocate(make_plan()).alpha("alpha", 0, "router", 0)


def _plan(components: int) -> Plan:
    from phasegate.core.plan import Comparison, Component, Condition, Metric, MetricKind, Stage

    names = [f"c{n}" for n in range(components)]
    metric = Metric(name="memory", kind=MetricKind.LEVEL, unit="%")
    condition = Condition(
        metric="memory", comparison=Comparison.ABOVE, bound=90.0, text="memory > 90%"
    )
    from datetime import timedelta

    from phasegate.core.plan import Phase

    phase = Phase(
        name="p",
        title="P",
        lasts_least=timedelta(hours=1),
        lasts_most=timedelta(hours=2),
        components=tuple(
            Component(name=name, flag=name, stages=(Stage(exposure=100),)) for name in names
        ),
        pass_when=(),
        roll_back_when=(condition, condition),
    )
    return Plan(
        name="checkout", environment="production", author="Ada", metrics=(metric,), phases=(phase,)
    )
