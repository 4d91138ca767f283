"""A restored store does not know what came after its backup, and raises nothing on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from phasegate import service
from phasegate.adapters.stores import archive
from phasegate.adapters.stores.sqlite import SqliteStore
from phasegate.core.audit import verify
from phasegate.core.command import Draft, Resume, Retry
from phasegate.core.event import Event
from phasegate.core.run import TrialState
from phasegate.engine.rederive import rederive
from phasegate.engine.restored import settlement
from phasegate.flags.journal import log_of
from phasegate.flags.order import order_of
from phasegate.ports import Settlement
from phasegate.testing.checkout import ADA, NOON
from phasegate.testing.world import World

PLAN = (Path(__file__).parents[2] / "plans" / "checkout.yaml").read_text()


class Hosts:
    """Stores on machines of their own; each that is opened is closed at the end."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.opened: list[SqliteStore] = []

    def new(self) -> SqliteStore:
        self.opened.append(SqliteStore(self.place / f"{len(self.opened)}.db"))
        return self.opened[-1]


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    made = Hosts(tmp_path)
    yield made
    for store in made.opened:
        store.close()


def healthy(treated: frozenset[str], _: object) -> dict[str, object]:
    return {"error": False, "duration": 300.0}


def until(here: World, kind: str, run: str) -> None:
    for _ in range(100):
        if kind in here.kinds(run):
            return
        here.dial.turn(timedelta(seconds=2))
        here.patients(50, healthy, environment="demo", over=timedelta(seconds=2))
        here.round()
    raise AssertionError(f"no {kind}: {here.kinds(run)}")


def backed_up(hosts: Hosts, here: World) -> Path:
    path = hosts.place / "backup"
    archive.back_up(here.store, path, "sqlite", here.dial(), lambda _: lambda _: None)
    return path


def restored(hosts: Hosts, path: Path, now: timedelta, *, as_it_was: bool = False) -> World:
    """Restore onto a new machine, whose clock says so long after noon."""
    fresh = hosts.new()
    there = World(store=fresh)
    there.dial.turn(now)
    there.reconciler.watch_from(there.dial(), ["demo"])  # its server begins only now

    def settle(logs: archive.Logs, plans: dict[str, tuple[str, str]]) -> Settlement:
        return settlement(
            logs,
            plans,
            why="restored from a backup",
            actor="Ada",
            now=there.dial(),
            made_at=NOON,
            as_it_was=as_it_was,
        )

    archive.restore(fresh, path, settle, lambda _: lambda _: None)
    return there


def kinds(events: Sequence[Event]) -> list[str]:
    return [event.kind for event in events]


def test_what_was_exposed_at_the_backup_is_taken_back_and_the_run_is_paused(hosts: Hosts) -> None:
    here = World(store=hosts.new())
    run = here.start(PLAN, environment="demo", pace=60)
    until(here, "exposure_confirmed", run)
    path = backed_up(hosts, here)

    there = restored(hosts, path, timedelta(hours=1))
    for _ in range(20):
        there.dial.turn(timedelta(seconds=2))
        there.round()

    state = there.run(run)
    assert there.kinds(run)[-2:] == ["rollback_started", "paused"]
    assert {trial.state for trial in state.trials.values()} == {TrialState.WITHDRAWN}
    assert all(
        there.flags("demo").evaluate(key, "patient-1", {}).variant != "on"
        for key in there.flags("demo").keys
    )
    assert verify(there.store.events(run)) == ()
    assert rederive(there.store, run).same


def test_a_rollback_is_not_confirmed_while_applications_of_before_may_still_serve(
    hosts: Hosts,
) -> None:
    here = World(store=hosts.new())
    run = here.start(PLAN, environment="demo", pace=60)
    until(here, "exposure_confirmed", run)

    there = restored(hosts, backed_up(hosts, here), timedelta(hours=1))
    there.round()
    waits = "rollback_confirmed" not in there.kinds(run)
    with there.store._database.writing() as writing:
        writing.execute("UPDATE reports SET at_ms = at_ms - 10000, until_ms = at_ms - 1")
    there.dial.turn(timedelta(seconds=2))
    there.round()

    assert waits
    assert there.kinds(run)[-1] == "rollback_confirmed"


def test_what_is_restored_again_is_newer_than_what_was_restored_before(hosts: Hosts) -> None:
    """Else applications would keep the flags of the first restored store, whatever is killed."""
    here = World(store=hosts.new())
    run = here.start(PLAN, environment="demo", pace=60)
    until(here, "exposure_confirmed", run)
    path = backed_up(hosts, here)
    first = restored(hosts, path, timedelta(hours=1))
    killed = Draft(kind="flag_killed", body={"flag": "new_cart", "reason": "rash"})
    service.change_flag(first.store, "demo", killed, ADA, first.dial())

    again = restored(hosts, path, timedelta(hours=2))

    before, after = (order_of(one.target.document("demo")[1]) for one in (first, again))
    assert before is not None
    assert after is not None
    assert before.before(after)


def test_a_person_lets_a_restored_run_go_on(hosts: Hosts) -> None:
    here = World(store=hosts.new())
    run = here.start(PLAN, environment="demo", pace=60)
    until(here, "exposure_confirmed", run)
    there = restored(hosts, backed_up(hosts, here), timedelta(hours=1))
    with there.store._database.writing() as writing:
        writing.execute("DELETE FROM reports")
    there.round()

    there.ask(run, Retry(reason="nothing had tripped"), ADA)
    there.ask(run, Resume(reason="nothing had tripped"), ADA)
    there.dial.turn(timedelta(seconds=2))
    there.round()

    assert there.kinds(run).count("exposed") == 2
    assert there.run(run).exposed


def test_as_it_was_a_run_goes_on_where_it_stopped(hosts: Hosts) -> None:
    here = World(store=hosts.new())
    run = here.start(PLAN, environment="demo", pace=60)
    until(here, "exposure_confirmed", run)
    before = here.kinds(run)

    there = restored(hosts, backed_up(hosts, here), timedelta(minutes=2), as_it_was=True)
    there.round()

    assert there.kinds(run)[: len(before)] == before
    assert "paused" not in there.kinds(run)
    assert there.run(run).exposed
    assert rederive(there.store, run).same


def test_a_run_that_had_ended_is_left_as_it_is(hosts: Hosts) -> None:
    here = World(store=hosts.new())
    run = here.start(PLAN, environment="demo", pace=60)
    until(here, "exposure_confirmed", run)
    from phasegate.core.command import RollBack

    here.ask(run, RollBack(phase="all", reason="enough"), ADA)
    until(here, "rollback_confirmed", run)

    there = restored(hosts, backed_up(hosts, here), timedelta(hours=1))

    assert there.kinds(run) == here.kinds(run)


def test_what_was_scheduled_for_the_time_in_between_does_not_happen_by_itself(
    hosts: Hosts,
) -> None:
    here = World(store=hosts.new())
    for hours in (1, 3):
        at = (NOON + timedelta(hours=hours)).isoformat()
        body = {"flag": "banner", "exposure": 10_000, "at": at, "reason": "the sale begins"}
        answer = service.change_flag(
            here.store, "demo", Draft(kind="flag_scheduled", body=body), ADA, here.dial()
        )
        assert isinstance(answer, Event), answer

    there = restored(hosts, backed_up(hosts, here), timedelta(hours=2))
    there.round()

    log = there.store.events(log_of("demo"))
    assert kinds(log) == ["flag_scheduled", "flag_scheduled", "flag_unscheduled"]
    assert log[-1].body["scheduled"] == 1
