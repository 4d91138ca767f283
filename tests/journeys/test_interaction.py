"""Two components that are well alone and harm together: one goes, and its neighbour stays."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from phasegate.core.run import TrialState
from phasegate.engine.rederive import rederive
from phasegate.testing.world import World

PLAN = """\
plan: checkout
environment: demo
author: Ada
traffic: 600/min
metrics:
  error_rate: {kind: share, bad: error}
phases:
  alpha:
    lasts: 1h to 6h
    risk: low
    components:
      new_cart: 50%
      new_till: 50%
    pass_when:
      - error_rate < 2%
    roll_back_when:
      - error_rate > 5%
      - error_rate worse than control by 2%
"""
TICK = timedelta(seconds=10)
TOGETHER = frozenset(("new_cart", "new_till"))


def behave(treated: frozenset[str], chance: random.Random) -> Mapping[str, Any]:
    harmed = treated >= TOGETHER and chance.random() < 0.4
    return {"error": harmed or chance.random() < 0.002, "duration": 100.0}


def play(world: World, run: str, minutes: int) -> None:
    for _ in range(minutes * 6):
        world.dial.turn(TICK)
        world.patients(100, behave, environment="demo", over=TICK)
        world.round()


def test_harm_of_two_components_together_ends_with_those_that_go(world: World) -> None:
    run = world.start(PLAN)
    play(world, run, minutes=4)
    before = world.run(run)
    gone = {name for name, one in before.trials.items() if one.state is TrialState.WITHDRAWN}

    play(world, run, minutes=20)

    after = world.run(run)
    assert gone
    assert {n for n, one in after.trials.items() if one.state is TrialState.WITHDRAWN} == gone
    assert rederive(world.store, run).differences == ()


def test_a_bystander_is_not_blamed_for_the_harm_of_two_others(world: World) -> None:
    run = world.start(PLAN.replace("new_till: 50%", "new_till: 50%\n      banner: 50%"))

    play(world, run, minutes=24)

    assert world.run(run).trials["banner"].state is TrialState.EXPOSED
