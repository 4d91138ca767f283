"""Evidence that ripens after a ramp is judged by the exposure under which it was seen."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.core.event import START_OF_CHAIN, chain
from phasegate.core.evidence import Outcome, Position
from phasegate.core.judge import fold as judge
from phasegate.core.judge.versions import METHODS
from phasegate.core.run import TrialState
from phasegate.engine.memory import recall, see
from phasegate.engine.rederive import rederive
from phasegate.ports import Store
from phasegate.testing.checkout import NOON
from phasegate.testing.world import World

PLAN = """\
plan: checkout
environment: demo
author: Ada
traffic: 600/min
metrics:
  error_rate: {kind: share, bad: error}
  satisfaction: {kind: share, good: rating >= 4, event: rated, lag: 10m}
phases:
  alpha:
    lasts: 20m to 6h
    risk: low
    components:
      new_cart: 5% then 50%
    pass_when:
      - satisfaction > 90%
    roll_back_when:
      - error_rate > 20%
      - satisfaction worse than control
"""
TICK = timedelta(seconds=5)


class Shoppers:
    """Customers who rate their visit; so many are not satisfied with the old cart and the new."""

    def __init__(self, old: float, new: float) -> None:
        self.old, self.new = old, new

    def __call__(self, treated: frozenset[str], chance: random.Random) -> dict[str, object]:
        unhappy = chance.random() < (self.new if treated else self.old)
        return {"error": False, "duration": 300.0, "event:rated": {"rating": 1 if unhappy else 5}}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "phasegate.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def world(store: SqliteStore) -> World:
    return World(store=store)


def go(world: World, shoppers: Shoppers, until: Callable[[], bool], most: timedelta) -> timedelta:
    """Let time pass and say how much of it had when it came to that, or `most`."""
    while not until() and world.dial() - NOON < most:
        world.dial.turn(TICK)
        world.patients(50, shoppers, environment="demo", over=TICK)
        world.round()
    return world.dial() - NOON


def exposure(world: World, run: str) -> int:
    trials = world.run(run).trials
    return trials["new_cart"].exposure if trials else 0


def test_harm_of_a_small_stage_that_is_told_after_a_ramp_is_found_at_once(world: World) -> None:
    run = world.start(PLAN)
    shoppers = Shoppers(old=0.1, new=0.6)
    ramp = go(world, shoppers, lambda: exposure(world, run) == 5000, timedelta(minutes=12))

    back = go(
        world, shoppers, lambda: "rollback_started" in world.kinds(run), timedelta(minutes=25)
    )

    assert back - ramp < timedelta(minutes=3)
    assert rederive(world.store, run).differences == ()


def test_a_healthy_ramp_is_not_accused_by_what_ripens_after_it(world: World) -> None:
    run = world.start(PLAN)

    go(world, Shoppers(old=0.1, new=0.1), lambda: False, timedelta(minutes=26))

    assert exposure(world, run) == 5000
    assert world.run(run).trials["new_cart"].state is TrialState.EXPOSED
    assert rederive(world.store, run).differences == ()


def test_what_was_recorded_before_the_method_changed_is_judged_as_it_was(
    world: World, store: SqliteStore
) -> None:
    run = world.start(PLAN)
    late = timedelta(minutes=12, seconds=30)
    go(world, Shoppers(old=0.1, new=0.6), lambda: False, late)
    ramp = [event.number for event in store.events(run) if event.kind == "exposed"][1]

    outcomes = {
        version: outcome(copied(store, run, ramp, relative=version), run, world.dial())
        for version in (2, METHODS["relative"])
    }

    assert outcomes == {2: Outcome.PASS, METHODS["relative"]: Outcome.FAIL}


def test_a_run_recorded_before_is_replayed_alike_and_the_change_is_named(
    world: World, store: SqliteStore
) -> None:
    run = world.start(PLAN)
    go(world, Shoppers(old=0.1, new=0.1), lambda: False, timedelta(minutes=21))

    found = rederive(copied(store, run, 10**6, relative=2), run)

    assert found.differences == ()
    assert f"relative was judged by version 2, now by {METHODS['relative']}" in found.methods


def test_packing_what_was_seen_before_a_ramp_changes_nothing_that_was_judged(
    world: World, store: SqliteStore
) -> None:
    run = world.start(PLAN)
    harmful = Shoppers(old=0.1, new=0.6)
    go(world, harmful, lambda: "rollback_started" in world.kinds(run), timedelta(minutes=15))
    before = rederive(store, run)

    packed = store.compact(10**14, 10**14, 10**6)

    assert packed > 1000
    assert rederive(store, run) == before
    assert before.differences == ()


def outcome(store: Store, run: str, now: datetime) -> Outcome:
    """Say what the guard against control has come to."""
    memory = see(store, recall(store, run), now)
    judged = judge.judge_guards(memory.plan, memory.ledger, "alpha", {"new_cart": 1}, now)
    return next(one.outcome for one in judged if one.condition == "satisfaction worse than control")


def copied(store: SqliteStore, run: str, upto: int, **methods: int) -> Store:
    """Return a run's first events, as another version would have written them, and all evidence."""
    old, previous = MemoryStore(), START_OF_CHAIN
    for event in store.events(run)[:upto]:
        body = dict(event.body)
        if "methods" in body:
            body["methods"] = {**dict(body["methods"]), **methods}  # type: ignore[call-overload] JSON
        again = chain(
            log=event.log,
            number=event.number,
            at=event.at,
            kind=event.kind,
            actor=event.actor,
            body=body,
            previous=previous,
        )
        previous = again.hash
        old.append(again)
    stored = store.tallies(run, Position(), 10**15, 10**9)
    for row in sorted(stored, key=lambda row: row.position.row):
        old.add_evidence([(row.tally, row.position.ripe_ms)], [])
    plan_hash = str(store.events(run)[0].body["plan_hash"])
    old.save_plan(plan_hash, *store.plan_text(plan_hash))
    return old
