"""Soaking is watching: where nobody decided for long the log says so, and it begins anew."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.engine.rederive import rederive
from phasegate.testing.checkout import checkout_text
from phasegate.testing.dial import Dial
from phasegate.testing.world import World

PLAN = checkout_text()

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def dial() -> Dial:
    return Dial()


@pytest.fixture
def store(dial: Dial) -> Iterator[MemoryStore]:
    """A store whose clock is the servers' clock."""
    opened = MemoryStore(lambda: dial().timestamp())
    yield opened
    opened.close()


def soaking(store: MemoryStore, dial: Dial) -> str:
    """Expose, and watch for a minute."""
    one = World(store=store, dial=dial, name="one")
    run = one.start(PLAN, environment="demo")
    for _ in range(15):
        one.patients(20, well, environment="demo", over=4 * SECOND)
        one.round()
        dial.turn(4 * SECOND)
    return run


def well(treated: frozenset[str], chance: random.Random) -> dict[str, object]:
    return {"error": False}


def kinds(store: MemoryStore, run: str) -> list[str]:
    return [event.kind for event in store.events(run)]


def test_a_server_that_takes_over_at_once_goes_on_soaking(store: MemoryStore, dial: Dial) -> None:
    run = soaking(store, dial)
    dial.turn(SECOND * 5)

    two = World(store=store, dial=dial, name="two")
    two.round()

    assert two.loop.last.decided
    assert "watch_resumed" not in kinds(store, run)


def test_a_run_whose_telemetry_stopped_before_a_restart_holds_after_it(
    store: MemoryStore, dial: Dial
) -> None:
    """A server that begins anew knows no more than the evidence does: nobody has been seen."""
    run = soaking(store, dial)
    dial.turn(MINUTE * 2.4)
    two = World(store=store, dial=dial, name="two")
    two.round()
    before = two.view(run).decision
    dial.turn(MINUTE * 0.2)
    again = World(store=store, dial=dial, name="again")

    again.round()
    held = again.view(run).decision
    again.patients(20, well, environment="demo", over=4 * SECOND)
    again.round()

    assert before.rule == "soaking"
    assert (held.rule, held.kind) == ("guard_blind", None), "unseen for half of the five minutes"
    assert again.view(run).decision.rule == "soaking"
    assert "rollback_started" not in kinds(store, run)


def test_after_a_long_gap_the_log_says_so_and_soaking_begins_anew(
    store: MemoryStore, dial: Dial
) -> None:
    run = soaking(store, dial)
    dial.turn(MINUTE * 90)

    two = World(store=store, dial=dial, name="two")
    two.round()
    two.round()

    (told,) = [event for event in store.events(run) if event.kind == "watch_resumed"]
    unwatched = told.body["unwatched_ms"]
    assert isinstance(unwatched, int)
    assert 90 * 60_000 <= unwatched < 91 * 60_000
    seen = two.view(run).run
    assert seen.soaks_since == told.at
    assert seen.watched_since is not None
    assert seen.watched_since < told.at


def test_a_gap_is_a_fact_that_replay_takes_as_it_is(store: MemoryStore, dial: Dial) -> None:
    run = soaking(store, dial)
    dial.turn(MINUTE * 90)
    World(store=store, dial=dial, name="two").round()

    assert "watch_resumed" in kinds(store, run)
    assert rederive(store, run).same


def test_before_anything_is_exposed_a_gap_is_nothing(store: MemoryStore, dial: Dial) -> None:
    one = World(store=store, dial=dial, name="one")
    one.round()
    run = one.start(PLAN, environment="demo")
    dial.turn(MINUTE * 90)

    World(store=store, dial=dial, name="two").round()

    assert "watch_resumed" not in kinds(store, run)
