from __future__ import annotations

from phasegate.core.evidence import ENVIRONMENT, Outcome

GATE = ("no safety_critical",)


def alarm(trial, arm: str = "treatment", component: str = "router", **counts):
    counts = {"seen": 1, "bad": 1} | counts
    return trial.tally(arm, component=component, series="safety_critical", **counts)


def test_the_first_event_in_treatment_accuses_the_component(feed) -> None:
    (verdict,) = alarm(feed("safety_critical")).guards()

    assert (verdict.outcome, verdict.accuses, verdict.bad) == (Outcome.FAIL, True, 1)
    assert verdict.sentence == "router: 1 safety critical event in treatment"


def test_an_event_in_control_accuses_nobody(feed) -> None:
    verdict = alarm(feed("safety_critical"), "control").guards()[0]

    assert (verdict.outcome, verdict.accuses) == (Outcome.INCONCLUSIVE, False)


def test_an_event_of_the_environment_accuses_no_component(feed) -> None:
    trial = alarm(feed("safety_critical"), component=ENVIRONMENT, attempt=7)

    verdicts = {v.component: v for v in trial.guards()}

    assert (verdicts[ENVIRONMENT].outcome, verdicts[ENVIRONMENT].accuses) == (Outcome.FAIL, False)
    assert verdicts["router"].outcome is Outcome.INCONCLUSIVE


def test_an_impossible_tally_never_hides_an_event(feed) -> None:
    assert alarm(feed("safety_critical"), seen=0).guards()[0].outcome is Outcome.FAIL


def test_silence_is_health_only_while_telemetry_is_heard(feed) -> None:
    trial = feed("safety_critical", gates=GATE)
    before = trial.guards()[0], trial.gates()[0]

    trial.people("treatment", 5)
    after = trial.guards()[0], trial.gates(now=10)[0]

    assert [v.outcome for v in before] == [Outcome.INCONCLUSIVE] * 2
    assert [v.outcome for v in after] == [Outcome.PASS] * 2


def test_a_gate_does_not_pass_on_telemetry_that_fell_silent(feed) -> None:
    trial = feed("safety_critical", gates=GATE).people("treatment", 5)

    assert trial.gates(now=301)[0].outcome is Outcome.INCONCLUSIVE


def test_any_event_closes_the_gate(feed) -> None:
    trial = alarm(feed("safety_critical", gates=GATE).people("treatment", 5))

    assert trial.gates(now=10)[0].outcome is Outcome.FAIL


def test_an_earlier_attempt_does_not_trip_the_next(feed) -> None:
    assert alarm(feed("safety_critical")).guards(attempt=2)[0].outcome is Outcome.INCONCLUSIVE
