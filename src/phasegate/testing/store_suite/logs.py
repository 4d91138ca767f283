"""How a store keeps logs of events, and the plans that they follow."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from phasegate.core.audit import verify
from phasegate.core.event import START_OF_CHAIN, chain
from phasegate.ports import Conflict, Store
from phasegate.testing.store_suite.opened import OpenedStore
from phasegate.testing.store_suite.specimens import (
    NOON,
    event,
    grow,
    together,
)


class LogSentences(OpenedStore):
    """Numbers without gaps, chained, and one winner for each."""

    def test_a_new_store_has_no_logs(self, store: Store) -> None:
        assert store.logs() == []
        assert store.events("checkout-1") == []

    def test_an_event_comes_back_as_it_was_appended(self, store: Store) -> None:
        store.append(event(1))

        assert store.events("checkout-1") == [event(1)]

    def test_an_events_moment_keeps_its_offset_so_that_its_hash_still_fits(
        self, store: Store
    ) -> None:
        there = timezone(timedelta(hours=8))
        first = event(1)
        moved = chain(
            log=first.log,
            number=1,
            at=NOON.astimezone(there),
            kind=first.kind,
            actor=first.actor,
            body=first.body,
            previous=START_OF_CHAIN,
        )

        store.append(moved)

        assert verify(store.events("checkout-1")) == ()

    def test_events_after_a_number_are_returned_in_order(self, store: Store) -> None:
        grow(store, 5)

        assert [each.number for each in store.events("checkout-1", after=2)] == [3, 4, 5]

    def test_a_log_that_was_read_back_verifies(self, store: Store) -> None:
        head = grow(store, 5)

        assert verify(store.events("checkout-1"), (5, head)) == ()

    def test_a_number_that_is_taken_is_a_conflict(self, store: Store) -> None:
        first = grow(store, 1)
        store.append(event(2, first))

        with pytest.raises(Conflict, match="checkout-1"):
            store.append(event(2, first))

        assert len(store.events("checkout-1")) == 2

    def test_a_number_that_leaves_a_gap_is_a_conflict(self, store: Store) -> None:
        first = grow(store, 1)

        with pytest.raises(Conflict):
            store.append(event(3, first))

    def test_an_event_that_does_not_continue_the_chain_is_a_conflict(self, store: Store) -> None:
        grow(store, 1)

        with pytest.raises(Conflict):
            store.append(event(2, "f" * 64))

    def test_logs_are_numbered_each_for_itself_and_listed_oldest_first(self, store: Store) -> None:
        store.append(event(1, log="checkout-2"))
        store.append(event(1, log="checkout-1"))
        store.append(event(2, event(1, log="checkout-2").hash, log="checkout-2"))

        assert store.logs() == ["checkout-2", "checkout-1"]

    def test_of_many_who_append_at_once_exactly_one_wins_each_number(self, store: Store) -> None:
        def race(_: int) -> int:
            return sum(_wins(store, number) for number in range(1, 11))

        wins = together(race, 4)

        assert sum(wins) == 10
        assert verify(store.events("checkout-1")) == ()

    def test_a_plan_is_found_by_its_hash(self, store: Store) -> None:
        store.save_plan("c0ffee", "plan: checkout\n", "checkout.yaml")

        assert store.plan_text("c0ffee") == ("plan: checkout\n", "checkout.yaml")

    def test_a_plan_saved_twice_stays_as_it_was_saved_first(self, store: Store) -> None:
        store.save_plan("c0ffee", "plan: checkout\n", "checkout.yaml")
        store.save_plan("c0ffee", "plan: checkout\n", "copy.yaml")

        assert store.plan_text("c0ffee") == ("plan: checkout\n", "checkout.yaml")

    def test_an_unknown_plan_is_a_key_error(self, store: Store) -> None:
        with pytest.raises(KeyError):
            store.plan_text("c0ffee")


def _wins(store: Store, number: int) -> bool:
    """Try to append event `number` behind the one before it; say whether it worked."""
    before = store.events("checkout-1", after=number - 2)
    try:
        store.append(event(number, before[0].hash if number > 1 else START_OF_CHAIN))
    except Conflict:
        return False
    return True
