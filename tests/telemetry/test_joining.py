"""What one request tells in different places is one request, and nothing is guessed."""

from __future__ import annotations

import pytest

from phasegate.core.evidence import ENVIRONMENT, Arm, Tally
from phasegate.core.watch import Watch
from phasegate.telemetry.joining import MOST_HELD
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.telemetry.tallying import Tallier
from phasegate.testing.series import CRITICAL, ERRORS, RATINGS
from phasegate.testing.telling import watch

NOON = 1_893_499_200.0
TRACE, OTHER = b"t" * 16, b"o" * 16
SERVER, INNER = b"server--", b"inner---"


def request(
    *exposures: Exposure, trace: bytes = TRACE, span: bytes = SERVER, error: bool = False
) -> Observation:
    return Observation(
        event=None,
        subject=None,
        attributes={"error": error, "duration": 100.0},
        at_s=NOON,
        exposures=exposures,
        trace=trace,
        span=span,
    )


def on(flag: str = "cart", variant: str = "on") -> Exposure:
    return Exposure(flag=flag, variant=variant, subject="patient-1")


def logged(*exposures: Exposure, trace: bytes = TRACE, span: bytes = SERVER) -> Observation:
    return Observation(
        event="feature_flag.evaluation",
        subject="patient-1",
        attributes={},
        at_s=NOON,
        exposures=exposures,
        trace=trace,
        span=span,
    )


def event(name: str, trace: bytes = TRACE, **attributes: object) -> Observation:
    return Observation(event=name, subject=None, attributes=attributes, at_s=NOON, trace=trace)


def tallier(*watches: Watch) -> Tallier:
    made = Tallier("server-1", b"k" * 16)
    made.watch(watches or [watch(ERRORS)])
    return made


def tallies(made: Tallier, now: float) -> list[Tally]:
    return [tally for tally, _ in made.flush(now).tallies]


def test_an_exposure_that_arrives_after_its_request_joins_it_at_once() -> None:
    made = tallier()
    made.observe([request(error=True)], NOON)
    assert (tallies(made, NOON + 1), made.counters.waiting) == ([], 1)
    made.observe([logged(on())], NOON + 6)

    (tally,) = tallies(made, NOON + 6)
    assert (tally.arm, tally.seen, tally.newly_bad, tally.subjects) == (Arm.TREATMENT, 1, 1, 1)


def test_an_exposure_that_arrives_before_its_request_joins_it_at_once() -> None:
    made = tallier()
    made.observe([logged(on(variant="off"))], NOON)
    made.observe([request()], NOON + 6)

    (tally,) = tallies(made, NOON + 6)
    assert (tally.arm, tally.seen, tally.subjects) == (Arm.CONTROL, 1, 1)


def test_an_exposure_told_within_the_only_request_of_its_trace_joins_once_no_other_can_come() -> (
    None
):
    made = tallier()
    made.observe([logged(on(), span=INNER)], NOON)
    made.observe([request()], NOON + 5)
    assert tallies(made, NOON + 14) == []

    assert [tally.seen for tally in tallies(made, NOON + 15)] == [1]
    assert (made.counters.joined, made.counters.waiting) == (1, 0)


def test_an_exposure_told_within_one_of_several_requests_is_counted_and_never_guessed() -> None:
    made = tallier()
    made.observe([logged(on(), span=INNER), request(), request(span=b"another-")], NOON)

    assert tallies(made, NOON + 15) == []
    assert (made.counters.stray_exposures, made.counters.ignored) == (1, 2)


def test_of_several_requests_the_one_that_was_told_on_is_joined() -> None:
    made = tallier()
    made.observe([request(error=True), request(span=b"another-")], NOON)
    made.observe([logged(on(), span=b"another-")], NOON)

    assert [(tally.seen, tally.bad) for tally in tallies(made, NOON + 15)] == [(1, 0)]


def test_an_exposure_whose_request_never_comes_is_counted() -> None:
    made = tallier()
    made.observe([logged(on()), request(trace=OTHER)], NOON)

    assert tallies(made, NOON + 15) == []
    assert (made.counters.stray_exposures, made.counters.waiting) == (1, 0)


def test_a_request_joins_nothing_once_its_time_is_over() -> None:
    made = tallier()
    made.observe([request()], NOON)
    made.flush(NOON + 15)
    made.observe([logged(on())], NOON + 16)

    assert tallies(made, NOON + 40) == []
    assert (made.counters.ignored, made.counters.stray_exposures) == (1, 1)


def test_a_request_that_told_one_flag_itself_still_learns_of_another() -> None:
    made = tallier(watch(ERRORS), watch(ERRORS, component="basket"))
    made.observe([request(on())], NOON)
    made.observe([logged(on("basket", "off"))], NOON + 1)

    found = {tally.component: (tally.arm, tally.seen) for tally in tallies(made, NOON + 1)}
    assert found == {"cart": (Arm.TREATMENT, 1), "basket": (Arm.CONTROL, 1)}
    made.flush(NOON + 15)
    assert made.counters.joined == 1


def test_an_exposure_told_both_in_the_span_and_in_the_log_counts_once() -> None:
    made = tallier()
    made.observe([logged(on())], NOON)
    made.observe([request(on())], NOON + 1)
    made.observe([logged(on())], NOON + 2)

    assert [tally.seen for tally in tallies(made, NOON + 30)] == [1]
    assert made.counters.stray_exposures == 0


@pytest.mark.parametrize("exposure_first", [True, False])
def test_an_outcome_without_subject_is_joined_by_its_trace(exposure_first: bool) -> None:
    made = tallier(watch(RATINGS))
    steps = [request(on()), event("rated", rating=1)]
    for step in steps if exposure_first else reversed(steps):
        made.observe([step], NOON)

    (tally,) = tallies(made, NOON + 1)
    assert (tally.arm, tally.bad, tally.subjects) == (Arm.TREATMENT, 1, 1)


def test_a_sentinel_without_subject_accuses_what_its_request_was_treated_with() -> None:
    made = tallier(watch(CRITICAL), watch(CRITICAL, component="basket"))
    made.observe([request(on(), on("basket", "off"))], NOON)

    urgent = made.observe([event("safety.critical")], NOON)

    assert urgent
    assert [(tally.component, tally.bad) for tally in tallies(made, NOON)] == [("cart", 1)]


def test_a_sentinel_of_an_unknown_trace_counts_for_the_environment_and_waits_for_nothing() -> None:
    made = tallier(watch(CRITICAL))
    made.observe([event("safety.critical")], NOON)

    assert [tally.component for tally in tallies(made, NOON)] == [ENVIRONMENT]


def test_what_is_held_is_bounded_and_the_oldest_goes_first() -> None:
    made = tallier()
    many = [
        request(trace=number.to_bytes(16, "big"), span=SERVER) for number in range(MOST_HELD + 2)
    ]
    made.observe(many, NOON)

    assert (made.counters.waiting, made.counters.ignored) == (MOST_HELD, 2)
    made.observe([logged(on(), trace=many[1].trace), logged(on(), trace=many[2].trace)], NOON)
    assert [tally.seen for tally in tallies(made, NOON)] == [1]


def test_exposures_of_flags_that_nobody_watches_are_not_held() -> None:
    made = tallier()
    made.observe([logged(on("banner"))], NOON)

    made.flush(NOON + 15)
    assert (made.counters.exposures, made.counters.stray_exposures) == (1, 0)
