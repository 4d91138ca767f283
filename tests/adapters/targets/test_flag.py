"""Exposure as flags: written behind a fence, published, and believed only once it is read back."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from phasegate.adapters.stores.memory import MemoryStore
from phasegate.adapters.targets.flag import FlagTarget
from phasegate.core.command import Draft
from phasegate.core.event import START_OF_CHAIN, Event, chain
from phasegate.flags.document import FlagState
from phasegate.ports import Conflict, Fence, Unavailable
from phasegate.server.board import FlagBoard
from phasegate.service import change_flag
from phasegate.testing.checkout import ADA, NOON

CART = FlagState(key="new_cart", exposure=2500, on_trial=True)
PRICES = FlagState(key="new_prices", exposure=10_000, on_trial=True)


class Place:
    """A target over a real board. stale: what is read back instead of what is served."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.board = FlagBoard()
        self.stale: dict[str, Any] | None = None
        self.target = FlagTarget(self.store, self.board, self._read_back)

    def bring(self, *states: FlagState, number: int = 1, log: str = "checkout-1") -> None:
        self.target.bring("staging", states, Fence(log=log, number=number))

    def kill(self, key: str, kind: str = "flag_killed") -> None:
        draft = Draft(kind=kind, body={"flag": key, "reason": "wrong totals"})
        assert isinstance(change_flag(self.store, "staging", draft, ADA, NOON), Event)
        self.target.publish("staging")

    def is_on(self, key: str, subject: str) -> bool:
        published = self.board.current("staging")
        assert published is not None
        return published.flags.evaluate(key, subject, {}).value is True

    def share(self, key: str) -> float:
        return sum(self.is_on(key, f"patient-{number}") for number in range(1000)) / 1000

    def _read_back(self, environment: str) -> dict[str, Any]:
        published = self.board.current(environment)
        served: dict[str, Any] = json.loads(published.body) if published else {}
        return served if self.stale is None else self.stale


@pytest.fixture
def place() -> Place:
    return Place()


def test_what_is_brought_is_served_and_confirmed(place: Place) -> None:
    place.bring(CART)

    assert place.share("new_cart") == pytest.approx(0.25, abs=0.05)
    assert place.target.unconfirmed("staging", [CART]) == ()


def test_bringing_the_same_again_changes_no_version(place: Place) -> None:
    place.bring(CART)
    before = place.board.current("staging")

    place.bring(CART)

    assert place.board.current("staging") is before


def test_an_ended_run_that_is_brought_once_more_leaves_what_people_set_since(
    place: Place,
) -> None:
    back = FlagState(key="new_cart", exposure=0)
    place.bring(back)
    over = {"flag": "new_cart", "exposure": 10_000, "reason": "agreed", "over": "checkout-1"}
    event = chain(
        log="flags:staging",
        number=1,
        at=NOON,
        kind="flag_set",
        actor="Ada",
        body=over,
        previous=START_OF_CHAIN,
    )
    place.store.append(event)

    place.bring(back)

    assert place.share("new_cart") == 1
    assert len(place.store.events("flags:staging")) == 1


def test_a_write_that_comes_late_is_refused_and_changes_nothing(place: Place) -> None:
    place.bring(FlagState(key="new_cart", exposure=0), number=5)

    with pytest.raises(Conflict):
        place.bring(PRICES, CART, number=3)

    assert place.share("new_cart") == 0


def test_flags_of_others_stay_as_they_are(place: Place) -> None:
    place.bring(PRICES, log="prices-1")
    place.bring(CART, log="checkout-1")

    assert place.share("new_prices") == 1


def test_what_is_read_back_otherwise_is_not_confirmed(place: Place) -> None:
    place.bring(CART)

    for stale in ({}, {"flags": {}}, {"flags": {"new_cart": {"state": "ENABLED"}}}):
        place.stale = stale
        assert place.target.unconfirmed("staging", [CART]) == (
            "flag new_cart is not served as wanted",
        )


def test_what_cannot_be_read_back_is_unavailable_not_confirmed() -> None:
    def nobody(_: str) -> dict[str, Any]:
        raise Unavailable("flags cannot be read back")

    target = FlagTarget(MemoryStore(), FlagBoard(), nobody)

    with pytest.raises(Unavailable):
        target.unconfirmed("staging", [CART])


def test_an_application_that_lags_is_named_until_it_confirms(place: Place) -> None:
    place.bring(CART)

    async def connect() -> tuple[tuple[str, ...], tuple[str, ...]]:
        stream = place.board.open("staging", "shop-1")
        place.board.news(stream)
        before = place.target.unconfirmed("staging", [CART])
        place.board.acknowledge(stream.id, 1)
        return before, place.target.unconfirmed("staging", [CART])

    before, after = asyncio.run(connect())

    assert before == ("application shop-1 has not confirmed",)
    assert after == ()


def test_an_application_that_was_lost_under_lease_may_still_serve(place: Place) -> None:
    place.board.beat("staging", 60_000)
    place.bring(CART)
    back = FlagState(key="new_cart", exposure=0)

    async def connect_and_vanish() -> None:
        stream = place.board.open("staging", "shop-1")
        place.board.news(stream)
        place.board.acknowledge(stream.id, 1)
        place.board.news(stream)  # its lease, since the newest flags are in force there
        place.bring(back, number=2)
        place.board.leave(stream)

    asyncio.run(connect_and_vanish())

    assert place.target.unconfirmed("staging", [back]) == (
        "application shop-1 was lost and may still serve",
    )


def test_a_killed_flag_is_off_whatever_a_run_brings(place: Place) -> None:
    place.bring(PRICES)
    place.kill("new_prices")
    assert place.share("new_prices") == 0

    place.bring(PRICES, number=2)
    assert place.share("new_prices") == 0
    assert place.target.unconfirmed("staging", [PRICES]) == ("flag new_prices is killed by hand",)

    place.kill("new_prices", kind="flag_revived")
    assert place.share("new_prices") == 1


def test_versions_only_grow_whoever_changes_something(place: Place) -> None:
    versions = []
    for change in (
        lambda: place.bring(CART),
        lambda: place.kill("new_cart"),
        lambda: place.bring(PRICES, number=2),
        lambda: place.kill("new_cart", kind="flag_revived"),
    ):
        change()
        versions.append(place.target.document("staging")[0])

    assert versions == sorted(set(versions))


def test_what_was_read_before_a_rollback_is_not_served_after_it(place: Place) -> None:
    """One thread reads what to serve, and another serves a rollback before the first goes on."""
    place.bring(PRICES)
    read = place.store.flag_states

    def overtaken(environment: str) -> tuple[int, list[FlagState]]:
        before = read(environment)
        place.store.flag_states = read  # type: ignore[method-assign]
        withdrawn = [FlagState(key="new_prices", exposure=0)]
        place.store.put_flag_states(environment, withdrawn, Fence(log="checkout-1", number=2))
        place.target.serve(environment, place.target.wanted(environment))
        return before

    place.store.flag_states = overtaken  # type: ignore[method-assign,assignment]
    place.target.publish("staging")

    assert not place.is_on("new_prices", "patient-1")
