from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from phasegate import planfile
from phasegate.cli.main import cli
from phasegate.core.plan import Plan
from phasegate.rehearsal.harms import harms, phases_of, strike
from phasegate.rehearsal.play import play
from phasegate.rehearsal.rehearse import Report, rehearse
from phasegate.rehearsal.traffic import Harmed, Stretch, come, healthy

PLANS = Path(__file__).parents[2] / "plans"
TEXT = (
    (PLANS / "checkout.yaml")
    .read_text()
    .replace("lasts: 1h to 8h", "lasts: 30m to 8h")
    .replace("lasts: 2h to 24h", "lasts: 30m to 8h")
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    found = planfile.parse(TEXT, "checkout.yaml").plan
    assert found is not None
    return found


@pytest.fixture(scope="module")
def report(plan: Plan) -> Report:
    return rehearse(plan, runs=120, seed=5, times=4.0)


def test_the_same_seed_gives_the_same_answer_however_many_work_on_it(
    plan: Plan, report: Report
) -> None:
    told: list[float] = []

    again = rehearse(plan, runs=120, seed=5, times=4.0, workers=2, done=told.append)

    assert again == report
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_another_seed_gives_another_answer(plan: Plan, report: Report) -> None:
    assert rehearse(plan, runs=120, seed=6, times=4.0) != report


def test_a_healthy_plan_passes_and_is_hardly_ever_taken_back(report: Report) -> None:
    health = report.health

    assert (health.runs, health.passed + health.back + health.stopped) == (120, 120)
    assert health.back <= 6  # the budget is 5 %
    assert health.passed >= 110
    assert 1.0 <= health.hours[60] < 16.0


def test_harm_is_found_and_nobody_else_is_blamed(report: Report) -> None:
    errors = next(one for one in report.struck if one.harm.metric == "error_rate")

    assert errors.found / (errors.runs - errors.early) > 0.8
    assert errors.scapegoat == 0
    assert errors.early <= 2  # the budget is 5 %, shared by two component-phases
    assert len(errors.exposed) == len(errors.met) == len(errors.seconds) == errors.found
    assert all(met <= exposed for met, exposed in zip(errors.met, errors.exposed, strict=True))


def test_every_guarded_metric_is_a_named_harm(plan: Plan) -> None:
    assert [harm.metric for harm in harms(plan, 3.0)] == ["error_rate", "response_time"]


def test_an_outage_of_both_arms_is_no_part_of_a_struck_rehearsal(plan: Plan) -> None:
    (harm, _), rng = harms(plan, 10.0), np.random.default_rng(1)
    phase = phases_of(plan, harm)[0]

    played = play(plan, phase, strike(plan, phase, harm, 50, rng), rng)

    assert not played.environment.any()
    assert (played.passed | played.stopped | played.taken_back).all()


def stretch(at_s: float, p0: float = 0.01) -> Stretch:
    return Stretch(at_s=at_s, people=1000.0, p0=p0)


def test_people_who_are_bad_by_chance_are_split_by_exposure() -> None:
    rng = np.random.default_rng(2)

    treated, control = come(rng, stretch(0.0, 0.1), np.array([2500, 10_000]), healthy(400))

    bad = treated.bad.reshape(2, 400) + control.bad.reshape(2, 400)
    assert (bad[0] == bad[1]).all()  # the same people, counted by two components
    assert treated.bad[:400].mean() == pytest.approx(25, rel=0.05)
    assert control.seen[400:].sum() == 0


def test_harm_strikes_the_treated_of_one_component_from_its_onset_on() -> None:
    rng = np.random.default_rng(2)
    harmed = Harmed(
        component=np.full(300, 1),
        share=np.full(300, 0.5),
        onset_s=np.full(300, 60.0),
        metric=np.zeros(300, np.int64),
    )
    exposures = np.array([2500, 1000])

    before, _ = come(rng, stretch(30.0), exposures, harmed)
    after, control = come(rng, stretch(60.0), exposures, harmed)

    assert before.bad[300:].mean() == pytest.approx(1.0, rel=0.2)
    assert after.bad[300:].mean() == pytest.approx(50.0, rel=0.05)
    assert control.bad[300:].mean() == pytest.approx(9.0, rel=0.1)
    # The other component's arms meet the same harm alike.
    assert after.bad[:300].mean() == pytest.approx(59 / 4, rel=0.1)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "checkout.yaml"
    path.write_text(TEXT)
    return str(path)


def test_the_command_prints_chances_with_their_limits(file: str) -> None:
    told = CliRunner().invoke(cli, ["plan", "rehearse", file, "--runs", "30"])

    assert told.exit_code == 0, told.output
    assert "30 healthy rehearsals of checkout" in told.output
    assert "error_rate" in told.output
    assert "0 % (0–11.6)" in told.output
    assert "e+" not in told.output


def test_the_command_prints_json_for_programs(file: str) -> None:
    args = ["plan", "rehearse", file, "--runs", "8", "--seed", "7", "--json"]

    first, second = (CliRunner().invoke(cli, args).output for _ in range(2))

    assert first == second
    assert json.loads(first)["health"]["runs"] == 8


def test_late_evidence_is_rehearsed_under_the_exposure_of_its_time() -> None:
    text = """\
plan: checkout
environment: demo
author: Ada
traffic: 600/min
metrics: {satisfaction: {kind: share, good: rating >= 4, event: rated, lag: 10m}}
phases:
  alpha:
    lasts: 20m to 2h
    components: {new_cart: 5% then 50%}
    pass_when: [satisfaction > 90%]
    roll_back_when: [satisfaction worse than control]
"""
    plan = planfile.parse_unreviewed(text, "checkout.yaml").plan
    assert plan is not None
    harmed = Harmed(
        component=np.zeros(50, np.int64),
        share=np.full(50, 0.6),
        onset_s=np.zeros(50),
        metric=np.zeros(50, np.int64),
        metrics=("satisfaction",),
    )

    played = play(plan, plan.phases[0], harmed, np.random.default_rng(3))

    assert played.blamed.all()
    assert np.median(played.ended_s) < 13 * 60  # what was seen in the first stage is told from 10
