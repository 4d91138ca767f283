"""A sentinel that its server counted for a trial which was over speaks against the present one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.command import Retry, RollBack
from phasegate.core.evidence import ENVIRONMENT, Arm, Tally
from phasegate.core.run import TrialState
from phasegate.core.watching import watches
from phasegate.engine.memory import see
from phasegate.engine.rederive import rederive
from phasegate.testing.checkout import ADA, checkout_text
from phasegate.testing.world import World

PLAN = checkout_text("new_cart: 50%, new_prices: 50%", "before:", "  - run: check-database")

SECOND = timedelta(seconds=1)


def sentinel(world: World, run: str, attempt: int, component: str = "new_cart") -> None:
    """Have another server store a sentinel as it understood it, just now."""
    now = world.dial().timestamp()
    tally = Tally(
        run=run,
        phase="alpha",
        component=component,
        attempt=attempt,
        series="safety_critical",
        arm=Arm.CONTROL if component == ENVIRONMENT else Arm.TREATMENT,
        bucket=int(now) - 5,
        seen=1,
        bad=1,
        writer="another server",
        sequence=1,
    )
    world.store.add_evidence([(tally, int(now * 1000))], [])


@pytest.fixture
def one(world: Callable[[str], World]) -> World:
    return world("one")


def taken_back(one: World) -> str:
    run = one.start(PLAN)
    for _ in range(5):
        one.round()
    assert one.kinds(run)[-1] == "exposure_confirmed"
    one.ask(run, RollBack(phase="current", components=("new_cart",), reason="odd"), ADA)
    one.round()
    one.dial.turn(SECOND * 10)
    return run


def rollbacks(one: World, run: str) -> list[object]:
    events = one.store.events(run)
    return [e.body["components"] for e in events if e.kind == "rollback_started"][1:]


def test_one_that_was_counted_for_the_attempt_before_takes_the_new_one_back(one: World) -> None:
    run = taken_back(one)
    one.ask(run, Retry(reason="mended"), ADA)
    for _ in range(2):
        one.round()
    one.dial.turn(SECOND)
    assert one.run(run).trials["new_cart"].state is TrialState.EXPOSED

    sentinel(one, run, attempt=1)
    one.round()

    assert rollbacks(one, run) == [["new_cart"]]
    assert rederive(one.store, run).same


def test_what_waits_to_be_tried_again_is_not_exposed_once_it_has_done_harm(
    one: World, store: MemoryStore
) -> None:
    run = taken_back(one)
    before = one.kinds(run).count("exposed")
    one.ask(run, Retry(reason="mended"), ADA)
    one.dial.turn(SECOND)

    sentinel(one, run, attempt=1)
    one.round()

    assert rollbacks(one, run) == [["new_cart"]]
    assert one.kinds(run).count("exposed") == before
    assert one.run(run).trials["new_cart"].state is TrialState.WITHDRAWN
    assert rederive(store, run).same


def test_telemetry_hears_the_sentinels_of_what_waits_to_be_tried_again(one: World) -> None:
    run = taken_back(one)
    one.ask(run, Retry(reason="mended"), ADA)

    view = one.view(run)
    watched = {(w.component, w.attempt, len(w.series)) for w in watches(view.plan, view.run)}

    assert watched == {("new_cart", 2, 1), ("new_prices", 1, 2)}


def test_one_that_was_known_when_somebody_tried_again_is_not_held_against_it(one: World) -> None:
    run = taken_back(one)
    sentinel(one, run, attempt=1)
    one.round()
    one.dial.turn(SECOND)
    one.ask(run, Retry(reason="mended"), ADA)

    for _ in range(3):
        one.round()

    assert rollbacks(one, run) == []
    assert one.run(run).trials["new_cart"].state is TrialState.EXPOSED


def test_one_of_nobody_is_of_the_moment_when_it_came(one: World) -> None:
    run = taken_back(one)
    one.ask(run, Retry(reason="mended"), ADA)
    one.round()
    one.dial.turn(SECOND)

    sentinel(one, run, attempt=1, component=ENVIRONMENT)
    one.round()

    assert rollbacks(one, run) == [["new_cart", "new_prices"]]


def test_one_that_was_judged_before_the_retry_was_known_is_judged_again(
    one: World, store: MemoryStore
) -> None:
    run = taken_back(one)
    known = one.reconciler._memory(run)
    one.ask(run, Retry(reason="mended"), ADA)
    one.dial.turn(SECOND)
    sentinel(one, run, attempt=1)
    one.reconciler._memories[run] = see(store, known, one.dial())

    one.round()

    assert rollbacks(one, run) == [["new_cart"]]
    assert rederive(store, run).same
