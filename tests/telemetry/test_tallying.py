"""Observations become tallies whose counts mean what the evidence says they mean."""

from __future__ import annotations

from math import isnan

import pytest

from phasegate.core.evidence import Arm
from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.watch import Series
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.testing.series import CRITICAL, ERRORS, RATINGS
from phasegate.testing.telling import (
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

SLOW = Series(
    name="response_time>3000",
    metric=Metric(name="response_time", kind=MetricKind.QUANTILE, at=0.95, of="duration"),
    bound=3000.0,
)
STARS = Series(
    name="stars",
    metric=Metric(
        name="stars",
        kind=MetricKind.MEAN,
        event="rated",
        of="rating",
        scale=(1.0, 5.0),
        better="higher",
    ),
)
FALLS = Series(name="falls", metric=Metric(name="falls", kind=MetricKind.RATE, event="fall"))


# Arms and counts


def test_the_variant_of_the_watched_flag_tells_the_arm() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request("patient-1", "on"), request("patient-2", "off", error=True)], NOON_S)

    found = {tally.arm: counts(tally) for tally in tallies(made)}

    assert found == {
        Arm.TREATMENT: {"seen": 1, "subjects": 1, "at_risk": 1},
        Arm.CONTROL: {
            "seen": 1,
            "bad": 1,
            "subjects": 1,
            "subjects_bad": 1,
            "at_risk": 1,
            "newly_bad": 1,
        },
    }


def test_a_request_that_did_not_meet_the_flag_is_not_counted() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(flags=("basket",)), request(flags=()), request(variant="blue")], NOON_S)

    assert tallies(made) == []
    assert made.counters.ignored == 3


def test_one_request_counts_for_every_component_it_met() -> None:
    made = tallier(watch(ERRORS), watch(ERRORS, SLOW, component="basket"))
    made.observe([request(flags=("cart", "basket"))], NOON_S)

    found = sorted((tally.component, tally.series) for tally in tallies(made))

    assert found == [
        ("basket", "error_rate"),
        ("basket", "response_time>3000"),
        ("cart", "error_rate"),
    ]


def test_who_met_both_variants_in_one_request_was_exposed() -> None:
    made = tallier(watch(ERRORS))
    both = tuple(Exposure(flag="cart", variant=name, subject="p") for name in ("off", "on", "off"))
    made.observe(
        [
            Observation(
                event=None, subject="p", attributes={"error": False}, exposures=both, at_s=NOON_S
            )
        ],
        NOON_S,
    )

    assert [tally.arm for tally in tallies(made)] == [Arm.TREATMENT]


def test_a_tally_holds_one_second_and_ripens_on_arrival() -> None:
    made = tallier(watch(ERRORS))
    made.observe(
        [request(at_s=NOON_S - 2.5), request(at_s=NOON_S - 2.1), request(at_s=NOON_S)], NOON_S
    )

    found = made.flush(NOON_S + 0.25).tallies

    assert [(tally.bucket, tally.seen) for tally, _ in found] == [
        (int(NOON_S) - 3, 2),
        (int(NOON_S), 1),
    ]
    assert {ripe_ms for _, ripe_ms in found} == {int(NOON_S * 1000) + 250}


def test_quantiles_sum_their_values() -> None:
    made = tallier(watch(SLOW))
    made.observe([request(duration=1000.0), request(duration=3000.5)], NOON_S)

    (tally,) = tallies(made)

    assert (tally.seen, tally.bad, tally.total) == (2, 1, 4000.5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_a_value_beyond_reason_never_spoils_a_total(value: float) -> None:
    made = tallier(watch(SLOW))
    made.observe([request(duration=value), request(duration=10.0)], NOON_S)

    (tally,) = tallies(made)

    # What is no number is no observation; it must not count as a quick answer.
    assert (tally.seen, tally.total) == (1 if isnan(value) else 2, 10.0)


def test_a_request_of_nobody_counts_as_a_request_only() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(None, error=True)], NOON_S)

    assert [counts(tally) for tally in tallies(made)] == [{"seen": 1, "bad": 1}]


def test_series_of_other_sources_are_left_to_them() -> None:
    memory = Series(
        name="memory", metric=Metric(name="memory", kind=MetricKind.LEVEL, source="prometheus")
    )
    cases = Series(
        name="sensitivity",
        metric=Metric(
            name="sensitivity", kind=MetricKind.SHARE, cases="triage", bad=Predicate(field="error")
        ),
    )
    made = tallier(watch(memory, cases))
    made.observe([request()], NOON_S)

    assert tallies(made) == []


# Clocks


@pytest.mark.parametrize(("off_s", "skewed"), [(299, 0), (301, 1), (-3599, 0), (-3601, 1)])
def test_observations_too_far_from_now_are_dropped_and_counted(off_s: int, skewed: int) -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(at_s=NOON_S + off_s)], NOON_S)

    assert made.counters.skewed == skewed
    assert len(tallies(made)) == 1 - skewed


# Means and rates


def test_a_mean_sums_each_subjects_first_value_alone() -> None:
    made = tallier(watch(STARS))
    made.observe([request("ada"), request("ben")], NOON_S)

    made.observe([rated("ada", 4), rated("ada", 1), rated("ben", 5)], NOON_S)

    (tally,) = tallies(made)
    assert (tally.seen, tally.bad, tally.subjects, tally.total) == (3, 0, 2, 9.0)


def test_a_value_outside_the_scale_of_a_mean_is_counted_as_that() -> None:
    made = tallier(watch(STARS))
    made.observe([request("ada"), rated("ada", 95)], NOON_S)

    (tally,) = tallies(made)

    assert (tally.seen, tally.bad) == (1, 1)


def test_a_rate_counts_presence_by_requests_and_events_by_their_own() -> None:
    made = tallier(watch(FALLS))
    fall = Observation(event="fall", subject="ada", attributes={}, at_s=NOON_S)

    made.observe([request("ada"), request("ada"), request("ben")], NOON_S)
    made.observe([fall, fall], NOON_S)

    found = [counts(tally) for tally in tallies(made)]
    assert {"seen": 3, "subjects": 2, "at_risk": 2} in found
    assert any(one.get("newly_bad") == 1 and one.get("again_bad") == 1 for one in found)
    assert sum(one.get("at_risk", 0) for one in found) == 3


def test_who_had_an_event_is_not_at_risk_of_a_first_one_any_more() -> None:
    """Else time of those who fell already would prove that nobody falls."""
    made = tallier(watch(FALLS))
    fall = Observation(event="fall", subject="ada", attributes={}, at_s=NOON_S)
    made.observe([request("ada"), request("ben"), fall], NOON_S)
    tallies(made)
    for block in range(1, 11):
        later = NOON_S + 30 * block
        made.observe([request("ada", at_s=later), request("ben", at_s=later)], later)

    found = tallies(made, NOON_S + 330)

    assert sum(tally.at_risk for tally in found) == 10


def test_who_had_an_event_before_a_restart_is_not_at_risk_after_it() -> None:
    made, again = tallier(watch(FALLS)), tallier(watch(FALLS))
    fall = Observation(event="fall", subject="ada", attributes={}, at_s=NOON_S)
    made.observe([request("ada"), fall], NOON_S)
    again.recall(made.flush(NOON_S).sightings)

    again.observe([request("ada", at_s=NOON_S + 60), request("ben", at_s=NOON_S + 60)], NOON_S + 60)

    assert sum(tally.at_risk for tally in tallies(again, NOON_S + 60)) == 1


def test_who_fell_before_a_restart_is_remembered() -> None:
    made = tallier(watch(FALLS))
    fall = Observation(event="fall", subject="ada", attributes={}, at_s=NOON_S)
    made.observe([request("ada"), fall], NOON_S)
    sightings = made.flush(NOON_S).sightings

    again = tallier(watch(FALLS))
    again.recall(sightings)
    again.observe([request("ada", at_s=NOON_S + 60)], NOON_S + 60)
    again.observe([fall._replace(at_s=NOON_S + 60)], NOON_S + 60)

    assert sum(tally.newly_bad for tally in tallies(again, NOON_S + 60)) == 0


def test_every_observation_received_is_accounted_for() -> None:
    made = tallier(watch(ERRORS, RATINGS, CRITICAL))
    made.observe(
        [
            request(),
            request(flags=()),
            request(at_s=0.0),
            exposed("patient-1"),
            rated("patient-1", 5),
            rated("patient-7", 5),
            rated(None, 5),
            critical(),
        ],
        NOON_S,
    )

    counters = made.counters
    beside = ("received", "unattributable", "before_watch", "stray_exposures", "points")
    others = {name: value for name, value in vars(counters).items() if name not in beside}
    assert counters.received == sum(others.values()) == 8
    assert others == {
        "exposures": 1,
        "joined": 3,
        "waiting": 1,
        "unjoined": 1,
        "skewed": 1,
        "sampled": 0,
        "ignored": 1,
    }
