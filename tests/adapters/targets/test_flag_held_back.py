"""Exposure as flags: published in order, held back without a store, confirmed everywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.adapters.targets.flag import FlagTarget
from phasegate.core.event import START_OF_CHAIN, chain
from phasegate.flags.document import FlagState
from phasegate.flags.order import order_of
from phasegate.ports import Fence, Reach, Unavailable
from phasegate.server.board import FlagBoard
from phasegate.testing.checkout import NOON

CART = FlagState(key="cart", exposure=10_000)
PRICES = FlagState(key="prices", exposure=10_000)


class Gone(MemoryStore):
    """A store that can go away."""

    away = False

    def flag_states(self, environment: str) -> tuple[int, list[FlagState]]:
        if self.away:
            raise Unavailable("the store is gone")
        return super().flag_states(environment)


class Desk:
    """A target with its board and its store."""

    def __init__(self) -> None:
        self.store, self.board = Gone(), FlagBoard()
        self.target = FlagTarget(self.store, self.board, self.served, "one")

    def served(self, environment: str) -> dict[str, Any]:
        published = self.board.current(environment)
        return json.loads(published.body) if published else {}

    def bring(self, number: int, *states: FlagState) -> None:
        self.target.bring("demo", states, Fence(log="run-1", number=number))

    def variants(self) -> dict[str, Any]:
        published = self.board.current("demo")
        assert published is not None
        return {key: published.flags.evaluate(key, "p", {}).variant for key in ("cart", "prices")}

    @property
    def version(self) -> int:
        published = self.board.current("demo")
        return published.version if published else 0


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.bring(1, CART, PRICES)
    return desk


def test_what_is_held_back_is_off_at_once_and_nothing_else_is(desk: Desk) -> None:
    desk.store.away = True

    desk.target.hold_back("demo", frozenset({"cart"}))

    assert desk.variants() == {"cart": "off", "prices": "on"}


def test_applications_are_told_of_what_is_held_back_under_a_new_version(desk: Desk) -> None:
    before = desk.version

    desk.target.hold_back("demo", frozenset({"cart"}))

    assert desk.version == before + 1


def test_what_is_held_back_stays_so_whatever_the_store_says(desk: Desk) -> None:
    desk.target.hold_back("demo", frozenset({"cart"}))
    desk.bring(2, FlagState(key="prices", exposure=0))

    assert desk.variants() == {"cart": "off", "prices": "off"}


def test_what_is_held_back_no_longer_is_served_as_the_store_says(desk: Desk) -> None:
    desk.target.hold_back("demo", frozenset({"cart"}))
    desk.target.hold_back("demo", frozenset())

    assert desk.variants() == {"cart": "on", "prices": "on"}


def test_versions_grow_also_when_the_store_catches_up_with_what_was_held_back(
    desk: Desk,
) -> None:
    desk.target.hold_back("demo", frozenset({"cart"}))
    held = desk.version
    desk.bring(2, FlagState(key="cart", exposure=0))

    assert desk.version > held
    assert desk.target.unconfirmed("demo", [FlagState(key="cart", exposure=0)]) == ()


def test_reach_counts_in_the_stores_versions(desk: Desk) -> None:
    desk.target.hold_back("demo", frozenset({"cart"}))

    assert desk.target.reach("demo").version == 1


def test_a_store_that_was_set_back_is_published_under_a_newer_version(desk: Desk) -> None:
    for number in range(2, 6):
        desk.bring(number, FlagState(key="cart", exposure=100 * number))
    before = desk.version
    desk.store = Gone()
    restored = FlagTarget(desk.store, desk.board, desk.served, "one")
    restored._served = desk.target._served
    desk.store.put_flag_states("demo", [CART, PRICES], Fence(log="run-1", number=1))

    restored.publish("demo")

    assert desk.version > before
    assert desk.variants() == {"cart": "on", "prices": "on"}


def test_what_another_server_has_not_carried_out_is_not_confirmed(desk: Desk) -> None:
    reach = Reach(environment="demo", version=0, streams={}, lost={}, leased_ms=1000)
    desk.store.report("two", [reach])

    assert desk.target.unconfirmed("demo", [CART]) == ("server two does not serve it yet",)


def test_a_servers_own_report_is_not_asked(desk: Desk) -> None:
    reach = Reach(environment="demo", version=0, streams={"kiosk": 0}, lost={}, leased_ms=1000)
    desk.store.report("one", [reach])

    assert desk.target.unconfirmed("demo", [CART]) == ()


def test_a_version_that_counts_peoples_changes_contains_all_that_was_put_before(
    desk: Desk,
) -> None:
    """Whoever has journal entry n has read the flags after it was written."""
    order: list[str] = []
    states, events = desk.store.flag_states, desk.store.events
    desk.store.flag_states = lambda e: (order.append("flags"), states(e))[1]  # type: ignore[method-assign]  # a fake that listens
    desk.store.events = lambda log, after=0: (order.append("journal"), events(log, after))[1]  # type: ignore[method-assign]  # a fake that listens
    desk.store.append(
        chain(
            log="flags:demo",
            number=1,
            at=NOON,
            kind="flag_killed",
            actor="Ada",
            body={"flag": "cart", "reason": "wrong"},
            previous=START_OF_CHAIN,
        )
    )

    version, _ = desk.target.document("demo")

    assert order == ["journal", "flags"]
    assert version == 2


def test_what_is_held_back_here_does_not_count_where_documents_are_compared(desk: Desk) -> None:
    desk.bring(1, CART, PRICES)
    for flags in (frozenset({"cart"}), frozenset(), frozenset({"cart"})):
        desk.target.hold_back("demo", flags)
    held, there = order_of(desk.served("demo")), FlagTarget(desk.store, FlagBoard(), desk.served)

    there_is = order_of(there.document("demo")[1])

    assert held == there_is
    assert held is not None
    assert desk.version > held.number


def test_another_store_counts_anew(desk: Desk) -> None:
    desk.bring(1, CART)
    other = Desk()
    other.bring(1, CART)

    here, elsewhere = order_of(desk.served("demo")), order_of(other.served("demo"))

    assert here is not None
    assert elsewhere is not None
    assert here.count != elsewhere.count
