"""A run whose plan another version reads differently can be taken back, and gets no further."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.command import Refusal, Resume, RollBack
from phasegate.core.run import Status
from phasegate.engine.loop import LEASE
from phasegate.flags.document import FlagState
from phasegate.ports import Fence
from phasegate.testing.checkout import ADA
from phasegate.testing.crash import Crash, Fuse
from phasegate.testing.dial import Dial
from phasegate.testing.world import World

PLAN = """
plan: checkout
environment: demo
author: ben
traffic: 6000/min
unattended: withdraw after 15m
metrics:
  error_rate: {kind: share, bad: error}
phases:
  alpha:
    title: Half
    lasts: 5s to 8h
    components: {new_cart: 50%, new_prices: 30%}
    roll_back_when: [error_rate > 5%]
"""

ALL = RollBack(phase="all", reason="the new version cannot read it")


class Upgraded(MemoryStore):
    """A store whose servers were upgraded at some time: plans are read differently since.

    leases  what was last said of the leases, by environment.
    """

    def __init__(self) -> None:
        super().__init__()
        self.upgraded = ""
        self.leases: Mapping[str, int | None] = {}

    def plan_text(self, hash: str) -> tuple[str, str]:
        text, origin = super().plan_text(hash)
        if self.upgraded == "gone":
            raise KeyError(hash)
        return text.replace("50%", self.upgraded) if self.upgraded else text, origin

    def attend(self, leases: Mapping[str, int | None]) -> None:
        self.leases = leases
        super().attend(leases)


def exposures(store: MemoryStore) -> dict[str, int]:
    return {state.key: state.exposure for state in store.flag_states("demo")[1]}


@pytest.fixture(params=["60%", "half of them", "gone"])
def reading(request: pytest.FixtureRequest) -> str:
    """How the plan's 50 % are read after the upgrade: otherwise, not at all, or they are gone."""
    return str(request.param)


def exposed(store: MemoryStore, dial: Dial) -> str:
    one = World(store=store, dial=dial, name="one")
    run = one.start(PLAN)
    one.round()
    assert one.kinds(run)[-1] == "exposure_confirmed"
    one.loop._step_down()
    return run


def test_everything_that_a_person_takes_back_is_brought_about_and_confirmed(reading: str) -> None:
    store, dial = Upgraded(), Dial()
    run = exposed(store, dial)
    store.upgraded = reading
    two = World(store=store, dial=dial, name="one")

    two.round()
    two.ask(run, ALL, ADA)
    two.round()

    assert two.kinds(run)[-2:] == ["rollback_started", "rollback_confirmed"]
    assert two.run(run).ended is Status.ROLLED_BACK
    assert exposures(store) == {"new_cart": 0, "new_prices": 0}
    assert {two.flags("demo").evaluate(key, "p", {}).variant for key in exposures(store)} == {"off"}


def test_a_rollback_that_had_begun_is_finished(reading: str) -> None:
    store, dial = Upgraded(), Dial()
    run = exposed(store, dial)
    one = World(store=store, dial=dial, name="one")
    one.ask(run, RollBack(phase="current", components=("new_cart",), reason="odd"), ADA)
    store.upgraded = reading

    World(store=store, dial=dial, name="one").round()

    assert one.kinds(run)[-2:] == ["rollback_started", "rollback_confirmed"]
    assert exposures(store) == {"new_cart": 0, "new_prices": 3000}


def test_an_exposure_that_was_written_and_not_yet_brought_about_never_is(reading: str) -> None:
    store, dial = at_an_exposure_unbrought()
    store.upgraded = reading
    run = store.logs()[0]
    two = World(store=store, dial=dial, name="one")

    two.round()
    two.round()
    before = exposures(store)
    two.ask(run, ALL, ADA)
    two.round()

    assert before == {}
    assert set(exposures(store).values()) == {0}
    assert two.run(run).ended is Status.ROLLED_BACK


def at_an_exposure_unbrought() -> tuple[Upgraded, Dial]:
    """Crash between writing an exposure down and bringing it about."""
    for steps in range(100):
        store, dial = Upgraded(), Dial()
        one = World(store=store, dial=dial, fuse=Fuse(steps), name="one")
        try:
            one.start(PLAN)
            one.round()
        except Crash:
            logs = store.logs()
            if logs and store.events(logs[0])[-1].kind == "exposed" and not exposures(store):
                dial.turn(LEASE)
                return store, dial
    raise AssertionError("the exposure was never written before it was brought about")


def test_nothing_goes_on_and_nobody_renews_the_lease(reading: str) -> None:
    store, dial = Upgraded(), Dial()
    run = exposed(store, dial)
    before = World(store=store, dial=dial, name="one").kinds(run)
    store.upgraded = reading
    two = World(store=store, dial=dial, name="one")

    for _ in range(3):
        two.round()

    assert two.kinds(run) == before
    assert "demo" not in store.leases
    assert two.loop.last.failing == (run,)


def test_nobody_may_do_anything_else_to_it(reading: str) -> None:
    store, dial = Upgraded(), Dial()
    run = exposed(store, dial)
    store.upgraded = reading

    answer = World(store=store, dial=dial, name="one").ask(run, Resume(reason="go on"), ADA)

    assert isinstance(answer, Refusal)
    assert answer.code == "plan-read-differently"


def test_a_run_that_had_completed_stays_served_to_everybody_without_a_lease(reading: str) -> None:
    store, dial = Upgraded(), Dial()
    run = exposed(store, dial)
    one = World(store=store, dial=dial, name="one")
    for _ in range(3):
        dial.turn(LEASE)
        one.patients(2000, lambda *_: {"error": False}, environment="demo", over=LEASE)
        one.round()
    assert one.run(run).ended is Status.COMPLETED, one.kinds(run)
    one.loop._step_down()
    store.put_flag_states(
        "demo",
        [FlagState(key="new_cart", exposure=5000, on_trial=True)],
        Fence(log=run, number=len(store.events(run))),
    )
    store.upgraded = reading

    two = World(store=store, dial=dial, name="one")
    two.round()
    two.round()

    states = {state.key: (state.exposure, state.on_trial) for state in store.flag_states("demo")[1]}
    assert states == {"new_cart": (5000, False), "new_prices": (3000, False)}
    assert two.loop.last.failing == ()
