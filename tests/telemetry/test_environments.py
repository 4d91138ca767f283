"""What happens in one environment is never counted for another."""

from __future__ import annotations

from phasegate.core.evidence import ENVIRONMENT, Arm, Tally
from phasegate.core.watch import Series, Watch
from phasegate.telemetry.observation import Exposure, Observation
from phasegate.telemetry.tallying import Tallier
from phasegate.testing.series import CRITICAL, ERRORS, RATINGS

NOON = 1_893_499_200.0
TRACE, SPAN = b"t" * 16, b"s" * 8


def watch(environment: str, *series: Series, flag: str = "cart") -> Watch:
    return Watch(
        run=f"run-in-{environment}",
        phase="alpha",
        component=flag,
        flag=flag,
        attempt=1,
        series=series or (ERRORS,),
        block=30,
        environment=environment,
    )


def tallier(*watches: Watch) -> Tallier:
    made = Tallier("server-1", b"k" * 16)
    made.watch(watches)
    return made


def request(
    flag_set: str | None, variant: str = "on", trace: bytes = b"", **attributes: object
) -> Observation:
    return Observation(
        event=None,
        subject="patient-1",
        attributes={"error": False, **attributes},
        at_s=NOON,
        exposures=(Exposure("cart", variant, "patient-1", flag_set),),
        trace=trace,
        span=SPAN if trace else b"",
    )


def event(name: str, trace: bytes = b"", **attributes: object) -> Observation:
    who = None if trace else "patient-1"
    return Observation(event=name, subject=who, attributes=attributes, at_s=NOON, trace=trace)


def counted(made: Tallier, *told: Observation) -> list[tuple[str, str, Arm]]:
    made.observe(told, NOON)
    tallies: list[Tally] = [tally for tally, _ in made.flush(NOON).tallies]
    return [(tally.run, tally.component, tally.arm) for tally in tallies]


STAGING, PRODUCTION = watch("staging"), watch("production")


def test_an_evaluation_counts_in_the_environment_that_it_names_and_in_no_other() -> None:
    made = tallier(STAGING, PRODUCTION)

    found = counted(made, request("staging", error=True))

    assert found == [("run-in-staging", "cart", Arm.TREATMENT)]


def test_an_evaluation_of_an_environment_that_nobody_watches_counts_nowhere() -> None:
    made = tallier(PRODUCTION)

    assert counted(made, request("staging")) == []
    assert made.counters.ignored == 1


def test_an_evaluation_that_names_none_counts_where_only_one_environment_watches() -> None:
    made = tallier(PRODUCTION, watch("staging", flag="basket"))

    assert counted(made, request(None)) == [("run-in-production", "cart", Arm.TREATMENT)]
    assert made.counters.unattributable == 0


def test_an_evaluation_that_names_none_of_several_is_counted_as_unattributable() -> None:
    made = tallier(STAGING, PRODUCTION)

    assert counted(made, request(None)) == []
    assert made.counters.unattributable == 1


def test_the_same_patient_may_be_treated_in_one_environment_and_not_in_another() -> None:
    made = tallier(watch("staging", RATINGS), watch("production", RATINGS))
    told = [request("staging", "on"), request("production", "off")]

    here = event("rated", rating=5, **{"feature_flag.set.id": "production"})

    assert counted(made, *told, here) == [("run-in-production", "cart", Arm.CONTROL)]


def test_an_outcome_that_names_none_of_several_is_unattributable_by_its_subject() -> None:
    made = tallier(watch("staging", RATINGS), watch("production", RATINGS))

    assert counted(made, request("staging"), event("rated", rating=5)) == []
    made.flush(NOON + 60)
    assert (made.counters.unjoined, made.counters.unattributable) == (1, 1)


def test_an_outcome_that_names_none_is_of_the_environment_of_its_request() -> None:
    made = tallier(watch("staging", RATINGS), watch("production", RATINGS))

    found = counted(made, request("staging", trace=TRACE), event("rated", trace=TRACE, rating=5))

    assert found == [("run-in-staging", "cart", Arm.TREATMENT)]


def test_a_sentinel_accuses_in_the_environment_that_it_names_alone() -> None:
    made = tallier(watch("staging", CRITICAL), watch("production", CRITICAL))
    said = {"phasegate.component": "cart", "feature_flag.set.id": "staging"}

    found = counted(made, event("safety.critical", **said))

    assert found == [("run-in-staging", "cart", Arm.TREATMENT)]


def test_a_sentinel_of_an_environment_that_nobody_watches_is_nobodys() -> None:
    made = tallier(watch("production", CRITICAL))
    said = {"phasegate.component": "cart", "feature_flag.set.id": "staging"}

    assert counted(made, event("safety.critical", **said)) == []


def test_a_sentinel_that_names_none_counts_wherever_it_may_have_happened() -> None:
    made = tallier(watch("staging", CRITICAL), watch("production", CRITICAL))

    found = counted(made, event("safety.critical", **{"phasegate.component": "cart"}))

    assert [run for run, _, _ in found] == ["run-in-staging", "run-in-production"]


def test_a_sentinel_of_a_patient_treated_elsewhere_still_speaks_against_everybody() -> None:
    made = tallier(watch("staging", CRITICAL), watch("production", CRITICAL))

    found = counted(made, request("staging"), event("safety.critical"))

    assert found == [
        ("run-in-staging", "cart", Arm.TREATMENT),
        ("run-in-production", ENVIRONMENT, Arm.CONTROL),
    ]


def test_a_sentinel_that_names_none_is_of_the_environment_of_its_request() -> None:
    made = tallier(watch("staging", CRITICAL), watch("production", CRITICAL))
    told = [request("staging", trace=TRACE), event("safety.critical", trace=TRACE)]

    assert counted(made, *told) == [("run-in-staging", "cart", Arm.TREATMENT)]


def test_the_set_of_another_vendors_flag_says_nothing_of_ours() -> None:
    made = tallier(watch("production", CRITICAL))
    foreign = Exposure("banner", "on", "patient-1", "another-vendor")
    told = event("safety.critical", **{"phasegate.component": "cart"})

    found = counted(made, told._replace(exposures=(foreign,)))

    assert found == [("run-in-production", "cart", Arm.TREATMENT)]


def test_a_request_does_not_wait_for_the_flags_of_another_environment() -> None:
    made = tallier(STAGING, watch("production", flag="basket"))

    found = counted(made, request("staging", trace=TRACE))

    assert found == [("run-in-staging", "cart", Arm.TREATMENT)]
    assert made.counters.waiting == 0


def test_a_request_joined_with_its_log_is_counted_once_in_its_own_environment() -> None:
    made = tallier(STAGING, PRODUCTION)
    silent = request(None, trace=TRACE)._replace(exposures=())
    logged = Observation(
        event="feature_flag.evaluation",
        subject="patient-1",
        attributes={},
        at_s=NOON,
        exposures=(Exposure("cart", "off", "patient-1", "production"),),
        trace=TRACE,
        span=SPAN,
    )

    found = counted(made, silent, logged, logged)

    assert found == [("run-in-production", "cart", Arm.CONTROL)]
