"""A subject counts once where it should, and is known while its trial lasts, over restarts too."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phasegate.core.evidence import Arm
from phasegate.core.judge.setup import fault
from phasegate.telemetry.tallying import Tallier
from phasegate.testing.series import ERRORS
from phasegate.testing.telling import (
    KEY,
    NOON_S,
    counts,
    request,
    tallier,
    tallies,
    watch,
)

# Subjects and blocks


def test_a_subject_counts_once_as_a_subject_and_once_per_block_as_at_risk() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(at_s=NOON_S + second) for second in (0, 1, 29, 30, 31, 60)], NOON_S + 60)

    found = tallies(made)

    assert sum(tally.subjects for tally in found) == 1
    assert [(tally.bucket - int(NOON_S), tally.at_risk) for tally in found] == [
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
            request(at_s=NOON_S),
            request(at_s=NOON_S + 1, error=True),
            request(at_s=NOON_S + 2, error=True),
            request(at_s=NOON_S + 3, error=True),
            request(at_s=NOON_S + 30),
        ],
        NOON_S + 30,
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
    made.observe([request(error=True)], NOON_S)
    tallies(made)
    made.observe([request(error=True)], NOON_S)

    assert [counts(tally) for tally in tallies(made)] == [{"seen": 1, "bad": 1, "again_bad": 1}]


def test_telemetry_out_of_order_counts_nobody_twice_in_a_block() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(at_s=NOON_S + at) for at in (90, 0, 90, 31, 0, 31, 91)], NOON_S + 90)

    at_risk = {tally.bucket - int(NOON_S): tally.at_risk for tally in tallies(made)}

    assert at_risk == {90: 1, 0: 1, 31: 1, 91: 0}


def test_a_subject_whose_arm_changes_is_at_risk_in_both() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request(variant="off"), request(variant="on", error=True)], NOON_S)

    found = {tally.arm: counts(tally) for tally in tallies(made)}

    assert found[Arm.CONTROL] == {"seen": 1, "subjects": 1, "at_risk": 1}
    assert found[Arm.TREATMENT] == {"seen": 1, "bad": 1, "at_risk": 1, "newly_bad": 1}


def test_a_second_bad_observation_is_counted_once_even_over_a_restart() -> None:
    before = tallier(watch(ERRORS))
    before.observe([request(error=True), request(error=True)], NOON_S)
    sightings = before.flush(NOON_S).sightings
    after = tallier(watch(ERRORS))
    after.recall(sightings)
    after.observe([request(error=True)], NOON_S)

    assert [counts(tally) for tally in tallies(after)] == [{"seen": 1, "bad": 1}]


def test_an_arm_left_and_found_again_out_of_order_is_counted_in_its_own_blocks() -> None:
    made = tallier(watch(ERRORS))
    made.observe(
        [
            request(variant="on", at_s=NOON_S + 30),
            request(variant="off", at_s=NOON_S),
            request(variant="off", at_s=NOON_S + 30, error=True),
        ],
        NOON_S + 30,
    )

    at_risk = {(t.arm, t.bucket - int(NOON_S)): t.at_risk for t in tallies(made)}

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
            request(f"patient-{who}", "on" if on else "off", NOON_S + at, error=bad)
            for who, on, bad, at in seen
        ],
        NOON_S + 150,
    )

    found = tallies(made)
    assert [fault(tally) for tally in found if fault(tally)] == []
    assert sum(tally.seen for tally in found) == len(seen)
    assert sum(tally.subjects for tally in found) == len({who for who, _, _, _ in seen})
    assert sum(tally.newly_bad for tally in found) == len({who for who, _, bad, _ in seen if bad})


# Watching and restarting


def test_a_trial_that_remains_keeps_its_subjects_and_one_that_is_gone_forgets_them() -> None:
    made = tallier(watch(ERRORS), watch(ERRORS, component="basket"))
    made.observe([request(flags=("cart", "basket"))], NOON_S)
    tallies(made)
    made.watch([watch(ERRORS)])
    made.watch([watch(ERRORS), watch(ERRORS, component="basket")])
    made.observe([request(flags=("cart", "basket"))], NOON_S)

    assert {tally.component: tally.subjects for tally in tallies(made)} == {"cart": 0, "basket": 1}


def test_what_was_counted_before_a_trial_ended_is_still_flushed() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request()], NOON_S)
    made.watch([])

    flushed = made.flush(NOON_S)

    assert [(tally.seen, ripe_ms) for tally, ripe_ms in flushed.tallies] == [
        (1, int(NOON_S * 1000))
    ]
    assert len(flushed.sightings) == 1


def test_a_new_attempt_starts_with_nobody_seen() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request()], NOON_S)
    tallies(made)
    made.watch([watch(ERRORS, attempt=2)])
    made.observe([request()], NOON_S)

    assert [(tally.attempt, tally.subjects) for tally in tallies(made)] == [(2, 1)]


@pytest.mark.parametrize("recalled_first", [True, False])
def test_subjects_are_known_again_after_a_restart(recalled_first: bool) -> None:
    before = tallier(watch(ERRORS))
    before.observe([request("patient-1", error=True), request("patient-2")], NOON_S)
    sightings = before.flush(NOON_S).sightings
    after = Tallier("server-1", KEY)
    if recalled_first:
        after.recall(sightings)
        after.watch([watch(ERRORS)])
    else:
        after.watch([watch(ERRORS)])
        after.recall(sightings)
    after.observe([request("patient-1", error=True), request("patient-2", error=True)], NOON_S)

    assert [counts(tally) for tally in tallies(after)] == [
        {"seen": 2, "bad": 2, "at_risk": 1, "newly_bad": 1, "again_bad": 1}
    ]


def test_a_sighting_holds_no_identifier_and_each_subject_once() -> None:
    made = tallier(watch(ERRORS))
    made.observe([request("patient-1"), request("patient-1", error=True)], NOON_S)

    (sighting,) = made.flush(NOON_S).sightings

    assert len(sighting.subjects) == len(sighting.ill) == 8
    assert b"patient" not in sighting.subjects
    assert made.flush(NOON_S).sightings == []


def test_a_restarted_writer_is_another_writer() -> None:
    one, other = tallier(watch(ERRORS)), tallier(watch(ERRORS))
    one.observe([request()], NOON_S)
    other.observe([request()], NOON_S)

    assert tallies(one)[0].writer != tallies(other)[0].writer
    assert one.writer.startswith("server-1/")
