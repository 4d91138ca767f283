"""One control plane, several environments: what breaks in one takes nothing back in another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any

from phasegate import service
from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.command import Refusal, Retry, RollBack
from phasegate.core.watching import watches
from phasegate.testing.checkout import ADA, checkout_text
from phasegate.testing.dial import Dial
from phasegate.testing.world import World

PLAN = checkout_text("new_cart: 50%", environment="production")

COUNTED = """
  refunds:
    kind: share
    source: prometheus
    query_all: 'orders_total{flag="{flag}", variant="{variant}"WHERE}'
    query_bad: 'refunds_total{flag="{flag}", variant="{variant}"WHERE} or vector(0)'
"""

SECOND = timedelta(seconds=1)


def healthy(treated: frozenset[str], chance: Random) -> Mapping[str, Any]:
    return {"error": False}


def broken(treated: frozenset[str], chance: Random) -> Mapping[str, Any]:
    return {"error": "new_cart" in treated}


def harmful(treated: frozenset[str], chance: Random) -> Mapping[str, Any]:
    happened = {"event:safety.critical": {"phasegate.component": "new_cart"}}
    return {"error": False, **(happened if "new_cart" in treated else {})}


def exposed(world: World) -> tuple[str, str]:
    runs = world.start(PLAN), world.start(PLAN, environment="staging")
    for _ in range(4):
        world.round()
    assert [world.kinds(run)[-1] for run in runs] == ["exposure_confirmed"] * 2
    return runs


def test_two_runs_over_the_same_flags_are_judged_each_by_its_own_traffic(
    world: Callable[[str], World], dial: Dial
) -> None:
    one = world("one")
    production, staging = exposed(one)

    for _ in range(20):
        dial.turn(SECOND)
        one.patients(40, healthy, environment="production", over=SECOND)
        one.patients(40, broken, environment="staging", over=SECOND)
        one.round()

    assert "rollback_confirmed" in one.kinds(staging)
    assert one.kinds(production)[-1] == "exposure_confirmed"
    guard = next(j for j in one.view(production).evidence.guards if j.component == "new_cart")
    assert 0 < guard.n + guard.control_n <= 800
    assert guard.bad == 0


def test_a_sentinel_takes_back_where_it_happened_alone(
    world: Callable[[str], World], dial: Dial
) -> None:
    one = world("one")
    production, staging = exposed(one)

    dial.turn(SECOND)
    one.patients(40, harmful, environment="staging", over=SECOND)
    one.round()

    assert "rollback_started" in one.kinds(staging)
    assert "rollback_started" not in one.kinds(production)


def counting(where: str) -> str:
    told = COUNTED.replace("WHERE", where)
    counted = PLAN.replace("\nphases:", told + "endpoints: {prometheus: 'http://p'}\nphases:")
    return counted.replace("[error_rate > 5%,", "[error_rate > 5%, refunds > 9%,")


def test_a_source_that_would_count_for_both_keeps_the_second_run_from_starting(
    world: Callable[[str], World], dial: Dial, store: MemoryStore
) -> None:
    one = world("one")
    one.start(counting(""))
    asked = service.StartRequest(text=counting(""), origin="plan.yaml", environment="staging")

    refused = service.start(store, asked, ADA, dial())

    assert isinstance(refused, Refusal)
    assert refused.code == "flags-watched-elsewhere"


def test_a_source_that_is_told_the_environment_may_count_for_both(
    world: Callable[[str], World],
) -> None:
    one = world("one")
    plan = counting(', environment="{environment}"')

    one.start(plan)
    one.start(plan, environment="staging")
    for _ in range(4):
        one.round()
    one.dial.turn(timedelta(minutes=2))
    one.round()

    assert {asked.environment for asked in one.source.asked} == {"production", "staging"}


def test_a_trial_starts_with_its_exposure_for_whoever_watches_it(
    world: Callable[[str], World], dial: Dial
) -> None:
    one = world("one")
    run = one.start(PLAN)
    for _ in range(4):
        one.round()
    began = dial().timestamp()
    dial.turn(timedelta(minutes=3))
    two = world("two")
    two.round()

    first, again = (each.view(run) for each in (one, two))

    assert watches(first.plan, first.run) == watches(again.plan, again.run)
    assert {watch.since for watch in watches(again.plan, again.run)} == {began}


def test_what_happened_before_a_retry_is_not_held_against_it(
    world: Callable[[str], World], dial: Dial
) -> None:
    one = world("one")
    run = one.start(PLAN)
    for _ in range(4):
        one.round()
    one.ask(run, RollBack(phase="current", reason="Ada saw something"), ADA)
    one.round()
    one.ask(run, Retry(reason="mended"), ADA)
    dial.turn(timedelta(minutes=1))
    one.round()
    late = dial() - timedelta(seconds=30)

    dial.turn(-timedelta(seconds=30))
    one.patients(400, broken, environment="production", over=SECOND)
    dial.turn(timedelta(seconds=31))
    one.intake.flush(dial().timestamp())
    one.round()

    assert dial() > late
    assert one.kinds(run)[-1] == "exposure_confirmed"
    assert one.tallier.counters.before_watch > 0
