"""A stream that leaves requests out is recognised and refused, and the judge says why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from phasegate.core.evidence import Arm, Outcome, Position, StoredTally
from phasegate.core.judge import fold as judge
from phasegate.core.watch import Series, Watch
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.telemetry.sampling import is_sampled
from phasegate.telemetry.tallying import Tallier
from phasegate.testing.checkout import NOON, checkout_plan
from phasegate.testing.series import CRITICAL, ERRORS, RATINGS


def request(*, sampled: bool, subject: str = "patient-1", variant: str = "on") -> Observation:
    return Observation(
        event=None,
        subject=subject,
        attributes={"error": False, "duration": 1.0},
        at_s=NOON.timestamp(),
        exposures=(Exposure("new_cart", variant, subject),),
        sampled=sampled,
    )


def tallier(*series: Series) -> Tallier:
    made = Tallier("server-1", b"k" * 16)
    plan = checkout_plan()
    made.watch(
        [
            Watch(
                run="checkout-1",
                phase=plan.phases[0].name,
                component="new_cart",
                flag="new_cart",
                attempt=1,
                series=series,
                block=30,
            )
        ]
    )
    return made


@pytest.mark.parametrize(
    ("trace_state", "sampled"),
    [
        ("", False),
        ("vendor=th:8", False),
        ("ot=th:0", False),
        ("ot=th:0;rv:abcdef01234567", False),
        ("ot=rv:abcdef01234567", False),
        ("ot=th:8", True),
        ("vendor=1, ot=rv:12345678901234;th:fd70a4", True),
        ("ot=th:c;extra:1,vendor=2", True),
        ("ot=p:0;r:10", False),
        ("ot=p:3;r:10", True),
        ("ot=p:63", True),
        ("ot=th:?", True),
    ],
)
def test_a_threshold_in_the_trace_state_tells_whether_requests_are_left_out(
    trace_state: str, sampled: bool
) -> None:
    assert is_sampled(trace_state) is sampled


def test_a_sampled_request_is_not_counted_but_told_as_uncountable() -> None:
    made = tallier(ERRORS, RATINGS)
    made.observe([request(sampled=True), request(sampled=True)], NOON.timestamp())

    found = [tally for tally, _ in made.flush(NOON.timestamp()).tallies]

    assert [(tally.series, tally.arm, tally.seen, tally.subjects) for tally in found] == [
        ("error_rate", Arm.TREATMENT, -2, 0),
        ("satisfaction", Arm.TREATMENT, -2, 0),
    ]
    assert (made.counters.sampled, made.counters.joined) == (2, 0)


def test_a_sentinel_is_heard_even_from_a_sampled_stream() -> None:
    made = tallier(CRITICAL)
    critical = request(sampled=True)._replace(event="safety.critical")

    assert made.observe([critical], NOON.timestamp())
    assert [tally.bad for tally, _ in made.flush(NOON.timestamp()).tallies] == [1]


def test_a_series_of_a_sampled_stream_cannot_be_judged_and_says_so() -> None:
    plan, made = checkout_plan(), tallier(ERRORS)
    calm = [request(sampled=False, subject=f"patient-{number}") for number in range(500)]
    made.observe([*calm, request(sampled=True)], NOON.timestamp())
    stored = [
        StoredTally(position=Position(ripe_ms=ripe_ms, row=row), tally=tally)
        for row, (tally, ripe_ms) in enumerate(made.flush(NOON.timestamp()).tallies, start=1)
    ]
    phase = plan.phases[0].name
    ledger = judge.fold(plan, judge.start(), {(phase, "new_cart", 1): 500}, stored)
    later = NOON + timedelta(seconds=1)

    gates = judge.judge_gates(plan, ledger, phase, {"new_cart": 1}, (), later)
    guards = judge.judge_guards(plan, ledger, phase, {"new_cart": 1}, later)

    of_errors = [one for one in (*gates, *guards) if one.series == "error_rate"]
    assert {one.outcome for one in of_errors} == {Outcome.INVALID}
    assert all("telemetry is sampled" in one.sentence for one in of_errors)
