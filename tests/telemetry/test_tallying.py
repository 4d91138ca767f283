"""Observations become tallies whose counts mean what the evidence says they mean."""

from __future__ import annotations

from datetime import timedelta
from math import isnan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phasegate.core.evidence import ENVIRONMENT, Arm, Tally
from phasegate.core.judge.setup import fault
from phasegate.core.plan import Metric, MetricKind, Predicate
from phasegate.core.watch import Series, Watch
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.telemetry.tallying import Tallier
from phasegate.testing.series import CRITICAL, ERRORS, RATING, RATINGS

NOON = 1_893_499_200.0
KEY = b"k" * 16
SLOW = Series(
    name="response_time>3000",
    metric=Metric(name="response_time", kind=MetricKind.QUANTILE, at=0.95, of="duration"),
    bound=3000.0,
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


def watch(
    *series: Series, component: str = "cart", run: str = "checkout-1", attempt: int = 1
) -> Watch:
    return Watch(
        run=run,
        phase="alpha",
        component=component,
        flag=component,
        attempt=attempt,
        series=series,
        block=30,
    )


def request(
    subject: str | None = "patient-1",
    variant: str = "on",
    at_s: float = NOON,
    flags: tuple[str, ...] = ("cart",),
    **attributes: object,
) -> Observation:
    return Observation(
        event=None,
        subject=subject,
        attributes={"error": False, "duration": 100.0, **attributes},
        exposures=tuple(Exposure(flag=flag, variant=variant, subject=subject) for flag in flags),
        at_s=at_s,
    )


def exposed(
    subject: str, variant: str = "on", at_s: float = NOON, flag: str = "cart"
) -> Observation:
    return Observation(
        event="feature_flag.evaluation",
        subject=subject,
        attributes={},
        exposures=(Exposure(flag=flag, variant=variant, subject=subject),),
        at_s=at_s,
    )


def rated(subject: str | None, rating: int, at_s: float = NOON) -> Observation:
    return Observation(event="rated", subject=subject, attributes={"rating": rating}, at_s=at_s)


def critical(subject: str | None = None, at_s: float = NOON, **attributes: object) -> Observation:
    return Observation(event="safety.critical", subject=subject, attributes=attributes, at_s=at_s)


def tallier(*watches: Watch) -> Tallier:
    made = Tallier("server-1", KEY)
    made.watch(watches)
    return made


def tallies(made: Tallier, now: float = NOON) -> list[Tally]:
    return [tally for tally, _ in made.flush(now).tallies]


def counts(tally: Tally) -> dict[str, float]:
    names = ("seen", "bad", "subjects", "subjects_bad", "at_risk", "newly_bad", "again_bad")
    return {name: getattr(tally, name) for name in names if getattr(tally, name)}


# Arms and counts


def test_the_variant_of_the_watched_flag_tells_the_arm() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request("patient-1", "on"), request("patient-2", "off", error=True)], NOON)

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
    made.observe([request(flags=("basket",)), request(flags=()), request(variant="blue")], NOON)

    assert tallies(made) == []
    assert made.counters.ignored == 3


def test_one_request_counts_for_every_component_it_met() -> None:
    made = tallier(watch(ERRORS), watch(ERRORS, SLOW, component="basket"))
    made.observe([request(flags=("cart", "basket"))], NOON)

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
                event=None, subject="p", attributes={"error": False}, exposures=both, at_s=NOON
            )
        ],
        NOON,
    )

    assert [tally.arm for tally in tallies(made)] == [Arm.TREATMENT]


def test_a_tally_holds_one_second_and_ripens_on_arrival() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(at_s=NOON - 2.5), request(at_s=NOON - 2.1), request(at_s=NOON)], NOON)

    found = made.flush(NOON + 0.25).tallies

    assert [(tally.bucket, tally.seen) for tally, _ in found] == [
        (int(NOON) - 3, 2),
        (int(NOON), 1),
    ]
    assert {ripe_ms for _, ripe_ms in found} == {int(NOON * 1000) + 250}


def test_quantiles_sum_their_values() -> None:
    made = tallier(watch(SLOW))
    made.observe([request(duration=1000.0), request(duration=3000.5)], NOON)

    (tally,) = tallies(made)

    assert (tally.seen, tally.bad, tally.total) == (2, 1, 4000.5)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_a_value_beyond_reason_never_spoils_a_total(value: float) -> None:
    made = tallier(watch(SLOW))
    made.observe([request(duration=value), request(duration=10.0)], NOON)

    (tally,) = tallies(made)

    # What is no number is no observation; it must not count as a quick answer.
    assert (tally.seen, tally.total) == (1 if isnan(value) else 2, 10.0)


def test_a_request_of_nobody_counts_as_a_request_only() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(None, error=True)], NOON)

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
    made.observe([request()], NOON)

    assert tallies(made) == []


# Subjects and blocks


def test_a_subject_counts_once_as_a_subject_and_once_per_block_as_at_risk() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(at_s=NOON + second) for second in (0, 1, 29, 30, 31, 60)], NOON + 60)

    found = tallies(made)

    assert sum(tally.subjects for tally in found) == 1
    assert [(tally.bucket - int(NOON), tally.at_risk) for tally in found] == [
        (0, 1),
        (1, 0),
        (29, 0),
        (30, 1),
        (31, 0),
        (60, 1),
    ]


def test_only_a_subjects_first_bad_observation_is_newly_bad_and_ends_its_risk() -> None:
    made = tallier(watch(ERRORS))
    made.observe(
        [
            request(at_s=NOON),
            request(at_s=NOON + 1, error=True),
            request(at_s=NOON + 2, error=True),
            request(at_s=NOON + 3, error=True),
            request(at_s=NOON + 30),
        ],
        NOON + 30,
    )

    assert [counts(tally) for tally in tallies(made)] == [
        {"seen": 1, "subjects": 1, "at_risk": 1},
        {"seen": 1, "bad": 1, "at_risk": 1, "newly_bad": 1},
        {"seen": 1, "bad": 1, "again_bad": 1},
        {"seen": 1, "bad": 1},
        {"seen": 1},
    ]


def test_subjects_are_remembered_over_flushes() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(error=True)], NOON)
    tallies(made)
    made.observe([request(error=True)], NOON)

    assert [counts(tally) for tally in tallies(made)] == [{"seen": 1, "bad": 1, "again_bad": 1}]


def test_telemetry_out_of_order_counts_nobody_twice_in_a_block() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(at_s=NOON + at) for at in (90, 0, 90, 31, 0, 31, 91)], NOON + 90)

    at_risk = {tally.bucket - int(NOON): tally.at_risk for tally in tallies(made)}

    assert at_risk == {90: 1, 0: 1, 31: 1, 91: 0}


def test_a_subject_whose_arm_changes_is_at_risk_in_both() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(variant="off"), request(variant="on", error=True)], NOON)

    found = {tally.arm: counts(tally) for tally in tallies(made)}

    assert found[Arm.CONTROL] == {"seen": 1, "subjects": 1, "at_risk": 1}
    assert found[Arm.TREATMENT] == {"seen": 1, "bad": 1, "at_risk": 1, "newly_bad": 1}


def test_a_second_bad_observation_is_counted_once_even_over_a_restart() -> None:
    before = tallier(watch(ERRORS))
    before.observe([request(error=True), request(error=True)], NOON)
    sightings = before.flush(NOON).sightings
    after = tallier(watch(ERRORS))
    after.recall(sightings)
    after.observe([request(error=True)], NOON)

    assert [counts(tally) for tally in tallies(after)] == [{"seen": 1, "bad": 1}]


def test_an_arm_left_and_found_again_out_of_order_is_counted_in_its_own_blocks() -> None:
    made = tallier(watch(ERRORS))
    made.observe(
        [
            request(variant="on", at_s=NOON + 30),
            request(variant="off", at_s=NOON),
            request(variant="off", at_s=NOON + 30, error=True),
        ],
        NOON + 30,
    )

    at_risk = {(t.arm, t.bucket - int(NOON)): t.at_risk for t in tallies(made)}

    assert at_risk == {
        (Arm.TREATMENT, 30): 1,
        (Arm.CONTROL, 0): 1,
        (Arm.CONTROL, 30): 1,
    }


@settings(deadline=None, max_examples=60)
@given(
    seen=st.lists(
        st.tuples(st.integers(0, 3), st.booleans(), st.booleans(), st.integers(0, 150)), max_size=40
    )
)
def test_counts_never_contradict_each_other(seen: list[tuple[int, bool, bool, int]]) -> None:
    made = tallier(watch(ERRORS))
    made.observe(
        [
            request(f"patient-{who}", "on" if on else "off", NOON + at, error=bad)
            for who, on, bad, at in seen
        ],
        NOON + 150,
    )

    found = tallies(made)
    assert [fault(tally) for tally in found if fault(tally)] == []
    assert sum(tally.seen for tally in found) == len(seen)
    assert sum(tally.subjects for tally in found) == len({who for who, _, _, _ in seen})
    assert sum(tally.newly_bad for tally in found) == len({who for who, _, bad, _ in seen if bad})


# Watching and restarting


def test_a_trial_that_remains_keeps_its_subjects_and_one_that_is_gone_forgets_them() -> None:
    made = tallier(watch(ERRORS), watch(ERRORS, component="basket"))
    made.observe([request(flags=("cart", "basket"))], NOON)
    tallies(made)
    made.watch([watch(ERRORS)])
    made.watch([watch(ERRORS), watch(ERRORS, component="basket")])
    made.observe([request(flags=("cart", "basket"))], NOON)

    assert {tally.component: tally.subjects for tally in tallies(made)} == {"cart": 0, "basket": 1}


def test_what_was_counted_before_a_trial_ended_is_still_flushed() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request()], NOON)
    made.watch([])

    flushed = made.flush(NOON)

    assert [(tally.seen, ripe_ms) for tally, ripe_ms in flushed.tallies] == [(1, int(NOON * 1000))]
    assert len(flushed.sightings) == 1


def test_a_new_attempt_starts_with_nobody_seen() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request()], NOON)
    tallies(made)
    made.watch([watch(ERRORS, attempt=2)])
    made.observe([request()], NOON)

    assert [(tally.attempt, tally.subjects) for tally in tallies(made)] == [(2, 1)]


@pytest.mark.parametrize("recalled_first", [True, False])
def test_subjects_are_known_again_after_a_restart(recalled_first: bool) -> None:
    before = tallier(watch(ERRORS))
    before.observe([request("patient-1", error=True), request("patient-2")], NOON)
    sightings = before.flush(NOON).sightings
    after = Tallier("server-1", KEY)
    if recalled_first:
        after.recall(sightings)
        after.watch([watch(ERRORS)])
    else:
        after.watch([watch(ERRORS)])
        after.recall(sightings)
    after.observe([request("patient-1", error=True), request("patient-2", error=True)], NOON)

    assert [counts(tally) for tally in tallies(after)] == [
        {"seen": 2, "bad": 2, "at_risk": 1, "newly_bad": 1, "again_bad": 1}
    ]


def test_a_sighting_holds_no_identifier_and_each_subject_once() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request("patient-1"), request("patient-1", error=True)], NOON)

    (sighting,) = made.flush(NOON).sightings

    assert len(sighting.subjects) == len(sighting.ill) == 8
    assert b"patient" not in sighting.subjects
    assert made.flush(NOON).sightings == []


def test_a_restarted_writer_is_another_writer() -> None:
    one, other = tallier(watch(ERRORS)), tallier(watch(ERRORS))
    one.observe([request()], NOON)
    other.observe([request()], NOON)

    assert tallies(one)[0].writer != tallies(other)[0].writer
    assert one.writer.startswith("server-1/")


# Outcomes that come without their exposure


def test_an_outcome_is_joined_to_the_arm_its_subject_was_in() -> None:
    made = tallier(watch(RATINGS))
    made.observe([exposed("patient-1", "on"), exposed("patient-2", "off")], NOON)
    made.observe([rated("patient-1", 2), rated("patient-2", 5)], NOON + 60)

    assert {tally.arm: tally.bad for tally in tallies(made)} == {Arm.TREATMENT: 1, Arm.CONTROL: 0}
    assert made.counters.joined == 2


def test_an_exposure_told_by_a_request_joins_later_outcomes_too() -> None:
    made = tallier(watch(ERRORS, RATINGS))
    made.observe([request("patient-1", "off")], NOON)
    made.observe([rated("patient-1", 2)], NOON + 60)

    found = {tally.series: tally.arm for tally in tallies(made)}
    assert found == {"error_rate": Arm.CONTROL, "satisfaction": Arm.CONTROL}


def test_an_outcome_may_arrive_fifteen_seconds_before_its_exposure() -> None:
    made = tallier(watch(RATINGS))
    made.observe([rated("patient-1", 2)], NOON)
    assert tallies(made, NOON + 1) == []
    assert made.counters.waiting == 1
    made.observe([exposed("patient-1", at_s=NOON - 1)], NOON + 14)

    assert [tally.seen for tally in tallies(made, NOON + 14)] == [1]
    assert (made.counters.joined, made.counters.waiting) == (1, 0)


def test_an_outcome_without_exposure_is_counted_as_unjoined_and_never_guessed() -> None:
    made = tallier(watch(RATINGS))
    made.observe([rated("patient-1", 2), rated(None, 2)], NOON)

    assert tallies(made, NOON + 16) == []
    assert made.counters.unjoined == 2


def test_an_outcome_from_before_the_exposure_is_not_joined_to_it() -> None:
    made = tallier(watch(RATINGS))
    made.observe([exposed("patient-1", at_s=NOON), rated("patient-1", 2, NOON - 60)], NOON)

    assert tallies(made, NOON + 6) == []


def test_an_outcome_waits_only_for_the_components_it_is_not_placed_in() -> None:
    made = tallier(watch(RATINGS), watch(RATINGS, component="basket"))
    made.observe([exposed("patient-1"), rated("patient-1", 5)], NOON)
    made.observe([exposed("patient-1", "off", flag="basket")], NOON + 2)

    found = [(tally.component, tally.arm, tally.seen) for tally in tallies(made, NOON + 2)]

    assert found == [("cart", Arm.TREATMENT, 1), ("basket", Arm.CONTROL, 1)]
    assert made.counters.joined == 1


def test_an_outcome_nobody_watches_is_ignored() -> None:
    made = tallier(watch(ERRORS))
    made.observe([rated("patient-1", 5)], NOON)

    assert made.counters.ignored == 1


def test_with_lag_the_cohort_is_the_exposures_second_and_ripens_when_the_lag_has_passed() -> None:
    made = tallier(watch(LATE_RATINGS))
    made.observe([exposed("patient-1", at_s=NOON + 0.5)], NOON + 1)
    made.observe([rated("patient-1", 2, NOON + 600)], NOON + 600)
    ((tally, ripe_ms),) = made.flush(NOON + 600).tallies

    assert tally.bucket == int(NOON)
    assert ripe_ms == int((NOON + 3600) * 1000)


def test_an_outcome_later_than_its_lag_ripens_on_arrival() -> None:
    made = tallier(watch(LATE_RATINGS))
    made.observe([exposed("patient-1")], NOON)
    made.observe([rated("patient-1", 2, NOON + 4000)], NOON + 4000)

    ((_, ripe_ms),) = made.flush(NOON + 4000).tallies

    assert ripe_ms == int((NOON + 4000) * 1000)


def test_exposures_are_forgotten_once_no_outcome_may_come() -> None:
    made = tallier(watch(RATINGS))
    made.observe([exposed("patient-1")], NOON)
    made.flush(NOON + 1)
    made.flush(NOON + 602)
    made.flush(NOON + 1203)
    made.observe([rated("patient-1", 2, NOON + 1204)], NOON + 1204)

    assert tallies(made, NOON + 1220) == []


def test_the_memory_of_exposures_is_bounded_and_keeps_the_latest() -> None:
    made = Tallier("server-1", KEY, most_subjects=4)
    made.watch([watch(RATINGS)])
    made.observe([exposed(f"p{number}") for number in (1, 2, 3, 1, 4, 5)], NOON)
    made.observe([rated(f"p{number}", 5) for number in (1, 2, 3, 4, 5)], NOON)

    assert [tally.seen for tally in tallies(made, NOON + 16)] == [4]
    assert made.counters.unjoined == 1


def test_a_trial_that_ends_takes_its_waiting_outcomes_along() -> None:
    made = tallier(watch(RATINGS))
    made.observe([rated("patient-1", 5)], NOON)
    made.watch([])
    made.observe([exposed("patient-1")], NOON + 1)

    assert tallies(made, NOON + 1) == []
    assert made.counters.unjoined == 1


# Clocks


@pytest.mark.parametrize(("off_s", "skewed"), [(299, 0), (301, 1), (-3599, 0), (-3601, 1)])
def test_observations_too_far_from_now_are_dropped_and_counted(off_s: int, skewed: int) -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(at_s=NOON + off_s)], NOON)

    assert made.counters.skewed == skewed
    assert len(tallies(made)) == 1 - skewed


# Sentinels


def test_a_sentinel_accuses_the_component_it_names_alone() -> None:
    made = tallier(watch(CRITICAL), watch(CRITICAL, component="basket"))
    made.observe([exposed("patient-1"), exposed("patient-1", flag="basket")], NOON)

    urgent = made.observe([critical("patient-1", **{"phasegate.component": "basket"})], NOON)

    assert urgent
    assert [(t.component, t.arm, t.bad) for t in tallies(made)] == [("basket", Arm.TREATMENT, 1)]


def test_a_sentinel_that_names_nobody_accuses_what_its_subject_is_treated_with() -> None:
    made = tallier(watch(CRITICAL), watch(CRITICAL, component="basket"))
    made.observe([exposed("patient-1"), exposed("patient-1", "off", flag="basket")], NOON)
    made.observe([critical("patient-1")], NOON)

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
    made.observe([exposed("patient-2", "off")], NOON)

    assert made.observe([sentinel], NOON)
    assert [(t.component, t.arm, t.seen, t.bad) for t in tallies(made)] == [
        (ENVIRONMENT, Arm.CONTROL, 1, 1)
    ]


def test_every_run_that_watches_a_sentinel_gets_it() -> None:
    made = tallier(watch(CRITICAL), watch(CRITICAL, run="checkout-2", component="basket"))
    made.observe([critical()], NOON)

    assert sorted(tally.run for tally in tallies(made)) == ["checkout-1", "checkout-2"]


def test_a_sentinel_within_a_request_accuses_by_the_requests_own_exposures() -> None:
    made = tallier(watch(CRITICAL))
    within = Observation(
        event="safety.critical",
        subject=None,
        attributes={},
        exposures=(Exposure(flag="cart", variant="on", subject=None),),
        at_s=NOON,
    )
    made.observe([within], NOON)

    assert [(t.component, t.arm) for t in tallies(made)] == [("cart", Arm.TREATMENT)]


def test_a_sentinel_with_a_wrong_clock_is_tallied_as_it_arrives() -> None:
    made = tallier(watch(CRITICAL))

    assert made.observe([critical(at_s=0.0)], NOON)
    assert [tally.bucket for tally in tallies(made)] == [int(NOON)]
    assert made.counters.skewed == 1


def test_a_sentinel_that_nobody_watches_is_not_urgent() -> None:
    made = tallier(watch(ERRORS))

    assert not made.observe([critical()], NOON)
    assert made.counters.ignored == 1


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
        NOON,
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
        at_s=NOON,
    )


def test_a_shadow_counts_in_the_arm_of_the_path_that_it_tells_of() -> None:
    made = tallier(watch(DISAGREEMENT))

    made.observe([exposed("patient-1", "off")], NOON)
    made.observe([shadowed("patient-1", "on", False), shadowed("patient-1", "off", False)], NOON)

    assert {tally.arm: counts(tally)["bad"] for tally in tallies(made)} == {
        Arm.TREATMENT: 1,
        Arm.CONTROL: 1,
    }


def test_who_was_shadowed_was_still_served_the_old_answer() -> None:
    made = tallier(watch(DISAGREEMENT, RATINGS))

    made.observe([exposed("patient-1", "off"), shadowed("patient-1", "on", True)], NOON)
    made.observe([rated("patient-1", 5, NOON + 1)], NOON + 1)

    arms = {tally.series: tally.arm for tally in tallies(made, NOON + 1)}
    assert arms == {"disagreement": Arm.TREATMENT, "satisfaction": Arm.CONTROL}


# Means and rates


def test_a_mean_sums_each_subjects_first_value_alone() -> None:
    made = tallier(watch(STARS))
    made.observe([request("ada"), request("ben")], NOON)

    made.observe([rated("ada", 4), rated("ada", 1), rated("ben", 5)], NOON)

    (tally,) = tallies(made)
    assert (tally.seen, tally.bad, tally.subjects, tally.total) == (3, 0, 2, 9.0)


def test_a_value_outside_the_scale_of_a_mean_is_counted_as_that() -> None:
    made = tallier(watch(STARS))
    made.observe([request("ada"), rated("ada", 95)], NOON)

    (tally,) = tallies(made)

    assert (tally.seen, tally.bad) == (1, 1)


def test_a_rate_counts_presence_by_requests_and_events_by_their_own() -> None:
    made = tallier(watch(FALLS))
    fall = Observation(event="fall", subject="ada", attributes={}, at_s=NOON)

    made.observe([request("ada"), request("ada"), request("ben")], NOON)
    made.observe([fall, fall], NOON)

    found = [counts(tally) for tally in tallies(made)]
    assert {"seen": 3, "subjects": 2, "at_risk": 2} in found
    assert any(one.get("newly_bad") == 1 and one.get("again_bad") == 1 for one in found)
    assert sum(one.get("at_risk", 0) for one in found) == 3


def test_who_had_an_event_is_not_at_risk_of_a_first_one_any_more() -> None:
    """Else time of those who fell already would prove that nobody falls."""
    made = tallier(watch(FALLS))
    fall = Observation(event="fall", subject="ada", attributes={}, at_s=NOON)
    made.observe([request("ada"), request("ben"), fall], NOON)
    tallies(made)
    for block in range(1, 11):
        later = NOON + 30 * block
        made.observe([request("ada", at_s=later), request("ben", at_s=later)], later)

    found = tallies(made, NOON + 330)

    assert sum(tally.at_risk for tally in found) == 10


def test_who_had_an_event_before_a_restart_is_not_at_risk_after_it() -> None:
    made, again = tallier(watch(FALLS)), tallier(watch(FALLS))
    fall = Observation(event="fall", subject="ada", attributes={}, at_s=NOON)
    made.observe([request("ada"), fall], NOON)
    again.recall(made.flush(NOON).sightings)

    again.observe([request("ada", at_s=NOON + 60), request("ben", at_s=NOON + 60)], NOON + 60)

    assert sum(tally.at_risk for tally in tallies(again, NOON + 60)) == 1


def test_who_fell_before_a_restart_is_remembered() -> None:
    made = tallier(watch(FALLS))
    fall = Observation(event="fall", subject="ada", attributes={}, at_s=NOON)
    made.observe([request("ada"), fall], NOON)
    sightings = made.flush(NOON).sightings

    again = tallier(watch(FALLS))
    again.recall(sightings)
    again.observe([request("ada", at_s=NOON + 60)], NOON + 60)
    again.observe([fall._replace(at_s=NOON + 60)], NOON + 60)

    assert sum(tally.newly_bad for tally in tallies(again, NOON + 60)) == 0
