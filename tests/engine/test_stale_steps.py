"""What was proven before a phase exposes nobody once it has grown old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.command import Pause, Resume
from phasegate.core.event import Event
from phasegate.engine.rederive import rederive
from phasegate.ports import Exercise
from phasegate.testing.checkout import ADA
from phasegate.testing.world import Dial, World

PLAN = """
plan: checkout
environment: demo
author: ben
traffic: 600/min
{window}
metrics: {{error_rate: {{kind: share, bad: error}}}}
phases:
  alpha:
    lasts: 1h to 8h
    risk: low
    before: [run: check-database, run: check-network]
    components: {{new_cart: 100%}}
    pass_when: [error_rate < 2%]
    roll_back_when: [error_rate > 5%]
"""
DAY = timedelta(days=1)
NO_ANSWER = Exercise(passed=None, exercised=0, seen="no answer")


@pytest.fixture
def one(world: Callable[[str], World]) -> World:
    made = world("one")
    made.check.answers["check-network"] = NO_ANSWER
    return made


def begun(one: World, window: str = "") -> str:
    """Start a run whose database is well, and whose network does not answer yet."""
    run = one.start(PLAN.format(window=window))
    turn(one, timedelta(seconds=10))
    assert "exposed" not in one.kinds(run)
    return run


def turn(one: World, span: timedelta) -> None:
    one.dial.turn(span)
    one.round()
    one.round()


def asked(one: World, what: str = "check-database") -> int:
    return sum(name.startswith(what) for name in one.check.asked)


def ask(one: World, run: str, request: Pause | Resume) -> None:
    assert isinstance(one.ask(run, request, ADA), Event)


def test_what_passed_before_a_pause_is_proven_anew(one: World) -> None:
    run = begun(one)
    ask(one, run, Pause(reason="the database is moved"))
    one.check.answers = {"check-database": NO_ANSWER}
    turn(one, 20 * DAY)
    ask(one, run, Resume(reason="it is there"))

    turn(one, timedelta(seconds=10))
    held = one.view(run).decision
    one.check.answers = {}
    turn(one, timedelta(minutes=2))

    assert (held.rule, held.reasons[0]) == (
        "steps_unfinished",
        "run check-database could not do its job: no answer",
    )
    assert "exposed" in one.kinds(run)
    assert rederive(one.store, run).differences == ()


def test_what_passed_more_than_a_day_ago_is_proven_anew(one: World) -> None:
    run = begun(one)
    before = asked(one)

    turn(one, DAY + timedelta(minutes=1))
    again = asked(one)
    one.check.answers = {}
    turn(one, timedelta(minutes=2))

    assert (before, again) == (1, 2)
    assert "exposed" in one.kinds(run)


def test_what_passed_within_a_day_stands(one: World) -> None:
    run = begun(one)

    turn(one, DAY - timedelta(minutes=10))
    one.check.answers = {}
    turn(one, timedelta(minutes=2))

    assert asked(one) == 1
    assert "exposed" in one.kinds(run)


def test_nothing_is_proven_anew_while_the_window_is_closed(one: World, dial: Dial) -> None:
    dial.now = datetime.fromisoformat("2030-01-04T17:50:00+00:00")  # a Friday
    run = begun(one, 'window: "mon-fri 08:00-18:00 +00:00"')
    turn(one, timedelta(minutes=20))
    one.check.answers = {}
    turn(one, timedelta(minutes=2))
    turn(one, 2 * DAY)
    weekend = asked(one)

    turn(one, timedelta(hours=15))

    assert weekend == 1
    assert asked(one) == 2
    assert "exposed" in one.kinds(run)


def test_what_is_exposed_already_needs_no_step_again(one: World) -> None:
    one.check.answers = {}
    run = one.start(PLAN.format(window=""))
    turn(one, timedelta(seconds=10))
    assert "exposed" in one.kinds(run)

    ask(one, run, Pause(reason="lunch"))
    ask(one, run, Resume(reason="back"))
    turn(one, timedelta(minutes=1))

    assert asked(one) == 1
    assert one.view(run).decision.rule == "soaking"


def test_a_failure_is_not_forgotten_by_a_pause(one: World, store: MemoryStore) -> None:
    one.check.answers = {"check-database": Exercise(passed=False, exercised=1, seen="broken")}
    run = begun(one)
    one.check.answers = {}
    ask(one, run, Pause(reason="mended"))
    ask(one, run, Resume(reason="mended"))

    turn(one, timedelta(minutes=2))

    assert one.view(run).decision.reasons[0].startswith("run check-database failed")
