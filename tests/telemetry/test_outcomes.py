"""An outcome is joined to the arm its subject was in, and a sentinel accuses at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phasegate.core.evidence import ENVIRONMENT, Arm
from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.watch import Series
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.telemetry.tallying import Tallier
from phasegate.testing.series import CRITICAL, ERRORS, RATING, RATINGS
from phasegate.testing.telling import (
    KEY,
    NOON_S,
    counts,
    critical,
    exposed,
    rated,
    request,
    tallier,
    tallies,
    watch,
)

LATE_RATINGS = Series(
    name="late_satisfaction",
    metric=Metric(
        name="late_satisfaction",
        kind=MetricKind.SHARE,
        event="rated",
        good=RATING.good,
        lag=timedelta(hours=1),
    ),
)


# Outcomes that come without their exposure


def test_an_outcome_is_joined_to_the_arm_its_subject_was_in() -> None:
    made = tallier(watch(RATINGS))
    made.observe([exposed("patient-1", "on"), exposed("patient-2", "off")], NOON_S)
    made.observe([rated("patient-1", 2), rated("patient-2", 5)], NOON_S + 60)

    assert {tally.arm: tally.bad for tally in tallies(made)} == {Arm.TREATMENT: 1, Arm.CONTROL: 0}
    assert made.counters.joined == 2


def test_an_exposure_told_by_a_request_joins_later_outcomes_too() -> None:
    made = tallier(watch(ERRORS, RATINGS))
    made.observe([request("patient-1", "off")], NOON_S)
    made.observe([rated("patient-1", 2)], NOON_S + 60)

    found = {tally.series: tally.arm for tally in tallies(made)}
    assert found == {"error_rate": Arm.CONTROL, "satisfaction": Arm.CONTROL}


def test_an_outcome_may_arrive_fifteen_seconds_before_its_exposure() -> None:
    made = tallier(watch(RATINGS))
    made.observe([rated("patient-1", 2)], NOON_S)
    assert tallies(made, NOON_S + 1) == []
    assert made.counters.waiting == 1
    made.observe([exposed("patient-1", at_s=NOON_S - 1)], NOON_S + 14)

    assert [tally.seen for tally in tallies(made, NOON_S + 14)] == [1]
    assert (made.counters.joined, made.counters.waiting) == (1, 0)


def test_an_outcome_without_exposure_is_counted_as_unjoined_and_never_guessed() -> None:
    made = tallier(watch(RATINGS))
    made.observe([rated("patient-1", 2), rated(None, 2)], NOON_S)

    assert tallies(made, NOON_S + 16) == []
    assert made.counters.unjoined == 2


def test_an_outcome_from_before_the_exposure_is_not_joined_to_it() -> None:
    made = tallier(watch(RATINGS))
    made.observe([exposed("patient-1", at_s=NOON_S), rated("patient-1", 2, NOON_S - 60)], NOON_S)

    assert tallies(made, NOON_S + 6) == []


def test_an_outcome_waits_only_for_the_components_it_is_not_placed_in() -> None:
    made = tallier(watch(RATINGS), watch(RATINGS, component="basket"))
    made.observe([exposed("patient-1"), rated("patient-1", 5)], NOON_S)
    made.observe([exposed("patient-1", "off", flag="basket")], NOON_S + 2)

    found = [(tally.component, tally.arm, tally.seen) for tally in tallies(made, NOON_S + 2)]

    assert found == [("cart", Arm.TREATMENT, 1), ("basket", Arm.CONTROL, 1)]
    assert made.counters.joined == 1


def test_an_outcome_nobody_watches_is_ignored() -> None:
    made = tallier(watch(ERRORS))
    made.observe([rated("patient-1", 5)], NOON_S)

    assert made.counters.ignored == 1


def test_with_lag_the_cohort_is_the_exposures_second_and_ripens_when_the_lag_has_passed() -> None:
    made = tallier(watch(LATE_RATINGS))
    made.observe([exposed("patient-1", at_s=NOON_S + 0.5)], NOON_S + 1)
    made.observe([rated("patient-1", 2, NOON_S + 600)], NOON_S + 600)
    ((tally, ripe_ms),) = made.flush(NOON_S + 600).tallies

    assert tally.bucket == int(NOON_S)
    assert ripe_ms == int((NOON_S + 3600) * 1000)


def test_an_outcome_later_than_its_lag_ripens_on_arrival() -> None:
    made = tallier(watch(LATE_RATINGS))
    made.observe([exposed("patient-1")], NOON_S)
    made.observe([rated("patient-1", 2, NOON_S + 4000)], NOON_S + 4000)

    ((_, ripe_ms),) = made.flush(NOON_S + 4000).tallies

    assert ripe_ms == int((NOON_S + 4000) * 1000)


def test_exposures_are_forgotten_once_no_outcome_may_come() -> None:
    made = tallier(watch(RATINGS))
    made.observe([exposed("patient-1")], NOON_S)
    made.flush(NOON_S + 1)
    made.flush(NOON_S + 602)
    made.flush(NOON_S + 1203)
    made.observe([rated("patient-1", 2, NOON_S + 1204)], NOON_S + 1204)

    assert tallies(made, NOON_S + 1220) == []


def test_the_memory_of_exposures_is_bounded_and_keeps_the_latest() -> None:
    made = Tallier("server-1", KEY, most_subjects=4)
    made.watch([watch(RATINGS)])
    made.observe([exposed(f"p{number}") for number in (1, 2, 3, 1, 4, 5)], NOON_S)
    made.observe([rated(f"p{number}", 5) for number in (1, 2, 3, 4, 5)], NOON_S)

    assert [tally.seen for tally in tallies(made, NOON_S + 16)] == [4]
    assert made.counters.unjoined == 1


def test_a_trial_that_ends_takes_its_waiting_outcomes_along() -> None:
    made = tallier(watch(RATINGS))
    made.observe([rated("patient-1", 5)], NOON_S)
    made.watch([])
    made.observe([exposed("patient-1")], NOON_S + 1)

    assert tallies(made, NOON_S + 1) == []
    assert made.counters.unjoined == 1


# Sentinels


def test_a_sentinel_accuses_the_component_it_names_alone() -> None:
    made = tallier(watch(CRITICAL), watch(CRITICAL, component="basket"))
    made.observe([exposed("patient-1"), exposed("patient-1", flag="basket")], NOON_S)

    urgent = made.observe([critical("patient-1", **{"phasegate.component": "basket"})], NOON_S)

    assert urgent
    assert [(t.component, t.arm, t.bad) for t in tallies(made)] == [("basket", Arm.TREATMENT, 1)]


def test_a_sentinel_that_names_nobody_accuses_what_its_subject_is_treated_with() -> None:
    made = tallier(watch(CRITICAL), watch(CRITICAL, component="basket"))
    made.observe([exposed("patient-1"), exposed("patient-1", "off", flag="basket")], NOON_S)
    made.observe([critical("patient-1")], NOON_S)

    assert [(t.component, t.arm) for t in tallies(made)] == [("cart", Arm.TREATMENT)]


@pytest.mark.parametrize(
    "sentinel",
    [
        critical(),
        critical("patient-9"),
        critical("patient-2"),
        critical("patient-9", **{"phasegate.component": "unheard_of"}),
    ],
)
def test_a_sentinel_that_accuses_nobody_counts_for_the_environment(sentinel: Observation) -> None:
    made = tallier(watch(CRITICAL), watch(CRITICAL, component="basket"))
    made.observe([exposed("patient-2", "off")], NOON_S)

    assert made.observe([sentinel], NOON_S)
    assert [(t.component, t.arm, t.seen, t.bad) for t in tallies(made)] == [
        (ENVIRONMENT, Arm.CONTROL, 1, 1)
    ]


def test_every_run_that_watches_a_sentinel_gets_it() -> None:
    made = tallier(watch(CRITICAL), watch(CRITICAL, run="checkout-2", component="basket"))
    made.observe([critical()], NOON_S)

    assert sorted(tally.run for tally in tallies(made)) == ["checkout-1", "checkout-2"]


def test_a_sentinel_within_a_request_accuses_by_the_requests_own_exposures() -> None:
    made = tallier(watch(CRITICAL))
    within = Observation(
        event="safety.critical",
        subject=None,
        attributes={},
        exposures=(Exposure(flag="cart", variant="on", subject=None),),
        at_s=NOON_S,
    )
    made.observe([within], NOON_S)

    assert [(t.component, t.arm) for t in tallies(made)] == [("cart", Arm.TREATMENT)]


def test_a_sentinel_with_a_wrong_clock_is_tallied_as_it_arrives() -> None:
    made = tallier(watch(CRITICAL))

    assert made.observe([critical(at_s=0.0)], NOON_S)
    assert [tally.bucket for tally in tallies(made)] == [int(NOON_S)]
    assert made.counters.skewed == 1


def test_a_sentinel_that_nobody_watches_is_not_urgent() -> None:
    made = tallier(watch(ERRORS))

    assert not made.observe([critical()], NOON_S)
    assert made.counters.ignored == 1


# Shadows: both paths ran, the old answer was served

DISAGREEMENT = Series(
    name="disagreement",
    metric=Metric(
        name="disagreement",
        kind=MetricKind.SHARE,
        event="phasegate.shadow",
        bad=Predicate(field="agrees", op="==", value=False),
    ),
)


def shadowed(subject: str, variant: str, agrees: bool) -> Observation:
    return Observation(
        event="phasegate.shadow",
        subject=subject,
        attributes={"agrees": agrees, "duration": 5.0},
        exposures=(Exposure(flag="cart", variant=variant, subject=subject),),
        at_s=NOON_S,
    )


def test_a_shadow_counts_in_the_arm_of_the_path_that_it_tells_of() -> None:
    made = tallier(watch(DISAGREEMENT))

    made.observe([exposed("patient-1", "off")], NOON_S)
    made.observe([shadowed("patient-1", "on", False), shadowed("patient-1", "off", False)], NOON_S)

    assert {tally.arm: counts(tally)["bad"] for tally in tallies(made)} == {
        Arm.TREATMENT: 1,
        Arm.CONTROL: 1,
    }


def test_who_was_shadowed_was_still_served_the_old_answer() -> None:
    made = tallier(watch(DISAGREEMENT, RATINGS))

    made.observe([exposed("patient-1", "off"), shadowed("patient-1", "on", True)], NOON_S)
    made.observe([rated("patient-1", 5, NOON_S + 1)], NOON_S + 1)

    arms = {tally.series: tally.arm for tally in tallies(made, NOON_S + 1)}
    assert arms == {"disagreement": Arm.TREATMENT, "satisfaction": Arm.CONTROL}
