"""What is scheduled happens when its time has come, once, and on record."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from phasegate import service
from phasegate.adapters.stores.memory import MemoryStore
from phasegate.core.command import Draft, Person
from phasegate.core.event import Event
from phasegate.core.plan import Role
from phasegate.engine.schedules import Schedules
from phasegate.flags.document import FlagState
from phasegate.ports import Fence

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
ADA = Person(name="Ada", role=Role.OPERATOR)


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def published() -> list[str]:
    return []


@pytest.fixture
def schedules(store: MemoryStore, published: list[str]) -> Schedules:
    return Schedules(store, published.append)


def schedule(store: MemoryStore, exposure: int, hours: int, flag: str = "new_cart") -> None:
    at = (NOON + timedelta(hours=hours)).isoformat()
    body = {"flag": flag, "exposure": exposure, "at": at, "reason": "opening"}
    draft = Draft(kind="flag_scheduled", body=body)
    answer = service.change_flag(store, "production", draft, ADA, NOON)
    assert isinstance(answer, Event), answer


def turn(schedules: Schedules, store: MemoryStore, hours: int) -> list[Event]:
    schedules.turn(store.logs(), NOON + timedelta(hours=hours))
    return store.events("flags:production")


def test_nothing_happens_before_its_time(
    schedules: Schedules, store: MemoryStore, published: list[str]
) -> None:
    schedule(store, 2500, hours=2)

    assert [event.kind for event in turn(schedules, store, 1)] == ["flag_scheduled"]
    assert published == []


def test_what_is_due_is_set_once_by_the_clock_in_order(
    schedules: Schedules, store: MemoryStore, published: list[str]
) -> None:
    schedule(store, 10_000, hours=2)
    schedule(store, 2500, hours=1)

    turn(schedules, store, 3)
    events = turn(schedules, store, 4)

    assert [(event.kind, event.actor, event.body["exposure"]) for event in events[2:]] == [
        ("flag_set", "engine", 2500),
        ("flag_set", "engine", 10_000),
    ]
    assert events[2].body["reason"] == "scheduled by Ada in event 2"
    assert service.journal(store, "production").exposures == {"new_cart": 10_000}
    assert published == ["production", "production"]


def test_what_a_run_has_taken_meanwhile_is_taken_off_the_schedule(
    schedules: Schedules, store: MemoryStore
) -> None:
    schedule(store, 10_000, hours=1)
    fence = Fence(log="checkout-1", number=1)
    taken = FlagState(key="new_cart", exposure=100, on_trial=True)
    store.put_flag_states("production", [taken], fence)

    last = turn(schedules, store, 2)[-1]

    assert last.kind == "flag_unscheduled"
    assert "belongs to a run" in str(last.body["reason"])
    assert len(turn(schedules, store, 3)) == 2
