"""Means, rates and whole distributions from the plan file to the rollback and its replay."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from phasegate import planfile
from phasegate.cli.main import cli
from phasegate.cli.wording import amount, interval
from phasegate.core.evidence import Outcome
from phasegate.core.run import Status
from phasegate.engine.rederive import rederive
from phasegate.rehearsal.rehearse import rehearse
from phasegate.testing.world import World

PLAN = """\
plan: checkout
environment: demo
author: Ada
traffic: 600/min
metrics:
  rating: {kind: mean, of: stars, event: rated, scale: 1 to 5, better: higher}
  falls: {kind: rate, event: fall}
  failures: {kind: rate, bad: error}
  response_time: {kind: quantile, at: 95%, of: duration, unit: ms, cuts: "300ms, 1s, 3s"}
phases:
  alpha:
    lasts: 30m to 6h
    risk: low
    components:
      new_cart: 25%
    pass_when:
      - rating > 4
      - falls < 6/h
    roll_back_when:
      - rating < 3.5
      - rating worse than control by 0.2
      - falls > 12/h
      - falls worse than control
      - failures > 6/h
      - response_time worse than control
"""
SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "plan.schema.json"
TICK = timedelta(seconds=10)
Habits = Callable[[bool, random.Random], Mapping[str, Any]]


def healthy(treated: bool, chance: random.Random) -> Mapping[str, Any]:
    told: dict[str, Any] = {
        "error": chance.random() < 0.001,
        "duration": chance.choice([80.0, 120.0, 200.0, 400.0, 1200.0]),
        "event:rated": {"stars": chance.choice([5, 5, 5, 4, 4, 3])},
    }
    return told | ({"event:fall": {}} if chance.random() < 0.005 else {})


def unhappy(treated: bool, chance: random.Random) -> Mapping[str, Any]:
    stars = chance.choice([5, 4, 4, 3, 3]) if treated else chance.choice([5, 5, 5, 4, 4, 3])
    return {**healthy(treated, chance), "event:rated": {"stars": stars}}


def falling(treated: bool, chance: random.Random) -> Mapping[str, Any]:
    hit = treated and chance.random() < 0.3
    return {**healthy(treated, chance), **({"event:fall": {}} if hit else {})}


def slower(treated: bool, chance: random.Random) -> Mapping[str, Any]:
    """Half as slow again, and far within any bound."""
    told = healthy(treated, chance)
    return {**told, "duration": told["duration"] * (1.6 if treated else 1.0)}


def play(world: World, habits: Habits, minutes: int) -> str:
    run = world.start(PLAN)
    for _ in range(minutes * 6):
        world.dial.turn(TICK)

        def behave(treated: frozenset[str], chance: random.Random) -> Mapping[str, Any]:
            return habits("new_cart" in treated, chance)

        world.patients(100, behave, environment="demo", over=TICK)
        world.round()
        if {"rollback_confirmed", "run_completed"} & set(world.kinds(run)):
            break
    return run


def why(world: World, run: str) -> str:
    events = {event.kind: event for event in world.store.events(run)}
    return "; ".join(events["rollback_started"].body["reasons"])


@pytest.mark.parametrize(
    ("habits", "reason"),
    [
        (unhappy, "rating"),
        (falling, "falls"),
        (slower, "responses"),
    ],
    ids=["a mean", "a rate of events", "a distribution"],
)
def test_harm_is_taken_back_with_figures_in_the_metrics_own_terms(
    world: World, habits: Habits, reason: str
) -> None:
    run = play(world, habits, minutes=12)

    assert "rollback_confirmed" in world.kinds(run)
    assert reason in why(world, run)
    assert "in control" in why(world, run)
    assert rederive(world.store, run).differences == ()


def test_a_healthy_run_is_shown_to_be_well_and_completes(world: World) -> None:
    run = play(world, healthy, minutes=45)

    assert world.run(run).status is Status.COMPLETED
    assert rederive(world.store, run).differences == ()


def test_judgements_say_means_and_rates_with_their_intervals(world: World) -> None:
    run = play(world, healthy, minutes=5)

    found = {one.condition: one for one in world.view(run).evidence.guards}

    rating, falls = found["rating < 3.5"], found["falls > 12/h"]
    assert rating.outcome is falls.outcome is Outcome.PASS
    assert rating.low < rating.estimate < rating.high <= 5  # type: ignore[operator]
    assert 4.2 < rating.estimate < 4.5  # type: ignore[operator]
    assert amount(falls, falls.bound) == "12/h"
    assert "– " in interval(falls)
    assert "h of treated patients' presence" in falls.sentence
    cuts = [one for one in world.view(run).evidence.guards if "response" in one.condition]
    assert [one.series for one in cuts] == [
        "response_time>300",
        "response_time>1000",
        "response_time>3000",
        "response_time>cuts",
    ]
    assert sum(one.alpha for one in cuts) == pytest.approx(rating.alpha)


def test_a_rating_off_the_scale_blinds_its_guard_and_says_so(world: World) -> None:
    def in_percent(treated: bool, chance: random.Random) -> Mapping[str, Any]:
        return {**healthy(treated, chance), "event:rated": {"stars": 95}}

    run = play(world, in_percent, minutes=1)

    rating = next(one for one in world.view(run).evidence.guards if one.condition == "rating < 3.5")
    assert rating.outcome is Outcome.INVALID
    assert "values outside 1 to 5" in rating.sentence


def test_a_rate_whose_events_nobody_ever_heard_is_not_shown_to_be_low(world: World) -> None:
    def silent(treated: bool, chance: random.Random) -> Mapping[str, Any]:
        return {key: said for key, said in healthy(treated, chance).items() if key != "event:fall"}

    run = play(world, silent, minutes=35)

    falls = next(one for one in world.view(run).evidence.gates if one.condition == "falls < 6/h")
    assert falls.outcome is Outcome.INCONCLUSIVE
    assert "no fall event was heard in either arm" in falls.sentence
    assert world.run(run).status is Status.RUNNING


def test_the_plan_is_read_written_and_checked_by_its_schema() -> None:
    plan = planfile.parse(PLAN).plan

    assert plan is not None
    assert planfile.parse(planfile.write(plan)).plan == plan
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(yaml.safe_load(PLAN))


def test_review_foresees_what_each_condition_can_see(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(PLAN)

    told = CliRunner().invoke(cli, ["plan", "power", str(tmp_path / "plan.yaml"), "--json"])

    lines = {line["condition"]: line for line in json.loads(told.output)["lines"]}
    assert 3 < lines["rating < 3.5"]["smallest"] < 3.5
    assert 12 < lines["falls > 12/h"]["smallest"] < 60
    assert lines["response_time worse than control (response_time>1000)"]["sample"] > 0
    assert lines["falls < 6/h"]["gate"]


def test_the_plan_can_be_rehearsed() -> None:
    plan = planfile.parse(PLAN).plan
    assert plan is not None

    report = rehearse(plan, runs=40, seed=3, times=4.0)

    assert report.health.passed >= 38
    assert {one.harm.metric for one in report.struck} == {
        "rating",
        "falls",
        "failures",
        "response_time",
    }
    assert all(one.found >= 0.9 * (one.runs - one.early) for one in report.struck)
