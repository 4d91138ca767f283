"""A trial is judged by what happened during it: what came before its exposure is another's."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from phasegate.core.evidence import ENVIRONMENT, Arm, Tally
from phasegate.core.plan import Metric, MetricKind
from phasegate.core.watch import Series, Watch
from phasegate.telemetry.observation import Exposure, Observation, Point
from phasegate.telemetry.tallying import Tallier
from phasegate.testing.series import CRITICAL, ERRORS, RATING, RATINGS

NOON = 1_893_499_200.0
RETRIED = NOON + 0.5
LATE_RATINGS = Series(name="satisfaction", metric=replace(RATING, lag=timedelta(minutes=10)))
MEMORY = Series(
    name="memory",
    metric=Metric(name="memory", kind=MetricKind.LEVEL, query="memory", across="highest"),
)


def watch(*series: Series, since: float = RETRIED, component: str = "cart") -> Watch:
    return Watch(
        run="checkout-1",
        phase="alpha",
        component=component,
        flag=component,
        attempt=2,
        series=series,
        block=30,
        since=since,
    )


def tallier(*watches: Watch) -> Tallier:
    made = Tallier("server-1", b"k" * 16)
    made.watch(watches)
    return made


def request(at_s: float, *, error: bool = False) -> Observation:
    return Observation(
        event=None,
        subject="patient-1",
        attributes={"error": error},
        at_s=at_s,
        exposures=(Exposure("cart", "on", "patient-1"),),
    )


def rated(at_s: float) -> Observation:
    return Observation(event="rated", subject="patient-1", attributes={"rating": 1}, at_s=at_s)


def critical(at_s: float, **attributes: object) -> Observation:
    return Observation(event="safety.critical", subject=None, attributes=attributes, at_s=at_s)


def tallies(made: Tallier, *told: Observation, now: float = NOON + 60) -> list[Tally]:
    made.observe(told, now)
    return [tally for tally, _ in made.flush(now).tallies]


def test_a_request_from_before_the_exposure_is_told_and_not_counted_for_it() -> None:
    made = tallier(watch(ERRORS))

    (tally,) = tallies(made, request(NOON, error=True), request(NOON + 0.4), request(NOON + 0.5))

    assert (tally.bucket, tally.seen, tally.bad) == (int(NOON), 1, 0)
    assert made.counters.before_watch == 2


def test_what_is_before_one_trial_may_be_within_another() -> None:
    made = tallier(watch(ERRORS), watch(ERRORS, component="basket", since=NOON - 60))
    both = request(NOON)._replace(
        exposures=(Exposure("cart", "on", "patient-1"), Exposure("basket", "on", "patient-1"))
    )

    (tally,) = tallies(made, both)

    assert tally.component == "basket"


def test_a_sampled_request_from_before_the_exposure_spoils_nothing() -> None:
    made = tallier(watch(ERRORS))

    assert tallies(made, request(NOON)._replace(sampled=True)) == []


def test_an_outcome_of_an_exposure_from_before_is_not_counted() -> None:
    made = tallier(watch(RATINGS))

    assert tallies(made, request(NOON), rated(NOON + 30)) == []
    assert made.counters.before_watch == 1


def test_an_outcome_of_an_exposure_within_the_trial_is_counted() -> None:
    made = tallier(watch(RATINGS))

    (tally,) = tallies(made, request(NOON), request(NOON + 20), rated(NOON + 30))

    assert (tally.bad, tally.bucket) == (1, int(NOON) + 30)


def test_a_late_outcome_counts_by_the_exposure_that_it_is_of() -> None:
    made = tallier(watch(LATE_RATINGS))

    assert tallies(made, request(NOON), rated(NOON + 30)) == []


def test_a_sentinel_is_counted_whatever_its_time_says() -> None:
    made = tallier(watch(CRITICAL))

    (tally,) = tallies(made, critical(NOON - 30, **{"phasegate.component": "cart"}))

    assert (tally.component, tally.arm, tally.bad) == ("cart", Arm.TREATMENT, 1)


def test_a_sentinel_of_nobody_is_of_the_latest_exposure_whatever_its_time_says() -> None:
    made = tallier(watch(CRITICAL, since=NOON), watch(CRITICAL, component="basket", since=NOON + 9))

    (tally,) = tallies(made, critical(NOON - 30))

    assert (tally.component, tally.bucket) == (ENVIRONMENT, int(NOON) + 9)


def test_a_level_from_before_the_exposure_is_no_reading_of_it() -> None:
    made = tallier(watch(MEMORY))
    made.read([Point("memory", {"host": "a"}, 99.0, NOON)])

    assert tallies(made, now=NOON + 1) == []

    made.read([Point("memory", {"host": "b"}, 40.0, NOON + 2)])
    (tally,) = tallies(made, now=NOON + 3)
    assert tally.total == 40.0


def test_the_start_of_a_watch_may_move_without_forgetting_whom_it_has_seen() -> None:
    made = tallier(watch(ERRORS))
    tallies(made, request(NOON + 1))

    made.watch([watch(ERRORS, since=NOON + 2)])

    assert tallies(made, request(NOON + 1)) == []
    assert [tally.subjects for tally in tallies(made, request(NOON + 3))] == [0]


def test_a_sentinel_that_came_before_the_server_knew_of_the_watch_is_heard_then() -> None:
    made = tallier()
    assert tallies(made, critical(NOON + 1, **{"phasegate.component": "cart"})) == []

    made.watch([watch(CRITICAL)])

    (tally,) = tallies(made)
    assert (tally.component, tally.attempt, tally.bad) == ("cart", 2, 1)
    made.watch([watch(CRITICAL), watch(CRITICAL, component="basket")])
    assert tallies(made) == []
    assert (made.counters.ignored, made.counters.joined) == (0, 1)


def test_it_is_not_heard_when_it_is_old() -> None:
    made = tallier()
    tallies(made, critical(NOON, **{"phasegate.component": "cart"}), now=NOON)
    made.flush(NOON + 20)

    made.watch([watch(CRITICAL)])

    assert tallies(made) == []


def test_one_that_names_a_component_nobody_watches_yet_accuses_it_as_soon_as_somebody_does() -> (
    None
):
    made = tallier(watch(CRITICAL))
    (at_once,) = tallies(made, critical(NOON + 1, **{"phasegate.component": "basket"}))

    made.watch([watch(CRITICAL), watch(CRITICAL, component="basket")])
    (then,) = tallies(made)
    made.watch([watch(CRITICAL), watch(CRITICAL, component="basket"), watch(ERRORS)])

    assert (at_once.component, then.component) == (ENVIRONMENT, "basket")
    assert tallies(made) == []
