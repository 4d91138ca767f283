"""A sentinel that comes after a run has ended is counted and told to people."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.command import RollBack
from phasegate.core.evidence import Arm, StoredTally, Tally, Uncountable
from phasegate.core.run import Status
from phasegate.engine.measures import OwnMeasures
from phasegate.ports import Unavailable
from phasegate.telemetry.observation import Observation
from phasegate.testing.checkout import ADA
from phasegate.testing.world import World

PLAN = """
plan: checkout
environment: demo
author: ben
traffic: 6000/min
metrics:
  error_rate: {kind: share, bad: error}
  safety_critical: {kind: sentinel, event: safety.critical}
phases:
  alpha:
    lasts: 1m to 8h
    risk: low
    components: {new_cart: 100%, new_prices: 100%}
    pass_when: [error_rate < 5%, no safety_critical]
    roll_back_when: [error_rate > 10%, safety_critical]
"""
TICK = timedelta(seconds=5)


def healthy(treated: frozenset[str], chance: random.Random) -> dict[str, object]:
    return {"error": False, "duration": 100.0}


@pytest.fixture
def one(world: Callable[[str], World]) -> World:
    return world("one")


class Unreadable(MemoryStore):
    """A store whose tallies are damaged."""

    def tallies(self, *_: object) -> list[StoredTally]:
        raise Unavailable("its tallies are damaged")


def completed(one: World) -> str:
    run = one.start(PLAN)
    for _ in range(60):
        if one.run(run).ended:
            break
        one.dial.turn(TICK)
        one.patients(200, healthy, environment="demo", over=TICK)
        one.round()
    assert one.run(run).status is Status.COMPLETED
    one.round()
    return run


def alarm(one: World, component: str | None = "new_cart", **told: object) -> None:
    one.dial.turn(TICK)
    now = one.dial().timestamp()
    attributes = {**told, **({"phasegate.component": component} if component else {})}
    one.intake.take(
        [Observation(event="safety.critical", subject=None, attributes=attributes, at_s=now)], now
    )
    one.round()


def told(one: World, run: str) -> tuple[str, ...]:
    decision = one.view(run).decision
    assert decision.rule == "ended"
    return decision.reasons[1:]


def test_nothing_is_told_of_a_run_that_ended_well(one: World) -> None:
    run = completed(one)

    assert told(one, run) == ()
    assert one.loop.after_end == {run: 0}


def test_a_sentinel_after_the_end_is_told_with_what_can_be_done(one: World) -> None:
    run = completed(one)
    before = one.kinds(run)

    alarm(one)
    alarm(one)

    (said,) = told(one, run)
    assert said.startswith("after the end, new_cart: safety_critical 2 time(s)")
    assert "`phasegate flag kill new_cart`" in said
    assert one.loop.after_end == {run: 2}
    assert one.kinds(run) == before


def test_a_sentinel_of_nobody_alone_is_told_too(one: World) -> None:
    run = completed(one)

    alarm(one, component=None)

    assert "of no component alone: safety_critical 1 time(s)" in told(one, run)[0]


def test_what_the_old_version_did_speaks_against_nothing(one: World) -> None:
    run = completed(one)

    alarm(one, **{"feature_flag.result.variant": "off"})

    assert told(one, run) == ()


def test_a_server_that_begins_later_knows_of_it(one: World, world: Callable[[str], World]) -> None:
    run = completed(one)
    alarm(one)

    two = world("two")
    two.round()

    assert two.loop.after_end == {run: 1}
    assert told(two, run) == told(one, run)


def test_a_run_that_was_rolled_back_is_listened_for_and_has_nothing_to_kill(one: World) -> None:
    run = one.start(PLAN)
    for _ in range(4):
        one.dial.turn(TICK)
        one.round()
    one.ask(run, RollBack(phase="all", reason="enough", emergency=True), ADA)
    for _ in range(4):
        one.dial.turn(TICK)
        one.round()
    assert one.run(run).status is Status.ROLLED_BACK

    alarm(one)

    assert told(one, run)[0].endswith("; nothing takes back what has ended")


def test_another_run_in_the_environment_hears_for_itself(one: World) -> None:
    run = completed(one)
    other = one.start(PLAN.replace("new_cart: 100%, new_prices", "new_till"))
    for _ in range(3):
        one.dial.turn(TICK)
        one.round()

    alarm(one)

    assert one.loop.after_end == {}
    assert told(one, run) == ()
    assert "rollback_started" in one.kinds(other)


def test_it_is_measured(one: World) -> None:
    run = completed(one)
    alarm(one)
    read = OwnMeasures(one.store, one.loop, None, one.board)._of_runs()  # type: ignore[arg-type]  # no clock is asked

    samples = {measure.name: measure.samples for measure in read}

    assert samples["phasegate_sentinels_after_end"] == (({"run": run}, 1),)


def test_a_sentinel_that_came_just_before_the_end_and_was_not_judged_is_told(one: World) -> None:
    run = completed(one)
    (end,) = (event for event in one.store.events(run) if event.kind == "completed")
    before = end.at.timestamp()

    one.dial.now = end.at
    told_then = Observation(
        event="safety.critical",
        subject=None,
        attributes={"phasegate.component": "new_cart"},
        at_s=before,
    )
    one.intake.take([told_then], before)
    one.round()

    assert one.loop.after_end == {run: 1}


def test_a_run_that_is_over_and_cannot_be_read_does_not_stop_the_others(one: World) -> None:
    run = completed(one)
    alarm(one)

    one.reconciler._afterwards._store = Unreadable()
    one.dial.turn(TICK)
    before = one.loop.last
    one.round()

    assert one.loop.last is not before
    assert one.loop.after_end == {run: 1}


def test_what_could_not_be_counted_is_no_event(one: World) -> None:
    run = completed(one)
    one.dial.turn(TICK)
    sampled = Tally(
        run=run,
        phase="alpha",
        component="new_cart",
        attempt=1,
        series="safety_critical",
        arm=Arm.TREATMENT,
        bucket=int(one.dial().timestamp()),
        seen=-1,
        bad=Uncountable.SAMPLED.value,
        writer="w",
        sequence=1,
    )
    one.store.add_evidence([(sampled, int(one.dial().timestamp() * 1000))], [])

    one.round()

    assert one.loop.after_end == {run: 0}
