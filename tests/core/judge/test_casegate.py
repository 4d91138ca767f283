from __future__ import annotations

from datetime import timedelta

import pytest

from phasegate.core.evidence import ENVIRONMENT, Finding, Outcome
from phasegate.core.plan import Step, StepKind

GATE = ("sensitivity > 95%",)
STEP = Step(kind=StepKind.EVALUATE, argument="emergencies", metric="sensitivity")


@pytest.fixture
def evaluated(feed, noon):
    def judge(*runs: tuple[int, int, int], outcome: Outcome = Outcome.PASS, phase="alpha"):
        """Judge the gate after findings of (attempt, exercised, bad)."""
        findings = [
            Finding(
                run="r1",
                phase=phase,
                step=STEP.name,
                attempt=attempt,
                outcome=outcome,
                exercised=exercised,
                bad=bad,
                seen="answers",
                at=noon + timedelta(minutes=n),
                took_ms=1.0,
            )
            for n, (attempt, exercised, bad) in enumerate(runs)
        ]
        return feed(gates=GATE, before=(STEP,)).gates(findings)[0]

    return judge


def test_59_of_59_right_show_more_than_95_percent(evaluated) -> None:
    verdict = evaluated((1, 59, 0))

    assert (verdict.outcome, verdict.component, verdict.estimate) == (
        Outcome.PASS,
        ENVIRONMENT,
        1.0,
    )
    assert verdict.low == pytest.approx(0.9505, abs=1e-4)
    assert verdict.sentence == (
        "sensitivity 100 % where more than 95 % must be shown: 59 of 59 cases right, shown at 95 %"
    )


def test_58_of_58_right_are_too_few(evaluated) -> None:
    assert evaluated((1, 58, 0)).outcome is Outcome.INCONCLUSIVE


def test_cases_that_were_not_run_show_nothing(evaluated) -> None:
    assert evaluated().outcome is Outcome.INCONCLUSIVE


def test_a_run_without_a_case_is_invalid(evaluated) -> None:
    assert evaluated((1, 0, 0)).outcome is Outcome.INVALID


def test_an_evaluation_that_could_not_do_its_job_is_invalid(evaluated) -> None:
    assert evaluated((1, 59, 0), outcome=Outcome.INVALID).outcome is Outcome.INVALID


def test_asking_again_in_the_same_attempt_does_not_hide_a_failure(evaluated) -> None:
    assert evaluated((1, 100, 30), (1, 100, 0)).outcome is Outcome.FAIL


def test_asking_again_in_the_same_attempt_does_not_show_what_was_left_undecided(evaluated) -> None:
    assert evaluated((1, 59, 1), (1, 59, 0)).outcome is Outcome.INCONCLUSIVE


def test_a_new_attempt_is_judged_by_itself(evaluated) -> None:
    assert evaluated((1, 100, 30), (2, 100, 0)).outcome is Outcome.PASS


def test_findings_of_another_phase_show_nothing_here(evaluated) -> None:
    assert evaluated((1, 59, 0), phase="beta").outcome is Outcome.INCONCLUSIVE
