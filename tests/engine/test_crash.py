"""A crash at any point of a run costs nothing: the next process goes on from the log."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.core.audit import verify
from phasegate.core.command import Retry
from phasegate.core.event import Event
from phasegate.ports import Store
from phasegate.testing.checkout import ADA
from phasegate.testing.crash import Crash, Fuse
from phasegate.testing.dial import Dial
from phasegate.testing.world import World

PLAN = """
plan: checkout
environment: staging
author: ada
traffic: 6000/min
blind_for: 60s
metrics:
  error_rate: {kind: share, bad: error}
  safety_critical: {kind: sentinel, event: safety.critical}
phases:
  alpha:
    title: Half
    lasts: 20s to 10m
    before:
      - run: check-database
    components: {new_cart: 50%, new_prices: 30%}
    pass_when: [error_rate < 5%]
    roll_back_when: [error_rate > 5%, safety_critical]
  beta:
    title: Everyone
    lasts: 10s to 10m
    components: {new_cart: 100%, new_prices: 100%}
    pass_when: [error_rate < 5%]
    roll_back_when: [error_rate > 5%, safety_critical]
"""

SECOND = timedelta(seconds=1)


@dataclass
class Shop:
    """The new cart breaks at the fifth second and is mended once it has been rolled back."""

    second: int = 0
    mended: bool = False

    def __call__(self, treated: frozenset[str], _: random.Random) -> Mapping[str, Any]:
        broken = self.second >= 5 and not self.mended
        return {"error": broken and "new_cart" in treated}


class Life:
    """One story, told by as many processes as it takes."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.dial = Dial()
        self.shop = Shop()
        self.chance = random.Random(3)

    def process(self, fuse: Fuse) -> World:
        return World(store=self.store, fuse=fuse, dial=self.dial, chance=self.chance)

    def tell(self, fuse: Fuse) -> str:
        world = self.process(fuse)
        while not self.over():
            assert self.shop.second < 200, self.store.logs()
            try:
                self.one_second(world)
            except Crash:
                self.dial.turn(timedelta(seconds=6))
                world = self.process(Fuse(-1))
        self.dial.turn(timedelta(seconds=6))
        self.process(Fuse(-1)).round()
        return self.store.logs()[0]

    def one_second(self, world: World) -> None:
        logs = self.store.logs()
        run = logs[0] if logs else world.start(PLAN)
        self.shop.second += 1
        self.dial.turn(SECOND)
        world.patients(40, self.shop, environment="staging", over=SECOND)
        world.round()
        last = self.store.events(run)[-1].kind
        if last == "rollback_confirmed":
            self.shop.mended = True
            world.ask(run, Retry(reason="mended"), ADA)

    def over(self) -> bool:
        logs = self.store.logs()
        return bool(logs) and self.store.events(logs[0])[-1].kind == "completed"


EXPECTED = [
    "run_started",
    "phase_started",
    "exposed",
    "exposure_confirmed",
    "rollback_started",
    "rollback_confirmed",
    "retried",
    "exposed",
    "exposure_confirmed",
    "phase_passed",
    "phase_started",
    "exposed",
    "exposure_confirmed",
    "phase_passed",
    "completed",
]


def told(store: Store, run: str) -> list[Event]:
    return store.events(run)


def test_without_a_crash_the_story_is_this(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.sqlite")

    run = Life(store).tell(Fuse(-1))

    assert [event.kind for event in told(store, run)] == EXPECTED
    store.close()


def half_steps_of_a_whole_life() -> int:
    fuse = Fuse(10**9)
    Life(MemoryStore()).tell(fuse)
    return 10**9 - fuse.left


def crash_at(step: int, store: Store) -> None:
    fuse = Fuse(step)

    run = Life(store).tell(fuse)

    assert fuse.burnt, step
    events = told(store, run)
    assert [event.kind for event in events] == EXPECTED, step
    assert verify(events) == ()
    assert events[4].body["components"] == ["new_cart"], step
    _, states = store.flag_states("staging")
    assert [(s.key, s.exposure, s.on_trial) for s in states] == [
        ("new_cart", 10_000, False),
        ("new_prices", 10_000, False),
    ]
    store.close()


@pytest.mark.timeout(300)
def test_a_crash_at_any_step_loses_and_doubles_nothing() -> None:
    steps = half_steps_of_a_whole_life()
    assert steps > 100

    for step in range(steps):
        crash_at(step, MemoryStore())


@pytest.mark.timeout(300)
def test_so_it_is_with_a_store_on_disk(tmp_path: Path) -> None:
    for step in range(0, half_steps_of_a_whole_life(), 23):
        crash_at(step, SqliteStore(tmp_path / f"{step}.sqlite"))
