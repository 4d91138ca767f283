"""Replay: what was decided follows from what was stored, or the difference is named."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.cli.main import cli
from phasegate.core.event import START_OF_CHAIN, chain
from phasegate.core.evidence import Position
from phasegate.core.judge.versions import METHODS
from phasegate.engine.rederive import rederive
from phasegate.testing.world import World

PLAN = (Path(__file__).parents[2] / "plans" / "checkout.yaml").read_text()


class Shoppers:
    """Customers; `failing` is the share of treated ones who meet an error."""

    failing = 0.0

    def __call__(self, treated: frozenset[str], chance: random.Random) -> dict[str, object]:
        return {"error": bool(treated) and chance.random() < self.failing, "duration": 300.0}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "phasegate.sqlite")
    yield opened
    opened.close()


@pytest.fixture
def ran(store: SqliteStore) -> str:
    """A run whose first phase passed and whose second was taken back."""
    world, shoppers = World(store=store), Shoppers()
    run = world.start(PLAN, environment="demo", pace=240)
    go(world, shoppers, lambda: "alpha" in world.run(run).passed)
    go(world, shoppers, lambda: bool(world.run(run).trials["new_cart"].exposure == 2500))
    shoppers.failing = 0.5
    go(world, shoppers, lambda: "rollback_confirmed" in world.kinds(run))
    return run


def go(world: World, shoppers: Shoppers, until: Callable[[], bool]) -> None:
    for _ in range(200):
        if until():
            return
        world.dial.turn(timedelta(seconds=2))
        world.patients(200, shoppers, environment="demo", over=timedelta(seconds=2))
        world.round()
    raise AssertionError("it did not come to that")


def test_every_decision_of_a_run_is_derived_as_it_was_written(store: SqliteStore, ran: str) -> None:
    found = rederive(store, ran)

    assert (found.differences, found.methods) == ((), ())
    assert found.decisions >= 5
    assert found.events == len(store.events(ran))


def test_a_run_under_way_is_replayed_as_far_as_it_is(store: SqliteStore, ran: str) -> None:
    assert rederive(store, ran) == rederive(store, ran)


def test_evidence_that_was_changed_later_is_found_out(
    tmp_path: Path, store: SqliteStore, ran: str
) -> None:
    with sqlite3.connect(tmp_path / "phasegate.sqlite") as behind:
        behind.execute("UPDATE tallies SET bad = 0, newly_bad = 0, subjects_bad = 0, again_bad = 0")

    found = rederive(store, ran)

    assert [difference.code for difference in found.differences] == ["decision-differs"]
    assert "rollback_started is derived as" in found.differences[0].sentence


def test_evidence_that_is_gone_is_found_out(tmp_path: Path, store: SqliteStore, ran: str) -> None:
    with sqlite3.connect(tmp_path / "phasegate.sqlite") as behind:
        behind.execute("DELETE FROM tallies")

    found = rederive(store, ran)

    assert [difference.code for difference in found.differences] == ["evidence-missing"]


def test_a_log_that_does_not_hold_is_not_replayed(
    tmp_path: Path, store: SqliteStore, ran: str
) -> None:
    with sqlite3.connect(tmp_path / "phasegate.sqlite") as behind:
        behind.execute("DROP TRIGGER events_are_never_edited")
        behind.execute("UPDATE events SET kind = 'paused' WHERE kind = 'rollback_confirmed'")

    assert "event-edited" in {difference.code for difference in rederive(store, ran).differences}


def test_a_method_of_another_version_is_named(store: SqliteStore, ran: str) -> None:
    old = MemoryStore()
    previous = START_OF_CHAIN
    for event in store.events(ran):
        body = dict(event.body)
        if "methods" in body:
            body["methods"] = {**dict(body["methods"]), "relative": 1}  # type: ignore[call-overload] JSON
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
    for row in store.tallies(ran, Position(), 10**15):
        old.add_evidence([(row.tally, row.position.ripe_ms)], [])
    text, origin = store.plan_text(str(store.events(ran)[0].body["plan_hash"]))
    old.save_plan(str(store.events(ran)[0].body["plan_hash"]), text, origin)

    found = rederive(old, ran)

    now = METHODS["relative"]
    assert found.methods == (f"relative was judged by version 1, now by {now}",)


def test_an_unknown_run_cannot_be_replayed(store: SqliteStore) -> None:
    with pytest.raises(KeyError):
        rederive(store, "nobody")


def test_the_command_replays_offline(tmp_path: Path, ran: str) -> None:
    told = CliRunner().invoke(cli, ["replay", ran, "--data", str(tmp_path)])

    assert told.exit_code == 0, told.output
    assert "derived alike" in told.output


def test_the_command_fails_with_the_differences(tmp_path: Path, ran: str) -> None:
    with sqlite3.connect(tmp_path / "phasegate.sqlite") as behind:
        behind.execute("DELETE FROM tallies")

    told = CliRunner().invoke(cli, ["replay", ran, "--data", str(tmp_path)])

    assert told.exit_code == 1
    assert "[replay-differs]" in told.output
