"""Rules of the review over plans built in code; mistakes in files stand in test_mistakes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from phasegate.core.plan import (
    Comparison,
    Component,
    Condition,
    Metric,
    MetricKind,
    Mode,
    Phase,
    Plan,
    Predicate,
    Risk,
    Stage,
)
from phasegate.core.problem import Severity
from phasegate.core.review import problems
from phasegate.core.review.power import needed

HOUR = timedelta(hours=1)
ERRORS = Metric(name="error_rate", kind=MetricKind.SHARE, bad=Predicate(field="error"))
RATINGS = Metric(
    name="satisfaction",
    kind=MetricKind.SHARE,
    event="satisfaction",
    good=Predicate(field="rating", op=">=", value=4.0),
)
SLOW = Metric(name="response_time", kind=MetricKind.QUANTILE, of="duration", at=0.95, unit="ms")
MEMORY = Metric(
    name="memory", kind=MetricKind.LEVEL, source="http_json", query="http://127.0.0.1/", unit="%"
)


def below(metric: str, bound: float) -> Condition:
    return Condition(
        metric=metric, comparison=Comparison.BELOW, bound=bound, text=f"{metric} < {bound:g}"
    )


def above(metric: str, bound: float) -> Condition:
    return Condition(
        metric=metric, comparison=Comparison.ABOVE, bound=bound, text=f"{metric} > {bound:g}"
    )


def worse(metric: str) -> Condition:
    return Condition(
        metric=metric,
        comparison=Comparison.WORSE_THAN_CONTROL,
        text=f"{metric} worse than control",
    )


def component(name: str, *exposures: int, mode: Mode = Mode.LIVE, flag: str = "") -> Component:
    stages = tuple(Stage(exposure=exposure, mode=mode) for exposure in exposures)
    return Component(name=name, flag=flag or name, stages=stages)


ALPHA = Phase(
    name="alpha",
    title="Alpha",
    lasts_least=2 * HOUR,
    lasts_most=24 * HOUR,
    components=(component("new_cart", 500),),
    pass_when=(below("error_rate", 0.02),),
    roll_back_when=(above("error_rate", 0.05),),
    risk=Risk.LOW,
)
CHECKOUT = Plan(
    name="checkout",
    environment="production",
    author="ada",
    traffic=200.0,
    metrics=(ERRORS,),
    phases=(ALPHA,),
)


def plan(phase: Phase, *more: Metric, traffic: float = 200.0) -> Plan:
    return replace(CHECKOUT, phases=(phase,), metrics=(ERRORS, *more), traffic=traffic)


def codes(found: Plan) -> list[str]:
    return [problem.code for problem in problems(found)]


def test_a_sound_plan_has_no_problems() -> None:
    assert problems(CHECKOUT) == ()


@pytest.mark.parametrize(
    ("share", "confidence", "subjects"),
    [
        (0.05, 0.95, 59),
        (0.02, 0.95, 149),
        (0.01, 0.95, 299),
        (0.005, 0.95, 598),
        (0.1, 0.95, 29),
        (0.1, 0.9, 22),
    ],
)
def test_the_sample_without_a_failure_is_the_exact_one(
    share: float, confidence: float, subjects: int
) -> None:
    assert needed(share, confidence) == subjects


def test_a_gate_that_the_traffic_cannot_decide_says_sample_and_time() -> None:
    found = problems(plan(ALPHA, traffic=0.1))

    assert [(problem.code, problem.path) for problem in found] == [
        ("gate-undecidable", "phases.alpha.pass_when[0]"),
        ("guard-late", "phases.alpha.roll_back_when[0]"),
    ]
    # 149 subjects at 5 % of 0.1 a minute are 29,800 minutes.
    assert found[0].message == (
        '"error_rate < 0.02" needs at least 149 subjects with new_cart (5 % of 0.1/min): '
        "20 d 16 h at the earliest, but the phase lasts 1 d at most"
    )


def test_a_gate_decided_after_the_shortest_watch_is_a_warning_with_the_time() -> None:
    found = problems(plan(ALPHA, traffic=10.0))

    # 149 subjects at 5 % of 10 a minute are 298 minutes.
    assert [(problem.code, problem.severity) for problem in found] == [
        ("gate-late", Severity.WARNING),
        ("gate-doubtful", Severity.WARNING),
    ]
    assert "4 h 58 min at the earliest" in found[0].message


def test_the_component_with_the_fewest_subjects_decides_how_long_a_gate_takes() -> None:
    two = replace(ALPHA, components=(component("wide", 5000), component("narrow", 10)))

    assert codes(plan(two, traffic=10.0)) == ["gate-undecidable", "guard-late"]


def test_outcomes_that_arrive_late_count_only_after_their_lag() -> None:
    late = replace(ERRORS, lag=3 * HOUR)

    assert codes(replace(CHECKOUT, metrics=(late,))) == ["gate-late", "guard-late"]


def test_a_guard_that_sees_even_a_total_failure_too_late_says_so() -> None:
    (found,) = [p for p in problems(plan(ALPHA, traffic=0.2)) if p.code == "guard-late"]

    assert found.severity is Severity.WARNING
    assert "would find even a total failure of new_cart after" in found.message


def test_a_gate_that_health_hardly_opens_in_time_says_what_it_takes() -> None:
    (found,) = [p for p in problems(plan(ALPHA, traffic=10.0)) if p.code == "gate-doubtful"]

    # 957 subjects at 5 % of 10 a minute are 1,914 minutes.
    assert found.message == (
        '"error_rate < 0.02" takes about 957 subjects with new_cart at 0.5 %, after 1 d 7 h, '
        "but the phase lasts 1 d at most"
    )


def test_an_inverted_gate_is_not_asked_for_its_power_as_well() -> None:
    inverted = replace(ALPHA, pass_when=(above("error_rate", 0.00001),))

    assert codes(plan(inverted)) == ["condition-inverted"]


@pytest.mark.parametrize(
    ("gate", "guard"),
    [
        (above("error_rate", 0.02), above("error_rate", 0.05)),
        (below("error_rate", 0.02), below("error_rate", 0.05)),
        (worse("error_rate"), above("error_rate", 0.05)),
        (below("satisfaction", 0.9), above("error_rate", 0.05)),
        (below("error_rate", 0.02), above("satisfaction", 0.8)),
        (above("response_time", 2000), above("error_rate", 0.05)),
        (below("error_rate", 0.02), below("response_time", 3000)),
        (below("memory", 70), below("memory", 75)),
    ],
    ids=lambda condition: condition.text,
)
def test_a_condition_on_the_wrong_side_is_upside_down(gate: Condition, guard: Condition) -> None:
    phase = replace(ALPHA, pass_when=(gate,), roll_back_when=(guard,))

    found = codes(plan(phase, RATINGS, SLOW, MEMORY))

    assert found.count("condition-inverted") == 1


def test_a_level_has_no_control() -> None:
    phase = replace(ALPHA, roll_back_when=(worse(MEMORY.name),))

    assert codes(plan(phase, MEMORY)) == ["comparison-unsupported"]


def test_a_quantile_is_compared_with_control_at_the_cuts_it_names() -> None:
    phase = replace(ALPHA, roll_back_when=(worse(SLOW.name),))

    assert codes(plan(phase, SLOW)) == ["cuts-missing"]
    assert codes(plan(phase, replace(SLOW, cuts=(300.0, 3000.0)))) == []


def test_a_level_may_have_gate_and_guard_at_one_bound() -> None:
    phase = replace(
        ALPHA,
        pass_when=(below("memory", 75), below("error_rate", 0.02)),
        roll_back_when=(above("memory", 75), above("error_rate", 0.05)),
    )

    assert codes(plan(phase, MEMORY)) == []


def test_a_component_that_is_there_twice_is_a_problem() -> None:
    twice = replace(ALPHA, components=(component("new_cart", 500), component("new_cart", 900)))

    assert "name-twice" in codes(plan(twice))


def test_a_later_phase_that_exposes_less_is_a_warning() -> None:
    narrow = replace(ALPHA, name="beta", components=(component("new_cart", 400),))

    found = problems(replace(CHECKOUT, phases=(ALPHA, narrow)))

    assert [(problem.code, problem.severity, problem.path) for problem in found] == [
        ("exposure-falls", Severity.WARNING, "phases.beta.components.new_cart")
    ]


def test_a_shadow_takes_nothing_away_from_anybody() -> None:
    shadow = replace(ALPHA, name="beta", components=(component("new_cart", 10, mode=Mode.SHADOW),))

    assert "exposure-falls" not in codes(replace(CHECKOUT, phases=(ALPHA, shadow)))


@pytest.mark.parametrize(
    ("exposures", "severity"),
    [((10_000,), Severity.ERROR), ((2500, 10_000), Severity.WARNING)],
)
def test_a_comparison_needs_subjects_without_the_component(
    exposures: tuple[int, ...], severity: Severity
) -> None:
    phase = replace(
        ALPHA,
        components=(component("new_cart", *exposures),),
        roll_back_when=(worse("error_rate"),),
    )

    found = problems(plan(phase))

    assert [(problem.code, problem.severity) for problem in found] == [
        ("control-missing", severity)
    ]


def test_an_empty_plan_is_reviewed_without_a_crash() -> None:
    empty = replace(CHECKOUT, metrics=(), phases=())
    bare = replace(ALPHA, components=(component("new_cart"),), pass_when=(), roll_back_when=())

    assert codes(empty) == ["plan-without-phases"]
    assert codes(plan(bare)) == ["metric-unused", "phase-without-guards", "phase-without-gates"]
